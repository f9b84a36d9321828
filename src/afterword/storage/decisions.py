"""The ledger: what was decided, and why?"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterword.domain.throttle.eligibility import Decision
from afterword.domain.throttle.facts import Verdict
from afterword.domain.throttle.reason import Reason
from afterword.storage.tables import decision, event, invitation, survey
from afterword.storage.verdicts import dump_verdicts, parse_verdicts


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision of the ledger."""

    event_id: int
    survey_id: int
    survey_key: str
    survey_version: int
    person_id: int | None
    is_test: bool
    reason: Reason
    verdicts: tuple[Verdict, ...]
    draw: float
    probability: float
    decided_at: datetime
    policy_id: int = 0

    @property
    def invited(self) -> bool:
        """Whether the person was asked."""
        return self.reason in (Reason.INVITED, Reason.INVITED_TEST)


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A decision to be written down."""

    event_id: int
    survey_id: int
    survey_version: int
    person_id: int | None
    is_test: bool
    decision: Decision
    policy_id: int = 0


def add_entries(connection: sa.Connection, entries: Iterable[NewEntry], now: datetime) -> None:
    """Write decisions down."""
    rows = [
        {
            "event_id": entry.event_id,
            "survey_id": entry.survey_id,
            "survey_version": entry.survey_version,
            "person_id": entry.person_id,
            "is_test": entry.is_test,
            "reason": entry.decision.reason.value,
            "verdicts": dump_verdicts(entry.decision.verdicts),
            "draw": entry.decision.draw,
            "probability": entry.decision.probability,
            "decided_at": now,
            "policy_id": entry.policy_id,
        }
        for entry in entries
    ]
    if rows:
        connection.execute(sa.insert(decision), rows)


def list_entries(connection: sa.Connection, event_id: int) -> list[Entry]:
    """All decisions about one event, by survey."""
    statement = (
        sa.select(decision, survey.c.key.label("survey_key"))
        .join(survey, survey.c.id == decision.c.survey_id)
        .where(decision.c.event_id == event_id)
        .order_by(decision.c.survey_id)
    )
    return [_entry(row) for row in connection.execute(statement)]


Place = tuple[int, int]
"""Where an entry stands in the ledger: event id and survey id."""


def list_invited(
    connection: sa.Connection, person_ids: Collection[int], *, before: Place | None, limit: int
) -> list[Entry]:
    """The decisions that invited these people, of the newest events first; found by their invitations."""
    is_its = sa.and_(
        invitation.c.event_id == decision.c.event_id, invitation.c.survey_id == decision.c.survey_id
    )
    statement = _of_people(before, limit).join(invitation, is_its)
    return _entries(connection, statement.where(invitation.c.person_id.in_(list(person_ids))))


def list_skipped(
    connection: sa.Connection, person_ids: Collection[int], *, before: Place | None, limit: int
) -> list[Entry]:
    """The decisions not to ask these people, of the newest events first."""
    is_skip = decision.c.reason > Reason.INVITED_TEST.value
    statement = _of_people(before, limit).where(is_skip, decision.c.person_id.in_(list(person_ids)))
    return _entries(connection, statement)


def list_of_people(
    connection: sa.Connection, person_ids: Collection[int], *, after: Place, limit: int
) -> list[Entry]:
    """All decisions about these people, of the oldest events first."""
    place = sa.tuple_(decision.c.event_id, decision.c.survey_id)
    statement = (
        sa.select(decision, survey.c.key.label("survey_key"))
        .join(survey, survey.c.id == decision.c.survey_id)
        .where(decision.c.person_id.in_(list(person_ids)), place > sa.tuple_(*map(sa.literal, after)))
        .order_by(decision.c.event_id, decision.c.survey_id)
        .limit(limit)
    )
    return _entries(connection, statement)


@dataclass(frozen=True, slots=True)
class About:
    """What decisions are about; None = whichever."""

    event_id: int | None = None
    person_id: int | None = None
    survey_id: int | None = None


def list_about(
    connection: sa.Connection, about: About, *, before: Place | None = None, limit: int
) -> list[Entry]:
    """The decisions about an event, a person or a survey, or all of these, of the newest events first."""
    wanted = {
        decision.c.event_id: about.event_id,
        decision.c.person_id: about.person_id,
        decision.c.survey_id: about.survey_id,
    }
    are_its = (column == value for column, value in wanted.items() if value is not None)
    return _entries(connection, _of_people(before, limit).where(*are_its))


def _of_people(before: Place | None, limit: int) -> sa.Select[Any]:
    statement = (
        sa.select(decision, survey.c.key.label("survey_key"))
        .join(survey, survey.c.id == decision.c.survey_id)
        .order_by(decision.c.event_id.desc(), decision.c.survey_id.desc())
        .limit(limit)
    )
    if before is None:
        return statement
    place = sa.tuple_(decision.c.event_id, decision.c.survey_id)
    return statement.where(place < sa.tuple_(*map(sa.literal, before)))


def _entries(connection: sa.Connection, statement: sa.Select[Any]) -> list[Entry]:
    return [_entry(row) for row in connection.execute(statement)]


def list_decided(connection: sa.Connection, event_ids: Collection[int]) -> set[int]:
    """Which of these events have decisions."""
    statement = sa.select(decision.c.event_id).where(decision.c.event_id.in_(list(event_ids)))
    return set(connection.execute(statement.distinct()).scalars())


class Twin(NamedTuple):
    """What makes two events of a person the same one."""

    person_id: int
    project_id: int
    name: str
    occurred_at: datetime
    metadata: str | None


def list_twins(
    connection: sa.Connection,
    person_ids: Collection[int],
    times: Collection[datetime],
    *,
    after_event_id: int,
) -> set[Twin]:
    """Decided events of these people that say they occurred at these times, as far back as an event."""
    statement = (
        sa.select(
            decision.c.person_id, event.c.project_id, event.c.name, event.c.occurred_at, event.c.metadata
        )
        .join(event, event.c.id == decision.c.event_id)
        .where(
            decision.c.person_id.in_(list(person_ids)),
            decision.c.event_id > after_event_id,
            event.c.occurred_at.in_(list(times)),
            event.c.occurred_at != event.c.received_at,
            sa.not_(event.c.is_test),
        )
    )
    return {Twin(*row) for row in connection.execute(statement)}


def find_outcomes(connection: sa.Connection, event_ids: list[int]) -> dict[int, Reason]:
    """Event id → the lowest code of its decisions, which is an invitation where there is one."""
    statement = (
        sa.select(decision.c.event_id, sa.func.min(decision.c.reason))
        .where(decision.c.event_id.in_(event_ids))
        .group_by(decision.c.event_id)
    )
    return {row[0]: Reason(row[1]) for row in connection.execute(statement)}


def count_by_reason(connection: sa.Connection, survey_id: int) -> dict[int, int]:
    """Reason code → how often it decided, test events left out."""
    statement = (
        sa.select(decision.c.reason, sa.func.count())
        .where(decision.c.survey_id == survey_id, sa.not_(decision.c.is_test))
        .group_by(decision.c.reason)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def count_people(connection: sa.Connection, survey_id: int) -> int:
    """How many different known people did something this survey listens to, test events left out."""
    statement = sa.select(sa.func.count(decision.c.person_id.distinct())).where(
        decision.c.survey_id == survey_id, sa.not_(decision.c.is_test)
    )
    return connection.execute(statement).scalar_one()


def _entry(row: Any) -> Entry:
    fields = dict(row._mapping)
    fields["reason"] = Reason(row.reason)
    fields["verdicts"] = parse_verdicts(row.verdicts)
    return Entry(**fields)
