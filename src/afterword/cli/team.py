"""``afterword team``: which teams are people in?"""

import json

import click

from afterword.cli.open import open_app
from afterword.domain.errors import InvalidInputError
from afterword.flows.people import manage_teams
from afterword.flows.people.manage_teams import TeamRow
from afterword.storage.teams import Team


@click.group()
def team() -> None:
    """Teams, which may be under one another; TEAM is the names from the root on: "Engineering / Build"."""


@team.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(as_json: bool) -> None:
    """List the teams as a tree, with how many people are in each."""
    with open_app() as parts:
        found = manage_teams.list_teams(parts.database)
    if as_json:
        click.echo(json.dumps([_as_dict(row) for row in found], indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo("No teams yet: they are made with the people in them.")
    for row in found:
        directly = "" if row.people == row.people_in_all else f", {row.people} of them directly"
        zone = f"  {row.team.timezone}" if row.team.timezone else ""
        click.echo(f"{'  ' * row.depth}{row.team.name}  {row.people_in_all}{directly}{zone}")


@team.command()
@click.argument("team")
@click.option("--under", metavar="PARENT", help="The team to put it under.")
@click.option("--root", is_flag=True, help="Under no other team.")
def move(team: str, under: str | None, root: bool) -> None:
    """Put TEAM, with all below it, elsewhere."""
    if root == (under is not None):
        raise InvalidInputError("say where it goes: either --under PARENT or --root")
    with open_app() as parts:
        moved = manage_teams.move_team(parts.database, team, under)
    click.echo(f"The team is {moved.path} now.")


@team.command()
@click.argument("team")
@click.argument("name")
def rename(team: str, name: str) -> None:
    """Give TEAM the name NAME."""
    with open_app() as parts:
        renamed = manage_teams.rename_team(parts.database, team, name)
    click.echo(f"The team is {renamed.path} now.")


@team.command(name="set")
@click.argument("team")
@click.option("--timezone", help="IANA name, such as Europe/Berlin.")
def set_(team: str, timezone: str | None) -> None:
    """Change fields of TEAM. An empty text takes a field away."""
    if timezone is None:
        raise InvalidInputError("say what to set: `afterword team set --help` lists the fields")
    with open_app() as parts:
        changed = manage_teams.set_timezone(parts.database, team, timezone.strip() or None)
    click.echo("Nothing changed: it was so already." if changed is None else _tell_zone(changed))


@team.command()
@click.argument("team")
@click.option("--into", metavar="OTHER", help="The team to put its people into.")
def remove(team: str, into: str | None) -> None:
    """Take TEAM away, which has no teams below it; its people go into another one."""
    with open_app() as parts:
        moved = manage_teams.remove_team(parts.database, team, into)
    click.echo(
        f"Took the team away; people who are in {into} now: {moved}." if into else "Took the team away."
    )


def _tell_zone(team: Team) -> str:
    if team.timezone is not None:
        return f"The time zone of {team.path} is {team.timezone} now."
    if team.held_timezone is not None:
        return f"The team {team.path} has no time zone of its own now: that above it is {team.held_timezone}."
    return f"The team {team.path} has no time zone now."


def _as_dict(row: TeamRow) -> dict[str, object]:
    return {
        "id": row.team.id,
        "parent_id": row.team.parent_id,
        "name": row.team.name,
        "path": row.team.path,
        "timezone": row.team.timezone,
        "people": row.people,
        "people_in_all": row.people_in_all,
    }
