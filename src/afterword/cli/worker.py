"""``afterword worker``: do the outbox's jobs in a process of its own."""

import asyncio
import signal

import click

from afterword.cli.open import open_app
from afterword.domain.errors import InvalidInputError
from afterword.worker.loop import Worker


@click.command()
def worker() -> None:
    """Decide events and send invitations beside `afterword serve --no-worker` (PostgreSQL only)."""
    with open_app() as parts:
        if not parts.database.is_postgres:
            raise InvalidInputError("on SQLite the worker runs inside `afterword serve`: start that")
        click.echo("The worker runs; Ctrl-C stops it.")
        asyncio.run(_run(Worker(parts)))


async def _run(running: Worker) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.stop)
    await running.run()
