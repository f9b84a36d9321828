"""What is everything that is kept about a person?"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from afterword.flows.links import Ticket
from afterword.flows.preferences import find_guest
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import decisions, events, invitations, people, preferences, responses, sources
from afterword.storage.decisions import Entry
from afterword.storage.engine import Connection, Database
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


def copy_person(database: Database, clock: Clock, ticket: Ticket | None) -> Iterator[str] | None:
    """
    All that is kept about a person, as the text of one JSON object, piece by piece.

    Each piece is read by itself: a reader who is slow holds nothing open. All events are looked through,
    as there is no index of them by person.

    Returns:
        The pieces; None when the link lets nobody in.
    """
    now = to_datetime(clock.now_us())
    with database.read() as connection:
        person = find_guest(connection, ticket)
        if person is None:
            return None
        ids = preferences.list_merged_ids(connection, person.id)
        about = {"exported_at": now} | _about(connection, person, ids)
        newest_id = events.find_newest_id(connection)
    lists = {
        "invitations": _list_invitations(database, ids),
        "decisions": _list_decisions(database, ids),
        "events": _list_events(database, ids, newest_id),
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
    return {
        "person": known,
        "handles": [
            {"kind": one.kind, "value": one.value, "shown": one.shown, "known_at": one.known_at}
            for one in people.list_identities(connection, [person.id]).get(person.id, [])
        ],
        "opt_outs": [_columns(one) for one in preferences.list_opt_outs(connection, person.id)],
        "sources": [one._asdict() for one in sources.list_sources_of(connection, ids)],
        "merges": [
            {"kept_id": kept, "merged_id": merged, "merged_at": at, "undone_at": undone_at}
            for kept, merged, at, undone_at in preferences.list_merges(connection, person.id)
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
            yield _columns(one) | {"response": _response(given.get(one.id))}


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


def _list_events(database: Database, ids: Sequence[int], newest_id: int) -> Iterator[dict[str, Any]]:
    for from_id in range(1, newest_id + 1, EVENTS_AT_ONCE):
        to_id = from_id + EVENTS_AT_ONCE - 1
        with database.read() as connection:
            part = events.list_of_people(connection, ids, from_id=from_id, to_id=to_id)
        for one in part:
            kept = _columns(one)
            del kept["person_email"]
            yield kept | {"metadata": None if one.metadata is None else json.loads(one.metadata)}


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
