"""What does an invitation look like as a mail?"""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from afterword.channels.base import Message, SendError
from afterword.domain.survey.question import (
    MultipleChoiceQuestion,
    RatingQuestion,
    ScaleQuestion,
    SingleChoiceQuestion,
    YesNoQuestion,
)

_templates = Environment(
    loader=PackageLoader("afterword.channels"),
    autoescape=select_autoescape(enabled_extensions=("html",), default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

TEST_MARK = "[TEST] "
REMINDER_MARK = "Reminder: "

_POLICY = SMTP.clone(cte_type="7bit")
"""Texts are encoded for servers that take ASCII only, in lines of 76."""

_WIRE_POLICY = _POLICY.clone(max_line_length=998)
"""The standard's hard limit for headers: folded at 78, a long link is encoded and works nowhere."""


def compose(message: Message, mail_from: str) -> EmailMessage:
    """Word one invitation as a multipart mail that can be unsubscribed from in one click."""
    if not message.to_email.isascii():
        raise SendError("mail: addresses with other than ASCII letters are not supported", permanent=True)
    mail = EmailMessage(policy=_POLICY)
    mark = TEST_MARK if message.is_test else REMINDER_MARK if message.is_reminder else ""
    mail["Subject"] = _one_line(mark + message.title)
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
        "question": message.first_question,
        "is_scale": isinstance(message.first_question, ScaleQuestion) and not labelled(message),
        "choices": labelled(message),
    }
    mail.set_content(_templates.get_template("invitation.txt").render(context))
    mail.add_alternative(_templates.get_template("invitation.html").render(context), subtype="html")
    return mail


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
