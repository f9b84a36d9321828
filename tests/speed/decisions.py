"""How many events a second does a worker decide, with its ledger? Measured in processes of their own."""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import yaml

from afterword.domain.person import PersonRecord
from afterword.domain.source import Source
from afterword.flows import outbox
from afterword.flows.evaluate_events import evaluate_events
from afterword.flows.job_kinds import JobKind
from afterword.flows.manage_projects import create_project
from afterword.flows.manage_surveys import apply_survey, publish_survey
from afterword.flows.save_people import save_people
from afterword.flows.survey_definition import parse_survey_file
from afterword.flows.tombstones import Tombstones
from afterword.kit.clock import SECOND_US, SystemClock
from afterword.kit.signing import Signer
from afterword.storage import event_batch
from afterword.storage.engine import Database
from afterword.storage.event_batch import NewEvent
from afterword.storage.open import open_database
from afterword.storage.schema import migrate
from afterword.worker.loop import DECISIONS_AT_ONCE_MAX

EVENTS = 40_000
PEOPLE = 5_000
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
