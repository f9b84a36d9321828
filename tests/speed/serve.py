"""What runs in the benchmark? The product's own server on data made for it, without the worker."""

import argparse
import csv
import time
from pathlib import Path

import sqlalchemy as sa

from afterword.bootstrap import Parts, open_parts
from afterword.cli.open import only_server
from afterword.cli.serve import claim_port, run_server
from afterword.domain.event import METADATA_BYTES_DEFAULT
from afterword.domain.rate_limit import DAY_US, RateLimits
from afterword.domain.token import ALPHABET, RANDOM_CHARS, format_token, hash_token, hint
from afterword.flows.ingest import track_event
from afterword.flows.manage_projects import list_projects
from afterword.flows.provisioning.import_people import import_people
from afterword.flows.surveys.manage_surveys import apply_survey, publish_survey
from afterword.flows.surveys.survey_definition import parse_survey_file
from afterword.flows.upkeep.prepare_schema import migrate_schema
from afterword.kit.clock import to_datetime
from afterword.kit.ids import random_chars
from afterword.settings import DATABASE_FILE, load_settings
from afterword.storage import projects
from afterword.storage.engine import take_time
from afterword.storage.tables import project

PROJECTS = 200
LIMITED = 400
"""Projects for refusals: so many that none of them is a storm (web/storms.py), whose replies are held."""

EVENTS_PER_MINUTE = 12_000
EVENTS_PER_DAY = 1_000_000
"""So high that no project comes near them, so low that each event has an earlier one to be compared with."""

PEOPLE = 200
LISTENING_EVERY = 20
"""One project in so many has a live survey that listens, so that its events queue work."""

TOKENS_FILE = "tokens.txt"
SURVEY = """\
survey: {key}
project: {project}
title: How was your build?
trigger:
  events: [build.finished]
questions:
  - key: satisfaction
    type: rating
    text: How satisfied are you?
"""


def make_data(parts: Parts) -> None:
    """Make projects, people, and surveys for some projects."""
    database, clock, data = parts.database, parts.clock, parts.settings.data
    tokens = [format_token(random_chars(ALPHABET, RANDOM_CHARS)) for _ in range(PROJECTS + LIMITED)]
    roomy, narrow = RateLimits(EVENTS_PER_MINUTE, EVENTS_PER_DAY), RateLimits(1, 1)
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        for number, token in enumerate(tokens):
            # One event a day: they are at their limit after the first round.
            limits = roomy if number < PROJECTS else narrow
            project_id = projects.add_project(
                connection, f"Project {number}", limits=limits, metadata_bytes=METADATA_BYTES_DEFAULT, now=now
            )
            projects.add_token(
                connection, project_id, token_hash=hash_token(token), hint=hint(token), now=now
            )
    for number in range(0, PROJECTS, LISTENING_EVERY):
        key = f"survey-{number}"
        file = parse_survey_file(SURVEY.format(key=key, project=f"Project {number}"), "bench")
        apply_survey(database, clock, file, dry_run=False)
        publish_survey(database, clock, key)
    people = data / "people.csv"
    with people.open("w", newline="") as sheet:
        rows = csv.writer(sheet)
        rows.writerow(["email", "name"])
        rows.writerows([f"p{number}@example.com", f"Person {number}"] for number in range(PEOPLE))
    import_people(database, clock, parts.tombstones, people)
    (data / TOKENS_FILE).write_text("\n".join(tokens) + "\n")


FILL_DAYS = 30
_FILL_SQLITE = """
    WITH RECURSIVE counted(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < :events)
    INSERT INTO event
        (project_id, number, counted_at, received_at, occurred_at, name, email, metadata, is_test)
    SELECT 1 + n % :projects, 1 + n / :projects, :first_us + n * :step_us, :first_us + n * :step_us,
        :first_us + n * :step_us, 'build.finished', 'p' || n % 500 || '@example.com',
        '{"outcome":"ok","duration_s":"41","repo":"org/service-1","branch":"main"}', 0
    FROM counted
"""
_FILL_POSTGRES = (
    _FILL_SQLITE.replace(
        "WITH RECURSIVE counted(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < :events)",
        "",
    )
    .replace(
        "FROM counted", "FROM generate_series(CAST(0 AS bigint), CAST(:events AS bigint) - 1) AS counted(n)"
    )
    .replace("'p' || n % 500 ||", "'p' || (n % 500)::text ||")
    .replace(", 0\n", ", false\n")
)


def fill(parts: Parts, events: int) -> None:
    """Make events of the last FILL_DAYS, evenly, by the database's own means."""
    span_us = FILL_DAYS * DAY_US
    values = {
        "events": events,
        "projects": PROJECTS,
        "first_us": parts.clock.now_us() - span_us,
        "step_us": span_us // events,
    }
    statement = _FILL_POSTGRES if parts.database.is_postgres else _FILL_SQLITE
    with parts.database.write() as connection:
        if parts.database.is_postgres:
            take_time(connection)
        connection.execute(sa.text(statement), values)
        for number in range(PROJECTS):
            accepted = len(range(number, events, PROJECTS))
            connection.execute(
                sa.update(project).where(project.c.id == number + 1).values(events_accepted=accepted)
            )


def delay_commits(delay_s: float) -> None:
    """Let each commit take longer, as a disk does that is not this machine's."""

    @sa.event.listens_for(sa.Engine, "commit")
    def wait(connection: sa.Connection) -> None:
        time.sleep(delay_s)


def main() -> None:
    """Serve until told to stop; the tokens are in a file of the data directory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("data", type=Path)
    parser.add_argument("--database-url")
    parser.add_argument("--events", type=int, default=0, help="stored before the first start")
    parser.add_argument("--one-by-one", action="store_true", help="one transaction for each event")
    parser.add_argument("--commit-delay-ms", type=float, default=0.0)
    parser.add_argument("--worker", action="store_true", help="decide events, too")
    arguments = parser.parse_args()
    settings = load_settings(
        {}, data=arguments.data, database_url=arguments.database_url, port=arguments.port
    )
    if arguments.one_by_one:
        track_event.BATCH_EVENTS_MAX = 1
    if arguments.commit_delay_ms:
        delay_commits(arguments.commit_delay_ms / 1_000)
    parts = open_parts(settings)
    with only_server(parts), claim_port(parts) as listener:
        migrate_schema(parts.database, parts.clock, settings.data / DATABASE_FILE)
        if not list_projects(parts.database):
            make_data(parts)
            if arguments.events:
                fill(parts, arguments.events)
        run_server(parts, listener, with_worker=arguments.worker, on_ready=lambda: None)


if __name__ == "__main__":
    main()
