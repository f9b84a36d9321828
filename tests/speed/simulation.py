"""How long does it take to simulate a survey over many events, and with how much memory? Measured apart."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import yaml

from afterword.flows.manage_projects import create_project
from afterword.flows.simulator.simulate_survey import simulate_survey
from afterword.flows.simulator.simulation import Wanted
from afterword.flows.surveys.manage_surveys import apply_survey, publish_survey
from afterword.flows.surveys.survey_definition import SurveyFile, parse_survey_file
from afterword.kit.clock import SystemClock, to_us
from afterword.storage import event_batch
from afterword.storage.engine import Database
from afterword.storage.event_batch import NewEvent
from afterword.storage.open import open_database
from afterword.storage.schema import migrate
from afterword.storage.tables import person
from tests.speed.people import peak_mb

EVENTS = 100_000
PEOPLE = 5_000
DAYS = 29
EVENTS_AT_ONCE = 10_000
TRIES = 2
RUNS = ("alone", "beside another", "against live")

NOTE = (
    f"{EVENTS:,} events of {PEOPLE:,} people in {DAYS} days, all heard by the simulated survey: alone, "
    "with another live survey beside it, and compared with its own live version, which makes two worlds with "
    "two surveys each. The processor's seconds, the shorter of two tries; and the peak of the whole process."
)


def make_survey(key: str, **throttle: object) -> SurveyFile:
    """A survey that hears every event."""
    document = {
        "survey": key,
        "project": "Build CLI",
        "title": "How was your build?",
        "trigger": {"events": ["build.*"], "where": {"path": "duration_s", "gte": 5}},
        "throttle": throttle,
        "questions": [{"key": "satisfaction", "type": "rating", "text": "How satisfied are you?"}],
    }
    return parse_survey_file(yaml.safe_dump(document), f"{key}.yaml")


def make_history(database: Database, events: int) -> None:
    """People, and events of theirs."""
    now = datetime.now(UTC)
    with database.write() as connection:
        rows = [
            {
                "id": number,
                "email": f"person{number}@example.com",
                "name": f"Person {number}",
                "timezone": "Europe/Berlin",
                "created_at": now - timedelta(days=400),
            }
            for number in range(1, PEOPLE + 1)
        ]
        connection.execute(sa.insert(person), rows)
    first_us = to_us(now) - DAYS * 86_400_000_000
    for first in range(0, events, EVENTS_AT_ONCE):
        with database.write() as connection:
            event_batch.write(
                connection,
                [
                    _event(number, first_us + number * DAYS * 86_400_000_000 // events)
                    for number in range(first, min(first + EVENTS_AT_ONCE, events))
                ],
            )


def _event(number: int, at_us: int) -> NewEvent:
    who = number * 7_919 % PEOPLE + 1
    return NewEvent(
        project_id=1,
        number=number + 1,
        counted_at=at_us,
        received_at=at_us,
        occurred_at=at_us - 2_000_000,
        name="build.finished",
        email=f"person{who}@example.com",
        github_username=None,
        gitlab_username=None,
        metadata=json.dumps(
            {"outcome": "failed" if number % 3 else "ok", "duration_s": number % 60, "job": "unit"}
        ),
        is_test=False,
        person_id=who,
    )


def measure(folder: Path, events: int, url: str | None = None) -> dict[str, float]:
    """Seconds of the processor of each run, and the process's peak in MB while it simulates one survey."""
    command = [
        sys.executable,
        "-m",
        "tests.speed.simulation",
        str(folder),
        str(events),
        *([url] if url else []),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def table(folder: Path, url: str) -> list[str]:
    """The table in Markdown."""
    lines = [f"| {EVENTS:,} events | {' s | '.join(RUNS)} s | peak MB |", "|---|--:|--:|--:|--:|"]
    for name, where in (("SQLite", None), ("PostgreSQL", url)):
        found = measure(folder, EVENTS, where)
        cells = [f"{found[run]:.1f}" for run in RUNS]
        lines.append(f"| {name} | {' | '.join(cells)} | {found['peak_mb']:.0f} |")
    return lines


def _run(folder: Path, events: int, url: str | None) -> dict[str, float]:
    database, clock = open_database(url, folder / "simulation.db"), SystemClock()
    migrate(database)
    create_project(database, clock, "Build CLI")
    make_history(database, events)
    found = {}
    for run in RUNS:
        key = {"beside another": "other", "against live": "builds"}.get(run)
        if key is not None:
            apply_survey(database, clock, make_survey(key), dry_run=False)
            publish_survey(database, clock, key)
        tries = [_simulate(database, clock, events, against_live=run == "against live") for _ in range(TRIES)]
        found[run] = min(tries)
        if run == RUNS[0]:
            found["peak_mb"] = peak_mb()
    database.close()
    return found


def _simulate(database: Database, clock: SystemClock, events: int, *, against_live: bool) -> float:
    wanted = [Wanted("draft", make_survey("builds"))]
    began = time.process_time()
    # Without a rate it would be guessed, and all be simulated three times.
    done = simulate_survey(
        database,
        clock,
        wanted,
        since=timedelta(days=30),
        against_live=against_live,
        response_rate=0.3,
    )
    if done.events != events or not done.versions[0].forecast.invitations:
        raise RuntimeError(f"{done.events} events were simulated, or nobody was asked")
    return time.process_time() - began


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure once, and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("events", type=int)
    parser.add_argument("url", nargs="?")
    chosen = parser.parse_args(arguments)
    print(json.dumps(_run(chosen.folder, chosen.events, chosen.url)))


if __name__ == "__main__":
    main()
