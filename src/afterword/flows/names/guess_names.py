"""Whom could the unknown names mean?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from afterword.domain.people.identity import EVENT_KINDS
from afterword.domain.people.likeness import Candidate, PeopleByParts, guess
from afterword.kit.clock import SECOND_US, Clock
from afterword.storage import people
from afterword.storage.engine import Connection, Database
from afterword.storage.people import Person
from afterword.storage.unresolved import Key, UnknownName

INDEX_KEPT_US = 600 * SECOND_US
"""How long the names of all people are remembered for guesses, unless people come or go."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A person whom a name may mean, and why."""

    person_id: int
    person_name: str
    email: str
    score: float
    reason: str


class Guesser:
    """
    Suggests people for names.

    Which people come into question is looked up by the parts of their names in memory: it takes some
    seconds to read 100,000 people, and then a millisecond for a name. What is said of them is read anew.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._index: PeopleByParts | None = None
        self._count = -1
        self._made_at_us = 0

    def suggest(self, names: Sequence[UnknownName]) -> dict[Key, list[Suggestion]]:
        """Names → at most three people each, the likeliest first."""
        with self._database.read_whole() as connection:
            index = self._current(connection)
            found = {name.key: index.find(name.value) for name in names}
            ids = {person_id for some in found.values() for person_id in some}
            persons = people.get_people(connection, ids)
        return {name.key: _suggest(name.value, found[name.key], persons) for name in names}

    def _current(self, connection: Connection) -> PeopleByParts:
        now_us, count = self._clock.steady_us(), people.count_people(connection)
        if self._index is None or count != self._count or now_us - self._made_at_us > INDEX_KEPT_US:
            texts = people.read_texts(connection)
            self._index = PeopleByParts(Candidate(person_id, given) for person_id, given in texts)
            self._count, self._made_at_us = count, now_us
        return self._index


def _suggest(value: str, ids: Iterable[int], persons: dict[int, Person]) -> list[Suggestion]:
    known = [persons[one] for one in ids if one in persons and persons[one].is_there]
    return [
        Suggestion(
            one.person_id,
            persons[one.person_id].name,
            persons[one.person_id].email,
            one.score,
            one.reason,
        )
        for one in guess(value, [Candidate(person.id, _texts(person)) for person in known])
    ]


def _texts(person: Person) -> list[str]:
    handles = [handle for kind in EVENT_KINDS for handle in person.handles.get(kind, ())]
    return list(dict.fromkeys([person.name, person.email, *handles]))
