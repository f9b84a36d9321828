"""Pictures of every page, for people to look at: make screenshots."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from tests.e2e.full_server import fill, full_address, language_mails, person_pages, staff_pages
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
        add_leavers(server, Path(folder))
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
    page.goto(links["arabic"])
    page.get_by_role("button").first.click()
    page.screenshot(path=TARGET / f"answer-arabic-problems-{name}.png", full_page=True)
    page.goto(links["branches"])
    page.get_by_text("No", exact=True).click()
    page.get_by_role("button").first.click()
    page.screenshot(path=TARGET / f"answer-step-{name}.png", full_page=True)
    page.goto(links["open"])
    page.get_by_role("button", name="Not now").click()
    page.screenshot(path=TARGET / f"answer-left-{name}.png", full_page=True)
    photograph_own_pages(server, page, links, name)
    page.goto(server.cli("admin", "link").splitlines()[0])
    page.screenshot(path=TARGET / f"session-open-{name}.png", full_page=True)
    page.get_by_role("button").first.click()
    shoot(server, page, {**staff_pages(server), **language_mails(server)}, name)
    photograph_names(server, page, name)


def add_leavers(server: RunningServer, folder: Path) -> None:
    """Add one person for each round, who erases themselves in it."""
    rows = [f"{view}-{scheme}@example.com,Lea Ver" for view in VIEWS for scheme in SCHEMES]
    file = folder / "leavers.csv"
    file.write_text("\n".join(["email,name", *rows]))
    server.cli("people", "import", str(file))


def photograph_own_pages(server: RunningServer, page: Page, links: dict[str, str], name: str) -> None:
    """Take pictures of what a person gets to see after pressing a button of their own pages."""
    page.goto(links["me-new"] + "/settings")
    page.get_by_label("From").fill("08:00")
    page.get_by_label("To", exact=True).fill("08:00")
    page.get_by_role("button", name="Be quiet then").click()
    page.screenshot(path=TARGET / f"me-settings-refused-{name}.png", full_page=True)
    page.goto(server.cli("people", "link", f"{name}@example.com").splitlines()[0] + "/erase")
    for address, shot in (("somebody@example.com", "refused"), (f"{name}@example.com", "done")):
        page.get_by_role("textbox").fill(address)
        page.get_by_role("button", name="Erase me for good").click()
        page.screenshot(path=TARGET / f"me-erase-{shot}-{name}.png", full_page=True)


def photograph_names(server: RunningServer, page: Page, name: str) -> None:
    """Take pictures of what staff get to see after pressing a button of the page Names."""
    page.goto(full_address(server, "/names"))
    page.locator("summary").first.click()
    page.screenshot(path=TARGET / f"names-open-{name}.png", full_page=True)
    for who, shot in (("nobody@example.com", "refused"), ("p3@example.com", "done")):
        page.get_by_role("textbox").first.fill(who)
        page.get_by_role("button", name="Assign", exact=True).first.click()
        page.screenshot(path=TARGET / f"names-{shot}-{name}.png", full_page=True)
    page.get_by_role("button", name="Undo").click()


def shoot(server: RunningServer, page: Page, pages: dict[str, str], name: str) -> None:
    """Open each address and keep its picture."""
    for shot, address in pages.items():
        page.goto(full_address(server, address))
        page.screenshot(path=TARGET / f"{shot}-{name}.png", full_page=True)


if __name__ == "__main__":
    main()
