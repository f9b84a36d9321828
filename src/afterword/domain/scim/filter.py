"""Which resources does a SCIM filter mean (RFC 7644, 3.4.2.2), and what does a path of a PATCH name?"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from afterword.domain.scim.schema import ResourceKind, ScimError, ScimType, invalid

FILTER_CHARS_MAX = 4_096
"""Characters of a filter or path; providers send some dozens."""

COMPARISONS_MAX = 20
"""Comparisons of one filter: each is a condition that the database evaluates."""

DEPTH_MAX = 10
"""Brackets inside one another."""

# Each alternative ends where the next token begins, so no text is read twice.
_TOKEN = re.compile(r'(?P<mark>[()\[\]])|(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>[^\s()\[\]"]+)')
_NAME = re.compile(r"\$?[A-Za-z][A-Za-z0-9_-]*")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


class Operator(StrEnum):
    """How two values are compared; PRESENT looks at one only."""

    EQUAL = "eq"
    NOT_EQUAL = "ne"
    CONTAINS = "co"
    STARTS = "sw"
    ENDS = "ew"
    GREATER = "gt"
    GREATER_EQUAL = "ge"
    LESS = "lt"
    LESS_EQUAL = "le"
    PRESENT = "pr"


Value = str | bool | int | float | None


@dataclass(frozen=True, slots=True)
class AttributePath:
    """
    The name of an attribute.

    Attributes:
        schema: The URN of an extension; None for the resource's own.
        name: As it is written in the filter; None when the extension itself is meant.
        part: Of a complex attribute.
    """

    name: str | None
    part: str | None = None
    schema: str | None = None

    def __str__(self) -> str:
        return ".".join(name for name in (self.name or self.schema, self.part) if name)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One attribute and one value."""

    path: AttributePath
    operator: Operator
    value: Value = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when every part is."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when at least one part is."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when its part is not."""

    part: "Filter"


@dataclass(frozen=True, slots=True)
class Within:
    """True when one and the same value of an attribute with several fits."""

    path: AttributePath
    inner: "Filter"


Filter = Comparison | AllOf | AnyOf | Not | Within


@dataclass(frozen=True, slots=True)
class PatchPath:
    """What an operation of a PATCH is about: an attribute, some of its values, a part of it."""

    path: AttributePath
    where: Filter | None = None


def parse_filter(text: str, kind: ResourceKind) -> Filter:
    """
    Read a filter.

    Raises:
        ScimError: It is too long or deep, or not a filter.
    """
    parser = _Parser(text, kind, ScimType.INVALID_FILTER)
    found = parser.either(0)
    parser.expect_end()
    return found


def parse_path(text: str, kind: ResourceKind) -> PatchPath:
    """
    Read the path of an operation, such as ``emails[type eq "work"].value``.

    Raises:
        ScimError: It is not such a path.
    """
    parser = _Parser(text, kind, ScimType.INVALID_PATH)
    path = parser.path()
    where = None
    if parser.take("["):
        where = parser.either(1)
        parser.require("]")
        path = AttributePath(path.name, parser.part(), path.schema)
    parser.expect_end()
    return PatchPath(path, where)


class _Parser:
    """Reads tokens from left to right; ``or`` binds least, then ``and``, then ``not``."""

    def __init__(self, text: str, kind: ResourceKind, scim_type: ScimType) -> None:
        self._kind = kind
        self._type = scim_type
        self._comparisons = 0
        self._next = 0
        if len(text) > FILTER_CHARS_MAX:
            raise self._error(f"is longer than {FILTER_CHARS_MAX} characters")
        self._tokens = self._split(text)

    def _split(self, text: str) -> list[str]:
        tokens: list[str] = []
        place = 0
        while place < len(text):
            if text[place].isspace():
                place += 1
            elif (match := _TOKEN.match(text, place)) is not None:
                tokens.append(match[0])
                place = match.end()
            else:
                raise self._error("has a quotation mark that is not closed")
        return tokens

    def _error(self, problem: str) -> ScimError:
        what = "filter" if self._type is ScimType.INVALID_FILTER else "path"
        return invalid(self._type, f"the {what} {problem}")

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _pop(self) -> str:
        token = self._peek()
        self._next += 1
        return token

    def take(self, token: str) -> bool:
        """Go on if this is the next token; words in any case."""
        is_next = self._peek().lower() == token
        self._next += is_next
        return is_next

    def require(self, token: str) -> None:
        """Go on behind this token."""
        if not self.take(token):
            raise self._error(f"lacks a {token}")

    def expect_end(self) -> None:
        """There is nothing behind it."""
        if self._next < len(self._tokens):
            raise self._error("goes on behind its end: between two comparisons stands `and` or `or`")

    def either(self, depth: int) -> Filter:
        """Some parts with ``or`` between them."""
        if depth > DEPTH_MAX:
            raise self._error(f"has more than {DEPTH_MAX} brackets inside one another")
        parts = [self._both(depth)]
        while self.take("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _both(self, depth: int) -> Filter:
        parts = [self._one(depth)]
        while self.take("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _one(self, depth: int) -> Filter:
        if self.take("("):
            return self._grouped(depth)
        if self._peek().lower() == "not" and self._tokens[self._next + 1 : self._next + 2] == ["("]:
            self._next += 2
            return Not(self._grouped(depth))
        path = self.path()
        if not self.take("["):
            return self._comparison(path)
        inner = self.either(depth + 1)
        self.require("]")
        if (part := self.part()) is not None:
            # Entra asks for `emails[type eq "work"].value eq "…"`, which the RFC does not have.
            inner = AllOf((inner, self._comparison(AttributePath(part))))
        return Within(path, inner)

    def _grouped(self, depth: int) -> Filter:
        inner = self.either(depth + 1)
        self.require(")")
        return inner

    def _comparison(self, path: AttributePath) -> Comparison:
        self._comparisons += 1
        if self._comparisons > COMPARISONS_MAX:
            raise self._error(f"has more than {COMPARISONS_MAX} comparisons")
        try:
            operator = Operator(self._pop().lower())
        except ValueError:
            raise self._error(f"lacks one of {', '.join(Operator)} behind an attribute") from None
        if operator is Operator.PRESENT:
            return Comparison(path, operator)
        return Comparison(path, operator, self._value())

    def _value(self) -> Value:
        token = self._pop()
        if token.startswith('"'):
            try:
                text: str = json.loads(token)
            except ValueError:
                raise self._error("has a text that is not JSON") from None
            return text
        if token.lower() in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[token.lower()]
        if _NUMBER.fullmatch(token):
            return float(token) if "." in token else int(token)
        raise self._error("lacks a value: a text in quotation marks, a number, true, false or null")

    def path(self) -> AttributePath:
        """The name of an attribute, with its schema or without."""
        word = self._pop()
        urn, colon, rest = word.rpartition(":")
        if not colon:
            return self._named(word, None)
        if (extension := self._kind.extension(word)) is not None:
            return AttributePath(None, None, extension.urn)
        if (extension := self._kind.extension(urn)) is not None:
            return self._named(rest, extension.urn)
        # Not one of ours is no mistake: such attributes are passed over.
        is_ours = urn.lower() == self._kind.schema.urn.lower()
        return self._named(rest, None if is_ours else urn)

    def _named(self, word: str, schema: str | None) -> AttributePath:
        name, dot, part = word.partition(".")
        if not _NAME.fullmatch(name) or (dot and not _NAME.fullmatch(part)):
            raise self._error("lacks the name of an attribute")
        return AttributePath(name, part or None, schema)

    def part(self) -> str | None:
        """The ``.value`` behind a closing bracket."""
        if not self._peek().startswith("."):
            return None
        part = self._pop()[1:]
        if not _NAME.fullmatch(part):
            raise self._error("lacks the name of a part behind the full stop")
        return part


def matches(where: Filter, resource: Mapping[str, Any]) -> bool:
    """
    Tell whether a resource, or one value of an attribute, is meant.

    Texts are compared in any case. An attribute with several values fits when one of them does.
    """
    match where:
        case AllOf(parts):
            return all(matches(part, resource) for part in parts)
        case AnyOf(parts):
            return any(matches(part, resource) for part in parts)
        case Not(part):
            return not matches(part, resource)
        case Within(path, inner):
            return any(isinstance(one, Mapping) and matches(inner, one) for one in _values(resource, path))
        case Comparison(path, operator, value):
            return _compare(_plain(_values(resource, path), path), operator, value)


def _values(resource: Mapping[str, Any], path: AttributePath) -> list[Any]:
    inside: Any = resource
    for name in (path.schema, path.name):
        if name is not None:
            inside = _get(inside, name)
    values = inside if isinstance(inside, list) else [inside]
    return [one for one in values if one is not None]


def _plain(values: list[Any], path: AttributePath) -> list[Any]:
    part = path.part or "value"
    found = [_get(one, part) if isinstance(one, Mapping) else one for one in values]
    return [one for one in found if one is not None and one != ""]


def _get(inside: Any, name: str) -> Any:
    if not isinstance(inside, Mapping):
        return None
    return next((value for key, value in inside.items() if key.lower() == name.lower()), None)


def _compare(found: list[Any], operator: Operator, value: Value) -> bool:
    if operator is Operator.PRESENT:
        return bool(found)
    if operator is Operator.NOT_EQUAL:
        return not _compare(found, Operator.EQUAL, value)
    if value is None:
        return operator is Operator.EQUAL and not found
    return any(_compare_one(one, operator, value) for one in found)


def _compare_one(found: Any, operator: Operator, value: Any) -> bool:
    left, right = fold(found), fold(value)
    if isinstance(found, bool) or isinstance(value, bool):
        return operator is Operator.EQUAL and str(left).lower() == str(right).lower()
    if type(left) is not type(right):
        return False
    match operator:
        case Operator.EQUAL:
            return bool(left == right)
        case Operator.GREATER:
            return bool(left > right)
        case Operator.GREATER_EQUAL:
            return bool(left >= right)
        case Operator.LESS:
            return bool(left < right)
        case Operator.LESS_EQUAL:
            return bool(left <= right)
    if not isinstance(left, str):
        return False
    if operator is Operator.CONTAINS:
        return right in left
    return left.startswith(right) if operator is Operator.STARTS else left.endswith(right)


def fold(value: Any) -> Any:
    """The form by which values are compared: texts in lower case."""
    return value.lower() if isinstance(value, str) else value


def parse_time(text: str) -> datetime | None:
    """An aware time as RFC 3339 writes it; None for another text."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def equalities(where: Filter) -> dict[str, Value] | None:
    """What a value would have to be for a filter of ``eq`` and ``and``; None for any other filter."""
    match where:
        case Comparison(path, Operator.EQUAL, value) if path.name is not None and path.part is None:
            return {path.name: value}
        case AllOf(parts):
            found: dict[str, Value] = {}
            for part in parts:
                one = equalities(part)
                if one is None:
                    return None
                found |= one
            return found
        case _:
            return None
