"""Visible to the project's owners: what was refused or odd is kept, redacted and capped."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contract.cases import ABSENT, as_form, as_json, pick
from tests.contract.conftest import SteppingServer
from tests.contract.shape import assert_accepted, assert_limited, assert_refused
from tests.support.project import CHANGES_SEEN_S, FORM, Project, ProjectPool, create_project, create_projects
from tests.support.server import RunningServer

SECRET = "swordfish-4711"
FLOOD = 25
FIELDS_EACH = 90
ROWS_MAX = 500
DAY_S = 86_400
FORGOTTEN_S_MAX = 10
KEYS = {"kind", "code", "message", "count", "first_at", "last_at"}


@pytest.fixture(scope="module")
def seen(server: RunningServer) -> tuple[Project, list[dict[str, Any]]]:
    """A project with a known history of refusals and warnings, and what its owners see of it."""
    project = create_project(server)
    for _ in range(3):
        project.post(as_json(name=ABSENT, email=f"{SECRET}@example.com"))
    project.post(as_json(timestamp="soon"))
    project.post(as_form(name=SECRET), "text/plain")
    project.post(as_form(name=SECRET, timestamp=ABSENT), FORM)
    project.post(as_json(metadata={"secret": SECRET * 100}))
    project.post(f'{{"{SECRET}'.encode())
    for _ in range(2):
        assert_accepted(project.post(as_json(properties={"secret": SECRET}, event_type="x")))
    assert_accepted(project.post(as_json(email="nobody@example.com")))
    assert_accepted(project.post(as_json(email="unknown")))
    assert_accepted(project.post(as_json(github_username="bob-gh")))
    assert_accepted(project.post(as_json(email=ABSENT, github_username="x[bot]")))
    time.sleep(CHANGES_SEEN_S)
    return project, project.rejects()


def test_each_row_says_what_and_when_and_how_often(seen: tuple[Project, list[dict[str, Any]]]) -> None:
    _, rows = seen
    now = datetime.now(UTC).timestamp()
    for row in rows:
        assert set(row) >= KEYS, row
        assert row["kind"] in ("refused", "warning")
        assert isinstance(row["message"], str)
        assert row["message"].strip()
        assert isinstance(row["count"], int)
        assert row["count"] >= 1
        first, last = (datetime.fromisoformat(row[name]).timestamp() for name in ("first_at", "last_at"))
        assert now - 600 < first <= last <= now + 1


@pytest.mark.parametrize(
    ("code", "count"), [("invalid_arguments", 5), ("invalid_form_data", 2), ("metadata_too_large", 1)]
)
def test_refused_requests_are_kept_with_their_code_and_counted(
    seen: tuple[Project, list[dict[str, Any]]], code: str, count: int
) -> None:
    rows = pick(seen[1], kind="refused", code=code)
    assert sum(row["count"] for row in rows) == count


def test_the_same_mistake_is_one_row_with_a_count(seen: tuple[Project, list[dict[str, Any]]]) -> None:
    rows = [
        row for row in pick(seen[1], kind="refused", code="invalid_arguments") if "name" in row["message"]
    ]
    assert [row["count"] for row in rows] == [3]


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("unresolved_identity", 1),
        ("junk_identity", 1),
        ("identity_conflict", 1),
        ("bot_identity", 1),
    ],
)
def test_warnings_are_kept_and_counted(
    seen: tuple[Project, list[dict[str, Any]]], code: str, count: int
) -> None:
    assert sum(row["count"] for row in pick(seen[1], kind="warning", code=code)) == count


def test_unknown_fields_are_ignored_and_counted_as_a_warning(
    seen: tuple[Project, list[dict[str, Any]]],
) -> None:
    rows = pick(seen[1], kind="warning", code="unknown_field")
    assert rows
    assert max(row["count"] for row in rows) == 2


def test_nothing_that_was_sent_is_repeated(seen: tuple[Project, list[dict[str, Any]]]) -> None:
    project, rows = seen
    told = json.dumps(rows)
    assert SECRET not in told
    assert project.token not in told


def test_the_token_and_the_body_are_not_in_the_log(seen: tuple[Project, list[dict[str, Any]]]) -> None:
    project, _ = seen
    log = project.server.log()
    assert SECRET not in log
    assert project.token not in log


@dataclass(frozen=True)
class Owned:
    """Projects of different owners, each with a history, seen once all of it must be visible."""

    clean: list[dict[str, Any]]
    limited: list[dict[str, Any]]
    wrong: list[dict[str, Any]]
    flooded: list[dict[str, Any]]


@pytest.fixture(scope="module")
def owned(server: RunningServer, pool: ProjectPool) -> Owned:
    """The histories of four projects, and what each owner sees."""
    clean, wrong, flooded = create_projects(server, 3)
    limited = pool.take(events_per_minute=1)
    assert_accepted(clean.post(as_json()))
    assert_refused(wrong.post(b"{"), 422, "invalid_arguments")
    assert_accepted(limited.post(as_json()))
    for _ in range(4):
        assert_limited(limited.post(as_json()))
    assert_refused(limited.post(b"{"), 422, "invalid_arguments")
    for batch in range(FLOOD):
        fields = {f"field_{batch}_{number}": 1 for number in range(FIELDS_EACH)}
        assert_accepted(flooded.post(as_json(**fields)))
    time.sleep(CHANGES_SEEN_S)
    return Owned(clean.rejects(), limited.rejects(), wrong.rejects(), flooded.rejects())


def test_a_limited_request_is_seen_with_the_next_refused_one(owned: Owned) -> None:
    """A storm of 429s writes nothing to disk, so their count waits for another reason to write."""
    rows = pick(owned.limited, kind="refused", code="too_many_requests")
    assert sum(row["count"] for row in rows) == 4


def test_a_project_without_mistakes_has_no_rows(owned: Owned) -> None:
    assert owned.clean == []


def test_one_projects_rows_are_not_anothers(owned: Owned) -> None:
    assert [(row["code"], row["count"]) for row in owned.wrong] == [("invalid_arguments", 1)]


def test_the_rows_of_a_project_are_capped(owned: Owned) -> None:
    """Two thousand different mistakes don't fill the disk."""
    assert 0 < len(owned.flooded) <= ROWS_MAX


def test_rows_survive_a_restart(own_server: RunningServer) -> None:
    project = create_project(own_server)
    assert_refused(project.post(b"{"), 422, "invalid_arguments")
    own_server.restart()
    assert [row["code"] for row in project.rejects()] == ["invalid_arguments"]


def test_rows_are_kept_for_7_days_and_no_longer(stepping: SteppingServer) -> None:
    project = create_project(stepping.server)
    assert_refused(project.post(b"{"), 422, "invalid_arguments")
    began = stepping.step_s
    stepping.restart(step_s=began + int(6.9 * DAY_S))
    time.sleep(CHANGES_SEEN_S)
    assert len(project.rejects()) == 1
    stepping.restart(step_s=began + int(7.1 * DAY_S))
    deadline = time.monotonic() + FORGOTTEN_S_MAX
    while project.rejects() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert project.rejects() == []
