"""What is everything that is kept about a person?"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from afterword.domain.errors import NotFoundError
from afterword.domain.people.identity import name_handles, resolve
from afterword.flows.people.known_handles import KnownHandles
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import (
    decisions,
    erasure,
    events,
    identity_rules,
    invitations,
    people,
    preferences,
    projects,
    responses,
    sources,
    trigger_matches,
    unresolved,
)
from afterword.storage.decisions import Entry
from afterword.storage.engine import Connection, Database
from afterword.storage.erasure import NamedEvent
from afterword.storage.invitations import Invitation
from afterword.storage.people import Person
from afterword.storage.responses import Response

T = TypeVar("T")

ROWS_AT_ONCE = 1_000
"""Decisions or invitations of one read."""

PIECE_CHARS = 65_536
"""About as much text as is handed on at once."""

EVENTS_AT_ONCE = 50_000
"""Events of everybody that one read looks through, in some hundredths of a second."""

NAMES_REMEMBERED = 10_000
"""Sets of handles that are not resolved anew for each event."""


def export_person(
    database: Database, clock: Clock, person_id: int, *, with_named: bool = False
) -> Iterator[str]:
    """
    All that is kept about a person and whoever was merged with them, as one JSON object, piece by piece.

    Each piece is read by itself: a reader who is slow holds nothing open. All events are looked through,
    as there is no index of them by person.

    Args:
        with_named: Also the events that name one of their handles and are not attributed to them. That
            reads the handles of everybody's events, a few seconds for each million.

    Raises:
        NotFoundError: There is no such person.
    """
    now = to_datetime(clock.now_us())
    with database.read() as connection:
        person = people.get_person(connection, person_id)
        if person is None:
            raise NotFoundError("there is no such person")
        ids = erasure.list_same_people(connection, person_id)
        about = {"exported_at": now} | _about(connection, person, ids)
        newest_id = events.find_newest_id(connection)
    lists = {
        "invitations": _list_invitations(database, ids),
        "decisions": _list_decisions(database, ids),
        "events": _list_events(database, ids, newest_id, with_named=with_named),
    }
    return _joined(_pieces(about, lists))


def _joined(pieces: Iterator[str]) -> Iterator[str]:
    """The same text in fewer pieces: the web hands each one from thread to thread."""
    kept: list[str] = []
    chars = 0
    for piece in pieces:
        kept.append(piece)
        chars += len(piece)
        if chars >= PIECE_CHARS:
            yield "".join(kept)
            kept, chars = [], 0
    yield "".join(kept)


def _pieces(about: dict[str, Any], lists: dict[str, Iterator[dict[str, Any]]]) -> Iterator[str]:
    yield _json(about).removesuffix("}")
    for name, items in lists.items():
        yield f',\n"{name}": ['
        for number, item in enumerate(items):
            yield (",\n" if number else "\n") + _json(item)
        yield "]"
    yield "}\n"


def _about(connection: Connection, person: Person, ids: Sequence[int]) -> dict[str, Any]:
    known = _columns(person)
    del known["handles"]
    # Who was merged into somebody has none: they moved.
    handles = people.list_identities(connection, [person.id]).get(person.id, [])
    return {
        "person": known,
        "handles": [
            {"kind": one.kind, "value": one.value, "shown": one.shown, "known_at": one.known_at}
            for one in handles
        ],
        "opt_outs": [_columns(one) for each in ids for one in preferences.list_opt_outs(connection, each)],
        "sources": [
            one._asdict() | {"details": _load(one.details)}
            for one in sources.list_sources_of(connection, ids)
        ],
        "merges": [
            _columns(one) | {"moved": _load(one.moved)} for one in preferences.list_merges(connection, ids)
        ],
        "trigger_matches": [
            one._asdict() | {"role": one.role.value}
            for one in trigger_matches.list_of_people(connection, ids)
        ],
        "first_events": [
            {"project_id": project_id, "at": at}
            for (_, project_id), at in trigger_matches.list_first_events(connection, ids).items()
        ],
        "unresolved": [
            _columns(one)
            for one in unresolved.list_of_handles(connection, [(one.kind, one.value) for one in handles])
        ],
    }


def _list_invitations(database: Database, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    def read(connection: Connection, after: Invitation | None) -> Sequence[Invitation]:
        after_id = after.id if after else 0
        return invitations.list_of_people(connection, ids, after_id=after_id, limit=ROWS_AT_ONCE)

    for part in _parts(database, read):
        with database.read() as connection:
            given = responses.list_responses(connection, [one.id for one in part])
        for one in part:
            response = {"anonymous": True} if one.is_answered_apart else _response(given.get(one.id))
            yield _columns(one) | {"response": response}


def _response(response: Response | None) -> dict[str, Any] | None:
    if response is None:
        return None
    return {
        "created_at": response.created_at,
        "updated_at": response.updated_at,
        "is_whole": response.is_whole,
        "answers": response.values,
    }


def _list_decisions(database: Database, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    def read(connection: Connection, after: Entry | None) -> Sequence[Entry]:
        place = (after.event_id, after.survey_id) if after else (0, 0)
        return decisions.list_of_people(connection, ids, after=place, limit=ROWS_AT_ONCE)

    for part in _parts(database, read):
        for entry in part:
            verdicts = [
                {"reason": one.reason.label, "passed": one.passed, "saw": dict(one.saw)}
                for one in entry.verdicts
            ]
            yield _columns(entry) | {"reason": entry.reason.label, "verdicts": verdicts}


def _list_events(
    database: Database, ids: Sequence[int], newest_id: int, *, with_named: bool
) -> Iterator[dict[str, Any]]:
    with database.read() as connection:
        names = {one.id: one.name for one in projects.list_projects(connection)}
        is_theirs = _names_them(connection, ids) if with_named else None
    for from_id in range(1, newest_id + 1, EVENTS_AT_ONCE):
        to_id = from_id + EVENTS_AT_ONCE - 1
        with database.read() as connection:
            if is_theirs is None:
                part = events.list_of_people(connection, ids, from_id=from_id, to_id=to_id)
            else:
                found = [one.id for one in erasure.list_named(connection, from_id, to_id) if is_theirs(one)]
                part = events.list_by_ids(connection, found)
        for one in part:
            kept = _columns(one)
            del kept["person_email"]
            yield kept | {"project": names.get(one.project_id), "metadata": _load(one.metadata)}


def _names_them(connection: Connection, ids: Collection[int]) -> Callable[[NamedEvent], bool]:
    """Tells whether an event is attributed to these people, or names one of their handles."""
    known = KnownHandles(people.read_handles(connection))
    rules = identity_rules.read_rules(connection)

    @lru_cache(NAMES_REMEMBERED)
    def is_named(project_id: int, email: str | None, github: str | None, gitlab: str | None) -> bool:
        named = name_handles(email=email, github_username=github, gitlab_username=gitlab)
        # Each handle by itself: the second one of an event may be theirs, too.
        return any(
            resolve({kind: handle}, known, rules, project_id).person_id in ids
            for kind, handle in named.items()
        )

    def is_theirs(event: NamedEvent) -> bool:
        return event.person_id in ids or is_named(
            event.project_id, event.email, event.github_username, event.gitlab_username
        )

    return is_theirs


def _parts(database: Database, read: Callable[[Connection, T | None], Sequence[T]]) -> Iterator[Sequence[T]]:
    last: T | None = None
    while True:
        with database.read() as connection:
            part = read(connection, last)
        if part:
            yield part
        if len(part) < ROWS_AT_ONCE:
            return
        last = part[-1]


def _load(text: str | None) -> Any:
    """What is kept as JSON in a column, as what it says."""
    return None if text is None else json.loads(text)


def _columns(row: Any) -> dict[str, Any]:
    """A row's values by name; dataclasses.asdict would copy each one, which was most of the time."""
    return {item.name: getattr(row, item.name) for item in fields(row)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case Iterable():
            return list(value)
    raise TypeError(f"can't write a {type(value).__name__}")
