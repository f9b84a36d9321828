"""What does the server say to a file that is damaged, or that it may not write?"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from afterword.settings import DATABASE_FILE
from afterword.storage.sqlite import driver
from tests.faults.subject import Subject, assert_start_refused
from tests.support.server import RunningServer

PAGE_BYTES = 4_096


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that took some events and was stopped; each test gets a copy of its data."""
    with RunningServer(tmp_path_factory.mktemp("stopped") / "data") as server:
        subject = Subject(server)
        with subject.load() as load:
            load.wait_for(40)
        server.stop()
        yield server


@pytest.fixture
def data(stopped: RunningServer, tmp_path: Path) -> Path:
    """A copy of these data."""
    shutil.copytree(stopped.data, tmp_path / "data")
    return tmp_path / "data"


def damage(data: Path, table: str) -> None:
    """Overwrite a table's first page with what is no page."""
    connection = driver().connect(str(data / DATABASE_FILE))
    (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", [table]).fetchone()
    connection.close()
    overwrite(data, (page - 1) * PAGE_BYTES)


def overwrite(data: Path, offset: int) -> None:
    """Overwrite one page of the database's file."""
    with (data / DATABASE_FILE).open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * PAGE_BYTES)


def test_damage_that_is_met_under_way_ends_all_writing_and_is_said_once(data: Path) -> None:
    with RunningServer(data) as server:
        subject = Subject(server)
        track = subject.project.track
        event = {"name": "x", "email": "a@example.com", "timestamp": "1700000000"}
        assert track(event).status == 200
        damage(data, "idempotency")
        for number in range(3):
            assert track(event, [("Idempotency-Key", str(number))]).status == 503
            assert track(event).status == 503, "whatever is written now may make it worse"
        assert subject.trouble() == "database_damaged"
        assert subject.get("/surveys").status == 401, "pages are shown as before"
        assert server.log().count("database_damaged (") == 1, server.log()
        assert "restore a backup" in server.log()
        assert "Traceback" not in server.log(), server.log()
        assert len(server.log().splitlines()) < 8, "no storm of lines"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: overwrite(data, 0),
        lambda data: (data / DATABASE_FILE).write_text("These are my notes, and no database. " * 200),
        lambda data: os.truncate(data / DATABASE_FILE, PAGE_BYTES * 3),
        lambda data: damage(data, "event"),
        lambda data: damage(data, "project"),
        lambda data: damage(data, "project_token"),
    ],
    ids=["first page", "no database", "cut off", "events", "projects", "tokens"],
)
def test_a_damaged_file_is_refused_at_the_start(
    stopped: RunningServer, data: Path, spoil: Callable[[Path], object]
) -> None:
    spoil(data)
    assert_start_refused(stopped, data, "restore a backup")


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """Let nobody write there: root by a mount, for nothing else keeps it from writing."""
    if os.geteuid() != 0:
        modes = {path: path.stat().st_mode for path in (place, *place.rglob("*"))}
        for path, mode in modes.items():
            path.chmod(mode & ~0o222)
        try:
            yield
        finally:
            for path, mode in modes.items():
                path.chmod(mode)
        return
    if subprocess.run(["mount", "--bind", place, place], capture_output=True, check=False).returncode != 0:
        pytest.skip("root can write everything, and may not mount here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", place], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.parametrize("name", ["", DATABASE_FILE], ids=["directory", "file"])
def test_what_can_not_be_written_is_refused(stopped: RunningServer, data: Path, name: str) -> None:
    with read_only(data / name):
        assert_start_refused(stopped, data, f"Error: {data / name} can't be written", "AFTERWORD_DATA")
