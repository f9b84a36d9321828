"""
What if there is a bug? Put this folder on the import path, and name the bug in TESTS_PLANTED_BUG.

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
    from afterword.flows.ingest import track_event

    take = track_event.Intake.take

    def early(
        self: track_event.Intake, submission: track_event.Submission, settle: track_event.Settle
    ) -> None:
        settle(track_event.ACCEPTED)
        take(self, submission, lambda answer: None)

    track_event.Intake.take = early  # type: ignore[method-assign]


def no_skip_locked() -> None:
    """Workers take jobs without locking what they look at."""
    import sqlalchemy as sa

    lock = sa.Select.with_for_update

    def look_only(self: Any, *, skip_locked: bool = False, **options: Any) -> Any:
        return self if skip_locked else lock(self, **options)

    sa.Select.with_for_update = look_only  # type: ignore[method-assign]


def fixed_window() -> None:
    """The limit counts by the minutes of the clock, each of which begins with none."""
    from afterword.domain import rate_limit

    free_at = rate_limit.free_at

    def free_at_the_full_minute(
        limits: rate_limit.RateLimits, minute_event_us: int | None, day_event_us: int | None
    ) -> int:
        if minute_event_us is not None:
            minute_event_us -= minute_event_us % rate_limit.MINUTE_US
        return free_at(limits, minute_event_us, day_event_us)

    rate_limit.free_at = free_at_the_full_minute


def retry_after_off_by_one() -> None:
    """A refused tool is told to come a second too early, as by rounding down."""
    from afterword.domain import rate_limit

    retry_after_s = rate_limit.retry_after_s

    def too_early(free_at_us: int, now_us: int) -> int:
        return max(1, retry_after_s(free_at_us, now_us) - 1)

    rate_limit.retry_after_s = too_early


def plain_token_comparison() -> None:
    """Tokens are kept as they are, and compared with what was sent."""
    from afterword.domain import token

    def keep(text: str) -> bytes:
        return text.encode("utf-8", "surrogateescape")

    token.hash_token = keep


def token_compared_before_its_digest() -> None:
    """A look at the token itself comes first, as for a list of revoked ones."""
    from afterword.domain import token

    hash_token = token.hash_token

    def compare_first(text: str) -> bytes:
        return b"" if text == "awp_revoked" else hash_token(text)

    token.hash_token = compare_first


BUGS: dict[str, Callable[[], None]] = {
    plant.__name__: plant
    for plant in (
        one_event_raises,
        synchronous_normal,
        ack_before_commit,
        no_skip_locked,
        fixed_window,
        retry_after_off_by_one,
        plain_token_comparison,
        token_compared_before_its_digest,
    )
}

if (name := os.environ.get("TESTS_PLANTED_BUG")) is not None:
    BUGS[name]()
