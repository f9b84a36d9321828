"""Where in a YAML file does each field stand, and how is a fault in it told?"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import yaml

from afterword.domain.errors import InvalidInputError
from afterword.flows.surveys.survey_file.faults import DURATION, EXAMPLES, explain_kind, show_example


class SurveyFileError(InvalidInputError):
    """A file of a survey or a policy that can't be used; the message gives file, line and field."""


class YamlLines:
    """
    Remembers in which line of a file each field stands.

    Args:
        name: The file's name, for messages.
        fields: All fields that there are, for "did you mean".
        types: All values of the field ``type``.
        choices: Field → its values, of fields that have only some.
    """

    def __init__(
        self,
        name: str,
        *,
        fields: Collection[str],
        types: Collection[str],
        choices: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        self.name = name
        self._fields = fields
        self._types = types
        self._choices = choices
        self._lines: dict[str, int] = {"$": 1}
        self._seen: set[int] = set()

    def walk(self, node: Any, path: str) -> None:
        """Note a node and all below it; refuses what a survey file must not have."""
        if node is None:
            raise SurveyFileError(f"{self.name}: the file is empty")
        line = self._lines[path] = node.start_mark.line + 1
        if id(node) in self._seen:
            raise SurveyFileError(
                f"{self.name}:{line}: YAML aliases (*name) are not supported: repeat the text"
            )
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            self._walk_mapping(node, path)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                self.walk(item, f"{path}[{index}]")

    def _walk_mapping(self, node: yaml.MappingNode, path: str) -> None:
        for key, value in node.value:
            if key.tag != "tag:yaml.org,2002:str":
                line = key.start_mark.line + 1
                raise SurveyFileError(f"{self.name}:{line}: a field's name must be text: put it into quotes")
            field = f"{path}.{key.value}"
            if field in self._lines:
                raise SurveyFileError(
                    f"{self.name}:{key.start_mark.line + 1}: {field[2:]}: this field is there twice"
                )
            self.walk(value, field)
            self._lines[field] = key.start_mark.line + 1

    def place(self, path: str) -> str:
        """File, line and field."""
        nearest = next((parent for parent in _parents(path) if parent in self._lines), "$")
        field = path.removeprefix("$").removeprefix(".")
        where = f"{self.name}:{self._lines[nearest]}"
        return f"{where}: {field}" if field else where

    def error(self, path: str, message: str) -> SurveyFileError:
        """An error about a field, with its line."""
        return SurveyFileError(f"{self.place(path)}: {message}")

    def explain(self, message: str) -> SurveyFileError:
        """Turn the parser's sentence (what - at `path`) into ours."""
        # A key that does not fit is "at `key` in `$.throttle.caps`".
        what, _, where = message.partition(" - at `")
        found = re.search(r"\$[^`]*", where)
        path = found.group() if found else "$"
        if unknown := re.search(r"unknown field `(.*)`", what):
            name = unknown.group(1)
            if path == "$" and name in _OTHER_FILES:
                return self.error(f"$.{name}", f"this is a {name}: `afterword {name} apply` takes it")
            place = self._find(f"{path}.{name}")
            return self.error(place, f"there is no such field{self._hint(name, path)}")
        path = self._find(path)
        if missing := re.search(r"missing required field `(.*)`", what):
            return self.error(path, f"the field {missing.group(1)} is missing")
        if re.search(r"Invalid value '.*'$", what) and path.endswith(".type"):
            return self.error(path, f"there is no such type: one of {', '.join(self._types)}")
        field = re.sub(r"\[\d+\]", "", path).rpartition(".")[2]
        known = self._choices.get(field)
        if known and (value := what.removeprefix("Invalid enum value ")) != what:
            return self.error(path, f"there is no {value} here: one of {', '.join(known)}{_or_object(field)}")
        for part, meaning in _PATTERNS.items():
            if "matching regex" in what and part in what:
                return self.error(path, meaning)
        return self.error(path, explain_kind(what, field) or what[:1].lower() + what[1:])

    def _find(self, path: str) -> str:
        """The first path that is meant by one with ``[...]`` in place of names that are free to choose."""
        pattern = r"\.[^.\[\]]+".join(map(re.escape, path.split("[...]")))
        found = (known for known in self._lines if re.fullmatch(pattern, known))
        return next(found, path.replace("[...]", ""))

    def _hint(self, name: str, path: str) -> str:
        """What somebody may have meant by a field that is not where it stands."""
        if _IN_CONDITION.search(path) and not difflib.get_close_matches(
            name, _OF_CONDITIONS, n=1, cutoff=_LIKENESS_MIN
        ):
            return f": write {{path: {name}, eq: …}}"
        if name in self._fields:
            return " here: it stands elsewhere in the file"
        close = difflib.get_close_matches(name, self._fields, n=1, cutoff=_LIKENESS_MIN)
        return f": did you mean {close[0]}?" if close else ""


_OTHER_FILES = ("policy", "survey")
"""Fields that only files of another kind have at their top."""

_IN_CONDITION = re.compile(r"\.(where|audience|when)(\.not|\.(all|any)\[(\d+|\.\.\.)\])*$")
_OF_CONDITIONS = ("path", "all", "any", "not", "exists", "contains", "matches")

_LIKENESS_MIN = 0.65
"""Names that have less in common with a known one are no slips of the finger."""

_PATTERNS = {
    "respect|ignore": f"{DURATION}; or it is respect, or ignore",
    "smhd": DURATION,
    "[Tt ]": "a date is as 2027-03-01, a time as 2027-03-01T09:00+01:00",
    "[01]?[0-9]|2[0-3]": "hours are as 9-17 or 08:30-16:00",
    "[a-z0-9_*-]{0,62}": "a key has 1 to 63 of a-z, 0-9, - and _; * stands for any of them",
    "[A-Za-z]{2,3}": "a language tag is as de or pt-BR",
    "[a-z0-9_-]{0,62}": "a key has 1 to 63 of a-z, 0-9, - and _, and starts with a letter or digit",
}
"""A part of a pattern that a text must fit → what to say when it does not; the first one counts."""


def _or_object(field: str) -> str:
    """For a field that also takes an object: an example of it."""
    example = EXAMPLES.get(field)
    return f", or an object such as {show_example(example)}" if isinstance(example, dict) else ""


def _parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = re.sub(r"(\.[^.\[\]]*|\[\d+\]|.)$", "", path)
