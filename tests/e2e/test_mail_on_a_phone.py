"""Does a mail fit a small phone, whatever words others wrote into it?"""

from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser

from afterword.channels.email_message import compose
from afterword.domain.survey.question import Look, Option, Question, RatingQuestion, SingleChoiceQuestion
from tests.channels.messages import message

LONG = "https://build.example.com/" + "x" * 150
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def of_stars(text: str, label: str) -> Question:
    return RatingQuestion("a", text, points=7, look=Look.STARS, low_label=label, high_label=label)


@pytest.mark.parametrize(
    "question",
    [
        of_stars(LONG, "Good"),
        of_stars("How?", LONG),
        SingleChoiceQuestion("b", "What?", (Option("c", LONG),)),
    ],
    ids=["text", "ends", "choice"],
)
@pytest.mark.parametrize("locale", ["en", "ar"])
def test_no_long_word_of_a_survey_makes_it_wider(browser: Browser, question: Question, locale: str) -> None:
    assert fits(browser, question, locale=locale)


@pytest.mark.parametrize("field", ["introduction", "project", "to_name", "event_name"])
def test_no_other_long_word_makes_it_wider(browser: Browser, field: str) -> None:
    zone = ZoneInfo("America/Argentina/ComodRivadavia")
    assert fits(browser, of_stars("How?", "Good"), zone=zone, is_reminder=True, **{field: LONG})


def fits(browser: Browser, question: Question, **changes: object) -> bool:
    part = compose(message(question, **changes), "Afterword <a@example.com>").get_body(("html",))
    assert part is not None
    with browser.new_context(viewport={"width": 320, "height": 640}) as context:
        page = context.new_page()
        page.set_content(part.get_content())
        return bool(page.evaluate(FITS))
