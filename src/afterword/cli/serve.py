"""``afterword serve``: take events, ask people, show reports."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator

import click
import uvicorn
import uvloop

from afterword.bootstrap import Parts, open_intake
from afterword.cli.open import open_app
from afterword.flows.admin_access import has_open_session, make_admin_link
from afterword.flows.ingest.check_store import StoreError
from afterword.settings import SERVER_URL_FILE, SettingsError, load_settings
from afterword.web.app import Web
from afterword.web.protocol import Protocol
from afterword.worker.loop import Worker

DRAIN_S = 8
"""How long requests at hand may take at the end; with the rest of the shutdown within 10 s."""

WORKER_STOP_S = 2
"""How long jobs at hand may take at the end."""

DISK_FAILED_STATUS = 74
"""Exit status after a failed sync, or when the database hangs to the end; EX_IOERR of sysexits.h."""

LAST_WORDS_S = 0.5
"""So long whoever waits may be told 503 before the process ends."""

BACKLOG_CONNECTIONS = 1_024

logger = logging.getLogger(__name__)


@click.command()
@click.option("--host", help="Address to bind to; AFTERWORD_HOST.")
@click.option("--port", type=int, help="Port to bind to; AFTERWORD_PORT.")
@click.option("--no-worker", is_flag=True, help="Leave jobs to `afterword worker` (PostgreSQL only).")
def serve(host: str | None, port: int | None, no_worker: bool) -> None:
    """Run the server; the worker runs in the same process."""
    settings = load_settings(host=host, port=port)
    logging.getLogger().setLevel(settings.log_level.upper())
    with open_app(settings, is_server=True) as parts:
        if no_worker and not parts.database.is_postgres:
            raise click.UsageError("--no-worker needs PostgreSQL: on SQLite the server is the only worker")
        with claim_port(parts) as listener:
            run_server(parts, listener, with_worker=not no_worker, on_ready=lambda: _announce(parts))


def _announce(parts: Parts) -> None:
    settings = parts.settings
    people_come_by = f"; people reach it at {settings.public_url}" if settings.base_url else ""
    click.echo(f"Afterword listens on {settings.host} port {settings.port}{people_come_by}")
    if not has_open_session(parts.database, parts.clock):
        try:
            link = make_admin_link(parts.database, parts.clock, parts.links)
        except StoreError:
            # Events are answered 503 until it is mended, and what can be read can be read.
            click.echo("The database takes nothing now; later `afterword admin link` opens the staff pages.")
            return
        click.echo(f"Open the staff pages with this one-time link:\n    {link}")


@contextlib.contextmanager
def claim_port(parts: Parts) -> Iterator[socket.socket]:
    """
    Take the port before anything is changed.

    Raises:
        AfterwordError: The port is taken.
    """
    listener = _bind(parts.settings.host, parts.settings.port)
    try:
        yield listener
    finally:
        listener.close()


def run_server(
    parts: Parts, listener: socket.socket, *, with_worker: bool = True, on_ready: Callable[[], None]
) -> None:
    """Serve until SIGTERM or SIGINT; whatever was accepted is on the disk when this returns."""
    parts.database.health.on_disk_failed = _end_process
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(parts, listener, with_worker=with_worker, on_ready=on_ready))


def _end_process() -> None:
    """
    End soon, whatever the other threads are at, and without closing anything.

    Closing SQLite would copy its log into the database and delete it; after
    a failed sync that is what must not happen.
    """
    ending = threading.Timer(LAST_WORDS_S, os._exit, (DISK_FAILED_STATUS,))
    ending.daemon = True
    ending.start()


class _Server(uvicorn.Server):
    """uvicorn's server; signals only ask it to stop, so that everything else can end in order."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Without uvicorn's habit of raising the signal again at the end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so when connections are taken."""
        await super().startup(sockets)
        self._on_ready()


THREAD_SWITCH_S = 0.0005
"""So soon a busy event loop lets the committing thread run; Python's own 5 ms add up in each commit."""


async def _serve(
    parts: Parts, listener: socket.socket, *, with_worker: bool, on_ready: Callable[[], None]
) -> None:
    sys.setswitchinterval(THREAD_SWITCH_S)
    worker = Worker(parts)
    intake = open_intake(parts, on_work=worker.wake)
    settings = parts.settings
    web = Web(parts, intake)
    config = uvicorn.Config(
        web,
        http=Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG_CONNECTIONS,
        timeout_graceful_shutdown=DRAIN_S,
    )
    background = [
        asyncio.create_task(intake.directory.run()),
        asyncio.create_task(intake.notices.run()),
        asyncio.create_task(web.connections.run()),
    ]
    working = asyncio.create_task(worker.run()) if with_worker else None
    url_file = settings.data / SERVER_URL_FILE
    with contextlib.suppress(OSError):  # On a full disk, where only `afterword admin link` misses it.
        url_file.write_text(settings.public_url)
    try:
        await _Server(config, on_ready).serve(sockets=[listener])
    finally:
        url_file.unlink(missing_ok=True)
        worker.stop()
        if not await intake.intake.drain():
            logger.error("the database still does not answer: ending without it; who waited was told 503")
            _end_process()
        for task in background:
            task.cancel()
        await intake.notices.flush()
        if working is not None:
            # A mail that hangs is left to the next start, which knows that it may be out.
            await asyncio.wait([working], timeout=WORKER_STOP_S)
            working.cancel()


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"can't listen on {host} port {port} ({error.strerror}): "
            "choose another with --port or AFTERWORD_PORT"
        ) from error
    return listener
