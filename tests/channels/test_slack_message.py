"""Does a message in Slack say all that it must, within Slack's limits, and nothing that Slack interprets?"""

import json
from dataclasses import replace
from typing import Any

import pytest

from afterword.channels.slack_message import (
    HEADER_CHARS_MAX,
    INTRODUCTION_CHARS_MAX,
    LINKS_MAX,
    TEXT_CHARS_MAX,
    compose,
    escape,
)
from afterword.domain.survey.piping import unlink
from afterword.domain.survey.question import Question, list_choices
from afterword.domain.words.german import GERMAN
from tests.channels.messages import QUESTIONS, message

HOSTILE = "<!channel> <@U0ANA> *bold* :smile: <https://evil.example|here> & `code`"
BLOCKS_MAX = 50
CONTEXT_ELEMENTS_MAX = 10
URL_CHARS_MAX = 3_000
BLOCKS_CHARS_MAX = 13_000


def parts(block: Any) -> list[dict[str, Any]]:
    """Everything in it that has a type, at any depth."""
    if isinstance(block, list):
        return [one for item in block for one in parts(item)]
    if not isinstance(block, dict):
        return []
    return ([block] if "type" in block else []) + [one for value in block.values() for one in parts(value)]


def links(composed: dict[str, Any]) -> dict[str, str]:
    """What a link says → where it leads."""
    return {one["text"]: one["url"] for one in parts(composed["blocks"]) if one["type"] == "link"}


def said(composed: dict[str, Any]) -> str:
    """All that can be read."""
    texts = [one["text"] for one in parts(composed["blocks"]) if isinstance(one.get("text"), str)]
    return " ".join(texts)


def test_it_says_what_a_mail_says() -> None:
    one = message()
    text = said(compose(one))
    for wanted in (one.title, one.introduction, one.project, unlink(one.event_name), one.first_question.text):
        assert wanted in text
    assert "The link works until" in text
    found = links(compose(one))
    assert found["Your data and settings"] == one.person_url
    assert found["Unsubscribe from all surveys"] == one.unsubscribe_url


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.key)
def test_each_choice_is_a_link_that_fills_it_in(question: Question) -> None:
    one = message(question)
    found = links(compose(one))
    choices = list_choices(question)
    if not choices:
        assert found["Answer"] == one.answer_url
        return
    assert set(one.choice_urls.values()) <= set(found.values())
    assert "Answer" not in found
    assert "Nothing is saved until you send it." in said(compose(one))


def test_with_more_choices_than_links_there_is_one_link_to_all() -> None:
    question = next(one for one in QUESTIONS if one.kind == "single_choice")
    option = question.options[0]
    many = tuple(replace(option, value=str(n), label=f"Label {n}") for n in range(LINKS_MAX + 1))
    one = message(replace(question, options=many))
    assert set(links(compose(one))) == {"Answer", "Your data and settings", "Unsubscribe from all surveys"}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.key)
def test_there_is_no_button_since_slack_would_ask_us_about_each_click(question: Question) -> None:
    types = {one["type"] for one in parts(compose(message(question))["blocks"])}
    assert types <= {
        "header", "section", "context", "plain_text", "rich_text", "rich_text_section", "rich_text_list",
        "text", "link",
    }  # fmt: skip


def test_slack_interprets_nothing_of_what_people_wrote() -> None:
    question = replace(message().first_question, text=HOSTILE)
    composed = compose(
        message(
            title=HOSTILE, introduction=HOSTILE, project=HOSTILE, event_name=HOSTILE, first_question=question
        )
    )
    assert "mrkdwn" not in {one["type"] for one in parts(composed["blocks"])}
    assert all(one["emoji"] is False for one in parts(composed["blocks"]) if one["type"] == "plain_text")
    assert not {"<", ">"} & set(composed["text"])
    assert "&lt;!channel&gt;" in composed["text"]
    assert (composed["mrkdwn"], composed["link_names"], composed["parse"]) == (False, False, "none")
    assert set(links(composed).values()) == {
        url for url in links(composed).values() if url.startswith("https://surveys.example.com/")
    }


def test_links_are_not_unfurled() -> None:
    composed = compose(message())
    assert (composed["unfurl_links"], composed["unfurl_media"]) == (False, False)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.key)
def test_it_keeps_to_the_limits_however_long_its_texts_are(question: Question) -> None:
    long = replace(question, text="q" * 9_000)
    texts = dict.fromkeys(("title", "introduction", "project", "event_name"), "x" * 9_000)
    composed = compose(message(long, **texts))
    assert len(json.dumps(composed["blocks"])) <= BLOCKS_CHARS_MAX
    assert len(composed["blocks"]) <= BLOCKS_MAX
    assert len(composed["text"]) <= TEXT_CHARS_MAX
    for block in composed["blocks"]:
        if block["type"] == "header":
            assert len(block["text"]["text"]) <= HEADER_CHARS_MAX
        if block["type"] == "context":
            assert len(block["elements"]) <= CONTEXT_ELEMENTS_MAX
        if block["type"] == "section":
            assert len(block["text"]["text"]) <= INTRODUCTION_CHARS_MAX
    for one in parts(composed["blocks"]):
        assert one["type"] != "plain_text" or len(one["text"]) <= TEXT_CHARS_MAX
        assert one["type"] != "link" or len(one["url"]) <= URL_CHARS_MAX


def test_no_text_is_empty_since_slack_takes_none() -> None:
    composed = compose(message(introduction="  ", to_name=""))
    assert all(one["text"] for one in parts(composed["blocks"]) if isinstance(one.get("text"), str))
    assert "How was it, while it is fresh?" in said(composed)


def test_a_test_and_a_reminder_say_so() -> None:
    tested, reminded = compose(message(is_test=True)), compose(message(is_reminder=True))
    assert tested["text"].startswith("[TEST] ")
    assert "Answers to it are never counted" in said(tested)
    assert reminded["text"].startswith("Reminder: ")
    assert "the only one" in said(reminded)


def test_an_anonymous_one_says_so() -> None:
    assert "nobody can tell whose it is" in said(compose(message(is_anonymous=True)))
    assert "nobody can tell whose it is" not in said(compose(message()))


def test_it_speaks_the_language_of_the_survey() -> None:
    composed = compose(message(locale="de"))
    assert GERMAN.mail.own_page in links(composed)
    assert GERMAN.mail.choice_opens in said(composed)
    assert "5. März 2026" in said(composed)
    assert "Your data" not in said(composed)


def test_it_travels_as_json() -> None:
    assert json.loads(json.dumps(compose(message())))["blocks"]


def test_escaping_is_that_of_slack() -> None:
    assert escape("a & b <c> &amp;") == "a &amp; b &lt;c&gt; &amp;amp;"
