"""Do conditions hold for exactly the metadata that they describe?"""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.event import load_json
from afterword.domain.survey.trigger import (
    OPERATORS,
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Not,
    find_mismatch,
    matches,
    show_found,
)

YES = Compare("a", "exists", True)
NO = Compare("a", "exists", False)
METADATA = {
    "a": 1,
    "zero": 0,
    "empty": "",
    "nothing": None,
    "outcome": "failed",
    "ok": True,
    "tags": ["slow", 3, True, None],
    "job": {"duration_s": 12.5, "runner": {"os": "linux"}},
}


def holds(path: str, operator: str, value: Any) -> bool:
    return matches(Compare(path, operator, value), METADATA)


@pytest.mark.parametrize(
    ("path", "operator", "value", "expected"),
    [
        ("outcome", "eq", "failed", True),
        ("outcome", "eq", "Failed", False),
        ("outcome", "ne", "passed", True),
        ("outcome", "ne", "failed", False),
        ("a", "eq", 1, True),
        ("a", "eq", 1.0, True),
        ("a", "eq", 2, False),
        ("nothing", "eq", None, True),
        ("zero", "eq", None, False),
        ("empty", "eq", None, False),
        ("outcome", "in", ["failed", "cancelled"], True),
        ("outcome", "in", ["passed"], False),
        ("outcome", "in", [], False),
        ("a", "in", ["1", 1], True),
        ("outcome", "contains", "ail", True),
        ("outcome", "contains", "", True),
        ("outcome", "contains", "AIL", False),
        ("outcome", "contains", 1, False),
        ("tags", "contains", "slow", True),
        ("tags", "contains", "slo", False),
        ("tags", "contains", 3, True),
        ("tags", "contains", None, True),
        ("a", "contains", 1, False),
        ("job", "contains", "duration_s", False),
        ("job.duration_s", "gt", 12, True),
        ("job.duration_s", "gt", 12.5, False),
        ("job.duration_s", "gte", 12.5, True),
        ("job.duration_s", "gte", 12.6, False),
        ("job.duration_s", "lt", 13, True),
        ("job.duration_s", "lt", 12.5, False),
        ("job.duration_s", "lte", 12.5, True),
        ("job.duration_s", "lte", 12.4, False),
        ("outcome", "gt", "f", True),
        ("outcome", "lt", "f", False),
        ("outcome", "exists", True, True),
        ("outcome", "exists", False, False),
        ("nothing", "exists", True, True),
        ("nothing", "exists", False, False),
        ("missing", "exists", True, False),
        ("missing", "exists", False, True),
        ("outcome", "matches", re.compile("^fail"), True),
        ("outcome", "matches", re.compile("ail"), True),
        ("outcome", "matches", re.compile("^ail"), False),
        ("a", "matches", re.compile("1"), False),
        ("tags", "matches", re.compile("slow"), False),
        ("missing", "matches", re.compile(""), False),
    ],
)
def test_each_operator_compares(path: str, operator: str, value: Any, expected: bool) -> None:
    assert holds(path, operator, value) is expected


def test_every_operator_is_in_the_table_above() -> None:
    listed = {"eq", "ne", "in", "contains", "gt", "gte", "lt", "lte", "exists", "matches"}
    assert set(OPERATORS) == listed


@pytest.mark.parametrize(
    "path", ["missing", "job.missing", "outcome.length", "tags.0", "job.runner.os.name", ""]
)
@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("eq", "failed", False),
        ("eq", None, False),
        ("ne", "failed", True),
        ("ne", None, True),
        ("in", ["failed", None], False),
        ("contains", "f", False),
        ("gt", 0, False),
        ("gte", 0, False),
        ("lt", 0, False),
        ("lte", 0, False),
        ("exists", True, False),
        ("exists", False, True),
    ],
)
def test_an_absent_path_is_only_unequal_and_absent(
    path: str, operator: str, value: Any, expected: bool
) -> None:
    assert holds(path, operator, value) is expected


class TestTypes:
    DIFFERENT: tuple[tuple[Any, Any], ...] = (
        ("3", 3),
        (True, 1),
        (False, 0),
        (True, "true"),
        (None, 0),
        (None, False),
        (None, ""),
        ([], ""),
        ([1], 1),
        ({}, None),
    )

    @pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=repr)
    def test_values_of_different_types_are_never_equal(self, one: Any, other: Any) -> None:
        for found, wanted in ((one, other), (other, one)):
            assert not matches(Compare("v", "eq", wanted), {"v": found})
            assert matches(Compare("v", "ne", wanted), {"v": found})
            assert not matches(Compare("v", "in", [wanted]), {"v": found})
            assert not matches(Compare("v", "contains", wanted), {"v": [found]})

    @pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=repr)
    def test_nor_are_they_inside_of_lists_and_objects(self, one: Any, other: Any) -> None:
        for found, wanted in ((one, other), (other, one)):
            assert not matches(Compare("v", "eq", [wanted]), {"v": [found]})
            assert not matches(Compare("v", "eq", {"k": wanted}), {"v": {"k": found}})

    @pytest.mark.parametrize("operator", ["gt", "gte", "lt", "lte"])
    @pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=repr)
    def test_nor_ordered(self, operator: str, one: Any, other: Any) -> None:
        for found, wanted in ((one, other), (other, one)):
            assert not matches(Compare("v", operator, wanted), {"v": found})

    @pytest.mark.parametrize("operator", ["gt", "gte", "lt", "lte"])
    @pytest.mark.parametrize("value", [True, None, [1], {"k": 1}], ids=repr)
    def test_what_has_no_order_is_not_ordered(self, operator: str, value: Any) -> None:
        assert not matches(Compare("v", operator, value), {"v": value})

    @pytest.mark.parametrize("value", [[1, "a", None], {"k": {"l": 1.5}}, [], {}], ids=repr)
    def test_equal_lists_and_objects_are_equal(self, value: Any) -> None:
        assert matches(Compare("v", "eq", value), {"v": value})

    @pytest.mark.parametrize(
        ("one", "other"),
        [([1, 2], [1]), ([1], []), ([1, 2], [2, 1]), ({"k": 1, "l": 2}, {"k": 1}), ({"k": 1}, {"l": 1})],
        ids=repr,
    )
    def test_lists_and_objects_that_hold_more_or_other_things_are_not(self, one: Any, other: Any) -> None:
        assert not matches(Compare("v", "eq", other), {"v": one})
        assert not matches(Compare("v", "eq", one), {"v": other})

    def test_a_number_read_from_an_event_compares_like_any_number(self) -> None:
        metadata = load_json('{"duration_s": 12.5}')
        assert matches(Compare("duration_s", "eq", 12.5), metadata)
        assert matches(Compare("duration_s", "gt", 12), metadata)


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "value"),
        [("job.duration_s", 12.5), ("job.runner.os", "linux"), ("job.runner", {"os": "linux"})],
    )
    def test_lead_into_nested_objects(self, path: str, value: Any) -> None:
        assert holds(path, "eq", value)

    def test_no_metadata_is_like_empty_metadata(self) -> None:
        assert matches(Compare("job.os", "exists", False), {})
        assert not matches(Compare("job.os", "eq", "linux"), {})


class TestTrees:
    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            (None, True),
            (YES, True),
            (NO, False),
            (AllOf((YES, YES)), True),
            (AllOf((YES, NO)), False),
            (AllOf(()), True),
            (AnyOf((NO, YES)), True),
            (AnyOf((NO, NO)), False),
            (AnyOf(()), False),
            (Not(NO), True),
            (Not(YES), False),
            (Not(AllOf((YES, AnyOf((NO, Not(NO)))))), False),
            (AllOf((AnyOf((NO, YES)), Not(AnyOf((NO, NO))))), True),
        ],
        ids=range(13),
    )
    def test_all_any_and_not_combine(self, condition: Condition | None, expected: bool) -> None:
        assert matches(condition, METADATA) is expected

    @given(
        st.recursive(
            st.sampled_from([YES, NO]),
            lambda inner: (
                st.lists(inner, max_size=3).map(tuple).map(AllOf)
                | st.lists(inner, max_size=3).map(tuple).map(AnyOf)
                | inner.map(Not)
            ),
            max_leaves=8,
        )
    )
    @settings(max_examples=100)
    def test_turning_a_tree_inside_out_turns_its_answer(self, condition: Condition) -> None:
        def opposite(of: Condition) -> Condition:
            match of:
                case AllOf(parts):
                    return AnyOf(tuple(map(opposite, parts)))
                case AnyOf(parts):
                    return AllOf(tuple(map(opposite, parts)))
                case Not(part):
                    return Not(opposite(part))
            return NO if of is YES else YES

        assert matches(opposite(condition), METADATA) is not matches(condition, METADATA)


class TestMismatch:
    WHERE = AllOf(
        (Compare("outcome", "eq", "ok"), AnyOf((Compare("env", "eq", "prod"), Compare("job.s", "gt", 5))))
    )

    @pytest.mark.parametrize(
        ("metadata", "path", "shown"),
        [
            ({"outcome": "failed", "env": "prod"}, "outcome", '"failed"'),
            ({"outcome": "ok", "env": "test"}, "env", '"test"'),
            ({"outcome": "ok"}, "env", "absent"),
        ],
    )
    def test_the_first_comparison_that_fails_is_found(
        self, metadata: dict[str, object], path: str, shown: str
    ) -> None:
        found = find_mismatch(self.WHERE, metadata)
        assert found is not None
        assert found.path == path
        assert show_found(path, metadata) == shown

    def test_metadata_that_matches_has_none(self) -> None:
        assert find_mismatch(self.WHERE, {"outcome": "ok", "job": {"s": 6}}) is None
        assert find_mismatch(None, {}) is None
        assert find_mismatch(AnyOf((NO, YES)), METADATA) is None

    def test_a_not_names_no_comparison(self) -> None:
        assert find_mismatch(Not(YES), METADATA) is None
        assert find_mismatch(AllOf((YES, Not(YES), NO)), METADATA) is NO

    def test_what_was_found_is_shown_as_it_was_written(self) -> None:
        assert show_found("name", {"name": "Zoë"}) == '"Zoë"'
        assert show_found("a.b", {"a": {"b": [1, None, True]}}) == "[1, null, true]"
