"""``afterword policy``: how rarely does the organisation, or a project, let people be asked?"""

import json
from pathlib import Path

import click

from afterword.cli.open import open_app
from afterword.cli.survey_files import CHANGES, NOTHING_TO_DO, PATHS, PlanCommand
from afterword.domain.errors import InvalidInputError
from afterword.flows.surveys import manage_policies
from afterword.flows.surveys.manage_policies import AppliedPolicy
from afterword.flows.surveys.policy_files import WrittenPolicy, read_policy_files


@click.group()
def policy() -> None:
    """The throttle of the organisation and of projects, which surveys follow unless they say otherwise."""


@policy.command(cls=PlanCommand)
@PATHS
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def plan(context: click.Context, paths: tuple[Path, ...], as_json: bool) -> None:
    """
    Show what `apply` would do with files and directories, and change nothing.

    Ends with 0 when there is nothing to do, 2 when there are changes, 1 when something is wrong.
    """
    applied = _apply(paths, dry_run=True)
    _show(applied, as_json=as_json, dry_run=True)
    changes = sum(bool(one.difference) for _, one in applied)
    if not as_json:
        click.echo(f"Checked: {len(applied)}. With changes: {changes}.")
    context.exit(CHANGES if changes else NOTHING_TO_DO)


@policy.command()
@PATHS
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def apply(paths: tuple[Path, ...], dry_run: bool, as_json: bool) -> None:
    """
    Let the organisation or projects say what YAML files say.

    PATHs are files, or directories with all files in and below them; all are applied, or none.
    """
    _show(_apply(paths, dry_run=dry_run), as_json=as_json, dry_run=dry_run)


def _apply(paths: tuple[Path, ...], *, dry_run: bool) -> list[tuple[WrittenPolicy, AppliedPolicy]]:
    written = read_policy_files(paths)
    with open_app() as parts:
        applied = manage_policies.apply_policies(parts.database, parts.clock, written, dry_run=dry_run)
    return list(zip(written, applied, strict=True))


def _show(applied: list[tuple[WrittenPolicy, AppliedPolicy]], *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        rows = [
            {
                "file": written.name,
                "level": one.level,
                "is_changed": bool(one.difference),
                "policy_id": one.policy_id,
                "difference": one.difference,
            }
            for written, one in applied
        ]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for _, one in applied:
        if one.difference:
            click.echo(one.difference)
        click.echo(f"{one.level}: {_sentence(one, dry_run=dry_run)}")


def _sentence(one: AppliedPolicy, *, dry_run: bool) -> str:
    if not one.difference:
        return "unchanged"
    return "would be changed" if dry_run else f"changed (policy {one.policy_id})"


@policy.command()
@click.option("--project", metavar="NAME", help="Of this project instead of the organisation.")
def export(project: str | None) -> None:
    """Print what the organisation, or a project, says now as a file that can be applied."""
    with open_app() as parts:
        text = manage_policies.export_policy(parts.database, project=project)
    click.echo(text.encode(), nl=False)


@policy.command()
@click.option("--project", metavar="NAME", help="For a survey of this project that says nothing itself.")
@click.option("--survey", metavar="KEY", help="For this survey.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(project: str | None, survey: str | None, as_json: bool) -> None:
    """Show every value of the throttle that holds, and where it comes from."""
    if project is not None and survey is not None:
        raise InvalidInputError("a survey has its project already: say either --project or --survey")
    with open_app() as parts:
        rows = manage_policies.show_policy(parts.database, project=project, survey=survey)
    if as_json:
        shown = [{"field": row.field, "value": row.plain, "level": row.level} for row in rows]
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    width = max(len(row.field) for row in rows)
    values = max(len(row.value) for row in rows)
    for row in rows:
        click.echo(f"{row.field:<{width}}  {row.value:<{values}}  {row.level}")


@policy.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def history(as_json: bool) -> None:
    """List what each level ever said, and when it changed."""
    with open_app() as parts:
        rows = manage_policies.list_history(parts.database)
    if as_json:
        shown = [
            {
                "id": row.policy_id,
                "level": row.level,
                "created_at": row.created_at.isoformat(),
                "difference": row.difference,
            }
            for row in rows
        ]
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    if not rows:
        click.echo("No level has said anything yet: the defaults hold.")
    for row in rows:
        click.echo(f"policy {row.policy_id}, {row.level}, from {row.created_at:%Y-%m-%d %H:%M:%S} UTC on")
        click.echo(row.difference)
