"""Can a person say what they want, by their own link only, and is it kept?"""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from afterword.domain.people.preference import ChannelKind
from afterword.flows.links import Ticket, person_mark
from afterword.flows.manage_projects import create_project
from afterword.flows.throttle.preferences import (
    PreferenceError,
    Settings,
    change_settings,
    find_guest,
    is_opted_out,
    read_settings,
    set_opted_out,
    zones_to_choose,
)
from afterword.storage.tables import person_merge
from tests.flows.world import World
from tests.storage.support import DAY, HOUR, START


def settings_of(world: World, email: str = "bob@") -> Settings:
    found = read_settings(world.database, world.guest(email))
    assert found is not None
    return found


def merge(world: World, kept: str, merged: str) -> None:
    """Note a merge as the directory does."""
    row = {"kept_id": world.person(kept).id, "merged_id": world.person(merged).id}
    with world.database.write() as connection:
        connection.execute(sa.insert(person_merge).values(**row, moved="{}", merged_at=START))


class TestOptingOutByOneClick:
    def test_holds_until_it_is_taken_back_and_for_that_person_only(self, world: World) -> None:
        bob, alice = world.guest("bob@"), world.guest("alice@")
        assert is_opted_out(world.database, bob) is False
        assert set_opted_out(world.database, world.clock, bob, opted_out=True) is True
        assert (is_opted_out(world.database, bob), is_opted_out(world.database, alice)) == (True, False)
        assert world.person("bob@").opted_out_at == START
        assert set_opted_out(world.database, world.clock, bob, opted_out=False) is False
        assert is_opted_out(world.database, bob) is False

    def test_of_nobody_changes_nothing(self, world: World) -> None:
        for ticket in (None, Ticket(999, "1"), Ticket(world.person("bob@").id, "1")):
            assert set_opted_out(world.database, world.clock, ticket, opted_out=True) is None
            assert is_opted_out(world.database, ticket) is None
        assert world.person("bob@").opted_out_at is None


class TestWhomALinkLetsIn:
    def guest_of(self, world: World, ticket: Ticket) -> str | None:
        with world.database.read() as connection:
            found = find_guest(connection, ticket)
        return found.name if found else None

    def test_is_the_person(self, world: World) -> None:
        assert self.guest_of(world, world.guest("bob@")) == "Bob"

    def test_is_nobody_once_they_are_erased(self, world: World) -> None:
        ticket = world.guest("bob@")
        world.set_person("bob@", erased_at=START)
        assert self.guest_of(world, ticket) is None
        assert read_settings(world.database, ticket) is None
        assert change_settings(world.database, world.clock, ticket, {"change": "wake"}) is None

    def test_is_not_who_got_the_number_later(self, world: World) -> None:
        before = person_mark(START - timedelta(microseconds=1))
        assert self.guest_of(world, Ticket(world.person("bob@").id, before)) is None

    def test_is_who_they_were_merged_into(self, world: World) -> None:
        ticket = world.guest("bob@")
        merge(world, "alice@", "bob@")
        merge(world, "charlie@", "alice@")
        assert self.guest_of(world, ticket) == "Charlie"
        set_opted_out(world.database, world.clock, ticket, opted_out=True)
        assert world.person("charlie@").opted_out_at == START
        with world.database.write() as connection:
            connection.execute(sa.update(person_merge).values(undone_at=START))
        assert self.guest_of(world, ticket) == "Bob"

    def test_is_found_in_a_circle_of_merges_too(self, world: World) -> None:
        merge(world, "alice@", "bob@")
        merge(world, "bob@", "alice@")
        assert self.guest_of(world, world.guest("bob@")) in ("Alice", "Bob")


class TestSettings:
    def test_begin_without_any_wish(self, world: World) -> None:
        world.add_survey()
        create_project(world.database, world.clock, "Asks nothing")
        found = settings_of(world)
        assert found.asking_projects == {world.project_id: "Build CLI"}
        assert (found.opted_out_projects, found.opted_out_channels) == ({}, ())

    def test_a_project_and_a_channel_are_kept_once_and_taken_back(self, world: World) -> None:
        world.add_survey()
        for _ in range(2):
            world.wish("bob@", "opt-out", scope="project", value=str(world.project_id))
            world.wish("bob@", "opt-out", scope="channel", value="email")
        found = settings_of(world)
        assert (found.asking_projects, found.opted_out_projects) == ({}, {world.project_id: "Build CLI"})
        assert found.opted_out_channels == (ChannelKind.EMAIL,)
        assert settings_of(world, "alice@").opted_out_projects == {}
        world.wish("bob@", "opt-in", scope="project", value=str(world.project_id))
        world.wish("bob@", "opt-in", scope="channel", value="email")
        assert settings_of(world).opted_out_projects == {}
        assert settings_of(world).opted_out_channels == ()

    def test_a_pause_ends_where_the_day_begins_for_the_person(self, world: World) -> None:
        world.wish("bob@", "snooze", until="2027-01-20")
        # Lagos is an hour ahead.
        assert world.person("bob@").snoozed_until == START + 5 * DAY - 9 * HOUR
        world.wish("bob@", "wake")
        assert world.person("bob@").snoozed_until is None

    def test_quiet_hours_are_minutes_after_midnight(self, world: World) -> None:
        world.wish("bob@", "quiet", **{"from": "18:00", "until": "08:30"})
        assert (world.person("bob@").quiet_from, world.person("bob@").quiet_until) == (1_080, 510)
        world.wish("bob@", "no-quiet")
        assert (world.person("bob@").quiet_from, world.person("bob@").quiet_until) == (None, None)

    def test_a_chosen_zone_outlives_the_next_import(self, world: World) -> None:
        world.wish("bob@", "timezone", timezone="Asia/Tokyo")
        world.import_people("email,timezone\nbob@example.com,Europe/Oslo\n")
        assert world.zone("bob@").name == "Asia/Tokyo"
        world.wish("bob@", "timezone", timezone="")
        assert world.zone("bob@").name == "Europe/Oslo"

    def test_a_zone_that_is_not_known_any_more_is_passed_over(self, world: World) -> None:
        world.set_person("bob@", own_timezone="Mars/Base", timezone="../etc/passwd")
        assert world.zone("bob@").name == "UTC"

    def test_every_zone_of_the_list_can_be_chosen(self) -> None:
        assert {"UTC", "Europe/Berlin", "America/Argentina/Ushuaia"} <= set(zones_to_choose())

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"change": "erase"},
            {"change": "opt-out"},
            {"change": "opt-out", "scope": "project"},
            {"change": "opt-out", "scope": "project", "value": "99"},
            {"change": "opt-out", "scope": "project", "value": "01"},
            {"change": "opt-out", "scope": "project", "value": "9" * 30},
            {"change": "opt-out", "scope": "channel", "value": "fax"},
            {"change": "snooze"},
            {"change": "snooze", "until": "tomorrow"},
            {"change": "snooze", "until": "2027-01-15"},
            {"change": "snooze", "until": "2028-01-17"},
            {"change": "snooze", "until": "9999-12-31"},
            {"change": "quiet", "from": "18:00"},
            {"change": "quiet", "from": "24:00", "until": "08:00"},
            {"change": "quiet", "from": "08:00", "until": "08:00"},
            {"change": "timezone", "timezone": "Mars/Base"},
            {"change": "timezone", "timezone": "../etc/passwd"},
        ],
        ids=str,
    )
    def test_what_makes_no_sense_is_said_and_changes_nothing(
        self, world: World, fields: dict[str, str]
    ) -> None:
        before = settings_of(world)
        with pytest.raises(PreferenceError, match="Nothing was changed"):
            change_settings(world.database, world.clock, world.guest("bob@"), fields)
        assert settings_of(world) == before

    def test_a_pause_may_be_as_long_as_a_year_and_as_short_as_a_day(self, world: World) -> None:
        for day in ("2027-01-16", "2028-01-16"):
            world.wish("bob@", "snooze", until=day)
        assert world.person("bob@").snoozed_until == START + 366 * DAY - 9 * HOUR
