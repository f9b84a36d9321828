"""``afterword name``: names in events that nobody in the directory has."""

import json
import shlex
from collections.abc import Sequence

import click

from afterword.cli.open import open_app
from afterword.cli.progress import Progress
from afterword.domain.people.identity import EVENT_KINDS, IdentityKind
from afterword.flows.names import manage_names, manage_rules
from afterword.flows.names.attribute_events import Remaining, find_remaining
from afterword.flows.names.guess_names import Guesser, Suggestion
from afterword.flows.names.manage_rules import Draft, ListedRule
from afterword.flows.names.preview_rule import Preview, preview_rule
from afterword.storage.identity_rules import RuleKind
from afterword.storage.unresolved import UnknownName

NAMES_SHOWN = 100
NAMES_READ_AT_ONCE = 1_000
TOUCHED_SHOWN = 20
NAME_CHARS_PADDED = 40
"""A longer name stands out of its column, and does not widen all others."""

KINDS = {"email": IdentityKind.EMAIL, "github": IdentityKind.GITHUB, "gitlab": IdentityKind.GITLAB}
_WORDS = {kind: word for word, kind in KINDS.items()}

kind_argument = click.argument(
    "kind", metavar="KIND", type=click.Choice([*KINDS, *(kind.value for kind in EVENT_KINDS)])
)
preview_option = click.option("--preview", is_flag=True, help="Only say what it would touch.")


@click.group()
def name() -> None:
    """Names in events that nobody in the directory has, and rules to read them by."""


@name.command(name="list")
@click.option("--project", help="Only names that events of this project used.")
@click.option("--limit", type=click.IntRange(1), default=NAMES_SHOWN, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(project: str | None, limit: int, as_json: bool) -> None:
    """List the unknown names, those of most events first."""
    with open_app() as parts:
        found: list[UnknownName] = []
        while len(found) < limit:
            size = min(NAMES_READ_AT_ONCE, limit - len(found))
            place = found[-1].place if found else None
            page = manage_names.list_names(parts.database, project=project, after=place, limit=size)
            found += page
            if len(page) < size:
                break
        bare = manage_names.find_bare(parts.database, found)
        remaining = find_remaining(parts.database)
        total = manage_names.count_names(parts.database)
    if as_json:
        click.echo(json.dumps([_as_dict(one) for one in found], indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo("No unknown names: everybody that events name is in the directory.")
    for line in _rows(found):
        click.echo(line)
    if project is None and total > len(found):
        click.echo(f"{total - len(found)} more: give a higher --limit")
    if bare:
        count = "1 of these names has" if len(bare) == 1 else f"{len(bare)} of these names have"
        click.echo(f"{count} no domain: {manage_names.BARE_ADVICE}.")
    _tell(remaining)


@name.command(name="guess")
@kind_argument
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def guess_(kind: str, name: str, as_json: bool) -> None:
    """Suggest at most three people whom NAME may mean, and say why."""
    with open_app() as parts:
        found = manage_names.find_names(parts.database, _kind(kind), name)
        by_key = Guesser(parts.database, parts.clock).suggest(found[:1])
    suggestions = by_key[found[0].key]
    if as_json:
        rows = [_suggestion_as_dict(one) for one in suggestions]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    if not suggestions:
        click.echo("Nobody has a name like this.")
    for one in suggestions:
        click.echo(f"{one.person_name} <{one.email}>  {one.reason}")


@name.command()
@kind_argument
@click.argument("name")
@click.argument("person")
def assign(kind: str, name: str, person: str) -> None:
    """Give NAME to a PERSON: an address, a user name or an id. Earlier events follow, and ask nobody."""
    with open_app() as parts:
        done = manage_names.assign_name(
            parts.database, parts.clock, parts.tombstones, _kind(kind), name, person
        )
    click.echo(f"{name} is {done.person.name} <{done.person.email}> now: {_events(done.events)} will follow.")
    click.echo(f"`afterword name unassign {_WORDS[_kind(kind)]} {shlex.quote(done.name)}` takes it back.")


@name.command()
@kind_argument
@click.argument("name")
def unassign(kind: str, name: str) -> None:
    """Take NAME back from whoever got it by mistake: it is unknown again, and so are its events."""
    with open_app() as parts:
        person = manage_names.unassign_name(parts.database, parts.clock, parts.tombstones, _kind(kind), name)
    click.echo(
        f"{name} is not {person.name} <{person.email}> any more: it comes back to the list of unknown names."
    )


@name.command()
@click.argument("name")
def bot(name: str) -> None:
    """Say that NAME is a bot's, by a rule for exactly this name."""
    with open_app() as parts:
        rule = manage_names.call_bot(parts.database, parts.clock, name)
    click.echo(f"{name} is a bot now: rule {rule.id}.")


@name.group()
def rule() -> None:
    """What your tools mean by the names that they send."""


@rule.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_rules(as_json: bool) -> None:
    """List the rules in the order in which they were made."""
    with open_app() as parts:
        found = manage_rules.list_rules(parts.database)
    if as_json:
        click.echo(json.dumps([_rule_as_dict(one) for one in found], indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo("No rules yet: `afterword name rule add --help` shows what there can be.")
    for one in found:
        click.echo(f"{one.rule.id}  {_sentence(one)}")


@rule.command()
@click.argument("rule_id", metavar="ID", type=int)
def remove(rule_id: int) -> None:
    """Take a rule away; the names of stored events are counted anew."""
    with open_app() as parts:
        manage_rules.remove_rule(parts.database, rule_id)
    click.echo(f"Took the rule {rule_id} away.")


@rule.group()
def add() -> None:
    """Add a rule; --preview says first what it would touch."""


@add.command()
@click.argument("domain")
@click.option("--project", help="Only for events of this project [default: all that have no own].")
@preview_option
def domain(domain: str, project: str | None, preview: bool) -> None:
    """An e-mail without a domain means an address at DOMAIN."""
    _add(Draft(RuleKind.DOMAIN, domain, project=project), preview=preview)


@add.command(name="moved-domain")
@click.argument("old")
@click.argument("new")
@preview_option
def moved_domain(old: str, new: str, preview: bool) -> None:
    """An address at the OLD domain also means the one at the NEW."""
    _add(Draft(RuleKind.MOVED_DOMAIN, old, new), preview=preview)


@add.command(name="drop-tags")
@preview_option
def drop_tags(preview: bool) -> None:
    """ada+ci@example.com also means ada@example.com."""
    _add(Draft(RuleKind.DROP_TAGS), preview=preview)


@add.command()
@click.argument("value")
@preview_option
def junk(value: str, preview: bool) -> None:
    """VALUE names nobody: tools send it when they don't know who it was."""
    _add(Draft(RuleKind.JUNK, value), preview=preview)


@add.command(name="bot")
@click.argument("pattern")
@preview_option
def bot_pattern(pattern: str, preview: bool) -> None:
    """Names like PATTERN are bots'; * is any text, ? any one letter."""
    _add(Draft(RuleKind.BOT, pattern), preview=preview)


def _add(draft: Draft, *, preview: bool) -> None:
    with open_app() as parts:
        if preview:
            _show(preview_rule(parts.database, parts.clock, draft, Progress()))
            return
        added = manage_rules.add_rule(parts.database, parts.clock, draft)
    click.echo(f"Added the rule {added.id}: {_sentence(ListedRule(added, draft.project))}.")


def _show(found: Preview) -> None:
    click.echo(f"It would touch {found.touched} of the newest {_events(found.looked_at)}.")
    kept = found.names[:TOUCHED_SHOWN]
    for one in kept:
        click.echo(
            f"  {_WORDS[one.kind]} {one.value}  {one.project_name}  {_events(one.events)}  "
            f"{one.before} → {one.after}"
        )
    if len(found.names) > len(kept):
        click.echo(f"  and {len(found.names) - len(kept)} more names")
    if found.refusal:
        click.echo(f"It would be refused, since {found.refusal}.")
    click.echo("Nothing was changed.")


def _kind(word: str) -> IdentityKind:
    return KINDS[word] if word in KINDS else IdentityKind(word)


def _events(count: int) -> str:
    return f"{count} event{'' if count == 1 else 's'}"


def _tell(remaining: Remaining) -> None:
    if remaining.names:
        click.echo(f"Earlier events are being attributed: about {_events(remaining.events)} to look at.")


def _rows(found: Sequence[UnknownName]) -> list[str]:
    """One line each, in columns."""
    names = min(NAME_CHARS_PADDED, max((len(one.shown) for one in found), default=0))
    projects = max((len(one.project_name) for one in found), default=0)
    often = max((len(_events(one.events)) for one in found), default=0)
    return [
        f"{_WORDS[one.kind]:<6}  {one.shown:<{names}}  {one.project_name:<{projects}}  "
        f"{_events(one.events):>{often}}  since {one.first_at:%Y-%m-%d %H:%M}  "
        f"last {one.last_at:%Y-%m-%d %H:%M}"
        for one in found
    ]


def _as_dict(one: UnknownName) -> dict[str, object]:
    return {
        "kind": one.kind.value,
        "name": one.value,
        "shown": one.shown,
        "project": one.project_name,
        "events": one.events,
        "first_at": one.first_at.isoformat(),
        "last_at": one.last_at.isoformat(),
    }


def _suggestion_as_dict(one: Suggestion) -> dict[str, object]:
    return {
        "person_id": one.person_id,
        "name": one.person_name,
        "email": one.email,
        "score": round(one.score, 2),
        "reason": one.reason,
    }


def _rule_as_dict(one: ListedRule) -> dict[str, object]:
    return {
        "id": one.rule.id,
        "kind": one.rule.kind.value,
        "pattern": None if one.rule.kind is RuleKind.DROP_TAGS else one.rule.pattern,
        "replacement": one.rule.replacement,
        "project": one.project_name,
        "created_at": one.rule.created_at.isoformat(),
    }


def _sentence(one: ListedRule) -> str:
    pattern, replacement = one.rule.pattern, one.rule.replacement
    where = f" in {one.project_name}" if one.project_name else ""
    match one.rule.kind:
        case RuleKind.DOMAIN:
            return f"an e-mail without a domain{where} means one at {pattern}"
        case RuleKind.MOVED_DOMAIN:
            return f"an address at {pattern} also means the one at {replacement}"
        case RuleKind.DROP_TAGS:
            return "a +tag in an address may be left out"
        case RuleKind.JUNK:
            return f"{pattern} names nobody"
        case RuleKind.BOT:
            return f"{pattern} is a bot"
