"""What do the tests of storage and of the rooms above it have in common? Databases, a clock, threads."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
import sqlalchemy as sa

from afterword.domain.people.identity import IdentityKind
from afterword.domain.rate_limit import RateLimits
from afterword.kit.clock import SECOND_US, to_datetime
from afterword.storage import event_batch, invitations, people, projects, revision, schema, surveys
from afterword.storage.engine import Database
from afterword.storage.event_batch import NewEvent
from afterword.storage.open import open_database
from afterword.storage.people import NewIdentity
from afterword.storage.schema import migrate
from afterword.storage.tables import event, metadata
from tests.support.postgres import Databases

START_US = 1_800_000_000 * SECOND_US
START = to_datetime(START_US)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

T = TypeVar("T")

LATEST = "0003"
"""The revision of the schema that this program knows."""

NEXT_REVISION = '''"""A step that this program does not have yet."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{latest}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("added_later", sa.Column("id", sa.Integer(), primary_key=True))
    {failure}
'''


class FakeClock:
    """Clocks that stand still until a test moves them."""

    def __init__(self, now_us: int = START_US) -> None:
        self._wall_us = now_us
        self._steady_us = 5_000_000

    def now_us(self) -> int:
        """See Clock."""
        return self._wall_us

    def steady_us(self) -> int:
        """See Clock."""
        return self._steady_us

    @property
    def now(self) -> datetime:
        """The wall time as people write it."""
        return to_datetime(self._wall_us)

    def advance(self, span: timedelta | float) -> None:
        """Let time pass; a number is seconds."""
        self.advance_us(round(_seconds(span) * SECOND_US))

    def advance_us(self, microseconds: int) -> None:
        """Let time pass, to the microsecond."""
        self._wall_us += microseconds
        self._steady_us += microseconds

    def step(self, span: timedelta | float) -> None:
        """Set the wall clock off, forwards or backwards, while no time passes."""
        self._wall_us += round(_seconds(span) * SECOND_US)


def _seconds(span: timedelta | float) -> float:
    return span.total_seconds() if isinstance(span, timedelta) else span


class Template:
    """A migrated database, from which each test gets an empty one without migrating again."""

    def __init__(self, kind: str, databases: Databases, directory: Path) -> None:
        self._databases = databases
        self._path = directory / "template.db"
        self.url = databases.make(kind)
        self._shared = open_database(self.url, self._path)
        migrate(self._shared)
        if self.url is None:
            self._shared.close()

    @contextmanager
    def lend(self, sqlite_path: Path) -> Iterator[Database]:
        """One empty database: on SQLite a copy of the file, on PostgreSQL the same one, emptied."""
        if self.url is None:
            shutil.copy(self._path, sqlite_path)
            sqlite_path.chmod(0o600)
            database = open_database(None, sqlite_path)
            try:
                yield database
            finally:
                database.close()
        else:
            empty(self._shared)
            yield self._shared

    def close(self) -> None:
        """Give everything back."""
        self._shared.close()
        self._databases.drop(self.url)


def empty(database: Database) -> None:
    """Empty a PostgreSQL database, ids from 1 again. TRUNCATE would take a quarter of a second."""
    tables = [table for table in reversed(metadata.sorted_tables) if table.name != "revision"]
    statements = [f"DELETE FROM {table.name}" for table in tables]
    statements.append(
        "SELECT setval(sequencename::regclass, 1, false) FROM pg_sequences WHERE last_value IS NOT NULL"
    )
    with database.write() as connection:
        connection.exec_driver_sql("; ".join(statements))


class Templates:
    """The migrated databases of a test run, each made when first needed."""

    def __init__(self, databases: Databases, directory: Path) -> None:
        self._databases = databases
        self._directory = directory
        self._made: dict[str, Template] = {}

    def get(self, kind: str) -> Template:
        """The one of a kind."""
        if kind not in self._made:
            self._made[kind] = Template(kind, self._databases, self._directory)
        return self._made[kind]

    def close(self) -> None:
        """Give all of them back."""
        for template in self._made.values():
            template.close()


@pytest.fixture(scope="session")
def templates(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Templates]:
    """The migrated databases, from which tests get empty ones."""
    made = Templates(databases, tmp_path_factory.mktemp("templates"))
    yield made
    made.close()


@pytest.fixture
def database(database_kind: str, templates: Templates, tmp_path: Path) -> Iterator[Database]:
    """An open, migrated, empty database; each test runs on SQLite and on PostgreSQL."""
    with templates.get(database_kind).lend(tmp_path / "afterword.db") as lent:
        yield lent


@pytest.fixture
def postgres(templates: Templates, tmp_path: Path) -> Iterator[Database]:
    """An open, migrated, empty PostgreSQL database, for what is special about it."""
    with templates.get("postgres").lend(tmp_path / "unused") as lent:
        yield lent


@pytest.fixture
def sqlite(templates: Templates, tmp_path: Path) -> Iterator[Database]:
    """An open, migrated, empty SQLite database, for what is special about it."""
    with templates.get("sqlite").lend(tmp_path / "afterword.db") as lent:
        yield lent


@pytest.fixture
def clock() -> FakeClock:
    """Time that stands still."""
    return FakeClock()


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Turns this program into a later version of itself, with one more migration; the migration's file."""
    scripts = tmp_path / "migrations"
    shutil.copytree(schema._MIGRATIONS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    step = scripts / "versions" / "9999_next.py"
    step.write_text(NEXT_REVISION.format(latest=LATEST, failure=""))
    monkeypatch.setattr(schema, "_MIGRATIONS", scripts)
    return step


def new_event(project_id: int = 1, number: int = 1, **changes: object) -> NewEvent:
    """An event of Bob's, ready to be appended."""
    usual = NewEvent(
        project_id=project_id,
        number=number,
        counted_at=START_US,
        received_at=START_US,
        occurred_at=START_US,
        name="build.finished",
        email="bob@example.com",
        github_username=None,
        gitlab_username=None,
        metadata=None,
        is_test=False,
        person_id=None,
    )
    return usual._replace(**changes)


def add_project(connection: sa.Connection, name: str = "Build CLI") -> int:
    """Add a project with the default limits."""
    return projects.add_project(connection, name, limits=RateLimits(), metadata_bytes=1_024, now=START)


def add_person(connection: sa.Connection, name: str = "Bob") -> int:
    """Add a person without handles."""
    row = {"email": f"{name.lower()}@example.com", "name": name, "created_at": START}
    return people.add_people(connection, [row])[0]


def add_handle(
    connection: sa.Connection, person_id: int, kind: IdentityKind, value: str, shown: str | None = None
) -> None:
    """Give a person a handle, known from START on."""
    row = NewIdentity(kind.value, value, shown or value, person_id, 0, START)
    people.add_identities(connection, [row], revision.bump(connection))


DEFINITION = json.dumps(
    {
        "survey": "build-cli",
        "project": "Build CLI",
        "title": "How was your build?",
        "trigger": {"events": ["build.finished"]},
        "questions": [{"type": "rating", "key": "satisfaction", "text": "How satisfied are you?"}],
    }
)


def add_survey(connection: sa.Connection, project_id: int, key: str = "build-cli") -> int:
    """Add a draft."""
    return surveys.add_survey(
        connection, project_id=project_id, key=key, definition=DEFINITION.replace("build-cli", key), now=START
    )


def add_event(connection: sa.Connection, number: int = 1, **changes: object) -> int:
    """Append one event; its id."""
    row = new_event(number=number, **changes)
    event_batch.write(connection, [row])
    return event_id(connection, row)


def event_id(connection: sa.Connection, row: NewEvent) -> int:
    """Which id did an event get?"""
    is_it = event.c.project_id == row.project_id, event.c.number == row.number
    return connection.execute(sa.select(event.c.id).where(*is_it)).scalar_one()


def add_invitation(
    connection: sa.Connection,
    survey_id: int,
    person_id: int,
    event_id: int,
    *,
    is_test: bool = False,
    at: datetime = START,
) -> int:
    """Reserve an invitation that ends after three days."""
    row = {
        "survey_id": survey_id,
        "survey_version": 1,
        "person_id": person_id,
        "event_id": event_id,
        "is_test": is_test,
        "state": "queued",
        "message_id": f"m{event_id}",
        "created_at": at,
        "expires_at": at + 3 * DAY,
    }
    (invitation_id,) = invitations.add_invitations(connection, [row])
    return invitation_id


def in_threads(count: int, work: Callable[[int], T]) -> list[T]:
    """Run work(0) … work(count − 1) in as many threads, all let go at once; their results in order."""
    barrier = threading.Barrier(count)

    def run(index: int) -> T:
        barrier.wait(timeout=20)
        return work(index)

    with ThreadPoolExecutor(count) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, index) for index in range(count)]]


WAIT_S_MAX = 20.0
POLL_S = 0.01


def wait_for_a_waiter(connection: sa.Connection) -> None:
    """Wait until somebody waits for a lock of this transaction; on SQLite nobody can be seen to."""
    if connection.dialect.name != "postgresql":
        return
    deadline = time.monotonic() + WAIT_S_MAX
    waiters = sa.text("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
    while not connection.scalar(waiters):
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(POLL_S)


@contextmanager
def count_statements() -> Iterator[list[str]]:
    """List the SQL statements that run meanwhile, on whichever connection."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
