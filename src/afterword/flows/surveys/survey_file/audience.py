"""Does an audience ask for what the directory can say of people?"""

import difflib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from msgspec import UNSET, UnsetType
from msgspec.structs import fields

from afterword.flows.surveys.survey_file.base import FieldError
from afterword.flows.surveys.survey_file.conditions import ConditionFile, list_comparisons

ATTRIBUTES = "attributes"


class _Kind(NamedTuple):
    """
    What a field holds.

    Attributes:
        meant: In words, with what an operator may be given.
        fits: Whether the field may be equal to a value; None means that it is empty.
        operators: Those that tell anything of it.
        empty: How to ask who has none.
    """

    meant: str
    fits: Callable[[Any], bool]
    operators: tuple[str, ...]
    empty: str


_COMPARED = ("eq", "ne", "in")
_TEXT = _Kind(
    "a text",
    lambda value: value is None or isinstance(value, str),
    (*_COMPARED, "contains", "gt", "gte", "lt", "lte", "matches"),
    "eq: null",
)
_LIST = _Kind("a list of texts", lambda value: isinstance(value, list), (*_COMPARED, "contains"), "eq: []")
_GROUP = _LIST._replace(operators=(*_LIST.operators, "exists"))
_YES_NO = _Kind("true or false", lambda value: isinstance(value, bool), _COMPARED, "eq: false")

_FIELDS = dict.fromkeys(("email", "name", "team", "timezone", "locale", "start_date"), _TEXT) | {
    "teams": _LIST,
    "is_tester": _YES_NO,
}


def check_audience(file: ConditionFile | UnsetType | None, path: str) -> None:
    """
    Check that every comparison is one of a field of people, by an operator and a value that suit it.

    Raises:
        FieldError: One asks for what nobody has.
    """
    for where, compare in list_comparisons(file, path):
        kind = _find_kind(compare.path, f"{where}.path")
        operator, value = _operation(compare)
        _check_operator(compare.path, kind, operator, value, where)


def list_groups(file: ConditionFile | UnsetType | None, path: str) -> Iterator[tuple[str, str]]:
    """The groups of attributes that an audience asks for, with where each stands."""
    for where, compare in list_comparisons(file, path):
        root, _, group = str(compare.path).partition(".")
        if root == ATTRIBUTES:
            yield f"{where}.path", group


def _find_kind(path: Any, where: str) -> _Kind:
    root, dot, rest = path.partition(".")
    if root == ATTRIBUTES:
        if not rest or "." in rest:
            raise FieldError(where, "attributes are asked for by their group, as attributes.GROUP")
        return _GROUP
    if root not in _FIELDS:
        raise FieldError(where, f"people have no {root!r}: {_suggest(root)}")
    if dot:
        raise FieldError(where, f"{root} is {_FIELDS[root].meant} and has no parts: write {root}")
    return _FIELDS[root]


def _suggest(root: str) -> str:
    close = difflib.get_close_matches(root.lower(), [*_FIELDS, ATTRIBUTES], n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"did you mean attributes.{root}? Or one of {', '.join(_FIELDS)}"


def _operation(compare: ConditionFile) -> tuple[str, Any]:
    given = {field.encode_name: getattr(compare, field.name) for field in fields(compare)}
    return next((name, value) for name, value in given.items() if name != "path" and value is not UNSET)


def _check_operator(path: Any, kind: _Kind, operator: str, value: Any, where: str) -> None:
    place = f"{where}.{operator}"
    if operator == "exists" and operator not in kind.operators:
        raise FieldError(place, f"everybody has {path}, if only an empty one: write {kind.empty}")
    if operator not in kind.operators:
        known = ", ".join(kind.operators)
        raise FieldError(place, f"{path} is {kind.meant}: it can be compared by {known}")
    wanted = value if operator == "in" else [value]
    if operator in _COMPARED and not all(map(kind.fits, wanted)):
        advice = f"write contains: {value}" if kind.meant == _LIST.meant else f"compare it with {kind.meant}"
        raise FieldError(place, f"{path} is {kind.meant}: {advice}")
    if operator in ("contains", "gt", "gte", "lt", "lte") and not isinstance(value, str):
        raise FieldError(place, f"{path} is {kind.meant}: look for a text")
