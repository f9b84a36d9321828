"""Do records of people go in as they should, whatever they say and whoever says it?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterword.domain.people.identity import IdentityKind, IdentityRules
from afterword.domain.people.person import KEEP, PersonRecord
from afterword.domain.people.source import Source
from afterword.flows.people import save_people as flow
from afterword.flows.people.erase_person import Eraser
from afterword.flows.people.merge_people import merge_people
from afterword.flows.people.save_people import save_people
from afterword.flows.people.saved_people import Saved
from afterword.kit.clock import to_datetime
from afterword.storage import people, revision, sources, tombstones
from afterword.storage.people import Person
from tests.flows.world import World
from tests.storage.support import count_statements

EMAIL, GITHUB, GITLAB, SLACK = (
    IdentityKind.EMAIL,
    IdentityKind.GITHUB,
    IdentityKind.GITLAB,
    IdentityKind.SLACK,
)
DANA = PersonRecord(where="line 2", emails=("dana@example.com",), name="Dana")


def save(world: World, *records: PersonRecord, source: str = Source.CSV, **options: Any) -> Saved:
    return save_people(
        world.database, world.clock, records, source=source, tombstoned=world.tombstoned, **options
    )


def counts(saved: Saved) -> tuple[int, int, int, int]:
    return saved.added, saved.changed, saved.unchanged, saved.refused


def problems(saved: Saved) -> list[str]:
    return [str(refusal) for refusal in saved.refusals]


def everybody(world: World) -> list[Person]:
    with world.database.read() as connection:
        return people.list_people(connection, limit=100)


class TestOnePerson:
    """What a record says is kept, and what it does not say stays."""

    def test_all_that_can_be_said_is_kept(self, world: World) -> None:
        record = PersonRecord(
            where="x",
            emails=("Dana@Example.com", "d@old.example.com"),
            name="Dana Ö",
            github_usernames=("@Dana-GH", "dana2"),
            gitlab_usernames=("dana.gl",),
            slack_id="U123",
            teams_id="29:abc",
            timezone="Europe/Paris",
            locale="pt-BR",
            start_date="2026-03-31",
            team="Engineering / Build tools",
            is_active=False,
            is_bot=True,
            is_tester=True,
            is_protected=True,
            is_excluded_from_snapshots=True,
            attributes={"Office": ("Paris", "Lyon", "Paris"), "Job": ("Developer",)},
        )
        saved = save(world, record)
        dana = world.person("dana@")
        assert saved.person_ids == {"x": dana.id}
        assert (dana.email, dana.name, dana.timezone, dana.locale) == (
            "Dana@Example.com",
            "Dana Ö",
            "Europe/Paris",
            "pt-BR",
        )
        assert (dana.start_date, dana.team) == ("2026-03-31", "Engineering / Build tools")
        flags = (dana.is_bot, dana.is_tester, dana.is_protected, dana.is_excluded_from_snapshots)
        assert (dana.is_active, *flags) == (False, True, True, True, True)
        assert dana.handles == {
            EMAIL: ("Dana@Example.com", "d@old.example.com"),
            GITHUB: ("Dana-GH", "dana2"),
            GITLAB: ("dana.gl",),
            SLACK: ("U123",),
            IdentityKind.TEAMS: ("29:abc",),
        }
        assert dana.attributes == {"Job": ("Developer",), "Office": ("Lyon", "Paris")}
        assert counts(save(world, record)) == (0, 0, 1, 0)

    def test_what_is_not_said_stays_and_none_takes_away(self, world: World) -> None:
        save(world, replace(DANA, timezone="Europe/Paris", locale="fr", slack_id="U1", team="A"))
        saved = save(world, replace(DANA, name=KEEP, locale=None, slack_id=None))
        dana = world.person("dana@")
        assert (dana.name, dana.timezone, dana.locale, dana.team) == ("Dana", "Europe/Paris", None, "A")
        assert SLACK not in dana.handles
        assert saved.changes[0].fields == ("locale", "slack_id")

    def test_a_person_without_a_name_is_called_by_the_address(self, world: World) -> None:
        save(world, replace(DANA, name=None))
        assert world.person("dana@").name == "dana@example.com"

    def test_new_handles_come_first_and_known_ones_stay(self, world: World) -> None:
        save(world, replace(DANA, github_usernames=("one",)))
        save(world, replace(DANA, emails=("d@x.org", "dana@example.com"), github_usernames=("Two",)))
        dana = world.person("dana@")
        assert (dana.email, dana.handles[EMAIL]) == ("d@x.org", ("d@x.org", "dana@example.com"))
        assert dana.handles[GITHUB] == ("Two", "one")

    def test_a_kind_that_is_replaced_has_what_is_given_and_no_more(self, world: World) -> None:
        save(world, replace(DANA, github_usernames=("one", "two")))
        save(world, replace(DANA, github_usernames=("two", "three"), replaces=frozenset({GITHUB})))
        assert world.person("dana@").handles[GITHUB] == ("two", "three")
        # One that was given up is free.
        assert counts(save(world, PersonRecord("y", ("e@x.org",), github_usernames=("one",)))) == (1, 0, 0, 0)

    def test_another_case_is_the_same_handle_shown_anew(self, world: World) -> None:
        save(world, replace(DANA, github_usernames=("dana",)))
        saved = save(world, replace(DANA, github_usernames=("DANA",)))
        assert (saved.changed, world.person("dana@").github_username) == (1, "DANA")

    def test_values_of_a_group_are_replaced_and_other_groups_stay(self, world: World) -> None:
        save(world, replace(DANA, attributes={"Office": ("Paris",), "Job": ("Dev",)}))
        save(world, replace(DANA, attributes={"OFFICE ": ("Lyon",)}))
        assert world.person("dana@").attributes == {"Job": ("Dev",), "Office": ("Lyon",)}
        save(world, replace(DANA, attributes={"office": ()}))
        assert world.person("dana@").attributes == {"Job": ("Dev",)}

    def test_a_team_is_the_same_whatever_the_case(self, world: World) -> None:
        save(world, replace(DANA, team="Eng / Tools"), PersonRecord("y", ("e@x.org",), team=" eng/TOOLS"))
        assert world.person("e@x.org").team == "Eng / Tools"
        assert counts(save(world, replace(DANA, team="ENG/tools"))) == (0, 0, 1, 0)


class TestWhoseItIs:
    """A record finds its person, and takes nothing from others."""

    @pytest.mark.parametrize(
        ("record", "field"),
        [
            (replace(DANA, github_usernames=("@BOB-gh",)), "github_username"),
            (replace(DANA, gitlab_usernames=("bob-gl",)), "gitlab_username"),
            (PersonRecord("line 2", ("alice@example.com",), github_usernames=("bob-gh",)), "github_username"),
        ],
    )
    def test_what_is_somebody_elses_stays_theirs(
        self, world: World, record: PersonRecord, field: str
    ) -> None:
        before = everybody(world)
        (refusal,) = save(world, record).refusals
        assert (refusal.where, refusal.field) == ("line 2", field)
        assert refusal.problem == "belongs to somebody else already: remove it from one of the two"
        assert (
            refusal.detail == f"bob-{'gh' if field == 'github_username' else 'gl'} is that of bob@example.com"
        )
        assert everybody(world) == before

    def test_any_of_the_addresses_says_who_it_is(self, world: World) -> None:
        saved = save(world, replace(DANA, emails=("dana@example.com", "BOB@example.com")))
        assert counts(saved) == (0, 1, 0, 0)
        assert world.person("dana@").handles[EMAIL] == ("dana@example.com", "BOB@example.com")
        two = PersonRecord("x", ("bob@example.com", "alice@example.com"))
        assert "belongs to somebody else" in problems(save(world, two))[0]

    def test_two_records_that_claim_one_name_are_the_first_ones(self, world: World) -> None:
        saved = save(
            world,
            replace(DANA, github_usernames=("same",)),
            PersonRecord("line 3", ("erin@example.com",), github_usernames=("Same",)),
        )
        assert (counts(saved), saved.refusals[0].where) == ((1, 0, 0, 1), "line 3")

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_whoever_gives_a_name_up_may_come_after_the_one_who_takes_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch, dry_run: bool
    ) -> None:
        monkeypatch.setattr(flow, "ROWS_PER_TRANSACTION", 2)
        kind = {"replaces": frozenset({GITHUB})}
        records = [
            PersonRecord("1", ("n@x.org",), github_usernames=("alice-gh",)),
            PersonRecord("2", ("alice@example.com",), github_usernames=("bob-gh",), **kind),
            PersonRecord("3", ("m@x.org",), name="M"),
            PersonRecord("4", ("bob@example.com",), github_usernames=("new",), **kind),
        ]
        before = everybody(world)
        saved = save(world, *records, dry_run=dry_run)
        assert (counts(saved), saved.refusals) == ((2, 2, 0, 0), [])
        if dry_run:
            assert everybody(world) == before
            return
        assert world.person("n@").handles[GITHUB] == ("alice-gh",)
        assert world.person("alice@").handles[GITHUB] == ("bob-gh",)
        assert counts(save(world, *records)) == (0, 0, 4, 0)

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_two_people_swap_their_names(self, world: World, dry_run: bool) -> None:
        kind = {"replaces": frozenset({GITHUB})}
        records = [
            PersonRecord("3", ("n@x.org",), github_usernames=("bob-gh",)),
            PersonRecord("1", ("bob@example.com",), github_usernames=("alice-gh",), **kind),
            PersonRecord("2", ("alice@example.com",), github_usernames=("bob-gh",), **kind),
            PersonRecord("4", ("m@x.org",), github_usernames=("bob-gl",), gitlab_usernames=("bob-gl",)),
        ]
        saved = save(world, *records, dry_run=dry_run)
        assert counts(saved) == (0, 2, 0, 2)
        assert [one.where for one in saved.refusals] == ["3", "4"]
        if not dry_run:
            assert world.person("bob@").handles[GITHUB] == ("alice-gh",)
            assert world.person("alice@").handles[GITHUB] == ("bob-gh",)
            assert counts(save(world, *records)) == (0, 0, 2, 2)

    def test_nobody_loses_a_name_to_a_swap_that_does_not_come_about(self, world: World) -> None:
        kind = {"replaces": frozenset({GITHUB, GITLAB})}
        records = [
            PersonRecord("1", ("bob@example.com",), github_usernames=("alice-gh",), **kind),
            PersonRecord(
                "2",
                ("alice@example.com", "a@x.org"),
                github_usernames=("bob-gh",),
                gitlab_usernames=("bob-gl",),
                **kind,
            ),
        ]
        before = everybody(world)
        assert counts(save(world, *records)) == (0, 0, 0, 2)
        assert everybody(world) == before

    def test_where_mails_go_to_another_address_it_is_told(self, world: World) -> None:
        (change,) = save(world, PersonRecord("x", ("new@x.org", "Bob@example.com"))).changes
        assert (change.email, change.email_before) == ("new@x.org", "bob@example.com")
        (change,) = save(world, PersonRecord("x", ("new@x.org",), name="Rob")).changes
        assert change.email_before is None

    def test_without_an_address_a_user_name_says_who_it_is(self, world: World) -> None:
        saved = save(world, PersonRecord("x", github_usernames=("bob-gh",), timezone="Asia/Tokyo"))
        assert (counts(saved), world.person("bob@").timezone) == ((0, 1, 0, 0), "Asia/Tokyo")
        saved = save(world, PersonRecord("x", github_usernames=("nobody-yet",)))
        assert problems(saved) == ["x: email is missing, and nobody has one of the other names"]

    def test_new_people_can_be_refused(self, world: World) -> None:
        assert problems(save(world, DANA, makes_new=False)) == ["line 2: email is of nobody in the directory"]

    def test_an_account_is_found_by_its_name_before_the_address(self, world: World) -> None:
        record = PersonRecord("user 7", ("bob@private.org",), github_usernames=("bob-gh",), external_id="7")
        assert counts(save(world, record, source=Source.GITHUB)) == (0, 1, 0, 0)
        bob = world.person("bob@private.org")
        assert bob.handles[EMAIL] == ("bob@example.com", "bob@private.org")
        assert bob.email == "bob@example.com", "an account does not say where mail goes"

    def test_a_renamed_account_stays_the_same_person_and_gives_its_old_name_up(self, world: World) -> None:
        first = PersonRecord("user 7", ("dana@example.com",), github_usernames=("dana",), external_id="7")
        save(world, first, source=Source.GITHUB)
        renamed = PersonRecord("user 7", github_usernames=("dana-new",), external_id="7")
        other = PersonRecord("user 8", ("erin@example.com",), github_usernames=("dana",), external_id="8")
        assert counts(save(world, renamed, other, source=Source.GITHUB)) == (1, 1, 0, 0)
        assert world.person("dana@").handles[GITHUB] == ("dana-new",)
        assert world.person("erin@").handles[GITHUB] == ("dana",)
        with world.database.read() as connection:
            members = sources.find_members(connection, Source.GITHUB, ["7", "8"])
        assert members["7"].person_id == world.person("dana@").id

    def test_a_protected_person_is_changed_by_people_only(self, world: World) -> None:
        save(world, replace(DANA, is_protected=True))
        record = replace(DANA, name="Other", external_id="7")
        assert counts(save(world, record, source=Source.SCIM)) == (0, 0, 1, 0)
        assert counts(save(world, replace(record, external_id=None), source=Source.CSV)) == (0, 1, 0, 0)

    def test_an_erased_handle_stays_unknown(self, world: World) -> None:
        with world.database.write() as connection:
            dead = world.tombstoned.hash(GITHUB, "dana")
            tombstones.add_tombstones(connection, [dead], to_datetime(world.clock.now_us()))
        saved = save(world, replace(DANA, github_usernames=("@Dana",)))
        assert "github_username belongs to somebody who was erased" in problems(saved)[0]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"emails": ("dana",)}, "email is not an address"),
        ({"emails": ("a@b\nc",)}, "email contains line breaks or other control characters"),
        ({"name": "x" * 255}, "name is too long: at most 254 characters"),
        ({"github_usernames": ("unknown",)}, "github_username is not the name of a person"),
        ({"github_usernames": ("a[bot]",)}, "github_username is not the name of a person"),
        ({"gitlab_usernames": ("svc-7",)}, "gitlab_username is not the name of a person"),
        ({"github_usernames": ("@",)}, "github_username is not the name of a person"),
        ({"github_usernames": tuple(f"u{n}" for n in range(21))}, "github_username has too many values"),
        ({"timezone": "Mars/Base"}, "timezone is not an IANA time zone"),
        ({"locale": "german please"}, "locale is not a language tag"),
        ({"start_date": "31.3.2026"}, "start_date is not a date such as 2026-03-31"),
        ({"start_date": "20260331"}, "start_date is not a date such as 2026-03-31"),
        ({"team": "A // B"}, "team has an empty name between two /"),
        ({"team": "A / B / a"}, "team is under itself"),
        ({"team": "/".join("abcdefghijk")}, "team is too deep: at most 10"),
        ({"attributes": {" ": ("x",)}}, "attributes has a group without a name"),
        ({"attributes": {"Job": ("x\ny",)}}, "attributes Job contains line breaks"),
        ({"attributes": {"Job": tuple(map(str, range(51)))}}, "attributes Job has too many values"),
        ({"attributes": {str(n): () for n in range(51)}}, "attributes has too many groups"),
    ],
)
def test_what_is_wrong_is_named_and_the_rest_goes_in(
    world: World, wrong: dict[str, Any], problem: str
) -> None:
    rules = IdentityRules(bots=("svc-*",))
    good = PersonRecord("line 3", ("erin@example.com",))
    saved = save(world, replace(DANA, **wrong), good, rules=rules)
    assert problems(saved)[0].startswith(f"line 2: {problem}")
    assert (counts(saved), world.person("erin@").name) == ((1, 0, 0, 1), "erin@example.com")


class TestManyAtOnce:
    """Portions are transactions; what is told is true over all of them."""

    @pytest.fixture(autouse=True)
    def portions(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(flow, "ROWS_PER_TRANSACTION", 2)

    def records(self) -> list[PersonRecord]:
        made = [
            PersonRecord(f"line {n}", (f"p{n}@x.org",), github_usernames=(f"g{n % 4}",)) for n in range(6)
        ]
        return [*made, replace(made[0], name="Changed"), replace(made[1], team="T")]

    def test_progress_is_told_after_each(self, world: World) -> None:
        told: list[int] = []
        saved = save(world, *self.records(), on_progress=told.append)
        assert told == [2, 4, 6, 8]
        assert counts(saved) == (4, 2, 0, 2)

    def test_a_dry_run_tells_the_same_and_does_nothing(self, world: World) -> None:
        before, records = everybody(world), self.records()
        with world.database.read() as connection:
            number = revision.current(connection)
        dry = save(world, *records, dry_run=True)
        assert everybody(world) == before
        with world.database.read() as connection:
            assert revision.current(connection) == number
        wet = save(world, *records)
        assert (counts(dry), dry.refusals, dry.changes) == (counts(wet), wet.refusals, wet.changes)

    def test_a_dry_run_knows_what_it_would_have_given_and_taken(self, world: World) -> None:
        github = frozenset({GITHUB})
        records = [
            PersonRecord("1", ("bob@example.com",), github_usernames=("new",), replaces=github),
            PersonRecord("2", ("n@x.org",), name="N"),
            PersonRecord("3", ("a@x.org",), github_usernames=("bob-gh",)),
            PersonRecord("4", ("b@x.org",), github_usernames=("new",)),
            PersonRecord("5", ("n@x.org", "o@x.org"), name="N", timezone="UTC"),
            PersonRecord("6", ("o@x.org",), timezone="UTC"),
        ]
        dry = save(world, *records, dry_run=True)
        wet = save(world, *records)
        assert counts(dry) == counts(wet) == (2, 3, 0, 1)
        assert (dry.refusals, dry.changes) == (wet.refusals, wet.changes)

    def test_what_is_told_one_by_one_has_an_end(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("afterword.flows.people.saved_people.CHANGES_KEPT_MAX", 3)
        saved = save(world, *self.records())
        assert (len(saved.changes), len(saved.refusals)) == (3, 2)

    def test_queries_do_not_grow_with_people(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(flow, "ROWS_PER_TRANSACTION", 100)

        def run(first: int, last: int) -> int:
            made = [PersonRecord(f"l{n}", (f"q{n}@x.org",), team="A/B") for n in range(first, last)]
            with count_statements() as statements:
                save(world, *made)
            return len(statements)

        assert run(0, 2) + 2 >= run(2, 90)


NAMES = st.sampled_from(["a", "b", "c"])
RECORDS = st.lists(
    st.builds(
        PersonRecord,
        where=st.integers(0, 10**6).map(str),
        emails=st.lists(NAMES.map("{}@x.org".format), min_size=1, max_size=2, unique=True).map(tuple),
        github_usernames=st.one_of(st.just(KEEP), st.lists(NAMES, max_size=2, unique=True).map(tuple)),
        name=st.one_of(st.just(KEEP), NAMES),
        replaces=st.sampled_from([frozenset(), frozenset({GITHUB})]),
    ),
    max_size=6,
    unique_by=lambda record: record.where,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RECORDS)
def test_whatever_they_claim_each_handle_has_one_owner(world: World, records: Sequence[PersonRecord]) -> None:
    save(world, *records)
    found = everybody(world)
    owners = [(kind, handle.lower()) for one in found for kind, has in one.handles.items() for handle in has]
    assert len(owners) == len(set(owners))
    assert all(one.email == one.handles[EMAIL][0] for one in found)


@pytest.mark.parametrize("how", ["merged", "erased"])
def test_who_went_before_their_record_came_gets_nothing_from_it(world: World, how: str) -> None:
    bob = world.person("bob@example.com")
    if how == "merged":
        merge_people(world.database, world.clock, "alice@example.com", bob.email, dry_run=False)
    else:
        Eraser(world.database, world.clock, world.tombstoned, rest=lambda s: None).erase_person(bob.id)
    record = PersonRecord(where="bob", person_id=bob.id, name="Bo", replaces=frozenset(IdentityKind))
    assert problems(save(world, record)) == ["bob: is about somebody who was erased or merged meanwhile"]
    alice = world.person("alice@example.com")
    assert (alice.name, alice.email) == ("Alice", "alice@example.com")
    with world.database.read() as connection:
        left = people.get_person(connection, bob.id)
    assert left is not None
    assert left.name == ("Bob" if how == "merged" else "")
