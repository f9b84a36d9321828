"""What do the names in stored events mean, by what the directory knows now?"""

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeAlias

from afterword.domain.people.identity import (
    IdentityKind,
    IdentityRules,
    Known,
    find_person,
    name_handles,
    normalise,
    resolve,
    unknown_handles,
)
from afterword.storage import people, revision
from afterword.storage.engine import Connection
from afterword.storage.event_handles import EventHandles

Who: TypeAlias = tuple[int, str | None, str | None, str | None]
"""A project and the handles that one of its events names: e-mail, GitHub, GitLab."""


class Meaning(StrEnum):
    """What a name means when it means no person."""

    BOT = "a bot"
    JUNK = "junk"
    UNKNOWN = "nobody who is known"


def who_of(event: EventHandles) -> Who:
    """Whom an event names; most events name the same people as those before."""
    return event.project_id, event.email, event.github_username, event.gitlab_username


def find_meaning(
    kind: IdentityKind, name: str, known: Known, rules: IdentityRules, project_id: int
) -> int | Meaning:
    """The id of the person that a normalised name means, or what else it is."""
    if rules.is_bot(name):
        return Meaning.BOT
    if rules.is_junk(kind, name, project_id) and not rules.is_bare(kind, name, project_id):
        return Meaning.JUNK
    person_id = find_person(kind, name, known, rules, project_id)
    return Meaning.UNKNOWN if person_id is None else person_id


def names_of(who: Who) -> dict[IdentityKind, str]:
    """Kind → normalised name."""
    return {kind: normalise(kind, handle) for kind, handle in handles_of(who).items()}


def handles_of(who: Who) -> dict[IdentityKind, str]:
    """Kind → handle as it was sent."""
    return name_handles(email=who[1], github_username=who[2], gitlab_username=who[3])


def readings_of(who: Who, rules: IdentityRules) -> set[people.Handle]:
    """All handles that the names of an event may stand for."""
    return {
        (kind, reading)
        for kind, name in names_of(who).items()
        for reading in rules.readings(kind, name, who[0])
    }


class NameReader:
    """
    Reads names by what the database knows at one revision.

    Attributes:
        revision: What is read is true of this revision; whoever writes it down must find it unchanged.
    """

    def __init__(self, connection: Connection, rules: IdentityRules, wanted: Iterable[people.Handle]) -> None:
        self.revision = revision.current(connection)
        self.known = people.find_owners(connection, wanted)
        self._rules = rules
        self._found: dict[tuple[Who, int | None], int | None] = {}

    def find_unknown(self, who: Who) -> dict[IdentityKind, str]:
        """Kind → normalised name of those that could mean somebody and do not."""
        return unknown_handles(handles_of(who), self.known, self._rules, who[0])

    def find_person(self, who: Who, before: int | None) -> int | None:
        """
        Whose an event is.

        A name that somebody gave up says nothing about the past: what they did under it stays theirs. A
        name without a domain is different: what it means is up to the rules.

        Args:
            before: Whose it was until now.
        """
        key = who, before
        if key not in self._found:
            self._found[key] = self._find_person(who, before)
        return self._found[key]

    def find_named(self, who: Who) -> int | None:
        """Whom the names of an event mean, whoever had them before."""
        return resolve(handles_of(who), self.known, self._rules, who[0]).person_id

    def _find_person(self, who: Who, before: int | None) -> int | None:
        if not handles_of(who):
            return before
        found = self.find_named(who)
        if found is not None or before is None:
            return found
        owners = {self.known.get(reading) for reading in readings_of(who, self._rules)}
        given_up = any(
            kind is not IdentityKind.EMAIL or "@" in name for kind, name in self.find_unknown(who).items()
        )
        return before if given_up and before not in owners else None
