"""Which versions of a survey does somebody want to compare, who varies some of its fields?"""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import yaml

from afterword.domain.errors import InvalidInputError
from afterword.flows.simulator.simulation import COMBINATIONS_MAX, Wanted
from afterword.flows.surveys.survey_definition import SurveyFile, dump_definition, parse_survey_file
from afterword.flows.surveys.survey_file.throttle import WEEKDAYS, CooldownFile

AS_IT_IS = "this file"
"""What the file is called when nothing in it is varied."""

_PARTS = ("throttle", "trigger")
_EMPTY_IS_NONE = ("caps", "group_caps")
"""Fields that say something when nothing is in them: one more part would change the others, too."""

_SPELLED_OUT: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "throttle.cooldown": lambda every: dict.fromkeys(CooldownFile.__struct_fields__, every),
    "throttle.send_window": lambda _: {"days": list(WEEKDAYS), "hours": "0-24"},
}
"""Field that may be said in one word → the parts which that word stands for."""


def vary(file: SurveyFile, name: str, ranges: Sequence[str]) -> list[Wanted]:
    """
    Make every combination of what some fields may say.

    Args:
        file: The survey.
        name: Its file's, for messages.
        ranges: Such as ``cooldown.answered=30d,60d``: a field of ``throttle``, or one that starts with
            ``trigger``, and the values that it shall have. Each field once.

    Raises:
        InvalidInputError: One is no such range, or there are too many combinations.
        SurveyFileError: A field can't have a value; the message names both.
    """
    if not ranges:
        return [Wanted(AS_IT_IS, file)]
    chosen = [_split(one) for one in ranges]
    _check_once(chosen)
    count = 1
    for _, values in chosen:
        count *= len(values)
    if count > COMBINATIONS_MAX:
        raise InvalidInputError(f"--vary: {count} combinations; at most {COMBINATIONS_MAX} at once")
    paths = [path for path, _ in chosen]
    return [
        _make(file, name, list(zip(paths, values, strict=True)))
        for values in product(*(values for _, values in chosen))
    ]


def _split(text: str) -> tuple[str, list[str]]:
    path, _, values = text.partition("=")
    found = [value.strip() for value in values.split(",")]
    if not path.strip() or not all(found):
        raise InvalidInputError(f"--vary {text}: this is not a range, such as cooldown.answered=30d,60d,90d")
    return path.strip(), found


def _check_once(chosen: Sequence[tuple[str, list[str]]]) -> None:
    for index, (path, values) in enumerate(chosen):
        for other, before in chosen[:index]:
            if _full(other) == _full(path):
                together = ",".join([*before, *values])
                raise InvalidInputError(
                    f"--vary {path} is there twice: give all values at once, --vary {path}={together}"
                )


def _full(path: str) -> str:
    """A path from the top of the file."""
    return path if path.split(".")[0] in _PARTS else f"throttle.{path}"


def _make(file: SurveyFile, name: str, values: Sequence[tuple[str, str]]) -> Wanted:
    label = " ".join(f"{path}={value}" for path, value in values)
    document = json.loads(dump_definition(file))
    # A whole field before its parts, whichever was typed first.
    for path, value in sorted(values, key=lambda one: _full(one[0]).count(".")):
        _set(document, path, yaml.safe_load(value))
    return Wanted(label, parse_survey_file(json.dumps(document), f"{name} with {label}"))


def _set(document: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = _full(path).split(".")
    inner: Any = document
    for depth, key in enumerate(parents, start=1):
        outer, found = inner, inner.get(key)
        if isinstance(found, str) and (spell_out := _SPELLED_OUT.get(".".join(parents[:depth]))):
            found = spell_out(found)
        inner = outer[key] = {} if found is None else found
        if not isinstance(inner, dict) or (key in _EMPTY_IS_NONE and found == {}):
            raise InvalidInputError(f"--vary {path}: {key} has no parts in the file; vary {key} itself")
    inner[last] = value
