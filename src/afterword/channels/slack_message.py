"""What does an invitation look like in Slack?"""

from collections.abc import Sequence
from typing import Any

from afterword.channels.base import Message
from afterword.channels.email_message import REMINDER_MARK, TEST_MARK, labelled
from afterword.domain.survey.question import ScaleQuestion

# The limits of Block Kit: docs.slack.dev/reference/block-kit, blocks and composition objects.
HEADER_CHARS_MAX = 150
"""Of the text of a header block."""

TEXT_CHARS_MAX = 3_000
"""Of a text object, as sections and contexts have them."""

INTRODUCTION_CHARS_MAX = 2_000
"""Ours: all blocks of a message together may have some 13,000 characters, which is written nowhere."""

QUESTION_CHARS_MAX = 1_000
"""Ours: a question has half of it, before somebody's name and what they did are put into it."""

NAME_CHARS_MAX = 200
"""Ours, of a project or an event."""

LABEL_CHARS_MAX = 200
"""Ours, of the words of a link; options have no longer ones."""

LINKS_MAX = 20
"""Ours: with more options than a question may have there is one link to all of them."""

ANSWER = "Answer"

Block = dict[str, Any]


def compose(message: Message) -> dict[str, Any]:
    """
    Word one invitation as the arguments of chat.postMessage, without the one that says to whom.

    What can be chosen are links and not buttons: after a click on a button, even one that is only a link,
    Slack asks the app, and shows a warning when the app has no address that it could ask. Texts are in parts
    of which Slack reads nothing as formatting, names or links.
    """
    mark = TEST_MARK if message.is_test else REMINDER_MARK if message.is_reminder else ""
    title = _cut(mark + " ".join(message.title.split()), HEADER_CHARS_MAX)
    blocks: list[Block] = [{"type": "header", "text": _plain(title)}]
    if message.is_test:
        blocks.append(_note("TEST. This was asked for by a test event. Answers to it are never counted."))
    blocks += [
        _note(f"{_name(message.project)} · {_pace(message.question_count)}"),
        {"type": "section", "text": _plain(_introduction(message))},
        {"type": "rich_text", "elements": _question(message)},
        _note(_after_question(message)),
        _footer(message),
    ]
    return {
        "text": escape(_cut(f"{title}: {message.first_question.text}", TEXT_CHARS_MAX)),
        "blocks": blocks,
        # Of the text, which notifications show.
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def escape(text: str) -> str:
    """What Slack would read as the beginning of a link, a name or a sign, as it is to be written."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _pace(count: int) -> str:
    if count == 1:
        return "1 question, under a minute"
    return f"{count} questions, about {'a minute' if count <= 5 else f'{-(-count // 4)} minutes'}"


def _introduction(message: Message) -> str:
    usual = f"You just used {_name(message.project)}. How was it, while it is fresh?"
    said = _cut(message.introduction.strip() or usual, INTRODUCTION_CHARS_MAX)
    return f"{said} This is a reminder, and the only one." if message.is_reminder else said


def _question(message: Message) -> list[Block]:
    """The first question, and its choices as links."""
    question = message.first_question
    asked = _words(
        [{"type": "text", "text": _cut(question.text, QUESTION_CHARS_MAX), "style": {"bold": True}}]
    )
    choices = labelled(message)
    urls = message.choice_urls
    if isinstance(question, ScaleQuestion) and not choices:
        ends = f"{question.scale[0]} – {question.low_label} · {question.scale[-1]} – {question.high_label}"
        return [
            asked,
            _words(_row([(urls[str(point)], str(point)) for point in question.scale])),
            _said(ends),
        ]
    if not urls or len(choices) > LINKS_MAX:
        return [asked, _words([_link(message.answer_url, ANSWER)])]
    items = [_words([_link(urls[value], label)]) for value, label in choices]
    return [asked, {"type": "rich_text_list", "style": "bullet", "elements": items}]


def _row(links: Sequence[tuple[str, str]]) -> list[Block]:
    """Links beside one another, far enough apart for a finger."""
    elements: list[Block] = [{"type": "text", "text": "\n"}]
    for url, label in links:
        elements += [_link(url, label), {"type": "text", "text": "     "}]
    return elements[:-1]


def _after_question(message: Message) -> str:
    more = ", and you can add more there" if message.first_question.kind == "multiple_choice" else ""
    until = message.expires_at
    said = [
        f"Your choice opens the survey, filled in{more}. Nothing is saved until you send it."
        if message.choice_urls
        else "",
        "Your answer is anonymous: nobody can tell whose it is, and so it can't be changed."
        if message.is_anonymous
        else "",
        f"The link works until {until.day} {until:%B %Y, %H:%M} {until.tzname()}.",
    ]
    return " ".join(filter(None, said))


def _footer(message: Message) -> Block:
    """Why it came, and how to stop it."""
    why = f"You got this because you ran {_name(message.event_name)} in {_name(message.project)}. "
    elements = [
        {"type": "text", "text": why},
        _link(message.person_url, "Your data and settings"),
        {"type": "text", "text": " · "},
        _link(message.unsubscribe_url, "Unsubscribe from all surveys"),
    ]
    return {"type": "rich_text", "elements": [_words(elements)]}


def _plain(text: str) -> Block:
    """Text of which Slack reads nothing, no :smile: either."""
    return {"type": "plain_text", "text": _cut(text, TEXT_CHARS_MAX), "emoji": False}


def _note(text: str) -> Block:
    return {"type": "context", "elements": [_plain(text)]}


def _said(text: str) -> Block:
    return _words([{"type": "text", "text": "\n" + text}])


def _words(elements: Sequence[Block]) -> Block:
    return {"type": "rich_text_section", "elements": list(elements)}


def _link(url: str, text: str) -> Block:
    return {"type": "link", "url": url, "text": _cut(text, LABEL_CHARS_MAX)}


def _name(text: str) -> str:
    return _cut(" ".join(text.split()), NAME_CHARS_MAX)


def _cut(text: str, chars_max: int) -> str:
    return text if len(text) <= chars_max else text[: chars_max - 1] + "…"
