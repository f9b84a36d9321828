"""``afterword demo``: two minutes to the first answered survey."""

import logging
import shlex
import socket
import sys
from pathlib import Path

import click

from afterword.bootstrap import Parts
from afterword.cli.open import open_app
from afterword.cli.serve import claim_port, run_server
from afterword.flows.admin_access import make_admin_link
from afterword.flows.set_up_demo import DEMO_EVENT, DEMO_PERSON, DEMO_SURVEY, set_up_demo
from afterword.settings import Settings, load_settings

_TEXT = """
Afterword runs at {address}   (Ctrl-C stops it; the data stay in {data})

1. Open the staff pages with this one-time link:
     {link}

2. Tell it that Ana finished a build. Paste into another terminal:
     curl -sS {address}/events.track \\
       -H 'Authorization: Bearer {token}' \\
       -H 'Content-Type: application/json' \\
       -d '{{"name": "{event}", "email": "{person}", "timestamp": "'$(date +%s)'"}}'

3. Her mail is in the mailbox: {address}/mailbox
   Answer it, then look at the report: {address}/surveys/{survey}/report

No second mail? That is the throttle. Ask it why, in another terminal:
     {command} event explain last

The project's token: {token}
"""


def _command(settings: Settings) -> str:
    """How this very program is called from another terminal, on the same data."""
    program = Path(sys.argv[0]).absolute()
    here = Path.cwd()
    name = str(program.relative_to(here)) if program.is_relative_to(here) else str(program)
    name = f"{sys.executable} -m afterword" if program.name == "__main__.py" else name
    is_default = settings.data.absolute() == Settings().data.absolute()
    return name if is_default else f"AFTERWORD_DATA={shlex.quote(str(settings.data))} {name}"


@click.command()
@click.option("--host", help="Address to bind to; AFTERWORD_HOST.")
@click.option("--port", type=int, help="Port to bind to; AFTERWORD_PORT.")
def demo(host: str | None, port: int | None) -> None:
    """
    Try it: a project, five people, a live survey, and the server.

    Makes the project "Build CLI" with five people and one published survey, then runs
    the server and prints its address, a project token, and a curl line. Paste the curl
    line into another terminal and a survey mail appears on the mailbox page (mails go
    there as long as AFTERWORD_SMTP_URL is not set). Open it, answer, and look at the
    report. Starting it again keeps everything and prints a new token; the one before
    stays valid for a day.
    """
    settings = load_settings(host=host, port=port)
    logging.getLogger().setLevel(settings.log_level.upper())
    with open_app(settings, is_server=True) as parts, claim_port(parts) as listener:
        _run(parts, listener)


def _run(parts: Parts, listener: socket.socket) -> None:
    settings = parts.settings
    token = set_up_demo(parts.database, parts.clock, parts.tombstones)
    text = _TEXT.format(
        address=settings.public_url,
        data=settings.data,
        link=make_admin_link(parts.database, parts.clock, parts.links),
        token=token,
        event=DEMO_EVENT,
        person=DEMO_PERSON,
        survey=DEMO_SURVEY,
        command=_command(settings),
    )
    run_server(parts, listener, on_ready=lambda: click.echo(text))
