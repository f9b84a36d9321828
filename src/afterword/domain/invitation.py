"""Where is an invitation on its way to a person?"""

from enum import StrEnum


class InvitationState(StrEnum):
    """
    queued → sending → sent | failed | uncertain.

    ``sending`` is committed before the first byte goes out. A worker that died
    in between leaves it there; its successor cannot know whether the message
    went, calls it ``uncertain``, and tries once more with the same Message-ID
    and the same link.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


class Outcome(StrEnum):
    """
    How a person ended an invitation. Whoever said "not now" or "no, thanks" may still answer.

    An invitation that ended without a word has none.
    """

    ANSWERED = "answered"
    DISMISSED = "dismissed"
    SNOOZED = "snoozed"


class LinkState(StrEnum):
    """
    What a person finds behind a valid link to a survey.

    ``answered`` is only what was answered anonymously: nobody can find that answer to change it.
    """

    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"
    CLOSED = "closed"
