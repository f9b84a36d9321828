"""By which channel does an invitation go, by the rule alone?"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.domain.people.preference import ChannelKind
from afterword.domain.throttle.channel_choice import (
    Failed,
    Tried,
    choose_channel,
    find_failure,
    list_channels,
    list_usable,
    next_channel,
    reaches,
)

SLACK, EMAIL = ChannelKind.SLACK, ChannelKind.EMAIL
BOTH = (SLACK, EMAIL)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("wanted", "there", "order"),
    [
        ((), (EMAIL,), (EMAIL,)),
        ((), (EMAIL, SLACK), (SLACK, EMAIL)),
        (("email", "slack"), (SLACK, EMAIL), (EMAIL, SLACK)),
        (("slack",), (SLACK, EMAIL), (SLACK,)),
        (("slack",), (EMAIL,), ()),
        (("email", "email"), (EMAIL,), (EMAIL,)),
    ],
)
def test_the_surveys_order_counts_and_else_the_nearest_is_first(
    wanted: tuple[str, ...], there: tuple[ChannelKind, ...], order: tuple[ChannelKind, ...]
) -> None:
    assert list_channels(wanted, there) == order


@pytest.mark.parametrize(
    ("email", "kinds"),
    [("ana@example.com", BOTH), ("aña@example.com", (SLACK,)), ("", ())],
)
def test_mail_reaches_ascii_addresses_and_slack_all(email: str, kinds: tuple[ChannelKind, ...]) -> None:
    assert tuple(kind for kind in ChannelKind if reaches(kind, email)) == kinds
    assert list_usable(BOTH, email, ()) == kinds


@pytest.mark.parametrize(
    ("unwanted", "usable"),
    [((), BOTH), (("slack",), (EMAIL,)), (("email",), (SLACK,)), (("slack", "email"), BOTH)],
)
def test_an_unwanted_channel_is_left_out_unless_all_are(
    unwanted: tuple[str, ...], usable: tuple[ChannelKind, ...]
) -> None:
    assert list_usable(BOTH, "ana@example.com", unwanted) == usable


@pytest.mark.parametrize(
    ("tried", "usable", "chosen"),
    [
        pytest.param(Tried(), BOTH, SLACK, id="the first one"),
        pytest.param(Tried(), (EMAIL,), EMAIL, id="the first usable one"),
        pytest.param(Tried(), (), None, id="none"),
        pytest.param(Tried(SLACK, NOW - HOUR / 2), BOTH, SLACK, id="its time is not over"),
        pytest.param(Tried(SLACK, NOW - HOUR), BOTH, EMAIL, id="its time is over"),
        pytest.param(Tried(SLACK, NOW - HOUR), (SLACK,), SLACK, id="over, but there is no other"),
        pytest.param(Tried(EMAIL, NOW - 9 * HOUR), BOTH, EMAIL, id="never back to an earlier one"),
        pytest.param(Tried(SLACK, NOW), (EMAIL,), EMAIL, id="not usable any more"),
        pytest.param(Tried(EMAIL, NOW), (SLACK,), None, id="not usable, and none after it"),
        pytest.param(Tried(EMAIL), BOTH, EMAIL, id="handed over, and not tried yet"),
        pytest.param(Tried(SLACK, NOW - 9 * HOUR, may_be_out=True), BOTH, SLACK, id="may be out"),
        pytest.param(Tried(SLACK, NOW, may_be_out=True), (EMAIL,), None, id="may be out, not usable"),
    ],
)
def test_the_choice(tried: Tried, usable: tuple[ChannelKind, ...], chosen: ChannelKind | None) -> None:
    assert choose_channel(BOTH, usable, tried, next_after=HOUR, now=NOW) is chosen


def test_a_channel_that_the_survey_names_no_more_was_before_all_others() -> None:
    assert next_channel((EMAIL,), (EMAIL,), SLACK) is EMAIL


def test_without_a_time_of_its_own_the_next_one_comes_with_the_second_try() -> None:
    assert choose_channel(BOTH, BOTH, Tried(SLACK, NOW), next_after=timedelta(), now=NOW) is EMAIL


@dataclass(frozen=True)
class Step:
    """Time that passes, who may be used then, and what the channel says."""

    waits: timedelta
    usable: frozenset[ChannelKind]
    outcome: str


steps = st.builds(
    Step,
    st.timedeltas(timedelta(), 3 * HOUR),
    st.frozensets(st.sampled_from(BOTH)),
    st.sampled_from(["refused", "busy", "silent", "sent"]),
)


@given(st.permutations(BOTH), st.lists(steps, max_size=12))
def test_no_second_channel_ever_carries_what_may_be_out(order: list[ChannelKind], story: list[Step]) -> None:
    now, tried, out = NOW, Tried(), set()
    used: list[ChannelKind] = []
    for step in story:
        now += step.waits
        chosen = choose_channel(order, step.usable, tried, next_after=HOUR, now=now)
        if chosen is None:
            continue
        assert chosen in step.usable
        assert not out or out == {chosen}, "it may be out by another channel"
        used.append(chosen)
        since = tried.since if chosen is tried.channel and tried.since is not None else now
        tried = Tried(chosen, since, tried.may_be_out)
        if step.outcome in ("silent", "sent"):
            out.add(chosen)
            tried = Tried(chosen, since, may_be_out=True)
        elif step.outcome == "refused" and not tried.may_be_out:
            following = next_channel(order, step.usable, chosen)
            tried = Tried(following, None) if following else tried
    assert used == sorted(used, key=order.index), "it never goes back"


MINE, OTHER = 1, 2
LATER = NOW + HOUR


@pytest.mark.parametrize(
    ("usable", "failed", "found"),
    [
        pytest.param(BOTH, [], None, id="nothing failed"),
        pytest.param((EMAIL,), [Failed(OTHER, EMAIL, LATER)], LATER, id="its only channel"),
        pytest.param((EMAIL,), [Failed(OTHER, SLACK, LATER)], None, id="another channel"),
        pytest.param(BOTH, [Failed(OTHER, EMAIL, LATER)], None, id="one of its channels"),
        pytest.param(BOTH, [Failed(OTHER, EMAIL, LATER), Failed(3, SLACK, NOW)], LATER, id="each channel"),
        pytest.param(BOTH, [Failed(MINE, EMAIL, LATER)], LATER, id="its own message went by all"),
        pytest.param((SLACK,), [Failed(MINE, EMAIL, LATER)], None, id="its own by what is not wanted now"),
        pytest.param((EMAIL,), [Failed(MINE, EMAIL, NOW - HOUR)], None, id="too long ago"),
        pytest.param((), [Failed(MINE, EMAIL, LATER)], None, id="no channel at all"),
    ],
)
def test_a_failure_is_of_a_survey_whose_channels_all_failed(
    usable: tuple[ChannelKind, ...], failed: list[Failed], found: datetime | None
) -> None:
    assert find_failure(MINE, usable, failed, NOW - HOUR) == found
