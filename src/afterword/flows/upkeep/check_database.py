"""Is the database as it should be, on the outside and on the inside?"""

from collections.abc import Iterator
from datetime import timedelta

from afterword.flows.upkeep.check_conservation import count_and_check
from afterword.flows.upkeep.findings import Finding, fail, ok, warn
from afterword.kit.clock import Clock, to_datetime
from afterword.kit.progress import OnProgress
from afterword.storage import events, health, jobs, schema
from afterword.storage.engine import Connection, Database
from afterword.storage.schema import SchemaState

CLOCKS_APART_WARN = timedelta(seconds=2)
"""Several servers on one PostgreSQL compare times of each other; more means that time is not synchronised."""

NEWEST_EVENT_AHEAD_MAX = timedelta(minutes=1)
"""An event that came later than now tells of a clock that was set back."""

JOB_WAITS_WARN = timedelta(minutes=1)
JOB_WAITS_FAIL = timedelta(minutes=15)
"""A worker takes a job within a second; after a quarter of an hour none is running."""

_SCHEMA_ADVICE = {
    SchemaState.EMPTY: "start the server, or restore a backup",
    SchemaState.OLDER: "run `afterword migrate`, after a backup",
    SchemaState.NEWER: "start the newer Afterword that made it",
}


def check_database(database: Database, clock: Clock, on_progress: OnProgress) -> Iterator[Finding]:
    """Look at the database from the outside to the inside; the last checks read all of it."""
    with database.read_whole() as connection:
        yield _check_engine(connection)
        yield _check_durability(connection)
        state = schema.compare_revision(schema.find_revision(connection))
        if state is not SchemaState.CURRENT:
            yield fail("schema", f"the tables are {state.value}", _SCHEMA_ADVICE[state])
            return
        yield ok("schema", f"revision {schema.find_revision(connection)}, as this version needs it")
        yield from _check_clock(connection, clock)
        yield from _check_outbox(connection, clock)
        yield from _check_inside(connection, on_progress)


def _check_engine(connection: Connection) -> Finding:
    engine = health.find_engine(connection)
    text = f"{engine.name} {engine.version}"
    if engine.has_wal_reset_bug:
        advice = "install pysqlite3, or a Python with SQLite 3.51.3 or newer"
        return warn("database", f"{text} has a bug that can corrupt a database", advice)
    return ok("database", f"{text} answers")


def _check_durability(connection: Connection) -> Finding:
    values = health.list_durability(connection)
    return ok("durability", ", ".join(f"{name} {value}" for name, value in values))


def _check_clock(connection: Connection, clock: Clock) -> Iterator[Finding]:
    now = to_datetime(clock.now_us())
    newest = next(iter(events.list_events(connection, None, limit=1)), None)
    ahead = timedelta() if newest is None else newest.received_at - now
    if newest is not None and ahead > NEWEST_EVENT_AHEAD_MAX:
        yield fail(
            "clock",
            f"it is {now:%Y-%m-%d %H:%M:%S} UTC here, and the newest event came {ahead} later",
            "set this machine's clock, and keep it set by NTP",
        )
    else:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC, after the newest event")
    if (server_us := health.find_server_clock_us(connection)) is None:
        return
    apart = abs(to_datetime(server_us) - to_datetime(clock.now_us()))
    if apart > CLOCKS_APART_WARN:
        yield warn(
            "clocks",
            f"PostgreSQL's clock and ours are {apart.total_seconds():.1f} s apart",
            "keep both set by NTP",
        )
    else:
        yield ok("clocks", "PostgreSQL's clock agrees with ours")


def _check_outbox(connection: Connection, clock: Clock) -> Iterator[Finding]:
    waiting, dead = jobs.count_jobs(connection)
    due_at = jobs.find_first_due(connection)
    waits = timedelta() if due_at is None else to_datetime(clock.now_us()) - due_at
    advice = "is a server with a worker, or `afterword worker`, running? Its log says more"
    text = "1 job waits or runs" if waiting == 1 else f"{waiting} jobs wait or run"
    if waits > JOB_WAITS_WARN:
        grade = fail if waits > JOB_WAITS_FAIL else warn
        yield grade("outbox", f"{text}, the oldest for {waits.total_seconds():.0f} s", advice)
    else:
        yield ok("outbox", text)
    if dead:
        yield warn(
            "dead jobs",
            f"{dead} {'job was' if dead == 1 else 'jobs were'} given up",
            "the server's log says why; `afterword event explain` and the invitations show what is missing",
        )
    else:
        yield ok("dead jobs", "none")


def _check_inside(connection: Connection, on_progress: OnProgress) -> Iterator[Finding]:
    damage = list(health.list_damage(connection, on_progress))
    for text in damage:
        yield fail("integrity", text, "stop the server, keep a copy of the files, and restore a backup")
    if damage:
        return
    yield ok("integrity", "no damage found")
    found = count_and_check(connection, on_progress)
    for text in found.violations:
        yield fail("conservation", text, "keep a backup of this state, and report it as a bug")
    if not found.violations:
        text = f"{found.accepted} events accepted, stored and accounted for"
        emptied = f"; {found.emptied} of them erased or over: they count, and say nothing of anybody"
        yield ok("conservation", text + (emptied if found.emptied else ""))
