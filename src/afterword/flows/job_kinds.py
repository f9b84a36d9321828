"""Which kinds of later work are there?"""

from enum import StrEnum


class JobKind(StrEnum):
    """What a row of the outbox asks for; its subject is the id of an event or an invitation."""

    EVALUATE_EVENT = "evaluate_event"
    SEND_INVITATION = "send_invitation"
