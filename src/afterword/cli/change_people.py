"""Commands of ``afterword people`` that change somebody, or make one person of two."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import click

from afterword.cli.open import open_app
from afterword.domain.errors import InvalidInputError
from afterword.flows.people.change_person import change_person
from afterword.flows.people.merge_people import Merging, merge_people, unmerge_people
from afterword.flows.provisioning.import_people import VALUE_SEPARATOR

_TOLD_APART = {"opted_out_at", "snoozed_until", "quiet_from", "quiet_until"}
"""Fields of which a merge tells in sentences."""

_HANDLES = {"email": "emails", "github_username": "github_usernames", "gitlab_username": "gitlab_usernames"}


@click.command(name="set")
@click.argument("who")
@click.option("--email", multiple=True, help="All addresses, the one for mails first.")
@click.option("--github-username", multiple=True, help="All GitHub names.")
@click.option("--gitlab-username", multiple=True, help="All GitLab names.")
@click.option("--name")
@click.option("--slack-id")
@click.option("--teams-id")
@click.option("--timezone", help="IANA name, such as Europe/Berlin.")
@click.option("--locale", help="Language, such as de or pt-BR.")
@click.option("--start-date", help="YYYY-MM-DD.")
@click.option("--team", help="The names from the root on, with / between them.")
@click.option("--bot/--no-bot", "is_bot", default=None, help="Not a person: is asked nothing.")
@click.option("--tester/--no-tester", "is_tester", default=None, help="Tries surveys out.")
@click.option(
    "--protected/--no-protected", "is_protected", default=None, help="No source changes them by itself."
)
@click.option(
    "--excluded/--no-excluded",
    "is_excluded_from_snapshots",
    default=None,
    help="Is left out of snapshots.",
)
@click.option(
    "--attribute", "attributes", multiple=True, metavar="GROUP=VALUES", help="Values with ; between them."
)
def set_(who: str, attributes: Sequence[str], **options: Any) -> None:
    """Change fields of WHO: an address, a user name or an id. An empty text takes a field away."""
    changes: dict[str, Any] = {}
    for name, value in options.items():
        if name in _HANDLES:
            if value:
                changes[_HANDLES[name]] = tuple(text for text in value if text.strip())
        elif value is not None:
            changes[name] = value if isinstance(value, bool) else value.strip() or None
    if attributes:
        changes["attributes"] = dict(map(_parse_attribute, attributes))
    if not changes:
        raise InvalidInputError("say what to set: `afterword people set --help` lists the fields")
    if changes.get("emails") == ():
        raise InvalidInputError("--email: somebody without an address can't be in the directory")
    _change(who, changes)


@click.command()
@click.argument("who")
def deactivate(who: str) -> None:
    """WHO left: keep what is known, and ask them nothing more."""
    _change(who, {"is_active": False})


@click.command()
@click.argument("who")
def activate(who: str) -> None:
    """WHO is here (again)."""
    _change(who, {"is_active": True})


@click.command()
@click.argument("keep")
@click.argument("gone")
@click.option("--dry-run", is_flag=True, help="Only say what would move.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def merge(keep: str, gone: str, dry_run: bool, yes: bool) -> None:
    """Let KEEP have all that GONE has, since both are one person."""
    with open_app() as parts:
        planned = merge_people(parts.database, parts.clock, keep, gone, dry_run=True)
        for line in _merge_lines(planned):
            click.echo(line)
        if dry_run:
            return
        if not yes:
            click.confirm("Are they one person?", abort=True)
        done = merge_people(parts.database, parts.clock, keep, gone, dry_run=False)
    click.echo(f"Merged. `afterword people unmerge {done.id}` undoes it.")


@click.command()
@click.argument("merge_id", type=int)
def unmerge(merge_id: int) -> None:
    """Undo a merge: put all back that it moved. What came since then stays with the kept person."""
    with open_app() as parts:
        done = unmerge_people(parts.database, parts.clock, merge_id)
    names = ", ".join(one.shown for one in done.handles)
    click.echo(f"{done.merged} is apart from {done.kept} again, with {names}.")
    for one in done.lost:
        click.echo(f"{one.kind} {one.shown} was given up meanwhile and did not come back.")


def show_time(at: datetime) -> str:
    """A time as people read it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def show_quiet_hours(begin: int | None, end: int | None) -> str:
    """Minutes of the day as "18:00 to 08:00"."""
    return " to ".join(f"{(minutes or 0) // 60:02}:{(minutes or 0) % 60:02}" for minutes in (begin, end))


def _change(who: str, changes: dict[str, Any]) -> None:
    with open_app() as parts:
        changed = change_person(parts.database, parts.clock, parts.tombstones, who, changes)
    if changed is None:
        click.echo("Nothing changed: it was so already.")
    else:
        click.echo(f"{changed.email}: changed {', '.join(changed.fields)}")


def _parse_attribute(text: str) -> tuple[str, tuple[str, ...]]:
    group, sign, values = text.partition("=")
    if not sign:
        raise InvalidInputError(f"--attribute {text!r}: write GROUP=VALUE, or GROUP= to take them away")
    return group, tuple(value for part in values.split(VALUE_SEPARATOR) if (value := part.strip()))


def _merge_lines(planned: Merging) -> Iterator[str]:
    moved, kept, merged = planned.moved, planned.kept, planned.merged
    yield f"{merged.name} <{merged.email}> goes into {kept.name} <{kept.email}>:"
    for one in moved.handles:
        yield f"  {one.kind}: {one.shown}"
    counts = {
        "invitations": len(moved.invitations),
        "responses": planned.responses,
        "decisions": len(moved.decisions),
        "values of attributes": len(moved.attributes),
        "ids of sources": len(moved.members),
    }
    yield f"  {', '.join(f'{count} {what}' for what, count in counts.items())}"
    for item in fields(moved.kept_before):
        before, after = getattr(moved.kept_before, item.name), getattr(moved.kept_after, item.name)
        if item.name == "team_id" and before != after:
            yield f"  team: {merged.team}"
        elif before != after and item.name not in _TOLD_APART:
            yield f"  {item.name}: {'yes' if after is True else after}"
    if moved.kept_before.quiet_from != moved.kept_after.quiet_from:
        yield f"  quiet hours: {show_quiet_hours(moved.kept_after.quiet_from, moved.kept_after.quiet_until)}"
    for scope, count in Counter(scope for scope, _ in moved.opt_outs).items():
        yield f"  wants no surveys of {count} {scope}"
    if moved.kept_after.opted_out_at is not None:
        yield "  gets no surveys: one of them opted out"
    if moved.kept_after.snoozed_until is not None:
        yield f"  gets no surveys until {show_time(moved.kept_after.snoozed_until)}"
    if count := len(planned.withdrawn):
        yield f"  {count} of the mails that wait {'is' if count == 1 else 'are'} withdrawn: one goes out"
    yield "  the events follow by and by"
