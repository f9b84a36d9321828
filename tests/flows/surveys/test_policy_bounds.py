"""Can levels below the organisation ask people less often, and more often only with a right?"""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.domain.errors import ConflictError
from afterword.domain.survey.policy import Policy
from afterword.flows.surveys.apply_surveys import apply_survey
from afterword.flows.surveys.policy_bounds import find_excess, keep_within
from afterword.flows.surveys.policy_levels import Levels, effective, merge_levels
from afterword.flows.surveys.survey_file.throttle import ThrottleFile
from tests.flows.world import World, survey_file

ORGANISATION = {
    "caps": {"1d": 1, "7d": 2},
    "group_caps": {"build": {"count": 2, "window": "7d"}},
    "max_open": 2,
    "backoff": True,
}


def throttle(said: dict[str, Any]) -> ThrottleFile:
    return msgspec.convert(said, ThrottleFile)


def levels(organisation: dict[str, Any], project: dict[str, Any] | None = None, *exceeding: str) -> Levels:
    return Levels(
        1,
        None if project is None else throttle(project),
        throttle(organisation),
        frozenset(),
        (),
        None,
        frozenset(exceeding),
    )


@pytest.mark.parametrize(
    ("said", "excess"),
    [
        ({"caps": {"7d": 3}}, {"caps.7d": "2 within 7d"}),
        ({"caps": {"168h": 3}}, {"caps.168h": "2 within 168h"}),
        ({"caps": {"7d": None}}, {"caps.7d": "2 within 7d"}),
        ({"caps": {}}, {"caps": "1 within 1d, 2 within 7d"}),
        ({"caps": {"7d": 2, "30d": 9}}, {}),
        ({"caps": {"1d": 0, "7d": 1}}, {}),
        ({"group_caps": {}}, {"group_caps": "build"}),
        ({"group_caps": {"build": None}}, {"group_caps.build": "2 within 7d"}),
        ({"group_caps": {"build": {"count": 3, "window": "30d"}}}, {"group_caps.build": "2 within 7d"}),
        ({"group_caps": {"build": {"count": 2, "window": "6d"}}}, {"group_caps.build": "2 within 7d"}),
        ({"group_caps": {"build": {"count": 2, "window": "8d"}, "other": None}}, {}),
        ({"max_open": 3}, {"max_open": "2"}),
        ({"max_open": 0}, {"max_open": "2"}),
        ({"max_open": 1}, {}),
        ({"backoff": False}, {"backoff": "true"}),
        ({"cooldown": "1d", "priority": 9}, {}),
    ],
)
def test_what_asks_more_often_is_found(said: dict[str, Any], excess: dict[str, str]) -> None:
    assert find_excess(throttle(said), throttle(ORGANISATION)) == excess
    assert find_excess(throttle(said), None) == find_excess(throttle(said), throttle({})) == {}


def test_what_the_organisation_does_not_limit_is_free() -> None:
    nothing = throttle({"caps": {"7d": None}, "group_caps": {"build": None}})
    assert find_excess(throttle({"caps": {}, "group_caps": {}}), nothing) == {}
    some = throttle({"caps": {"1d": 1, "7d": None}})
    assert find_excess(throttle({"caps": {}}), some) == {"caps": "1 within 1d"}
    organisation = throttle({"caps": {"7d": None}, "max_open": 0, "backoff": False})
    assert find_excess(throttle({"caps": {"7d": 5}, "max_open": 9, "backoff": False}), organisation) == {}


def test_the_stricter_parts_of_a_level_hold() -> None:
    kept = keep_within(
        throttle({"caps": {"1d": 0, "7d": 9}, "max_open": 0, "priority": 3}), throttle(ORGANISATION)
    )
    assert kept == throttle({"caps": {"1d": 0}, "priority": 3})


caps = st.dictionaries(st.sampled_from(["1d", "7d", "30d"]), st.none() | st.integers(0, 4))
files = st.fixed_dictionaries(
    {}, optional={"caps": caps, "max_open": st.integers(0, 3), "backoff": st.booleans()}
)


@given(files, files, files)
def test_no_level_below_asks_more_often(
    organisation: dict[str, Any], project: dict[str, Any], survey: dict[str, Any]
) -> None:
    bounds = merge_levels(levels(organisation), "a", throttle({}))
    found = merge_levels(levels(organisation, project), "a", throttle(survey))

    def count(policy: Policy, window: timedelta) -> float:
        return next((cap.count for cap in policy.caps if cap.window == window), float("inf"))

    for text, limit in organisation.get("caps", {}).items():
        if limit is not None:
            window = timedelta(days=int(text[:-1]))
            assert count(found, window) <= count(bounds, window)
    if organisation.get("max_open"):
        assert 0 < found.max_open <= bounds.max_open
    assert found.backoff or not organisation.get("backoff")


def test_a_right_lets_a_survey_ask_more_often_and_no_other() -> None:
    said = throttle({"caps": {"7d": 9}})
    assert [
        row.value
        for row in effective(levels(ORGANISATION, None, "nps*"), "nps-1", said)
        if row.field == "caps.7d"
    ] == ["9"]
    (row,) = [
        one for one in effective(levels(ORGANISATION, None, "nps"), "other", said) if one.field == "caps.7d"
    ]
    assert (row.value, row.level) == ("2", "organisation")


class TestApply:
    """What would not hold is refused when it is applied, with file, line and field."""

    @pytest.fixture
    def bounded(self, world: World) -> World:
        text = "policy: organisation\nthrottle: {caps: {7d: 1}}\nmay_exceed_caps: [allowed]\n"
        world.set_policy(text)
        return world

    def test_a_survey(self, bounded: World) -> None:
        loose = {"caps": {"7d": 2}}
        with pytest.raises(ConflictError, match=r"'build-cli' would ask people more often.* 1 within 7d"):
            apply_survey(bounded.database, bounded.clock, survey_file(throttle=loose), dry_run=True)
        allowed = survey_file("allowed", throttle=loose)
        assert apply_survey(bounded.database, bounded.clock, allowed, dry_run=False).version == 1

    def test_a_project(self, bounded: World) -> None:
        text = "policy: {project: Build CLI}\nthrottle:\n  caps:\n    7d: 2\n"
        with pytest.raises(ConflictError, match=r"^policy.yaml:4: throttle.caps.7d: the organisation says 1"):
            bounded.set_policy(text)
        assert bounded.set_policy(text.replace("2", "1")).policy_id == 3
