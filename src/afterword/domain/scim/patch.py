"""What does a PATCH make of a resource (RFC 7644, 3.5.2), as Okta and Entra send it?"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from afterword.domain.people.person import KEEP, Given
from afterword.domain.scim.filter import (
    AnyOf,
    AttributePath,
    Comparison,
    Filter,
    Operator,
    PatchPath,
    equalities,
    matches,
    parse_path,
)
from afterword.domain.scim.schema import (
    GROUPS,
    MEMBERS,
    VALUES_MAX,
    Attribute,
    ResourceKind,
    Schema,
    ScimType,
    invalid,
    read_extension,
    read_value,
)

OPERATIONS_MAX = 1_000
"""Operations of one request; Okta and Entra send some dozens."""


class Verb(StrEnum):
    """What an operation does; Entra writes it with a capital."""

    ADD = "add"
    REPLACE = "replace"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Operation:
    """One step: ``path`` is None when ``value`` names the attributes."""

    verb: Verb
    path: str | None
    value: Any


def read_operations(body: Any) -> list[Operation]:
    """
    The operations of a request.

    Raises:
        ScimError: It is not such a request.
    """
    fields = {key.lower(): value for key, value in body.items()} if isinstance(body, Mapping) else {}
    given = fields.get("operations")
    if not isinstance(given, list) or not given:
        raise invalid(ScimType.INVALID_SYNTAX, "the body lacks the list Operations")
    if len(given) > OPERATIONS_MAX:
        raise invalid(ScimType.TOO_MANY, f"there are more than {OPERATIONS_MAX} operations")
    return [_read_operation(one) for one in given]


def _read_operation(given: Any) -> Operation:
    fields = {key.lower(): value for key, value in given.items()} if isinstance(given, Mapping) else {}
    verb, path = fields.get("op"), fields.get("path")
    if not isinstance(verb, str) or verb.lower() not in list(Verb):
        raise invalid(ScimType.INVALID_SYNTAX, f"an operation lacks op: one of {', '.join(Verb)}")
    if path is not None and not isinstance(path, str):
        raise invalid(ScimType.INVALID_PATH, "the path is not a string")
    return Operation(Verb(verb.lower()), path or None, fields.get("value"))


def _steps(kind: ResourceKind, operation: Operation) -> Iterator[tuple[PatchPath, Any, bool]]:
    """Each path of an operation with its value, and whether the operation itself names it."""
    if operation.path is not None:
        yield parse_path(operation.path, kind), operation.value, True
        return
    if operation.verb is Verb.REMOVE:
        raise invalid(ScimType.NO_TARGET, "an operation `remove` needs a path")
    if not isinstance(operation.value, Mapping):
        raise invalid(ScimType.INVALID_VALUE, "an operation without a path needs an object as its value")
    for name, value in operation.value.items():
        yield parse_path(name, kind), value, False


def patch(kind: ResourceKind, resource: Mapping[str, Any], operations: list[Operation]) -> dict[str, Any]:
    """
    Carry operations out, one after the other.

    Attributes that we do not know are passed over; of those that only we say, too, unless a path names one.

    Args:
        resource: As ``read_document`` gives it.

    Returns:
        What the resource is then, of the same shape; the one that was given stays as it is.

    Raises:
        ScimError: An operation can't be carried out.
    """
    changed = deepcopy(dict(resource))
    for operation in operations:
        for path, value, is_named in _steps(kind, operation):
            _apply(kind, changed, operation.verb, path, value, is_named=is_named)
    return changed


def _apply(
    kind: ResourceKind, changed: dict[str, Any], verb: Verb, path: PatchPath, value: Any, *, is_named: bool
) -> None:
    extension = kind.extension(path.path.schema) if path.path.schema else None
    if path.path.schema and extension is None:
        return
    if path.path.name is None:
        if extension is not None:
            _apply_extension(changed, extension, verb, value)
        return
    attribute = extension.find(path.path.name) if extension else kind.find(path.path.name)
    if attribute is None or attribute.name == "schemas":
        return
    if attribute.is_read_only:
        if is_named:
            raise invalid(ScimType.MUTABILITY, f"{attribute.name} can't be changed")
        return
    holder = changed.setdefault(extension.urn, {}) if extension else changed
    if attribute.is_multiple:
        holder[attribute.name] = _change_values(
            attribute, holder.get(attribute.name) or [], verb, path, value
        )
    else:
        holder[attribute.name] = _change_one(attribute, holder.get(attribute.name), verb, path, value)


def _apply_extension(changed: dict[str, Any], extension: Schema, verb: Verb, value: Any) -> None:
    known = changed.setdefault(extension.urn, {})
    known.update(read_extension(extension, None if verb is Verb.REMOVE else value))


def _change_one(attribute: Attribute, known: Any, verb: Verb, path: PatchPath, value: Any) -> Any:
    """The new value of an attribute that has only one."""
    if path.where is not None:
        raise invalid(ScimType.INVALID_PATH, f"{attribute.name} has only one value")
    part = _part(attribute, path.path)
    if part is not None:
        read = None if verb is Verb.REMOVE else read_value(part, value)
        return {**(known or {}), part.name: read}
    read = None if verb is Verb.REMOVE else read_value(attribute, value)
    if read is None and attribute.is_required:
        raise invalid(ScimType.MUTABILITY, f"{attribute.name} is required, and can't be removed")
    # What is given of a complex attribute goes beside what is there (RFC 7644, 3.5.2.1 and 3.5.2.3).
    return {**(known or {}), **read} if attribute.parts and read else read


def _part(attribute: Attribute, path: AttributePath) -> Attribute | None:
    if path.part is None:
        return None
    part = attribute.part(path.part)
    if part is None:
        raise invalid(ScimType.INVALID_PATH, f"{attribute.name} has no such part")
    if part.is_read_only:
        raise invalid(ScimType.MUTABILITY, f"{attribute.name}.{part.name} can't be changed")
    return part


def _change_values(
    attribute: Attribute, known: list[Any], verb: Verb, path: PatchPath, value: Any
) -> list[Any]:
    """The new values of an attribute that may have several."""
    part = _part(attribute, path.path)
    if path.where is None and part is None:
        return _change_all(attribute, known, verb, value)
    where = path.where
    is_meant: list[bool] = [where is None or matches(where, one) for one in known]
    if verb is Verb.REMOVE:
        return _remove_meant(known, is_meant, part)
    given = _given_parts(attribute, part, value)
    if not any(is_meant):
        # Entra sets the part of a value that is not there yet; the filter says what else it would be.
        wanted = equalities(where) if where is not None else {}
        if wanted is None:
            raise invalid(ScimType.NO_TARGET, f"{attribute.name} has no such value")
        return [*known, {**_given_parts(attribute, None, wanted), **given}]
    changed = [{**one, **given} if fits else one for one, fits in zip(known, is_meant, strict=True)]
    return _keep_one_primary(changed, is_meant) if given.get("primary") else changed


def _given_parts(attribute: Attribute, part: Attribute | None, value: Any) -> dict[str, Any]:
    if part is not None:
        return {part.name: read_value(part, value)}
    read: list[dict[str, Any]] = read_value(attribute, value)
    return read[0] if read else {}


def _remove_meant(known: list[Any], is_meant: list[bool], part: Attribute | None) -> list[Any]:
    if part is None or part.name == "value":
        return [one for one, fits in zip(known, is_meant, strict=True) if not fits]
    return [
        {name: text for name, text in one.items() if name != part.name} if fits else one
        for one, fits in zip(known, is_meant, strict=True)
    ]


def _change_all(attribute: Attribute, known: list[Any], verb: Verb, value: Any) -> list[Any]:
    given: list[Any] = read_value(attribute, value)
    if verb is Verb.REPLACE:
        return given
    keys = {_key(one) for one in given}
    if verb is Verb.REMOVE:
        # Entra names the values to remove in `value`; without one all go.
        return [one for one in known if _key(one) not in keys] if given else []
    merged = [*(one for one in known if _key(one) not in keys), *given]
    if len(merged) > VALUES_MAX:
        raise invalid(ScimType.INVALID_VALUE, f"{attribute.name} has more than {VALUES_MAX} values")
    return _keep_one_primary(merged, [_key(one) in keys and _is_primary(one) for one in merged])


def _keep_one_primary(values: list[Any], is_new: list[bool]) -> list[Any]:
    """A value that becomes the primary one ends that of the one before (RFC 7644, 3.5.2)."""
    if not any(is_new):
        return values
    return [
        {**one, "primary": False} if _is_primary(one) and not fits else one
        for one, fits in zip(values, is_new, strict=True)
    ]


def _is_primary(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("primary") is True


def _key(value: Any) -> str:
    return str(value.get("value") if isinstance(value, Mapping) else value).lower()


@dataclass(frozen=True, slots=True)
class GroupChange:
    """
    What is to become of a group.

    Attributes:
        replaces: The members are those of ``added`` and no others.
        added, removed: Ids of users; none is in both.
    """

    name: Given[str] = KEEP
    external_id: Given[str | None] = KEEP
    replaces: bool = False
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


def read_group_patch(operations: list[Operation]) -> GroupChange:
    """
    Put operations on a group together, without knowing its members: there may be a hundred thousand.

    Raises:
        ScimError: An operation can't be carried out.
    """
    members = _Members()
    plain: dict[str, Any] = {}
    for operation in operations:
        for path, value, is_named in _steps(GROUPS, operation):
            if path.path.schema is None and (path.path.name or "").lower() == "members":
                members.apply(operation.verb, path, value)
                if len(members.added) + len(members.removed) > VALUES_MAX:
                    raise invalid(ScimType.TOO_MANY, f"there are more than {VALUES_MAX} members")
            else:
                _apply(GROUPS, plain, operation.verb, path, value, is_named=is_named)
    return GroupChange(
        name=plain.get("displayName", KEEP),
        external_id=plain.get("externalId", KEEP),
        replaces=members.replaces,
        added=frozenset(members.added),
        removed=frozenset(members.removed),
    )


class _Members:
    """Adds operations on members up."""

    def __init__(self) -> None:
        self.replaces = False
        self.added: set[str] = set()
        self.removed: set[str] = set()

    def apply(self, verb: Verb, path: PatchPath, value: Any) -> None:
        """One more operation."""
        if path.path.part is not None:
            raise invalid(ScimType.MUTABILITY, "a member's parts can't be changed: add and remove members")
        if path.where is not None:
            if verb is not Verb.REMOVE:
                raise invalid(ScimType.INVALID_PATH, "members are added without a filter")
            self._remove(_wanted_members(path.where))
            return
        given = read_member_ids(value)
        if verb is Verb.REPLACE or (verb is Verb.REMOVE and not given):
            self.replaces, self.added, self.removed = True, set(given), set()
        elif verb is Verb.REMOVE:
            self._remove(given)
        else:
            self.added |= given
            self.removed -= given

    def _remove(self, ids: set[str]) -> None:
        self.added -= ids
        if not self.replaces:
            self.removed |= ids


def read_member_ids(value: Any) -> set[str]:
    """The ids of a list of members."""
    return {text for one in read_value(MEMBERS, value) if (text := one.get("value"))}


def _wanted_members(where: Filter) -> set[str]:
    """The ids in ``value eq "1" or value eq "2"``."""
    match where:
        case AnyOf(parts):
            return set().union(*(_wanted_members(part) for part in parts))
        case Comparison(AttributePath(str(name), None, None), Operator.EQUAL, str(value)):
            if name.lower() == "value":
                return {value}
    raise invalid(ScimType.INVALID_FILTER, 'a member to remove is named as members[value eq "…"]')
