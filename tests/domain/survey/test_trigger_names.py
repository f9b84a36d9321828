"""Does a trigger listen to exactly the events that it names, and know what must be kept for it?"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.survey.trigger import EventNames, Trigger, Within, any_name

HOUR = timedelta(hours=1)
NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)


def is_like(glob: str, name: str) -> bool:
    """The plain matcher: a star takes nothing, or one character and goes on."""
    if not glob:
        return not name
    if glob[0] == "*":
        return is_like(glob[1:], name) or (name != "" and is_like(glob, name[1:]))
    return name != "" and glob[0] == name[0] and is_like(glob[1:], name[1:])


class TestGlobs:
    @pytest.mark.parametrize(
        ("glob", "name", "expected"),
        [
            ("build.finished", "build.finished", True),
            ("build.finished", "build.finished.twice", False),
            ("build.finished", "a.build.finished", False),
            ("build.finished", "buildXfinished", False),
            ("build.*", "build.finished", True),
            ("build.*", "build.", True),
            ("build.*", "build", False),
            ("*.finished", "a.b.finished", True),
            ("*", "", True),
            ("*", "whatever\nit is", True),
            ("**", "x", True),
            ("a*b*c", "a-b-c", True),
            ("a*b*c", "abc", True),
            ("a*b*c", "acb", False),
            ("a*a", "a", False),
            ("a?c", "abc", False),
            ("a[bc]", "ab", False),
            ("(a|b)", "a", False),
            ("A*", "ab", False),
        ],
    )
    def test_have_stars_and_nothing_else(self, glob: str, name: str, expected: bool) -> None:
        assert any_name((glob,), name) is expected
        assert (name in EventNames([glob])) is expected
        assert Trigger((glob,)).hears(name) is expected

    @given(st.text("ab.*", max_size=7), st.text("ab.", max_size=8))
    @settings(max_examples=300, deadline=None)
    def test_match_like_the_plain_matcher(self, glob: str, name: str) -> None:
        assert any_name((glob,), name) is is_like(glob, name)

    @given(st.lists(st.text("ab*", max_size=4), max_size=4), st.text("ab", max_size=4))
    @settings(max_examples=200, deadline=None)
    def test_of_several_one_is_enough(self, globs: list[str], name: str) -> None:
        expected = any(is_like(glob, name) for glob in globs)
        assert any_name(tuple(globs), name) is expected
        assert (name in EventNames(globs)) is expected

    def test_with_many_stars_do_not_take_for_ever(self) -> None:
        # If stars multiplied, this would take years.
        assert not any_name(("*a" * 40 + "b",), "a" * 5_000)


def test_no_names_are_no_event() -> None:
    assert not any_name((), "")
    assert "" not in EventNames()
    assert "a" not in EventNames()


class TestATrigger:
    PLAIN = Trigger(("a.*",))
    FULL = Trigger(
        ("a.*",),
        after=Within(("b.*",), HOUR),
        not_followed_by=Within(("c.*",), 2 * HOUR),
        delay=HOUR,
        cancel_on=("d.*",),
    )

    @pytest.mark.parametrize(
        ("name", "asks", "is_after", "withdraws"),
        [
            ("a.1", True, False, False),
            ("b.1", False, True, False),
            ("c.1", False, False, True),
            ("d.1", False, False, True),
        ],
    )
    def test_knows_what_each_event_means_to_it(
        self, name: str, asks: bool, is_after: bool, withdraws: bool
    ) -> None:
        assert self.FULL.is_told(name)
        assert self.FULL.hears(name) is asks
        assert self.FULL.is_after(name) is is_after
        assert (self.FULL.cancels(name) or self.FULL.is_missed(name)) is withdraws

    def test_is_not_told_of_others(self) -> None:
        assert not self.FULL.is_told("e.1")
        for name in ("b.1", "c.1", "d.1"):
            assert not self.PLAIN.is_told(name)
            assert not self.PLAIN.is_after(name)
            assert not self.PLAIN.withdraws(name, NOW, NOW)

    def test_names_all_events_that_it_must_be_told_of(self) -> None:
        assert self.FULL.names == ("a.*", "d.*", "c.*", "b.*")
        assert self.PLAIN.names == ("a.*",)

    @pytest.mark.parametrize(
        ("hours", "withdrawn"),
        [(-1, []), (0, ["given.up", "fixed"]), (2, ["given.up", "fixed"]), (3, ["given.up"])],
    )
    def test_what_must_stay_away_withdraws_only_within_its_time(
        self, hours: int, withdrawn: list[str]
    ) -> None:
        trigger = Trigger(("a",), not_followed_by=Within(("fixed",), 2 * HOUR), cancel_on=("given.up",))
        at = NOW + hours * HOUR
        assert [name for name in ("given.up", "fixed") if trigger.withdraws(name, at, NOW)] == withdrawn

    @pytest.mark.parametrize(("age", "waits"), [(-1, 4), (0, 3), (1, 2), (2, 1), (9, 1)])
    def test_the_older_the_event_the_less_it_waits(self, age: int, waits: int) -> None:
        trigger = Trigger(("a",), delay=HOUR, not_followed_by=Within(("c",), 3 * HOUR))
        assert trigger.waits_after(age * HOUR) == waits * HOUR

    @pytest.mark.parametrize(
        ("delay", "absent", "waits"), [(0, 0, 0), (1, 0, 1), (0, 2, 2), (1, 2, 2), (3, 2, 3)]
    )
    def test_waits_for_the_longer_of_delay_and_absence(self, delay: int, absent: int, waits: int) -> None:
        not_followed_by = Within(("c",), absent * HOUR) if absent else None
        trigger = Trigger(("a",), delay=delay * HOUR, not_followed_by=not_followed_by)
        assert trigger.waits == waits * HOUR

    @pytest.mark.parametrize(
        ("trigger", "looks_back", "remembers"),
        [
            (PLAIN, False, False),
            (Trigger(("a",), delay=HOUR), False, False),
            (Trigger(("a",), count=2, count_window=HOUR), True, True),
            (Trigger(("a",), after=Within(("b",), HOUR)), True, True),
            (Trigger(("a",), not_followed_by=Within(("b",), HOUR)), False, True),
            (Trigger(("a",), delay=HOUR, cancel_on=("b",)), False, True),
        ],
        ids=range(6),
    )
    def test_knows_what_must_be_kept_for_it(
        self, trigger: Trigger, looks_back: bool, remembers: bool
    ) -> None:
        assert trigger.looks_back is looks_back
        assert trigger.remembers is remembers

    def test_is_equal_to_one_that_says_the_same(self) -> None:
        assert Trigger(("a", "b")) == Trigger(("a", "b"))
        assert Trigger(("a", "b")) != Trigger(("a",))
