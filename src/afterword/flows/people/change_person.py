"""How does somebody at a terminal change what is known of one person?"""

from collections.abc import Mapping
from typing import Any

from afterword.domain.errors import ConflictError, InvalidInputError
from afterword.domain.people.identity import IdentityKind
from afterword.domain.people.person import PersonRecord
from afterword.domain.people.source import Source
from afterword.flows.people.find_people import get_person
from afterword.flows.people.save_people import save_people
from afterword.flows.people.saved_people import Change
from afterword.flows.people.tombstones import Tombstones
from afterword.kit.clock import Clock
from afterword.storage import identity_rules, merges
from afterword.storage.engine import Database


def change_person(
    database: Database, clock: Clock, tombstoned: Tombstones, who: str, changes: Mapping[str, Any]
) -> Change | None:
    """
    Change some fields of a person.

    Args:
        who: An address, a user name or an id.
        changes: Fields of ``PersonRecord`` → values; handles take the place of all of their kind.

    Returns:
        What changed; None when all was so already.

    Raises:
        NotFoundError, ConflictError: It means nobody, several people, or somebody who was merged.
        InvalidInputError: A value can't be used; nothing was changed.
    """
    with database.read() as connection:
        person = get_person(connection, who)
        rules = identity_rules.read_rules(connection)
        if (kept_id := merges.find_kept(connection, person.id)) != person.id:
            raise ConflictError(
                f"the person {person.id} was merged into the person {kept_id}: change that one"
            )
    record = PersonRecord(where=who, person_id=person.id, replaces=frozenset(IdentityKind), **changes)
    saved = save_people(
        database, clock, [record], source=Source.HERE, tombstoned=tombstoned, rules=rules, makes_new=False
    )
    if saved.refusals:
        raise InvalidInputError(f"{saved.refusals[0]}; nothing was changed")
    return saved.changes[0] if saved.changes else None
