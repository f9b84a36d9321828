"""``afterword admin``: who may see the staff pages?"""

import click

from afterword.cli.open import open_app
from afterword.flows.admin_access import LINK_LIFETIME, make_admin_link


@click.group()
def admin() -> None:
    """Access to the staff pages."""


@admin.command()
def link() -> None:
    """Make a one-time link that opens the staff pages (reports, mailbox, events)."""
    with open_app() as parts:
        click.echo(make_admin_link(parts.database, parts.clock, parts.links))
        minutes = LINK_LIFETIME.total_seconds() // 60
        click.echo(f"Works once, within {minutes:.0f} minutes. Whoever has it sees everything.", err=True)
