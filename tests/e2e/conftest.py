"""What the end-to-end tests share."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import find_chromium, open_browser
from tests.support.smtp import MailServer


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """
    Chromium; without one the browser tests are listed as skipped, and CI as root installs it.

    Not kept longer: while Playwright runs, this thread has a running event loop, and no test can
    start its own.
    """
    if find_chromium() is None:
        pytest.skip("no Chromium on this machine: sudo apt-get install -y chromium")
    with open_browser() as opened:
        yield opened


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """An SMTP server of this test's own."""
    with MailServer() as running:
        yield running
