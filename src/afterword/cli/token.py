"""``afterword token``: programs that may use the Web API."""

import json
from datetime import datetime, timedelta

import click

from afterword.cli.open import open_app
from afterword.cli.project import Duration
from afterword.domain.scope import Scope
from afterword.flows import api_tokens
from afterword.kit.clock import to_datetime
from afterword.storage.api_tokens import ApiToken


@click.group()
def token() -> None:
    """Tokens for the Web API and SCIM; a project's own are under `afterword project`."""


@token.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it may do; several times for several.",
)
@click.option("--expires-in", type=Duration(), help="When it ends, such as 90d [default: never].")
def create(name: str, scopes: tuple[str, ...], expires_in: timedelta | None) -> None:
    """Make a token for the program NAME, which is shown this once."""
    with open_app() as parts:
        rights = [Scope(scope) for scope in scopes]
        made = api_tokens.create_api_token(parts.database, parts.clock, name, rights, expires_in=expires_in)
    click.echo(f"Made a token for {name!r}, shown only now:\n\n    {made}\n")
    for right in rights:
        click.echo(f"It may {right.meaning}.")


@token.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(as_json: bool) -> None:
    """List the tokens; their secrets are not kept."""
    with open_app() as parts:
        found = api_tokens.list_api_tokens(parts.database)
        now = to_datetime(parts.clock.now_us())
    if as_json:
        click.echo(json.dumps([_as_dict(one) for one in found], indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo("No tokens yet: `afterword token create NAME --scope SCOPE` makes one.")
    for one in found:
        scopes = ", ".join(sorted(scope.value for scope in one.scopes))
        click.echo(f"{one.id}  {one.name}  {one.hint}  {scopes}  {_validity(one, now)}")


@token.command()
@click.argument("token_id", type=int)
def revoke(token_id: int) -> None:
    """End a token now."""
    with open_app() as parts:
        api_tokens.revoke_api_token(parts.database, parts.clock, token_id)
    click.echo(f"Ended the token {token_id}.")


def _validity(one: ApiToken, now: datetime) -> str:
    if one.expires_at is None:
        return "never ends"
    word = "ended" if one.expires_at <= now else "ends"
    return f"{word} {one.expires_at:%Y-%m-%d %H:%M} UTC"


def _as_dict(one: ApiToken) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "hint": one.hint,
        "scopes": sorted(one.scopes),
        "created_at": one.created_at.isoformat(),
        "expires_at": one.expires_at.isoformat() if one.expires_at else None,
    }
