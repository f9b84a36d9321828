"""``afterword people``: who is in the directory?"""

import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from afterword.cli.open import open_app
from afterword.flows import import_people
from afterword.storage.people import Person

PEOPLE_SHOWN = 100
BAD_ROWS_STATUS = 1


@click.group()
def people() -> None:
    """The directory: who did it, in every tool's words."""


@people.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def import_(file: Path) -> None:
    """
    Add or update people from a CSV file.

    Columns: email, name, github_username, gitlab_username, timezone, team. Only email is
    required. Bad rows are named and left out; importing again changes nothing.
    """
    with open_app() as parts:
        saved = import_people.import_people(
            parts.database, parts.clock, parts.tombstones, file, on_progress=_show_progress
        )
    for refusal in saved.refusals:
        line = refusal.where.removeprefix("line ")
        click.echo(f"{file}:{line}: {refusal.reason}", err=True)
    click.echo(
        f"{saved.added} added, {saved.changed} changed, {saved.unchanged} unchanged, {saved.refused} refused"
    )
    if saved.refused:
        sys.exit(BAD_ROWS_STATUS)


@people.command(name="list")
@click.option("--limit", type=click.IntRange(1), default=PEOPLE_SHOWN, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(limit: int, as_json: bool) -> None:
    """List the people by e-mail."""
    _show("", limit, as_json)


@people.command()
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def find(text: str, as_json: bool) -> None:
    """Find people whose name, e-mail or user name contains TEXT."""
    _show(text, PEOPLE_SHOWN, as_json)


def _show(text: str, limit: int, as_json: bool) -> None:
    with open_app() as parts:
        found = import_people.list_people(parts.database, matching=text, limit=limit)
    if as_json:
        click.echo(json.dumps([_as_dict(person) for person in found], indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo("Nobody found." if text else "Nobody yet: `afterword people import FILE.csv`.")
    for person in found:
        handles = [f"{person.name} <{person.email}>"]
        handles += [f"GitHub {person.github_username}"] if person.github_username else []
        handles += [f"GitLab {person.gitlab_username}"] if person.gitlab_username else []
        handles += [person.team] if person.team else []
        handles += ["wants no surveys"] if person.opted_out_at else []
        click.echo("  ".join(handles))


def _as_dict(person: Person) -> dict[str, object]:
    fields = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(person).items()
    }
    return fields | {"github_username": person.github_username, "gitlab_username": person.gitlab_username}


def _show_progress(rows: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{rows} rows", nl=False, err=True)
