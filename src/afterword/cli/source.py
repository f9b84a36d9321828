"""``afterword source``: where are people loaded from, and how did it go?"""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import click

from afterword.cli.open import open_app
from afterword.flows.provisioning.load_source import Loaded, load_source, preview_source
from afterword.flows.provisioning.manage_sources import (
    SourceState,
    confirm_removals,
    find_source,
    list_sources,
    name_people,
    name_waiting,
)

NAMES_SHOWN_MAX = 100
"""Refusals, accounts without an address, and people who wait, that are printed one by one."""


@click.group()
def source() -> None:
    """Services whose accounts are people: a GitHub organisation, a GitLab group."""


@source.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(as_json: bool) -> None:
    """List the sources that are set, and how loading went."""
    with open_app() as parts:
        found = list_sources(parts.database, parts.clock, parts.sources)
        waiting = {one.name: name_waiting(parts.database, one.name) for one in found if one.waiting}
    if as_json:
        rows = [_as_dict(one) | {"waiting_people": waiting.get(one.name, [])} for one in found]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo(
            "No source is set: AFTERWORD_GITHUB_ORGANISATION or AFTERWORD_GITLAB_GROUP, and its token."
        )
    for one in found:
        for line in (*_lines(one), *_name_lines(waiting.get(one.name, []), "      ")):
            click.echo(line)


@source.command()
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Show what would change, change nothing.")
def load(name: str, dry_run: bool) -> None:
    """Load the people of the source NAME now, whenever the worker would."""
    with open_app() as parts:
        chosen = find_source(parts.sources, name)
        if dry_run:
            loaded = asyncio.run(preview_source(parts.database, parts.clock, parts.tombstones, chosen))
        else:
            interval = timedelta(seconds=parts.settings.source_interval_s)
            done = asyncio.run(
                load_source(
                    parts.database,
                    parts.clock,
                    parts.tombstones,
                    chosen,
                    interval=interval,
                    on_progress=_show_progress,
                )
            )
            assert done is not None  # noqa: S101 - only a load that waits for its time returns None
            loaded = done
        waiting = name_people(parts.database, loaded.waiting_ids)
    _show(loaded, name, waiting, dry_run=dry_run)


@source.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask.")
def confirm(name: str, yes: bool) -> None:
    """Let the people become inactive whom the source NAME names no more, and who were too many at once."""
    with open_app() as parts:
        chosen = find_source(parts.sources, name)
        (state,) = list_sources(parts.database, parts.clock, [chosen])
        for line in _name_lines(name_waiting(parts.database, name), "  "):
            click.echo(line)
        if state.waiting and not yes:
            question = f"Let {state.waiting} of {state.active} people of {chosen.what} become inactive?"
            click.confirm(question, abort=True)
        left = confirm_removals(parts.database, parts.clock, name)
    click.echo(f"{left} people are inactive now; whoever {name} names again becomes active again.")


def _show(loaded: Loaded, name: str, waiting: Sequence[str], *, dry_run: bool) -> None:
    for refusal in loaded.saved.refusals[:NAMES_SHOWN_MAX]:
        click.echo(f"{refusal.where}: {refusal.told}", err=True)
    for where in loaded.without_address[:NAMES_SHOWN_MAX]:
        click.echo(f"{where}: has no address that we may see, and nobody here has its name", err=True)
    if dry_run:
        for change in loaded.saved.changes[:NAMES_SHOWN_MAX]:
            click.echo(f"{change.where}: {', '.join(change.fields) or 'new'}")
    for note in loaded.notes:
        click.echo(f"Note: {note}", err=True)
    click.echo(f"{'Would be: ' if dry_run else ''}{loaded.summary}")
    for line in _name_lines(waiting, "  "):
        click.echo(line)
    if loaded.waiting and not dry_run:
        click.echo(f"If they did leave: `afterword source confirm {name}`.")


def _lines(one: SourceState) -> list[str]:
    if one.is_running:
        state = f"is being loaded since {_time(one.started_at)}"
    else:
        state = f"next load {_time(one.next_at) if one.next_at else 'as soon as a worker runs'}"
    success = f"last success {_time(one.succeeded_at)}" if one.succeeded_at else "never loaded"
    lines = [f"{one.name}  {one.what}  {success}  {state}"]
    lines += [f"    {one.summary}"] if one.summary else []
    lines += [f"    The last load failed: {one.error}"] if one.error else []
    if one.waiting:
        gone = f"{one.waiting} of {one.active} people are gone, and wait for a confirmation"
        lines.append(f"    {gone}: `afterword source confirm {one.name}`")
    return lines


def _name_lines(names: Sequence[str], indent: str) -> Iterator[str]:
    for one in names[:NAMES_SHOWN_MAX]:
        yield f"{indent}{one}"
    if len(names) > NAMES_SHOWN_MAX:
        yield f"{indent}… and {len(names) - NAMES_SHOWN_MAX:,} more"


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "-"


def _as_dict(one: SourceState) -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(one).items()
    }


def _show_progress(accounts: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{accounts} accounts", nl=False, err=True)
