"""``afterword backup``: how does everything get into one file?"""

from pathlib import Path

import click

from afterword.bootstrap import name_places, open_parts
from afterword.cli.progress import Progress
from afterword.cli.signals import end_on_sigterm
from afterword.domain.errors import NotFoundError
from afterword.flows.upkeep.back_up import back_up
from afterword.settings import load_settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Put database, signing key and mailbox into one file, while the server runs."""
    settings = load_settings()
    file = file.absolute()
    places = name_places(settings)
    if settings.database_url is None and not places.database.exists():
        raise NotFoundError(
            f"there is no database {places.database}: does AFTERWORD_DATA name the right directory?"
        )
    end_on_sigterm()
    parts = open_parts(settings)
    try:
        made = back_up(parts.database, parts.clock, parts.links.signer, places, file, Progress())
    finally:
        parts.database.close()
    click.echo(f"{file}: {made.rows['event']} events, {file.stat().st_size / 1e6:.1f} MB, checked.")
    for text in made.violations or ():
        click.echo(f"Warning: what was backed up is not in order: {text}", err=True)
