"""The table of statuses and codes: each row, and the promise behind the 200."""

import os
import resource
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.contract.cases import as_form, as_json
from tests.contract.scenarios import Scenarios, TimedReply
from tests.contract.shape import assert_accepted, assert_refused, assert_unavailable
from tests.support.http import BadReplyError, Connection, exchange, request_bytes
from tests.support.postgres import Databases
from tests.support.project import FORM, JSON, PATH, Project, ProjectPool, create_project
from tests.support.server import RunningServer

HEADERS_S = 10
BODY_S = 15
LATE_S_MAX = 3
RECOVERY_S_MAX = 20
BODY_BYTES_MAX = 65_536


def test_an_accepted_event_is_answered_200_with_a_body_and_nothing_else(roomy: Project) -> None:
    reply = roomy.post(as_json())
    assert reply.status == 200
    assert reply.body
    assert_accepted(reply)


def test_an_acknowledged_event_survives_kill_9(own_server: RunningServer) -> None:
    project = create_project(own_server)
    for number in range(20):
        assert_accepted(project.post(as_json(name=f"before-the-kill-{number}")))
    own_server.kill()
    own_server.start()
    assert [event["name"] for event in project.events()] == [f"before-the-kill-{n}" for n in range(20)]


def test_an_acknowledged_event_is_visible_to_the_next_reader(project: Project) -> None:
    assert_accepted(project.post(as_json(name="at-once")))
    assert [event["name"] for event in project.events()] == ["at-once"]


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        pytest.param(b'{"name":', JSON, "invalid_arguments", id="json-unreadable"),
        pytest.param(b'{"name": "n"}', JSON, "invalid_arguments", id="argument-missing"),
        pytest.param(as_json(email=7), JSON, "invalid_arguments", id="argument-of-the-wrong-type"),
        pytest.param(as_json(timestamp="0"), JSON, "invalid_arguments", id="argument-out-of-range"),
        pytest.param(b"name=%zz", FORM, "invalid_form_data", id="form-unreadable"),
        pytest.param(b"", FORM, "invalid_form_data", id="form-empty"),
        pytest.param(as_json(), "text/html", "invalid_form_data", id="wrong-content-type"),
        pytest.param(b"name=n", FORM, "invalid_form_data", id="parameters-missing-in-a-form"),
        pytest.param(
            as_json(metadata={"a": "x" * 1024}), JSON, "metadata_too_large", id="metadata-too-large"
        ),
    ],
)
def test_a_row_of_the_table_answers_422(
    unstored: Project, body: bytes, content_type: str, error: str
) -> None:
    assert_refused(unstored.post(body, content_type), 422, error, sent=body)


def test_a_missing_content_type_is_invalid_form_data(unstored: Project) -> None:
    request = request_bytes("POST", PATH, [unstored.authorization], as_form())
    assert_refused(exchange(unstored.server.address, request), 422, "invalid_form_data", "Content-Type")


def test_a_body_of_exactly_64_kib_is_read(roomy: Project) -> None:
    assert_accepted(roomy.post(as_json().ljust(BODY_BYTES_MAX)))


def test_a_body_over_64_kib_is_413_metadata_too_large(unstored: Project) -> None:
    assert_refused(unstored.post(as_json().ljust(BODY_BYTES_MAX + 1)), 413, "metadata_too_large")


def test_the_rest_of_a_body_over_64_kib_is_not_read(unstored: Project) -> None:
    """The answer comes before one byte of the body was sent, and then the connection ends."""
    headers = [unstored.authorization, ("Content-Type", JSON), ("Content-Length", "500000000")]
    with Connection(unstored.server.address, timeout_s=5) as connection:
        connection.send(request_bytes("POST", PATH, headers))
        assert_refused(connection.read_reply(), 413, "metadata_too_large")
        assert connection.is_closed_by_server()


def test_an_endless_chunked_body_is_cut_off_with_413(unstored: Project) -> None:
    headers = [unstored.authorization, ("Content-Type", JSON), ("Transfer-Encoding", "chunked")]
    with Connection(unstored.server.address, timeout_s=5) as connection:
        connection.send(request_bytes("POST", PATH, headers))
        for _ in range(17):
            connection.send_what_is_taken(b"1000\r\n" + b" " * 4096 + b"\r\n")
        assert_refused(connection.read_reply(), 413, "metadata_too_large")


def test_a_wait_for_the_rate_limit_is_429_and_never_503(pool: ProjectPool) -> None:
    project = pool.take(events_per_minute=1)
    statuses = [project.post(as_json()).status for _ in range(4)]
    assert statuses == [200, 429, 429, 429]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
@pytest.mark.parametrize(
    ("name", "deadline_s"),
    [
        ("headers fall silent", HEADERS_S),
        ("headers trickle", HEADERS_S),
        ("body falls silent", BODY_S),
        ("body trickles", BODY_S),
    ],
)
def test_headers_over_10_s_and_bodies_over_15_s_are_408_and_closed(
    scenarios: Scenarios, kind: str, name: str, deadline_s: int
) -> None:
    timed: TimedReply = scenarios.result(kind, name)
    assert_refused(timed.reply, 408, "request_timeout")
    assert deadline_s - 0.5 <= timed.after_s <= deadline_s + LATE_S_MAX
    assert timed.closed


def test_a_store_that_is_away_is_503_and_comes_back_without_a_restart(
    database_kind: str, own_server: RunningServer, databases: Databases
) -> None:
    project = create_project(own_server)
    assert_accepted(project.post(as_json(name="before")))
    if database_kind == "postgres":
        assert own_server.database_url is not None
        databases.cluster.cut_off(own_server.database_url)
    else:
        forbid_growth(own_server)
    assert_unavailable(project.post(as_json(name="away")))
    if own_server.database_url is not None:
        databases.cluster.let_in(own_server.database_url)
    else:
        allow_growth(own_server)
    wait_until_accepted(project)
    assert "away" not in [event["name"] for event in project.events()]


def forbid_growth(server: RunningServer) -> None:
    """Let no file of the server grow any more, as a full disk does."""
    _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, hard))


def allow_growth(server: RunningServer) -> None:
    """End what forbid_growth began."""
    _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard, hard))


def wait_until_accepted(project: Project) -> None:
    """Send until one is taken; meanwhile only 503 is a good answer."""
    deadline = time.monotonic() + RECOVERY_S_MAX
    while (reply := project.post(as_json(name="after"))).status != 200:
        assert_unavailable(reply)
        assert time.monotonic() < deadline, "the store is back, but the server still answers 503"
        time.sleep(0.2)
    assert_accepted(reply)


def test_a_bug_is_500_with_its_details_only_in_the_log(tmp_path: Path) -> None:
    """The request id leads from the answer to the log; the server goes on."""
    with RunningServer(tmp_path / "data", planted_bug="one_event_raises") as server:
        project = create_project(server)
        reply = project.post(as_json(name="plant-the-bug"))
        assert_refused(reply, 500, "internal_error")
        detail = "the-planted-bug-was-hit"
        assert detail not in reply.body.decode()
        assert detail in server.log()
        assert (reply.header("X-Request-Id") or "no id") in server.log()
        assert_accepted(project.post(as_json(name="goes-on")))
        assert [event["name"] for event in project.events()] == ["goes-on"]


def test_a_request_caught_by_the_draining_is_answered_200_and_kept_or_503_and_not(
    own_server: RunningServer,
) -> None:
    """Never is it dropped without an answer; and the process ends with 0."""
    project = create_project(own_server)
    request = project.request(as_json(name="caught"))
    with Connection(own_server.address) as connection:
        connection.send(request[:-10])
        time.sleep(0.3)
        os.kill(own_server.pid, signal.SIGTERM)
        time.sleep(0.3)
        connection.send_what_is_taken(request[-10:])
        reply = connection.read_reply()
    assert own_server.wait_for_end() == 0
    stored = [event["name"] for event in project.events()]
    if reply.status == 200:
        assert_accepted(reply)
        assert stored == ["caught"]
    else:
        assert_unavailable(reply)
        assert stored == []


def test_a_draining_server_takes_no_new_event_silently(own_server: RunningServer) -> None:
    """While it drains, a new request gets 503 or no connection; none is stored unanswered."""
    project = create_project(own_server)
    accepted = 0
    with Connection(own_server.address) as held:
        held.send(project.request(as_json(name="held"))[:-1])
        time.sleep(0.3)
        own_server.terminate()
        for _ in range(10):
            with suppress(OSError, BadReplyError):
                reply = project.post(as_json(name="late"))
                accepted += reply.status == 200
                if reply.status != 200:
                    assert_unavailable(reply)
            time.sleep(0.02)
    own_server.wait_for_end()
    assert len([event for event in project.events() if event["name"] == "late"]) == accepted
