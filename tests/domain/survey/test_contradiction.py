"""Are conditions that nothing can satisfy found, and no others?"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.domain.survey.contradiction import find_contradiction
from afterword.domain.survey.trigger import AllOf, AnyOf, Compare, Condition, Not, matches


def a(operator: str, value: Any, path: str = "a") -> Compare:
    return Compare(path, operator, value)


@pytest.mark.parametrize(
    "condition",
    [
        AllOf((a("eq", 1), a("eq", 2))),
        AllOf((a("eq", 1), a("ne", 1))),
        AllOf((a("eq", 1), a("eq", True))),
        AllOf((a("eq", "x"), a("in", ["y", "z"]))),
        AllOf((a("in", ["x"]), a("in", ["y"]))),
        AllOf((a("eq", 5), a("gt", 5))),
        AllOf((a("eq", "x"), a("exists", False))),
        AllOf((a("exists", True), a("exists", False))),
        AllOf((a("gt", 5), a("lt", 5))),
        AllOf((a("gte", 5), a("lt", 5))),
        AllOf((a("gte", 6), a("lte", 5))),
        AllOf((a("gt", 5), a("lt", "9"))),
        AllOf((a("eq", 1), AllOf((a("eq", 2),)))),
        AllOf((a("eq", 1, "b"), AnyOf((a("eq", 1), AllOf((a("eq", 1), a("eq", 2))))))),
        Not(AllOf((a("eq", 1), a("eq", 2)))),
        a("in", []),
    ],
    ids=str,
)
def test_what_nothing_satisfies_is_found(condition: Condition) -> None:
    found = find_contradiction(condition)
    assert {compare.path for compare in found} == {"a"}


@pytest.mark.parametrize(
    "condition",
    [
        None,
        a("eq", 1),
        AllOf((a("eq", 1), a("eq", 1.0))),
        AllOf((a("eq", 1), a("eq", 2, "b"))),
        AllOf((a("in", ["x", "y"]), a("in", ["y", "z"]))),
        AllOf((a("gte", 5), a("lte", 5))),
        AllOf((a("gt", 5), a("lt", 6))),
        AllOf((a("ne", 1), a("exists", False))),
        AllOf((a("ne", 1), a("ne", 2))),
        AnyOf((a("eq", 1), a("eq", 2))),
        AllOf((a("eq", 1), Not(a("eq", 2)))),
        AllOf((a("contains", "x"), a("contains", "y"))),
    ],
    ids=str,
)
def test_what_something_satisfies_is_left_alone(condition: Condition | None) -> None:
    assert find_contradiction(condition) == ()


VALUES = st.sampled_from([1, 2, 3, "x", "y", True])
COMPARES = st.one_of(
    st.builds(a, st.sampled_from(["eq", "ne", "contains"]), VALUES),
    st.builds(a, st.just("in"), st.lists(VALUES, max_size=3)),
    st.builds(a, st.sampled_from(["gt", "gte", "lt", "lte"]), st.sampled_from([1, 2, 3, "x", "y"])),
    st.builds(a, st.just("exists"), st.booleans()),
)


@given(st.lists(COMPARES, min_size=1, max_size=4), st.one_of(st.none(), VALUES, st.just(1.5), st.just(0)))
def test_nothing_that_a_value_satisfies_is_called_impossible(compares: list[Compare], value: Any) -> None:
    condition = AllOf(tuple(compares))
    if matches(condition, {} if value is None else {"a": value}):
        assert find_contradiction(condition) == ()
