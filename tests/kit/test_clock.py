"""Do rate limits count on while the wall clock is set, and is time converted without loss?"""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.kit.clock import LimitClock, SystemClock, to_datetime, to_us

HOUR_US = 3_600_000_000
NOON_US = 1_780_000_000_000_000


class FakeClock:
    """A wall clock that can be set, and a steady clock that only runs."""

    def __init__(self, wall_us: int = NOON_US, steady_us: int = 5_000) -> None:
        self.wall_us = wall_us
        self.uptime_us = steady_us

    def now_us(self) -> int:
        return self.wall_us

    def steady_us(self) -> int:
        return self.uptime_us

    def run(self, us: int) -> None:
        self.wall_us += us
        self.uptime_us += us


class TestLimitClock:
    def test_starts_at_the_time_that_it_is_given(self) -> None:
        assert LimitClock(FakeClock(), NOON_US + 7).now_us() == NOON_US + 7

    def test_runs_with_the_steady_clock(self) -> None:
        clock = FakeClock()
        limit_clock = LimitClock(clock, NOON_US)
        clock.run(90_000_000)
        assert limit_clock.now_us() == NOON_US + 90_000_000

    @given(
        st.lists(st.tuples(st.integers(0, HOUR_US), st.integers(-24 * HOUR_US, 24 * HOUR_US)), max_size=10)
    )
    @settings(max_examples=50)
    def test_never_notices_that_the_wall_clock_is_set(self, changes: list[tuple[int, int]]) -> None:
        clock = FakeClock()
        limit_clock = LimitClock(clock, NOON_US)
        passed_us = 0
        for run_us, step_us in changes:
            clock.run(run_us)
            clock.wall_us += step_us
            passed_us += run_us
            assert limit_clock.now_us() == NOON_US + passed_us

    @pytest.mark.parametrize("ahead_us", [-HOUR_US, -1, 0, 1, HOUR_US])
    def test_catches_up_with_what_another_server_counted_and_never_goes_back(self, ahead_us: int) -> None:
        clock = FakeClock()
        limit_clock = LimitClock(clock, NOON_US)
        limit_clock.catch_up(NOON_US + ahead_us)
        assert limit_clock.now_us() == NOON_US + max(0, ahead_us)
        clock.run(90_000_000)
        assert limit_clock.now_us() == NOON_US + max(0, ahead_us) + 90_000_000

    def test_of_a_machine_that_just_started_is_wall_time_too(self) -> None:
        assert LimitClock(FakeClock(steady_us=0), NOON_US).now_us() == NOON_US


class TestSystemClock:
    def test_tells_wall_time_in_microseconds(self) -> None:
        before = time.time()
        now_us = SystemClock().now_us()
        assert before - 0.001 <= now_us / 1_000_000 <= time.time() + 0.001

    def test_the_steady_clock_runs_in_microseconds(self) -> None:
        clock = SystemClock()
        start_us, start = clock.steady_us(), time.monotonic()
        time.sleep(0.02)
        passed_us, passed = clock.steady_us() - start_us, time.monotonic() - start
        assert 20_000 <= passed_us <= passed * 1_000_000 + 100_000


class TestConversion:
    @given(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999))
    @settings(max_examples=100)
    def test_there_and_back_loses_nothing(self, at_us: int) -> None:
        at = to_datetime(at_us)
        assert at.tzinfo is UTC
        assert to_us(at) == at_us

    @pytest.mark.parametrize(
        ("at", "at_us"),
        [
            (datetime(1970, 1, 1, tzinfo=UTC), 0),
            (datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC), 1_000_005),
            (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
            (datetime(1970, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))), 0),
        ],
    )
    def test_counts_from_1970_in_utc(self, at: datetime, at_us: int) -> None:
        assert to_us(at) == at_us
        assert to_datetime(at_us) == at

    def test_a_time_without_zone_is_refused(self) -> None:
        with pytest.raises(TypeError):
            to_us(datetime(2026, 1, 1))  # noqa: DTZ001 - that is what must not pass
