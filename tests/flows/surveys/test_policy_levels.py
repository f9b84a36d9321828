"""Does the nearest level win, field by field, and is it told who says what?"""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterword.domain.survey.policy import Cap, GlobalCooldownUse, Pacing, Policy
from afterword.flows.surveys.policy_file import dump_policy, parse_policy_file
from afterword.flows.surveys.policy_levels import (
    DEFAULTS,
    Effective,
    Level,
    Levels,
    effective,
    merge_levels,
    read_levels,
)
from afterword.flows.surveys.survey_file.throttle import ThrottleFile
from afterword.storage import policies
from afterword.storage.engine import Database
from tests.flows.world import World
from tests.storage.support import START

NOTHING = Levels(0, None, None, frozenset(), ())
DAY = timedelta(days=1)


def add(world: World, text: str) -> int:
    file = parse_policy_file(text, "policy.yaml")
    project_id = None if file.project is None else world.project_id
    with world.database.write() as connection:
        return policies.add_policy(connection, project_id=project_id, definition=dump_policy(file), now=START)


def read(world: World) -> Levels:
    with world.database.read() as connection:
        return read_levels(connection, world.project_id)


def found(levels: Levels, key: str = "", throttle: ThrottleFile | None = None) -> dict[str, Effective]:
    return {row.field: row for row in effective(levels, key, throttle)}


def test_where_nobody_says_anything_the_defaults_hold(database: Database) -> None:
    with database.read() as connection:
        assert read_levels(connection, 1) == read_levels(connection, None) == NOTHING
    assert merge_levels(NOTHING, "nps", ThrottleFile()) == Policy()


def test_the_defaults_that_are_shown_are_those_that_hold() -> None:
    policy = merge_levels(NOTHING._replace(organisation=DEFAULTS), "nps", ThrottleFile())
    assert policy == replace(Policy(), pacing=Pacing.EVEN), (
        "None is even where there is a period to spread over"
    )
    assert {row.level for row in effective(NOTHING)} == {Level.DEFAULT}
    assert [row.field for row in effective(NOTHING)] == list(ThrottleFile.__struct_fields__)


def test_the_last_policy_of_the_project_and_of_the_organisation_are_read(world: World) -> None:
    add(world, "policy: organisation\nthrottle: {max_open: 5}\n")
    text = "policy: organisation\nthrottle: {max_open: 2}\nmay_override_global_cooldown: [nps]\n"
    add(world, text + "timezone: Europe/Berlin\n")
    last = add(world, "policy: {project: Build CLI}\nthrottle: {pause: true, priority: 3}\n")
    assert read(world) == Levels(
        last,
        ThrottleFile(pause=True, priority=3),
        ThrottleFile(max_open=2),
        frozenset({"nps"}),
        (Level.PROJECT,),
        "Europe/Berlin",
    )
    with world.database.read() as connection:
        assert read_levels(connection, None) == Levels(
            last, None, ThrottleFile(max_open=2), frozenset({"nps"}), (), "Europe/Berlin"
        )


def test_the_nearest_level_that_says_a_field_is_the_one_that_holds() -> None:
    levels = NOTHING._replace(
        project=ThrottleFile(caps={"7d": 2}, max_open=3),
        organisation=ThrottleFile(max_open=2, holdout=0.1, global_cooldown="7d"),
    )
    survey = ThrottleFile(caps={"1d": 4})
    policy = merge_levels(levels, "nps", survey)
    assert (policy.caps, policy.max_open, policy.holdout) == ((Cap(4, DAY),), 3, 0.1)
    assert (policy.global_cooldown, policy.global_cooldown_use) == (7 * DAY, GlobalCooldownUse.RESPECT)
    rows = found(levels, "nps", survey)
    shown = [rows[name] for name in ("caps", "max_open", "holdout", "priority")]
    assert shown == [
        Effective("caps", "{1d: 4}", Level.SURVEY),
        Effective("max_open", "3", Level.PROJECT),
        Effective("holdout", "0.1", Level.ORGANISATION),
        Effective("priority", "0", Level.DEFAULT),
    ]


@pytest.mark.parametrize(
    ("said", "right", "use", "cooldown", "shown"),
    [
        ("2d", "nps", GlobalCooldownUse.CUSTOM, 2 * DAY, ("2d", Level.SURVEY)),
        ("2d", "other", GlobalCooldownUse.RESPECT, 7 * DAY, ("7d", Level.ORGANISATION)),
        ("ignore", "nps", GlobalCooldownUse.IGNORE, 7 * DAY, ("ignore", Level.SURVEY)),
        ("ignore", "n", GlobalCooldownUse.RESPECT, 7 * DAY, ("7d", Level.ORGANISATION)),
        ("2d", "np*", GlobalCooldownUse.CUSTOM, 2 * DAY, ("2d", Level.SURVEY)),
        ("respect", "*", GlobalCooldownUse.RESPECT, 7 * DAY, ("7d", Level.ORGANISATION)),
        ("respect", "other", GlobalCooldownUse.RESPECT, 7 * DAY, ("7d", Level.ORGANISATION)),
    ],
)
def test_only_with_the_right_a_survey_has_a_global_cooldown_of_its_own(
    said: str,
    right: str,
    use: GlobalCooldownUse,
    cooldown: timedelta,
    shown: tuple[str, Level],
) -> None:
    levels = NOTHING._replace(organisation=ThrottleFile(global_cooldown="7d"), overriding=frozenset({right}))
    survey = ThrottleFile(global_cooldown=said)
    policy = merge_levels(levels, "nps", survey)
    assert (policy.global_cooldown_use, policy.global_cooldown) == (use, cooldown)
    row = found(levels, "nps", survey)["global_cooldown"]
    assert (row.value, row.level) == shown


def test_a_pause_further_up_holds_whatever_is_said_below() -> None:
    levels = NOTHING._replace(organisation=ThrottleFile(pause=True), project=ThrottleFile(pause=False))
    assert found(levels, "nps", ThrottleFile(pause=False))["pause"] == Effective(
        "pause", "true", Level.ORGANISATION
    )
    assert found(NOTHING, "nps", ThrottleFile(pause=True))["pause"].level is Level.SURVEY
