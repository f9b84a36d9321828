"""What does every channel do?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from afterword.domain.survey.question import Question
from afterword.domain.survey.survey import LOCALE


@dataclass(frozen=True, slots=True)
class Message:
    """
    One invitation, ready to be worded by a channel.

    Attributes:
        message_id: The part before the @. Stays the same when it is sent again, so that mail
            clients show it once.
        to_slack_id: As the directory knows it; None where Slack is to find the address.
        first_question: Shown in the message itself.
        answer_url: Where the survey is answered.
        choice_urls: Value of the first question → link that preselects it; empty for text.
        person_url: The person's own page: what is known, and what they want.
        unsubscribe_url: One click ends all surveys.
        question_count_min: How many questions are asked at least, where that depends on answers.
        question_count: How many are asked at most.
        event_name: What the person did.
        is_anonymous: Nobody will be able to tell whose the answer is.
        locale: The language of title, introduction and question, and of all around them where we speak it.
    """

    message_id: str
    to_email: str
    to_name: str
    project: str
    title: str
    introduction: str
    event_name: str
    first_question: Question
    question_count_min: int
    question_count: int
    answer_url: str
    choice_urls: dict[str, str]
    person_url: str
    unsubscribe_url: str
    expires_at: datetime
    created_at: datetime
    is_test: bool
    is_reminder: bool = False
    is_anonymous: bool = False
    locale: str = LOCALE
    to_slack_id: str | None = None


class SendError(Exception):
    """
    A message did not go out.

    Attributes:
        permanent: Trying again is useless.
        retry_after_s: When the other side said how long to wait.
        uncertain: It may have gone out all the same.
        next_channel_in_s: When another channel is to be tried, if it is still not out by then.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after_s: float | None = None,
        uncertain: bool = False,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_s = retry_after_s
        self.uncertain = uncertain
        self.next_channel_in_s: float | None = None


class Channel(Protocol):
    """One way to reach a person."""

    name: str

    async def send(self, message: Message) -> None:
        """
        Hand a message over; returns when the other side took it.

        Raises:
            SendError: It did not, or we can't know.
        """
