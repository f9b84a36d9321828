"""Does a server know what commands changed beside it?"""

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from afterword.domain.event import Event
from afterword.domain.people.identity import IdentityKind
from afterword.domain.rate_limit import RateLimits
from afterword.domain.token import hash_token
from afterword.flows.ingest import directory as directory_flow
from afterword.flows.ingest.directory import Directory, DirectoryUnavailableError, load_snapshot
from afterword.flows.manage_projects import create_project, rotate_token, set_limits
from afterword.flows.surveys.manage_surveys import close_survey
from afterword.storage import identity_rules, people, revision, tombstones
from afterword.storage.engine import Connection
from afterword.storage.identity_rules import RuleKind
from afterword.storage.revision import Revision
from tests.flows.world import World
from tests.storage.support import DAY, count_statements


def find(world: World, known: Directory, *tokens: str) -> list[int | None]:
    """The projects that tokens speak for, asked one after the other."""

    async def ask() -> list[int | None]:
        found = [await known.find_token(hash_token(token), world.clock.now_us()) for token in tokens]
        return [None if grant is None else grant.project_id for grant in found]

    return asyncio.run(ask())


def test_a_snapshot_holds_tokens_limits_and_people(world: World) -> None:
    snapshot = load_snapshot(world.database)
    rules = snapshot.projects[world.project_id]
    assert snapshot.tokens[hash_token(world.token)].project_id == world.project_id
    assert (rules.limits, rules.metadata_bytes) == (RateLimits(), 1_024)
    assert snapshot.handles.get((IdentityKind.GITHUB, "bob-gh")) == world.person("bob@").id


def test_it_is_known_which_events_surveys_listen_to(world: World) -> None:
    world.add_survey("live", trigger={"events": ["a", "b"]})
    world.add_survey("live", live=False, trigger={"events": ["c"]})
    world.add_survey("draft", live=False, trigger={"events": ["d"]})
    world.add_survey("closed", trigger={"events": ["e"]})
    close_survey(world.database, world.clock, "closed")
    rules = load_snapshot(world.database).projects[world.project_id]
    names = "abcdef"
    assert [name for name in names if name in rules.listened] == ["a", "b"]
    assert [name for name in names if name in rules.listened_by_tests] == ["c", "d"]


def test_a_new_token_is_good_at_once(world: World) -> None:
    known = Directory(world.database, world.tombstoned)
    other = create_project(world.database, world.clock, "Other")
    assert find(world, known, other.token, "awp_made_up") == [other.id, None]


def test_a_known_token_is_found_without_the_database(world: World) -> None:
    known = Directory(world.database, world.tombstoned)
    with count_statements() as statements:
        assert find(world, known, world.token) == [world.project_id]
    assert statements == []


def test_a_token_ends_at_its_time(world: World) -> None:
    new = rotate_token(world.database, world.clock, "Build CLI", overlap=DAY)
    known = Directory(world.database, world.tombstoned)
    world.clock.advance(DAY - timedelta(microseconds=1))
    assert find(world, known, world.token) == [world.project_id]
    world.clock.advance_us(1)
    assert find(world, known, world.token, new) == [None, world.project_id]


def test_changes_are_seen_while_the_server_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_flow, "POLL_S", 0.01)

    async def change() -> RateLimits:
        known = Directory(world.database, world.tombstoned)
        looking = asyncio.create_task(known.run())
        limits = {"events_per_minute": 7, "events_per_day": None, "metadata_bytes": None}
        await asyncio.to_thread(set_limits, world.database, "Build CLI", **limits)
        for _ in range(200):
            await asyncio.sleep(0.01)
            if known.snapshot.projects[world.project_id].limits.per_minute == 7:
                break
        looking.cancel()
        return known.snapshot.projects[world.project_id].limits

    assert asyncio.run(change()) == RateLimits(7, 15_000)


def test_without_a_change_looking_costs_one_small_query(world: World) -> None:
    known = Directory(world.database, world.tombstoned)
    before = known.snapshot
    with count_statements() as statements:
        asyncio.run(known.refresh())
    assert known.snapshot is before
    assert len(statements) == 1


def test_a_storm_of_bad_tokens_shares_its_looks(world: World) -> None:
    known = Directory(world.database, world.tombstoned)

    async def storm() -> None:
        await asyncio.gather(
            *(known.find_token(b"bad %d" % index, world.clock.now_us()) for index in range(100))
        )

    with count_statements() as statements:
        asyncio.run(storm())
    assert len(statements) <= 3


def test_a_database_that_is_away_for_a_while_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_flow, "POLL_S", 0.01)
    known = Directory(world.database, world.tombstoned)
    other = create_project(world.database, world.clock, "Other")

    async def look() -> None:
        looking = asyncio.create_task(known.run())
        with monkeypatch.context() as patch:
            patch.setattr(revision, "current", lambda connection: 1 / 0)
            await asyncio.sleep(0.1)
            assert not looking.done()
        for _ in range(200):
            await asyncio.sleep(0.01)
            if other.id in known.snapshot.projects:
                break
        looking.cancel()

    asyncio.run(look())
    assert other.id in known.snapshot.projects


def test_a_database_that_hangs_is_told_to_who_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_flow, "LOOK_S_MAX", 0.05)
    known, goes_on, current = Directory(world.database, world.tombstoned), threading.Event(), revision.current

    def hang(connection: Connection) -> Revision:
        assert goes_on.wait(20)
        return current(connection)

    async def look() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(revision, "current", hang)
            for _ in range(3):
                with pytest.raises(DirectoryUnavailableError):
                    await known.find_token(b"bad", world.clock.now_us())
            goes_on.set()
            assert await known.find_token(b"bad", world.clock.now_us()) is None

    asyncio.run(look())


class TestChangedPeople:
    """Of the handles only what changed is read; what was taken away is forgotten."""

    def test_a_new_person_is_known_and_the_others_are_not_read_again(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        known = load_snapshot(world.database)
        world.import_people("email\ndana@example.com\n")
        read: list[tuple[str, str, int]] = []
        every = people.read_handles

        def note(connection: Connection, since: int = -1) -> Iterator[tuple[str, str, int]]:
            for handle in every(connection, since):
                read.append(handle)
                yield handle

        monkeypatch.setattr(people, "read_handles", note)
        after = load_snapshot(world.database, known)
        dana = world.person("dana@").id
        assert after.handles.get((IdentityKind.EMAIL, "dana@example.com")) == dana
        assert after.handles.get((IdentityKind.GITHUB, "bob-gh")) == world.person("bob@").id
        assert read == [("email", "dana@example.com", dana)]

    def test_a_name_that_was_given_up_means_nobody(self, world: World) -> None:
        known = load_snapshot(world.database)
        world.import_people("email,github_username\nbob@example.com,bobby\n")
        after = load_snapshot(world.database, known)
        assert after.handles.get((IdentityKind.GITHUB, "bob-gh")) is None
        assert after.handles.get((IdentityKind.GITHUB, "bobby")) == world.person("bob@").id

    def test_rules_are_for_their_project(self, world: World) -> None:
        other = create_project(world.database, world.clock, "Other")
        with world.database.write() as connection:
            identity_rules.add_rule(
                connection, RuleKind.DOMAIN, "example.com", project_id=world.project_id, now=world.clock.now
            )
        known = Directory(world.database, world.tombstoned)
        event = Event("x", 0, "bob", None, None, None, is_test=False)
        assert known.resolve(event, world.project_id).person_id == world.person("bob@").id
        assert known.resolve(event, other.id).person_id is None

    def test_an_event_of_an_erased_person_is_known_as_such(self, world: World) -> None:
        event = Event("x", 0, None, "@Gone", None, None, is_test=False)
        assert not Directory(world.database, world.tombstoned).resolve(event, world.project_id).is_erased
        with world.database.write() as connection:
            dead = world.tombstoned.hash(IdentityKind.GITHUB, "gone")
            tombstones.add_tombstones(connection, [dead], world.clock.now)
        assert Directory(world.database, world.tombstoned).resolve(event, world.project_id).is_erased

    def test_a_new_person_is_known_while_the_server_runs(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert directory_flow.POLL_S <= 1, "2 s is what is promised"
        monkeypatch.setattr(directory_flow, "POLL_S", 0.01)
        event = Event("x", 0, None, "Dana-GH", None, None, is_test=False)

        async def import_beside() -> int | None:
            known = Directory(world.database, world.tombstoned)
            assert known.resolve(event, world.project_id).person_id is None
            looking = asyncio.create_task(known.run())
            text = "email,github_username\ndana@example.com,dana-gh\n"
            await asyncio.to_thread(world.import_people, text)
            found = None
            for _ in range(200):
                await asyncio.sleep(0.01)
                if (found := known.resolve(event, world.project_id).person_id) is not None:
                    break
            looking.cancel()
            return found

        assert asyncio.run(import_beside()) == world.person("dana@").id
