"""Do the examples of the Web API's pages do what the pages say, as they stand there?"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from afterword.web.api.methods import METHODS
from tests.house.test_docs import ROOT, Block, blocks
from tests.support.project import create_api_token
from tests.support.server import RunningServer

pytestmark = pytest.mark.docs

REFERENCE = ROOT / "docs" / "reference" / "web-api.md"
HOW_TO = ROOT / "docs" / "how-to" / "let-hr-load-people.md"


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the pages ask for: a running server's address and a token, in the environment."""
    with RunningServer(tmp_path / "data") as server:
        yield {**os.environ, "AFTERWORD": server.base_url, "API_TOKEN": create_api_token(server)}


def run(text: str, environment: dict[str, str]) -> Any:
    """Run a shell block; the reply that it prints."""
    done = subprocess.run(
        ["sh", "-c", text], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


def shown(text: str) -> Any:
    """A reply as a page shows it, without what differs from one time to the next."""
    reply = json.loads(text)
    for name in ("token", "created_at", "updated_at"):
        reply.get("project", {}).pop(name, None)
    return reply


def curls(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language == "sh" and "curl" in block.text]


def test_each_method_has_an_example_that_works(environment: dict[str, str]) -> None:
    examples = curls(REFERENCE)
    called = [text for block in examples for text in [block.text.partition('"$AFTERWORD/')[2]]]
    assert [text.split('"')[0].split("?")[0] for text in called] == [one.name for one in METHODS]
    replies = {block.line: run(block.text, environment) for block in examples}
    assert [line for line, reply in replies.items() if reply["ok"] is not True] == []


def test_a_reply_that_is_shown_is_the_one_that_comes(environment: dict[str, str]) -> None:
    found = [block for block in blocks(REFERENCE) if block.language in ("sh", "json")]
    pairs = [
        (call, reply) for call, reply in pairwise(found) if "curl" in call.text and reply.language == "json"
    ]
    named = {call.line: shown(reply.text) for call, reply in pairs}
    assert len(named) == 5
    for block in curls(REFERENCE):
        reply = shown(json.dumps(run(block.text, environment)))
        if block.line not in named:
            continue
        if "users.list" in block.text or "decisions.list" in block.text:
            assert reply.keys() == named[block.line].keys()
        elif "findByGithubUsername" in block.text:
            assert reply["user"] | {"tz": "Europe/Berlin"} == named[block.line]["user"]
        elif "projects.create" in block.text:
            assert reply["project"] | {"id": "2"} == named[block.line]["project"]
        else:
            assert reply == named[block.line]


def test_the_how_to_for_hr_systems_works_from_its_first_line_to_its_last(
    environment: dict[str, str],
) -> None:
    (script,) = (block.text for block in blocks(HOW_TO) if block.language == "python")
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout == ""
    for block in curls(HOW_TO):
        lines = [line for line in block.text.splitlines() if not line.startswith("export ")]
        assert run("\n".join(lines), environment)["ok"] is True
    info = 'curl -sS "$AFTERWORD/users.info?id=1" -H "Authorization: Bearer $API_TOKEN"'
    ana = run(info, environment)["user"]
    assert (ana["name"], ana["team"], ana["tz"]) == (
        "Ana Souza",
        "Engineering / Payments",
        "Europe/Berlin",
    )
    assert (ana["github_usernames"], ana["active"]) == (["anasouza"], False)
    assert ana["attributes"] == [{"name": "Office", "value": "Berlin"}]
