"""The description at /openapi.json is true of the running server."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import RunningServer

EXAMPLES = 60
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,unsupported_method,ignored_auth"
)


def test_whatever_schemathesis_sends_gets_a_described_answer(
    tmp_path: Path, database_url: str | None
) -> None:
    with RunningServer(tmp_path / "data", database_url) as server:
        made = server.cli_json("project", "create", "Described")
        server.cli("project", "set", "Described", "--events-per-minute", "100000")
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.base_url}/openapi.json"),
                *("--header", f"Authorization: Bearer {made['token']}"),
                *("--checks", CHECKS, "--max-examples", str(EXAMPLES), "--no-color"),
                *("--phases", "examples,coverage,fuzzing", "--seed", "1"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
    if done.returncode != 0:
        pytest.fail(done.stdout + done.stderr)
    assert "Tested: 1" in done.stdout, done.stdout
