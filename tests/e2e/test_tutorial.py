"""Does the tutorial do what it says, from its first to its last line?"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, expect

from tests.support.project import CHANGES_SEEN_S
from tests.support.server import SOURCE, RunningServer

pytestmark = pytest.mark.docs

PAGE = SOURCE.parent / "docs/tutorial/first-survey.md"
COMMAND_S_MAX = 60
HAPPENS_S_MAX = 20
BY_HAND = ("make run", "export ", "afterword serve")
"""How those commands begin that the test does in its own way."""
COMMENT = "A link to the logs"
"""What the tutorial's report shows."""

CHANGES = {
    r"awp_\w+": "TOKEN",
    r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d UTC)?": "TIME",
    r"drew 0\.\d+": "drew SOMETHING",
    r"stale_event: \d+ s old": "stale_event: SOME s old",
}
"""What is another one each time."""


class Block(NamedTuple):
    """A block of code, with the text above it."""

    above: str
    language: str
    text: str


def blocks() -> Iterator[Block]:
    """The page's blocks in order."""
    parts = re.split(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)
    for index in range(0, len(parts) - 1, 3):
        yield Block(*parts[index : index + 3])


def without_changes(text: str) -> str:
    """A command's output, as it is each time."""
    for pattern, instead in CHANGES.items():
        text = re.sub(pattern, instead, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


class Reader:
    """Types what the page says, into a shell in a directory of its own."""

    def __init__(self, directory: Path, server: RunningServer) -> None:
        self._server = server
        self._directory = directory
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AFTERWORD_")},
            "AFTERWORD_DATA": str(server.data),
            "PATH": f"{directory}:{os.environ['PATH']}",
            "PYTHONPATH": str(SOURCE),
        }
        program = directory / "afterword"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m afterword "$@"\n')
        program.chmod(0o755)

    def write(self, block: Block) -> None:
        """Write the file that the text above a block names last."""
        name = re.findall(r"`([\w-]+\.\w+)`", block.above)[-1]
        (self._directory / name).write_text(block.text)

    def type(self, command: str) -> str:
        """Run a block of commands; what they print."""
        done = subprocess.run(
            ["bash", "-euc", command.replace("http://127.0.0.1:8321", self._server.base_url)],
            cwd=self._directory,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_S_MAX,
            check=False,
        )
        assert done.returncode == 0, f"{command}{done.stdout}{done.stderr}"
        if token := re.search(r"awp_\w+", done.stdout):
            self._environment["TOKEN"] = token[0]
        return done.stdout


def answer_newest_mail(server: RunningServer, browser: Browser) -> None:
    """Open the newest mail in the mailbox that is no test, choose 4, add the comment, and send it."""
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(re.findall(r"(http://\S+/admin/\S+)", server.log())[-1])
        page.get_by_role("button").first.click()
        mails = page.get_by_role("link", name=re.compile("^How was your deployment"))
        wait_until(lambda: page.goto(f"{server.base_url}/mailbox") and mails.count() == 1)
        mails.click()
        choice = page.frame_locator("iframe").get_by_role("link", name=re.compile(r"^4\b")).first
        page.goto(choice.get_attribute("href") or "")
        page.get_by_role("textbox").fill(COMMENT)
        page.get_by_role("button").first.click()
        expect(page.locator("body")).to_contain_text("Thank you")


def wait_until(happens: Callable[[], object]) -> None:
    """Ask until something is so."""
    deadline = time.monotonic() + HAPPENS_S_MAX
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_whoever_types_it_gets_an_answered_survey(tmp_path: Path, browser: Browser) -> None:
    server = RunningServer(tmp_path / "tutorial-data")
    reader = Reader(tmp_path, server)
    compared, printed, sent = 0, "", ""
    try:
        for block in blocks():
            command = block.text.partition("\n")[0]
            if block.language in ("csv", "yaml"):
                reader.write(block)
            elif block.language == "text":
                if printed:
                    assert without_changes(printed) == without_changes(block.text)
                    compared += 1
            elif command == "afterword serve":
                server.start()
                printed = ""
            elif command.startswith(BY_HAND):
                printed = ""
            else:
                if command.startswith("afterword report"):
                    # The page says in words to send it again, with the metadata that the survey wants.
                    reader.type(sent.replace("staging", "production"))
                    answer_newest_mail(server, browser)
                if command.startswith("afterword event explain"):
                    wait_until(lambda: "Survey deploy" in reader.type("afterword event explain last"))
                printed = reader.type(block.text)
                sent = block.text if command.startswith("curl") else sent
                if command.startswith("afterword survey publish"):
                    time.sleep(CHANGES_SEEN_S)
    finally:
        if server.is_running:
            server.stop()
    assert compared == 7
