"""Whom does an e-mail address or a user name mean?"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

JUNK = frozenset({"unknown", "null", "none", "n/a", "undefined", "anonymous"})
"""What tools send when they do not know who it was."""

BOT_SUFFIX = "[bot]"


class IdentityKind(StrEnum):
    """The handles by which tools name a person, in the order in which they are believed."""

    EMAIL = "email"
    GITHUB = "github_username"
    GITLAB = "gitlab_username"


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
    IdentityWarning.JUNK: "An event says that it does not know who did it, or gives no real address.",
    IdentityWarning.BOT: "An event was done by a bot.",
}


@dataclass(frozen=True, slots=True)
class Resolution:
    """Whom an event is attributed to (None = nobody), and what to warn about."""

    person_id: int | None
    warnings: tuple[IdentityWarning, ...] = ()
    is_bot: bool = False


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
    if kind is not IdentityKind.EMAIL and value.startswith("@"):
        value = value[1:]
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", value).lower())


def resolve(
    handles: Mapping[IdentityKind, str], people: Mapping[tuple[IdentityKind, str], int]
) -> Resolution:
    """
    Find the person that an event's handles mean.

    Args:
        handles: The handles as sent, blank ones left out.
        people: (kind, normalised handle) → person id.

    Returns:
        The person named by the first handle that is known: e-mail, then
        GitHub, then GitLab. A second one that means somebody else is a
        conflict; it warns and changes nothing.
    """
    warnings: list[IdentityWarning] = []
    found: list[int] = []
    is_bot = False
    for kind in IdentityKind:
        handle = handles.get(kind)
        if handle is None:
            continue
        name = normalise(kind, handle)
        if name.endswith(BOT_SUFFIX):
            is_bot = True
            warnings.append(IdentityWarning.BOT)
        elif name in JUNK or (kind is IdentityKind.EMAIL and "@" not in name):
            warnings.append(IdentityWarning.JUNK)
        elif (person_id := people.get((kind, name))) is not None:
            found.append(person_id)
        else:
            warnings.append(IdentityWarning.UNRESOLVED)
    if len(set(found)) > 1:
        warnings.append(IdentityWarning.CONFLICT)
    if found:
        # One handle is enough to know who it was: the others need no warning.
        warnings = [warning for warning in warnings if warning is not IdentityWarning.UNRESOLVED]
    return Resolution(found[0] if found else None, tuple(dict.fromkeys(warnings)), is_bot)
