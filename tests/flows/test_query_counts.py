"""Does the number of SQL statements stay the same, however many rows there are?"""

from collections.abc import Callable

import pytest

from afterword.flows.build_report import build_report
from afterword.flows.ingest.directory import load_snapshot
from afterword.flows.invitations.person_page import open_history, open_overview
from afterword.flows.invitations.submit_response import submit_response
from afterword.flows.job_kinds import JobKind
from afterword.flows.manage_projects import create_project, list_projects, rotate_token
from afterword.flows.outbox import claim
from afterword.flows.people.find_people import list_people
from afterword.flows.read_totals import TotalsReader
from afterword.flows.surveys.manage_surveys import list_phases, list_surveys
from afterword.flows.throttle.explain_event import explain_event, list_events, list_notices
from afterword.flows.throttle.preferences import read_settings
from afterword.storage import notices
from afterword.storage.notices import Notice
from tests.flows.world import EAGER, World
from tests.storage.support import DAY, count_statements

READS: dict[str, Callable[[World], object]] = {
    "events": lambda world: list_events(world.database, None, limit=100),
    "a project's events": lambda world: list_events(world.database, "Build CLI", limit=100),
    "an event": lambda world: explain_event(world.database, 1),
    "surveys": lambda world: list_surveys(world.database),
    "surveys with their phases": lambda world: list_phases(world.database, world.clock),
    "report": lambda world: build_report(world.database, world.clock, "first"),
    "people": lambda world: list_people(world.database, matching="", limit=100),
    "projects": lambda world: list_projects(world.database),
    "notices": lambda world: list_notices(world.database, "Build CLI"),
    "directory": lambda world: load_snapshot(world.database),
    "totals": lambda world: TotalsReader(world.database, world.clock).read(),
    "what is known about a person": lambda world: open_overview(world.database, world.guest("bob@")),
    "what a person was asked": lambda world: open_history(
        world.database, world.links, world.guest("bob@"), asked=True, before=None
    ),
    "what a person was not asked": lambda world: open_history(
        world.database, world.links, world.guest("bob@"), asked=False, before=None
    ),
    "what a person wants": lambda world: read_settings(world.database, world.guest("bob@")),
    "claim": lambda world: claim(world.database, world.clock, JobKind.EVALUATE_EVENT, limit=20),
    "resolve and decide": lambda world: world.evaluate(world.add_event(email="nobody@example.com")),
}


def grow(world: World, size: int) -> None:
    """Rows of every kind."""
    for index in range(size):
        key = f"survey-{world.clock.now_us()}-{index}"
        world.add_survey(key, trigger={"events": ["deploy.finished"]}, throttle=EAGER)
        other = create_project(world.database, world.clock, f"Project {key}")
        rotate_token(world.database, world.clock, other.name, overlap=DAY)
        invitation = world.invite(email=("alice", "bob", "charlie")[index % 3] + "@example.com")
        fields = {"satisfaction": ["4"], "comment": ["Fine"]}
        submit_response(world.database, world.clock, world.ticket(invitation), fields)
        now = world.clock.now
        with world.database.write() as connection:
            notices.add_notices(connection, [Notice(world.project_id, "refused", "a", key, 1, now, now)])
        world.clock.advance(1)


@pytest.mark.parametrize("name", READS)
def test_a_read_takes_as_many_statements_for_many_rows_as_for_few(world: World, name: str) -> None:
    world.add_survey("first", throttle=EAGER)
    counts = []
    for size in (1, 8):
        grow(world, size)
        with count_statements() as statements:
            READS[name](world)
        counts.append(len(statements))
    assert counts[0] == counts[1] > 0
