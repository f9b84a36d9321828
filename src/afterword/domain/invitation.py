"""Where is an invitation on its way to a person?"""

from enum import StrEnum


class InvitationState(StrEnum):
    """
    queued → sending → sent | failed | uncertain; queued → cancelled.

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
    CANCELLED = "cancelled"


CANCELLED = "cancelled"
MERGED = "merged"
EXPIRED = "expired"
INELIGIBLE_AT_SEND = "ineligible_at_send"
REACTED = "reacted"
"""Why an invitation ended before it went out; anything else is what its channel said."""

NEVER_SENT = (InvitationState.FAILED, InvitationState.CANCELLED)
"""An invitation that ended so, and was never opened, is as if it had not been: it asked nobody."""


class LinkState(StrEnum):
    """
    What a person finds behind a valid link to a survey.

    ``answered`` is only what was answered anonymously: nobody can find that answer to change it.
    ``withdrawn`` is what ended before it went out: it asks nobody, and its place was given to others.
    """

    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
