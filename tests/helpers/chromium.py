"""Debian's Chromium, driven by Playwright, without a window."""

import shutil
from contextlib import contextmanager

import pytest

STEP = 120_000
"""ms that a step may take on a busy machine."""

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: make extras"
)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="chromium is not on the PATH: make extras"
)


@contextmanager
def running_browser(*options: str):
    """A browser that is closed at the end; ``options`` of Chromium's command line."""
    # containers give their root no namespaces
    arguments = ["--no-sandbox", *options]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()
