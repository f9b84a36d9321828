"""``afterword admin``: who may see the staff pages?"""

from dataclasses import replace

import click

from afterword.cli.open import open_app
from afterword.flows.admin_access import LINK_LIFETIME, make_admin_link
from afterword.settings import SERVER_URL_FILE, Settings


@click.group()
def admin() -> None:
    """Access to the staff pages."""


@admin.command()
def link() -> None:
    """Make a one-time link that opens the staff pages (reports, mailbox, events)."""
    with open_app() as parts:
        links = replace(parts.links, base_url=server_url(parts.settings))
        click.echo(make_admin_link(parts.database, parts.clock, links))
        minutes = LINK_LIFETIME.total_seconds() // 60
        click.echo(f"Works once, within {minutes:.0f} minutes. Whoever has it sees everything.", err=True)


def server_url(settings: Settings) -> str:
    """Where the running server listens, which may have been started with --port."""
    file = settings.data / SERVER_URL_FILE
    if settings.base_url is None and file.exists():
        return file.read_text().strip()
    return settings.public_url
