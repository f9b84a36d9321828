"""A restore is killed on the way: is nothing served that is half there, and does another one end well?"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from afterword.flows.upkeep.check_conservation import check_conservation
from afterword.storage.open import open_database
from tests.faults import counts
from tests.flows.installations import places_in, run_back_up
from tests.flows.life import live_in
from tests.flows.world import World
from tests.storage.support import FakeClock, Templates
from tests.support.commands import SETTING, Done, LentCommands
from tests.support.postgres import Databases
from tests.support.server import SOURCE, free_port

EVENTS = 7
"""What has happened in the world that is backed up."""

COMMAND_S_MAX = 60
STEPS = (
    "storage.schema:upgrade",
    "flows.upkeep.restore_backup:_check_law",
    "flows.upkeep.restore_backup:_restore_files",
)
"""Once a function of these has done its work, the process is gone."""

USUAL = {name: value for name, value in os.environ.items() if not name.startswith(SETTING)} | {
    "PYTHONPATH": str(SOURCE)
}
"""The environment of all commands."""

DIES = """
import importlib, os, signal, sys
module, _, name = sys.argv.pop(1).partition(":")
place = importlib.import_module(f"afterword.{module}")
work = getattr(place, name)
def work_and_die(*arguments, **options):
    work(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(place, name, work_and_die)
from afterword.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def backup(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a world in which something has happened."""
    folder = tmp_path_factory.mktemp("backed-up")
    with templates.get("sqlite").lend(folder / "afterword.db") as database:
        world = World(database, FakeClock(), folder)
        live_in(world)
        run_back_up(world, places_in(folder), folder / "all.backup")
    return folder / "all.backup"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str | None]:
    """An empty database of either kind."""
    made = databases.make(request.param)
    yield made
    databases.drop(made)


@pytest.mark.parametrize("step", STEPS)
def test_nothing_starts_on_what_is_half_there_and_another_restore_makes_it_whole(
    backup: Path, tmp_path: Path, url: str | None, step: str
) -> None:
    data = tmp_path / "data"
    killed = die(data, url, DIES, step, "restore", str(backup))
    assert killed.code == -signal.SIGKILL, killed.stderr
    for words in (("serve", "--port", str(free_port())), ("migrate",), ("project", "list")):
        refused = run(data, url, *words)
        assert (refused.code, refused.stdout) == (1, "")
        assert f"Error: a restore into {data} was cut short: run `afterword restore` again" in refused.stderr
    again = run(data, url, "restore", str(backup))
    assert again.code == 0, again.stderr
    assert run(data, url, "project", "list").code == 0
    left = [path.name for path in data.iterdir() if "restor" in path.name]
    assert left == []
    database = open_database(url, data / "afterword.db")
    assert check_conservation(database).stored == EVENTS
    database.close()
    counts.note("restores that were killed and begun again")


def test_a_restore_into_postgresql_that_died_after_its_last_step_is_done(
    backup: Path, tmp_path: Path, databases: Databases
) -> None:
    data, url = tmp_path / "data", databases.make("postgres")
    killed = die(data, url, DIES, "flows.upkeep.restore_backup:_restore_postgres", "restore", str(backup))
    assert killed.code == -signal.SIGKILL, killed.stderr
    assert run(data, url, "project", "list").code == 1
    again = run(data, url, "restore", str(backup))
    assert again.code == 0, again.stderr
    assert "all was there, and nothing was changed" in again.stderr
    assert run(data, url, "project", "list").code == 0
    onto = run(data, url, "restore", str(backup))
    assert (onto.code, "the PostgreSQL database is not empty" in onto.stderr) == (1, True)
    databases.drop(url)


def test_a_restore_that_is_told_to_end_leaves_what_was_there(backup: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert run(data, None, "restore", str(backup)).code == 0
    before = {path.name: path.stat().st_size for path in data.iterdir()}
    told = DIES.replace("SIGKILL", "SIGTERM")
    ended = die(data, None, told, "storage.schema:upgrade", "restore", "--replace", str(backup))
    assert ended.code == 128 + signal.SIGTERM, ended.stderr
    assert {path.name: path.stat().st_size for path in data.iterdir()} == before
    assert run(data, None, "project", "list").code == 0


def die(data: Path, url: str | None, script: str, *arguments: str) -> Done:
    """Run Python as an operator's shell does."""
    command = [sys.executable, "-c", script, *arguments]
    environment = {**USUAL, **named(data, url)}
    ended = subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=COMMAND_S_MAX
    )
    return Done(ended.returncode, ended.stdout, ended.stderr)


def run(data: Path, url: str | None, *arguments: str) -> Done:
    """Run a command that is left alone."""
    commands = LentCommands({**USUAL, **named(data, url)}, str(data.parent))
    try:
        return commands.run(arguments, {})
    finally:
        commands.close()


def named(data: Path, url: str | None) -> dict[str, str]:
    """What tells a command where its data are."""
    return {"AFTERWORD_DATA": str(data)} | ({"AFTERWORD_DATABASE_URL": url} if url else {})
