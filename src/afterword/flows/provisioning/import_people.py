"""How do people get into the directory from a CSV file?"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

from afterword.domain.errors import InvalidInputError
from afterword.domain.people.identity import EVENT_KINDS, IdentityKind, IdentityRules, normalise
from afterword.domain.people.person import (
    PersonRecord,
    Problem,
    check_handle,
    check_text,
    is_address,
    name_key,
)
from afterword.domain.people.source import Source
from afterword.flows.people.save_people import save_people
from afterword.flows.people.saved_people import CHANGES_KEPT_MAX, Change, Refusal, Saved
from afterword.flows.people.tombstones import Tombstones
from afterword.flows.provisioning.csv_file import UNREADABLE, CsvFile, Row, open_csv
from afterword.kit.clock import Clock
from afterword.storage import identity_rules
from afterword.storage.engine import Database

VALUE_SEPARATOR = ";"
"""Stands between several values of one cell."""

ATTRIBUTE_PREFIX = "attribute:"
"""Begins the name of a column with values of a group: ``attribute:Office``."""

_HANDLES = {
    "emails": ("email", "other_emails", "sso_email"),
    "github_usernames": ("github_username", "github_username2"),
    "gitlab_usernames": ("gitlab_username",),
}
"""Field of a record → the columns that fill it, the first one first."""

_TEXTS = ("name", "slack_id", "teams_id", "timezone", "locale", "start_date", "team")
_FLAGS = ("is_bot", "is_tester", "is_active", "is_protected", "is_excluded_from_snapshots")

COLUMNS = (*(column for columns in _HANDLES.values() for column in columns), *_TEXTS, *_FLAGS)
"""By these names; blanks, ``-``, ``_`` and case make no difference, so ``githubusername2`` is one of them."""

_TWICE = "is that of another line, too: keep one line for each person"

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_USERNAMES = frozenset({IdentityKind.GITHUB, IdentityKind.GITLAB})


@dataclass(slots=True)
class Imported(Saved):
    """What a file did, and as what it was read: "CP1252", "semicolons"."""

    encoding: str = ""
    delimiter: str = ""


def import_people(
    database: Database,
    clock: Clock,
    tombstoned: Tombstones,
    source: Path | IO[bytes],
    *,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda rows: None,
) -> Imported:
    """
    Add or update people from a CSV file; the e-mail address says who is who.

    A bad row is left out, named with its line, and the good ones go in. A blank
    cell leaves what is known as it is. Importing the same file again changes nothing.

    Args:
        source: The file, or standard input.
        dry_run: Only say what would happen.
        on_progress: Called with the number of rows done, once per transaction.

    Raises:
        InvalidInputError: The file as a whole can't be used.
    """
    with database.read() as connection:
        rules = identity_rules.read_rules(connection)
    bad = Saved()
    with open_csv(source) as file:
        columns = _Columns(file, rules)
        saved = save_people(
            database,
            clock,
            _records(file, columns, bad),
            source=Source.CSV,
            tombstoned=tombstoned,
            rules=rules,
            dry_run=dry_run,
            on_progress=on_progress,
        )
    done = Imported(**{item.name: getattr(saved, item.name) for item in fields(Saved)})
    done.encoding, done.delimiter = file.encoding, file.delimiter
    done.refused += bad.refused
    for reason, count in bad.reasons.items():
        done.reasons[reason] = done.reasons.get(reason, 0) + count
    done.refusals = sorted([*saved.refusals, *bad.refusals], key=line_of)[:CHANGES_KEPT_MAX]
    return done


def line_of(told: Refusal | Change) -> int:
    """The line of a file on which a row begins."""
    return int(told.where.rpartition(" ")[2])


def _records(file: CsvFile, columns: "_Columns", bad: Saved) -> Iterator[PersonRecord]:
    """The rows that are whole; those that are not are refused in ``bad``."""
    lines: dict[str, int] = {}
    for row in file.rows():
        where = f"line {row.line}"
        found = Problem("", row.problem) if row.problem is not None else columns.read(where, row)
        if isinstance(found, PersonRecord) and is_address(found.emails[0]):
            first = lines.setdefault(normalise(IdentityKind.EMAIL, found.emails[0]), row.line)
            if first != row.line:
                found = Problem("email", _TWICE, f"line {first} has it, too")
        if isinstance(found, Problem):
            bad.refuse(where, found)
        else:
            yield found


class _Columns:
    """Makes records of rows, by what the first line calls the columns."""

    def __init__(self, file: CsvFile, rules: IdentityRules) -> None:
        self._rules = rules
        self._encoding = file.encoding
        self._names = [name.strip() for name in file.header]
        self._places: dict[str, int] = {}
        self._groups: dict[str, int] = {}
        seen: set[str] = set()
        known = {_plain(column): column for column in COLUMNS}
        for place, name in enumerate(self._names):
            if not name:
                continue
            key = _plain(name)
            if name.lower().startswith(ATTRIBUTE_PREFIX):
                group = name[len(ATTRIBUTE_PREFIX) :].strip()
                key = ATTRIBUTE_PREFIX + name_key(group)
                self._groups[group] = place
            elif key in known:
                self._places[known[key]] = place
            elif "email" in map(_plain, self._names):
                raise InvalidInputError(
                    f"{file.name}:1: there is no column {name!r}: the columns are {', '.join(COLUMNS)}, "
                    f"and {ATTRIBUTE_PREFIX}GROUP"
                )
            if key in seen:
                raise InvalidInputError(f"{file.name}:1: a column is there twice: {name!r}")
            seen.add(key)
        if "email" not in self._places:
            raise InvalidInputError(
                f"{file.name}:1: the first line must name the columns: {', '.join(COLUMNS)}"
            )

    def read(self, where: str, row: Row) -> PersonRecord | Problem:
        """The record of a row, or what is wrong with the row."""
        cells = [cell.strip() for cell in row.cells]
        if (problem := self._misfit(cells)) is not None:
            return problem
        if (problem := self._bad_handle(cells)) is not None:
            return problem
        given: dict[str, Any] = {}
        for field, columns in _HANDLES.items():
            values = [value for column in columns for value in self._values(cells, self._places.get(column))]
            if values:
                given[field] = tuple(dict.fromkeys(values))
        for column in _TEXTS:
            if text := self._text(cells, self._places.get(column)):
                given[column] = text
        for column in _FLAGS:
            if text := self._text(cells, self._places.get(column)):
                if (flag := _BOOLEANS.get(text.lower())) is None:
                    return Problem(column, "is neither true nor false")
                given[column] = flag
        said = {group: self._values(cells, place) for group, place in self._groups.items()}
        if attributes := {group: values for group, values in said.items() if values}:
            given["attributes"] = attributes
        if not self._text(cells, self._places["email"]):
            return Problem("email", "is missing")
        return PersonRecord(where, replaces=_USERNAMES, **given)

    def _bad_handle(self, cells: Sequence[str]) -> Problem | None:
        """What is wrong in a column beside the first one of its kind, which is called as the kind is."""
        is_bot = _BOOLEANS.get(self._text(cells, self._places.get("is_bot")).lower()) is True
        for kind, columns in zip(EVENT_KINDS, _HANDLES.values(), strict=True):
            for column in columns[1:]:
                for value in self._values(cells, self._places.get(column)):
                    if problem := check_text(value) or check_handle(kind, value, self._rules, is_bot=is_bot):
                        return Problem(column, problem)
        return None

    def _misfit(self, cells: Sequence[str]) -> Problem | None:
        if len(cells) > len(self._names):
            return Problem("", "there are more cells than columns: put texts with commas into quotes")
        if len(cells) > len(self._places) + len(self._groups):
            for name, cell in zip(self._names, cells, strict=False):
                if cell and not name:
                    return Problem("", "has a text in a column that has no name in the first line")
        if UNREADABLE in "".join(cells):
            place = next(place for place, cell in enumerate(cells) if UNREADABLE in cell)
            return Problem(
                self._names[place].lower(),
                f"has a letter that is not {self._encoding}: save the file as UTF-8",
            )
        return None

    @staticmethod
    def _text(cells: Sequence[str], place: int | None) -> str:
        return "" if place is None or place >= len(cells) else cells[place]

    def _values(self, cells: Sequence[str], place: int | None) -> tuple[str, ...]:
        text = self._text(cells, place)
        if VALUE_SEPARATOR not in text:
            return (text,) if text else ()
        return tuple(value for part in text.split(VALUE_SEPARATOR) if (value := part.strip()))


def _plain(column: str) -> str:
    return re.sub("[ _-]", "", column.strip().lower())
