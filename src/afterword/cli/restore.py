"""``afterword restore``: how does a backup become an installation again?"""

from pathlib import Path

import click

from afterword.bootstrap import name_places
from afterword.cli.progress import Progress
from afterword.cli.signals import end_on_sigterm
from afterword.flows.upkeep.restore_backup import Target, restore_backup
from afterword.kit.clock import SystemClock, to_datetime
from afterword.settings import load_settings
from afterword.storage.open import open_database


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Replace what is there, and keep it aside.")
def restore(file: Path, replace: bool) -> None:
    """Restore a backup into what the settings name; the server must be stopped."""
    settings = load_settings()
    places = name_places(settings)
    # A database on SQLite is not opened: that would make it.
    database = open_database(settings.database_url, places.database) if settings.database_url else None
    target = Target(places, database, settings.signing_key, replace)
    end_on_sigterm()
    try:
        done = restore_backup(file.absolute(), target, SystemClock(), Progress())
    finally:
        if database is not None:
            database.close()
    made_at = to_datetime(done.manifest.made_at_us)
    click.echo(f"Restored {done.manifest.rows['event']} events, as of {made_at:%Y-%m-%d %H:%M:%S} UTC.")
    if done.kept_aside is not None:
        click.echo(f"What was there before: {done.kept_aside}")
    for text in done.warnings:
        click.echo(f"Warning: {text}", err=True)
