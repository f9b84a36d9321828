"""Is a filter read as it is meant, and does an evil one come to nothing?"""

import json
import time
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.domain.scim.filter import (
    COMPARISONS_MAX,
    DEPTH_MAX,
    FILTER_CHARS_MAX,
    AllOf,
    AnyOf,
    AttributePath,
    Comparison,
    Filter,
    Not,
    Operator,
    PatchPath,
    Value,
    Within,
    matches,
    parse_filter,
    parse_path,
)
from afterword.domain.scim.schema import ENTERPRISE_USER, GROUPS, USER, USERS, ScimError, ScimType

ADA = {
    "userName": "Ada@example.com",
    "active": True,
    "name": {"familyName": "Lovelace"},
    "emails": [
        {"value": "ada@example.com", "type": "work", "primary": True},
        {"value": "ada@home.example", "type": "home"},
    ],
    ENTERPRISE_USER: {"department": "Engines"},
}


def compare(name: str, operator: Operator, value: Value = None) -> Comparison:
    return Comparison(AttributePath(name), operator, value)


A, B, C = (compare(name, Operator.PRESENT) for name in "abc")


class TestReading:
    """The grammar of RFC 7644, 3.4.2.2."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('userName eq "ada"', compare("userName", Operator.EQUAL, "ada")),
            ('userName EQ "a\\"d\\u0061"', compare("userName", Operator.EQUAL, 'a"da')),
            ("active eq true", compare("active", Operator.EQUAL, True)),
            ("title eq null", compare("title", Operator.EQUAL, None)),
            ("x gt -1.5", compare("x", Operator.GREATER, -1.5)),
            ("a pr or b pr and c pr", AnyOf((A, AllOf((B, C))))),
            ("(a pr or b pr) and c pr", AllOf((AnyOf((A, B)), C))),
            ("not (a pr) and b pr", AllOf((Not(A), B))),
            ("NOT(a pr)Or(b pr)", AnyOf((Not(A), B))),
            ("emails[a pr and b pr]", Within(AttributePath("emails"), AllOf((A, B)))),
            (
                'emails[type eq "work"].value eq "x"',
                Within(
                    AttributePath("emails"),
                    AllOf((compare("type", Operator.EQUAL, "work"), compare("value", Operator.EQUAL, "x"))),
                ),
            ),
            (f"{USER}:name.familyName pr", Comparison(AttributePath("name", "familyName"), Operator.PRESENT)),
            (
                f"{ENTERPRISE_USER.lower()}:department pr",
                Comparison(AttributePath("department", None, ENTERPRISE_USER), Operator.PRESENT),
            ),
            ("not pr", compare("not", Operator.PRESENT)),
        ],
    )
    def test_a_filter_is_read_as_it_is_meant(self, text: str, expected: Filter) -> None:
        assert parse_filter(text, USERS) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "a",
            "a eq",
            'a eq "x',
            "a eq x",
            'a is "x"',
            "a pr b pr",
            "(a pr",
            "a pr)",
            "emails[a pr",
            "not a pr",
            "and",
            "1a pr",
            "a..b pr",
            "a.b.c pr",
            'a eq "\\x"',
            "a eq 1e999",
            "a eq " + "9" * 400,
            "emails[a pr].1 pr",
        ],
    )
    def test_what_is_no_filter_is_refused(self, text: str) -> None:
        with pytest.raises(ScimError) as caught:
            parse_filter(text, USERS)
        assert (caught.value.status, caught.value.scim_type) == (400, ScimType.INVALID_FILTER)

    def test_a_path_may_choose_values_and_a_part(self) -> None:
        wanted = compare("type", Operator.EQUAL, "work")
        assert parse_path('emails[type eq "work"].value', USERS) == PatchPath(
            AttributePath("emails", "value"), wanted
        )
        assert parse_path("name.familyName", USERS) == PatchPath(AttributePath("name", "familyName"))
        assert parse_path(ENTERPRISE_USER, USERS) == PatchPath(AttributePath(None, None, ENTERPRISE_USER))
        assert parse_path("members", GROUPS) == PatchPath(AttributePath("members"))
        for text in ("", "emails[", "a b", 'emails[type eq "work"]value', "emails[].value"):
            with pytest.raises(ScimError) as caught:
                parse_path(text, USERS)
            assert caught.value.scim_type is ScimType.INVALID_PATH


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)
PATHS = st.builds(AttributePath, NAMES, st.none() | NAMES)
VALUES = st.text(max_size=20) | st.booleans() | st.none() | st.integers(min_value=-(10**12), max_value=10**12)
ORDERED = st.sampled_from([one for one in Operator if one is not Operator.PRESENT])
COMPARISONS = st.builds(Comparison, PATHS, ORDERED, VALUES) | st.builds(
    Comparison, PATHS, st.just(Operator.PRESENT)
)


def several(kind: type[AllOf] | type[AnyOf], parts: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    return st.lists(parts, min_size=2, max_size=3).map(lambda found: kind(tuple(found)))


FILTERS: st.SearchStrategy[Filter] = st.recursive(
    COMPARISONS,
    lambda inner: (
        several(AllOf, inner)
        | several(AnyOf, inner)
        | st.builds(Not, inner)
        | st.builds(Within, st.builds(AttributePath, NAMES), inner)
    ),
    max_leaves=8,
)


def write(where: Filter) -> str:
    """A filter as text, with brackets around everything."""
    match where:
        case AllOf(parts):
            return " and ".join(f"({write(part)})" for part in parts)
        case AnyOf(parts):
            return " or ".join(f"({write(part)})" for part in parts)
        case Not(part):
            return f"not ({write(part)})"
        case Within(path, inner):
            return f"{path}[{write(inner)}]"
        case Comparison(path, Operator.PRESENT):
            return f"{path} pr"
        case Comparison(path, operator, value):
            return f"{path} {operator} {json.dumps(value)}"


def depth(where: Filter) -> int:
    """Brackets that ``write`` puts inside one another."""
    match where:
        case AllOf(parts) | AnyOf(parts):
            return 1 + max(map(depth, parts))
        case Not(inner) | Within(_, inner):
            return 1 + depth(inner)
    return 0


class TestAnyFilter:
    """Properties of all filters and texts."""

    @given(FILTERS)
    def test_what_was_written_is_read_again(self, where: Filter) -> None:
        if depth(where) <= DEPTH_MAX:
            assert parse_filter(write(where), USERS) == where

    @given(st.text(max_size=80) | st.text('()[]"\\ .:aeqprnotd', max_size=80))
    def test_any_text_is_read_or_refused(self, text: str) -> None:
        for parse in (parse_filter, parse_path):
            with suppress(ScimError):
                parse(text, USERS)

    @given(FILTERS)
    def test_any_filter_can_be_asked_of_any_resource(self, where: Filter) -> None:
        assert matches(Not(where), ADA) is not matches(where, ADA)


class TestMatching:
    """Which resources a filter means."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('userName eq "ADA@EXAMPLE.com"', True),
            ('username co "@"', True),
            ('userName sw "ada" and userName ew ".com"', True),
            ('name.familyName eq "lovelace"', True),
            ('emails eq "ada@home.example"', True),
            ('emails.value ne "ada@home.example"', False),
            ('emails[type eq "home" and value ew "home.example"]', True),
            ('emails[type eq "home" and primary eq true]', False),
            ('emails[type eq "work"].value sw "ada"', True),
            ("active eq true", True),
            ('active eq "True"', True),
            ("title pr", False),
            ("title eq null", True),
            ('title ne "x"', True),
            ("not (title pr) and emails pr", True),
            (f'{ENTERPRISE_USER}:department eq "engines"', True),
            ("userName gt 5", False),
        ],
    )
    def test_a_resource_fits_or_not(self, text: str, expected: bool) -> None:
        assert matches(parse_filter(text, USERS), ADA) is expected


class TestEvil:
    """A filter that is made to hurt."""

    EVIL = (
        "(" * FILTER_CHARS_MAX,
        "not (" * (FILTER_CHARS_MAX // 5),
        "a[" * (FILTER_CHARS_MAX // 2),
        '"' * FILTER_CHARS_MAX,
        '"' + "\\" * (FILTER_CHARS_MAX - 1),
        "a pr or " * (FILTER_CHARS_MAX // 8),
        "a." * (FILTER_CHARS_MAX // 2),
        ":" * FILTER_CHARS_MAX,
        " " * FILTER_CHARS_MAX,
        "a eq " + "9" * (FILTER_CHARS_MAX - 5),
        "x" * (FILTER_CHARS_MAX + 1),
        "x" * 10_000_000,
    )

    @pytest.mark.parametrize("text", EVIL, ids=range(len(EVIL)))
    def test_an_evil_filter_is_refused_with_little_work(self, text: str) -> None:
        tracemalloc.start()
        began = time.thread_time()
        with pytest.raises(ScimError):
            parse_filter(text, USERS)
        spent_s = time.thread_time() - began
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # Far from what they need; a parser that reads a text twice for each letter needs far more.
        assert spent_s < 1
        assert peak_bytes < 2_000_000

    def test_the_limits_are_where_they_are_said_to_be(self) -> None:
        many = " or ".join(["a pr"] * COMPARISONS_MAX)
        deep = "(" * DEPTH_MAX + "a pr" + ")" * DEPTH_MAX
        assert isinstance(parse_filter(many, USERS), AnyOf)
        assert parse_filter(deep, USERS) == A
        for text in (f"{many} or a pr", f"({deep})"):
            with pytest.raises(ScimError, match="more than"):
                parse_filter(text, USERS)
