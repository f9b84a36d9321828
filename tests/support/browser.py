"""A real browser: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOST = "afterword.test"
"""A name of this machine that browsers do not trust as they trust 127.0.0.1, as of a server without TLS."""

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
]


def find_chromium() -> str | None:
    """The browser's program, or None when none is installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the browser for as long as it is needed."""
    program = find_chromium()
    assert program is not None, "no Chromium: sudo apt-get install -y chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
