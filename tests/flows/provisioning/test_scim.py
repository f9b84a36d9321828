"""Do users and groups of SCIM stay right, whatever is asked and whoever writes at the same moment?"""

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from afterword.domain.people.identity import IdentityKind
from afterword.domain.people.person import VALUES_MAX, PersonRecord
from afterword.domain.people.source import Source
from afterword.domain.scim.filter import (
    AllOf,
    AnyOf,
    AttributePath,
    Comparison,
    Filter,
    Not,
    Operator,
    Within,
)
from afterword.domain.scim.filter import matches as fits
from afterword.domain.scim.patch import Operation, Verb
from afterword.domain.scim.schema import ENTERPRISE_USER, ScimError, ScimType
from afterword.flows.people.merge_people import merge_people, unmerge_people
from afterword.flows.people.save_people import save_people
from afterword.flows.provisioning import scim_groups, scim_users
from afterword.flows.provisioning.scim_users import Page, Provider, Resource
from afterword.kit.clock import to_datetime
from afterword.storage import sources, tombstones
from afterword.storage.sources import Member
from afterword.storage.tables import person
from tests.flows.world import World
from tests.storage.support import count_statements, in_threads


@pytest.fixture
def provider(world: World) -> Provider:
    """What an identity provider works with."""
    return Provider(world.database, world.clock, world.tombstoned)


def create(provider: Provider, user_name: str, **more: Any) -> Resource:
    return scim_users.create_user(provider, {"userName": user_name, **more})


def make_group(provider: Provider, name: str, *members: str, **more: Any) -> Resource:
    given = [{"value": one} for one in members]
    return scim_groups.create_group(provider, {"displayName": name, "members": given, **more})


def add_member(provider: Provider, group: Resource, *members: str) -> None:
    value = [{"value": one} for one in members]
    scim_groups.patch_group(provider, group.id, [Operation(Verb.ADD, "members", value)])


def members_of(provider: Provider, group: Resource) -> list[str]:
    return [one["value"] for one in scim_groups.get_group(provider, group.id).document.get("members", [])]


def every_user(provider: Provider, where: Filter | None = None) -> Page:
    return scim_users.list_users(provider, where, offset=0, limit=100)


TEXT_OPERATORS = st.sampled_from(
    [Operator.EQUAL, Operator.NOT_EQUAL, Operator.CONTAINS, Operator.STARTS, Operator.ENDS]
)
TEXTS = st.sampled_from(
    ["", "a", "ada", "Ada@Example.com", "b@x.org", "x1", "eng", "Engineer", "work", "%", "_", "de", "1", "4"]
)


def plain(*names: str) -> st.SearchStrategy[Filter]:
    """Comparisons of texts."""
    paths = st.sampled_from([AttributePath(*name.split(".")) for name in names])
    compared = st.builds(Comparison, paths, TEXT_OPERATORS, TEXTS)
    return compared | st.builds(Comparison, paths, st.just(Operator.PRESENT) | st.just(Operator.EQUAL))


def combined(leaves: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    """Those and what is made of them."""
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(Not, inner) | st.tuples(inner, inner).map(AllOf) | st.tuples(inner, inner).map(AnyOf)
        ),
        max_leaves=5,
    )


ACTIVE = st.builds(
    Comparison,
    st.just(AttributePath("active")),
    st.sampled_from([Operator.EQUAL, Operator.NOT_EQUAL]),
    st.sampled_from([True, False, "True"]),
)
WITHIN = st.builds(Within, st.just(AttributePath("emails")), combined(plain("value", "type")))
DEPARTMENT = st.builds(
    Comparison, st.just(AttributePath("department", None, ENTERPRISE_USER)), TEXT_OPERATORS, TEXTS
)
USER_FILTERS = combined(
    plain("userName", "displayName", "emails", "emails.value", "title", "locale", "timezone", "id")
    | ACTIVE
    | WITHIN
    | DEPARTMENT
)
GROUP_FILTERS = combined(plain("displayName", "members", "members.value", "id"))
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def fill(provider: Provider) -> None:
    """Users that differ in all that a filter can look at."""
    if every_user(provider).total > 3:
        return
    work = [{"value": "Ada@Example.com", "type": "work"}, {"value": "a_da@x.org", "type": "work"}]
    extension = {ENTERPRISE_USER: {"department": "Engines"}}
    create(provider, "Ada", emails=work, displayName="Ada L", title="Engineer", locale="de", **extension)
    home = [{"value": "B@x.org", "type": "work"}]
    create(provider, "b@x.org", emails=home, displayName="100% B", active=False, timezone="Europe/Berlin")
    create(provider, "x1", emails=[{"value": "x@y.z", "type": "work"}], displayName="X", title="eng")
    make_group(provider, "Engineers", "1", "4")
    make_group(provider, "x1", "4", "5")
    make_group(provider, "Nobody")


class TestFinding:
    """The database finds what the filter means."""

    @MANY
    @given(where=USER_FILTERS)
    @example(where=Comparison(AttributePath("displayName"), Operator.CONTAINS, "_"))
    @example(where=Comparison(AttributePath("userName"), Operator.STARTS, "_"))
    @example(where=Comparison(AttributePath("title"), Operator.ENDS, "%"))
    def test_users_are_found_as_the_filter_says(self, provider: Provider, where: Filter) -> None:
        fill(provider)
        expected = [
            one.id for one in every_user(provider).resources if fits(where, {**one.document, "id": one.id})
        ]
        found = every_user(provider, where)
        assert ([one.id for one in found.resources], found.total) == (expected, len(expected))

    @MANY
    @given(where=GROUP_FILTERS)
    def test_groups_are_found_as_the_filter_says(self, provider: Provider, where: Filter) -> None:
        fill(provider)
        everything = scim_groups.list_groups(provider, None, offset=0, limit=100)
        expected = [one.id for one in everything.resources if fits(where, {**one.document, "id": one.id})]
        found = scim_groups.list_groups(provider, where, offset=0, limit=100)
        assert ([one.id for one in found.resources], found.total) == (expected, len(expected))

    def test_times_are_compared(self, world: World, provider: Provider) -> None:
        world.clock.advance(60)
        made = create(provider, "dana@example.com")
        at = made.created_at.isoformat()
        for name in ("created", "lastModified"):
            path = AttributePath("meta", name)
            for operator, expected in (
                (Operator.LESS, 3),
                (Operator.GREATER_EQUAL, 1),
                (Operator.GREATER, 0),
            ):
                assert every_user(provider, Comparison(path, operator, at)).total == expected

    def test_queries_do_not_grow_with_users_and_groups(self, provider: Provider) -> None:
        fill(provider)

        def run(limit: int) -> int:
            with count_statements() as statements:
                scim_users.list_users(provider, None, offset=0, limit=limit)
                scim_groups.list_groups(provider, None, offset=0, limit=limit)
            return len(statements)

        assert run(1) >= run(100)

    def test_a_page_ends_before_it_has_too_many_members(
        self, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(provider)
        monkeypatch.setattr(scim_groups, "MEMBERS_SHOWN_MAX", 3)
        page = scim_groups.list_groups(provider, None, offset=0, limit=100)
        assert (page.total, [one.document["displayName"] for one in page.resources]) == (3, ["Engineers"])
        page = scim_groups.list_groups(provider, None, offset=1, limit=100)
        assert [one.document["displayName"] for one in page.resources] == ["x1", "Nobody"]


class TestAtOnce:
    """Two requests at the same moment come to the same as one after the other."""

    def test_groups_that_are_pushed_at_once_do_not_undo_each_other(
        self, world: World, provider: Provider
    ) -> None:
        dana = create(provider, "dana@example.com")
        groups = [make_group(provider, name) for name in "abcd"]
        in_threads(4, lambda index: add_member(provider, groups[index], dana.id))
        assert world.person("dana@").attributes == {"Group": ("a", "b", "c", "d")}

    def test_of_two_that_create_the_same_user_one_is_refused(self, provider: Provider) -> None:
        def run(index: int) -> int:
            try:
                create(provider, "dana@example.com", externalId=str(index))
            except ScimError as error:
                return error.status
            return 201

        assert sorted(in_threads(3, run)) == [201, 409, 409]
        assert every_user(provider).total == 4


class TestIdentity:
    """Who a user is."""

    def test_a_user_keeps_its_id_when_the_person_becomes_another(
        self, world: World, provider: Provider
    ) -> None:
        bob = world.person("bob@")
        now = to_datetime(world.clock.now_us())
        with world.database.write() as connection:
            sources.note_members(connection, Source.SCIM, {"4711": Member(bob.id, None)}, now)
        assert scim_users.get_user(provider, "4711").document["displayName"] == "Bob"
        scim_users.patch_user(provider, "4711", [Operation(Verb.REPLACE, "displayName", "Robert")])
        assert world.person("bob@").name == "Robert"
        with pytest.raises(ScimError):
            scim_users.get_user(provider, str(bob.id))

    def test_who_was_erased_is_not_there_and_does_not_come_back(
        self, world: World, provider: Provider
    ) -> None:
        dana = create(provider, "dana@example.com")
        handle = IdentityKind.EMAIL, "erin@example.com"
        now = to_datetime(world.clock.now_us())
        with world.database.write() as connection:
            tombstones.add_tombstones(connection, [world.tombstoned.hash(*handle)], now)
            connection.execute(sa.update(person).where(person.c.id == int(dana.id)).values(erased_at=now))
        with pytest.raises(ScimError) as caught:
            scim_users.get_user(provider, dana.id)
        assert caught.value.status == 404
        with pytest.raises(ScimError, match="was erased") as caught:
            create(provider, "Erin@example.com")
        assert caught.value.scim_type is ScimType.INVALID_VALUE
        assert every_user(provider).total == 3

    def test_a_deleted_user_is_in_no_group_and_nothing_that_was_said_is_kept(
        self, world: World, provider: Provider
    ) -> None:
        dana = create(provider, "d.ray", emails=[{"value": "dana@example.com"}], name={"givenName": "Dana"})
        group = make_group(provider, "Platform", dana.id)
        scim_users.delete_user(provider, dana.id)
        assert members_of(provider, group) == []
        left = world.person("dana@")
        assert (left.is_active, left.attributes) == (False, {})
        with pytest.raises(ScimError):
            add_member(provider, group, dana.id)
        again = create(provider, "dana@example.com")
        assert (again.id, again.document) == (dana.id, {"userName": "dana@example.com", "active": True})

    def test_a_person_of_another_source_is_in_a_group_like_everybody(
        self, world: World, provider: Provider
    ) -> None:
        group = make_group(provider, "Platform", str(world.person("bob@").id))
        record = PersonRecord(
            where="x", emails=("new@example.com",), attributes={"group": ("Platform", "Other")}
        )
        saved = save_people(
            world.database, world.clock, [record], source=Source.CSV, tombstoned=world.tombstoned
        )
        new_id = str(saved.person_ids["x"])
        assert members_of(provider, group) == [str(world.person("bob@").id), new_id]
        scim_groups.delete_group(provider, group.id)
        assert world.person("new@").attributes == {"Group": ("Other",)}


class TestManyMembers:
    """Groups of any size."""

    def test_members_are_saved_in_portions(
        self, world: World, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scim_groups, "ROWS_PER_TRANSACTION", 2)
        lines = "".join(f"p{number}@example.com,P{number}\n" for number in range(5))
        world.import_people(f"email,name\n{lines}")
        users = [one.id for one in every_user(provider).resources]
        group = make_group(provider, "All", *users)
        assert members_of(provider, group) == users
        renamed = [Operation(Verb.REPLACE, "displayName", "Everybody")]
        scim_groups.patch_group(provider, group.id, renamed)
        assert members_of(provider, group) == users
        left = scim_groups.replace_group(provider, group.id, {"displayName": "Everybody"})
        assert "members" not in left.document

    def test_a_renaming_that_was_cut_short_can_be_sent_again(
        self, world: World, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scim_groups, "ROWS_PER_TRANSACTION", 1)
        users = [one.id for one in every_user(provider).resources]
        group = make_group(provider, "Old", *users)
        renamed = [Operation(Verb.REPLACE, "displayName", "New")]
        save, saved = scim_groups._save_groups, []

        def save_one(*given: Any) -> None:
            if saved:
                raise KeyboardInterrupt
            saved.append(given)
            save(*given)

        with monkeypatch.context() as patch:
            patch.setattr(scim_groups, "_save_groups", save_one)
            with pytest.raises(KeyboardInterrupt):
                scim_groups.patch_group(provider, group.id, renamed)
        assert members_of(provider, group) == users[1:]
        scim_groups.patch_group(provider, group.id, renamed)
        assert members_of(provider, group) == users
        assert world.person("bob@").attributes == {"Group": ("New",)}

    def test_people_whom_scim_may_not_change_hold_nothing_up(
        self, world: World, provider: Provider, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scim_groups, "ROWS_PER_TRANSACTION", 1)
        users = [one.id for one in every_user(provider).resources]
        record = PersonRecord(where="x", emails=("alice@example.com",), is_protected=True)
        save_people(world.database, world.clock, [record], source=Source.HERE, tombstoned=world.tombstoned)
        assert members_of(provider, make_group(provider, "All", *users)) == users[1:]

    def test_nobody_is_in_too_many_groups(self, world: World, provider: Provider) -> None:
        dana = create(provider, "dana@example.com")
        given = {"Group": tuple(f"g{number}" for number in range(VALUES_MAX))}
        record = PersonRecord(where="x", emails=("dana@example.com",), attributes=given)
        save_people(world.database, world.clock, [record], source=Source.CSV, tombstoned=world.tombstoned)
        with pytest.raises(ScimError, match="too many values") as caught:
            make_group(provider, "One more", dana.id)
        assert caught.value.status == 400
        assert scim_groups.list_groups(provider, None, offset=0, limit=1).total == 0


class TestMergedPeople:
    """Two people of the directory who became one."""

    def test_a_user_who_was_merged_is_one_user_with_the_id_that_the_provider_knows(
        self, world: World, provider: Provider
    ) -> None:
        bob = create(provider, "bob@example.com", externalId="x1")
        merged = merge_people(
            world.database, world.clock, "alice@example.com", "bob@example.com", dry_run=False
        )
        names = [(one.id, one.document["userName"]) for one in every_user(provider).resources]
        assert names == [(bob.id, "bob@example.com"), ("3", "charlie@example.com")]
        assert every_user(provider).total == 2
        scim_users.replace_user(provider, bob.id, {"userName": "bob@example.com", "displayName": "Bo"})
        assert world.person("alice@").name == "Bo"
        assert merged.id is not None
        unmerge_people(world.database, world.clock, merged.id)
        assert scim_users.get_user(provider, bob.id).document["userName"] == "bob@example.com"

    def test_who_was_merged_is_no_user_and_no_member(self, world: World, provider: Provider) -> None:
        group = make_group(provider, "All", "2")
        merge_people(world.database, world.clock, "alice@example.com", "bob@example.com", dry_run=False)
        assert [one.id for one in every_user(provider).resources] == ["1", "3"]
        assert members_of(provider, group) == ["1"]
        with pytest.raises(ScimError, match="no user of this id"):
            scim_users.get_user(provider, "2")
        with pytest.raises(ScimError, match="id of no user"):
            add_member(provider, group, "2")
