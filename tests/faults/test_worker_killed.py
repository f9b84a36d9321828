"""A worker dies at any step between claim and mark: does the person still get one invitation?"""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa

from afterword.domain.event import Event
from afterword.domain.invitation import InvitationState
from afterword.flows.ingest.track_event import Outcome
from afterword.kit.clock import SystemClock, to_datetime
from afterword.storage import decisions, invitations
from afterword.storage.engine import Database
from afterword.storage.tables import event, job
from tests.faults import counts
from tests.faults.conservation import check_conservation
from tests.faults.server import open_beside
from tests.flows.door import opened_door, submission
from tests.storage.support import FakeClock
from tests.support.postgres import Databases
from tests.support.project import import_people
from tests.support.server import RunningServer, ServerError, free_port
from tests.support.smtp import MailServer

DIES_AT = Path(__file__).resolve().parents[1] / "support" / "dies_at"
"""On a process's import path it lets the worker die at a step; see the file in it."""
DIED_CODE = 77
"""How such a process ends."""

STEPS = {
    "claimed 1": 1,
    "invited, not committed 1": 1,
    "settled, not committed 1": 1,
    "decided 1": 1,
    "claimed 2": 1,
    "state set, not committed 1": 1,
    "marked as sending 1": 1,
    "sent 1": 2,
    "state set, not committed 2": 2,
    "marked as sent 1": 1,
    "finished, not committed 1": 1,
    "finished 1": 1,
}
"""
Where it dies, the second time for the job that sends → how many mails go out.

Between the mail server's word and our mark nobody can know: the mail goes out
once more, with the same Message-ID and the same link.
"""

SURVEY = """\
survey: build-cli
project: Build CLI
title: How was your build?
trigger:
  events: [build.finished]
throttle:
  cooldown: 0s
  project_cooldown: 0s
  caps: {}
  max_open: 0
  backoff: false
  send_window: any
questions:
  - key: satisfaction
    type: rating
    text: How satisfied are you?
"""
POLICY = "policy: organisation\nthrottle: {global_cooldown: 0s}\n"
BASE_URL = "https://afterword.example"


def address(step: str) -> str:
    """Whom the step's event is about."""
    return f"p{list(STEPS).index(step)}@example.com"


@pytest.fixture(scope="module")
def mail_server() -> Iterator[MailServer]:
    """Keeps what goes out."""
    with MailServer() as running:
        yield running


@pytest.fixture(scope="module")
def commands(
    database_kind: str,
    databases: Databases,
    mail_server: MailServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningServer]:
    """An installation with a published survey; its server is started by ``work`` alone."""
    folder, url = tmp_path_factory.mktemp("worker"), databases.make(database_kind)
    environment = {"AFTERWORD_SMTP_URL": mail_server.url, "AFTERWORD_BASE_URL": BASE_URL}
    installed = RunningServer(folder / "data", url, environment=environment, python_path=(DIES_AT,))
    try:
        if url:
            installed.cli("migrate")
        installed.cli("project", "create", "Build CLI")
        people = "\n".join(f"{address(step)},P" for step in STEPS)
        import_people(installed, folder, f"email,name\n{people}\n")
        (folder / "policy.yaml").write_text(POLICY)
        installed.cli("policy", "apply", str(folder / "policy.yaml"))
        (folder / "survey.yaml").write_text(SURVEY)
        installed.cli("survey", "apply", str(folder / "survey.yaml"))
        installed.cli("survey", "publish", "build-cli")
        yield installed
    finally:
        installed.__exit__(None, None, None)


def work(commands: RunningServer, until: str) -> None:
    """Run a server with its worker until it dies at a step."""
    with pytest.raises(ServerError, match=f"ended with {DIED_CODE}:"):
        commands.cli("serve", "--port", str(free_port()), environment={"TESTS_DIE_AT": until})


def track(database: Database, email: str) -> int:
    """Take an event that the survey listens to; its id."""
    now_us = SystemClock().now_us()
    happened = Event("build.finished", now_us, email, None, None, None, is_test=False)
    with opened_door(database, FakeClock(now_us)) as door:
        assert door.outcomes(submission(event=happened, makes_work=True)) == [Outcome.ACCEPTED]
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.max(event.c.id))).scalar_one()


def end_leases(database: Database) -> None:
    """Let the time pass after which a dead worker's jobs are anybody's."""
    with database.write() as connection:
        connection.execute(sa.update(job).values(run_at=to_datetime(SystemClock().now_us())))


def answer_link(mail: EmailMessage) -> str:
    """Where the mail says that the survey is answered."""
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(rf"{BASE_URL}/answer/[^?\s]+", body.get_content())
    assert found is not None
    return found[0]


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_that_dies_leaves_one_invitation_one_link_and_at_most_one_mail_more(
    commands: RunningServer, mail_server: MailServer, step: str
) -> None:
    mail_server.mails.clear()
    with open_beside(commands) as database:
        event_id = track(database, address(step))
        work(commands, until=step)
        end_leases(database)
        work(commands, until="idle")
        with database.read() as connection:
            (invitation,) = invitations.list_for_event(connection, event_id)
            assert len(decisions.list_entries(connection, event_id)) == 1
            assert connection.execute(sa.select(job)).all() == []
        check_conservation(database)
    assert invitation.state is InvitationState.SENT
    mails = mail_server.mails
    assert {mail["To"].addresses[0].addr_spec for mail in mails} == {address(step)}
    assert len(mails) == STEPS[step]
    assert len({mail["Message-ID"] for mail in mails}) == 1
    assert len({answer_link(mail) for mail in mails}) == 1
    counts.note("workers killed between claim and mark")
