"""``afterword backup`` and ``afterword restore``: one file there and back, and one line for every mistake."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.installation import Installation
from tests.support.server import SOURCE

START_S_MAX = 30.0
POLL_S = 0.005


def elsewhere(home: Installation, monkeypatch: pytest.MonkeyPatch) -> Path:
    """From now on the settings name another data directory, which is not there yet."""
    monkeypatch.setenv("AFTERWORD_DATA", str(home.folder / "elsewhere"))
    return home.folder / "elsewhere"


def test_there_and_back(lively: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    lively.track()
    lively.work()
    explained = lively.ok("event", "explain", "last")
    file = str(lively.folder / "all.backup")
    done = lively.run("backup", file)
    assert done.status == 0
    assert done.out.startswith(f"{file}: 1 events, 0.")
    assert done.out.endswith(" MB, checked.\n")
    data = elsewhere(lively, monkeypatch)
    done = lively.run("restore", file)
    assert done.status == 0
    assert done.out.startswith("Restored 1 events, as of ")
    assert "Warning" not in done.err
    assert lively.ok("event", "explain", "last") == explained
    assert (data / "signing.key").read_text() == (lively.folder / "data" / "signing.key").read_text()
    assert [path.suffix for path in (data / "mailbox").iterdir()] == [".eml"]


def test_replacing_says_where_the_old_is(lively: Installation) -> None:
    file = str(lively.folder / "all.backup")
    assert lively.run("backup", file).status == 0
    assert "--replace" in last_line(lively, "restore", file)
    done = lively.run("restore", file, "--replace")
    assert done.status == 0
    (kept,) = (lively.folder / "data" / "backups").iterdir()
    assert f"What was there before: {kept}" in done.out


def test_relative_names_are_told_as_absolute_ones(
    lively: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lively.folder)
    done = lively.run("backup", "all.backup")
    assert done.out.startswith(f"{lively.folder / 'all.backup'}: ")
    monkeypatch.delenv("AFTERWORD_DATA")
    where = lively.folder / "afterword-data"
    assert f"there is no database {where / 'afterword.db'}" in lively.error("backup", "more.backup")
    assert lively.run("restore", "all.backup").status == 0
    assert f"there is a database already, {where / 'afterword.db'}" in last_line(
        lively, "restore", "all.backup"
    )


def test_a_wrong_directory_is_not_made(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    data = elsewhere(home, monkeypatch)
    assert "there is no database" in home.error("backup", str(home.folder / "all.backup"))
    assert not data.exists()


def test_a_file_that_is_no_backup_is_refused(home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    data = elsewhere(home, monkeypatch)
    assert "file is not a database" in home.error("restore", home.file("photo", "JFIF" * 1_000))
    assert "there is no file" in home.error("restore", str(home.folder / "missing"))
    assert not data.exists()


def test_sigterm_leaves_nothing_half_written(lively: Installation) -> None:
    """Stopped as soon as there is a file."""
    environment = os.environ | {"PYTHONPATH": str(SOURCE), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "afterword", "backup", str(lively.folder / "all.backup")]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not list(lively.folder.glob("all.backup*")):
            time.sleep(POLL_S)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=START_S_MAX)
    # It may have been done before the signal came; then the file is whole.
    assert process.returncode in (0, 128 + signal.SIGTERM)
    left = [path.name for path in lively.folder.glob("all.backup*")]
    assert left == (["all.backup"] if process.returncode == 0 else [])


def last_line(home: Installation, *arguments: str) -> str:
    """Run a command that has to refuse after it said how far it is; its last line."""
    done = home.run(*arguments)
    assert (done.status, done.out) == (1, "")
    *progress, error = done.err.splitlines()
    assert all(line.endswith(" %") for line in progress)
    assert error.startswith("Error: ")
    return error
