"""What time is it? The only reader of the system's clocks."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

SECOND_US = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Wall time for people and records, steady time for durations."""

    def now_us(self) -> int:
        """Wall time, microseconds since 1970 UTC. May step in either direction."""

    def steady_us(self) -> int:
        """Microseconds since some fixed point. Never steps, goes on while the machine sleeps."""


class SystemClock:
    """The clocks of this machine."""

    def now_us(self) -> int:
        """Wall time, microseconds since 1970 UTC."""
        return time.time_ns() // 1_000

    def steady_us(self) -> int:
        """Time since boot, microseconds."""
        return time.clock_gettime_ns(_STEADY) // 1_000


class LimitClock:
    """
    The clock by which rate limits count: wall time at the start, steady time from then on.

    A wall clock that is stepped an hour back would lock every project out, one
    stepped forward would open the limits. This one never notices.

    Args:
        clock: Whose steady time goes on from there.
        start_us: What it shows now; no earlier than the last counted event, so that a restart keeps order.

    Source: docs/decisions/0012-one-limit-clock.md.
    """

    def __init__(self, clock: Clock, start_us: int) -> None:
        self._steady_us = clock.steady_us
        self._offset_us = start_us - clock.steady_us()

    def now_us(self) -> int:
        """Microseconds, comparable with the counted_at of stored events."""
        return self._steady_us() + self._offset_us

    def catch_up(self, counted_us: int) -> None:
        """Never show less than what another server has counted; called by the one thread that counts."""
        self._offset_us += max(0, counted_us - self.now_us())


def to_datetime(at_us: int) -> datetime:
    """Microseconds since 1970 → aware UTC time."""
    return _EPOCH + timedelta(microseconds=at_us)


def to_us(at: datetime) -> int:
    """Aware time → microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)
