"""``afterword survey``: what is asked?"""

import json
from pathlib import Path

import click

from afterword.cli.open import open_app
from afterword.domain.errors import InvalidInputError
from afterword.domain.survey import SurveyState
from afterword.flows import manage_surveys
from afterword.flows.manage_surveys import Change
from afterword.flows.survey_definition import parse_survey_file


@click.group()
def survey() -> None:
    """What is asked, of whom, and when."""


@survey.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
def apply(file: Path, dry_run: bool) -> None:
    """Bring a survey to what a YAML file says; a new one starts as a draft."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInputError(f"can't read {file}: {reason}") from error
    parsed = parse_survey_file(text, str(file))
    with open_app() as parts:
        applied = manage_surveys.apply_survey(parts.database, parts.clock, parsed, dry_run=dry_run)
    if dry_run and applied.difference:
        click.echo(applied.difference)
    would = "would be " if dry_run and applied.change is not Change.UNCHANGED else ""
    is_waiting = applied.state is SurveyState.LIVE and applied.change is Change.CHANGED
    state = "waits; the version before it stays live" if is_waiting else applied.state
    click.echo(f"{applied.key}: {would}{applied.change} (version {applied.version}, {state})")
    if applied.change is not Change.UNCHANGED and not dry_run:
        click.echo(f"`afterword survey publish {applied.key}` lets this version ask people.")


@survey.command()
@click.argument("key")
def publish(key: str) -> None:
    """Let the latest version go live."""
    with open_app() as parts:
        found = manage_surveys.publish_survey(parts.database, parts.clock, key)
    click.echo(f"{found.key}: version {found.live_version} is live")


@survey.command()
@click.argument("key")
@click.confirmation_option(prompt="Nobody can answer any more after this. Close the survey?")
def close(key: str) -> None:
    """End a survey for good."""
    with open_app() as parts:
        found = manage_surveys.close_survey(parts.database, parts.clock, key)
    click.echo(f"{found.key}: closed")


@survey.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(as_json: bool) -> None:
    """List the surveys."""
    with open_app() as parts:
        found = manage_surveys.list_surveys(parts.database)
    if as_json:
        rows = [
            {
                "key": item.key,
                "project": item.project_name,
                "state": item.state,
                "latest_version": item.latest_version,
                "live_version": item.live_version,
            }
            for item in found
        ]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo("No surveys yet: `afterword survey apply FILE.yaml` makes one.")
    for item in found:
        waiting = item.live_version is not None and item.live_version < item.latest_version
        note = f"; version {item.latest_version} waits to be published" if waiting else ""
        click.echo(
            f"{item.key}  {item.state}, version {item.live_version or item.latest_version}{note}  "
            f"({item.project_name})"
        )
