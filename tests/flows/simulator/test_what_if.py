"""Are all combinations made that somebody wants to compare, and is it said which can't be?"""

import re
from typing import Any

import pytest

from afterword.domain.errors import AfterwordError
from afterword.flows.simulator.simulation import Wanted
from afterword.flows.simulator.what_if import AS_IT_IS, vary
from afterword.flows.surveys.survey_definition import SurveyFile
from afterword.flows.surveys.survey_file.throttle import make_policy
from tests.flows.world import survey_file
from tests.storage.support import DAY


def cooldown_of(file: SurveyFile) -> dict[str, str]:
    cooldown = file.throttle.cooldown
    return {name: getattr(cooldown, name) for name in ("answered", "dismissed", "ignored", "snoozed")}


def test_all_combinations_are_made() -> None:
    file = survey_file(throttle={"cooldown": {"answered": "7d"}})
    made = vary(file, "s.yaml", ["cooldown.answered=30d, 60d", "sampling.rate=0.5,1"])
    assert [one.label for one in made] == [
        "cooldown.answered=30d sampling.rate=0.5",
        "cooldown.answered=30d sampling.rate=1",
        "cooldown.answered=60d sampling.rate=0.5",
        "cooldown.answered=60d sampling.rate=1",
    ]
    throttles = [one.file.throttle for one in made]
    assert [one.cooldown.answered for one in throttles] == ["30d", "30d", "60d", "60d"]  # type: ignore[union-attr]
    assert [one.sampling.rate for one in throttles] == [0.5, 1, 0.5, 1]  # type: ignore[union-attr]


@pytest.mark.parametrize("said", [{}, {"caps": {"1d": 3}}])
def test_a_part_that_is_varied_leaves_the_others_as_they_are(said: dict[str, Any]) -> None:
    made = vary(survey_file(throttle=said), "s.yaml", ["caps.7d=1,2"])
    for one, count in zip(made, (1, 2), strict=True):
        caps = {cap.window: cap.count for cap in make_policy([("$", one.file.throttle)]).caps}
        assert caps == {1 * DAY: 3 if said else 1, 7 * DAY: count, 30 * DAY: 2, 90 * DAY: 4}


def test_a_field_of_the_trigger() -> None:
    file = survey_file(trigger={"events": ["build.finished"], "count": {"at_least": 2, "within": "1d"}})
    made = vary(file, "s.yaml", ["trigger.count.at_least=3"])
    assert made[0].file.trigger.count is not None
    assert made[0].file.trigger.count.at_least == 3


def test_a_cooldown_in_one_word_has_parts() -> None:
    made = vary(survey_file(throttle={"cooldown": "7d"}), "s.yaml", ["cooldown.answered=30d,60d"])
    others = {"dismissed": "7d", "ignored": "7d", "snoozed": "7d"}
    assert [cooldown_of(one.file) for one in made] == [
        {"answered": "30d"} | others,
        {"answered": "60d"} | others,
    ]


def test_any_send_window_has_all_days_and_hours() -> None:
    (made,) = vary(survey_file(throttle={"send_window": "any"}), "s.yaml", ["send_window.hours=8-12"])
    window = made.file.throttle.send_window
    assert (window.hours, len(window.days)) == ("8-12", 7)  # type: ignore[union-attr]


def test_a_whole_field_comes_before_its_parts_whichever_is_typed_first() -> None:
    (made,) = vary(survey_file(), "s.yaml", ["cooldown.answered=30d", "throttle.cooldown=1d"])
    assert cooldown_of(made.file) == {"answered": "30d", "dismissed": "1d", "ignored": "1d", "snoozed": "1d"}


def test_without_ranges_it_is_the_file() -> None:
    file = survey_file()
    assert vary(file, "s.yaml", []) == [Wanted(AS_IT_IS, file)]


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        (["cooldown"], "--vary cooldown: this is not a range"),
        (["cooldown=1d,"], "--vary cooldown=1d,: this is not a range"),
        (["priority=" + ",".join(map(str, range(13)))], "13 combinations; at most 12 at once"),
        (["max_open=-1"], "s.yaml with max_open=-1:1: throttle.max_open"),
        (["coldown=1d"], "did you mean"),
        (["caps.7d=1"], "caps has no parts in the file; vary caps itself"),
        (["trigger.delay.days=1d"], "delay has no parts in the file; vary delay itself"),
        (
            ["sampling.rate=1", "throttle.sampling.rate=0.5,0.2"],
            "there twice: give all values at once, --vary throttle.sampling.rate=1,0.5,0.2",
        ),
    ],
)
def test_what_is_no_range_is_said(ranges: list[str], message: str) -> None:
    with pytest.raises(AfterwordError, match=re.escape(message)):
        vary(survey_file(throttle={"cooldown": "7d", "caps": {}}), "s.yaml", ranges)
