"""Does a forecast count days, people and certainty as people would?"""

from datetime import UTC, date, datetime, timedelta

import pytest

from afterword.domain.throttle.forecast import (
    Spread,
    count_days,
    expect_interval,
    expect_people,
    list_days_in_part,
    spread,
    spread_days,
)


@pytest.mark.parametrize(
    ("counts", "wanted"),
    [
        ([], Spread(0, 0, 0)),
        ([3], Spread(3, 3, 3)),
        ([1, 2], Spread(1, 2, 2)),
        (range(1, 101), Spread(50, 95, 100)),
        ([0] * 19 + [7], Spread(0, 0, 7)),
    ],
)
def test_a_spread_is_by_the_nearest_rank(counts: list[int], wanted: Spread) -> None:
    assert spread(counts) == wanted


def test_days_without_invitations_count_as_days() -> None:
    first, last = date(2026, 2, 27), date(2026, 3, 2)
    found = count_days(first, last, [date(2026, 2, 28), date(2026, 2, 28), last])
    assert found == {first: 0, date(2026, 2, 28): 2, date(2026, 3, 1): 0, last: 1}


FIRST, NOON = date(2026, 3, 1), datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_days_in_part_say_nothing_of_days_but_may_have_the_most() -> None:
    days = {FIRST: 0, FIRST + DAY: 3, FIRST + 2 * DAY: 5, FIRST + 3 * DAY: 9}
    assert spread_days(days, {FIRST, FIRST + 3 * DAY}) == Spread(3, 5, 9)
    assert spread_days({FIRST: 0, FIRST + DAY: 54}, {FIRST, FIRST + DAY}) == Spread(None, None, 54)


@pytest.mark.parametrize(
    ("since", "until", "in_part"),
    [
        (NOON, NOON + 2 * DAY, {FIRST, FIRST + 2 * DAY}),
        (NOON, NOON + DAY / 4, {FIRST}),
        (NOON - DAY / 2, NOON, {FIRST}),
        (NOON - DAY / 2, NOON + DAY, {FIRST + DAY}),
        (NOON - DAY / 2, NOON + DAY / 2, {FIRST + DAY}),
    ],
)
def test_the_first_and_the_last_day_are_whole_only_from_midnight_to_midnight(
    since: datetime, until: datetime, in_part: set[date]
) -> None:
    assert list_days_in_part(since, until) == in_part


@pytest.mark.parametrize(
    ("invitations", "rate", "people"),
    [([], 0.5, 0), ([1] * 10, 0.5, 5), ([1] * 10, 1.0, 10), ([2] * 4, 0.5, 3), ([1, 1, 1], 0.3, 0)],
)
def test_who_is_asked_more_often_answers_at_least_once_more_likely(
    invitations: list[int], rate: float, people: int
) -> None:
    assert expect_people(invitations, rate) == people


def test_more_answers_buy_a_narrower_interval_and_all_of_them_none() -> None:
    few, many = expect_interval(10, 1_000), expect_interval(100, 1_000)
    assert few is not None
    assert many is not None
    assert many.high - many.low < few.high - few.low
    assert expect_interval(0, 1_000) is None
    assert expect_interval(30, 30) is None
