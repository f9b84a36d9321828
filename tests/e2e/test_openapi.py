"""The description at /openapi.json is true of the running server."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.conftest import ROOMY
from tests.faults.counts import note, rounds
from tests.support.project import create_project
from tests.support.server import RunningServer

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,allow_header_conformance,"
    "response_headers_conformance,response_schema_conformance,unsupported_method,ignored_auth"
)
PHASES = {"examples,coverage,fuzzing": rounds(60, 1_500), "stateful": rounds(3, 150)}
"""Phases that run together → how many examples or scenarios of each. Together they are all there are."""


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("phases", PHASES)
def test_whatever_schemathesis_sends_gets_a_described_answer(
    tmp_path: Path, database_url: str | None, phases: str
) -> None:
    with RunningServer(tmp_path / "data", database_url) as server:
        project = create_project(server, **ROOMY)
        project.wait_until_usable()
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.base_url}/openapi.json"),
                *("--header", f"Authorization: Bearer {project.token}", "--phases", phases),
                *("--checks", CHECKS, "--max-examples", str(PHASES[phases]), "--no-color", "--seed", "1"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=1_100,
            check=False,
        )
        assert project.token not in server.log()
    if done.returncode != 0:
        pytest.fail(done.stdout + done.stderr)
    assert "Tested: 1" in done.stdout or "1 covered / 1 selected" in done.stdout, done.stdout
    note(f"examples of schemathesis, {phases}", PHASES[phases])
