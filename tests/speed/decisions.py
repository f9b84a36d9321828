"""How many events a second does a worker decide, with its ledger? Measured in processes of their own."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
import yaml

from afterword.domain.people.person import PersonRecord
from afterword.domain.people.source import Source
from afterword.flows import outbox
from afterword.flows.job_kinds import JobKind
from afterword.flows.manage_projects import create_project
from afterword.flows.people.save_people import save_people
from afterword.flows.people.tombstones import Tombstones
from afterword.flows.surveys.manage_surveys import apply_survey, publish_survey
from afterword.flows.surveys.survey_definition import parse_survey_file
from afterword.flows.throttle.evaluate_events import evaluate_events
from afterword.kit.clock import SECOND_US, SystemClock
from afterword.kit.signing import Signer
from afterword.settings import DATABASE_FILE
from afterword.storage import event_batch
from afterword.storage.engine import Database
from afterword.storage.event_batch import NewEvent
from afterword.storage.open import open_database
from afterword.storage.schema import migrate
from afterword.storage.tables import decision, event
from afterword.worker.loop import DECISIONS_AT_ONCE_MAX
from tests.speed import load
from tests.speed.serve import PROJECTS, TOKENS_FILE
from tests.speed.servers import Server, running_afterword

EVENTS = 40_000
PEOPLE = 5_000
BODIES = 2_000
CONNECTIONS = 64
CATCH_UP_S = 3.0
"""How long the worker gets to decide what is left of a load."""
SURVEYS = (
    {"survey": "asks-some", "trigger": {"events": ["build.*"]}, "throttle": {"sampling": {"rate": 0.1}}},
    {
        "survey": "asks-failures",
        "trigger": {"events": ["build.finished"], "where": {"path": "outcome", "eq": "failed"}},
    },
)
NOTE = (
    f"{EVENTS:,} events of {PEOPLE:,} people, each heard by two surveys: claimed, decided, written "
    f"into the ledger and taken out of the outbox, {DECISIONS_AT_ONCE_MAX} in a transaction; no mail goes."
)


def make_data(database: Database) -> None:
    """People, two surveys that hear everything, and events that wait for their decision."""
    clock = SystemClock()
    migrate(database)
    project = create_project(database, clock, "Build CLI")
    records = [
        PersonRecord(where=str(number), emails=(f"p{number}@example.com",), name=f"Person {number}")
        for number in range(PEOPLE)
    ]
    save_people(database, clock, records, source=Source.HERE, tombstoned=Tombstones(Signer("k" * 32)))
    for survey in SURVEYS:
        text = yaml.safe_dump(
            {
                "project": "Build CLI",
                "title": "How was your build?",
                "questions": [{"key": "ease", "type": "rating", "text": "How easy was it?"}],
                **survey,
            }
        )
        apply_survey(database, clock, parse_survey_file(text, "survey.yaml"), dry_run=False)
        publish_survey(database, clock, str(survey["survey"]))
    now_us = clock.now_us()
    rows = [
        NewEvent(
            project_id=project.id,
            number=number + 1,
            counted_at=now_us,
            received_at=now_us + number,
            occurred_at=now_us - number % 60 * SECOND_US,
            name="build.finished",
            email=f"p{number * 7 % PEOPLE}@example.com",
            github_username=None,
            gitlab_username=None,
            metadata='{"outcome": "ok", "duration_s": 12, "repo": "org/service"}',
            is_test=False,
            person_id=None,
        )
        for number in range(EVENTS)
    ]
    for first in range(0, EVENTS, 500):
        with database.write() as connection:
            batch = rows[first : first + 500]
            event_batch.write(connection, batch, range(len(batch)), JobKind.EVALUATE_EVENT)


def decide_all(database: Database) -> int:
    """Work until nothing waits; how many jobs were done."""
    clock, done = SystemClock(), 0
    while claimed := outbox.claim(database, clock, JobKind.EVALUATE_EVENT, limit=DECISIONS_AT_ONCE_MAX):
        events = {job.subject_id for job in claimed}
        evaluate_events(database, clock, events, then=outbox.finishing(claimed))
        done += len(claimed)
    return done


def measure(folder: Path, url: str | None, workers: int) -> float:
    """Events a second, of all workers together."""
    path = folder / "decisions.db"
    database = open_database(url, path)
    make_data(database)
    database.close()
    command = [sys.executable, "-m", "tests.speed.decisions", str(path), *([url] if url else [])]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(workers)]
    found = [json.loads(process.communicate()[0]) for process in running]
    spent_s = max(one["ended"] for one in found) - min(one["began"] for one in found)
    return sum(one["done"] for one in found) / spent_s


def measure_lag(server: Server, requests: Path, url: str | None, seconds: float) -> tuple[float, list[float]]:
    """
    Load a server with a worker to about half of what it takes at most.

    Returns:
        The share of the most that was sent, and for each decided event the milliseconds from its receipt to
        its decision and reserved invitation, sorted.
    """
    peak = load.measure([server.port], server.pids, requests, seconds=seconds, connections=CONNECTIONS)
    time.sleep(CATCH_UP_S)
    # At its peak a connection waits this long for its answer: with as long a pause it sends half as much.
    pause_ms = round(CONNECTIONS / peak.rate * 1_000)
    assert server.data is not None
    database = open_database(url, server.data / DATABASE_FILE)
    newest = sa.select(sa.func.coalesce(sa.func.max(event.c.id), 0))
    with database.read() as connection:
        before = connection.execute(newest).scalar_one()
    half = load.measure(
        [server.port],
        server.pids,
        requests,
        seconds=seconds * 2,
        connections=CONNECTIONS,
        pause_ms=pause_ms,
    )
    time.sleep(CATCH_UP_S)
    lag_us = decision.c.decided_at - event.c.received_at
    statement = (
        sa.select(sa.type_coerce(lag_us, sa.BigInteger))
        .join_from(decision, event, event.c.id == decision.c.event_id)
        .where(event.c.id > before)
    )
    with database.read() as connection:
        lags = sorted(row[0] / 1_000 for row in connection.execute(statement))
    database.close()
    return half.rate / peak.rate, lags


def table(folder: Path, make_url: Callable[[], str], seconds: float) -> list[str]:
    """The tables in Markdown."""
    lines = ["| workers | events decided a second |", "|---|--:|"]
    for name, url, workers in (
        ("one, SQLite", None, 1),
        ("one, PostgreSQL", make_url(), 1),
        ("two, PostgreSQL", make_url(), 2),
    ):
        place = folder / f"decisions-{workers}-{url is None}"
        place.mkdir()
        lines.append(f"| {name} | {measure(place, url, workers):,.0f} |")
    lines += ["", "| server and worker in one process | load, share of the peak | p50 ms | p99 ms | events |"]
    lines.append("|---|--:|--:|--:|--:|")
    for name, url in (("SQLite", None), ("PostgreSQL", make_url())):
        with running_afterword(folder / f"lag-{name}", url, ["--worker"]) as server:
            assert server.data is not None
            tokens = (server.data / TOKENS_FILE).read_text().split()[:PROJECTS]
            bodies = [load.event_body(number) for number in range(BODIES)]
            requests = load.write_requests(folder / f"lag-{name}.requests", bodies, tokens)
            share, lags = measure_lag(server, requests, url, seconds)
        p50, p99 = (lags[int(len(lags) * part)] for part in (0.5, 0.99))
        lines.append(f"| {name} | {share:.2f} | {p50:.0f} | {p99:.0f} | {len(lags):,} |")
    return lines


def main() -> None:
    """Decide what waits in a database, and say how long it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("url", nargs="?")
    options = parser.parse_args()
    database = open_database(options.url, options.path)
    began = time.time()
    done = decide_all(database)
    print(json.dumps({"began": began, "ended": time.time(), "done": done, "cpu_s": time.process_time()}))


if __name__ == "__main__":
    main()
