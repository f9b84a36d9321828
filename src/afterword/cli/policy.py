"""``afterword policy``: how rarely does the organisation, or a project, let people be asked?"""

import json
from pathlib import Path

import click

from afterword.cli.open import open_app
from afterword.domain.errors import InvalidInputError
from afterword.flows.surveys import manage_policies
from afterword.flows.surveys.survey_files import read_text


@click.group()
def policy() -> None:
    """The throttle of the organisation and of projects, which surveys follow unless they say otherwise."""


@policy.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
def apply(file: Path, dry_run: bool) -> None:
    """Let the organisation or a project say what a YAML file says."""
    text = read_text(file)
    with open_app() as parts:
        applied = manage_policies.apply_policy(parts.database, parts.clock, text, str(file), dry_run=dry_run)
    if not applied.difference:
        click.echo(f"{applied.level}: unchanged")
        return
    click.echo(applied.difference)
    click.echo(
        f"{applied.level}: would be changed"
        if dry_run
        else f"{applied.level}: changed (policy {applied.policy_id})"
    )


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
        shown = [{"field": row.field, "value": row.value, "level": row.level} for row in rows]
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
