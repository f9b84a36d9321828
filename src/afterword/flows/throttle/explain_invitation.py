"""How far did an invitation get, step by step, and what did an event mean to those that waited?"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from afterword.domain.invitation import InvitationState
from afterword.flows.throttle.explain_reason import show_channel
from afterword.storage.invitations import Invitation
from afterword.storage.trigger_matches import MatchRole

WAITS_FOR = "when trigger, hours for mails and quiet hours allow it"


class Step(NamedTuple):
    """
    One thing that became of an invitation.

    Attributes:
        text: What it was.
        at: When it was; None where that is not known, or not told.
        is_day: No more of the time is told than its day.
        note: What follows the time.
    """

    text: str
    at: datetime | None = None
    is_day: bool = False
    note: str = ""


def list_steps(invitation: Invitation, waits_until: datetime | None = None) -> list[Step]:
    """
    An invitation's life in the order in which it went.

    Args:
        waits_until: Until when it waits to go out.
    """
    return [*_sending(invitation, waits_until), *_reactions(invitation)]


def show_life(invitation: Invitation, waits_until: datetime | None = None) -> str:
    """An invitation's life in one line, its times in UTC."""
    return ", ".join(map(_show, list_steps(invitation, waits_until)))


def explain_role(role: MatchRole, survey_key: str) -> str | None:
    """What an event meant to a survey that asked nobody about it; None when the ledger says it."""
    match role:
        case MatchRole.EARLIER:
            return f"Counted for the survey {survey_key}: it is what must come before."
        case MatchRole.WITHDRAWING | MatchRole.FOLLOWING:
            return f"Heard by the survey {survey_key}: it withdraws what waits."
    return None


def _sending(one: Invitation, waits_until: datetime | None) -> Iterator[Step]:
    said = f" ({one.last_error})" if one.last_error else ""
    by = f" by {show_channel(one.channel)}" if one.channel else ""
    if one.sent_at is not None:
        yield Step(f"sent{by}", one.sent_at)
    if one.state is InvitationState.SENT and one.sent_at is not None:
        return
    if one.state is InvitationState.QUEUED and waits_until is not None:
        yield Step(f"queued{by} until", waits_until, note=f", {WAITS_FOR}")
    elif one.cancelled_by is not None:
        yield Step(f"cancelled by event {one.cancelled_by}")
    else:
        yield Step(f"{one.state}{by if one.sent_at is None else ''}", one.failed_at, note=said)


def _reactions(one: Invitation) -> Iterator[Step]:
    """What went on when it was out: a page may be opened before the reminder, or after."""
    seen = [
        Step("reminded", one.reminded_at),
        Step("opened", one.opened_at, is_day=one.is_answered_apart),
    ]
    yield from sorted((step for step in seen if step.at is not None), key=lambda step: str(step.at))
    if one.outcome is not None:
        yield Step(one.outcome.value, one.outcome_at)
    if one.late_at is not None:
        yield Step("answered too late", one.late_at, is_day=True)


def _show(step: Step) -> str:
    if step.at is None:
        return f"{step.text}{step.note}"
    at = f"{step.at:%Y-%m-%d}" if step.is_day else f"{step.at:%Y-%m-%d %H:%M} UTC"
    return f"{step.text} {at}{step.note}"
