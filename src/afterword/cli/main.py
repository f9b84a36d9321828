"""The command ``afterword``: which nouns are there, and what happens to errors?"""

import logging
import sys

import click

from afterword import __version__
from afterword.cli import (
    admin,
    backup,
    demo,
    doctor,
    event,
    migrate,
    name,
    people,
    policy,
    privacy,
    project,
    report,
    restore,
    serve,
    settings,
    simulate,
    source,
    survey,
    team,
    token,
    worker,
)
from afterword.domain.errors import AfterwordError
from afterword.storage.engine import StoreError

ERROR_STATUS = 1


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def cli() -> None:
    """Ask developers about their internal tools at the moment they used them."""


cli.add_command(demo.demo)
cli.add_command(serve.serve)
cli.add_command(worker.worker)
cli.add_command(project.project)
cli.add_command(people.people)
cli.add_command(source.source)
cli.add_command(team.team)
cli.add_command(name.name)
for command in privacy.COMMANDS:
    people.people.add_command(command)
cli.add_command(privacy.retention)
cli.add_command(token.token)
cli.add_command(survey.survey)
cli.add_command(policy.policy)
for command in simulate.COMMANDS:
    survey.survey.add_command(command)
cli.add_command(event.event)
cli.add_command(report.report)
cli.add_command(admin.admin)
cli.add_command(doctor.doctor)
cli.add_command(backup.backup)
cli.add_command(restore.restore)
cli.add_command(migrate.migrate)
cli.add_command(settings.settings)


def main() -> None:
    """Run one command; an error that a person can mend is one line, without a traceback."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    for chatty in ("alembic", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        cli(prog_name="afterword")
    except AfterwordError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(ERROR_STATUS)
    except StoreError as error:
        logging.getLogger(__name__).debug("the database failed", exc_info=error)
        click.echo("Error: the database did not take it: it is busy, full or away. Try again.", err=True)
        sys.exit(ERROR_STATUS)
    except BrokenPipeError:
        # The reader, `head` say, has seen enough.
        sys.stderr.close()
        sys.exit(ERROR_STATUS)
