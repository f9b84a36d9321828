"""Do wishes hold exactly when, and for what, they were said?"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.people.preference import (
    ChannelKind,
    OptOut,
    OptOutScope,
    QuietHours,
    end_of_quiet,
    find_opt_out,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(18 * 60, 8 * 60)
OF_PROJECT = OptOut(OptOutScope.PROJECT, "3", NOW)
OF_MAIL = OptOut(OptOutScope.CHANNEL, "email", NOW)


def quiet_until(hours: QuietHours, wall: str, *, fold: int = 0) -> str | None:
    """Wall clock of Berlin in, wall clock of Berlin out."""
    now = datetime.fromisoformat(wall).replace(tzinfo=BERLIN, fold=fold)
    end = end_of_quiet(hours, BERLIN, now.astimezone(UTC))
    return None if end is None else end.astimezone(BERLIN).isoformat()


class TestOptOuts:
    def test_of_all_goes_first(self) -> None:
        found = find_opt_out(NOW - DAY, [OF_PROJECT, OF_MAIL], 3)
        assert found == OptOut(OptOutScope.ALL, "", NOW - DAY)

    def test_of_a_project_is_for_that_project(self) -> None:
        assert find_opt_out(None, [OF_PROJECT], 3) is OF_PROJECT
        assert find_opt_out(None, [OF_PROJECT], 33) is None

    def test_of_the_only_channel_is_for_every_project(self) -> None:
        assert find_opt_out(None, [OF_MAIL], 3) is OF_MAIL

    def test_of_a_channel_keeps_nobody_from_another_one(self) -> None:
        both = (ChannelKind.SLACK, ChannelKind.EMAIL)
        of_slack = OptOut(OptOutScope.CHANNEL, "slack", NOW + DAY)
        assert find_opt_out(None, [OF_MAIL], 3, both) is None
        assert find_opt_out(None, [of_slack], 3, both) is None
        assert find_opt_out(None, [OF_MAIL, of_slack], 3, both) is of_slack, "the later one, which left none"
        assert find_opt_out(None, [of_slack], 3, (ChannelKind.SLACK,)) is of_slack

    def test_of_a_channel_is_none_where_the_survey_has_no_channel_at_all(self) -> None:
        assert find_opt_out(None, [OF_MAIL], 3, ()) is None

    def test_of_a_channel_that_is_not_there_keeps_nobody_from_anything(self) -> None:
        assert find_opt_out(None, [OptOut(OptOutScope.CHANNEL, "fax", NOW)], 3) is None

    def test_of_nothing_is_none(self) -> None:
        assert find_opt_out(None, [], 3) is None


class TestQuietHours:
    @pytest.mark.parametrize(
        ("wall", "end"),
        [
            ("2026-01-15T17:59:59", None),
            ("2026-01-15T18:00:00", "2026-01-16T08:00:00+01:00"),
            ("2026-01-15T23:59:59.999999", "2026-01-16T08:00:00+01:00"),
            ("2026-01-16T00:00:00", "2026-01-16T08:00:00+01:00"),
            ("2026-01-16T07:59:59.999999", "2026-01-16T08:00:00+01:00"),
            ("2026-01-16T08:00:00", None),
        ],
    )
    def test_over_midnight(self, wall: str, end: str | None) -> None:
        assert quiet_until(NIGHT, wall) == end

    @pytest.mark.parametrize(
        ("wall", "end"),
        [("2026-01-15T11:59:00", None), ("2026-01-15T12:30:07", "2026-01-15T13:00:00+01:00")],
    )
    def test_within_a_day(self, wall: str, end: str | None) -> None:
        assert quiet_until(QuietHours(12 * 60, 13 * 60), wall) == end

    def test_of_no_length_are_none(self) -> None:
        assert quiet_until(QuietHours(480, 480), "2026-01-15T08:00:00") is None

    def test_end_by_the_clock_on_the_wall_when_clocks_go_forward(self) -> None:
        assert quiet_until(NIGHT, "2026-03-28T20:00:00") == "2026-03-29T08:00:00+02:00"

    def test_end_by_the_clock_on_the_wall_when_clocks_go_back(self) -> None:
        assert quiet_until(NIGHT, "2026-10-24T20:00:00") == "2026-10-25T08:00:00+01:00"

    def test_end_where_the_clock_jumps_over_their_end(self) -> None:
        assert quiet_until(QuietHours(0, 2 * 60 + 30), "2026-03-29T01:00:00") == "2026-03-29T03:00:00+02:00"

    def test_whose_end_comes_twice_end_at_the_first_and_begin_again(self) -> None:
        early = QuietHours(0, 2 * 60 + 30)
        assert quiet_until(early, "2026-10-25T01:00:00") == "2026-10-25T02:30:00+02:00"
        assert quiet_until(early, "2026-10-25T02:10:00", fold=1) == "2026-10-25T02:30:00+01:00"

    @given(
        st.integers(0, 1_439),
        st.integers(0, 1_439),
        st.integers(0, 400 * 1_440),
        st.sampled_from(
            ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
        ),
    )
    @settings(max_examples=60)
    def test_end_at_the_first_minute_that_is_not_quiet(
        self, start: int, end: int, minutes: int, name: str
    ) -> None:
        hours, zone = QuietHours(start, end), ZoneInfo(name)
        now = NOW + minutes * MINUTE
        found = end_of_quiet(hours, zone, now)
        if found is None:
            assert not hours.hold(now.astimezone(zone))
            return
        assert now <= found <= now + DAY + HOUR
        assert not hours.hold(found.astimezone(zone))
        assert hours.hold((found - MINUTE).astimezone(zone))
