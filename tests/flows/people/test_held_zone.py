"""Does everybody live by the zone of their own, else of the directory, the team, the organisation?"""

from datetime import datetime

import pytest

from afterword.domain.people.preference import MAIL_ONLY
from afterword.domain.people.time_zone import ZoneOrigin
from afterword.domain.throttle.facts import Saw
from afterword.domain.throttle.reason import Reason
from afterword.flows.invitations.second_look import look_again
from afterword.flows.people.manage_teams import move_team, remove_team, rename_team, set_timezone
from afterword.flows.throttle.explain_reason import explain_verdict
from afterword.storage import people
from tests.flows.world import EAGER, World
from tests.storage.support import HOUR, count_statements

CHARLIE = "charlie@example.com"
"""Of whom no source says a time zone; the team is Search."""

DAILY = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "hours": "9-17", "defer": "4h"}
OF_BERLIN = "policy: organisation\ntimezone: Europe/Berlin\nmay_override_global_cooldown: ['*']\n"


def held(world: World, email: str = CHARLIE) -> tuple[str, ZoneOrigin]:
    found = world.zone(email)
    return found.name, found.origin


def be(world: World, moment: str) -> None:
    """Let it be a later moment."""
    world.clock.advance(datetime.fromisoformat(moment) - world.clock.now)


def saw(world: World, reason: Reason) -> Saw:
    """What the rule that says a reason saw when Charlie does what asks."""
    (entry,) = world.decide(email=CHARLIE)
    return next(verdict.saw for verdict in entry.verdicts if verdict.reason is reason)


def test_the_nearest_one_who_says_a_zone_is_heard(world: World) -> None:
    assert held(world) == ("UTC", ZoneOrigin.DEFAULT)
    world.set_policy(OF_BERLIN)
    assert held(world) == ("Europe/Berlin", ZoneOrigin.ORGANISATION)
    set_timezone(world.database, "Search", "Africa/Lagos")
    assert held(world) == ("Africa/Lagos", ZoneOrigin.TEAM)
    world.import_people(f"email,timezone\n{CHARLIE},Europe/Oslo\n")
    assert held(world) == ("Europe/Oslo", ZoneOrigin.DIRECTORY)
    world.wish("charlie@", "timezone", timezone="Asia/Tokyo")
    assert held(world) == ("Asia/Tokyo", ZoneOrigin.PERSON)


def test_a_team_without_a_zone_takes_that_of_the_nearest_one_above(world: World) -> None:
    world.import_people("email,team\nann@x.org,Eng / Tools / CI\n")
    set_timezone(world.database, "Eng", "America/Denver")
    assert held(world, "ann@x.org") == ("America/Denver", ZoneOrigin.TEAM)
    set_timezone(world.database, "Eng / Tools", "Asia/Tokyo")
    assert held(world, "ann@x.org") == ("Asia/Tokyo", ZoneOrigin.TEAM)
    set_timezone(world.database, "Eng / Tools / CI", "Europe/Oslo")
    assert held(world, "ann@x.org") == ("Europe/Oslo", ZoneOrigin.TEAM)
    for team in ("Eng / Tools / CI", "Eng / Tools", "Eng"):
        set_timezone(world.database, team, None)
    assert held(world, "ann@x.org") == ("UTC", ZoneOrigin.DEFAULT)


def test_a_team_keeps_its_zone_when_it_moves_is_renamed_or_named_again(world: World) -> None:
    set_timezone(world.database, "Search", "Asia/Tokyo")
    move_team(world.database, "Search", "Build")
    rename_team(world.database, "Build / Search", "Finding")
    world.import_people("email,team\nann@x.org,build / finding / Index\n")
    assert held(world) == held(world, "ann@x.org") == ("Asia/Tokyo", ZoneOrigin.TEAM)


def test_who_comes_from_a_team_that_is_removed_lives_by_the_other_one_s(world: World) -> None:
    set_timezone(world.database, "Search", "Asia/Tokyo")
    set_timezone(world.database, "Build", "Europe/Oslo")
    remove_team(world.database, "Search", "Build")
    assert held(world) == ("Europe/Oslo", ZoneOrigin.TEAM)


def test_a_zone_that_is_not_known_any_more_is_passed_over(world: World) -> None:
    world.set_policy(OF_BERLIN)
    world.set_person("charlie@", own_timezone="Mars/Base", timezone="../etc/passwd")
    assert held(world) == ("Europe/Berlin", ZoneOrigin.ORGANISATION)


class TestHours:
    """In Berlin the clocks go from 2 to 3 on Sunday, 28 March 2027."""

    @pytest.fixture
    def berlin(self, world: World) -> World:
        """Charlie's team is in Berlin, and is mailed from 9 to 17 on each day."""
        set_timezone(world.database, "Search", "Europe/Berlin")
        world.add_survey(throttle=EAGER | {"send_window": DAILY})
        return world

    def test_are_those_of_the_team_before_and_after_the_clocks_are_set(self, berlin: World) -> None:
        for moment, opens in (("2027-03-27T06:00Z", "08:00"), ("2027-03-28T06:00Z", "07:00")):
            be(berlin, moment)
            assert saw(berlin, Reason.DEFERRED) == {
                "until": f"{moment[:10]}T{opens}:00Z",
                "zone": "Europe/Berlin",
                "zone_origin": "team",
            }

    def test_that_the_clocks_jump_over_begin_when_the_jump_is_over(self, berlin: World) -> None:
        berlin.add_survey(throttle=EAGER | {"send_window": DAILY | {"hours": "02:30-06:00"}})
        be(berlin, "2027-03-28T00:15Z")
        assert saw(berlin, Reason.DEFERRED)["until"] == "2027-03-28T01:00:00Z"

    def test_are_told_with_the_zone_and_who_says_it(self, berlin: World) -> None:
        be(berlin, "2027-03-27T16:30Z")
        (entry,) = berlin.decide(email=CHARLIE)
        (verdict,) = (one for one in entry.verdicts if not one.passed)
        assert verdict.reason is Reason.OUTSIDE_WINDOW
        assert explain_verdict(verdict) == (
            "opens 2027-03-28 07:00 UTC, and waits at most 4 h; "
            "by the clock of Europe/Berlin, the zone of the team"
        )

    def test_of_the_organisation_hold_where_nobody_else_says_one(self, berlin: World) -> None:
        set_timezone(berlin.database, "Search", None)
        berlin.set_policy(OF_BERLIN.replace("Berlin", "Lisbon"))
        be(berlin, "2027-03-27T06:00Z")
        found = saw(berlin, Reason.DEFERRED)
        assert (found["until"], found["zone_origin"]) == ("2027-03-27T09:00:00Z", "organisation")

    def test_are_looked_at_again_by_the_zone_that_holds_then(self, berlin: World) -> None:
        be(berlin, "2027-03-27T09:00Z")
        invitation = berlin.invite(email=CHARLIE)
        set_timezone(berlin.database, "Search", "America/New_York")
        with berlin.database.write() as connection:
            found = look_again(connection, MAIL_ONLY, invitation, berlin.clock.now)
        assert found == berlin.clock.now + 4 * HOUR
        set_timezone(berlin.database, "Search", None)
        berlin.set_policy(OF_BERLIN.replace("Europe/Berlin", "America/Halifax"))
        with berlin.database.write() as connection:
            found = look_again(connection, MAIL_ONLY, invitation, berlin.clock.now)
        assert found == berlin.clock.now + 3 * HOUR


def test_an_audience_is_chosen_by_the_zone_that_holds(world: World) -> None:
    world.add_survey(throttle=EAGER | {"audience": {"path": "timezone", "eq": "Asia/Tokyo"}})
    world.add_survey("elsewhere", throttle=EAGER | {"audience": {"path": "timezone", "ne": "Asia/Tokyo"}})
    reasons = [entry.reason for entry in world.decide(email=CHARLIE)]
    assert reasons == [Reason.AUDIENCE, Reason.INVITED]
    set_timezone(world.database, "Search", "Asia/Tokyo")
    reasons = [entry.reason for entry in world.decide(email=CHARLIE)]
    assert reasons == [Reason.INVITED, Reason.AUDIENCE]


def test_a_pause_begins_where_the_day_does_for_the_team(world: World) -> None:
    set_timezone(world.database, "Search", "Asia/Tokyo")
    world.wish("charlie@", "snooze", until="2027-01-20")
    assert world.person("charlie@").snoozed_until == datetime.fromisoformat("2027-01-19T15:00Z")


def test_zones_of_teams_cost_no_statement_more(world: World) -> None:
    world.import_people("email,team\nann@x.org,Eng / Tools / CI\nben@x.org,Ops\n")
    with world.database.read() as connection:
        ids = [one.id for one in people.list_people(connection, limit=9)]
    counts = []
    for timezone in (None, "Asia/Tokyo"):
        for team in ("Eng", "Ops", "Search"):
            set_timezone(world.database, team, timezone)
        with world.database.read() as connection, count_statements() as statements:
            people.get_people(connection, ids)
        counts.append(len(statements))
    assert counts[0] == counts[1] > 0
