"""Does a PATCH make of a resource what RFC 7644, 3.5.2 says, and what Okta and Entra mean?"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.domain.people.person import KEEP
from afterword.domain.scim.patch import (
    OPERATIONS_MAX,
    GroupChange,
    Operation,
    Verb,
    patch,
    read_group_patch,
    read_operations,
)
from afterword.domain.scim.schema import (
    ENTERPRISE_USER,
    USERS,
    VALUES_MAX,
    ScimError,
    ScimType,
    read_document,
)

ADA: dict[str, Any] = {
    "userName": "ada",
    "active": True,
    "name": {"familyName": "Lovelace"},
    "emails": [
        {"value": "ada@work.example", "type": "work", "primary": True},
        {"value": "ada@home.example", "type": "home"},
    ],
}
WORK, HOME = ADA["emails"]


def operation(verb: str, path: str | None = None, value: Any = None) -> Operation:
    return Operation(Verb(verb), path, value)


def patched(*operations: Operation) -> dict[str, Any]:
    return patch(USERS, ADA, list(operations))


def refused(*operations: Operation) -> ScimType | None:
    with pytest.raises(ScimError) as caught:
        patched(*operations)
    return caught.value.scim_type


class TestUsers:
    """One operation after the other."""

    @pytest.mark.parametrize(
        ("made", "name", "expected"),
        [
            (operation("add", "title", "Engineer"), "title", "Engineer"),
            (operation("replace", "TITLE", "Engineer"), "title", "Engineer"),
            (operation("remove", "name"), "name", None),
            (operation("replace", "active", "False"), "active", False),
            (
                operation("replace", "name", {"givenName": "Ada"}),
                "name",
                {"familyName": "Lovelace", "givenName": "Ada"},
            ),
            (operation("add", "name.familyName", "King"), "name", {"familyName": "King"}),
            (operation("replace", "emails", [{"value": "x@y.z"}]), "emails", [{"value": "x@y.z"}]),
            (operation("add", "emails", [{"value": "x@y.z"}]), "emails", [WORK, HOME, {"value": "x@y.z"}]),
            (
                operation("add", "emails", {"value": "ADA@home.example"}),
                "emails",
                [WORK, {"value": "ADA@home.example"}],
            ),
            (
                operation("add", "emails", [{"value": "x@y.z", "primary": "True"}]),
                "emails",
                [{**WORK, "primary": False}, HOME, {"value": "x@y.z", "primary": True}],
            ),
            (operation("remove", "emails"), "emails", []),
            (operation("remove", "emails", [{"value": "ada@work.example"}]), "emails", [HOME]),
            (operation("remove", 'emails[type eq "work"]'), "emails", [HOME]),
            (operation("remove", 'emails[type eq "work"].value'), "emails", [HOME]),
            (
                operation("remove", 'emails[type eq "home"].type'),
                "emails",
                [WORK, {"value": "ada@home.example"}],
            ),
            (operation("remove", 'emails[type eq "other"]'), "emails", [WORK, HOME]),
            (
                operation("replace", 'emails[type eq "work"].value', "x@y.z"),
                "emails",
                [{**WORK, "value": "x@y.z"}, HOME],
            ),
            (
                operation("add", 'emails[type eq "other"].value', "x@y.z"),
                "emails",
                [WORK, HOME, {"type": "other", "value": "x@y.z"}],
            ),
            (
                operation("replace", 'emails[type eq "home"].primary', "True"),
                "emails",
                [{**WORK, "primary": False}, {**HOME, "primary": True}],
            ),
            (
                operation("add", f"{ENTERPRISE_USER}:department", "QA"),
                ENTERPRISE_USER,
                {"department": "QA"},
            ),
            (operation("add", ENTERPRISE_USER, {"Department": "QA"}), ENTERPRISE_USER, {"department": "QA"}),
            (operation("remove", ENTERPRISE_USER), ENTERPRISE_USER, {"department": None}),
        ],
    )
    def test_one_operation(self, made: Operation, name: str, expected: Any) -> None:
        assert patched(made) == {**ADA, name: expected}

    def test_an_object_without_a_path_names_attributes_and_paths(self) -> None:
        value = {
            "title": "Engineer",
            "name.givenName": "Ada",
            'emails[type eq "work"].value': "x@y.z",
            f"{ENTERPRISE_USER}:department": "QA",
            "id": "5",
            "nickName": "A",
        }
        assert patched(operation("replace", None, value)) == {
            **ADA,
            "title": "Engineer",
            "name": {"familyName": "Lovelace", "givenName": "Ada"},
            "emails": [{**WORK, "value": "x@y.z"}, HOME],
            ENTERPRISE_USER: {"department": "QA"},
        }

    def test_what_we_do_not_know_is_passed_over(self) -> None:
        others = ("nickName", 'addresses[type eq "work"].country', "urn:x:custom:2.0:User:badge", "schemas")
        assert patched(*(operation("add", path, "x") for path in others)) == ADA

    @pytest.mark.parametrize(
        ("made", "scim_type"),
        [
            (operation("remove", "userName"), ScimType.MUTABILITY),
            (operation("replace", "userName", " "), ScimType.MUTABILITY),
            (operation("replace", "meta", {}), ScimType.MUTABILITY),
            (operation("remove"), ScimType.NO_TARGET),
            (operation("replace", 'emails[value sw "x"].type', "x"), ScimType.NO_TARGET),
            (operation("replace", 'title[value eq "x"]', "x"), ScimType.INVALID_PATH),
            (operation("replace", "name.nothing", "x"), ScimType.INVALID_PATH),
            (operation("replace", "title", 5), ScimType.INVALID_VALUE),
            (operation("replace", "title", {"value": "x"}), ScimType.INVALID_VALUE),
            (operation("replace", "name", "x"), ScimType.INVALID_VALUE),
            (operation("replace", None, "x"), ScimType.INVALID_VALUE),
            (operation("add", "emails", ["x@y.z"] * (VALUES_MAX + 1)), ScimType.INVALID_VALUE),
        ],
    )
    def test_what_can_not_be_done_is_refused(self, made: Operation, scim_type: ScimType) -> None:
        assert refused(operation("add", "title", "x"), made) is scim_type

    @given(
        st.lists(
            st.builds(
                Operation,
                st.sampled_from(Verb),
                st.none()
                | st.sampled_from(["title", "name", "name.givenName", "emails", "id", ENTERPRISE_USER])
                | st.sampled_from(['emails[type eq "work"]', "emails[primary eq true].value", "x[", "é"]),
                st.recursive(
                    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
                    lambda inner: (
                        st.lists(inner, max_size=3)
                        | st.dictionaries(st.sampled_from(["value", "type", "primary", "name"]), inner)
                    ),
                    max_leaves=5,
                ),
            ),
            max_size=4,
        )
    )
    def test_any_operation_is_done_or_refused_and_the_resource_given_stays(
        self, operations: list[Operation]
    ) -> None:
        before = repr(ADA)
        try:
            changed = patch(USERS, ADA, operations)
        except ScimError:
            pass
        else:
            assert read_document(USERS, changed) is not None
            assert sum(one.get("primary") is True for one in changed["emails"] or ()) <= len(
                changed["emails"]
            )
        assert repr(ADA) == before


class TestRequests:
    """The body of a PATCH."""

    def test_names_and_verbs_are_read_in_any_case(self) -> None:
        body = {
            "operations": [{"OP": "Add", "Path": "title", "Value": "x"}, {"op": "REMOVE", "path": "title"}]
        }
        assert read_operations(body) == [operation("add", "title", "x"), operation("remove", "title")]

    @pytest.mark.parametrize(
        "body",
        [
            None,
            [],
            {},
            {"Operations": []},
            {"Operations": {}},
            {"Operations": [5]},
            {"Operations": [{"op": 5}]},
        ],
    )
    def test_what_has_no_operations_is_refused(self, body: Any) -> None:
        with pytest.raises(ScimError) as caught:
            read_operations(body)
        assert caught.value.scim_type is ScimType.INVALID_SYNTAX

    def test_there_are_not_too_many(self) -> None:
        one = {"op": "add", "path": "title", "value": "x"}
        assert len(read_operations({"Operations": [one] * OPERATIONS_MAX})) == OPERATIONS_MAX
        with pytest.raises(ScimError, match="more than"):
            read_operations({"Operations": [one] * (OPERATIONS_MAX + 1)})


MEMBER_STEPS = st.lists(st.tuples(st.sampled_from(Verb), st.sets(st.sampled_from("123"))), max_size=6)


class TestGroups:
    """Members are counted together without knowing who is in the group."""

    def test_names_and_members(self) -> None:
        change = read_group_patch(
            [
                operation("replace", None, {"displayName": "A", "externalId": "x"}),
                operation("add", "members", [{"value": "1"}, {"value": "2", "display": "B"}]),
                operation("remove", 'members[value eq "2" or value eq "3"]'),
                operation("remove", "members", [{"value": "4"}]),
            ]
        )
        assert change == GroupChange("A", "x", False, frozenset("1"), frozenset("234"))
        assert read_group_patch([operation("add", "members", "7")]).added == {"7"}
        assert read_group_patch([operation("remove", "externalId")]).external_id is None
        assert read_group_patch([operation("add", "members", [])]).name is KEEP

    @pytest.mark.parametrize(
        "made",
        [
            operation("remove", "displayName"),
            operation("replace", 'members[value eq "1"]', "x"),
            operation("remove", 'members[value co "1"]'),
            operation("replace", "members.value", "x"),
            operation("replace", "id", "x"),
        ],
    )
    def test_what_can_not_be_done_is_refused(self, made: Operation) -> None:
        with pytest.raises(ScimError):
            read_group_patch([made])

    def test_there_are_not_too_many_members(self) -> None:
        parts = [[str(number) for number in range(start, VALUES_MAX + 1, 2)] for start in (0, 1)]
        with pytest.raises(ScimError) as caught:
            read_group_patch([operation("add", "members", part) for part in parts])
        assert caught.value.scim_type is ScimType.TOO_MANY

    @given(st.sets(st.sampled_from("123")), MEMBER_STEPS)
    def test_it_comes_to_the_same_as_one_step_after_the_other(
        self, members: set[str], steps: list[tuple[Verb, set[str]]]
    ) -> None:
        expected = set(members)
        for verb, ids in steps:
            if verb is Verb.ADD:
                expected |= ids
            elif verb is Verb.REPLACE:
                expected = set(ids)
            else:
                expected -= ids or expected
        made = [Operation(verb, "members", [{"value": one} for one in sorted(ids)]) for verb, ids in steps]
        change = read_group_patch(made)
        found = set() if change.replaces else members
        assert (found | change.added) - change.removed == expected
        assert not change.added & change.removed
