"""Which conditions can nothing ever satisfy?"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from afterword.domain.survey.trigger import AllOf, AnyOf, Compare, Condition, Not, matches

_LOWER, _UPPER = ("gt", "gte"), ("lt", "lte")
_NEEDS_VALUE = ("eq", "in", "contains", "matches", *_LOWER, *_UPPER)


def find_contradiction(condition: Condition | None) -> tuple[Compare, ...]:
    """
    Comparisons that can't be true at once although all of them must be; empty when none were found.

    Looks at what must hold together of one path; it finds what people mix up, and does not prove that all
    others can be satisfied.
    """
    for together in _all_together(condition):
        by_path: dict[str, list[Compare]] = {}
        for compare in together:
            by_path.setdefault(compare.path, []).append(compare)
        for path, compares in by_path.items():
            if _is_impossible(path, compares):
                return tuple(compares)
    return ()


def _all_together(condition: Condition | None) -> Iterator[list[Compare]]:
    """Each group of comparisons that must be true at once."""
    if condition is None:
        return
    yield list(_required(condition))
    for part in _parts(condition):
        # What a nested "all" says is in the group of the one around it already.
        inner = _parts(part) if isinstance(part, AllOf) and isinstance(condition, AllOf) else (part,)
        for one in inner:
            if not isinstance(one, Compare):
                yield from _all_together(one)


def _required(condition: Condition) -> Iterator[Compare]:
    match condition:
        case Compare():
            yield condition
        case AllOf(parts):
            for part in parts:
                yield from _required(part)


def _parts(condition: Condition) -> Iterable[Condition]:
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return parts
        case Not(part):
            return (part,)
    return ()


def _is_impossible(path: str, compares: list[Compare]) -> bool:
    possible = next((_values(one) for one in compares if one.operator in ("eq", "in")), None)
    if possible is not None:
        return not any(all(_holds(one, value) for one in compares) for value in possible)
    says_absent = any(one.operator == "exists" and one.value is False for one in compares)
    says_there = any(one.operator == "exists" and one.value is True for one in compares)
    if says_absent:
        return says_there or any(one.operator in _NEEDS_VALUE for one in compares)
    return _is_empty_range(compares)


def _values(compare: Compare) -> list[Any]:
    return list(compare.value) if compare.operator == "in" else [compare.value]


def _holds(compare: Compare, value: Any) -> bool:
    document: Mapping[str, Any] = {"value": value}
    return matches(Compare("value", compare.operator, compare.value), document)


def _is_empty_range(compares: list[Compare]) -> bool:
    lower = [one for one in compares if one.operator in _LOWER]
    upper = [one for one in compares if one.operator in _UPPER]
    for low in lower:
        for high in upper:
            if isinstance(low.value, str) != isinstance(high.value, str):
                return True
            is_sharp = low.operator == "gte" and high.operator == "lte"
            if low.value > high.value or (low.value == high.value and not is_sharp):
                return True
    return False
