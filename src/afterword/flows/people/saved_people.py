"""What did a number of records of people do?"""

from dataclasses import dataclass, field, replace

from afterword.domain.people.person import Problem

CHANGES_KEPT_MAX = 1_000
"""Changes and refusals that are told one by one; the rest is only counted."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that did not go in: where it stands, in which field ("" for all of it), and why."""

    where: str
    field: str
    problem: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.told}"

    @property
    def told(self) -> str:
        """The reason, with what is so of this record only."""
        return f"{self.reason} ({self.detail})" if self.detail else self.reason

    @property
    def reason(self) -> str:
        """The field and what is wrong with it, or what is wrong with the whole record."""
        return f"{self.field} {self.problem}".strip()


@dataclass(frozen=True, slots=True)
class Change:
    """
    A record that did something.

    Attributes:
        email: Whose it is, by where mails go now.
        fields: What changed; nothing for a new person.
        email_before: Where mails went until now, when it is another address.
    """

    where: str
    email: str
    fields: tuple[str, ...]
    email_before: str | None = None


@dataclass(slots=True)
class Saved:
    """
    What a number of records did, or with a dry run would do.

    Attributes:
        refusals, changes: The first CHANGES_KEPT_MAX of each.
        reasons: Why records were refused → how many; at most CHANGES_KEPT_MAX reasons.
        person_ids: Where the record stood → the person; not with a dry run.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    person_ids: dict[str, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Records so far."""
        return self.added + self.changed + self.unchanged + self.refused

    def refuse(self, where: str, problem: Problem) -> None:
        """Leave a record out."""
        self.refused += 1
        refusal = Refusal(where, problem.field, problem.text, problem.detail)
        if len(self.refusals) < CHANGES_KEPT_MAX:
            self.refusals.append(refusal)
        if refusal.reason in self.reasons or len(self.reasons) < CHANGES_KEPT_MAX:
            self.reasons[refusal.reason] = self.reasons.get(refusal.reason, 0) + 1

    def note(self, change: Change, *, is_new: bool) -> None:
        """Count a record that went in."""
        if is_new:
            self.added += 1
        elif change.fields:
            self.changed += 1
        else:
            self.unchanged += 1
            return
        if len(self.changes) < CHANGES_KEPT_MAX:
            self.changes.append(replace(change, fields=(), email_before=None) if is_new else change)
