"""What does an invitation look like in Slack?"""

from collections.abc import Sequence
from typing import Any

from afterword.channels.base import Message
from afterword.channels.email_message import labelled, pace, subject
from afterword.domain.survey.piping import unlink
from afterword.domain.survey.question import MultipleChoiceQuestion, ScaleQuestion
from afterword.domain.words.languages import words_in
from afterword.domain.words.words import MailWords, Words

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

Block = dict[str, Any]


def compose(message: Message) -> dict[str, Any]:
    """
    Word one invitation as the arguments of chat.postMessage, without the one that says to whom.

    What can be chosen are links and not buttons: after a click on a button, even one that is only a link,
    Slack asks the app, and shows a warning when the app has no address that it could ask. Texts are in parts
    of which Slack reads nothing as formatting, names or links.
    """
    words = words_in(message.locale)
    title = _cut(" ".join(subject(message, words.mail).split()), HEADER_CHARS_MAX)
    blocks: list[Block] = [{"type": "header", "text": _plain(title)}]
    if message.is_test:
        blocks.append(_note(f"TEST. {words.mail.test}"))
    blocks += [
        _note(f"{_name(message.project)} · {pace(message, words.mail)}"),
        {"type": "section", "text": _plain(_introduction(message, words))},
        {"type": "rich_text", "elements": _question(message, words.mail)},
        _note(_after_question(message, words)),
        _footer(message, words),
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


def _introduction(message: Message, words: Words) -> str:
    usual = words.mail.introduction.format(project=_name(message.project))
    said = _cut(message.introduction.strip() or usual, INTRODUCTION_CHARS_MAX)
    return f"{said}{words.gap}{words.mail.reminder}" if message.is_reminder else said


def _question(message: Message, words: MailWords) -> list[Block]:
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
        return [asked, _words([_link(message.answer_url, words.answer)])]
    items = [_words([_link(urls[value], label)]) for value, label in choices]
    return [asked, {"type": "rich_text_list", "style": "bullet", "elements": items}]


def _row(links: Sequence[tuple[str, str]]) -> list[Block]:
    """Links beside one another, far enough apart for a finger."""
    elements: list[Block] = [{"type": "text", "text": "\n"}]
    for url, label in links:
        elements += [_link(url, label), {"type": "text", "text": "     "}]
    return elements[:-1]


def _after_question(message: Message, words: Words) -> str:
    mail = words.mail
    said = []
    if message.choice_urls:
        is_many = isinstance(message.first_question, MultipleChoiceQuestion)
        said.append(mail.choices_open if is_many else mail.choice_opens)
    if message.is_anonymous:
        said.append(mail.anonymous)
    said.append(mail.until.format(moment=words.dates.say(message.expires_at)))
    return words.gap.join(said)


def _footer(message: Message, words: Words) -> Block:
    """Why it came, and how to stop it."""
    mail = words.mail
    why = mail.reason.format(event=unlink(_name(message.event_name)), project=_name(message.project))
    elements = [
        {"type": "text", "text": f"{why} "},
        _link(message.person_url, mail.own_page),
        {"type": "text", "text": " · "},
        _link(message.unsubscribe_url, mail.unsubscribe),
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
