"""Can names be listed page by page, given to people, and called bots'?"""

import pytest

from afterword.domain.errors import AfterwordError, ConflictError, InvalidInputError, NotFoundError
from afterword.domain.people.identity import IdentityKind
from afterword.flows.manage_projects import create_project
from afterword.flows.names.guess_names import Guesser
from afterword.flows.names.keep_names import keep_names
from afterword.flows.names.manage_names import assign_name, call_bot, count_names, list_names, unassign_name
from afterword.flows.names.manage_rules import Draft, add_rule
from afterword.flows.people.change_person import change_person
from afterword.flows.people.merge_people import merge_people
from afterword.storage.identity_rules import RuleKind
from afterword.storage.people import Person
from afterword.storage.unresolved import Place
from tests.flows.names.test_keep_names import add_stranger, give, names, person_of, settle
from tests.flows.world import World
from tests.storage.support import count_statements

EMAIL, GITHUB, GITLAB = IdentityKind.EMAIL, IdentityKind.GITHUB, IdentityKind.GITLAB


def assign(world: World, kind: IdentityKind, name: str, who: str) -> int:
    """Assign a name; how many events will follow."""
    done = assign_name(world.database, world.clock, world.tombstoned, kind, name, who)
    return done.events


def unassign(world: World, kind: IdentityKind, name: str) -> Person:
    return unassign_name(world.database, world.clock, world.tombstoned, kind, name)


class TestList:
    def test_pages_follow_each_other_from_the_most_events_on(self, world: World) -> None:
        for index in range(7):
            for _ in range(1 + index % 3):
                add_stranger(world, github_username=f"dev-{index}")
        settle(world)
        found, place = [], None
        while page := list_names(world.database, after=place, limit=2):
            found += [(one.value, one.events) for one in page]
            place = page[-1].place
        assert found == [
            *((f"dev-{index}", 3) for index in (2, 5)),
            *((f"dev-{index}", 2) for index in (1, 4)),
            *((f"dev-{index}", 1) for index in (0, 3, 6)),
        ]
        assert count_names(world.database) == 7

    def test_those_of_one_project_can_be_listed_alone(self, world: World) -> None:
        other = create_project(world.database, world.clock, "Deploy CLI")
        add_stranger(world, github_username="here")
        add_stranger(world, github_username="there", project_id=other.id)
        settle(world)
        found = list_names(world.database, project="Deploy CLI", limit=9)
        assert [(one.value, one.project_name) for one in found] == [("there", "Deploy CLI")]
        with pytest.raises(NotFoundError):
            list_names(world.database, project="Nothing", limit=9)

    def test_a_page_and_its_guesses_take_as_many_statements_for_many_names_as_for_few(
        self, world: World
    ) -> None:
        counts = []
        for size in (1, 20):
            for index in range(size):
                add_stranger(world, github_username=f"bob-{'abcdefghijklmnopqrstuvwxyz'[index]}")
            settle(world)
            guesser = Guesser(world.database, world.clock)
            with count_statements() as statements:
                guesser.suggest(list_names(world.database, limit=50))
            counts.append(len(statements))
        assert counts[0] == counts[1] > 0

    @pytest.mark.parametrize("place", [(0, "", "", 0), (2**62, "x", "\U0010ffff", 2**62)])
    def test_a_made_up_place_is_harmless(self, world: World, place: Place) -> None:
        list_names(world.database, after=place, limit=2)


class TestAssign:
    @pytest.mark.parametrize("who", ["bob@example.com", "BOB-gh", "@bob-gl", "id"])
    def test_a_person_gets_a_name_and_its_earlier_events(self, world: World, who: str) -> None:
        bob = world.person("bob@")
        earlier = [add_stranger(world, github_username=name) for name in ("Bobby", "bobby")]
        settle(world)
        assert assign(world, GITHUB, "@BOBBY", str(bob.id) if who == "id" else who) == 2
        assert names(world) == []
        settle(world)
        assert [person_of(world, event_id) for event_id in earlier] == [bob.id] * 2
        after = world.person("bob@")
        assert after.handles[GITHUB] == ("bob-gh", "bobby")
        assert after.email == bob.email

    def test_an_address_becomes_one_more_and_mails_go_where_they_went(self, world: World) -> None:
        add_stranger(world, email="Bob@Home.example")
        settle(world)
        assign(world, EMAIL, "bob@home.example", "bob@example.com")
        bob = world.person("bob@example.com")
        assert (bob.email, bob.handles[EMAIL]) == ("bob@example.com", ("bob@example.com", "Bob@Home.example"))

    def test_a_name_without_a_domain_becomes_the_address_that_its_project_means(self, world: World) -> None:
        add_rule(world.database, world.clock, Draft(RuleKind.DOMAIN, "corp.example"))
        event_id = add_stranger(world, email="Bobby")
        settle(world)
        assign(world, EMAIL, "bobby", "bob@example.com")
        settle(world)
        assert world.person("bob@example.com").handles[EMAIL][1] == "bobby@corp.example"
        assert person_of(world, event_id) == world.person("bob@example.com").id

    def test_a_name_without_a_domain_needs_a_rule_first(self, world: World) -> None:
        add_stranger(world, email="Bobby")
        settle(world)
        with pytest.raises(InvalidInputError, match="'bobby' has no domain: `afterword name rule add domain"):
            assign(world, EMAIL, "bobby", "bob@example.com")

    def test_it_is_said_whose_name_it_is(self, world: World) -> None:
        with pytest.raises(ConflictError, match=r"bob-gh is the name of Bob <bob@example.com> already"):
            assign(world, GITHUB, "Bob-GH", "alice@example.com")

    def test_a_name_that_became_somebodys_meanwhile_is_refused(self, world: World) -> None:
        add_stranger(world, gitlab_username="ada")
        settle(world)
        give(world, "ada@example.com", gitlab_usernames=("ada",))
        with pytest.raises(InvalidInputError, match="belongs to somebody else already"):
            assign(world, GITLAB, "ada", "bob@example.com")

    @pytest.mark.parametrize(
        ("kind", "name", "who", "error"),
        [
            (GITHUB, "nobody-sent-this", "bob@example.com", NotFoundError),
            (GITHUB, "ada", "nobody@example.com", NotFoundError),
            (GITHUB, "ada", "999999", NotFoundError),
            (GITHUB, "ada", "", NotFoundError),
            (GITHUB, "ada", "9" * 40, NotFoundError),
            (IdentityKind.SLACK, "ada", "bob@example.com", InvalidInputError),
            (EMAIL, "<ada>@example.com", "bob@example.com", InvalidInputError),
        ],
    )
    def test_what_can_not_be_is_refused_and_changes_nothing(
        self, world: World, kind: IdentityKind, name: str, who: str, error: type[AfterwordError]
    ) -> None:
        add_stranger(world, github_username="ada", email="<ada>@example.com")
        settle(world)
        with pytest.raises(error):
            assign(world, kind, name, who)
        assert len(names(world)) == 2

    def test_a_text_that_means_two_people_is_not_guessed_at(self, world: World) -> None:
        give(world, "ada@example.com", gitlab_usernames=("bob-gh",))
        add_stranger(world, github_username="ada")
        settle(world)
        with pytest.raises(ConflictError, match="give the address or the id of one"):
            assign(world, GITHUB, "ada", "bob-gh")


class TestTakeBack:
    """A name that the wrong person got can go to the right one."""

    def test_a_name_that_was_given_up_is_assigned_anew_with_its_events(self, world: World) -> None:
        event_id = add_stranger(world, github_username="Emi-T")
        settle(world)
        assign(world, GITHUB, "emi-t", "bob@example.com")
        settle(world)
        change_person(
            world.database,
            world.clock,
            world.tombstoned,
            "bob@example.com",
            {"github_usernames": ("bob-gh",)},
        )
        settle(world)
        assert person_of(world, event_id) == world.person("bob@").id
        assert assign(world, GITHUB, "emi-t", "alice@example.com") == 1
        settle(world)
        assert person_of(world, event_id) == world.person("alice@").id

    def test_a_name_taken_back_is_unknown_again_with_its_events(self, world: World) -> None:
        mine = add_stranger(world, github_username="bob-gh")
        wrong = [add_stranger(world, github_username="emi-t") for _ in range(2)]
        both = world.add_event(email="bob@example.com", github_username="emi-t", gitlab_username="other")
        settle(world)
        assign(world, GITHUB, "emi-t", "bob@example.com")
        settle(world)
        wrong.append(add_stranger(world, github_username="EMI-T"))
        assert unassign(world, GITHUB, "Emi-T").email == "bob@example.com"
        settle(world)
        assert sorted(names(world)) == [("github_username", "EMI-T", 4), ("gitlab_username", "other", 1)]
        bob = world.person("bob@")
        assert [person_of(world, one) for one in (mine, both, *wrong)] == [bob.id, bob.id, None, None, None]
        assert bob.handles[GITHUB] == ("bob-gh",)
        assert assign(world, GITHUB, "emi-t", "alice@example.com") == 4
        settle(world)
        alice = world.person("alice@")
        assert [person_of(world, one) for one in (both, *wrong)] == [bob.id, *[alice.id] * 3]

    def test_what_nobody_has_and_where_mails_go_is_not_taken_back(self, world: World) -> None:
        with pytest.raises(NotFoundError, match="nobody has 'ada' as gitlab_username"):
            unassign(world, GITLAB, "ada")
        with pytest.raises(ConflictError, match=r"mails to Bob go to bob@example.com"):
            unassign(world, EMAIL, "bob@example.com")


class TestBots:
    def test_a_name_is_a_bots_from_now_on(self, world: World) -> None:
        for handles in (
            {"github_username": "Svc-1"},
            {"gitlab_username": "svc-1"},
            {"github_username": "svc-2"},
        ):
            add_stranger(world, **handles)
        settle(world)
        assert call_bot(world.database, world.clock, "svc-1").pattern == "svc-1"
        assert names(world) == [("github_username", "svc-2", 1)]
        settle(world)
        add_stranger(world, github_username="svc-1")
        settle(world)
        assert names(world) == [("github_username", "svc-2", 1)]

    def test_a_persons_name_is_not(self, world: World) -> None:
        with pytest.raises(ConflictError, match="bob-gh is the name of Bob"):
            call_bot(world.database, world.clock, "bob-gh")


class TestGuesses:
    def test_people_are_suggested_by_what_is_known_of_them(self, world: World) -> None:
        give(world, "a.lovelace@example.com", name="Ada Lovelace", gitlab_usernames=("countess",))
        for name in ("adal", "countess1", "nobody-like-this"):
            add_stranger(world, github_username=name)
        settle(world)
        found = list_names(world.database, limit=9)
        by_key = Guesser(world.database, world.clock).suggest(found)
        assert {one.value: [guess.reason for guess in by_key[one.key]] for one in found} == {
            "adal": ["short for Ada Lovelace"],
            "countess1": ["the same letters as countess"],
            "nobody-like-this": [],
        }

    def test_who_came_since_is_suggested_and_who_was_renamed_is_read_anew(self, world: World) -> None:
        add_stranger(world, github_username="ada-lovelace")
        settle(world)
        found = list_names(world.database, limit=9)
        guesser = Guesser(world.database, world.clock)
        assert guesser.suggest(found)[found[0].key] == []
        give(world, "ada@example.com", name="Ada Lovelace")
        assert [one.email for one in guesser.suggest(found)[found[0].key]] == ["ada@example.com"]
        give(world, "ada@example.com", name="Somebody Else")
        assert guesser.suggest(found)[found[0].key] == []


def test_the_worker_ends_when_there_is_nothing_to_do(world: World) -> None:
    settle(world)
    assert keep_names(world.database, world.clock) is False


def test_who_was_merged_is_neither_guessed_nor_given_a_name(world: World) -> None:
    add_stranger(world, github_username="bob")
    settle(world)
    merge_people(world.database, world.clock, "alice@example.com", "bob@example.com", dry_run=False)
    found = list_names(world.database, limit=9)
    (guesses,) = Guesser(world.database, world.clock).suggest(found).values()
    assert [one.email for one in guesses] == ["alice@example.com"]
    with pytest.raises(NotFoundError):
        assign(world, GITHUB, "bob", "2")
