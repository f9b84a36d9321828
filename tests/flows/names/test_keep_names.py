"""Are the names of events counted once, and do earlier events follow when a name becomes known?"""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterword.domain.people.identity import IdentityKind, name_handles, resolve
from afterword.domain.people.person import PersonRecord
from afterword.domain.people.source import Source
from afterword.flows.manage_projects import create_project
from afterword.flows.names import attribute_events as attribute_flow
from afterword.flows.names import note_unknown_names as note_flow
from afterword.flows.names.attribute_events import attribute_events, find_remaining, follow_directory
from afterword.flows.names.keep_names import keep_names
from afterword.flows.names.manage_names import list_names
from afterword.flows.names.manage_rules import Draft, add_rule, remove_rule
from afterword.flows.names.note_unknown_names import note_unknown_names
from afterword.flows.people.save_people import save_people
from afterword.flows.upkeep.housekeep import ATTRIBUTIONS_KEPT, housekeep
from afterword.storage import attributions, events, identity_rules, people, projection, trigger_matches
from afterword.storage.engine import Database
from afterword.storage.identity_rules import RuleKind
from afterword.storage.tables import attribution, metadata
from afterword.storage.tables import projection as projection_table
from tests.flows.world import EAGER, World
from tests.storage.support import FakeClock, empty, in_threads

GH, GL = "github_username", "gitlab_username"
FAR = 50


def settle(world: World) -> None:
    """Let the worker do all that there is to do."""
    for _ in range(FAR):
        if not keep_names(world.database, world.clock):
            return
    raise AssertionError("the worker finds no end")


def names(world: World) -> list[tuple[str, str, int]]:
    """Kind, name and events of each unknown name."""
    return [(one.kind.value, one.shown, one.events) for one in list_names(world.database, limit=FAR)]


def person_of(world: World, event_id: int) -> int | None:
    with world.database.read() as connection:
        found = events.get_event(connection, event_id)
    assert found is not None
    return found.person_id


def add_stranger(world: World, **handles: object) -> int:
    """An event of somebody whom nobody knows."""
    return world.add_event(**{"email": None, **handles})  # type: ignore[arg-type]


def give(world: World, address: str, **fields: object) -> None:
    record = PersonRecord(where="a test", emails=(address,), **fields)  # type: ignore[arg-type]
    saved = save_people(
        world.database, world.clock, [record], source=Source.HERE, tombstoned=world.tombstoned
    )
    assert not saved.refusals


def add(world: World, kind: RuleKind, pattern: str = "+*", **more: str) -> int:
    return add_rule(world.database, world.clock, Draft(kind, pattern, **more)).id


class TestCounting:
    """Each event is read once."""

    def test_a_name_that_nobody_has_is_counted_with_its_first_and_last_event(self, world: World) -> None:
        first = add_stranger(world, github_username="@Ada-L")
        began_at = world.clock.now
        world.clock.advance(60)
        last = add_stranger(world, github_username="ada-l")
        settle(world)
        (found,) = list_names(world.database, limit=FAR)
        assert (found.kind, found.value, found.shown) == (IdentityKind.GITHUB, "ada-l", "ada-l")
        assert (found.project_name, found.events) == ("Build CLI", 2)
        assert (found.first_at, found.last_at) == (began_at, world.clock.now)
        assert (found.first_event_id, found.last_event_id) == (first, last)

    def test_later_events_are_added_and_reading_again_adds_nothing(self, world: World) -> None:
        for _ in range(3):
            add_stranger(world, gitlab_username="ada")
            settle(world)
            settle(world)
        assert names(world) == [(GL, "ada", 3)]

    def test_a_second_unknown_handle_is_listed_although_the_person_is_known(self, world: World) -> None:
        world.add_event(email="bob@example.com", github_username="bob-at-night")
        settle(world)
        assert names(world) == [(GH, "bob-at-night", 1)]

    @pytest.mark.parametrize(
        "handles", [{"email": "unknown"}, {GH: "renovate[bot]"}, {"email": "bob@example.com"}, {GL: "BOB-GL"}]
    )
    def test_bots_junk_and_known_names_are_not_listed(self, world: World, handles: dict[str, str]) -> None:
        add_stranger(world, **handles)
        settle(world)
        assert names(world) == []

    def test_names_are_kept_apart_by_project_and_kind(self, world: World) -> None:
        other = create_project(world.database, world.clock, "Deploy CLI")
        for project_id in (world.project_id, other.id, other.id):
            add_stranger(world, github_username="ada", gitlab_username="ada", project_id=project_id)
        settle(world)
        assert sorted(one.key for one in list_names(world.database, limit=FAR)) == sorted(
            (kind, "ada", project_id) for kind in (GH, GL) for project_id in (world.project_id, other.id)
        )

    def test_many_events_take_several_steps(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(note_flow, "EVENTS_AT_ONCE", 3)
        other = create_project(world.database, world.clock, "Deploy CLI")
        for index in range(20):
            add_stranger(world, github_username="ada", project_id=(world.project_id, other.id)[index % 2])
        steps = 0
        while note_unknown_names(world.database):
            steps += 1
        assert steps == 7
        assert names(world) == [(GH, "ada", 10)] * 2

    def test_nothing_new_is_one_small_look(self, world: World) -> None:
        world.add_event()
        settle(world)
        assert note_unknown_names(world.database) is False
        assert keep_names(world.database, world.clock) is False

    def test_a_step_that_fails_counts_nothing_and_is_done_again(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add_stranger(world, github_username="ada")
        with monkeypatch.context() as patch:
            patch.setattr(projection, "set_positions", lambda *arguments: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                note_unknown_names(world.database)
        assert names(world) == []
        settle(world)
        assert names(world) == [(GH, "ada", 1)]

    def test_workers_at_once_count_each_event_once(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(note_flow, "EVENTS_AT_ONCE", 5)
        for index in range(40):
            add_stranger(world, github_username=f"ada-{index % 4}")

        def work(index: int) -> None:
            while note_unknown_names(world.database):
                pass

        in_threads(4, work)
        assert names(world) == [(GH, f"ada-{index}", 10) for index in range(4)]

    def test_a_person_who_is_added_while_names_are_read_is_not_overlooked(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        event_id = add_stranger(world, github_username="ada")
        add_sightings = note_flow.count_sightings

        def count_late(*arguments: object) -> object:
            monkeypatch.undo()
            give(world, "ada@example.com", github_usernames=("ada",))
            follow_directory(world.database, world.clock)  # as another worker does
            return add_sightings(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(note_flow, "count_sightings", count_late)
        settle(world)
        assert names(world) == []
        assert person_of(world, event_id) == world.person("ada@").id

    def test_an_event_that_an_old_memory_attributed_to_nobody_is_put_right(self, world: World) -> None:
        event_id = world.add_event(email="bob@example.com", person_id=None)
        settle(world)
        assert person_of(world, event_id) == world.person("bob@").id

    def test_a_database_of_the_other_kind_is_read_anew(self, world: World) -> None:
        add_stranger(world, github_username="ada")
        settle(world)
        other = {projection.BY_ID, projection.BY_NUMBER}
        with world.database.write() as connection:
            mine = {row[0] for row in connection.execute(sa.select(projection_table.c.name))} & other
            moved = sa.update(projection_table).where(projection_table.c.name.in_(mine))
            connection.execute(moved.values(name=(other - mine).pop()))
        settle(world)
        assert names(world) == [(GH, "ada", 1)]


class TestFollowing:
    """What becomes known is attributed, and leaves the list."""

    def test_earlier_events_follow_when_a_name_becomes_known(self, world: World) -> None:
        earlier = [add_stranger(world, github_username=name) for name in ("Ada", "@ADA", "eve")]
        settle(world)
        give(world, "ada@example.com", github_usernames=("ada",))
        settle(world)
        ada = world.person("ada@").id
        assert [person_of(world, event_id) for event_id in earlier] == [ada, ada, None]
        assert names(world) == [(GH, "eve", 1)]

    def test_an_event_is_read_as_a_whole(self, world: World) -> None:
        event_id = world.add_event(
            email="ada@example.com", github_username="bob-gh", person_id=world.person("bob@").id
        )
        settle(world)
        give(world, "ada@example.com")
        settle(world)
        assert person_of(world, event_id) == world.person("ada@").id

    def test_many_events_take_several_steps_with_progress(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(attribute_flow, "EVENTS_AT_ONCE", 4)
        earlier = [add_stranger(world, github_username="ada") for _ in range(10)]
        settle(world)
        give(world, "ada@example.com", github_usernames=("ada",))
        assert follow_directory(world.database, world.clock)
        left = []
        while attribute_events(world.database, world.clock):
            left.append(find_remaining(world.database).events)
        assert left == [6, 2, 0]
        assert {person_of(world, event_id) for event_id in earlier} == {world.person("ada@").id}
        with world.database.read() as connection:
            row = connection.execute(sa.select(attribution)).one()
        assert (row.looked_at, row.changed, row.finished_at) == (10, 10, world.clock.now)

    def test_many_names_at_once_are_one_stretch(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(attribute_flow, "NAMES_TOLD_MAX", 2)
        earlier = [add_stranger(world, github_username=f"dev-{index}") for index in range(5)]
        settle(world)
        for index in range(5):
            give(world, f"dev-{index}@example.com", github_usernames=(f"dev-{index}",))
        follow_directory(world.database, world.clock)
        with world.database.read() as connection:
            assert len(attributions.list_unfinished(connection, FAR)) == 1
        settle(world)
        assert None not in [person_of(world, event_id) for event_id in earlier]

    def test_more_names_than_a_batch_are_all_followed(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(attribute_flow, "NAMES_AT_ONCE", 2)
        for index in range(7):
            add_stranger(world, github_username=f"dev-{index}")
        settle(world)
        give(world, "dev@example.com", github_usernames=tuple(f"dev-{index}" for index in range(6)))
        settle(world)
        assert names(world) == [(GH, "dev-6", 1)]

    def test_a_name_that_was_given_up_keeps_its_past(self, world: World) -> None:
        bob = world.person("bob@").id
        event_id = add_stranger(world, github_username="bob-gh", person_id=bob)
        settle(world)
        world.import_people("email,github_username\nbob@example.com,bobby\n")
        add(world, RuleKind.BOT, "svc-*")
        settle(world)
        assert person_of(world, event_id) == bob

    def test_the_events_of_a_person_are_read_anew(self, world: World) -> None:
        bob, alice = world.person("bob@").id, world.person("alice@").id
        event_id = add_stranger(world, github_username="alice-gh", person_id=bob)
        with world.database.write() as connection:
            connection.execute(
                sa.insert(attribution).values(
                    person_id=bob, next_event_id=1, last_event_id=event_id, created_at=world.clock.now
                )
            )
        attribute_events(world.database, world.clock)
        assert person_of(world, event_id) == alice

    def test_who_becomes_known_has_used_the_tool_since_the_first_of_their_events(self, world: World) -> None:
        first_at = world.clock.now
        add_stranger(world, github_username="ada")
        world.clock.advance(60)
        add_stranger(world, github_username="ada")
        settle(world)
        give(world, "ada@example.com", github_usernames=("ada",))
        settle(world)
        ada = world.person("ada@").id
        with world.database.read() as connection:
            found = trigger_matches.list_first_events(connection, [ada])
        assert found == {(ada, world.project_id): first_at}

    def test_a_test_event_says_nothing_about_since_when_a_tool_is_used(self, world: World) -> None:
        world.add_event(is_test=True)
        add_stranger(world, github_username="ada", is_test=True)
        settle(world)
        give(world, "ada@example.com", github_usernames=("ada",))
        settle(world)
        with world.database.read() as connection:
            ids = [world.person(who).id for who in ("bob@", "ada@")]
            assert trigger_matches.list_first_events(connection, ids) == {}

    def test_a_step_that_fails_is_done_again(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        event_id = add_stranger(world, github_username="ada")
        settle(world)
        give(world, "ada@example.com", github_usernames=("ada",))
        follow_directory(world.database, world.clock)
        with monkeypatch.context() as patch:
            patch.setattr(attributions, "note_progress", lambda *arguments: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                attribute_events(world.database, world.clock)
        assert person_of(world, event_id) is None
        settle(world)
        assert person_of(world, event_id) == world.person("ada@").id

    def test_an_erased_event_is_left_alone(self, world: World) -> None:
        bob = world.person("bob@").id
        event_id = world.add_event(email=None, person_id=bob)
        add(world, RuleKind.DROP_TAGS)
        settle(world)
        assert person_of(world, event_id) == bob

    def test_what_was_finished_is_forgotten_after_a_day(self, world: World) -> None:
        add_stranger(world, github_username="ada")
        settle(world)
        give(world, "ada@example.com", github_usernames=("ada",))
        settle(world)
        for age, left in ((ATTRIBUTIONS_KEPT, 1), (timedelta(seconds=1), 0)):
            world.clock.advance(age)
            housekeep(world.database, world.clock)
            with world.database.read() as connection:
                assert len(connection.execute(sa.select(attribution)).all()) == left


class TestRules:
    """A rule that comes or goes changes what stored events mean."""

    def test_a_bots_name_leaves_the_list_and_comes_back_with_the_rule_taken_away(self, world: World) -> None:
        for name in ("svc-1", "svc-1", "ada"):
            add_stranger(world, github_username=name)
        settle(world)
        rule_id = add(world, RuleKind.BOT, "SVC-*")
        settle(world)
        assert names(world) == [(GH, "ada", 1)]
        remove_rule(world.database, rule_id)
        settle(world)
        assert names(world) == [(GH, "svc-1", 2), (GH, "ada", 1)]

    def test_what_a_bot_did_is_nobodys_once_a_rule_calls_it_one(self, world: World) -> None:
        give(world, "robot@example.com", github_usernames=("svc-1",), is_bot=True)
        event_id = add_stranger(world, github_username="svc-1")
        settle(world)
        assert person_of(world, event_id) == world.person("robot@").id
        add(world, RuleKind.BOT, "svc-*")
        settle(world)
        assert person_of(world, event_id) is None

    def test_a_domain_is_for_its_project(self, world: World) -> None:
        other = create_project(world.database, world.clock, "Deploy CLI")
        here = add_stranger(world, email="bob")
        there = add_stranger(world, email="bob", project_id=other.id)
        settle(world)
        add(world, RuleKind.DOMAIN, "example.com", project="Build CLI")
        settle(world)
        assert (person_of(world, here), person_of(world, there)) == (world.person("bob@").id, None)

    def test_names_without_a_domain_are_listed_before_and_after_there_is_one(self, world: World) -> None:
        add_stranger(world, email="nobody")
        add_stranger(world, email="Unknown")
        settle(world)
        assert names(world) == [("email", "nobody", 1)]
        add(world, RuleKind.DOMAIN, "example.com")
        settle(world)
        assert names(world) == [("email", "nobody", 1)]

    def test_an_address_of_somebodys_own_overrules_a_rule(self, world: World) -> None:
        add(world, RuleKind.DROP_TAGS)
        event_id = add_stranger(world, email="bob+x@example.com")
        settle(world)
        assert person_of(world, event_id) == world.person("bob@").id
        give(world, "bob+x@example.com")
        settle(world)
        assert person_of(world, event_id) == world.person("bob+x@").id


PEOPLE = {
    "ada@example.com": {"github_usernames": ("ada",)},
    "ada+x@example.com": {"gitlab_usernames": ("adax",)},
    "eve@old.org": {"github_usernames": ("eve",), "gitlab_usernames": ("ada",)},
    "eve@example.com": {},
    "robot@example.com": {"github_usernames": ("svc-1",), "is_bot": True},
}
RULES = (
    Draft(RuleKind.DOMAIN, "example.com", project="Build CLI"),
    Draft(RuleKind.MOVED_DOMAIN, "old.org", "example.com"),
    Draft(RuleKind.DROP_TAGS),
    Draft(RuleKind.JUNK, "nobody"),
    Draft(RuleKind.BOT, "svc-*"),
)
EMAILS = (
    None,
    "ada",
    "Ada@example.com",
    "ada+x@example.com",
    "eve+y@old.org",
    "eve@old.org",
    "nobody",
    "svc-9",
)
GITHUBS = (None, "@Ada", "eve", "svc-1", "nobody", "ghost")
GITLABS = (None, "ada", "adax", "ghost")
HANDLES = st.tuples(*map(st.sampled_from, (EMAILS, GITHUBS, GITLABS))).filter(any)
STEPS = st.permutations(
    [*(("person", address) for address in PEOPLE), *(("rule", index) for index in range(len(RULES)))]
)


@pytest.fixture
def fresh(database: Database, templates: object) -> Callable[[], None]:
    """Empties the database between two examples of a property."""

    def clear() -> None:
        if database.is_postgres:
            empty(database)
            return
        with database.write() as connection:
            for table in reversed(metadata.sorted_tables):
                if table.name != "revision":
                    connection.execute(sa.delete(table))

    return clear


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), order=STEPS, handles=st.lists(HANDLES, min_size=1, max_size=6))
def test_whose_an_event_is_does_not_depend_on_the_order_in_which_things_became_known(
    database: Database,
    fresh: Callable[[], None],
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    order: list[tuple[str, object]],
    handles: list[tuple[str | None, str | None, str | None]],
) -> None:
    fresh()
    world = World(database, FakeClock(), tmp_path_factory.mktemp("world"))
    ids: dict[int, tuple[str | None, str | None, str | None]] = {}
    waiting = list(handles)
    for what, which in [*order, ("end", None)]:
        for _ in range(data.draw(st.integers(0, 2)) if what != "end" else len(waiting)):
            if waiting:
                email, github, gitlab = named = waiting.pop()
                now = resolve_now(world, named) if data.draw(st.booleans()) else None
                event_id = world.add_event(
                    email=email, github_username=github, gitlab_username=gitlab, person_id=now
                )
                ids[event_id] = named
        if data.draw(st.booleans()):
            keep_names(database, world.clock)
        world.clock.advance(1)
        if what == "person":
            give(world, str(which), **PEOPLE[str(which)])
        elif what == "rule":
            add_rule(database, world.clock, RULES[which])  # type: ignore[call-overload]
    settle(world)
    wrong = {
        named: (person_of(world, event_id), resolve_now(world, named))
        for event_id, named in ids.items()
        if person_of(world, event_id) != resolve_now(world, named)
    }
    assert wrong == {}


def resolve_now(world: World, named: tuple[str | None, str | None, str | None]) -> int | None:
    """Whose an event would be that came now."""
    with world.database.read() as connection:
        rules = identity_rules.read_rules(connection)
        known = {
            (IdentityKind(kind), value): person_id
            for kind, value, person_id in people.read_handles(connection)
        }
    handles = name_handles(email=named[0], github_username=named[1], gitlab_username=named[2])
    return resolve(handles, known, rules, world.project_id).person_id


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=st.lists(st.sampled_from(["event", "person", "names", "decide"]), min_size=4, max_size=12))
def test_an_event_that_is_attributed_later_never_invites(
    database: Database, fresh: Callable[[], None], tmp_path_factory: pytest.TempPathFactory, plan: list[str]
) -> None:
    fresh()
    world = World(database, FakeClock(), tmp_path_factory.mktemp("world"))
    world.add_survey(throttle=EAGER)
    is_known, allowed, undecided, every = False, set(), [], []
    for step in [*plan, "event", "person", "names", "decide"]:
        world.clock.advance(1)
        if step == "event":
            every.append(add_stranger(world, github_username="ada"))
            undecided.append(every[-1])
            allowed |= {every[-1]} if is_known else set()
        elif step == "person":
            give(world, "ada@example.com", github_usernames=("ada",))
            is_known = True
        elif step == "names":
            before = world.waiting_jobs()
            settle(world)
            assert world.waiting_jobs() == before
        else:
            while undecided:
                world.evaluate(undecided.pop(0))
    ada = world.person("ada@").id
    assert {person_of(world, event_id) for event_id in every} == {ada}
    assert {event_id for event_id in every if world.invitations(event_id)} == allowed
