"""Is a project held to its two sliding windows, exactly, and told exactly when to come again?"""

from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from afterword.domain.rate_limit import (
    DAY_US,
    MINUTE_US,
    SECOND_US,
    RateLimits,
    free_at,
    retry_after_s,
)


@dataclass
class Numbered:
    """A project as the product sees it: accepted events, numbered from 1."""

    limits: RateLimits
    accepted: list[int] = field(default_factory=list)

    def free_at(self) -> int:
        number = len(self.accepted) + 1
        return free_at(
            self.limits,
            self._event(number - self.limits.per_minute),
            self._event(number - self.limits.per_day),
        )

    def arrive(self, at_us: int) -> bool:
        is_free = self.free_at() <= at_us
        if is_free:
            self.accepted.append(at_us)
        return is_free

    def _event(self, number: int) -> int | None:
        return self.accepted[number - 1] if number >= 1 else None


@dataclass
class Listed:
    """The same in the contract's words: fewer than k accepted events in the window before this one."""

    limits: RateLimits
    accepted: list[int] = field(default_factory=list)

    def arrive(self, at_us: int) -> bool:
        minute = sum(at > at_us - MINUTE_US for at in self.accepted)
        day = sum(at > at_us - DAY_US for at in self.accepted)
        is_free = minute < self.limits.per_minute and day < self.limits.per_day
        if is_free:
            self.accepted.append(at_us)
        return is_free


limits = st.builds(RateLimits, st.integers(1, 5), st.integers(1, 12))
gaps = st.lists(
    st.sampled_from([0, 1, SECOND_US, MINUTE_US - 1, MINUTE_US, DAY_US - 1, DAY_US])
    | st.integers(0, MINUTE_US // 3)
    | st.integers(0, DAY_US // 3),
    max_size=60,
)


@given(limits, gaps)
@example(RateLimits(2, 100), [0, 0, MINUTE_US - 1, 1])
@example(RateLimits(100, 2), [0, 0, DAY_US - 1, 1])
@settings(max_examples=200)
def test_an_event_is_accepted_iff_both_windows_have_room(limits: RateLimits, gaps: list[int]) -> None:
    ours, model = Numbered(limits), Listed(limits)
    now_us = 0
    for gap in gaps:
        now_us += gap
        assert ours.arrive(now_us) is model.arrive(now_us)


@given(limits, gaps)
@settings(max_examples=200)
def test_the_told_second_is_the_first_one_that_works(limits: RateLimits, gaps: list[int]) -> None:
    project = Numbered(limits)
    now_us = 0
    for gap in gaps:
        now_us += gap
        if not project.arrive(now_us):
            told_us = now_us + retry_after_s(project.free_at(), now_us) * SECOND_US
            assert Listed(limits, project.accepted.copy()).arrive(told_us)
            assert not Listed(limits, project.accepted.copy()).arrive(told_us - SECOND_US)


@given(limits, gaps)
@settings(max_examples=100)
def test_no_window_ever_holds_more_than_the_limit(limits: RateLimits, gaps: list[int]) -> None:
    project = Numbered(limits)
    now_us = 0
    for gap in gaps:
        now_us += gap
        project.arrive(now_us)
    for window_us, limit in ((MINUTE_US, limits.per_minute), (DAY_US, limits.per_day)):
        for start in project.accepted:
            assert sum(start <= at < start + window_us for at in project.accepted) <= limit


@pytest.mark.parametrize(
    ("minute_event_us", "day_event_us", "expected_us"),
    [
        pytest.param(None, None, 0, id="no earlier events"),
        pytest.param(5, None, 5 + MINUTE_US, id="the minute stands in the way"),
        pytest.param(None, 5, 5 + DAY_US, id="the day stands in the way"),
        pytest.param(DAY_US, 5, DAY_US + MINUTE_US, id="the minute ends later"),
        pytest.param(DAY_US, DAY_US - 1, 2 * DAY_US - 1, id="the day ends later"),
        pytest.param(0, None, MINUTE_US, id="an event at zero is an event"),
        pytest.param(None, 0, DAY_US, id="an event at zero is an event, by day"),
    ],
)
def test_the_later_window_says_when_it_is_free(
    minute_event_us: int | None, day_event_us: int | None, expected_us: int
) -> None:
    assert free_at(RateLimits(), minute_event_us, day_event_us) == expected_us


@pytest.mark.parametrize(
    ("wait_us", "told_s"),
    [
        (1, 1),
        (SECOND_US - 1, 1),
        (SECOND_US, 1),
        (SECOND_US + 1, 2),
        (MINUTE_US, 60),
        (MINUTE_US - 1, 60),
        (DAY_US, 86_400),
        (0, 1),
        (-5 * SECOND_US, 1),
    ],
)
def test_the_wait_is_whole_seconds_rounded_up_and_at_least_one(wait_us: int, told_s: int) -> None:
    now_us = 1_780_000_000_123_456
    assert retry_after_s(now_us + wait_us, now_us) == told_s


def test_thirty_at_once_and_no_more_until_a_minute_later() -> None:
    project = Numbered(RateLimits())
    assert [project.arrive(0) for _ in range(64)] == [True] * 30 + [False] * 34
    assert not project.arrive(MINUTE_US - 1)
    assert [project.arrive(MINUTE_US) for _ in range(31)] == [True] * 30 + [False]


def test_the_day_allows_fifteen_thousand() -> None:
    project = Numbered(RateLimits())
    step = DAY_US // 20_000
    taken = sum(project.arrive(number * step) for number in range(20_000))
    assert taken == 15_000
    assert not project.arrive(DAY_US - 1)
    assert project.arrive(DAY_US)


def test_the_defaults_are_the_documented_numbers() -> None:
    assert RateLimits() == RateLimits(per_minute=30, per_day=15_000)
