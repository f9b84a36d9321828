"""A person of whom every field holds a word that nothing else does; and who looks for it, however encoded."""

import base64
import json
import quopri
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from afterword.domain.event import Event
from afterword.domain.people.person import PersonRecord
from afterword.domain.people.source import Source
from afterword.flows.invitations.submit_response import submit_response
from afterword.flows.people.save_people import save_people
from afterword.storage import sources
from afterword.storage.tables import (
    attribution,
    opt_out,
    person,
    person_merge,
    source_member,
    unresolved,
)
from tests.flows.door import opened_door, submission
from tests.flows.world import EAGER, World
from tests.storage.support import START, START_US

WORD = "zwitschermaschine"
OTHER = "ключик"
"""Not ASCII: JSON may escape it, mails encode it."""

EMAIL = f"{WORD}.mail@example.com"


def encodings(word: str) -> Iterator[bytes]:
    """The word as files may hold it."""
    for text in {word, word.upper(), word.capitalize()}:
        plain = text.encode()
        yield plain
        yield text.encode("utf-16-le")
        yield text.encode("utf-16-be")
        yield json.dumps(text)[1:-1].encode()
        yield quopri.encodestring(plain)
        for shift in range(3):
            # Base64 of a text in the middle of another one: three ways, without the letters at its ends.
            yield base64.b64encode(b"x" * shift + plain)[4:-4]


PATTERNS = {word: sorted(set(encodings(word))) for word in (WORD, OTHER)}


def find_canary(folder: Path) -> list[str]:
    """The files that hold one of the words, and as what."""
    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        found += [
            f"{path.relative_to(folder)}: {pattern!r}"
            for patterns in PATTERNS.values()
            for pattern in patterns
            if pattern in content
        ]
    return found


@dataclass
class Canary:
    """The person, and the events that are theirs."""

    person_id: int
    event_ids: list[int]


def record(number: int = 0, **changes: object) -> PersonRecord:
    """All that a source can say about a person; with a number one of their kind."""
    mark = f"{WORD}{number or ''}"
    given = {
        "where": f"line {number}",
        "emails": (f"{mark}.mail@example.com", f"{mark}.second@example.com"),
        "name": f"{mark.capitalize()} {OTHER.capitalize()}",
        "github_usernames": (f"{mark}-gh", f"{mark}-gh2"),
        "gitlab_usernames": (f"{mark}-gl",),
        "slack_id": f"{mark}-slack",
        "teams_id": f"{mark}-teams",
        "timezone": "Europe/Berlin",
        "locale": "de",
        "start_date": "2020-02-02",
        "team": "Build",
        "attributes": {"Office": (f"{mark} {OTHER}", f"{mark} tower")},
        "external_id": f"{mark}-id",
    }
    return PersonRecord(**{**given, **changes})  # type: ignore[arg-type]


def let_live(world: World, mailbox: Path) -> Canary:
    """Put the person into everything that can hold something of one."""
    world.add_survey(throttle=EAGER)
    saved = save_people(
        world.database, world.clock, [record()], source=Source.GITHUB, tombstoned=world.tombstoned
    )
    (person_id,) = saved.person_ids.values()
    said = json.dumps({"author": WORD, "note": OTHER}, ensure_ascii=False)
    world.clock.advance(1)
    first = world.invite(email=EMAIL, metadata=said, person_id=person_id)
    texts = {"satisfaction": ["2"], "comment": [f"{WORD} says {OTHER} " * 40]}
    submit_response(world.database, world.clock, world.ticket(first), texts)
    mailbox.mkdir(exist_ok=True)
    (mailbox / f"{first.message_id}-localhost.eml").write_text(f"To: {WORD} <x@example.com>\n\n{OTHER}")
    (mailbox / "other.77.draft").write_text(f"To: {EMAIL}\n\nHello {WORD}")
    ids = [first.event_id]
    ids.append(world.add_event(email=None, github_username=f"@{WORD}-GH", metadata=said, name=WORD))
    ids.append(world.add_event(email="bob@example.com", gitlab_username=f"{WORD}-gl", metadata=said))
    event = Event(f"{WORD}.done", START_US, f" {EMAIL}".strip(), None, None, said, is_test=False)
    with opened_door(world.database, world.clock) as door:
        key = f"{WORD}-{OTHER}"
        door.send(submission(world.project_id, key=key, arguments=event.digest(), event=event))
    ids.append(ids[-1] + 1)
    _fill_tables(world, person_id)
    return Canary(person_id, ids)


def _fill_tables(world: World, person_id: int) -> None:
    """What other parts of the product write."""
    moved = json.dumps({"name": OTHER, "handles": [WORD]})
    with world.database.write() as connection:
        values = {"opted_out_at": START, "snoozed_until": START, "quiet_from": 1, "quiet_until": 2}
        connection.execute(sa.update(person).where(person.c.id == person_id).values(**values))
        row = {"person_id": person_id, "scope": "channel", "value": WORD, "created_at": START}
        connection.execute(sa.insert(opt_out), [row])
        old = {"email": f"{WORD}.old@example.com", "name": WORD, "created_at": START, "is_active": False}
        old_id = connection.execute(sa.insert(person).values(**old).returning(person.c.id)).scalar_one()
        merge = {"kept_id": person_id, "merged_id": old_id, "moved": moved, "merged_at": START}
        connection.execute(sa.insert(person_merge), [merge])
        work = {"kind": "github_username", "value": f"{WORD}-gh", "next_event_id": 1, "last_event_id": 1}
        connection.execute(sa.insert(attribution), [work | {"created_at": START}])
        unknown = {
            "kind": "email",
            "value": EMAIL,
            "project_id": world.project_id,
            "shown": EMAIL,
            "events": 1,
        }
        times = {"first_at": START, "last_at": START, "first_event_id": 1, "last_event_id": 1}
        connection.execute(sa.insert(unresolved), [unknown | times])
        connection.execute(
            sa.update(source_member)
            .where(source_member.c.person_id == person_id)
            .values(client_id=WORD, details=json.dumps({"title": OTHER, "name": {"formatted": WORD}}))
        )
        sources.set_status(connection, "github", pending=json.dumps([f"{WORD}-gh", OTHER]), error=WORD)


def keys_at(world: World) -> list[str]:
    """All idempotency keys."""
    with world.database.read() as connection:
        return list(connection.exec_driver_sql("SELECT key FROM idempotency ORDER BY key").scalars())
