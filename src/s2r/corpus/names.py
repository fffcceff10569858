"""Names of recordings, subjects and stimuli, from those of files: the same text, the same name.

macOS and other systems write one text in different Unicode forms (NFD, NFC); all become NFC, or one
person would be two, in training and in test.
"""

import hashlib
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

LONGEST = 120
"""Most bytes of a name: file systems take 255, and files are named after recordings."""

DIGITS = 8
"""Hexadecimal digits of the digest that tells names apart."""


def nfc(text: str) -> str:
    """The text in Unicode's composed form."""
    return unicodedata.normalize("NFC", text)


def printable(text: str | Path) -> str:
    """The text or path in valid UTF-8: bytes that are not become ``\\xdf``."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def is_utf8(text: str | Path) -> bool:
    """Whether a name from the file system is valid UTF-8."""
    return printable(text) == str(text)


def safe_name(text: str) -> str:
    """The text, NFC, as a file name: letters, their marks, digits, ``-``, ``_`` and inner dots.

    Every run of others becomes one ``_``. What is longer than ``LONGEST`` bytes ends in a digest.
    """
    text = nfc(text)
    kept = "".join(character if _is_kept(character) else " " for character in text)
    name = re.sub(" +", "_", kept)
    name = name.lstrip(".") or "_"
    return with_digest(name, text) if len(name.encode()) > LONGEST else name


def unique_names(texts: Iterable[str]) -> dict[str, str]:
    """A name for each text: that of ``safe_name``, with a digest where different texts share it."""
    names = {text: safe_name(text) for text in texts}
    sharing = defaultdict(set)
    for text, name in names.items():
        sharing[name].add(nfc(text))
    return {
        text: name if len(sharing[name]) == 1 else with_digest(name, nfc(text))
        for text, name in names.items()
    }


def with_digest(name: str, text: str) -> str:
    """``name``, cut where it is too long, with a digest of ``text``."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
    room = LONGEST - DIGITS - 1
    return f"{name.encode()[:room].decode('utf-8', 'ignore')}-{digest}"


def _is_kept(character: str) -> bool:
    return (
        character.isalnum()
        or character in "-_."
        or unicodedata.category(character).startswith("M")  # vowels and tones of many scripts
    )
