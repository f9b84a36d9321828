"""Does a forecast count days, people and certainty as people would?"""

from datetime import date

import pytest

from afterword.domain.throttle.forecast import Spread, count_days, expect_interval, expect_people, spread


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
