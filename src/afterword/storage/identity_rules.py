"""What did the organisation say about the names that its tools send?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from afterword.domain.people.identity import IdentityRules
from afterword.storage import revision
from afterword.storage.tables import identity_rule


class RuleKind(StrEnum):
    """What a rule says; see IdentityRules."""

    DOMAIN = "domain"
    MOVED_DOMAIN = "moved_domain"
    DROP_TAGS = "drop_tags"
    JUNK = "junk"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class IdentityRule:
    """
    One rule.

    Attributes:
        project_id: Whose events it is for; None for all. Only a domain is for one project.
        pattern: The domain, the old domain, the junk value or the bot's pattern; normalised.
        replacement: The new domain of a moved one.
    """

    id: int
    kind: RuleKind
    project_id: int | None
    pattern: str
    replacement: str | None
    created_at: datetime


def list_rules(connection: sa.Connection, known_by: datetime | None = None) -> list[IdentityRule]:
    """All rules in the order in which they were made; or those only that were there at a time."""
    statement = sa.select(identity_rule).order_by(identity_rule.c.id)
    if known_by is not None:
        statement = statement.where(identity_rule.c.created_at <= known_by)
    return [
        IdentityRule(**{**row._mapping, "kind": RuleKind(row.kind)}) for row in connection.execute(statement)
    ]


def add_rule(
    connection: sa.Connection,
    kind: RuleKind,
    pattern: str,
    *,
    replacement: str | None = None,
    project_id: int | None = None,
    now: datetime,
) -> int:
    """Add a rule; its id."""
    revision.bump(connection)
    added = sa.insert(identity_rule).values(
        kind=kind.value, pattern=pattern, replacement=replacement, project_id=project_id, created_at=now
    )
    rule_id: int = connection.execute(added.returning(identity_rule.c.id)).scalar_one()
    return rule_id


def remove_rule(connection: sa.Connection, rule_id: int) -> bool:
    """Take a rule away; False when there was none."""
    revision.bump(connection)
    return connection.execute(sa.delete(identity_rule).where(identity_rule.c.id == rule_id)).rowcount == 1


def read_rules(connection: sa.Connection, known_by: datetime | None = None) -> IdentityRules:
    """All rules as the one thing that handles are read by; see ``combine``."""
    return combine(list_rules(connection, known_by))


def combine(found: Sequence[IdentityRule]) -> IdentityRules:
    """Rules as the one thing that handles are read by; of two for the same the later one counts."""
    return IdentityRules(
        domains={rule.project_id or 0: rule.pattern for rule in found if rule.kind is RuleKind.DOMAIN},
        moved_domains={
            rule.pattern: rule.replacement
            for rule in found
            if rule.kind is RuleKind.MOVED_DOMAIN and rule.replacement
        },
        drops_tags=any(rule.kind is RuleKind.DROP_TAGS for rule in found),
        junk=frozenset(rule.pattern for rule in found if rule.kind is RuleKind.JUNK),
        bots=tuple(rule.pattern for rule in found if rule.kind is RuleKind.BOT),
    )
