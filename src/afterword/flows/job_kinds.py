"""Which kinds of later work are there?"""

from enum import StrEnum


class JobKind(StrEnum):
    """What a row of the outbox asks for; its subject is the id of an event or an invitation."""

    EVALUATE_EVENT = "evaluate_event"
    SEND_INVITATION = "send_invitation"
    SEND_REMINDER = "send_reminder"


ABOUT_INVITATIONS = (JobKind.SEND_INVITATION, JobKind.SEND_REMINDER)
"""The kinds whose subject is an invitation."""
