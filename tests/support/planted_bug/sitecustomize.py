"""
What if the server has a bug? Put this folder on its import path, and name the bug in TESTS_PLANTED_BUG.

Python imports ``sitecustomize`` at its start, before the server imports what is changed here.
Each bug breaks one guard, and a test shows that the guard's own test then turns red.
"""

import asyncio
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

    submit = track_event.Intake.submit
    behind: set[asyncio.Task[track_event.Answer]] = set()

    async def early(self: track_event.Intake, submission: track_event.Submission) -> track_event.Answer:
        behind.add(task := asyncio.create_task(submit(self, submission)))
        task.add_done_callback(behind.discard)
        return track_event.ACCEPTED

    track_event.Intake.submit = early  # type: ignore[method-assign]


BUGS: dict[str, Callable[[], None]] = {
    plant.__name__: plant for plant in (one_event_raises, synchronous_normal, ack_before_commit)
}
BUGS[os.environ["TESTS_PLANTED_BUG"]]()
