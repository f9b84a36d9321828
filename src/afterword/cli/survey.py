"""``afterword survey``: what is asked?"""

import json

import click

from afterword.cli import survey_files
from afterword.cli.open import open_app
from afterword.domain.survey.survey_state import Phase
from afterword.flows.surveys import manage_surveys
from afterword.flows.surveys.manage_surveys import ListedSurvey
from afterword.storage.surveys import Survey, Version


@click.group()
def survey() -> None:
    """What is asked, of whom, and when."""


for command in survey_files.COMMANDS:
    survey.add_command(command)


@survey.command()
@click.argument("key")
def publish(key: str) -> None:
    """Let the latest version go live."""
    with open_app() as parts:
        manage_surveys.publish_survey(parts.database, parts.clock, key)
        listed, _ = manage_surveys.show_survey(parts.database, parts.clock, key)
    click.echo(f"{key}: {_published(listed)}")
    click.echo(survey_files.FOLLOWED)


@survey.command()
@click.argument("key")
def pause(key: str) -> None:
    """Ask nobody until the survey is resumed; links that are out can still be answered."""
    with open_app() as parts:
        found = manage_surveys.pause_survey(parts.database, key)
    click.echo(f"{found.key}: paused; `afterword survey resume {found.key}` lets it ask again")


@survey.command()
@click.argument("key")
def resume(key: str) -> None:
    """Let a survey that is paused ask again."""
    with open_app() as parts:
        manage_surveys.resume_survey(parts.database, key)
        listed, _ = manage_surveys.show_survey(parts.database, parts.clock, key)
    click.echo(f"{key}: {_published(listed)}")


@survey.command()
@click.argument("key")
@click.option("--yes", is_flag=True, help="Don't ask.")
def close(key: str, yes: bool) -> None:
    """End a survey for good."""
    with open_app() as parts:
        if not yes:
            waiting = manage_surveys.count_open_invitations(parts.database, parts.clock, key)
            others = f" Open invitations that end with it: {waiting:,}." if waiting else ""
            click.confirm(
                f"Nobody can answer {key} any more after this.{others} Close it for good?", abort=True
            )
        found = manage_surveys.close_survey(parts.database, parts.clock, key)
    click.echo(f"{found.key}: closed")


@survey.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(as_json: bool) -> None:
    """List the surveys."""
    with open_app() as parts:
        found = manage_surveys.list_phases(parts.database, parts.clock)
    if as_json:
        click.echo(json.dumps([_as_dict(listed) for listed in found], indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo("No surveys yet: `afterword survey apply FILE.yaml` makes one.")
    for line in _align([_row(listed) for listed in found]):
        click.echo(line)


@survey.command()
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def show(key: str, as_json: bool) -> None:
    """Show a survey with its versions."""
    with open_app() as parts:
        listed, versions = manage_surveys.show_survey(parts.database, parts.clock, key)
    item = listed.survey
    if as_json:
        shown = _as_dict(listed) | {"versions": [_version_as_dict(item, version) for version in versions]}
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    click.echo(f"{item.key}: {listed.definition.title}")
    click.echo(f"  {_state(listed)}, of the project {item.project_name}")
    for version in versions:
        note = f"  {listed.phase}" if version.version == item.live_version else ""
        if version.version == item.latest_version and item.live_version != item.latest_version:
            note = "  waits to be published"
        click.echo(f"  version {version.version}, made {version.created_at:%Y-%m-%d %H:%M:%S} UTC{note}")


def _published(listed: ListedSurvey) -> str:
    """What became of a version that was published, or of a survey that was resumed."""
    version = f"version {listed.survey.live_version}"
    if listed.pausing:
        return f"{version} is published, but paused by {listed.pausing}"
    if listed.phase is Phase.LIVE:
        return f"{version} is live"
    return f"{version} is published, and {_state(listed)}"


def _state(listed: ListedSurvey) -> str:
    paused = f", paused by {listed.pausing}" if listed.pausing else ""
    return f"{listed.phase}{_schedule(listed)}{paused}"


def _row(listed: ListedSurvey) -> tuple[str, ...]:
    item = listed.survey
    version = f"version {item.live_version or item.latest_version}{_waiting(item)}"
    return item.key, _state(listed), version, item.project_name


def _align(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _waiting(item: Survey) -> str:
    waits = item.live_version is not None and item.live_version < item.latest_version
    return f"; version {item.latest_version} waits to be published" if waits else ""


def _schedule(listed: ListedSurvey) -> str:
    starts_at, ends_at = listed.definition.starts_at, listed.definition.ends_at
    if listed.phase is Phase.SCHEDULED and starts_at is not None:
        return f", starts {starts_at:%Y-%m-%d %H:%M} UTC"
    if listed.phase in (Phase.LIVE, Phase.PAUSED) and ends_at is not None:
        return f", ends {ends_at:%Y-%m-%d %H:%M} UTC"
    return ""


def _as_dict(listed: ListedSurvey) -> dict[str, object]:
    item, definition = listed.survey, listed.definition
    return {
        "key": item.key,
        "project": item.project_name,
        "state": item.state,
        "phase": listed.phase,
        "latest_version": item.latest_version,
        "live_version": item.live_version,
        "paused_by": list(listed.paused_by),
        "starts_at": definition.starts_at and definition.starts_at.isoformat(),
        "ends_at": definition.ends_at and definition.ends_at.isoformat(),
    }


def _version_as_dict(item: Survey, version: Version) -> dict[str, object]:
    return {
        "version": version.version,
        "created_at": version.created_at.isoformat(),
        "is_live": version.version == item.live_version,
    }
