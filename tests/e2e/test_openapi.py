"""The description at /openapi.json is true of the running server."""

import subprocess
import sys
from pathlib import Path

import pytest

from afterword.web.api import methods
from tests.contract.conftest import ROOMY
from tests.faults.counts import LONG, note, rounds
from tests.support.project import create_api_token, create_project, import_people
from tests.support.server import RunningServer

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,allow_header_conformance,"
    "response_headers_conformance,response_schema_conformance,unsupported_method,ignored_auth"
)
EXAMPLES = rounds(60, 1_500)
CALLS = rounds(15, 500)
"""Of each method."""
SCENARIOS = rounds(12, 150)
"""Sequences of requests; fewer of them never sent the same key again."""


TRACK = "/events.track"
METHODS = r"^/(users|platformx|decisions)\."
ROOMY_CALLS = {"afterword.web.api.call_limit:CALLS_PER_MINUTE": 1_000_000}


def run(
    directory: Path, database_url: str | None, phases: str, examples: int, *paths: str, is_track: bool = True
) -> str:
    """
    Let schemathesis run some of its phases against a server of its own; what it printed.

    Args:
        paths: The option that chooses the paths.
        is_track: With a project's token; else with one for the Web API.
    """
    with RunningServer(directory / "data", database_url, limits=ROOMY_CALLS) as server:
        project = create_project(server, **ROOMY)
        project.wait_until_usable()
        # Whom the examples of the description name.
        import_people(server, directory, "email,name,github_username\nana@example.com,Ana,anasouza\n")
        token = project.token if is_track else create_api_token(server)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.base_url}/openapi.json"),
                *("--header", f"Authorization: Bearer {token}", "--phases", phases, *paths),
                *("--checks", CHECKS, "--max-examples", str(examples), "--no-color", "--seed", "1"),
            ],
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=1_100,
            check=False,
        )
        assert token not in server.log()
    if done.returncode != 0:
        pytest.fail(done.stdout + done.stderr)
    note(f"examples of schemathesis, {phases}", examples)
    return done.stdout


@pytest.mark.timeout(1200)
def test_whatever_schemathesis_sends_gets_a_described_answer(
    tmp_path: Path, database_url: str | None
) -> None:
    assert "Tested: 1" in run(
        tmp_path, database_url, "examples,coverage,fuzzing", EXAMPLES, "--include-path", TRACK
    )


@pytest.mark.timeout(1200)
def test_whatever_schemathesis_sends_to_the_web_api_gets_a_described_answer(
    tmp_path: Path, database_url: str | None
) -> None:
    phases = "examples,coverage,fuzzing"
    choice = ("--include-path-regex", METHODS)
    printed = run(tmp_path, database_url, phases, CALLS, *choice, is_track=False)
    assert f"Tested: {len(methods.METHODS)}" in printed


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "database_kind", ["sqlite", "postgres"] if LONG else ["sqlite"], indirect=True, scope="session"
)
def test_sending_again_as_the_description_says_gets_a_described_answer(
    tmp_path: Path, database_url: str | None
) -> None:
    """The stateful phase, which follows the description's links."""
    assert "1 covered / 1 selected" in run(
        tmp_path, database_url, "stateful", SCENARIOS, "--include-path", TRACK
    )
