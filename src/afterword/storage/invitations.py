"""Who was invited to what, and how far did the invitation get?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterword.domain.invitation import CANCELLED, NEVER_SENT, InvitationState
from afterword.domain.people.preference import ChannelKind
from afterword.domain.throttle.facts import Outcome
from afterword.domain.throttle.reason import Reason
from afterword.storage.tables import event, invitation


@dataclass(frozen=True, slots=True)
class Invitation:
    """
    One person asked one survey about one event.

    Attributes:
        ended_reason: The rule that kept it from going out; None = none did, or none is to blame.
        cancelled_by: The event that withdrew it while it waited.
        failed_at: When its channel gave up; None = it did not.
        late_at: When the first answer came that was too late; of an anonymous survey the noon of that day.
    """

    id: int
    survey_id: int
    survey_version: int
    person_id: int
    event_id: int
    is_test: bool
    state: InvitationState
    message_id: str
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    last_error: str | None
    outcome: Outcome | None = None
    outcome_at: datetime | None = None
    ended_reason: Reason | None = None
    failed_at: datetime | None = None
    late_at: datetime | None = None
    send_at: datetime | None = None
    reminded_at: datetime | None = None
    cell: str | None = None
    collapsed: int = 0
    probability: float = 1.0
    channel: ChannelKind | None = None
    channel_since: datetime | None = None
    number: int | None = None
    cancelled_by: int | None = None

    @property
    def is_answered_apart(self) -> bool:
        """It was answered anonymously, and nothing tells which answer it was."""
        return self.outcome is Outcome.ANSWERED and self.outcome_at is None

    @property
    def asks_nobody(self) -> bool:
        """It ended before it went out, and the person did not find it: it is as if it had not been."""
        return self.state in NEVER_SENT and self.opened_at is None


def add_invitations(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Reserve invitations (all columns but id and the later ones), all with the same columns; their ids."""
    if not rows:
        return []
    statement = sa.insert(invitation).returning(invitation.c.id, sort_by_parameter_order=True)
    return list(connection.execute(statement, list(rows)).scalars())


def cancel(connection: sa.Connection, invitation_ids: Collection[int], *, error: str) -> None:
    """Withdraw invitations that wait to go out; the error says why."""
    waits = invitation.c.id.in_(list(invitation_ids)), invitation.c.state == InvitationState.QUEUED.value
    values = {"state": InvitationState.CANCELLED.value, "last_error": error}
    connection.execute(sa.update(invitation).where(*waits).values(**values))


def withdraw(connection: sa.Connection, withdrawn: Mapping[int, int]) -> None:
    """Let events withdraw invitations that wait to go out: invitation id → event id."""
    if withdrawn:
        columns = invitation.c
        waits = columns.id == sa.bindparam("of_id"), columns.state == InvitationState.QUEUED.value
        ended = (
            sa.update(invitation)
            .where(*waits)
            .values(
                state=InvitationState.CANCELLED.value,
                last_error=CANCELLED,
                cancelled_by=sa.bindparam("by_event"),
            )
        )
        rows = [{"of_id": key, "by_event": event_id} for key, event_id in withdrawn.items()]
        connection.execute(ended, rows)


def add_collapsed(connection: sa.Connection, counts: Mapping[int, int]) -> None:
    """Say how many further matches came while invitations waited: invitation id → matches."""
    if counts:
        statement = sa.update(invitation).where(invitation.c.id == sa.bindparam("of_id"))
        added = statement.values(collapsed=invitation.c.collapsed + sa.bindparam("more"))
        connection.execute(added, [{"of_id": key, "more": count} for key, count in counts.items()])


def get_invitation(connection: sa.Connection, invitation_id: int, *, lock: bool = False) -> Invitation | None:
    """One invitation by its id; with ``lock`` no other transaction answers it until this one ends."""
    statement = sa.select(invitation).where(invitation.c.id == invitation_id)
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    return None if row is None else _invitation(row)


def list_for_event(connection: sa.Connection, event_id: int) -> list[Invitation]:
    """The invitations that an event led to."""
    statement = sa.select(invitation).where(invitation.c.event_id == event_id)
    return [_invitation(row) for row in connection.execute(statement)]


def list_withdrawn(connection: sa.Connection, event_id: int) -> list[Invitation]:
    """The invitations that an event withdrew."""
    statement = sa.select(invitation).where(invitation.c.cancelled_by == event_id).order_by(invitation.c.id)
    return [_invitation(row) for row in connection.execute(statement)]


def list_for_events(
    connection: sa.Connection, person_ids: Collection[int], event_ids: Collection[int]
) -> list[Invitation]:
    """The invitations of these people that some events led to."""
    is_theirs = invitation.c.person_id.in_(list(person_ids))
    statement = sa.select(invitation).where(is_theirs, invitation.c.event_id.in_(list(event_ids)))
    return [_invitation(row) for row in connection.execute(statement)]


def list_of_people(
    connection: sa.Connection, person_ids: Collection[int], *, after_id: int, limit: int
) -> list[Invitation]:
    """The invitations of these people in the order of their ids."""
    is_theirs = invitation.c.person_id.in_(list(person_ids))
    statement = sa.select(invitation).where(is_theirs, invitation.c.id > after_id)
    rows = connection.execute(statement.order_by(invitation.c.id).limit(limit))
    return [_invitation(row) for row in rows]


def count_tests(connection: sa.Connection, person_ids: Collection[int], since: datetime) -> dict[int, int]:
    """Person id → test invitations after a time; who has none is absent."""
    statement = (
        sa.select(invitation.c.person_id, sa.func.count())
        .where(
            invitation.c.person_id.in_(list(person_ids)),
            invitation.c.is_test,
            invitation.c.created_at > since,
        )
        .group_by(invitation.c.person_id)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def find_last_numbers(connection: sa.Connection, person_ids: Collection[int]) -> dict[int, int]:
    """Person id → the number of their last invitation; who has none is absent."""
    statement = (
        sa.select(invitation.c.person_id, sa.func.max(invitation.c.number))
        .where(invitation.c.person_id.in_(list(person_ids)), invitation.c.number.is_not(None))
        .group_by(invitation.c.person_id)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


class Waiting(NamedTuple):
    """An invitation that is not on its way yet: when its event occurred, and when it was reserved."""

    id: int
    survey_id: int
    person_id: int
    occurred_at: datetime
    at: datetime
    cell: str | None


def list_waiting(
    connection: sa.Connection, person_ids: Collection[int], now: datetime, *, lock: bool = True
) -> list[Waiting]:
    """
    Real invitations to these people that are not on their way, the oldest first.

    They are locked, so that nobody sends them.

    Those to which the person reacted already, on the page of their own, wait for nothing more; nor do
    those that are over, which no limit counts as open.
    """
    columns = invitation.c
    statement = (
        sa.select(
            columns.id,
            columns.survey_id,
            columns.person_id,
            event.c.occurred_at,
            columns.created_at,
            columns.cell,
        )
        .join(event, event.c.id == columns.event_id)
        .where(
            columns.person_id.in_(list(person_ids)),
            columns.state == InvitationState.QUEUED.value,
            columns.outcome.is_(None),
            columns.expires_at > now,
            sa.not_(columns.is_test),
        )
        .order_by(columns.id)
    )
    rows = connection.execute(statement.with_for_update(of=invitation) if lock else statement)
    return [Waiting(*row) for row in rows]


def is_any_sending(connection: sa.Connection, person_ids: Collection[int]) -> bool:
    """Tell whether a real invitation to one of these people is on its way, or may be."""
    columns = invitation.c
    on_its_way = columns.state == InvitationState.SENDING.value, sa.not_(columns.is_test)
    found = sa.select(columns.id).where(columns.person_id.in_(list(person_ids)), *on_its_way).limit(1)
    return connection.execute(found).first() is not None


def set_state(
    connection: sa.Connection,
    invitation_id: int,
    state: InvitationState,
    *,
    sent_at: datetime | None = None,
    failed_at: datetime | None = None,
    error: str | None = None,
    reason: Reason | None = None,
) -> None:
    """
    Move an invitation on; the time of its first sending stays.

    Args:
        failed_at: When its channel gave up.
        reason: The rule that keeps it from going out.
    """
    values: dict[str, Any] = {"state": state.value, "last_error": error}
    if reason is not None:
        values["ended_reason"] = int(reason)
    if sent_at is not None:
        values["sent_at"] = sent_at
    if failed_at is not None:
        values["failed_at"] = failed_at
    connection.execute(sa.update(invitation).where(invitation.c.id == invitation_id).values(values))


def set_channel(
    connection: sa.Connection, invitation_id: int, channel: ChannelKind, since: datetime | None
) -> None:
    """Remember which channel carries an invitation, and since when it is tried; None = not yet."""
    its = invitation.c.id == invitation_id
    connection.execute(sa.update(invitation).where(its).values(channel=channel.value, channel_since=since))


def set_reminded(connection: sa.Connection, invitation_id: int, at: datetime | None) -> None:
    """Remember when the one reminder went out; None = it did not."""
    its = invitation.c.id == invitation_id
    connection.execute(sa.update(invitation).where(its).values(reminded_at=at))


def set_opened(connection: sa.Connection, invitation_id: int, now: datetime) -> None:
    """Remember when the page behind an invitation was first opened."""
    connection.execute(
        sa.update(invitation)
        .where(invitation.c.id == invitation_id, invitation.c.opened_at.is_(None))
        .values(opened_at=now)
    )


def set_outcome(connection: sa.Connection, invitation_id: int, outcome: Outcome, at: datetime | None) -> None:
    """
    Remember how a person ended an invitation. An answer ends it for good: it stays the first one's.

    Args:
        at: None where the time would tell whose answer an anonymous one is.
    """
    is_open = sa.or_(invitation.c.outcome.is_(None), invitation.c.outcome != Outcome.ANSWERED.value)
    connection.execute(
        sa.update(invitation)
        .where(invitation.c.id == invitation_id, is_open)
        .values(outcome=outcome.value, outcome_at=at)
    )


def set_late(connection: sa.Connection, invitation_id: int, at: datetime, *, only_day: bool) -> None:
    """Remember when the first answer came that was too late; with ``only_day`` no more of it than the day."""
    its = invitation.c.id == invitation_id, invitation.c.late_at.is_(None)
    kept = _noon(at.date()) if only_day else at
    connection.execute(sa.update(invitation).where(*its).values(late_at=kept))


def blur_opening(connection: sa.Connection, invitation_id: int, day: date) -> None:
    """Keep of when the page was opened only the day, as its noon, which is that day in most time zones."""
    its = invitation.c.id == invitation_id
    connection.execute(sa.update(invitation).where(its).values(opened_at=_noon(day)))


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def _invitation(row: Any) -> Invitation:
    read = {
        "state": InvitationState(row.state),
        "outcome": None if row.outcome is None else Outcome(row.outcome),
        "ended_reason": None if row.ended_reason is None else Reason(row.ended_reason),
        "channel": None if row.channel is None else ChannelKind(row.channel),
    }
    return Invitation(**{**row._mapping, **read})
