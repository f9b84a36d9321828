"""How do people get into the directory?"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import available_timezones

from afterword.domain.errors import InvalidInputError
from afterword.domain.identity import BOT_SUFFIX, JUNK, IdentityKind, normalise
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import people, revision
from afterword.storage.engine import Connection, Database
from afterword.storage.people import Person

COLUMNS = ("email", "name", "github_username", "gitlab_username", "timezone", "team")
CELL_CHARS_MAX = 254
ROWS_PER_TRANSACTION = 500

_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+")
_USERNAME_KINDS = (IdentityKind.GITHUB, IdentityKind.GITLAB)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that did not go in: its line in the file, and why."""

    line: int
    problem: str


@dataclass(slots=True)
class Imported:
    """What an import did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    email: str
    name: str
    usernames: dict[IdentityKind, str]
    timezone: str | None
    team: str | None


def import_people(
    database: Database, clock: Clock, path: Path, on_progress: Callable[[int], None] = lambda rows: None
) -> Imported:
    """
    Add or update people from a CSV file; the e-mail address says who is who.

    A bad row is left out, named with its line, and the good ones go in. A blank
    cell leaves what is known as it is. Importing the same file again changes nothing.

    Args:
        on_progress: Called with the number of rows done, once per transaction.

    Raises:
        InvalidInputError: The file as a whole can't be used.
    """
    result = Imported()
    zones = available_timezones()
    rows: list[_Row] = []
    done = 0
    for item in _read(path, zones):
        if isinstance(item, BadRow):
            result.bad_rows.append(item)
        else:
            rows.append(item)
        if len(rows) == ROWS_PER_TRANSACTION:
            _store(database, clock, rows, result)
            done += len(rows)
            on_progress(done)
            rows = []
    _store(database, clock, rows, result)
    on_progress(done + len(rows))
    result.bad_rows.sort(key=lambda row: row.line)
    return result


def list_people(database: Database, *, matching: str, limit: int) -> list[Person]:
    """People whose name, address or handle contains a text; all of them for an empty one."""
    with database.read() as connection:
        return people.list_people(connection, matching=matching.strip(), limit=limit)


def _read(path: Path, zones: set[str]) -> Iterator[_Row | BadRow]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="")
            _check_header(path, reader.fieldnames)
            for cells in reader:
                yield _parse_row(reader.line_num, cells, zones)
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


def _parse_row(line: int, cells: "dict[str, str | list[str] | None]", zones: set[str]) -> _Row | BadRow:
    if "" in cells:
        return BadRow(line, "there are more cells than columns: put texts with commas into quotes")
    texts = {name.strip().lower(): str(cell or "").strip() for name, cell in cells.items()}
    for column, text in texts.items():
        if len(text) > CELL_CHARS_MAX:
            return BadRow(line, f"{column} is too long: at most {CELL_CHARS_MAX} characters")
        if not text.isprintable():
            return BadRow(line, f"{column} contains line breaks or other control characters")
    email = texts["email"]
    if not _ADDRESS.fullmatch(email):
        return BadRow(line, "email is not an address" if email else "email is missing")
    zone = texts.get("timezone", "")
    if zone and zone not in zones:
        return BadRow(line, "timezone is not an IANA time zone, such as Europe/Berlin")
    usernames = {kind: texts[kind.value] for kind in _USERNAME_KINDS if texts.get(kind.value)}
    for kind, username in usernames.items():
        key = normalise(kind, username)
        if not key or key in JUNK or key.endswith(BOT_SUFFIX):
            return BadRow(line, f"{kind.value} is not the name of a person")
    return _Row(line, email, texts.get("name", ""), usernames, zone or None, texts.get("team") or None)


def _store(database: Database, clock: Clock, rows: list[_Row], result: Imported) -> None:
    if not rows:
        return
    with database.write() as connection:
        revision.lock(connection)
        for row in rows:
            _store_row(connection, clock, row, result)


def _store_row(connection: Connection, clock: Clock, row: _Row, result: Imported) -> None:
    email_key = normalise(IdentityKind.EMAIL, row.email)
    keys = {kind: normalise(kind, username) for kind, username in row.usernames.items()}
    owners = people.find_owners(connection, [(IdentityKind.EMAIL, email_key), *keys.items()])
    person_id = owners.get((IdentityKind.EMAIL, email_key))
    for kind, key in keys.items():
        if owners.get((kind, key), person_id) != person_id:
            problem = f"{kind.value} belongs to somebody else already: remove it from one of the two"
            result.bad_rows.append(BadRow(row.line, problem))
            return
    if person_id is None:
        _add(connection, clock, row, email_key, keys)
        result.added += 1
    elif _update(connection, row, person_id, keys):
        result.changed += 1
    else:
        result.unchanged += 1


def _add(
    connection: Connection, clock: Clock, row: _Row, email_key: str, keys: dict[IdentityKind, str]
) -> None:
    person_id = people.add_person(
        connection,
        email=row.email,
        name=row.name or row.email,
        timezone=row.timezone,
        team=row.team,
        now=to_datetime(clock.now_us()),
    )
    people.set_identity(connection, person_id, IdentityKind.EMAIL, value=email_key, shown=row.email)
    for kind, key in keys.items():
        people.set_identity(connection, person_id, kind, value=key, shown=row.usernames[kind].lstrip("@"))


def _update(connection: Connection, row: _Row, person_id: int, keys: dict[IdentityKind, str]) -> bool:
    person = people.get_person(connection, person_id)
    if person is None:
        return False
    known = {IdentityKind.GITHUB: person.github_username, IdentityKind.GITLAB: person.gitlab_username}
    is_changed = False
    for kind, key in keys.items():
        shown = row.usernames[kind].lstrip("@")
        if known[kind] != shown:
            people.set_identity(connection, person_id, kind, value=key, shown=shown)
            is_changed = True
    name = row.name or person.name
    timezone = row.timezone or person.timezone
    team = row.team or person.team
    if (row.email, name, timezone, team) != (person.email, person.name, person.timezone, person.team):
        people.update_person(connection, person_id, email=row.email, name=name, timezone=timezone, team=team)
        is_changed = True
    return is_changed
