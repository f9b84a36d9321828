"""``afterword migrate``: bring the database's schema up to date."""

import click

from afterword.bootstrap import open_parts
from afterword.cli.open import only_server
from afterword.flows.upkeep.prepare_schema import migrate_schema
from afterword.settings import DATABASE_FILE, load_settings


@click.command()
def migrate() -> None:
    """Bring the database's schema up to date (needed on PostgreSQL after an upgrade)."""
    parts = open_parts(load_settings())
    try:
        with only_server(parts):
            copy = migrate_schema(parts.database, parts.clock, parts.settings.data / DATABASE_FILE)
    finally:
        parts.database.close()
    if copy is not None:
        click.echo(f"A copy of the database as it was: {copy}")
    click.echo("The schema is up to date.")
