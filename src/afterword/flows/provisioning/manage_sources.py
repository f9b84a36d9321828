"""How did loading go, who waits for a confirmation, and what happens when it is given?"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from afterword.domain.errors import ConflictError, NotFoundError
from afterword.flows.provisioning.load_source import may_leave
from afterword.flows.upkeep.findings import Finding, ok, warn
from afterword.kit.clock import Clock, to_datetime
from afterword.sources.base import DirectorySource
from afterword.storage import people, revision, schema, sources
from afterword.storage.engine import Connection, Database
from afterword.storage.schema import SchemaState
from afterword.storage.sources import SourceStatus

OVERDUE_INTERVALS = 3
"""So many intervals without a success are worth a warning: one failure mends itself."""

WAITING_NAMED_MAX = 5
"""People who wait for a confirmation and are named in one finding."""

_NEVER = SourceStatus("", None, None, None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class SourceState:
    """
    One source that the settings name.

    Attributes:
        what: For people: "the GitHub organisation acme".
        is_running: A load runs now.
        waiting: People who become inactive when somebody confirms it.
        active: How many people of the source were active then.
    """

    name: str
    what: str
    started_at: datetime | None
    succeeded_at: datetime | None
    next_at: datetime | None
    summary: str | None
    error: str | None
    is_running: bool
    waiting: int
    active: int


def find_source(opened: Sequence[DirectorySource], name: str) -> DirectorySource:
    """
    One of the sources that the settings name.

    Raises:
        NotFoundError: They do not.
    """
    for source in opened:
        if source.name == name:
            return source
    known = " and ".join(source.name for source in opened)
    raise NotFoundError(
        f"there is no source {name!r}: the settings name {known or 'none'}; see docs/how-to/load-people.md"
    )


def list_sources(database: Database, clock: Clock, opened: Sequence[DirectorySource]) -> list[SourceState]:
    """All sources that the settings name, with how loading went."""
    now = to_datetime(clock.now_us())
    with database.read() as connection:
        return [_state(connection, source, now) for source in opened]


def _state(connection: Connection, source: DirectorySource, now: datetime) -> SourceState:
    status = sources.find_status(connection, source.name) or _NEVER
    waiting, active = _pending(status)
    return SourceState(
        name=source.name,
        what=source.what,
        started_at=status.started_at,
        succeeded_at=status.finished_at,
        next_at=status.next_at,
        summary=status.summary,
        error=status.error,
        is_running=status.leased_until is not None and status.leased_until > now,
        waiting=len(waiting),
        active=active,
    )


def name_waiting(database: Database, name: str) -> list[str]:
    """Who waits for the confirmation of a source: "Ada <ada@example.com>"."""
    with database.read() as connection:
        status = sources.find_status(connection, name) or _NEVER
        return _names(connection, _pending(status)[0])


def name_people(database: Database, person_ids: Sequence[int]) -> list[str]:
    """People as one reads of them: "Ada <ada@example.com>"; those who were erased are left out."""
    with database.read() as connection:
        return _names(connection, person_ids)


def _names(connection: Connection, person_ids: Sequence[int]) -> list[str]:
    found = people.get_people(connection, person_ids).values()
    return [f"{one.name} <{one.email}>" for one in sorted(found, key=lambda one: one.email) if one.email]


def _pending(status: SourceStatus) -> tuple[list[int], int]:
    if status.pending is None:
        return [], 0
    found = json.loads(status.pending)
    return found["people"], found["of"]


def confirm_removals(database: Database, clock: Clock, name: str) -> int:
    """
    Let those become inactive who wait for it, unless something spoke for them meanwhile; how many did.

    Raises:
        ConflictError: Nobody waits.
    """
    with database.write() as connection:
        revision.lock(connection)
        status = sources.find_status(connection, name, lock=True)
        waiting = set(_pending(status)[0]) if status else set()
        if not waiting:
            raise ConflictError(f"nobody of {name} waits for a confirmation")
        leaving = [
            one
            for one in sources.list_standings(connection, name)
            if one.person_id in waiting and one.left_at is None and may_leave(one)
        ]
        left = sorted({one.person_id for one in leaving})
        people.set_active(connection, left, False)
        now = to_datetime(clock.now_us())
        sources.set_left(connection, name, [one.external_id for one in leaving], now)
        sources.set_status(connection, name, pending=None)
    return len(left)


def check_sources(
    database: Database, clock: Clock, opened: Sequence[DirectorySource], interval: timedelta
) -> Iterator[Finding]:
    """Look at how loading went; asks no source."""
    with database.read() as connection:
        state = schema.compare_revision(schema.find_revision(connection))
    if state is not SchemaState.CURRENT:
        return
    now = to_datetime(clock.now_us())
    for one in list_sources(database, clock, opened):
        yield _check(one, now, interval, name_waiting(database, one.name) if one.waiting else [])


def _check(one: SourceState, now: datetime, interval: timedelta, waiting: Sequence[str]) -> Finding:
    check = f"source {one.name}"
    if one.waiting:
        text = f"{one.waiting} of {one.active} people are gone from {one.what}, and wait for a confirmation"
        text += f": {', '.join(waiting[:WAITING_NAMED_MAX])}"
        text += " …" if len(waiting) > WAITING_NAMED_MAX else ""
        return warn(check, text, f"if they did leave, `afterword source confirm {one.name}`")
    if one.error:
        since = f"; the last success was {one.succeeded_at:%Y-%m-%d %H:%M} UTC" if one.succeeded_at else ""
        return warn(check, f"{one.error}{since}", f"mend it, then `afterword source load {one.name}`")
    if one.succeeded_at is None:
        advice = f"is a server with a worker running? `afterword source load {one.name}` loads it now"
        return warn(check, f"{one.what} was never loaded", advice)
    if now - one.succeeded_at > OVERDUE_INTERVALS * interval:
        text = f"{one.what} was last loaded {one.succeeded_at:%Y-%m-%d %H:%M} UTC"
        return warn(check, text, "is a server with a worker running? Its log says more")
    return ok(check, f"{one.what}: {one.summary}")
