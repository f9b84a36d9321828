"""Which versions of a survey does somebody want to compare, who varies some of its fields?"""

import json
from collections.abc import Sequence
from itertools import product
from typing import Any

import yaml

from afterword.domain.errors import InvalidInputError
from afterword.flows.simulator.simulation import COMBINATIONS_MAX, Wanted
from afterword.flows.surveys.survey_definition import SurveyFile, dump_definition, parse_survey_file

AS_IT_IS = "draft"
"""What the file is called when nothing in it is varied."""

_PARTS = ("throttle", "trigger")
_EMPTY_IS_NONE = ("caps", "group_caps")
"""Fields that say something when nothing is in them: one more part would change the others, too."""


def vary(file: SurveyFile, name: str, ranges: Sequence[str]) -> list[Wanted]:
    """
    Make every combination of what some fields may say.

    Args:
        file: The survey.
        name: Its file's, for messages.
        ranges: Such as ``cooldown.answered=30d,60d``: a field of ``throttle``, or one that starts with
            ``trigger``, and the values that it shall have.

    Raises:
        InvalidInputError: One is no such range, or there are too many combinations.
        SurveyFileError: A field can't have a value; the message names both.
    """
    if not ranges:
        return [Wanted(AS_IT_IS, file)]
    chosen = [_split(one) for one in ranges]
    _check_once([path for path, _ in chosen])
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


def _check_once(paths: Sequence[str]) -> None:
    twice = next((path for index, path in enumerate(paths) if path in paths[:index]), None)
    if twice is not None:
        raise InvalidInputError(f"--vary {twice} is there twice: give all its values at once, as {twice}=A,B")


def _split(text: str) -> tuple[str, list[str]]:
    path, _, values = text.partition("=")
    found = [value.strip() for value in values.split(",")]
    if not path.strip() or not all(found):
        raise InvalidInputError(f"--vary {text}: this is not a range, such as cooldown.answered=30d,60d,90d")
    return path.strip(), found


def _make(file: SurveyFile, name: str, values: Sequence[tuple[str, str]]) -> Wanted:
    label = " ".join(f"{path}={value}" for path, value in values)
    document = json.loads(dump_definition(file))
    for path, value in values:
        _set(document, path, yaml.safe_load(value))
    return Wanted(label, parse_survey_file(json.dumps(document), f"{name} with {label}"))


def _set(document: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    inner: Any = document
    for key in parents if path.startswith(_PARTS) else ["throttle", *parents]:
        if inner.get(key) is None:
            inner[key] = {}
        elif not isinstance(inner[key], dict) or (key in _EMPTY_IS_NONE and not inner[key]):
            raise InvalidInputError(f"--vary {path}: {key} has no parts in the file; vary {key} itself")
        inner = inner[key]
    inner[last] = value
