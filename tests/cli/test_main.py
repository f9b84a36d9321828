"""``afterword``: is every command there, and every mistake one line that says what to do?"""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest

from afterword import __version__
from afterword.cli.main import cli
from afterword.settings import NAMES
from tests.cli.installation import Installation

SECRET = "hunter2-do-not-show"


def commands(group: click.Group, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [words] if words else []
    for name, command in sorted(group.commands.items()):
        inner = commands(command, (*words, name)) if isinstance(command, click.Group) else [(*words, name)]
        found += inner
    return found


ALL = commands(cli)


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own, as a shell does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORD_")}
    return subprocess.run(
        [sys.executable, "-m", "afterword", *arguments],
        env=kept | {"AFTERWORD_DATA": str(folder / "data")} | environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TestHelp:
    def test_the_commands_are_these(self) -> None:
        nouns = {words[0] for words in ALL}
        assert nouns == {
            *("admin", "backup", "demo", "doctor", "event", "migrate", "name", "people", "policy"),
            *("project", "report", "restore", "retention", "serve", "settings", "source", "survey", "team"),
            *("token", "worker"),
        }

    @pytest.mark.parametrize("words", ALL, ids=" ".join)
    def test_each_command_says_what_it_does(self, home: Installation, words: tuple[str, ...]) -> None:
        for option in ("--help", "-h"):
            out = home.ok(*words, option)
            assert out.startswith(f"Usage: afterword {' '.join(words)} ")
            assert len(out.splitlines()[2].strip()) > 10

    def test_the_version_is_told(self, home: Installation) -> None:
        assert __version__ in home.ok("--version")

    @pytest.mark.parametrize("arguments", [("projct",), ("project", "creat"), ("project", "list", "--jsn")])
    def test_a_mistyped_command_is_refused(self, home: Installation, arguments: tuple[str, ...]) -> None:
        assert arguments[-1] in home.usage_error(*arguments)


class TestMistakes:
    def test_are_one_line_without_a_traceback(self, tmp_path: Path) -> None:
        start(tmp_path, "migrate")
        done = start(tmp_path, "project", "rotate", "nothing")
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr == "Error: there is no project 'nothing'; there is none yet\n"

    @pytest.mark.parametrize("arguments", [("project", "list"), ("serve",), ("migrate",), ("settings",)])
    def test_in_a_setting_are_told_by_every_command(
        self, home: Installation, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
    ) -> None:
        monkeypatch.setenv("AFTERWORD_PROT", "80")
        assert "AFTERWORD_PROT: did you mean AFTERWORD_PORT?" in home.error(*arguments)

    def test_in_a_secret_do_not_show_it(self, home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AFTERWORD_DATABASE_URL", f"mysql://a:{SECRET}@db/x")
        assert SECRET not in home.error("project", "list")

    def test_a_data_directory_that_is_a_file_is_told(
        self, home: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = home.file("not-a-folder", "x")
        monkeypatch.setenv("AFTERWORD_DATA", path)
        assert path in home.error("project", "list")

    @pytest.mark.parametrize(
        "arguments",
        [("people", "list"), ("token", "create", "x"), ("name", "list"), ("people", "import", "people.csv")],
    )
    def test_the_wrong_directory_does_not_become_an_installation(
        self, home: Installation, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
    ) -> None:
        nowhere = home.folder / "nope" / "dir"
        monkeypatch.setenv("AFTERWORD_DATA", str(nowhere))
        said = home.error(*arguments)
        assert said.startswith(f"Error: there is no database in {nowhere}: set AFTERWORD_DATA")
        assert not nowhere.parent.exists()

    def test_a_project_is_what_an_installation_may_begin_with(
        self, home: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AFTERWORD_DATA", str(home.folder / "new"))
        home.ok("project", "create", "Build CLI")
        home.ok("people", "list")

    def test_a_key_that_got_lost_is_not_replaced(self, home: Installation) -> None:
        key = home.folder / "data" / "signing.key"
        key.unlink()
        assert "signing.key is missing: put it back from a backup" in home.error("project", "list")
        assert not key.exists()

    def test_an_empty_key_file_is_told(self, home: Installation) -> None:
        (home.folder / "data" / "signing.key").write_text("")
        assert "signing.key is empty" in home.error("project", "list")

    def test_a_file_that_is_no_database_is_told(self, home: Installation) -> None:
        for path in (home.folder / "data").glob("afterword.db*"):
            path.unlink()
        (home.folder / "data" / "afterword.db").write_bytes(b"this is no database" * 100)
        assert "afterword.db" in home.error("project", "list")


class TestSettings:
    def test_are_listed_with_their_meaning(self, home: Installation) -> None:
        out = home.ok("settings")
        for name in NAMES:
            assert re.search(rf"^AFTERWORD_{name.upper()}=.*\n    \S", out, re.MULTILINE)

    def test_secrets_are_masked(self, home: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AFTERWORD_SMTP_URL", f"smtp://a:{SECRET}@mail:25")
        monkeypatch.setenv("AFTERWORD_SIGNING_KEY", SECRET * 2)
        values = home.json("settings")
        assert set(values) == {f"AFTERWORD_{name.upper()}" for name in NAMES}
        assert values["AFTERWORD_SMTP_URL"] == values["AFTERWORD_SIGNING_KEY"] == "********"
        assert SECRET not in home.ok("settings")


class TestMigrate:
    def test_may_be_run_again(self, home: Installation) -> None:
        for _ in range(2):
            assert home.ok("migrate").endswith("The schema is up to date.\n")

    def test_of_a_fresh_directory_makes_everything(
        self, home: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fresh = home.folder / "fresh" / "data"
        monkeypatch.setenv("AFTERWORD_DATA", str(fresh))
        home.ok("migrate")
        assert {path.name for path in fresh.iterdir()} >= {"afterword.db", "signing.key"}
        assert fresh.stat().st_mode & 0o777 == 0o700
        assert (fresh / "afterword.db").stat().st_mode & 0o777 == 0o600


class TestAdmin:
    def test_gives_a_link_that_is_new_each_time(
        self, home: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AFTERWORD_BASE_URL", "https://surveys.example.com")
        links = set()
        for _ in range(2):
            done = home.run("admin", "link")
            assert done.status == 0
            assert re.fullmatch(r"https://surveys\.example\.com/admin/[\w-]{43}\n", done.out)
            assert "Works once, within 60 minutes" in done.err
            links.add(done.out)
        assert len(links) == 2


class TestServeAndWorker:
    def test_a_worker_of_its_own_needs_postgresql(self, home: Installation) -> None:
        assert "afterword serve" in home.error("worker")
        assert "PostgreSQL" in home.usage_error("serve", "--no-worker")

    @pytest.mark.parametrize("command", ["serve", "demo"])
    def test_a_port_that_is_taken_is_told(self, home: Installation, command: str) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = home.run(command, "--port", str(port))
        assert done.status == 1
        assert f"Error: can't listen on 127.0.0.1 port {port}" in done.err
        assert "--port or AFTERWORD_PORT" in done.err

    @pytest.mark.parametrize("port", ["0", "65536", "-1"])
    def test_a_port_out_of_range_is_told(self, home: Installation, port: str) -> None:
        assert "from 1 to 65535" in home.error("serve", "--port", port)

    def test_a_refused_demo_changes_nothing(self, home: Installation) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            assert "--port" in home.error("demo", "--port", str(taken.getsockname()[1]))
        assert home.json("project", "list") == []
        assert home.json("people", "list") == []

    def test_the_demo_keeps_off_the_data_of_others(self, home: Installation) -> None:
        home.ok("project", "create", "Deploy CLI")
        assert "'Deploy CLI'" in home.error("demo")
        assert [project["name"] for project in home.json("project", "list")] == ["Deploy CLI"]
