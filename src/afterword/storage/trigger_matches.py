"""What did people do that the trigger of a survey counts?"""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterword.storage.tables import first_event, survey, trigger_match

MATCHES_AT_ONCE = 5_000
"""Rows that one transaction forgets: milliseconds, for which others wait."""


class MatchRole(StrEnum):
    """What an event is to a survey: what is counted, what must come before, or what withdraws."""

    COUNTED = "counted"
    EARLIER = "earlier"
    WITHDRAWING = "withdrawing"


class Match(NamedTuple):
    """One event of a person that a survey's trigger counts."""

    survey_id: int
    person_id: int
    event_id: int
    role: MatchRole
    occurred_at: datetime


def add_matches(connection: sa.Connection, matches: Sequence[Match]) -> None:
    """Remember what people did."""
    if matches:
        rows = [{**one._asdict(), "role": one.role.value} for one in matches]
        connection.execute(_ADD, rows)


def list_matches(
    connection: sa.Connection, survey_ids: Collection[int], person_ids: Collection[int]
) -> list[Match]:
    """What these people did that these surveys count."""
    rows = connection.execute(
        sa.select(trigger_match).where(
            trigger_match.c.survey_id.in_(list(survey_ids)), trigger_match.c.person_id.in_(list(person_ids))
        )
    )
    return [_match(row) for row in rows]


def delete_matches(connection: sa.Connection, survey_id: int, before: datetime) -> int:
    """Forget what a survey no longer looks back to, MATCHES_AT_ONCE of it at most; returns how much."""
    over = trigger_match.c.survey_id == survey_id, trigger_match.c.occurred_at < before
    key = sa.tuple_(*trigger_match.primary_key)
    portion = (
        sa.select(*trigger_match.primary_key)
        .where(*over)
        .order_by(trigger_match.c.occurred_at)
        .limit(MATCHES_AT_ONCE)
    )
    return connection.execute(sa.delete(trigger_match).where(key.in_(portion))).rowcount


def move_all(connection: sa.Connection, from_id: int, to_id: int) -> None:
    """Let what a person did be another's: they are one. Undoing that leaves it there: it is soon over."""
    theirs = trigger_match.c.person_id == from_id
    connection.execute(sa.update(trigger_match).where(theirs).values(person_id=to_id))
    firsts = list_first_events(connection, [from_id])
    add_first_events(connection, {(to_id, project_id): at for (_, project_id), at in firsts.items()})
    connection.execute(sa.delete(first_event).where(first_event.c.person_id == from_id))


def list_of_people(connection: sa.Connection, person_ids: Collection[int]) -> list[Match]:
    """All that these people did that surveys count."""
    rows = connection.execute(
        sa.select(trigger_match)
        .where(trigger_match.c.person_id.in_(list(person_ids)))
        .order_by(trigger_match.c.event_id, trigger_match.c.survey_id)
    )
    return [_match(row) for row in rows]


def list_oldest(connection: sa.Connection) -> dict[int, datetime]:
    """Survey id → when the oldest of what it counts occurred; a look into the index for each survey."""
    oldest = (
        sa.select(sa.func.min(trigger_match.c.occurred_at))
        .where(trigger_match.c.survey_id == survey.c.id)
        .scalar_subquery()
    )
    rows = connection.execute(sa.select(survey.c.id, oldest))
    return {survey_id: at for survey_id, at in rows if at is not None}


def list_first_events(
    connection: sa.Connection, person_ids: Collection[int]
) -> dict[tuple[int, int], datetime]:
    """(person id, project id) → since when the person uses the project's tool."""
    rows = connection.execute(sa.select(first_event).where(first_event.c.person_id.in_(list(person_ids))))
    return {(row.person_id, row.project_id): row.at for row in rows}


def add_first_events(connection: sa.Connection, firsts: dict[tuple[int, int], datetime]) -> None:
    """Remember since when people use tools; who is known already keeps the earlier time."""
    if firsts:
        connection.execute(
            _SET_FIRST,
            [
                {"person_id": person_id, "project_id": project_id, "at": at}
                for (person_id, project_id), at in firsts.items()
            ],
        )


_ADD = sa.text(
    "INSERT INTO trigger_match (survey_id, person_id, event_id, role, occurred_at) "
    "VALUES (:survey_id, :person_id, :event_id, :role, :occurred_at) ON CONFLICT DO NOTHING"
).bindparams(sa.bindparam("occurred_at", type_=trigger_match.c.occurred_at.type))

_SET_FIRST = sa.text(
    "INSERT INTO first_event (person_id, project_id, at) VALUES (:person_id, :project_id, :at) "
    "ON CONFLICT (person_id, project_id) DO UPDATE SET at = excluded.at WHERE excluded.at < first_event.at"
).bindparams(sa.bindparam("at", type_=first_event.c.at.type))


def _match(row: Any) -> Match:
    return Match(row.survey_id, row.person_id, row.event_id, MatchRole(row.role), row.occurred_at)
