"""Whom does an e-mail address or a user name mean?"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Protocol

JUNK = frozenset({"unknown", "null", "none", "n/a", "undefined", "anonymous"})
"""What tools send when they do not know who it was."""

BOT_PATTERN = "*[bot]"

PATTERN_STARS_MAX = 3
"""Stars of one pattern: more are never needed, and each makes a text that almost matches dearer."""


class IdentityKind(StrEnum):
    """The handles that mean a person; events have the first three, and are believed in this order."""

    EMAIL = "email"
    GITHUB = "github_username"
    GITLAB = "gitlab_username"
    SLACK = "slack_id"
    TEAMS = "teams_id"


EVENT_KINDS = (IdentityKind.EMAIL, IdentityKind.GITHUB, IdentityKind.GITLAB)


class IdentityWarning(StrEnum):
    """What the owners of a project should know about how it names people."""

    UNRESOLVED = "unresolved_identity"
    CONFLICT = "identity_conflict"
    JUNK = "junk_identity"
    BOT = "bot_identity"

    @property
    def message(self) -> str:
        """What to tell the owners, without the handle itself."""
        return _MESSAGES[self]


_MESSAGES = {
    IdentityWarning.UNRESOLVED: "An event names a person that the directory does not know: import people.",
    IdentityWarning.CONFLICT: "An event names two different people; the first one was taken.",
    IdentityWarning.JUNK: "An event says that it does not know who did it, or gives no full address: "
    "`afterword name rule add domain` says what a name without a domain means.",
    IdentityWarning.BOT: "An event was done by a bot.",
}


@dataclass(frozen=True, slots=True)
class Resolution:
    """
    Whom an event is attributed to (None = nobody), and what to warn about.

    Attributes:
        is_erased: It names a person who was erased: nothing of that may be kept.
    """

    person_id: int | None
    warnings: tuple[IdentityWarning, ...] = ()
    is_bot: bool = False
    is_erased: bool = False


class Known(Protocol):
    """Whom handles mean: (kind, normalised handle) → person id."""

    def get(self, key: tuple[IdentityKind, str], /) -> int | None:
        """The person's id; None when nobody has the handle."""


@dataclass(frozen=True)
class IdentityRules:
    """
    What an organisation's tools mean by the handles that they send.

    Attributes:
        domains: Project id → the domain of addresses that come without one; 0 is every other project.
        moved_domains: Old domain → the one that took its place.
        drops_tags: ``ada+ci@example.com`` also means ``ada@example.com``.
        junk: Normalised values that name nobody, beside JUNK.
        bots: Patterns of bots' names, beside BOT_PATTERN; ``*`` is any text, ``?`` any one letter.
    """

    domains: Mapping[int, str] = field(default_factory=dict)
    moved_domains: Mapping[str, str] = field(default_factory=dict)
    drops_tags: bool = False
    junk: frozenset[str] = frozenset()
    bots: tuple[str, ...] = ()

    @cached_property
    def _bot(self) -> re.Pattern[str]:
        return re.compile("|".join(_as_regex(pattern) for pattern in (BOT_PATTERN, *self.bots)), re.DOTALL)

    def is_bot(self, name: str) -> bool:
        """Whether a normalised handle is a bot's."""
        return self._bot.fullmatch(name) is not None

    def is_junk(self, kind: IdentityKind, name: str, project_id: int) -> bool:
        """Whether a normalised handle can't mean anybody."""
        if name in JUNK or name in self.junk:
            return True
        return self.is_bare(kind, name, project_id)

    def is_bare(self, kind: IdentityKind, name: str, project_id: int) -> bool:
        """Whether an address comes without a domain, and no rule says which one it means."""
        return kind is IdentityKind.EMAIL and "@" not in name and not self._domain(project_id)

    def could_be_known(self, name: str) -> bool:
        """Whether a normalised handle may mean somebody, if only by a rule that is not there yet."""
        return not (self.is_bot(name) or name in JUNK or name in self.junk)

    def readings(self, kind: IdentityKind, name: str, project_id: int) -> Iterator[str]:
        """All that a normalised handle may stand for, the most literal first."""
        if kind is IdentityKind.EMAIL and "@" not in name and (domain := self._domain(project_id)):
            name = f"{name}@{domain}"
        yield name
        if kind is not IdentityKind.EMAIL:
            return
        local, _, domain = name.rpartition("@")
        plain = local.partition("+")[0] if self.drops_tags else ""
        moved = self.moved_domains.get(domain)
        if plain and plain != local:
            yield f"{plain}@{domain}"
        if moved:
            yield f"{local}@{moved}"
            if plain and plain != local:
                yield f"{plain}@{moved}"

    def _domain(self, project_id: int) -> str | None:
        return self.domains.get(project_id) or self.domains.get(0)


NO_RULES = IdentityRules()


def _as_regex(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")


def name_handles(
    *, email: str | None, github_username: str | None, gitlab_username: str | None
) -> dict[IdentityKind, str]:
    """The handles that an event names, without the absent ones."""
    named = {
        IdentityKind.EMAIL: email,
        IdentityKind.GITHUB: github_username,
        IdentityKind.GITLAB: gitlab_username,
    }
    return {kind: handle for kind, handle in named.items() if handle is not None}


def normalise(kind: IdentityKind, value: str) -> str:
    """
    Bring a handle into the form by which it is compared.

    Trimmed, NFC, lower case; one leading ``@`` of a user name dropped. Not
    NFKC: a full-width name is someone else.
    """
    value = value.strip()
    if kind in (IdentityKind.GITHUB, IdentityKind.GITLAB) and value.startswith("@"):
        value = value[1:]
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", value).lower())


def find_person(
    kind: IdentityKind, name: str, known: Known, rules: IdentityRules, project_id: int
) -> int | None:
    """Whom does one normalised handle mean? None = nobody."""
    for reading in rules.readings(kind, name, project_id):
        if (person_id := known.get((kind, reading))) is not None:
            return person_id
    return None


def resolve(
    handles: Mapping[IdentityKind, str],
    known: Known,
    rules: IdentityRules = NO_RULES,
    project_id: int = 0,
) -> Resolution:
    """
    Find the person that an event's handles mean.

    Args:
        handles: The handles as sent, blank ones left out.
        known: The directory.
        rules: What the organisation's tools mean by handles.
        project_id: Whose event it is; rules may be for one project only.

    Returns:
        The person named by the first handle that is known: e-mail, then
        GitHub, then GitLab. A second one that means somebody else is a
        conflict; it warns and changes nothing.
    """
    warnings: list[IdentityWarning] = []
    found: list[int] = []
    is_bot = False
    for kind in EVENT_KINDS:
        handle = handles.get(kind)
        if handle is None:
            continue
        name = normalise(kind, handle)
        if rules.is_bot(name):
            is_bot = True
            warnings.append(IdentityWarning.BOT)
        elif rules.is_junk(kind, name, project_id):
            warnings.append(IdentityWarning.JUNK)
        elif (person_id := find_person(kind, name, known, rules, project_id)) is not None:
            found.append(person_id)
        else:
            warnings.append(IdentityWarning.UNRESOLVED)
    if len(set(found)) > 1:
        warnings.append(IdentityWarning.CONFLICT)
    if found:
        # One handle is enough to know who it was: the others need no warning.
        warnings = [warning for warning in warnings if warning is not IdentityWarning.UNRESOLVED]
    return Resolution(found[0] if found else None, tuple(dict.fromkeys(warnings)), is_bot)


def unknown_handles(
    handles: Mapping[IdentityKind, str], known: Known, rules: IdentityRules, project_id: int
) -> dict[IdentityKind, str]:
    """
    Kind → normalised handle of those that could mean somebody and do not, whoever the event is of.

    Also an address without a domain: a rule would say which one it means.
    """
    names = {kind: normalise(kind, handles[kind]) for kind in EVENT_KINDS if kind in handles}
    return {
        kind: name
        for kind, name in names.items()
        if rules.could_be_known(name) and find_person(kind, name, known, rules, project_id) is None
    }
