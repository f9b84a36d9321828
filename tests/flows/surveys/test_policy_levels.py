"""Does the nearest level win, field by field, and is it told who says what?"""

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import UNSET, UnsetType

from afterword.domain.survey.policy import (
    Cap,
    Cooldown,
    GlobalCooldownUse,
    Pacing,
    Policy,
    Sampling,
    SamplingUnit,
)
from afterword.domain.survey.send_window import SendWindow
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
from afterword.flows.surveys.survey_file.throttle import (
    CapFile,
    CooldownFile,
    SamplingFile,
    SendWindowFile,
    ThrottleFile,
)
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
    fields = [row.field.partition(".")[0] for row in effective(NOTHING)]
    assert list(dict.fromkeys(fields)) == list(ThrottleFile.__struct_fields__)


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
        project=ThrottleFile(max_open=3),
        organisation=ThrottleFile(max_open=5, max_shows=5, global_cooldown="7d"),
    )
    survey = ThrottleFile(min_tenure="1d")
    policy = merge_levels(levels, "nps", survey)
    assert (policy.min_tenure, policy.max_open, policy.shows_max) == (DAY, 3, 5)
    assert (policy.global_cooldown, policy.global_cooldown_use) == (7 * DAY, GlobalCooldownUse.RESPECT)
    rows = found(levels, "nps", survey)
    shown = [rows[name] for name in ("min_tenure", "max_open", "max_shows", "priority")]
    assert shown == [
        Effective("min_tenure", "1d", Level.SURVEY),
        Effective("max_open", "3", Level.PROJECT),
        Effective("max_shows", "5", Level.ORGANISATION),
        Effective("priority", "0", Level.DEFAULT),
    ]


class TestParts:
    """Of a field that has parts a level says some, and the others are what the level above says."""

    LEVELS = NOTHING._replace(
        project=ThrottleFile(
            cooldown=CooldownFile(ignored="45d"),
            caps={"24h": 2, "90d": None},
            group_caps={"build": CapFile(count=1, window="7d"), "short": None},
            send_window=SendWindowFile(days=["mon"]),
        ),
        organisation=ThrottleFile(
            cooldown="365d",
            sampling=SamplingFile(rate=0.1),
            caps={"7d": 3},
            group_caps={"short": CapFile(count=2, window="30d"), "long": CapFile(count=1, window="90d")},
            send_window=SendWindowFile(hours="10-12"),
        ),
    )
    SURVEY = ThrottleFile(
        cooldown=CooldownFile(answered="60d"),
        sampling=SamplingFile(unit="event"),
        caps={"30d": 9},
        send_window=SendWindowFile(defer="2h"),
    )

    def test_are_each_of_the_nearest_level_that_says_it(self) -> None:
        policy = merge_levels(self.LEVELS, "nps", self.SURVEY)
        assert policy.cooldown == Cooldown(60 * DAY, 365 * DAY, 45 * DAY, 365 * DAY)
        assert policy.sampling == Sampling(0.1, SamplingUnit.EVENT)
        assert policy.caps == (Cap(2, DAY), Cap(3, 7 * DAY), Cap(9, 30 * DAY))
        # A project can't take a cap of the organisation away.
        assert policy.group_caps == {
            "build": Cap(1, 7 * DAY),
            "short": Cap(2, 30 * DAY),
            "long": Cap(1, 90 * DAY),
        }
        assert policy.send_window == SendWindow(frozenset({0}), 10 * 60, 12 * 60, timedelta(hours=2))

    def test_are_shown_each_with_its_level(self) -> None:
        rows = [
            (row.field, row.value, str(row.level))
            for row in effective(self.LEVELS, "nps", self.SURVEY)
            if "." in row.field
        ]
        assert rows == [
            ("cooldown.answered", "60d", "survey"),
            ("cooldown.dismissed", "365d", "organisation"),
            ("cooldown.ignored", "45d", "project"),
            ("cooldown.snoozed", "365d", "organisation"),
            ("group_caps.short", "{count: 2, window: 30d}", "organisation"),
            ("group_caps.long", "{count: 1, window: 90d}", "organisation"),
            ("group_caps.build", "{count: 1, window: 7d}", "project"),
            ("caps.24h", "2", "project"),
            ("caps.7d", "3", "organisation"),
            ("caps.30d", "9", "survey"),
            ("caps.90d", "none", "project"),
            ("sampling.rate", "0.1", "organisation"),
            ("sampling.unit", "event", "survey"),
            ("send_window.days", "[mon]", "project"),
            ("send_window.hours", "10-12", "organisation"),
            ("send_window.defer", "2h", "survey"),
        ]

    def test_an_empty_map_of_caps_takes_all_away_and_a_level_below_may_say_some(self) -> None:
        levels = NOTHING._replace(
            project=ThrottleFile(caps={}, group_caps={"long": CapFile(count=1, window="90d")})
        )
        survey = ThrottleFile(group_caps={})
        policy = merge_levels(levels, "nps", survey)
        assert (policy.caps, policy.group_caps) == ((), {})
        rows = found(levels, "nps", survey)
        assert rows["caps"] == Effective("caps", "{}", Level.PROJECT)
        assert rows["group_caps"] == Effective("group_caps", "{}", Level.SURVEY)
        weekly = ThrottleFile(caps={"7d": 2})
        assert merge_levels(levels, "nps", weekly).caps == (Cap(2, 7 * DAY),)
        assert [row.field for row in effective(levels, "nps", weekly) if row.field.startswith("caps")] == [
            "caps.7d"
        ]

    def test_of_the_hours_below_a_level_without_are_the_default_ones(self) -> None:
        levels = NOTHING._replace(
            project=ThrottleFile(send_window="any"),
            organisation=ThrottleFile(send_window=SendWindowFile(hours="10-12")),
        )
        assert merge_levels(levels, "nps", ThrottleFile()).send_window is None
        assert found(levels)["send_window"] == Effective("send_window", "any", Level.PROJECT)
        survey = ThrottleFile(send_window=SendWindowFile(days=["fri"]))
        assert merge_levels(levels, "nps", survey).send_window == SendWindow(frozenset({4}))
        rows = found(levels, "nps", survey)
        assert rows["send_window.days"] == Effective("send_window.days", "[fri]", Level.SURVEY)
        assert rows["send_window.hours"] == Effective("send_window.hours", "9-17", Level.DEFAULT)
        assert "send_window" not in rows


@pytest.mark.parametrize(
    ("survey", "project", "organisation", "holds", "level"),
    [
        (0.0, 0.05, 0.1, 0.1, Level.ORGANISATION),
        (0.2, 0.05, 0.1, 0.2, Level.SURVEY),
        (UNSET, 0.3, 0.1, 0.3, Level.PROJECT),
        (0.1, UNSET, 0.1, 0.1, Level.SURVEY),
        (UNSET, UNSET, UNSET, 0.0, Level.DEFAULT),
    ],
)
def test_of_several_shares_that_are_held_out_the_largest_holds(
    survey: float | UnsetType,
    project: float | UnsetType,
    organisation: float | UnsetType,
    holds: float,
    level: Level,
) -> None:
    levels = NOTHING._replace(
        project=ThrottleFile(holdout=project), organisation=ThrottleFile(holdout=organisation)
    )
    own = ThrottleFile(holdout=survey)
    assert merge_levels(levels, "nps", own).holdout == holds
    assert found(levels, "nps", own)["holdout"] == Effective("holdout", str(holds), level)


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
