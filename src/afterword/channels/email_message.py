"""What does an invitation look like as a mail?"""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr
from math import ceil

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from afterword.channels.base import Message, SendError
from afterword.domain.survey.piping import unlink
from afterword.domain.survey.question import (
    MultipleChoiceQuestion,
    RatingQuestion,
    ScaleQuestion,
    SingleChoiceQuestion,
    YesNoQuestion,
)
from afterword.domain.words.languages import is_right_to_left, language_around, words_in
from afterword.domain.words.words import MailWords

_templates = Environment(
    loader=PackageLoader("afterword.channels"),
    autoescape=select_autoescape(enabled_extensions=("html",), default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

TEST_MARK = "[TEST] "
"""The same in every language, so that rules of mail programs find it."""

QUESTIONS_PER_MINUTE = 4
"""A rough and friendly figure: most take one click, some a sentence."""

QUESTIONS_QUICK_MAX = 5
"""So many are still called about a minute."""

_POLICY = SMTP.clone(cte_type="7bit")
"""Texts are encoded for servers that take ASCII only, in lines of 76."""

_WIRE_POLICY = _POLICY.clone(max_line_length=998)
"""The standard's hard limit for headers: folded at 78, a long link is encoded and works nowhere."""


def compose(message: Message, mail_from: str) -> EmailMessage:
    """Word one invitation as a multipart mail that can be unsubscribed from in one click."""
    if not message.to_email.isascii():
        raise SendError("mail: addresses with other than ASCII letters are not supported", permanent=True)
    words = words_in(message.locale)
    mail = EmailMessage(policy=_POLICY)
    mail["Subject"] = _one_line(subject(message, words.mail))
    mail["From"] = mail_from
    mail["To"] = formataddr((_one_line(message.to_name), message.to_email))
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = f"<{message.message_id}@{parseaddr(mail_from)[1].rpartition('@')[2]}>"
    mail["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    context = {
        "message": message,
        "words": words.mail,
        "lang": language_around(message.locale),
        "is_rtl": is_right_to_left(message.locale),
        "to_name": unlink(_one_line(message.to_name)),
        "event_name": unlink(message.event_name),
        "pace": pace(message, words.mail),
        "moment": words.dates.say(message.expires_at),
        "gap": words.gap,
        "question": message.first_question,
        "is_scale": isinstance(message.first_question, ScaleQuestion) and not labelled(message),
        "choices": labelled(message),
    }
    mail.set_content(_templates.get_template("invitation.txt").render(context))
    mail.add_alternative(_templates.get_template("invitation.html").render(context), subtype="html")
    return mail


def subject(message: Message, words: MailWords) -> str:
    """The title, and what it is beside the usual."""
    if message.is_test:
        return TEST_MARK + message.title
    return words.reminder_subject.format(title=message.title) if message.is_reminder else message.title


def pace(message: Message, words: MailWords) -> str:
    """How many questions there are, and how long the most of them take."""
    fewest, most = message.question_count_min, message.question_count
    if fewest < most:
        questions = words.questions_between.say(most, fewest=fewest)
    else:
        questions = words.questions.say(most)
    if most == 1:
        time = words.under_a_minute
    elif most <= QUESTIONS_QUICK_MAX:
        time = words.about_a_minute
    else:
        time = words.about_minutes.say(ceil(most / QUESTIONS_PER_MINUTE))
    return words.pace.format(questions=questions, time=time)


def labelled(message: Message) -> list[tuple[str, str]]:
    """Value and label of each choice that is shown in words, one below the other."""
    question = message.first_question
    match question:
        case YesNoQuestion() | SingleChoiceQuestion() | MultipleChoiceQuestion():
            return [(option.value, option.label) for option in question.options]
        case RatingQuestion():
            points = map(str, question.scale)
            return list(zip(points, question.labels, strict=True)) if question.labels else []
        case _:
            return []


def _one_line(text: str) -> str:
    """Headers end at a line break, so nothing that a person typed may bring one."""
    return " ".join(text.split())


def to_bytes(mail: EmailMessage) -> bytes:
    """The mail as it travels."""
    return mail.as_bytes(policy=_WIRE_POLICY)
