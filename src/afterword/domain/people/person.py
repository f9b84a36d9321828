"""What may be said about a person, and is it sound?"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import Enum
from typing import Final, TypeAlias, TypeVar

from afterword.domain.people.identity import JUNK, IdentityKind, IdentityRules, normalise

TEXT_CHARS_MAX = 254
"""Characters of a name, an address, a handle, or one value of an attribute."""

HANDLES_MAX = 20
"""Handles of one kind that one person may have."""

TEAM_DEPTH_MAX = 10
"""Teams above one another."""

TEAM_SEPARATOR = "/"

ATTRIBUTES_MAX = 50
"""Groups that one person may have values in."""

VALUES_MAX = 50
"""Values of one person in one group."""

_ADDRESS = re.compile(r"(?!=)[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+")
"""Without what stands around addresses in mails; one that begins with = is a formula of a spreadsheet."""

_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Keep(Enum):
    """Says of a field that a source says nothing about it."""

    KEEP = "keep"

    def __repr__(self) -> str:
        return "KEEP"


KEEP: Final = Keep.KEEP

T = TypeVar("T")
Given: TypeAlias = T | Keep
"""A value, or KEEP for what stays as it is."""


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """
    What a source says about one person; a field that is KEEP stays as it is, None takes it away.

    Attributes:
        where: Where it says so, for messages: "line 3", "user ada".
        emails: The first is where mails go.
        team: The names of the teams from the root on, with ``/`` between them.
        attributes: Group → values, which take the place of those in that group.
        external_id: The source's own id, by which the person is found again after a renaming.
        person_id: Whom the record is about, from who knows that already.
        replaces: Kinds of which the handles given are all; of other kinds they are put in front of the
            known ones.
    """

    where: str
    emails: tuple[str, ...] = ()
    name: Given[str | None] = KEEP
    github_usernames: Given[tuple[str, ...]] = KEEP
    gitlab_usernames: Given[tuple[str, ...]] = KEEP
    slack_id: Given[str | None] = KEEP
    teams_id: Given[str | None] = KEEP
    timezone: Given[str | None] = KEEP
    locale: Given[str | None] = KEEP
    start_date: Given[str | None] = KEEP
    team: Given[str | None] = KEEP
    is_active: Given[bool] = KEEP
    is_bot: Given[bool] = KEEP
    is_tester: Given[bool] = KEEP
    is_protected: Given[bool] = KEEP
    is_excluded_from_snapshots: Given[bool] = KEEP
    attributes: Given[Mapping[str, tuple[str, ...]]] = KEEP
    external_id: str | None = None
    person_id: int | None = None
    replaces: frozenset[IdentityKind] = frozenset()

    def handles(self) -> dict[IdentityKind, tuple[str, ...]]:
        """Kind → handles as given; a kind that is not there stays as it is."""
        given: dict[IdentityKind, tuple[str, ...]] = {}
        if self.emails:
            given[IdentityKind.EMAIL] = self.emails
        if self.github_usernames is not KEEP:
            given[IdentityKind.GITHUB] = self.github_usernames
        if self.gitlab_usernames is not KEEP:
            given[IdentityKind.GITLAB] = self.gitlab_usernames
        if self.slack_id is not KEEP:
            given[IdentityKind.SLACK] = (self.slack_id,) if self.slack_id else ()
        if self.teams_id is not KEEP:
            given[IdentityKind.TEAMS] = (self.teams_id,) if self.teams_id else ()
        return given


@dataclass(frozen=True, slots=True)
class Problem:
    """
    What is wrong with a record: in which field, and what.

    Attributes:
        detail: Of this record only: which value, and whose it is. For people at a terminal, not for logs.
    """

    field: str
    text: str
    detail: str = ""


_FIELDS = {
    "emails": IdentityKind.EMAIL.value,
    "github_usernames": IdentityKind.GITHUB.value,
    "gitlab_usernames": IdentityKind.GITLAB.value,
}
"""How people call the fields that can have several values."""


def check_record(record: PersonRecord, *, zones: Collection[str], rules: IdentityRules) -> Problem | None:
    """
    Find the first thing that is wrong with a record by itself.

    Args:
        zones: The IANA names of time zones.
        rules: Names that these call junk or a bot are no person's, unless the record says ``is_bot``.
    """
    return (
        _check_texts(record)
        or _check_handles(record, rules)
        or _check_times(record, zones)
        or _check_team(record)
        or _check_attributes(record)
    )


def _check_texts(record: PersonRecord) -> Problem | None:
    for item in fields(record):
        value = getattr(record, item.name)
        texts = value if isinstance(value, tuple) else (value,)
        for text in texts:
            if isinstance(text, str) and (problem := check_text(text)):
                return Problem(_FIELDS.get(item.name, item.name), problem)
    return None


def is_address(text: str) -> bool:
    """Whether a text has the form of an e-mail address."""
    return _ADDRESS.fullmatch(text) is not None


def check_text(text: str) -> str | None:
    """What is wrong with a text that a person is described by."""
    if len(text) > TEXT_CHARS_MAX:
        return f"is too long: at most {TEXT_CHARS_MAX} characters"
    if not text.isprintable():
        return "contains line breaks or other control characters"
    return None


def _check_handles(record: PersonRecord, rules: IdentityRules) -> Problem | None:
    for kind, given in record.handles().items():
        if len(given) > HANDLES_MAX:
            return Problem(kind.value, f"has too many values: at most {HANDLES_MAX}")
        for handle in given:
            if problem := check_handle(kind, handle, rules, is_bot=record.is_bot is True):
                return Problem(kind.value, problem)
    return None


def check_handle(kind: IdentityKind, handle: str, rules: IdentityRules, *, is_bot: bool) -> str | None:
    """What is wrong with a handle; a bot may be called like a bot."""
    key = normalise(kind, handle)
    if kind is IdentityKind.EMAIL and not is_address(handle):
        return "is not an address"
    if not key or key in JUNK or key in rules.junk or (rules.is_bot(key) and not is_bot):
        return "is not the name of a person"
    return None


def _check_times(record: PersonRecord, zones: Collection[str]) -> Problem | None:
    if isinstance(record.timezone, str) and record.timezone not in zones:
        return Problem("timezone", "is not an IANA time zone, such as Europe/Berlin")
    if isinstance(record.locale, str) and not _LOCALE.fullmatch(record.locale):
        return Problem("locale", "is not a language tag, such as de or pt-BR")
    if isinstance(record.start_date, str):
        try:
            date.fromisoformat(record.start_date)
        except ValueError:
            return Problem("start_date", "is not a date such as 2026-03-31")
        if len(record.start_date) != len("YYYY-MM-DD"):
            return Problem("start_date", "is not a date such as 2026-03-31")
    return None


def _check_team(record: PersonRecord) -> Problem | None:
    if not isinstance(record.team, str):
        return None
    names = split_team(record.team)
    if not all(names):
        return Problem("team", f"has an empty name between two {TEAM_SEPARATOR}")
    if len(names) > TEAM_DEPTH_MAX:
        return Problem("team", f"is too deep: at most {TEAM_DEPTH_MAX} teams above one another")
    if len({team_key([name]) for name in names}) < len(names):
        return Problem("team", "is under itself")
    return None


def _check_attributes(record: PersonRecord) -> Problem | None:
    if not isinstance(record.attributes, Mapping):
        return None
    if len(record.attributes) > ATTRIBUTES_MAX:
        return Problem("attributes", f"has too many groups: at most {ATTRIBUTES_MAX}")
    for group, values in record.attributes.items():
        if not group.strip():
            return Problem("attributes", "has a group without a name")
        if len(values) > VALUES_MAX:
            return Problem("attributes", f"{group} has too many values: at most {VALUES_MAX}")
        for text in (group, *values):
            if problem := check_text(text):
                return Problem("attributes", f"{group[:TEXT_CHARS_MAX]} {problem}")
    return None


def split_team(path: str) -> list[str]:
    """The names of the teams from the root on."""
    return [name.strip() for name in path.split(TEAM_SEPARATOR)]


def join_team(names: Collection[str]) -> str:
    """The path as it is shown."""
    return f" {TEAM_SEPARATOR} ".join(names)


def team_key(names: Collection[str]) -> str:
    """What makes a team the same team: all names from the root on, compared as handles are."""
    return TEAM_SEPARATOR.join(name_key(name) for name in names)


def name_key(name: str) -> str:
    """The form by which names of teams and groups are compared: trimmed, NFC, lower case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.strip()).lower())
