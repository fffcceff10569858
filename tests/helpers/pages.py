"""Fenced blocks of the documentation's pages."""

import re
from pathlib import Path


def fenced_blocks(page: Path, language: str) -> list[str]:
    """The texts of a page's fenced blocks in a language, from top to bottom."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.S | re.M)
