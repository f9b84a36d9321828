"""Fixtures for the tests of faults: databases, and a count of what was tried."""

import pytest

from tests.faults import counts
from tests.storage.support import clock, database, postgres, templates

__all__ = ["clock", "database", "postgres", "templates"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what was tried how often."""
    if counts.tried:
        terminalreporter.section("faults that were tried")
        for line in counts.summary():
            terminalreporter.line(line)
