"""``afterword project``: tools whose events are taken, and their tokens."""

import json
from datetime import datetime, timedelta

import click

from afterword.cli.open import open_app
from afterword.domain.rate_limit import EVENTS_PER_DAY_DEFAULT, EVENTS_PER_MINUTE_DEFAULT
from afterword.flows import manage_projects
from afterword.flows.surveys.survey_file.base import parse_duration
from afterword.kit.clock import to_datetime
from afterword.storage.projects import Project, Token


class Duration(click.ParamType[timedelta]):
    """A number and a unit, such as 0s, 30m, 24h or 7d."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Text → timedelta."""
        text = str(value)
        if len(text) > 6 or text[-1:] not in "smhd" or not text[:-1].isdecimal():
            self.fail("a duration is a number and a unit, such as 0s, 30m, 24h or 7d", param, ctx)
        return parse_duration(text)


@click.group()
def project() -> None:
    """Tools whose events are taken."""


@project.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help='As JSON: {"id", "name", "token"}.')
def create(name: str, as_json: bool) -> None:
    """Make a project and its token, which is shown this once."""
    with open_app(makes_new=True) as parts:
        made = manage_projects.create_project(parts.database, parts.clock, name)
    if as_json:
        click.echo(json.dumps({"id": made.id, "name": made.name, "token": made.token}))
        return
    click.echo(f"Made the project {made.name!r}. Its token, shown only now:\n\n    {made.token}\n")


@project.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(as_json: bool) -> None:
    """List the projects with their limits and tokens."""
    with open_app() as parts:
        found = manage_projects.list_projects(parts.database)
        now = to_datetime(parts.clock.now_us())
    if as_json:
        click.echo(
            json.dumps([_as_dict(item, tokens) for item, tokens in found], indent=2, ensure_ascii=False)
        )
        return
    if not found:
        click.echo("No projects yet: `afterword project create NAME` makes one.")
    for item, tokens in found:
        click.echo(
            f"{item.name}  (id {item.id}; {item.events_accepted} events; limits: {item.limits.per_minute} "
            f"a minute, {item.limits.per_day} a day, {item.metadata_bytes} bytes of metadata)"
        )
        for token in tokens:
            click.echo(f"    token {token.id}  {token.hint}  {_validity(token, now)}")


@project.command(name="set")
@click.argument("name")
@click.option("--events-per-minute", type=int, help=f"In any 60 s [default: {EVENTS_PER_MINUTE_DEFAULT}].")
@click.option("--events-per-day", type=int, help=f"In any 24 h [default: {EVENTS_PER_DAY_DEFAULT}].")
@click.option("--metadata-bytes", type=int, help="Of compact metadata in an event [default: 1024].")
def set_(
    name: str, events_per_minute: int | None, events_per_day: int | None, metadata_bytes: int | None
) -> None:
    """Change what a project may send; running servers follow within 2 s."""
    if events_per_minute is events_per_day is metadata_bytes is None:
        raise click.UsageError("give at least one of the options")
    with open_app() as parts:
        changed = manage_projects.set_limits(
            parts.database,
            name,
            events_per_minute=events_per_minute,
            events_per_day=events_per_day,
            metadata_bytes=metadata_bytes,
        )
    click.echo(
        f"{changed.name}: {changed.limits.per_minute} events a minute, {changed.limits.per_day} a day, "
        f"{changed.metadata_bytes} bytes of metadata"
    )


@project.command()
@click.argument("name")
@click.option(
    "--overlap", type=Duration(), default="24h", show_default=True, help="How long earlier tokens stay valid."
)
@click.option("--json", "as_json", is_flag=True, help='As JSON: {"token"}.')
def rotate(name: str, overlap: timedelta, as_json: bool) -> None:
    """Make a new token; the earlier ones end after the overlap."""
    with open_app() as parts:
        token = manage_projects.rotate_token(parts.database, parts.clock, name, overlap=overlap)
    if as_json:
        click.echo(json.dumps({"token": token}))
        return
    click.echo(f"The new token, shown only now:\n\n    {token}\n")


@project.command()
@click.argument("name")
@click.argument("token")
def revoke(name: str, token: str) -> None:
    """End one token now; TOKEN is its id, or how it ends, as `project list` shows them."""
    with open_app() as parts:
        ended = manage_projects.revoke_token(parts.database, parts.clock, name, token)
    click.echo(f"The token {ended.id} ({ended.hint}) is not valid any more.")


def _validity(token: Token, now: datetime) -> str:
    if token.expires_at is None:
        return "valid"
    word = "until" if token.expires_at > now else "ended"
    return f"{word} {token.expires_at:%Y-%m-%d %H:%M} UTC"


def _as_dict(item: Project, tokens: list[Token]) -> dict[str, object]:
    return {
        "id": item.id,
        "name": item.name,
        "events_accepted": item.events_accepted,
        "events_per_minute": item.limits.per_minute,
        "events_per_day": item.limits.per_day,
        "metadata_bytes": item.metadata_bytes,
        "tokens": [
            {
                "id": token.id,
                "hint": token.hint,
                "expires_at": token.expires_at.isoformat() if token.expires_at else None,
            }
            for token in tokens
        ],
    }
