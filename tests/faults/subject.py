"""What is a fault done to? A real server under load, whose every answer is remembered."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from afterword.flows.upkeep.check_conservation import Conservation
from tests.faults.load import (
    ADDRESS,
    ASKING_NAME,
    PEOPLE,
    Load,
    Sent,
    assert_nothing_lost,
    unlimited_project,
)
from tests.faults.server import open_beside
from tests.support.http import Header, Reply, exchange, request_bytes
from tests.support.project import CHANGES_SEEN_S, Project
from tests.support.server import RunningServer, ServerError, free_port

SURVEY = """\
survey: load
project: {project}
title: How was it?
trigger:
  events: [{event}]
throttle:
  cooldown: 0s
  project_cooldown: 0s
  caps: {{}}
  max_open: 0
  backoff: false
  send_window: any
questions:
  - key: satisfaction
    type: rating
    text: How satisfied are you?
"""
POLICY = "policy: organisation\nthrottle: {global_cooldown: 0s}\n"


class Subject:
    """
    A server with one project.

    Attributes:
        sent: All that was ever sent to it, with the answers.
    """

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.project: Project = unlimited_project(server)
        self.sent = Sent()

    @contextmanager
    def load(self) -> Iterator[Load]:
        """Send events meanwhile, and remember the answers."""
        load = Load([self.project])
        try:
            with load:
                yield load
        finally:
            self.sent.add(load.sent)

    def assert_nothing_lost(self, *, unavailable_may_be_stored: bool = False) -> Conservation:
        """Exactly what was acknowledged is stored, the law holds, and the log has no traceback."""
        with open_beside(self.server) as database:
            law = assert_nothing_lost(
                database, self.sent, unavailable_may_be_stored=unavailable_may_be_stored
            )
        assert "Traceback" not in self.server.log(), self.server.log()
        return law

    def ask_everybody(self) -> None:
        """Import the people whom the load names, and publish a survey that asks them again and again."""
        people, survey = self.server.data / "people.csv", self.server.data / "survey.yaml"
        people.write_text("\n".join(["email,name", *(f"{ADDRESS.format(n)},P{n}" for n in range(PEOPLE))]))
        survey.write_text(SURVEY.format(project=self.project.name, event=ASKING_NAME))
        self.server.cli("people", "import", str(people))
        policy = self.server.data / "policy.yaml"
        policy.write_text(POLICY)
        self.server.cli("policy", "apply", str(policy))
        self.server.cli("survey", "apply", str(survey))
        self.server.cli("survey", "publish", "load")
        time.sleep(CHANGES_SEEN_S)

    def count_mails(self) -> int:
        """How many mails are in the mailbox."""
        return len(list((self.server.data / "mailbox").glob("*.eml")))

    def get(self, path: str, headers: tuple[Header, ...] = ()) -> Reply:
        """Ask for a page."""
        return exchange(self.server.address, request_bytes("GET", path, headers))

    def trouble(self) -> str | None:
        """What ``/readyz`` says is wrong; None when the server is ready."""
        reply = self.get("/readyz")
        found: dict[str, str] = json.loads(reply.body)
        assert (reply.status == 200) == ("error" not in found), reply
        return found.get("error")


def assert_start_refused(commands: RunningServer, data: Path, *words: str) -> None:
    """
    A server on these data does not start, and says why in its last line.

    Args:
        commands: Lends the process that runs commands without waiting for Python.
    """
    with pytest.raises(ServerError) as raised:
        commands.cli("serve", "--port", str(free_port()), environment={"AFTERWORD_DATA": str(data)})
    said = str(raised.value)
    assert "ended with 1:" in said
    assert said.rstrip().splitlines()[-1].startswith("Error: "), said
    for word in words:
        assert word in said, said
    assert "Traceback" not in said, said
