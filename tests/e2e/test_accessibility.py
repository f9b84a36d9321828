"""Can everybody use every page, on a phone, in light and dark, under the strict security policy?"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.e2e.full_server import fill, full_address, person_pages, signed_in, staff_pages
from tests.support.server import RunningServer

PHONE = {"width": 320, "height": 640}
"""As narrow as a page of 1280 px is at 400 %, which WCAG asks to fit without scrolling sideways."""
NO_FRAMES = {"iframes": False}
"""The mail's frame runs no scripts, so axe would wait there for ever; the mail is looked at by itself."""

Full = tuple[RunningServer, dict[str, str]]


@pytest.fixture(scope="module")
def full(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    """A server with answers and one of every page."""
    folder: Path = tmp_path_factory.mktemp("full")
    with RunningServer(folder / "data") as server:
        links = fill(server, browser)
        yield server, {**person_pages(links), **staff_pages(server)}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_fits_a_phone_and_breaks_no_rule_of_its_policy(
    browser: Browser, full: Full, scheme: str
) -> None:
    server, pages = full
    faults: list[str] = []
    with browser.new_context(viewport=PHONE, color_scheme=scheme) as context:
        page = signed_in(server, context)
        page.on("console", lambda message: faults.append(message.text))
        for name, address in pages.items():
            faults.append(name)
            page.goto(full_address(server, address))
            if name == "mail-html":
                source = context.request.get(full_address(server, address)).text()
                page.goto("about:blank")
                page.set_content(source)
            faults += _faults(page)
    expected = {*pages, *(message for message in faults if "Failed to load resource" in message)}
    assert [fault for fault in faults if fault not in expected] == [], faults


def _faults(page: Page) -> list[str]:
    found = [str(violation["id"]) for violation in Axe().run(page, options=NO_FRAMES).response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append("wider than the screen")
    return found
