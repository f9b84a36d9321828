"""Can a survey of every kind of question be answered by keyboard alone, and without a script?"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.full_server import fill
from tests.support.server import RunningServer


@pytest.fixture(scope="module")
def links(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Links to surveys of a running server."""
    folder: Path = tmp_path_factory.mktemp("answering")
    with RunningServer(folder / "data") as server:
        yield fill(server, browser)


def choose(page: Page, group: str, steps: int) -> None:
    """Tab to a group of radio buttons and press the arrow that often."""
    first = page.get_by_role("radiogroup", name=group).get_by_role("radio").first
    for _ in range(60):
        page.keyboard.press("Tab")
        if first.evaluate("radio => radio === document.activeElement"):
            break
    expect(first).to_be_focused()
    page.keyboard.press("Space")
    for _ in range(steps):
        page.keyboard.press("ArrowRight")


def test_every_kind_is_answered_by_keyboard(browser: Browser, links: dict[str, str]) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(links["kinds"])
        choose(page, "How do you feel", 4)
        choose(page, "How many stars", 6)
        choose(page, "And in words", 1)
        choose(page, "The build made it easy", 5)
        choose(page, "Would you use it again", 1)
        other = page.get_by_role("textbox", name="Other…")
        expect(other).to_be_hidden()
        choose(page, "What got in your way", 0)
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Tab")
        expect(other).to_be_focused()
        page.keyboard.type("The disk")
        for row in ("Speed", "What errors say", "Documentation"):
            choose(page, row, 2)
        for place, option in (("Place 1", "E"), ("Place 2", "S")):
            page.get_by_role("combobox", name=place).press(option)
        page.get_by_role("textbox", name="Which other tool").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Your answer is saved")
        said = page.locator(".given").inner_text()
    for answer in ("5 of 5", "7 of 7", "It was all right (2 of 3)", "6 of 7", "No", "The disk", "1. Errors"):
        assert answer in said


def test_a_question_from_right_to_left_runs_so_with_its_scale(
    browser: Browser, links: dict[str, str]
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(links["arabic"])
        radios = page.get_by_role("radiogroup").first.get_by_role("radio")
        first, last = (radio.bounding_box() for radio in (radios.first, radios.last))
        assert first is not None
        assert last is not None
        assert first["x"] > last["x"]
        heading = page.get_by_role("heading", level=1)
        assert heading.evaluate("heading => getComputedStyle(heading).direction") == "rtl"
        for number in range(3):
            page.get_by_role("radiogroup").nth(number).get_by_role("radio").first.check()
        page.locator("button").first.click()
        given = page.locator(".given > div").first.locator("dt, dd")
        sides = given.evaluate_all("all => all.map(one => getComputedStyle(one).textAlign)")
        assert sides == ["right", "right"], "an answer of ours, such as 1 of 5, stands below its question"


def test_branches_work_without_a_script_and_an_anonymous_answer_is_final(
    browser: Browser, links: dict[str, str]
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(links["branches"])
        page.get_by_role("radio", name="No").check()
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("radio", name="The network").check()
        page.get_by_role("button", name="Back").click()
        expect(page.get_by_role("radio", name="No")).to_be_checked()
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("radio", name="The network")).to_be_checked()
        page.get_by_role("button", name="Send my answers").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your answer is in")
        page.goto(links["branches"])
        expect(page.get_by_role("heading", level=1)).to_have_text("Your answer is in")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_to_be_mended_is_accessible_and_fits_a_small_phone(
    browser: Browser, links: dict[str, str], scheme: str
) -> None:
    with browser.new_context(viewport={"width": 320, "height": 640}, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(links["kinds"] + "?mood=&again=")
        page.evaluate("for (const input of document.querySelectorAll(':checked')) input.checked = false")
        page.get_by_role("button").first.click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert [one["id"] for one in Axe().run(page).response["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        page.get_by_role("alert").get_by_role("link").first.click()
        expect(page.locator("#a-mood")).to_be_focused()
