"""For all tests: each database a test may run on, fresh and empty; and what two processes share."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults import counts
from tests.support.postgres import Databases

DATABASE_KINDS = ("sqlite", "postgres")
TRIED = "tried"
"""Where a process that runs tests for another tells it how often each fault was tried."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share the tests as Sharing says, unless the command line asks for another way."""
    if config.getoption("dist") != "load":
        return None
    from tests.support.sharing import Sharing

    return Sharing(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that started this one what was tried here."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[TRIED] = dict(counts.tried)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add up what was tried; a process that crashed has told nothing."""
    counts.tried.update(getattr(node, "workeroutput", {}).get(TRIED, {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what was tried how often."""
    if counts.tried:
        terminalreporter.section("faults that were tried")
        for line in counts.summary():
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Make fresh databases; PostgreSQL is started once for the run, when first needed."""
    with Databases() as made:
        yield made


@pytest.fixture(scope="session", params=DATABASE_KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """The database under test; all tests of one kind run together."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(database_kind: str, databases: Databases) -> Iterator[str | None]:
    """A fresh, empty database for one test; None is SQLite in the data directory."""
    url = databases.make(database_kind)
    yield url
    databases.drop(url)
