"""Does a worker load the sources when it is time, beside its jobs, and whatever they answer?"""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from afterword.bootstrap import Parts
from afterword.flows.provisioning.manage_sources import SourceState, list_sources
from afterword.flows.read_totals import TotalsReader
from afterword.sources.gitlab import GitLabSource
from afterword.worker.loop import Worker
from tests.flows.world import World
from tests.sources.fake_gitlab import GROUP, Account, FakeGitLab
from tests.sources.fake_service import TOKEN, Answer, Sleeps

SOON_S = 20.0


@pytest.fixture
def gitlab() -> Iterator[FakeGitLab]:
    with FakeGitLab(Account(1, "dana.l", "Dana L.", email="dana@example.com", saml_uid="x")) as running:
        yield running


@pytest.fixture
def parts(parts: Parts, gitlab: FakeGitLab) -> Parts:
    """With a source."""
    lab = GitLabSource(GROUP, TOKEN, gitlab.url, parts.clock, Sleeps(lambda seconds: None))
    return replace(parts, sources=(lab,))


def state(parts: Parts) -> SourceState:
    (found,) = list_sources(parts.database, parts.clock, parts.sources)
    return found


def work_until_tried(parts: Parts) -> None:
    """Let a worker run until it has loaded the source, or failed to."""

    async def run() -> None:
        worker = Worker(parts)
        running = asyncio.create_task(worker.run())
        async with asyncio.timeout(SOON_S):
            while True:
                found = await asyncio.to_thread(state, parts)
                if not found.is_running and (found.succeeded_at or found.error):
                    break
                await asyncio.sleep(0.01)
        worker.stop()
        await running

    asyncio.run(run())


def test_a_worker_loads_a_source_that_is_due(parts: Parts, world: World) -> None:
    work_until_tried(parts)
    assert world.person("dana@").gitlab_username == "dana.l"
    found = TotalsReader(parts.database, parts.clock).read()
    assert found.sources == {"gitlab": world.clock.now.timestamp()}


def test_a_source_that_fails_is_told_of_once_and_stops_nothing(
    parts: Parts, gitlab: FakeGitLab, caplog: pytest.LogCaptureFixture
) -> None:
    gitlab.instead = [Answer(401, {})]
    work_until_tried(parts)
    (line,) = [one for one in caplog.records if "source" in one.message]
    assert line.levelno == logging.WARNING
    assert line.message.startswith("the source gitlab was not loaded: GitLab does not take the token")
    assert line.exc_info is None
    assert TOKEN not in caplog.text


def test_a_worker_does_not_load_what_is_not_due(parts: Parts, gitlab: FakeGitLab) -> None:
    work_until_tried(parts)
    asked = len(gitlab.asked)
    asyncio.run(Worker(parts).load_when_due(parts.sources[0]))
    assert len(gitlab.asked) == asked
