"""How is a condition on metadata written down?"""

import json
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from afterword.domain.survey.contradiction import find_contradiction
from afterword.domain.survey.trigger import OPERATORS, AllOf, AnyOf, Compare, Condition, Not
from afterword.flows.surveys.survey_file.base import FieldError, Label, Part
from afterword.flows.surveys.survey_file.patterns import LinearPattern, compile_pattern

CONDITION_DEPTH_MAX = 10


class ConditionFile(Part, rename={"all_": "all", "any_": "any", "not_": "not", "in_": "in"}):
    """One of ``all``, ``any``, ``not``, or a ``path`` with one operator."""

    all_: "list[ConditionFile] | UnsetType" = UNSET
    any_: "list[ConditionFile] | UnsetType" = UNSET
    not_: "ConditionFile | UnsetType" = UNSET
    path: Label | UnsetType = UNSET
    eq: Any = UNSET
    ne: Any = UNSET
    in_: list[Any] | UnsetType = UNSET
    contains: Any = UNSET
    gt: Any = UNSET
    gte: Any = UNSET
    lt: Any = UNSET
    lte: Any = UNSET
    exists: bool | UnsetType = UNSET
    matches: Annotated[str, Meta(min_length=1)] | UnsetType = UNSET


def make_condition(file: ConditionFile, path: str, *, depth: int = 1) -> Condition:
    """
    A condition of a file → what is compared.

    Raises:
        FieldError: It is none, or nests too deeply.
    """
    if depth > CONDITION_DEPTH_MAX:
        raise FieldError(path, f"conditions nest deeper than {CONDITION_DEPTH_MAX} levels")
    fields = {field.encode_name: getattr(file, field.name) for field in msgspec.structs.fields(file)}
    given = {name: value for name, value in fields.items() if value is not UNSET}
    match sorted(given):
        case ["all"]:
            return AllOf(_conditions(given["all"], f"{path}.all", depth=depth))
        case ["any"]:
            return AnyOf(_conditions(given["any"], f"{path}.any", depth=depth))
        case ["not"]:
            return Not(make_condition(given["not"], f"{path}.not", depth=depth + 1))
        case [operator, "path"] | ["path", operator] if operator in OPERATORS:
            return Compare(given["path"], operator, _operand(operator, given[operator], f"{path}.{operator}"))
    known = ", ".join(OPERATORS)
    raise FieldError(path, f"a condition is one of all, any, not, or a path with one of {known}")


def list_comparisons(
    file: ConditionFile | UnsetType | None, path: str
) -> Iterator[tuple[str, ConditionFile]]:
    """Every comparison of a condition, with where it stands."""
    if file is None or isinstance(file, UnsetType):
        return
    for name, parts in (("all", file.all_), ("any", file.any_)):
        for index, part in enumerate(parts or ()):
            yield from list_comparisons(part, f"{path}.{name}[{index}]")
    yield from list_comparisons(file.not_, f"{path}.not")
    if file.path is not UNSET:
        yield path, file


def check_metadata_paths(file: ConditionFile | None, path: str) -> None:
    """
    Check that paths into metadata name every step.

    Raises:
        FieldError: A step is empty, so that nothing is ever found there.
    """
    for where, compare in list_comparisons(file, path):
        if not all(str(compare.path).split(".")):
            raise FieldError(
                f"{where}.path", "a path has a name before and after each dot, as job.duration_s"
            )


def check_possible(condition: Condition | None, path: str) -> None:
    """
    Check that something can satisfy a condition.

    Raises:
        FieldError: Nothing ever can.
    """
    if found := find_contradiction(condition):
        said = ", ".join(f"{one.path} {one.operator} {_show(one.value)}" for one in found)
        what = "can't all be true of one event" if len(found) > 1 else "is never true"
        raise FieldError(path, f"an impossible condition: {said} {what}")


def _show(value: Any) -> str:
    return json.dumps(value.text if isinstance(value, LinearPattern) else value, ensure_ascii=False)


def _operand(operator: str, value: Any, path: str) -> Any:
    """What a comparison compares with."""
    if operator == "matches":
        return compile_pattern(value, path)
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise FieldError(path, "this is nothing that metadata can hold") from None
    if operator in ("gt", "gte", "lt", "lte") and (
        isinstance(value, bool) or not isinstance(value, int | float | str)
    ):
        raise FieldError(path, "must be a number or a text")
    return value


def _conditions(files: list[ConditionFile], path: str, *, depth: int) -> tuple[Condition, ...]:
    if not files:
        raise FieldError(path, "the list is empty")
    return tuple(make_condition(file, f"{path}[{i}]", depth=depth + 1) for i, file in enumerate(files))
