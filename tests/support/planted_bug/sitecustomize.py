"""
What if the server has a bug? Put this folder on its import path, and name the bug in TESTS_PLANTED_BUG.

Python imports ``sitecustomize`` at its start, before the server imports what is changed here.
Each bug breaks one guard, and a test shows that the guard's own test then turns red.
"""

import os
from collections.abc import Callable
from typing import Any

EVENT_NAME = "plant-the-bug"
DETAIL = "the-planted-bug-was-hit"


def one_event_raises() -> None:
    """An event of one name raises where nobody expects it."""
    from afterword.domain import event

    parse_event = event.parse_event

    def broken(**arguments: Any) -> event.Event:
        if arguments["name"] == EVENT_NAME:
            raise RuntimeError(DETAIL)
        return parse_event(**arguments)

    event.parse_event = broken


def synchronous_normal() -> None:
    """SQLite's usual advice for WAL: a commit is not synced."""
    from afterword.storage import sqlite

    sqlite.PRAGMAS["synchronous"] = 1


def ack_before_commit() -> None:
    """The answer does not wait for the commit."""
    from afterword.flows import track_event

    take = track_event.Intake.take

    def early(
        self: track_event.Intake, submission: track_event.Submission, settle: track_event.Settle
    ) -> None:
        settle(track_event.ACCEPTED)
        take(self, submission, lambda answer: None)

    track_event.Intake.take = early  # type: ignore[method-assign]


BUGS: dict[str, Callable[[], None]] = {
    plant.__name__: plant for plant in (one_event_raises, synchronous_normal, ack_before_commit)
}
BUGS[os.environ["TESTS_PLANTED_BUG"]]()
