"""An installation on SQLite, used by commands as a person types them."""

import asyncio
import contextlib
import io
import json
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from afterword.bootstrap import open_intake
from afterword.cli.main import main
from afterword.cli.open import open_app
from afterword.domain.event import parse_event
from afterword.domain.rate_limit import RateLimits
from afterword.flows.ingest.record_notices import NoticeKind
from afterword.flows.ingest.track_event import ACCEPTED, Answer, Submission
from afterword.flows.invitations.submit_response import submit_response
from afterword.flows.links import Ticket
from afterword.flows.manage_projects import get_project
from afterword.storage import invitations
from afterword.worker.loop import Worker

PROJECT = "Build CLI"
PEOPLE = "email,name,github_username,team\nana@example.com,Ana Souza,anasouza,Core\nben@example.com,Ben,,\n"
SURVEY = """\
survey: build-cli
project: Build CLI
title: How was your build?
trigger:
  events: [build.finished]
throttle:
  send_window: any
questions:
  - key: satisfaction
    type: rating
    text: How satisfied are you?
  - key: comment
    type: text
    text: What should we improve first?
"""


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What ``--json`` printed."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Installation:
    """
    A data directory; the environment of the test names it.

    Attributes:
        token: The project's; empty when there is no project.
    """

    folder: Path
    token: str = ""

    def run(self, *arguments: str, typed: str | bytes = "") -> Done:
        """Run one command; an exception that a person would see as a traceback is raised here."""
        # Bytes below, as of a terminal: some commands print files as they are.
        printed, err = io.BytesIO(), io.StringIO()
        out = io.TextIOWrapper(printed, encoding="utf-8", newline="", write_through=True)
        sent = typed if isinstance(typed, bytes) else typed.encode()
        with (
            mock.patch.object(sys, "argv", ["afterword", *arguments]),
            mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(sent))),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            warnings.catch_warnings(),
        ):
            # pygal's import hook is of an old kind; Python tells developers only.
            warnings.filterwarnings("ignore", "PluginImportFixer", ImportWarning)
            try:
                main()
                status = 0
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else int(end.code is not None)
        return Done(status, printed.getvalue().decode(), err.getvalue())

    def ok(self, *arguments: str, typed: str = "") -> str:
        """Run a command that has to work; what it printed."""
        done = self.run(*arguments, typed=typed)
        assert (done.status, done.err) == (0, ""), done
        return done.out

    def json(self, *arguments: str) -> Any:
        """Run a command with ``--json`` that has to work; what it printed."""
        return json.loads(self.ok(*arguments, "--json"))

    def error(self, *arguments: str, typed: str = "") -> str:
        """Run a command that has to refuse: one line on stderr, nothing on stdout, status 1."""
        done = self.run(*arguments, typed=typed)
        assert done.status == 1, done
        assert done.out == ""
        assert done.err.startswith("Error: ")
        assert done.err.count("\n") == 1, done.err
        assert done.err.endswith("\n")
        return done.err

    def usage_error(self, *arguments: str) -> str:
        """Run a command whose options make no sense: click's own words, status 2."""
        done = self.run(*arguments)
        assert done.status == 2, done
        assert done.out == ""
        assert "Traceback" not in done.err
        return done.err

    def file(self, name: str, text: str | bytes) -> str:
        """Write a file beside the data directory; its path."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def set_up(self) -> str:
        """Make a project with people and a live survey; the project's token."""
        token: str = self.json("project", "create", PROJECT)["token"]
        self.ok("people", "import", self.file("people.csv", PEOPLE))
        self.ok("survey", "apply", self.file("survey.yaml", SURVEY))
        self.ok("survey", "publish", "build-cli")
        return token

    def track(
        self, name: str = "build.finished", *, makes_work: bool | None = None, **arguments: Any
    ) -> None:
        """Take an event, as the server does; a survey listens to build.finished unless said otherwise."""

        async def take() -> None:
            with open_app() as parts:
                with parts.database.read() as connection:
                    project = get_project(connection, PROJECT)
                now_us = parts.clock.now_us()
                sent = {"email": "ana@example.com", "timestamp": str(now_us // 1_000_000)} | arguments
                event = parse_event(name=name, now_us=now_us, **sent)
                intake = open_intake(parts, on_work=lambda: None)
                person_id = intake.directory.resolve(event, project.id).person_id
                listens = name == "build.finished" if makes_work is None else makes_work
                submission = Submission(project.id, RateLimits(), event, person_id, makes_work=listens)
                answers: list[Answer] = []
                intake.intake.take(submission, answers.append)
                await intake.intake.drain()
                assert answers == [ACCEPTED]

        asyncio.run(take())

    def work(self) -> None:
        """Do what the worker has to do."""

        async def do() -> None:
            with open_app() as parts:
                worker = Worker(parts)
                while await worker.run_once():
                    pass

        asyncio.run(do())

    def answer(self, invitation_id: int, **texts: str) -> None:
        """Answer an invitation."""
        with open_app() as parts:
            fields = {key: [text] for key, text in texts.items()}
            with parts.database.read() as connection:
                invitation = invitations.get_invitation(connection, invitation_id)
            assert invitation is not None
            ticket = Ticket(invitation.id, invitation.message_id)
            _, answers = submit_response(parts.database, parts.clock, ticket, fields)
        assert answers is not None
        assert not answers.problems

    def notice(self, kind: NoticeKind, code: str, text: str) -> None:
        """Record that something was refused or odd."""

        async def record() -> None:
            with open_app() as parts:
                with parts.database.read() as connection:
                    project = get_project(connection, PROJECT)
                notices = open_intake(parts, on_work=lambda: None).notices
                notices.record(project.id, kind, code, text)
                await notices.flush()

        asyncio.run(record())
