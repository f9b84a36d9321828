"""``afterword people``: who is in the directory?"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click

from afterword.cli import change_people
from afterword.cli.admin import server_url, warn_without_server
from afterword.cli.explain_person import explain
from afterword.cli.open import open_app
from afterword.domain.errors import InvalidInputError
from afterword.domain.people.identity import IdentityKind
from afterword.flows.invitations.person_page import find_link
from afterword.flows.people import find_people
from afterword.flows.people.find_people import Details
from afterword.flows.provisioning import import_people
from afterword.flows.provisioning.import_people import Imported
from afterword.flows.throttle.explain_reason import explain_origin
from afterword.storage.people import Person

PEOPLE_SHOWN = 100
BAD_ROWS_STATUS = 1
STANDARD_INPUT = "-"
REASONS_SHOWN = 20
"""Kinds of refusals that a summary groups."""

_USUAL = ("UTF-8", "commas")


@click.group()
def people() -> None:
    """The directory: who did it, in every tool's words."""


people.add_command(change_people.set_)
people.add_command(change_people.deactivate)
people.add_command(change_people.activate)
people.add_command(change_people.merge)
people.add_command(change_people.unmerge)
people.add_command(explain)


@people.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def import_(file: Path, dry_run: bool, as_json: bool) -> None:
    """
    Add or update people from a CSV file, or from standard input when FILE is -.

    Only the column email is required. Bad rows are named and left out; importing again changes
    nothing.
    """
    source: Path | BinaryIO = file
    if is_piped := str(file) == STANDARD_INPUT:
        source = sys.stdin.buffer
    with open_app() as parts:
        saved = import_people.import_people(
            parts.database,
            parts.clock,
            parts.tombstones,
            source,
            dry_run=dry_run,
            on_progress=_show_progress,
        )
    _end_progress()
    if as_json:
        click.echo(json.dumps(_summary(saved, dry_run), indent=2, ensure_ascii=False))
    else:
        _show_import(saved, "standard input" if is_piped else str(file), dry_run)
    if saved.refused:
        sys.exit(BAD_ROWS_STATUS)


@people.command(name="list")
@click.option("--limit", type=click.IntRange(1), default=PEOPLE_SHOWN, show_default=True)
@click.option("--after", default="", metavar="ADDRESS", help="Go on after this address.")
@click.option("--team", help="Only those in a team or below it.")
@click.option("--left", is_flag=True, help="Only those who left.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(limit: int, after: str, team: str | None, left: bool, as_json: bool) -> None:
    """List the people by e-mail."""
    with open_app() as parts:
        found = find_people.list_people(
            parts.database,
            # One more tells whether there is a next page.
            limit=limit + 1,
            after=after,
            team=team,
            is_active=False if left else None,
        )
    is_all = not (after or team or left)
    nobody = "Nobody yet: `afterword people import FILE.csv`." if is_all else "Nobody fits."
    _show_list(found[:limit], as_json, nobody)
    if len(found) > limit and not as_json:
        click.echo(f"There are more: go on with --after {found[limit - 1].email}")


@people.command()
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def find(text: str, as_json: bool) -> None:
    """Find people whose name, e-mail or user name contains TEXT."""
    if not text.strip():
        raise InvalidInputError("say what to look for: a part of a name, an address or a user name")
    with open_app() as parts:
        found = find_people.list_people(parts.database, matching=text, limit=PEOPLE_SHOWN)
    _show_list(found, as_json, "Nobody found.")


@people.command()
@click.argument("who")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(who: str, as_json: bool) -> None:
    """Show all that is known of WHO: an address, a user name or an id."""
    with open_app() as parts:
        found = find_people.get_details(parts.database, who)
    if as_json:
        click.echo(json.dumps(_as_details(found), indent=2, ensure_ascii=False))
        return
    for line in _detail_lines(found):
        click.echo(line)


@people.command()
@click.argument("who")
def link(who: str) -> None:
    """
    Show the link to a person's own page, as it is in every mail to them.

    WHO is an e-mail address or a user name of theirs.
    """
    with open_app() as parts:
        links = replace(parts.links, base_url=server_url(parts.settings))
        warn_without_server(parts)
        click.echo(find_link(parts.database, links, who))
        click.echo("Whoever has it sees all that is known about this person, and may change it.", err=True)


def _show_import(saved: Imported, name: str, dry_run: bool) -> None:
    if (saved.encoding, saved.delimiter) != _USUAL:
        click.echo(f"Read as {saved.encoding}, with {saved.delimiter}.")
    for refusal in saved.refusals:
        click.echo(f"{name}:{import_people.line_of(refusal)}: {refusal.told}", err=True)
    if len(saved.refusals) < saved.refused:
        click.echo(f"… and {saved.refused - len(saved.refusals):,} more", err=True)
    for change in saved.changes:
        place = f"{name}:{import_people.line_of(change)}"
        if dry_run:
            fields = ", ".join(change.fields)
            who = change.email_before or change.email
            click.echo(f"{place}: would {f'change {fields} of {who}' if fields else f'add {change.email}'}")
        if change.email_before:
            click.echo(f"{place}: mails to {change.email_before} go to {change.email} from then on")
    if dry_run and len(saved.changes) < saved.added + saved.changed:
        click.echo(f"… and {saved.added + saved.changed - len(saved.changes):,} more")
    # A reason that was there once is told above, by its line.
    often = [item for item in saved.reasons.items() if item[1] > 1]
    for reason, count in sorted(often, key=lambda item: -item[1])[:REASONS_SHOWN]:
        click.echo(f"{count} refused: {reason}")
    click.echo(
        f"{saved.added} added, {saved.changed} changed, {saved.unchanged} unchanged, {saved.refused} refused"
        f"{' (dry run: nothing was written)' if dry_run else ''}"
    )


def _summary(saved: Imported, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "encoding": saved.encoding,
        "delimiter": saved.delimiter,
        "added": saved.added,
        "changed": saved.changed,
        "unchanged": saved.unchanged,
        "refused": saved.refused,
        "reasons": saved.reasons,
        "refusals": [
            {
                "line": import_people.line_of(one),
                "field": one.field,
                "problem": one.problem,
                "detail": one.detail,
            }
            for one in saved.refusals
        ],
        "changes": [
            {
                "line": import_people.line_of(one),
                "email": one.email,
                "email_before": one.email_before,
                "fields": list(one.fields),
            }
            for one in saved.changes
        ],
    }


def _show_list(found: list[Person], as_json: bool, nobody: str) -> None:
    if as_json:
        click.echo(json.dumps([_as_dict(person) for person in found], indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo(nobody)
    for person in found:
        handles = [f"{person.name} <{person.email}>"]
        handles += [f"GitHub {person.github_username}"] if person.github_username else []
        handles += [f"GitLab {person.gitlab_username}"] if person.gitlab_username else []
        handles += [person.team] if person.team else []
        handles += [] if person.is_active else ["left"]
        handles += ["wants no surveys"] if person.opted_out_at else []
        click.echo("  ".join(handles))


def _detail_lines(found: Details) -> Iterator[str]:
    person, holdings = found.person, found.holdings
    yield f"{person.name} <{person.email}>" if person.email else person.name
    rows: list[tuple[str, object]] = [("id", person.id)]
    rows += [(kind.value, text) for kind in IdentityKind for text in person.handles.get(kind, ())]
    rows += [
        (name, getattr(person, name)) for name in ("team", "timezone", "locale", "start_date", "created_at")
    ]
    rows += [(name, "yes") for name in _flags(person)]
    rows += [(group, ", ".join(values)) for group, values in person.attributes.items()]
    rows += [("wants no surveys since", person.opted_out_at), ("snoozed until", person.snoozed_until)]
    rows += [("timezone of their own", person.own_timezone), ("timezone that holds", _held_zone(found))]
    rows += [("quiet hours", _quiet_hours(found))]
    rows += [
        (f"wants none of the {scope}", found.projects.get(value, value) if scope == "project" else value)
        for scope, value in holdings.opt_outs
    ]
    rows += [(f"id at {source}", external_id) for source, external_id in holdings.members]
    rows += [("invitations", len(holdings.invitations)), ("responses", holdings.responses)]
    for name, value in rows:
        if value is not None:
            yield f"  {name}: {change_people.show_time(value) if isinstance(value, datetime) else value}"
    for merge in found.merges:
        gone, kept = (found.named.get(one, f"id {one}") for one in (merge.merged_id, merge.kept_id))
        what = f"{gone} went into {kept}" + (", undone" if merge.undone_at else "")
        yield f"  merge {merge.id}: {what}, {change_people.show_time(merge.merged_at)}"


def _quiet_hours(found: Details) -> str | None:
    person = found.person
    if person.quiet_from is None:
        return None
    hours = change_people.show_quiet_hours(person.quiet_from, person.quiet_until)
    return f"{hours}, {found.zone.name}"


def _held_zone(found: Details) -> str:
    return f"{found.zone.name}, {explain_origin(found.zone.origin)}"


def _flags(person: Person) -> list[str]:
    """What is unusual about somebody."""
    flags = {
        "left": not person.is_active,
        "bot": person.is_bot,
        "tester": person.is_tester,
        "protected": person.is_protected,
        "excluded from snapshots": person.is_excluded_from_snapshots,
        "erased": person.erased_at is not None,
    }
    return [name for name, holds in flags.items() if holds]


def _as_dict(person: Person) -> dict[str, object]:
    fields = {name: _plain(value) for name, value in asdict(person).items()}
    return fields | {"github_username": person.github_username, "gitlab_username": person.gitlab_username}


def _as_details(found: Details) -> dict[str, object]:
    return _as_dict(found.person) | {
        "opt_outs": [{"scope": scope, "value": value} for scope, value in found.holdings.opt_outs],
        "sources": [{"source": source, "id": one} for source, one in found.holdings.members],
        "invitations": len(found.holdings.invitations),
        "responses": found.holdings.responses,
        "decisions": len(found.holdings.decisions),
        "merges": [{name: _plain(value) for name, value in asdict(one).items()} for one in found.merges],
    }


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _show_progress(rows: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{rows:,} rows", nl=False, err=True)


def _end_progress() -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
