"""Requests of real clients, byte for byte as they were recorded on the wire."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.contract.shape import assert_accepted, assert_reply_shape
from tests.support.http import Header, Reply, exchange, request_bytes
from tests.support.project import Project, create_project
from tests.support.server import RunningServer

RECORDED = Path(__file__).parent / "data" / "recorded_requests.jsonl"
REQUESTS: list[dict[str, Any]] = [json.loads(line) for line in RECORDED.read_text().splitlines()]
IDS = [f"{number}-{request['client']}" for number, request in enumerate(REQUESTS)]


def replay(project: Project, recorded: dict[str, Any]) -> Reply:
    """Send a recorded request with the project's token filled in."""
    headers: list[Header] = [
        (name, value.replace("{token}", project.token)) for name, value in recorded["headers"].items()
    ]
    request = request_bytes(recorded["method"], recorded["target"], headers, recorded["body"].encode())
    return exchange(project.server.address, request)


def sent_arguments(recorded: dict[str, Any]) -> dict[str, Any]:
    """Read the arguments of a recorded request."""
    if recorded["body"].startswith("{"):
        arguments: dict[str, Any] = json.loads(recorded["body"])
        return arguments
    return {name: values[-1] for name, values in parse_qs(recorded["body"]).items()}


@pytest.mark.parametrize("recorded", REQUESTS, ids=IDS)
def test_a_recorded_request_gets_the_answer_it_expects(roomy: Project, recorded: dict[str, Any]) -> None:
    reply = replay(roomy, recorded)
    assert_reply_shape(reply)
    assert reply.status == recorded["expect"]["status"]
    if reply.status == 200:
        assert_accepted(reply)


def test_what_the_recorded_requests_say_is_stored(server: RunningServer) -> None:
    project = create_project(server)
    for recorded in REQUESTS:
        assert_accepted(replay(project, recorded))
    events = project.events()
    assert len(events) == len(REQUESTS)
    for event, sent in zip(events, map(sent_arguments, REQUESTS), strict=True):
        assert event["name"] == sent["name"]
        assert event["email"] == sent.get("email")
        assert event["github_username"] == sent.get("github_username")
        assert event["is_test"] is (sent.get("test_data") == "true")
        metadata = sent.get("metadata")
        metadata = json.loads(metadata) if isinstance(metadata, str) else metadata
        stored = None if event["metadata"] is None else json.loads(event["metadata"])
        assert stored == metadata


def test_what_a_client_sends_for_nobody_is_stored_unattributed(server: RunningServer) -> None:
    project = create_project(server)
    for recorded in REQUESTS:
        assert_accepted(replay(project, recorded))
    nobody = [event for event in project.events() if event["email"] == "unknown"]
    assert nobody
    assert {event["person"] for event in nobody} == {None}
