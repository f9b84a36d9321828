"""``afterword admin``: who may see the staff pages?"""

from dataclasses import replace

import click

from afterword.bootstrap import Parts
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
        warn_without_server(parts)
        click.echo(make_admin_link(parts.database, parts.clock, links))
        minutes = LINK_LIFETIME.total_seconds() // 60
        click.echo(f"Works once, within {minutes:.0f} minutes. Whoever has it sees everything.", err=True)


def warn_without_server(parts: Parts) -> None:
    """Say that a link has the address of a server that does not run, where that can be known."""
    settings = parts.settings
    if not (settings.base_url or settings.database_url or (settings.data / SERVER_URL_FILE).exists()):
        text = "No server runs on these data: the link works once one runs at this address."
        click.echo(text, err=True)


def server_url(settings: Settings) -> str:
    """Where the running server listens, which may have been started with --port."""
    file = settings.data / SERVER_URL_FILE
    if settings.base_url is None and file.exists():
        return file.read_text().strip()
    return settings.public_url
