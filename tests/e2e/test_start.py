"""When does the server start, when does it refuse, and how does it end?"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import Databases
from tests.support.project import Project
from tests.support.server import SOURCE, RunningServer, free_port
from tests.support.smtp import MailServer

START_S_MAX = 30
MAIL_S_MAX = 10.0


def environment(data: Path, **variables: str) -> dict[str, str]:
    """A clean environment with settings of Afterword."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORD_")}
    return {**kept, "PYTHONPATH": str(SOURCE), "AFTERWORD_DATA": str(data), **variables}


def run(*arguments: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "afterword", *arguments],
        env=variables,
        capture_output=True,
        text=True,
        timeout=START_S_MAX,
        check=False,
    )


@contextmanager
def started(*arguments: str, variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a command beside the test, and end it by SIGTERM."""
    command = [sys.executable, "-m", "afterword", *arguments]
    with subprocess.Popen(
        command, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=START_S_MAX)


def wait_until_ready(server: RunningServer) -> None:
    """Wait for a server that was started by hand."""
    deadline = time.monotonic() + START_S_MAX
    while not server.is_ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """One line that says what to do, and no traceback."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


def test_a_second_server_on_the_same_data_refuses_to_start(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data"):
        done = run("serve", "--port", str(free_port()), variables=environment(tmp_path / "data"))
        assert_refused(done, "another Afterword server", "AFTERWORD_DATA")


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "one") as server:
        done = run("serve", "--port", str(server.port), variables=environment(tmp_path / "two"))
        assert_refused(done, str(server.port), "--port")


def test_a_mistyped_setting_refuses_to_start(tmp_path: Path) -> None:
    done = run("serve", variables=environment(tmp_path, AFTERWORD_BASE_ULR="http://x"))
    assert_refused(done, "AFTERWORD_BASE_ULR", "AFTERWORD_BASE_URL")


def test_a_server_refuses_a_postgresql_schema_that_is_not_migrated(
    tmp_path: Path, databases: Databases
) -> None:
    url = databases.make("postgres")
    assert url is not None
    try:
        done = run("serve", variables=environment(tmp_path, AFTERWORD_DATABASE_URL=url))
        assert_refused(done, "afterword migrate")
    finally:
        databases.drop(url)


def test_an_event_is_worked_on_by_a_worker_of_its_own(
    tmp_path: Path, databases: Databases, mail_server: MailServer
) -> None:
    url = databases.make("postgres")
    assert url is not None
    port = str(free_port())
    variables = environment(tmp_path, AFTERWORD_DATABASE_URL=url, AFTERWORD_SMTP_URL=mail_server.url)
    survey = Path(__file__).parent / "data" / "survey.yaml"
    people = Path(__file__).parent / "data" / "people.csv"
    try:
        with RunningServer(
            tmp_path / "data", url, environment={"AFTERWORD_SMTP_URL": mail_server.url}
        ) as first:
            made = first.cli_json("project", "create", "Recorded")
            first.cli("people", "import", str(people))
            first.cli("survey", "apply", str(survey))
            first.cli("survey", "publish", "recorded")
        with started("serve", "--no-worker", "--port", port, variables=variables):
            other = RunningServer(tmp_path / "data", url)
            other.port = int(port)
            wait_until_ready(other)
            project = Project(other, str(made["id"]), made["name"], made["token"])
            sent = {"name": "branch.pushed", "github_username": "octocat", "timestamp": str(int(time.time()))}
            assert project.track(sent).status == 200
            time.sleep(1)
            assert mail_server.mails == [], "without a worker nothing happens"
            with started("worker", variables=variables):
                mail_server.wait_for("octo@example.com", MAIL_S_MAX)
    finally:
        databases.drop(url)


def test_a_worker_alone_is_refused_on_sqlite(tmp_path: Path) -> None:
    assert_refused(run("worker", variables=environment(tmp_path)), "afterword serve")


def test_the_demo_prints_what_to_paste_and_starts_again_with_the_same_data(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    tokens = set()
    for _ in range(2):
        with started("demo", "--port", str(free_port()), variables=variables) as demo:
            assert demo.stdout is not None
            printed = ""
            while "The project's token" not in printed:
                line = demo.stdout.readline()
                assert line, printed
                printed += line
        assert "curl -sS http://127.0.0.1:" in printed
        assert "/admin/" in printed
        tokens.add(printed.split("The project's token: ")[1].strip())
    assert len(tokens) == 2, "each start shows a fresh token"
    projects = run("project", "list", variables=variables).stdout
    assert projects.count("Build CLI") == 1
    assert not any(token in projects for token in tokens)
