"""How many of what are there, and which of the rules for them are broken?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from afterword.domain.invitation import InvitationState
from afterword.storage.conservation_rules import Rule
from afterword.storage.erasure import IS_EMPTIED
from afterword.storage.tables import decision, event, idempotency, invitation, job, response

STRETCH_IDS = 100_000
"""Events looked at in one statement. SQLite groups in memory: all of ten million at once took 500 MB."""

HEARD_MARGIN = timedelta(seconds=5)
"""So long after a survey's first decision every server must have heard of it; 2 s is what they promise."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """
    What one project has among the events with ids from first_id to last_id.

    Attributes:
        of_id: The highest id of all.
        count, distinct: Events, and different numbers among them.
        lowest, highest: Numbers.
        emptied: Events that no longer say who it was.
    """

    first_id: int
    last_id: int
    of_id: int
    project_id: int
    count: int
    distinct: int
    lowest: int
    highest: int
    newest_at: datetime
    emptied: int


@dataclass(frozen=True, slots=True)
class LedgerStretch:
    """
    What is decided about some events.

    Attributes:
        outcomes: The lowest reason of an event's decisions → how many events.
        spans: Survey id → the first and the last event that it decided, tests left out.
    """

    last_id: int
    of_id: int
    outcomes: Mapping[int, int]
    spans: Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Keys:
    """How many idempotency keys a project has, and when the newest was stored, microseconds."""

    count: int
    newest_at_us: int


@dataclass(frozen=True, slots=True)
class Listener:
    """
    A survey that was published.

    Attributes:
        names: The event names that all its published versions listen to.
        first_id, last_id: The first and the last event that it decided.
    """

    project_id: int
    is_closed: bool
    names: frozenset[str]
    first_id: int
    last_id: int


def plan_for_whole_tables(connection: sa.Connection) -> None:
    """
    Let PostgreSQL join whole tables by hashing, for the rest of a transaction.

    Right after a restore or a busy hour it believes that tables are small, and
    looks rows up one by one: minutes become hours.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL enable_nestloop = off")


def list_stretches(connection: sa.Connection) -> Iterator[Stretch]:
    """All events along their key, so that memory stays flat."""
    number = event.c.number
    for first_id, last_id, highest in _along(connection, event.c.id):
        statement = (
            sa.select(
                event.c.project_id,
                sa.func.count(),
                sa.func.count(number.distinct()),
                sa.func.min(number),
                sa.func.max(number),
                sa.func.max(event.c.received_at),
                sa.func.count().filter(IS_EMPTIED),
            )
            .where(event.c.id.between(first_id, last_id))
            .group_by(event.c.project_id)
        )
        for row in connection.execute(statement):
            yield Stretch(first_id, last_id, highest, *row)


def list_ledger_stretches(connection: sa.Connection) -> Iterator[LedgerStretch]:
    """All decisions along their key, so that memory stays flat."""
    of_event = decision.c.event_id
    for first_id, last_id, highest in _along(connection, of_event):
        is_here = of_event.between(first_id, last_id)
        lowest = sa.select(sa.func.min(decision.c.reason).label("reason")).where(is_here).group_by(of_event)
        reason = lowest.subquery().c.reason
        outcomes = sa.select(reason, sa.func.count()).group_by(reason)
        spans = (
            sa.select(decision.c.survey_id, sa.func.min(of_event), sa.func.max(of_event))
            .where(is_here, sa.not_(decision.c.is_test))
            .group_by(decision.c.survey_id)
        )
        yield LedgerStretch(
            last_id,
            highest,
            outcomes={row[0]: row[1] for row in connection.execute(outcomes)},
            spans={row[0]: (row[1], row[2]) for row in connection.execute(spans)},
        )


def count_undecided(connection: sa.Connection, evaluate_kind: str) -> tuple[int, int]:
    """Events without a decision whose job waits, and those whose job was given up."""
    is_dead = job.c.dead_at.is_not(None)
    is_decided = sa.exists().where(decision.c.event_id == job.c.subject_id)
    statement = sa.select(sa.func.count().filter(sa.not_(is_dead)), sa.func.count().filter(is_dead))
    row = connection.execute(
        statement.select_from(job).where(job.c.kind == evaluate_kind, sa.not_(is_decided))
    ).one()
    return row[0], row[1]


def count_invitations(connection: sa.Connection) -> dict[InvitationState, int]:
    """State → invitations."""
    states = list(InvitationState)
    counts = [sa.func.count().filter(invitation.c.state == state.value) for state in states]
    row = connection.execute(sa.select(*counts).select_from(invitation)).one()
    return dict(zip(states, row, strict=True))


def count_responses(connection: sa.Connection) -> int:
    """How many responses there are."""
    return connection.execute(sa.select(sa.func.count()).select_from(response)).scalar_one()


def list_keys(connection: sa.Connection) -> dict[int, Keys]:
    """Project id → its idempotency keys."""
    columns = idempotency.c
    statement = sa.select(columns.project_id, sa.func.count(), sa.func.max(columns.created_at))
    rows = connection.execute(statement.group_by(columns.project_id))
    return {row[0]: Keys(row[1], row[2]) for row in rows}


def lost_work(
    connection: sa.Connection, listeners: Sequence[Listener], evaluate_kind: str, kept_after: int = 0
) -> Rule:
    """
    The rule that each event which a survey must have heard has a decision or a job.

    Args:
        kept_after: The highest id of the events whose decisions may be over. What became of an event that
            no longer says who it was is erased or over, too.
    """
    pair = sa.tuple_(event.c.project_id, event.c.name)
    pairs = [(item.project_id, name) for item in listeners for name in sorted(item.names)]
    is_decided = sa.exists().where(decision.c.event_id == event.c.id)
    is_kept = sa.and_(event.c.id > kept_after, sa.not_(IS_EMPTIED))
    undecided = sa.select(event).where(
        pair.in_(pairs), sa.not_(event.c.is_test), is_kept, sa.not_(is_decided)
    )
    # OFFSET keeps this apart: the databases would try each survey's conditions before the quick look-up.
    found = undecided.offset(0).subquery()
    heard = [condition for item in listeners if (condition := _heard(connection, item, found)) is not None]
    waiting = sa.select(job.c.subject_id).where(job.c.kind == evaluate_kind)
    return Rule(
        "{count} events that a survey listens to have neither a decision nor a job (event {id})",
        sa.select(found.c.id).where(sa.or_(sa.false(), *heard)).except_(waiting),
    )


def find_breach(connection: sa.Connection, rule: Rule) -> str | None:
    """The rule's sentence with its numbers, or None where the rule holds."""
    rows = rule.broken.subquery()
    (subject,) = rows.c
    count, first_id = connection.execute(sa.select(sa.func.count(), sa.func.min(subject))).one()
    return rule.sentence.format(count=count, id=first_id) if count else None


def _heard(
    connection: sa.Connection, listener: Listener, found: sa.Subquery
) -> sa.ColumnElement[bool] | None:
    """
    Which events must a survey have heard? Those after its first decision and, once it is closed,
    before its last. Not those since it was published: the wall clock may have been stepped.
    """
    received = sa.select(event.c.received_at).where(event.c.id == listener.first_id)
    since = connection.execute(received).scalar()
    if since is None:
        return None
    return sa.and_(
        found.c.project_id == listener.project_id,
        found.c.name.in_(sorted(listener.names)),
        found.c.id > listener.first_id,
        found.c.id < listener.last_id if listener.is_closed else sa.true(),
        found.c.received_at > since + HEARD_MARGIN,
    )


def _along(connection: sa.Connection, key: sa.Column[int]) -> Iterator[tuple[int, int, int]]:
    """(first, last, highest of all) of each stretch of ids."""
    lowest, highest = connection.execute(sa.select(sa.func.min(key), sa.func.max(key))).one()
    if lowest is not None:
        for first_id in range(lowest, highest + 1, STRETCH_IDS):
            yield first_id, min(first_id + STRETCH_IDS - 1, highest), highest
