"""What do we keep about a person?"""

import json
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

from afterword.domain.errors import NotFoundError
from afterword.domain.identity import name_handles, resolve
from afterword.domain.reason import Reason
from afterword.flows.known_handles import KnownHandles
from afterword.storage import erasure, identity_rules, people, portrait
from afterword.storage.engine import Connection, Database
from afterword.storage.erasure import NamedEvent

EVENTS_AT_ONCE = 20_000
_JSON_FIELDS = ("metadata", "moved", "verdicts", "value")


def export_person(database: Database, person_id: int) -> dict[str, Any]:
    """
    All that is kept about a person, and about whoever was merged with them; JSON can say all of it.

    Reads all events, since none of their indices knows of people.

    Raises:
        NotFoundError: There is no such person.
    """
    with database.read_whole() as connection:
        ids = erasure.list_same_people(connection, person_id)
        found = people.get_people(connection, ids)
        if person_id not in found:
            raise NotFoundError("there is no such person")
        handles = [
            (one.kind, one.value)
            for given in people.list_identities(connection, ids).values()
            for one in given
        ]
        answers = _readable(portrait.list_answers(connection, ids))
        invitations = portrait.list_invitations(connection, ids)
        for one in invitations:
            one["answers"] = {
                item["question_key"]: item["value"] for item in answers if item["invitation_id"] == one["id"]
            }
        return {
            "person": _person(found[person_id]),
            "handles": portrait.list_handles(connection, ids),
            "opt_outs": portrait.list_opt_outs(connection, ids),
            "accounts": portrait.list_accounts(connection, ids),
            "merges": _readable(portrait.list_merges(connection, ids)),
            "unresolved": portrait.list_unresolved(connection, handles),
            "invitations": invitations,
            "decisions": _decisions(connection, ids),
            "events": _readable(portrait.list_events(connection, _find_events(connection, ids))),
        }


def _person(person: people.Person) -> dict[str, Any]:
    fields = asdict(person)
    del fields["handles"]
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()
    }


def _decisions(connection: Connection, ids: Collection[int]) -> list[dict[str, Any]]:
    found = _readable(portrait.list_decisions(connection, ids))
    for one in found:
        one["reason"] = Reason(one["reason"]).label
        one["verdicts"] = [
            {"reason": Reason(code).label, "passed": passed, "saw": saw}
            for code, passed, saw in one["verdicts"]
        ]
    return found


def _readable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is kept as JSON in a column, as what it says."""
    for row in rows:
        for name in _JSON_FIELDS:
            if isinstance(text := row.get(name), str):
                row[name] = json.loads(text)
    return rows


def _find_events(connection: Connection, ids: Collection[int]) -> list[int]:
    """The events that are attributed to these people, or name one of their handles."""
    known = KnownHandles(people.read_handles(connection))
    rules = identity_rules.read_rules(connection)
    remembered: dict[tuple[object, ...], bool] = {}

    def names_them(event: NamedEvent) -> bool:
        named = name_handles(
            email=event.email, github_username=event.github_username, gitlab_username=event.gitlab_username
        )
        # Each handle by itself: the second one of an event may be theirs, too.
        return any(
            resolve({kind: handle}, known, rules, event.project_id).person_id in ids
            for kind, handle in named.items()
        )

    found = []
    last_id = erasure.find_last_event_id(connection)
    for first in range(1, last_id + 1, EVENTS_AT_ONCE):
        for event in erasure.list_named(connection, first, first + EVENTS_AT_ONCE - 1):
            key = event.project_id, event.email, event.github_username, event.gitlab_username
            if key not in remembered:
                remembered[key] = names_them(event)
            if event.person_id in ids or remembered[key]:
                found.append(event.id)
    return found
