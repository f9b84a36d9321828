"""64 at once, a thousand times: are exactly 30 taken each time, whoever takes them?"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from afterword.domain.rate_limit import DAY_US, RateLimits
from afterword.flows.ingest.track_event import Answer, Outcome
from afterword.flows.manage_projects import create_project
from afterword.kit.clock import SystemClock
from afterword.storage import projects
from afterword.storage.engine import Database
from tests.contract.cases import as_json
from tests.contract.shape import assert_accepted, assert_limited
from tests.faults import counts
from tests.faults.conservation import check_conservation
from tests.faults.server import open_beside
from tests.flows.door import Door, accepted_count, opened_door, stored, submission
from tests.storage.support import START, FakeClock, in_threads
from tests.support.http import Connection
from tests.support.postgres import Databases
from tests.support.project import Project
from tests.support.server import CLOCK_STEP, RunningServer

AT_ONCE = 64
TAKEN, REFUSED = 30, 34
ROUNDS = {"sqlite": 1_000, "postgres": counts.rounds(short=200, long=1_000)}
ROUNDS_OVER_HTTP = counts.rounds(short=40, long=300)
DAYS = counts.rounds(short=20, long=200)
MINUTE_S, HOUR_S = 60, 3_600


def add_projects(database: Database, count: int, limits: RateLimits | None = None) -> list[int]:
    """Projects without tokens, for events that come by no HTTP."""
    limits = limits or RateLimits()
    with database.write() as connection:
        return [
            projects.add_project(connection, f"{number}", limits=limits, metadata_bytes=1_024, now=START)
            for number in range(count)
        ]


def send_at_once(
    door: Door, project_id: int, count: int = AT_ONCE, limits: RateLimits | None = None
) -> list[Answer]:
    """Send so many events in parallel, spread over a few turns of the loop and so over several batches."""

    async def one(index: int) -> Answer:
        for _ in range(index % 4):
            await asyncio.sleep(0)
        return await door.intake.submit(submission(project_id, limits))

    async def all_of_them() -> list[Answer]:
        return await asyncio.gather(*(one(index) for index in range(count)))

    return door.run(all_of_them())


def outcomes(answers: Sequence[Answer]) -> Counter[Outcome]:
    """How many of each."""
    return Counter(answer.outcome for answer in answers)


def test_the_intake_takes_exactly_30_of_64_every_time(database: Database, database_kind: str) -> None:
    """On PostgreSQL two servers take them, half of the 64 each."""
    ids = add_projects(database, ROUNDS[database_kind])
    clock = FakeClock()
    with ExitStack() as opened:
        servers = 2 if database.is_postgres else 1
        doors = [opened.enter_context(opened_door(database, clock)) for _ in range(servers)]

        def serve(index: int) -> list[list[Answer]]:
            return [send_at_once(doors[index], project_id, AT_ONCE // servers) for project_id in ids]

        shares = in_threads(servers, serve)
    for answers in zip(*shares, strict=True):
        seen = outcomes([answer for share in answers for answer in share])
        assert seen == {Outcome.ACCEPTED: TAKEN, Outcome.LIMITED: REFUSED}
    assert {accepted_count(database, project_id) for project_id in ids} == {TAKEN}
    check_conservation(database)
    counts.note(f"rounds of 64 at once, into the intake on {database_kind}", len(ids))


def test_the_days_limit_takes_exactly_30_of_64_every_day(database: Database, clock: FakeClock) -> None:
    limits = RateLimits(per_minute=10_000, per_day=TAKEN)
    (project_id,) = add_projects(database, 1, limits)
    with opened_door(database, clock) as door:
        for _ in range(DAYS):
            assert outcomes(send_at_once(door, project_id, limits=limits))[Outcome.ACCEPTED] == TAKEN
            clock.advance_us(DAY_US - 1)
            late = send_at_once(door, project_id, limits=limits)
            assert set(late) == {Answer(Outcome.LIMITED, 1)}
            clock.advance_us(1)
    assert len(stored(database, project_id)) == DAYS * TAKEN
    counts.note("days of 64 at once, into the intake", DAYS)


def test_a_tool_that_sends_more_than_it_may_all_day_gets_15000_in_each_day(
    database: Database, clock: FakeClock
) -> None:
    (project_id,) = add_projects(database, 1)
    full_minutes, minutes_a_day = 500, 1_440
    accepted = []
    with opened_door(database, clock) as door:
        for minute in range(minutes_a_day + 3):
            answers = door.send(*[submission(project_id)] * 31)
            accepted.append(outcomes(answers)[Outcome.ACCEPTED])
            # Refused by the minute while the day has room, and then until the day's first minute is over.
            room = minute < full_minutes - 1 or minute >= minutes_a_day
            assert answers[-1].retry_after_s == (60 if room else (minutes_a_day - minute) * 60)
            clock.advance(60)
    assert accepted == [30] * full_minutes + [0] * (minutes_a_day - full_minutes) + [30] * 3


@pytest.fixture(scope="module")
def servers(
    database_kind: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[RunningServer]]:
    """One server on SQLite; three on one PostgreSQL, started with clocks that are an hour apart."""
    folder, url = tmp_path_factory.mktemp("at-once"), databases.make(database_kind)
    with ExitStack() as opened:
        running = []
        for number, off_s in enumerate((0, HOUR_S, -HOUR_S) if url else (0,)):
            step_file = folder / f"step-{number}"
            step_file.write_text(str(off_s))
            server = RunningServer(
                folder / f"data-{number}",
                url,
                environment={"TESTS_CLOCK_STEP_FILE": str(step_file)},
                python_path=(CLOCK_STEP,),
            )
            running.append(opened.enter_context(server))
        yield running


@pytest.mark.timeout(900)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_servers_take_exactly_30_of_64_every_time(
    servers: list[RunningServer], count: int, tmp_path: Path
) -> None:
    if count > 1 and len(servers) == 1:
        with pytest.raises(AssertionError, match="the server ended with"):
            RunningServer(servers[0].data).start()  # On SQLite a second server is refused.
        return
    with open_beside(servers[0]) as database, ExitStack() as opened:
        made = [create_project(database, SystemClock(), f"{count}-{n}") for n in range(ROUNDS_OVER_HTTP)]
        connections = [
            opened.enter_context(Connection(servers[index % count].address)) for index in range(AT_ONCE)
        ]
        for project in made:
            request = Project(servers[0], str(project.id), project.name, project.token).request(as_json())
            assert send_on(connections, request) == {200: TAKEN, 429: REFUSED}
        assert {accepted_count(database, project.id) for project in made} == {TAKEN}
        check_conservation(database)
    counts.note(f"rounds of 64 at once over HTTP, servers: {count}", ROUNDS_OVER_HTTP)


def send_on(connections: list[Connection], request: bytes) -> Counter[int]:
    """Send a request on each connection before the first reply is read; the replies by status."""
    began = time.monotonic()
    for connection in connections:
        connection.send(request)
    seen: Counter[int] = Counter()
    for connection in connections:
        reply = connection.read_reply()
        seen[reply.status] += 1
        if reply.status == 429:
            assert MINUTE_S - (time.monotonic() - began) <= assert_limited(reply) <= MINUTE_S
        else:
            assert_accepted(reply)
    return seen
