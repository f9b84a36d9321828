"""Who was erased, and which events are theirs?"""

from afterword.domain.errors import ConflictError
from afterword.domain.people.identity import IdentityKind, IdentityRules, name_handles, normalise
from afterword.flows.people.known_handles import KnownHandles
from afterword.flows.people.tombstones import Tombstones
from afterword.storage import erasure, identity_rules, people, revision, tombstones
from afterword.storage.engine import Connection, Database
from afterword.storage.erasure import NamedEvent
from afterword.storage.people import Person

REMEMBERED_MAX = 200_000
"""Combinations of handles whose answer is remembered: events come from the same people again and again."""


def find_subject(database: Database, who: str) -> Person | None:
    """
    Whom an address, a user name or an id of a chat means; None when nobody has it.

    Raises:
        ConflictError: It is the name of several people, each in another tool.
    """
    handles = [(kind, normalise(kind, who)) for kind in IdentityKind]
    with database.read() as connection:
        owners = set(people.find_owners(connection, handles).values())
        if len(owners) > 1:
            raise ConflictError("several people have this name, each in another tool: give an e-mail address")
        return people.get_person(connection, owners.pop()) if owners else None


def is_erased(database: Database, tombstoned: Tombstones, who: str) -> bool:
    """Whether a handle belonged to somebody who was erased."""
    with database.read() as connection:
        return bool(tombstones.find_tombstones(connection, _hashes(connection, tombstoned, who)))


def forget_erased(database: Database, tombstoned: Tombstones, who: str) -> int:
    """Let a handle of somebody who was erased be used again; how many tools' names that were."""
    with database.write() as connection:
        revision.bump(connection)
        return tombstones.remove_tombstones(connection, _hashes(connection, tombstoned, who))


def list_erased(database: Database) -> list[str]:
    """The keyed hashes of the handles of everybody who was erased."""
    with database.read() as connection:
        return sorted(one.hex() for one in tombstones.list_tombstones(connection))


def _hashes(connection: Connection, tombstoned: Tombstones, who: str) -> list[bytes]:
    rules = identity_rules.read_rules(connection)
    return [one for kind in IdentityKind for one in tombstoned.readings(kind, normalise(kind, who), rules)]


class Finder:
    """Says of stored events and handles whether they are somebody's who was erased."""

    def __init__(self, connection: Connection, tombstoned: Tombstones) -> None:
        self._hashes = tombstones.list_tombstones(connection)
        self._people = erasure.list_erased(connection)
        self._known = KnownHandles(people.read_handles(connection))
        self._rules: IdentityRules = identity_rules.read_rules(connection)
        self._tombstoned = tombstoned
        self._remembered: dict[tuple[object, ...], bool] = {}

    def is_erased(self, event: NamedEvent) -> bool:
        """Whether it is attributed to one, or one of its handles was one's."""
        if event.person_id in self._people:
            return True
        key = event.project_id, event.email, event.github_username, event.gitlab_username
        if (answer := self._remembered.get(key)) is None:
            if len(self._remembered) >= REMEMBERED_MAX:
                self._remembered.clear()
            named = name_handles(email=key[1], github_username=key[2], gitlab_username=key[3])
            answer = self._tombstoned.names_erased(
                named, self._hashes, self._known, self._rules, event.project_id
            )
            self._remembered[key] = answer
        return answer

    def had(self, kind: str, handle: str) -> bool:
        """Whether a normalised handle was one's."""
        return self._tombstoned.hash(IdentityKind(kind), handle) in self._hashes
