"""How does a SCIM filter become a condition of a query?"""

import operator as operators
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import sqlalchemy as sa

from afterword.domain.scim.filter import (
    AllOf,
    AnyOf,
    AttributePath,
    Comparison,
    Filter,
    Not,
    Operator,
    Value,
    Within,
    fold,
    parse_time,
)
from afterword.domain.scim.schema import ScimError, ScimType, invalid

Condition = sa.ColumnElement[bool]
Expression = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Plain:
    """
    An attribute that a row has at most once.

    Attributes:
        value: In lower case where it is text and not exact, and "" when there is none.
        is_exact: Whether the case of letters counts.
        find: A quicker way to those whose value is a text.
    """

    value: Expression
    kind: Literal["text", "boolean", "time"] = "text"
    is_exact: bool = False
    find: Callable[[str], Condition] | None = None


@dataclass(frozen=True, slots=True)
class Several:
    """
    An attribute with values in rows of another table.

    Attributes:
        owner: What tells whose they are, in the query.
        owners: The same, as a query of the other table.
        parts: The attribute's parts as that table has them; ``value`` is the attribute itself.
    """

    owner: Expression
    owners: sa.Select[Any]
    parts: Mapping[str, Plain]


_ORDERS: Mapping[Operator, Callable[[Any, Any], Any]] = {
    Operator.EQUAL: operators.eq,
    Operator.GREATER: operators.gt,
    Operator.GREATER_EQUAL: operators.ge,
    Operator.LESS: operators.lt,
    Operator.LESS_EQUAL: operators.le,
}

Attributes = Mapping[str, Plain | Several]
"""The name of an attribute, in lower case and with its part → what it is in the database."""


def make_condition(where: Filter, attributes: Attributes) -> Condition:
    """
    The condition of a filter.

    Raises:
        ScimError: It uses an attribute or an operator that it can't.
    """
    match where:
        case AllOf(parts):
            return sa.and_(*(make_condition(part, attributes) for part in parts))
        case AnyOf(parts):
            return sa.or_(*(make_condition(part, attributes) for part in parts))
        case Not(part):
            return sa.not_(make_condition(part, attributes))
        case Within(path, inner):
            found = _find(path, attributes)
            if not isinstance(found, Several):
                raise invalid(ScimType.INVALID_FILTER, f"the filter can't look into {path}")
            return found.owner.in_(found.owners.where(make_condition(inner, found.parts)))
        case Comparison(path, operator, value):
            return _compare(path, _find(path, attributes), operator, value)


def _find(path: AttributePath, attributes: Attributes) -> Plain | Several:
    name = str(path).lower()
    for known in (name, name.removesuffix(".value")):
        if known in attributes:
            return attributes[known]
    names = ", ".join(sorted(attributes))
    raise invalid(ScimType.INVALID_FILTER, f"the filter uses an attribute other than {names} (in any case)")


def _compare(path: AttributePath, found: Plain | Several, operator: Operator, value: Value) -> Condition:
    if operator is Operator.NOT_EQUAL:
        return sa.not_(_compare(path, found, Operator.EQUAL, value))
    if value is None and operator is not Operator.PRESENT:
        is_absent = sa.not_(_compare(path, found, Operator.PRESENT, None))
        return is_absent if operator is Operator.EQUAL else sa.false()
    if isinstance(found, Several):
        inner = _compare(path, found.parts["value"], operator, value)
        return found.owner.in_(found.owners.where(inner))
    match found.kind:
        case "boolean":
            return _compare_boolean(path, found, operator, value)
        case "time":
            return _compare_time(path, found, operator, value)
        case "text":
            return _compare_text(path, found, operator, value)


def _compare_boolean(path: AttributePath, found: Plain, operator: Operator, value: Value) -> Condition:
    if operator is Operator.PRESENT:
        return sa.true()
    text = str(value).lower()
    if operator is not Operator.EQUAL or text not in ("true", "false"):
        raise invalid(ScimType.INVALID_FILTER, f"the filter compares {path} by other than eq true, eq false")
    return found.value == sa.literal(text == "true")


def _compare_time(path: AttributePath, found: Plain, operator: Operator, value: Value) -> Condition:
    if operator is Operator.PRESENT:
        return sa.true()
    time = parse_time(value) if isinstance(value, str) else None
    if time is None or operator not in _ORDERS:
        message = f"the filter compares {path} by other than eq, gt, ge, lt, le and a time with its zone"
        raise invalid(ScimType.INVALID_FILTER, message)
    return cast(Condition, _ORDERS[operator](found.value, time))


def _compare_text(path: AttributePath, found: Plain, operator: Operator, value: Value) -> Condition:
    is_there = found.value != ""
    if operator is Operator.PRESENT:
        return is_there
    text = _text(found, value)
    if text is None:
        return sa.false()
    match operator:
        case Operator.EQUAL:
            equal = found.find(text) if found.find is not None else found.value == text
            return sa.and_(is_there, equal)
        case Operator.CONTAINS:
            return sa.and_(is_there, found.value.contains(text, autoescape=True))
        case Operator.STARTS:
            return sa.and_(is_there, found.value.startswith(text, autoescape=True))
        case Operator.ENDS:
            return sa.and_(is_there, found.value.endswith(text, autoescape=True))
    # Two databases would order letters in two ways.
    raise _no_order(path)


def _text(found: Plain, value: Value) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    # PostgreSQL takes no text with a zero byte, and nothing here has one.
    if not isinstance(value, str) or "\0" in value:
        return None
    return value if found.is_exact else str(fold(value))


def _no_order(path: AttributePath) -> ScimError:
    return invalid(
        ScimType.INVALID_FILTER, f"the filter compares {path} by other than eq, ne, co, sw, ew, pr"
    )
