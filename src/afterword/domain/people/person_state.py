"""What is known of a person, and what does a record make of it?"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from afterword.domain.people.identity import IdentityKind, normalise
from afterword.domain.people.person import KEEP, PersonRecord, name_key, split_team, team_key

TEAMS_REMEMBERED = 10_000
"""Teams whose keys are not made anew for each record."""

_PLAIN = (
    "name",
    "timezone",
    "locale",
    "start_date",
    "is_active",
    "is_bot",
    "is_tester",
    "is_protected",
    "is_excluded_from_snapshots",
)
COLUMNS = ("email", *_PLAIN)
"""The fields that are one value each, in the words of PersonRecord and of the table."""


@dataclass(slots=True)
class PersonState:
    """
    One person as records change them.

    Attributes:
        columns: The values of COLUMNS by name.
        team: The path, as it was given.
        handles: Kind → (normalised, as shown), the first one first.
        attributes: Key of a group → its name and the values in it, sorted.
    """

    columns: dict[str, Any]
    team: str | None
    handles: dict[IdentityKind, list[tuple[str, str]]]
    attributes: dict[str, tuple[str, tuple[str, ...]]]

    def copy(self) -> "PersonState":
        """The same, for what is changed next."""
        handles = {kind: list(given) for kind, given in self.handles.items()}
        return PersonState(dict(self.columns), self.team, handles, dict(self.attributes))

    def is_of_other_columns(self, other: "PersonState") -> bool:
        """Whether the person's own row is not like that of another state."""
        return self.columns != other.columns or team_key_of(self.team) != team_key_of(other.team)

    def differences(self, other: "PersonState") -> tuple[str, ...]:
        """The fields in which this one is not like another."""
        fields = [name for name in COLUMNS if self.columns[name] != other.columns[name]]
        fields += ["team"] if team_key_of(self.team) != team_key_of(other.team) else []
        fields += [kind.value for kind in IdentityKind if self.handles.get(kind) != other.handles.get(kind)]
        fields += ["attributes"] if self.attributes != other.attributes else []
        return tuple(dict.fromkeys(fields))

    def apply(self, record: PersonRecord) -> None:
        """Take over what a record says."""
        for name in _PLAIN:
            if (value := getattr(record, name)) is not KEEP:
                self.columns[name] = value
        if record.team is not KEEP:
            self.team = record.team
        for kind, given in record.handles().items():
            pairs = {normalise(kind, text): _shown(kind, text) for text in given}
            kept = self.handles.get(kind, []) if given and kind not in record.replaces else []
            self.handles[kind] = [*pairs.items(), *(pair for pair in kept if pair[0] not in pairs)]
        if record.emails:
            self.columns["email"] = record.emails[0].strip()
        self.columns["name"] = self.columns["name"] or self.columns["email"]
        if record.attributes is not KEEP:
            for group, values in record.attributes.items():
                key = name_key(group)
                name = self.attributes[key][0] if key in self.attributes else group.strip()
                self.attributes[key] = name, tuple(sorted(set(values)))

    def apply_account(self, record: PersonRecord) -> None:
        """Take over what an account says: where mail goes, and the name, others know better."""
        known = dict(self.handles.get(IdentityKind.EMAIL, []))
        more = [text for text in record.emails if normalise(IdentityKind.EMAIL, text) not in known]
        has_name = self.columns["name"] != self.columns["email"]
        emails = (*known.values(), *more) if more else ()
        self.apply(replace(record, emails=emails, name=KEEP if has_name else record.name))


def _shown(kind: IdentityKind, text: str) -> str:
    text = text.strip()
    return text.removeprefix("@") if kind in (IdentityKind.GITHUB, IdentityKind.GITLAB) else text


@lru_cache(TEAMS_REMEMBERED)
def team_key_of(path: str | None) -> str | None:
    """The key of a team's path; None of none."""
    return None if path is None else team_key(split_team(path))
