"""Pictures of every page, for people to look at: make screenshots."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from tests.e2e.full_server import fill, full_address, person_pages, staff_pages
from tests.support.browser import open_browser
from tests.support.server import RunningServer

TARGET = Path("screenshots")
VIEWS = {
    "phone": {"width": 390, "height": 844},
    "narrow": {"width": 320, "height": 640},
    "desktop": {"width": 1280, "height": 860},
}
SCHEMES = ("light", "dark")


def main() -> None:
    """Fill a server with answers and photograph it."""
    TARGET.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_browser() as browser,
        RunningServer(Path(folder) / "data") as server,
    ):
        links = fill(server, browser)
        for view, size in VIEWS.items():
            for scheme in SCHEMES:
                with browser.new_context(viewport=size, color_scheme=scheme) as context:
                    photograph(server, context, links, f"{view}-{scheme}")
    sys.stdout.write(f"{len(list(TARGET.glob('*.png')))} pictures in {TARGET}/\n")


def photograph(server: RunningServer, context: BrowserContext, links: dict[str, str], name: str) -> None:
    """Take one picture of each page."""
    page = context.new_page()
    shoot(server, page, person_pages(links), name)
    page.goto(links["open"])
    page.get_by_role("button").first.click()
    page.screenshot(path=TARGET / f"answer-problems-{name}.png", full_page=True)
    page.goto(links["kinds"])
    page.get_by_role("button").first.click()
    page.screenshot(path=TARGET / f"answer-kinds-problems-{name}.png", full_page=True)
    page.goto(links["branches"])
    page.get_by_text("No", exact=True).click()
    page.get_by_role("button").first.click()
    page.screenshot(path=TARGET / f"answer-step-{name}.png", full_page=True)
    page.goto(links["open"])
    page.get_by_role("button", name="Not now").click()
    page.screenshot(path=TARGET / f"answer-left-{name}.png", full_page=True)
    page.goto(server.cli("admin", "link").splitlines()[0])
    page.screenshot(path=TARGET / f"session-open-{name}.png", full_page=True)
    page.get_by_role("button").first.click()
    shoot(server, page, staff_pages(server), name)


def shoot(server: RunningServer, page: Page, pages: dict[str, str], name: str) -> None:
    """Open each address and keep its picture."""
    for shot, address in pages.items():
        page.goto(full_address(server, address))
        page.screenshot(path=TARGET / f"{shot}-{name}.png", full_page=True)


if __name__ == "__main__":
    main()
