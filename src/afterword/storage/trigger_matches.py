"""What did people do that the trigger of a survey counts?"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterword.storage.events import StoredEvent
from afterword.storage.tables import first_event, person, survey, trigger_match

MATCHES_AT_ONCE = 5_000
"""Rows that one transaction forgets: milliseconds, for which others wait."""


class MatchRole(StrEnum):
    """
    What an event is to a survey.

    COUNTED is counted, EARLIER must come before, WITHDRAWING withdraws whatever waits, and FOLLOWING what
    occurred so shortly before that it was followed by it.
    """

    COUNTED = "counted"
    EARLIER = "earlier"
    WITHDRAWING = "withdrawing"
    FOLLOWING = "following"


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


class Wanted(NamedTuple):
    """
    What a survey must know of what people did, to decide some events.

    Attributes:
        since: Nothing before it counts for any of the events.
        earliest: When the first of the events occurred.
        newest: Role → of what came before the first event, how many at most of each person.
    """

    survey_id: int
    since: datetime
    earliest: datetime
    newest: Mapping[MatchRole, int]


def list_matches(connection: sa.Connection, wanted: Wanted, person_ids: Collection[int]) -> list[Match]:
    """
    What these people did that one survey counts: all since the first event, and the newest before it.

    It reads no more of somebody who did a thing a million times than of others.
    """
    is_postgres = connection.dialect.name == "postgresql"
    parts = [
        _newest(wanted, role, count, person_ids, is_postgres=is_postgres)
        for role, count in wanted.newest.items()
    ]
    if not parts:
        return []
    return [_match(row) for row in connection.execute(sa.union_all(*parts))]


def _newest(
    wanted: Wanted, role: MatchRole, count: int, person_ids: Collection[int], *, is_postgres: bool
) -> sa.Select[Any]:
    """From the ``count``-th newest before the first event on, along the primary key for each person."""
    one, older = trigger_match.alias("one"), trigger_match.alias("older")
    is_older = (
        older.c.survey_id == wanted.survey_id,
        older.c.person_id == person.c.id,
        older.c.role == role.value,
        older.c.occurred_at.between(wanted.since, wanted.earliest),
    )
    nth = sa.select(older.c.occurred_at).where(*is_older).order_by(older.c.occurred_at.desc())
    first = sa.func.coalesce(
        nth.offset(count - 1).limit(1).correlate(person).scalar_subquery(),
        sa.literal(wanted.since, one.c.occurred_at.type),
    )
    is_wanted = (
        one.c.survey_id == wanted.survey_id,
        # Not by the bare id: SQLite would begin with the matches, and find the person of each.
        one.c.person_id == person.c.id + 0,
        one.c.role == role.value,
        one.c.occurred_at >= first,
    )
    columns = [one.c[name] for name in Match._fields]
    are_they = person.c.id.in_(list(person_ids))
    if not is_postgres:
        return sa.select(*columns).select_from(person).join(one, sa.true()).where(are_they, *is_wanted)
    # The offset keeps it a loop along the key, whatever PostgreSQL believes of the tables' sizes.
    found = sa.select(*columns).where(*is_wanted).correlate(person).offset(0).lateral()
    return sa.select(found).select_from(person).join(found, sa.true()).where(are_they)


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


def forget(connection: sa.Connection, survey_id: int) -> None:
    """Forget all that a survey counts."""
    connection.execute(sa.delete(trigger_match).where(trigger_match.c.survey_id == survey_id))


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


def list_of_event(connection: sa.Connection, found: StoredEvent) -> list[Match]:
    """What surveys remember of one event; nothing once it is over for them."""
    theirs = sa.select(survey.c.id).where(survey.c.project_id == found.project_id)
    its = (
        trigger_match.c.survey_id.in_(theirs),
        trigger_match.c.occurred_at == found.occurred_at,
        trigger_match.c.event_id == found.id,
    )
    order = trigger_match.c.survey_id, trigger_match.c.role
    rows = connection.execute(sa.select(trigger_match).where(*its).order_by(*order))
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
