"""How do people get into the directory from a CSV file?"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from afterword.domain.errors import InvalidInputError
from afterword.domain.identity import IdentityKind
from afterword.domain.person import KEEP, Keep, PersonRecord
from afterword.flows.save_people import Refusal, Saved, Source, save_people
from afterword.flows.tombstones import Tombstones
from afterword.kit.clock import Clock
from afterword.storage import identity_rules, people
from afterword.storage.engine import Database
from afterword.storage.people import Person

COLUMNS = ("email", "name", "github_username", "gitlab_username", "timezone", "team")
_USERNAMES = frozenset({IdentityKind.GITHUB, IdentityKind.GITLAB})


def import_people(
    database: Database,
    clock: Clock,
    tombstoned: Tombstones,
    path: Path,
    *,
    dry_run: bool = False,
    on_progress: Callable[[int], None] = lambda rows: None,
) -> Saved:
    """
    Add or update people from a CSV file; the e-mail address says who is who.

    A bad row is left out, named with its line, and the good ones go in. A blank
    cell leaves what is known as it is. Importing the same file again changes nothing.

    Args:
        dry_run: Only say what would happen.
        on_progress: Called with the number of rows done, once per transaction.

    Raises:
        InvalidInputError: The file as a whole can't be used.
    """
    with database.read() as connection:
        rules = identity_rules.read_rules(connection)
    bad: list[Refusal] = []
    saved = save_people(
        database,
        clock,
        _records(path, bad),
        source=Source.CSV,
        tombstoned=tombstoned,
        rules=rules,
        dry_run=dry_run,
        on_progress=on_progress,
    )
    saved.refused += len(bad)
    saved.refusals = sorted([*saved.refusals, *bad], key=lambda refusal: int(refusal.where.split()[-1]))
    return saved


def list_people(database: Database, *, matching: str, limit: int) -> list[Person]:
    """People whose name, address or handle contains a text; all of them for an empty one."""
    with database.read() as connection:
        return people.list_people(connection, matching=matching.strip(), limit=limit)


def _records(path: Path, bad: list[Refusal]) -> Iterator[PersonRecord]:
    """The rows that are whole; those that are not go into ``bad``."""
    for item in _read(path):
        if isinstance(item, Refusal):
            bad.append(item)
        else:
            yield item


def _read(path: Path) -> Iterator[PersonRecord | Refusal]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="")
            _check_header(path, reader.fieldnames)
            for cells in reader:
                yield _parse_row(f"line {reader.line_num}", cells)
    except OSError as error:
        raise InvalidInputError(f"can't read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    except csv.Error as error:
        raise InvalidInputError(f"{path} is not a CSV file: {error}") from error


def _check_header(path: Path, header: Sequence[str] | None) -> None:
    columns = [column.strip().lower() for column in header or ()]
    if "email" not in columns:
        raise InvalidInputError(f"{path}:1: the first line must name the columns: {', '.join(COLUMNS)}")
    unknown = [column for column in columns if column not in COLUMNS]
    if unknown:
        raise InvalidInputError(
            f"{path}:1: there is no column {unknown[0]!r}: the columns are {', '.join(COLUMNS)}"
        )
    if len(set(columns)) < len(columns):
        raise InvalidInputError(f"{path}:1: a column is there twice")


def _parse_row(where: str, cells: Mapping[str, str | list[str] | None]) -> PersonRecord | Refusal:
    if "" in cells:
        return Refusal(where, "", "there are more cells than columns: put texts with commas into quotes")
    texts = {name.strip().lower(): str(cell or "").strip() for name, cell in cells.items()}
    if not texts["email"]:
        return Refusal(where, "email", "is missing")

    def given(column: str) -> str | Keep:
        return texts.get(column) or KEEP

    def usernames(column: str) -> tuple[str, ...] | Keep:
        return (texts[column],) if texts.get(column) else KEEP

    return PersonRecord(
        where=where,
        emails=(texts["email"],),
        name=given("name"),
        github_usernames=usernames("github_username"),
        gitlab_usernames=usernames("gitlab_username"),
        timezone=given("timezone"),
        team=given("team"),
        replaces=_USERNAMES,
    )
