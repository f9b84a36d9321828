"""Are the defaults of a survey's throttle those of the reference, and does it know how far back it looks?"""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterword.domain.survey.policy import (
    BACKOFF_FACTOR_MAX,
    RESPONSE_RATE_INVITATIONS_MIN,
    RESPONSE_RATE_MIN,
    RESPONSE_RATE_WINDOW,
    Cap,
    Cooldown,
    GlobalCooldownUse,
    Policy,
    Quota,
    Repeat,
    Sampling,
    SamplingUnit,
    expect_response_rate,
)
from afterword.domain.survey.send_window import SendWindow
from tests.domain.throttle.throttle_facts import DAY, FREE


def test_a_survey_that_says_nothing_asks_rarely() -> None:
    assert Policy() == Policy(
        max_event_age=timedelta(minutes=30),
        audience=None,
        min_tenure=timedelta(),
        holdout=0.0,
        max_open=1,
        repeat=Repeat.RECURRING,
        shows_max=3,
        cooldown=Cooldown(90 * DAY, 60 * DAY, 30 * DAY, 7 * DAY),
        project_cooldown=30 * DAY,
        group_caps={},
        global_cooldown=14 * DAY,
        global_cooldown_use=GlobalCooldownUse.RESPECT,
        caps=(Cap(1, 1 * DAY), Cap(1, 7 * DAY), Cap(2, 30 * DAY), Cap(4, 90 * DAY)),
        backoff=True,
        quota=None,
        pacing=None,
        daily_max=None,
        sampling=Sampling(1.0, SamplingUnit.PERSON_PERIOD),
        priority=0,
        send_window=SendWindow(frozenset({0, 1, 2, 3, 4}), 9 * 60, 17 * 60, timedelta(hours=4)),
        reminder_after=None,
        expires_after=timedelta(hours=72),
        channels=(),
    )


def test_the_numbers_that_no_survey_can_change() -> None:
    assert BACKOFF_FACTOR_MAX == 4
    assert timedelta(days=30) == RESPONSE_RATE_WINDOW
    assert RESPONSE_RATE_INVITATIONS_MIN == 20


class TestCells:
    BY_CITY = Quota(20, attribute="city", each=2, cells={"Berlin": 5, "": 1})

    @pytest.mark.parametrize(("value", "wanted"), [("Berlin", 5), ("Oslo", 2), ("", 1), (None, 1)])
    def test_have_their_number_or_that_of_each(self, value: str | None, wanted: int) -> None:
        assert self.BY_CITY.of_cell(value) == wanted

    def test_need_an_attribute(self) -> None:
        assert replace(self.BY_CITY, attribute=None).of_cell("Berlin") is None

    def test_are_without_a_limit_where_none_is_given(self) -> None:
        quota = Quota(20, attribute="city")
        assert (quota.of_cell("Oslo"), quota.of_cell(None)) == (None, None)
        assert replace(quota, each=2).of_cell(None) == 2


class TestHowFarBackItLooks:
    @pytest.mark.parametrize(
        "changes",
        [
            {"cooldown": Cooldown(50 * DAY, 1 * DAY, 1 * DAY, 1 * DAY)},
            {"cooldown": Cooldown(1 * DAY, 50 * DAY, 1 * DAY, 1 * DAY)},
            {"cooldown": Cooldown(1 * DAY, 1 * DAY, 50 * DAY, 1 * DAY)},
            {"cooldown": Cooldown(1 * DAY, 1 * DAY, 1 * DAY, 50 * DAY)},
            {"project_cooldown": 50 * DAY},
            {"global_cooldown": 50 * DAY},
            {"quota": Quota(1, 50 * DAY)},
            {"caps": (Cap(1, DAY), Cap(9, 50 * DAY), Cap(1, DAY))},
            {"group_caps": {"build": Cap(9, 50 * DAY), "deploy": Cap(1, DAY)}},
        ],
        ids=range(9),
    )
    def test_is_the_longest_of_all(self, changes: dict[str, object]) -> None:
        assert replace(FREE, **changes).looks_back == 50 * DAY  # type: ignore[arg-type]

    def test_is_longer_where_cooldowns_grow(self) -> None:
        growing = replace(FREE, backoff=True, global_cooldown=50 * DAY)
        assert growing.looks_back == 200 * DAY
        assert replace(growing, caps=(Cap(1, 201 * DAY),)).looks_back == 201 * DAY
        assert replace(growing, quota=Quota(1, 202 * DAY)).looks_back == 202 * DAY

    def test_is_nothing_where_nothing_is_looked_at(self) -> None:
        assert replace(FREE, quota=Quota(1)).looks_back == timedelta()


@pytest.mark.parametrize(
    ("ended", "answered", "rate"),
    [
        (0, 0, 1.0),
        (RESPONSE_RATE_INVITATIONS_MIN - 1, 3, 1.0),
        (RESPONSE_RATE_INVITATIONS_MIN, RESPONSE_RATE_INVITATIONS_MIN // 2, 0.5),
        (1_000, 50, 0.05),
        (1_000, 49, RESPONSE_RATE_MIN),
        (1_000, 0, RESPONSE_RATE_MIN),
        (1_000, 1_000, 1.0),
    ],
)
def test_everybody_is_expected_to_answer_until_enough_invitations_ended(
    ended: int, answered: int, rate: float
) -> None:
    assert expect_response_rate(ended, answered) == rate
