"""Does a backup of a busy server become a server that has everything, and whose links still work?"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from afterword.flows.upkeep.check_conservation import check_conservation
from afterword.storage.open import open_database
from tests.support.http import exchange, request_bytes
from tests.support.postgres import Databases
from tests.support.project import CHANGES_SEEN_S, Project, create_project, import_people
from tests.support.server import RunningServer

SURVEY = """\
survey: drill
project: {project}
title: How was your build?
trigger: {{events: [build.finished]}}
throttle: {{send_window: any}}
questions:
  - {{key: satisfaction, type: rating, text: "How satisfied are you?"}}
"""
BEFORE = 20
"""Events that are acknowledged before the backup begins."""

WAIT_S_MAX = 20.0


@pytest.fixture
def restored_url(database_kind: str, databases: Databases) -> Iterator[str | None]:
    """Another database of the same kind."""
    url = databases.make(database_kind)
    yield url
    databases.drop(url)


class Load:
    """Sends events one after the other, in a thread, and remembers what was acknowledged."""

    def __init__(self, project: Project) -> None:
        self.acknowledged: list[str] = []
        self._project = project
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _send(self) -> None:
        while not self._stop.is_set():
            name = f"event-{len(self.acknowledged)}"
            assert self._project.track({"name": name, **who()}).status == 200
            self.acknowledged.append(name)

    def wait_for(self, count: int) -> None:
        """Wait until so many were acknowledged."""
        wait_until(lambda: len(self.acknowledged) >= count)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for something that can be seen."""
    deadline = time.monotonic() + WAIT_S_MAX
    while not is_so():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def answer_link(data: Path) -> str:
    """The path of the link in the one mail of a mailbox."""
    (mail,) = (data / "mailbox").glob("*.eml")
    found = re.search(r"http://[^/]+(/answer/[\w.=-]+)", mail.read_text().replace("=\n", ""))
    assert found is not None
    return found[1]


def test_a_backup_of_a_busy_server_becomes_a_server(
    tmp_path: Path, database_url: str | None, restored_url: str | None
) -> None:
    file = tmp_path / "drill.backup"
    with RunningServer(tmp_path / "data", database_url) as server:
        project = set_up(server, tmp_path)
        ask(project)
        with Load(project) as load:
            load.wait_for(BEFORE)
            acknowledged = list(load.acknowledged)
            server.cli("backup", str(file))
            load.wait_for(len(load.acknowledged) + 1)

    restored = RunningServer(tmp_path / "restored", restored_url)
    restored.cli("restore", str(file))
    database = open_database(restored_url, tmp_path / "restored" / "afterword.db")
    with restored:
        there = {event["name"] for event in project.on(restored).events()}
        assert set(acknowledged) <= there, "what was acknowledged before the backup began is missing"
        assert check_conservation(database).violations == ()
        link = answer_link(tmp_path / "restored")
        assert exchange(restored.address, request_bytes("GET", link)).status == 200
        form = [("Content-Type", "application/x-www-form-urlencoded")]
        answered = exchange(restored.address, request_bytes("POST", link, form, b"satisfaction=4"))
        assert answered.status == 303
        assert project.on(restored).track({"name": "after", **who()}).status == 200, "the token works"
    found = check_conservation(database)
    database.close()
    assert (found.violations, found.responses) == ((), 1)
    assert found.stored == len(there) + 1


def set_up(server: RunningServer, folder: Path) -> Project:
    """A project without limits to speak of, Ana, and a live survey."""
    project = create_project(server, events_per_minute=1_000_000, events_per_day=1_000_000)
    import_people(server, folder, "email,name\nana@example.com,Ana\n")
    (folder / "survey.yaml").write_text(SURVEY.format(project=project.name))
    server.cli("survey", "apply", str(folder / "survey.yaml"))
    server.cli("survey", "publish", "drill")
    # The server has followed the project by then, too.
    time.sleep(CHANGES_SEEN_S)
    return project


def ask(project: Project) -> None:
    """Let Ana be asked, and wait until her mail is out."""
    assert project.track({"name": "build.finished", **who()}).status == 200
    wait_until(lambda: "sent" in project.server.cli("event", "explain", "1"))


def who() -> dict[str, str]:
    """The arguments that say that Ana did it, now."""
    return {"email": "ana@example.com", "timestamp": str(int(time.time()))}
