"""Does one person have all that two had, and is all back where it was when the merge is undone?"""

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterword.domain.errors import ConflictError, NotFoundError
from afterword.domain.invitation import MERGED, InvitationState
from afterword.domain.people.identity import IdentityKind
from afterword.domain.people.person import PersonRecord
from afterword.domain.people.source import Source
from afterword.domain.throttle.reason import Reason
from afterword.flows.ingest.directory import load_snapshot
from afterword.flows.invitations.submit_response import submit_response
from afterword.flows.job_kinds import ABOUT_INVITATIONS
from afterword.flows.links import Ticket, person_mark
from afterword.flows.people.merge_people import Merging, merge_people, unmerge_people
from afterword.flows.people.save_people import save_people
from afterword.flows.people.saved_people import Saved
from afterword.flows.throttle import preferences
from afterword.kit.clock import Clock
from afterword.storage import invitations, people, retention
from afterword.storage.engine import Database
from afterword.storage.tables import attribution, metadata, person
from afterword.storage.tables import opt_out as opt_out_table
from tests.flows.world import EAGER, World
from tests.storage.support import FakeClock

ALICE, BOB, CHARLIE = "alice@example.com", "bob@example.com", "charlie@example.com"
LEFT_BY_A_MERGE = {"person_merge", "attribution", "revision"}
"""Tables that remember that there was one, even when it was undone."""


def ticket(database: Database, person_id: int) -> Ticket:
    """What a link in a mail to a person says."""
    with database.read() as connection:
        person = people.get_person(connection, person_id)
    assert person is not None
    return Ticket(person_id, person_mark(person.created_at))


def opt_out(database: Database, clock: Clock, person_id: int) -> None:
    """Want no surveys."""
    preferences.set_opted_out(database, clock, ticket(database, person_id), opted_out=True)


def opt_in(database: Database, person_id: int) -> None:
    """Want them again."""
    preferences.set_opted_out(database, FakeClock(), ticket(database, person_id), opted_out=False)


def is_opted_out(database: Database, person_id: int) -> bool | None:
    """Whether a link in a mail to a person says so."""
    return preferences.is_opted_out(database, ticket(database, person_id))


def merge(world: World, keep: str = ALICE, gone: str = BOB, *, dry_run: bool = False) -> Merging:
    return merge_people(world.database, world.clock, keep, gone, dry_run=dry_run)


def unmerge(world: World, merge_id: int | None) -> list[str]:
    """Undo a merge; the handles that did not come back."""
    assert merge_id is not None
    return [one.value for one in unmerge_people(world.database, world.clock, merge_id).lost]


def save(world: World, email: str, **fields: Any) -> Saved:
    record = PersonRecord(where=email, emails=(email,), **fields)
    return save_people(world.database, world.clock, [record], source=Source.HERE, tombstoned=world.tombstoned)


def everything(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """All rows that a merge may touch; handles without the number of the revision that told servers."""
    found = {}
    with world.database.read() as connection:
        for table in metadata.sorted_tables:
            if table.name not in LEFT_BY_A_MERGE:
                columns = [column for column in table.c if column.name != "revision"]
                rows = connection.execute(sa.select(*columns))
                found[table.name] = sorted((tuple(row) for row in rows), key=repr)
    return found


def live(world: World) -> None:
    """Both were asked and answered; Bob has more of everything than Alice."""
    world.add_survey(throttle=EAGER)
    for email in (ALICE, BOB, BOB):
        invitation = world.invite(email=email)
        submit_response(
            world.database, world.clock, Ticket(invitation.id, invitation.message_id), {"satisfaction": ["4"]}
        )
        world.clock.advance(1)
    save(world, ALICE, attributes={"Office": ("Berlin",)})
    save(
        world,
        BOB,
        attributes={"Office": ("Lagos",), "Job": ("Developer", "Lead")},
        slack_id="U1",
        locale="en",
        start_date="2020-01-31",
    )
    record = PersonRecord("user 7", (BOB,), github_usernames=("bob-gh",), external_id="7")
    save_people(world.database, world.clock, [record], source=Source.GITHUB, tombstoned=world.tombstoned)
    with world.database.write() as connection:
        for email, project_id in ((ALICE, "71"), (BOB, "71"), (BOB, "72")):
            who = find(world, email)
            row = {"person_id": who, "scope": "project", "value": project_id, "created_at": world.clock.now}
            connection.execute(sa.insert(opt_out_table).values(row))


def find(world: World, email: str) -> int:
    with world.database.read() as connection:
        return people.find_owners(connection, [(IdentityKind.EMAIL, email)])[IdentityKind.EMAIL, email]


def test_the_kept_one_has_all_that_both_had(world: World) -> None:
    live(world)
    alice, bob = find(world, ALICE), find(world, BOB)
    done = merge(world)
    assert (len(done.moved.invitations), done.responses, len(done.moved.decisions)) == (2, 2, 2)
    with world.database.read() as connection:
        found = people.get_people(connection, [alice, bob])
    kept, gone = found[alice], found[bob]
    assert kept.handles == {
        IdentityKind.EMAIL: (ALICE, BOB),
        IdentityKind.GITHUB: ("alice-gh", "bob-gh"),
        IdentityKind.GITLAB: ("alice-gl", "bob-gl"),
        IdentityKind.SLACK: ("U1",),
    }
    assert (kept.email, kept.name, kept.timezone) == (ALICE, "Alice", "Europe/Berlin")
    assert (kept.locale, kept.start_date) == ("en", "2020-01-31")
    assert kept.attributes == {"Office": ("Berlin",), "Job": ("Developer", "Lead")}
    assert (gone.handles, gone.is_active, gone.email) == ({}, False, "")
    rows = everything(world)
    assert [row[0] for row in rows["opt_out"]] == [alice, alice, bob]
    assert [row[2] for row in rows["source_member"]] == [alice]
    assert {world.invitation(number).person_id for number in (1, 2, 3)} == {alice}
    assert {entry.person_id for number in (1, 2, 3) for entry in world.ledger(number)} == {alice}
    with world.database.read() as connection:
        assert [one.id for one in people.list_people(connection, limit=9)] == [alice, find(world, CHARLIE)]
        assert people.count_people(connection) == 2


def test_the_events_of_who_was_merged_are_attributed_anew(world: World) -> None:
    live(world)
    bob = find(world, BOB)
    done = merge(world)
    unmerge(world, done.id)
    with world.database.read() as connection:
        found = connection.execute(
            sa.select(attribution.c.person_id, attribution.c.next_event_id, attribution.c.last_event_id)
        ).all()
    assert [tuple(row) for row in found] == [(bob, 1, 3), (done.kept.id, 1, 3)]


def test_running_servers_hear_of_it(world: World) -> None:
    before = load_snapshot(world.database)
    done = merge(world)
    after = load_snapshot(world.database, before)
    assert after.handles.get((IdentityKind.EMAIL, BOB)) == done.kept.id
    unmerge(world, done.id)
    assert load_snapshot(world.database, after).handles.get((IdentityKind.EMAIL, BOB)) == done.merged.id


def test_a_dry_run_tells_the_same_and_does_nothing(world: World) -> None:
    live(world)
    before = everything(world)
    planned = merge(world, dry_run=True)
    assert everything(world) == before
    done = merge(world)
    assert (planned.moved, planned.responses, planned.id) == (done.moved, done.responses, None)


def test_undoing_puts_all_back(world: World) -> None:
    live(world)
    opt_out(world.database, world.clock, find(world, BOB))
    before = everything(world)
    done = merge(world)
    assert everything(world) != before
    assert unmerge(world, done.id) == []
    assert everything(world) == before


def test_what_came_later_stays_with_the_kept_one(world: World) -> None:
    live(world)
    alice, bob = find(world, ALICE), find(world, BOB)
    done = merge(world)
    later = world.invite(email=BOB)
    assert later.person_id == alice
    save(world, ALICE, github_usernames=("newer",), timezone="Europe/Paris", attributes={"Job": ("Head",)})
    unmerge(world, done.id)
    assert world.invitation(later.id).person_id == alice
    with world.database.read() as connection:
        found = people.get_people(connection, [alice, bob])
    assert found[alice].handles[IdentityKind.GITHUB] == ("newer", "alice-gh")
    assert found[bob].handles[IdentityKind.GITHUB] == ("bob-gh",)
    assert (found[alice].timezone, found[bob].timezone) == ("Europe/Paris", "Africa/Lagos")
    assert (found[alice].attributes["Job"], found[bob].attributes) == (("Head",), {"Office": ("Lagos",)})


def test_a_handle_that_was_given_up_does_not_come_back(world: World) -> None:
    done = merge(world)
    save(world, ALICE, github_usernames=("alice-gh",), replaces=frozenset({IdentityKind.GITHUB}))
    save(world, CHARLIE, github_usernames=("bob-gh",))
    assert unmerge(world, done.id) == ["bob-gh"]
    assert "bob-gh" in world.person(CHARLIE).handles[IdentityKind.GITHUB]


class TestOptedOut:
    """Whoever wanted no surveys gets none, as one and as two."""

    @pytest.mark.parametrize("who", [ALICE, BOB])
    def test_one_of_them_is_enough(self, world: World, who: str) -> None:
        opt_out(world.database, world.clock, find(world, who))
        done = merge(world)
        assert is_opted_out(world.database, done.kept.id)
        unmerge(world, done.id)
        with world.database.read() as connection:
            found = people.get_people(connection, [done.kept.id, done.merged.id])
        assert [one.email for one in found.values() if one.opted_out_at] == [who]

    def test_an_old_mails_link_still_ends_all(self, world: World) -> None:
        done = merge(world)
        opt_out(world.database, world.clock, done.merged.id)
        assert is_opted_out(world.database, done.kept.id)
        assert is_opted_out(world.database, done.merged.id)
        assert world.person(ALICE).opted_out_at is not None
        opt_in(world.database, done.merged.id)
        assert world.person(ALICE).opted_out_at is None

    def test_a_choice_made_as_one_holds_for_both(self, world: World) -> None:
        done = merge(world)
        opt_out(world.database, world.clock, done.kept.id)
        unmerge(world, done.id)
        assert world.person(ALICE).opted_out_at is not None
        assert world.person(BOB).opted_out_at is not None


def test_cooldowns_count_what_the_other_one_was_asked(world: World) -> None:
    world.add_survey(throttle=EAGER | {"cooldown": "7d"})
    world.invite(email=BOB)
    merge(world)
    (entry,) = world.decide(email=ALICE)
    assert entry.reason is Reason.SURVEY_COOLDOWN


def test_a_mail_that_waits_goes_to_the_kept_one(world: World) -> None:
    world.add_survey(throttle=EAGER)
    waiting = world.invite(email=BOB)
    done = merge(world)
    assert world.invitation(waiting.id).person_id == done.kept.id


def test_invitations_of_two_have_different_numbers_and_their_own_again(world: World) -> None:
    live(world)

    def numbers() -> list[int | None]:
        return [world.invitation(number).number for number in (1, 2, 3)]

    assert numbers() == [1, 1, 2]
    first = merge(world, keep=ALICE, gone=BOB)
    assert numbers() == [1, 2, 3]
    assert world.invite(email=BOB).number == 4
    second = merge(world, keep=CHARLIE, gone=ALICE)
    assert numbers() == [1, 2, 3]
    unmerge(world, second.id)
    unmerge(world, first.id)
    assert numbers() == [1, 1, 2]
    assert world.invite(email=BOB).number == 3


@pytest.mark.parametrize(
    ("alice", "bob", "both"),
    [
        (None, "Asia/Tokyo", "Asia/Tokyo"),
        ("America/Lima", "Asia/Tokyo", "America/Lima"),
        ("America/Lima", None, "America/Lima"),
    ],
)
def test_the_time_zone_that_one_of_them_chose_holds_and_comes_back(
    world: World, alice: str | None, bob: str | None, both: str
) -> None:
    with world.database.write() as connection:
        for email, zone in ((ALICE, alice), (BOB, bob)):
            people.update_person(connection, find(world, email), {"own_timezone": zone})
    before = everything(world)
    done = merge(world)
    assert world.person(ALICE).own_timezone == both
    unmerge(world, done.id)
    assert everything(world) == before


def test_a_time_zone_that_was_chosen_since_stays(world: World) -> None:
    done = merge(world)
    with world.database.write() as connection:
        people.update_person(connection, find(world, ALICE), {"own_timezone": "Asia/Tokyo"})
    unmerge(world, done.id)
    assert (world.person(ALICE).own_timezone, world.person(BOB).own_timezone) == ("Asia/Tokyo", None)


def test_an_invitation_with_the_id_of_one_that_is_gone_stays_where_it_is(world: World) -> None:
    """SQLite gives it to the next one, when the last one was deleted."""
    world.add_survey(throttle=EAGER)
    gone = world.invite(email="bob@example.com")
    merge_id = merge_people(
        world.database, world.clock, "alice@example.com", "bob@example.com", dry_run=False
    ).id
    assert merge_id is not None
    with world.database.write() as connection:
        retention.delete_invitations(connection, [gone.id], ABOUT_INVITATIONS)
    world.clock.advance(1)
    new = world.invite(email="alice@example.com")
    unmerge_people(world.database, world.clock, merge_id)
    kept = world.invitation(new.id)
    assert (kept.person_id, kept.number) == (world.person("alice@example.com").id, 1)


def test_of_the_mails_that_wait_one_goes_out(world: World) -> None:
    world.add_survey(trigger={"events": ["build.finished"], "delay": "1h"}, throttle={"send_window": "any"})
    first, second = world.invite(email=BOB), world.invite(email=ALICE)
    world.invite(email=CHARLIE)
    assert merge(world, dry_run=True).withdrawn == [second.id]
    assert world.invitation(second.id).state is InvitationState.QUEUED
    done = merge(world)
    assert done.withdrawn == [second.id]
    found = [world.invitation(number) for number in (1, 2, 3)]
    assert [(one.state, one.last_error) for one in found] == [
        (InvitationState.QUEUED, None),
        (InvitationState.CANCELLED, MERGED),
        (InvitationState.QUEUED, None),
    ]
    assert world.invitation(first.id).person_id == done.kept.id
    unmerge(world, done.id)
    assert world.invitation(second.id).state is InvitationState.CANCELLED, "its mail is not sent any more"


def test_of_the_mails_that_wait_none_goes_beside_one_that_is_being_sent(world: World) -> None:
    world.add_survey(trigger={"events": ["build.finished"], "delay": "1h"}, throttle={"send_window": "any"})
    first, second = world.invite(email=ALICE), world.invite(email=BOB)
    with world.database.write() as connection:
        invitations.set_state(connection, second.id, InvitationState.SENDING)
    assert merge(world).withdrawn == [first.id]


def test_who_is_here_stays_here(world: World) -> None:
    save(world, ALICE, is_active=False)
    done = merge(world)
    assert world.person(ALICE).is_active
    unmerge(world, done.id)
    assert not world.person(ALICE).is_active


def test_merges_of_one_person_are_undone_last_first(world: World) -> None:
    first, second = merge(world), merge(world, ALICE, CHARLIE)
    with pytest.raises(ConflictError, match=f"undo it first, by `afterword people unmerge {second.id}`"):
        unmerge(world, first.id)
    unmerge(world, second.id)
    unmerge(world, first.id)
    with pytest.raises(ConflictError, match="was undone already"):
        unmerge(world, first.id)


def test_a_chain_of_merges_ends_at_who_is_kept(world: World) -> None:
    first = merge(world)
    second = merge(world, CHARLIE, BOB)
    assert second.merged.id == first.kept.id
    opt_out(world.database, world.clock, first.merged.id)
    assert world.person(CHARLIE).opted_out_at is not None
    with pytest.raises(ConflictError, match="undo it first"):
        unmerge(world, first.id)


@pytest.mark.parametrize(
    ("keep", "gone", "message"),
    [
        (ALICE, "alice-gh", "both are the same person already"),
        (ALICE, "nobody@example.com", "there is nobody with the address, user name or id"),
        (CHARLIE, "id:2", "the person 2 was merged into the person 1 already"),
        ("id:2", CHARLIE, "the person 2 was merged into the person 1 already"),
    ],
)
def test_who_can_not_be_one_is_told_why(world: World, keep: str, gone: str, message: str) -> None:
    merge(world)
    with pytest.raises((ConflictError, NotFoundError), match=message):
        merge(world, keep, gone)


def test_too_many_handles_are_refused(world: World) -> None:
    save(world, ALICE, github_usernames=tuple(f"a{number}" for number in range(15)))
    save(world, BOB, github_usernames=tuple(f"b{number}" for number in range(15)))
    with pytest.raises(ConflictError, match="together they have 32 of github_username: at most 20"):
        merge(world)


def test_a_merge_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(NotFoundError, match="there is no merge 7"):
        unmerge(world, 7)


def test_nobody_is_left_without_an_address(world: World) -> None:
    done = merge(world)
    save(world, BOB, replaces=frozenset({IdentityKind.EMAIL}))
    with pytest.raises(ConflictError, match="Alice would be left without an address"):
        unmerge(world, done.id)
    assert world.person(BOB).id == done.kept.id, "half of it was undone"


def test_mails_go_to_an_address_of_ones_own_afterwards(world: World) -> None:
    done = merge(world)
    save(world, BOB)
    assert world.person(ALICE).email == BOB
    unmerge(world, done.id)
    assert (world.person("alice@").email, world.person("bob@").email) == (ALICE, BOB)


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "timezone": st.sampled_from(["UTC", None]),
        "team": st.sampled_from(["A", "A / B", None]),
        "github_usernames": st.lists(st.sampled_from("abc"), max_size=2, unique=True).map(tuple),
        "is_protected": st.booleans(),
        "is_active": st.booleans(),
        "attributes": st.dictionaries(
            st.sampled_from(["G", "H"]), st.lists(st.sampled_from("xy"), max_size=2).map(tuple)
        ),
    },
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(alice=FIELDS, bob=FIELDS, opted=st.sets(st.sampled_from([ALICE, BOB])))
def test_whatever_they_are_undoing_puts_all_back(
    world: World, alice: dict[str, Any], bob: dict[str, Any], opted: set[str]
) -> None:
    save(world, ALICE, **alice)
    save(world, BOB, **bob)
    with world.database.write() as connection:
        connection.execute(sa.update(person).values(opted_out_at=None))
    for who in opted:
        opt_out(world.database, world.clock, find(world, who))
    before = everything(world)
    assert unmerge(world, merge(world).id) == []
    assert everything(world) == before
