"""How does an organisation say what its tools mean by the names that they send?"""

from dataclasses import dataclass, replace

from afterword.domain.errors import ConflictError, InvalidInputError, NotFoundError
from afterword.domain.people.identity import EVENT_KINDS, IdentityKind, IdentityRules
from afterword.domain.people.name_rule import parse_bot_pattern, parse_domain, parse_junk
from afterword.flows.manage_projects import get_project
from afterword.flows.names.attribute_events import attribute_all
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import identity_rules, people, projection, projects, revision
from afterword.storage.engine import Connection, Database
from afterword.storage.identity_rules import IdentityRule, RuleKind
from afterword.storage.people import Handle

DROP_TAGS = "+*"
"""What stands in the place of a pattern where a rule needs none."""

OWNERS_LOOKED_AT_MAX = 1_000
"""People of whom a refusal is made sure; a pattern that fits more is refused by the first that is no bot."""

RESTARTING = frozenset({RuleKind.DOMAIN})
"""Rules by which names may become unknown: what was counted before does not hold any more."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule that somebody wants, as it was typed; ``project`` is a name, None = all projects."""

    kind: RuleKind
    pattern: str = DROP_TAGS
    replacement: str | None = None
    project: str | None = None


@dataclass(frozen=True, slots=True)
class ListedRule:
    """A rule, and the name of the project that it is for."""

    rule: IdentityRule
    project_name: str | None


def list_rules(database: Database) -> list[ListedRule]:
    """All rules in the order in which they were made."""
    with database.read() as connection:
        names = {project.id: project.name for project in projects.list_projects(connection)}
        return [
            ListedRule(rule, None if rule.project_id is None else names.get(rule.project_id))
            for rule in identity_rules.list_rules(connection)
        ]


def add_rule(database: Database, clock: Clock, draft: Draft) -> IdentityRule:
    """
    Add a rule; servers follow within 2 s, stored events are attributed anew by the worker.

    Raises:
        InvalidInputError: It can't be a rule; the message says why.
        NotFoundError: There is no such project.
        ConflictError: There is one for the same already, or it would call a person a bot or junk.
    """
    with database.write() as connection:
        revision.lock(connection)
        rule = check_draft(connection, clock, draft)
        refuse_owned(connection, rule)
        rule_id = identity_rules.add_rule(
            connection,
            rule.kind,
            rule.pattern,
            replacement=rule.replacement,
            project_id=rule.project_id,
            now=rule.created_at,
        )
        if rule.kind in RESTARTING:
            projection.restart(connection)
        else:
            attribute_all(connection, clock)
    return replace(rule, id=rule_id)


def remove_rule(database: Database, rule_id: int) -> None:
    """
    Take a rule away. The names of stored events are counted anew: some may be unknown again.

    Raises:
        NotFoundError: There is no such rule.
    """
    with database.write() as connection:
        revision.lock(connection)
        if not identity_rules.remove_rule(connection, rule_id):
            raise NotFoundError(f"there is no rule {rule_id}: `afterword name rule list` shows all")
        projection.restart(connection)


def check_draft(connection: Connection, clock: Clock, draft: Draft) -> IdentityRule:
    """
    A draft as the rule that it would become, with the id 0.

    Raises:
        InvalidInputError, NotFoundError, ConflictError: As ``add_rule``.
    """
    pattern, replacement = _parse(draft)
    project_id = None if draft.project is None else get_project(connection, draft.project).id
    rule = IdentityRule(0, draft.kind, project_id, pattern, replacement, to_datetime(clock.now_us()))
    for other in identity_rules.list_rules(connection):
        if _is_opposite(rule, other):
            raise ConflictError(
                f"rule {other.id} says that {other.pattern} moved to {other.replacement}: "
                f"`afterword name rule remove {other.id}` takes it away"
            )
        if _is_for_the_same(rule, other):
            raise ConflictError(
                f"rule {other.id} says {'so' if _says_the_same(rule, other) else 'otherwise'} already: "
                f"`afterword name rule remove {other.id}` takes it away"
            )
    return rule


def _parse(draft: Draft) -> tuple[str, str | None]:
    match draft.kind:
        case RuleKind.DOMAIN:
            return parse_domain(draft.pattern), None
        case RuleKind.MOVED_DOMAIN:
            old, new = parse_domain(draft.pattern), parse_domain(draft.replacement or "")
            if old == new:
                raise InvalidInputError(f"{old} can't have moved to itself")
            return old, new
        case RuleKind.DROP_TAGS:
            return DROP_TAGS, None
        case RuleKind.JUNK:
            return parse_junk(draft.pattern), None
        case RuleKind.BOT:
            return parse_bot_pattern(draft.pattern), None


def _is_for_the_same(one: IdentityRule, other: IdentityRule) -> bool:
    """A project has one domain, and an old domain moved to one new one."""
    if (one.kind, one.project_id) != (other.kind, other.project_id):
        return False
    return one.kind is RuleKind.DOMAIN or one.pattern == other.pattern


def _is_opposite(one: IdentityRule, other: IdentityRule) -> bool:
    """Two domains can't have moved to each other."""
    are_moves = one.kind is other.kind is RuleKind.MOVED_DOMAIN
    return are_moves and (one.pattern, one.replacement) == (other.replacement, other.pattern)


def _says_the_same(one: IdentityRule, other: IdentityRule) -> bool:
    return (one.pattern, one.replacement) == (other.pattern, other.replacement)


def refuse_owned(connection: Connection, rule: IdentityRule) -> None:
    """
    Let nobody's name become a bot's or junk.

    Raises:
        ConflictError: Naming one person whose name it is.
    """
    if rule.kind not in (RuleKind.BOT, RuleKind.JUNK):
        return
    owned = _owned(connection, rule)
    found = people.get_people(connection, list(dict.fromkeys(owned.values()))[:OWNERS_LOOKED_AT_MAX])
    persons = {handle: found[owner] for handle, owner in owned.items() if owner in found}
    for (_, value), person in persons.items():
        if not (person.is_bot and rule.kind is RuleKind.BOT):
            raise ConflictError(
                f"{value} is the name of {person.name} <{person.email}>: "
                "take it away from them first, or say that they are a bot"
            )


def _owned(connection: Connection, rule: IdentityRule) -> dict[Handle, int]:
    """Handles of people that a rule would call a bot's or junk."""
    if rule.kind is RuleKind.JUNK:
        return people.find_owners(connection, [(kind, rule.pattern) for kind in EVENT_KINDS])
    rules = IdentityRules(bots=(rule.pattern,))
    kinds = {kind.value for kind in EVENT_KINDS}
    return {
        (IdentityKind(kind), value): person_id
        for kind, value, person_id in people.read_handles(connection)
        if kind in kinds and rules.is_bot(value)
    }
