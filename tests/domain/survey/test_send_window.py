"""Does a window open when the clock on the person's wall says so, on days that have 23 or 25 hours too?"""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.survey.send_window import WORKING_HOURS, SendWindow

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TICK = timedelta(microseconds=1)
EVERY_DAY = frozenset(range(7))


def opening(window: SendWindow, wall: str, name: str = "Europe/Berlin", *, fold: int = 0) -> str:
    """Wall clock in, wall clock out."""
    zone = ZoneInfo(name)
    now = datetime.fromisoformat(wall).replace(tzinfo=zone, fold=fold).astimezone(UTC)
    return window.next_open(now, zone).astimezone(zone).isoformat()


@pytest.mark.parametrize(
    ("wall", "opens"),
    [
        ("2026-03-02T08:59:59.999999", "2026-03-02T09:00:00+01:00"),
        ("2026-03-02T09:00:00", "2026-03-02T09:00:00+01:00"),
        ("2026-03-02T12:34:56.789", "2026-03-02T12:34:56.789000+01:00"),
        ("2026-03-02T16:59:59.999999", "2026-03-02T16:59:59.999999+01:00"),
        ("2026-03-02T17:00:00", "2026-03-03T09:00:00+01:00"),
        ("2026-03-02T23:59:00", "2026-03-03T09:00:00+01:00"),
        ("2026-03-03T00:00:00", "2026-03-03T09:00:00+01:00"),
        ("2026-03-06T17:00:00", "2026-03-09T09:00:00+01:00"),
        ("2026-03-07T12:00:00", "2026-03-09T09:00:00+01:00"),
        ("2026-03-08T23:59:00", "2026-03-09T09:00:00+01:00"),
        ("2026-12-31T20:00:00", "2027-01-01T09:00:00+01:00"),
    ],
)
def test_working_hours_open_on_working_days(wall: str, opens: str) -> None:
    assert opening(WORKING_HOURS, wall) == opens


@pytest.mark.parametrize(
    ("wall", "opens"),
    [
        ("2026-03-04T09:59:59", "2026-03-04T09:59:59+01:00"),
        ("2026-03-04T10:00:00", "2026-03-11T08:30:00+01:00"),
        ("2026-03-05T00:00:00", "2026-03-11T08:30:00+01:00"),
        ("2026-03-04T08:29:00", "2026-03-04T08:30:00+01:00"),
    ],
)
def test_one_day_of_the_week_opens_a_week_later_at_most(wall: str, opens: str) -> None:
    assert opening(SendWindow(frozenset({2}), 8 * 60 + 30, 10 * 60), wall) == opens


@pytest.mark.parametrize("hour", [0, 11, 23])
def test_a_whole_day_is_open_all_day(hour: int) -> None:
    window = SendWindow(EVERY_DAY, 0, 24 * 60)
    assert opening(window, f"2026-03-07T{hour:02}:59:59").startswith(f"2026-03-07T{hour:02}:59:59")
    weekly = SendWindow(frozenset({0}), 0, 24 * 60)
    assert opening(weekly, "2026-03-07T12:00:00") == "2026-03-09T00:00:00+01:00"


@pytest.mark.parametrize(
    ("zone", "wall", "opens"),
    [
        ("Europe/Berlin", "2026-03-28T18:00:00", "2026-03-29T09:00:00+02:00"),
        ("Europe/Berlin", "2026-03-29T01:30:00", "2026-03-29T09:00:00+02:00"),
        ("Europe/Berlin", "2026-10-24T18:00:00", "2026-10-25T09:00:00+01:00"),
        ("Europe/Berlin", "2026-10-25T01:30:00", "2026-10-25T09:00:00+01:00"),
        ("America/New_York", "2026-03-07T18:00:00", "2026-03-08T09:00:00-04:00"),
        ("America/New_York", "2026-11-01T00:30:00", "2026-11-01T09:00:00-05:00"),
        ("Australia/Lord_Howe", "2026-10-03T18:00:00", "2026-10-04T09:00:00+11:00"),
        ("Australia/Lord_Howe", "2026-04-04T18:00:00", "2026-04-05T09:00:00+10:30"),
    ],
)
def test_opens_by_the_wall_on_the_day_that_clocks_are_set(zone: str, wall: str, opens: str) -> None:
    assert opening(SendWindow(EVERY_DAY), wall, zone) == opens


class TestWhereTheClockJumps:
    @pytest.mark.parametrize(
        ("zone", "at", "wall", "opens"),
        [
            ("Europe/Berlin", 2 * 60 + 30, "2026-03-29T00:10:00", "2026-03-29T03:00:00+02:00"),
            ("America/New_York", 2 * 60 + 30, "2026-03-08T00:10:00", "2026-03-08T03:00:00-04:00"),
            ("Australia/Lord_Howe", 2 * 60 + 10, "2026-10-04T00:10:00", "2026-10-04T02:30:00+11:00"),
            ("Europe/Berlin", 2 * 60, "2026-03-29T01:59:59", "2026-03-29T03:00:00+02:00"),
            ("Europe/Berlin", 3 * 60, "2026-03-29T01:59:59", "2026-03-29T03:00:00+02:00"),
        ],
    )
    def test_over_the_opening_it_opens_after_it(self, zone: str, at: int, wall: str, opens: str) -> None:
        assert opening(SendWindow(EVERY_DAY, at, 17 * 60), wall, zone) == opens

    def test_over_all_of_the_window_it_does_not_open_that_day(self) -> None:
        window = SendWindow(EVERY_DAY, 2 * 60, 3 * 60)
        assert opening(window, "2026-03-29T00:10:00") == "2026-03-30T02:00:00+02:00"
        weekly = SendWindow(frozenset({6}), 2 * 60, 3 * 60)
        assert opening(weekly, "2026-03-22T04:00:00") == "2026-04-05T02:00:00+02:00"

    def test_over_midnight_the_day_begins_after_the_jump(self) -> None:
        window = SendWindow(frozenset({6}), 0, 24 * 60)
        assert opening(window, "2018-11-03T12:00:00", "America/Sao_Paulo") == "2018-11-04T01:00:00-02:00"

    def test_over_a_whole_day_that_day_is_none(self) -> None:
        # Samoa left out Friday, the 30th of December 2011.
        window = SendWindow(frozenset({4}), 0, 24 * 60)
        assert opening(window, "2011-12-29T12:00:00", "Pacific/Apia") == "2012-01-06T00:00:00+14:00"


class TestWhereAnHourComesTwice:
    EARLY = SendWindow(EVERY_DAY, 2 * 60 + 30, 3 * 60)

    def test_it_opens_at_the_first(self) -> None:
        assert opening(self.EARLY, "2026-10-25T01:00:00") == "2026-10-25T02:30:00+02:00"

    def test_it_opens_at_the_second_again(self) -> None:
        assert opening(self.EARLY, "2026-10-25T02:10:00", fold=1) == "2026-10-25T02:30:00+01:00"
        assert opening(self.EARLY, "2026-10-25T03:00:00") == "2026-10-26T02:30:00+01:00"

    def test_what_had_closed_opens_when_the_clock_is_set_back_into_it(self) -> None:
        window = SendWindow(EVERY_DAY, 60, 2 * 60 + 30)
        assert opening(window, "2026-10-25T02:40:00") == "2026-10-25T02:00:00+01:00"
        assert opening(window, "2026-10-25T02:40:00", fold=1) == "2026-10-26T01:00:00+01:00"


ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Kathmandu",
    "Pacific/Apia",
)
CHANGES = (
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2018, 11, 4, 3, tzinfo=UTC),
    datetime(2026, 3, 8, 5, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
)
windows = st.tuples(
    st.sets(st.integers(0, 6), min_size=3).map(frozenset),
    st.lists(st.integers(0, 96), min_size=2, max_size=2, unique=True).map(sorted),
).map(lambda those: SendWindow(those[0], those[1][0] * 15, those[1][1] * 15))


def is_open(window: SendWindow, moment: datetime, zone: tzinfo) -> bool:
    wall = moment.astimezone(zone)
    minute = wall.hour * 60 + wall.minute
    return wall.weekday() in window.weekdays and window.opens_at <= minute < window.closes_at


@given(windows, st.sampled_from(ZONES), st.sampled_from(CHANGES), st.integers(-30 * 60, 30 * 60))
@settings(max_examples=120, deadline=None)
def test_opens_at_the_first_minute_at_which_the_wall_says_so(
    window: SendWindow, name: str, change: datetime, minutes: int
) -> None:
    zone, now = ZoneInfo(name), change + minutes * MINUTE + 7 * TICK
    found = window.next_open(now, zone)
    if is_open(window, now, zone):
        assert found == now
        return
    minute = now.replace(microsecond=0)
    while not is_open(window, minute, zone):
        minute += MINUTE
    assert found == minute
