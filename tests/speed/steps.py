"""What does each step of an event cost? Timed in one process, without a network, one step more each time."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import uvicorn
from uvicorn.server import ServerState

from afterword.bootstrap import open_intake, open_parts
from afterword.flows.ingest import track_event
from afterword.flows.ingest.track_event import ACCEPTED, Intake, Submission
from afterword.flows.upkeep.prepare_schema import migrate_schema
from afterword.settings import DATABASE_FILE, load_settings
from afterword.web.app import Web
from afterword.web.exchange import Exchange
from afterword.web.protocol import Protocol
from afterword.web.track import Track
from tests.speed.load import event_body, write_requests
from tests.speed.serve import PROJECTS, TOKENS_FILE, make_data
from tests.speed.stub import stub

EVENTS = 10_000
BATCH_EVENTS = 64
TRIES = 5


class Transport:
    """Takes replies and keeps nothing."""

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Nobody is at the other end."""
        return ("127.0.0.1", 1) if name in ("peername", "sockname") else default

    def is_closing(self) -> bool:
        """It never ends."""
        return False

    def write(self, data: bytes) -> None:
        """Gone."""

    def pause_reading(self) -> None:
        """Nothing is read here."""

    def resume_reading(self) -> None:
        """Nothing is read here."""


def nothing(*arguments: object) -> None:
    """Stands where a step is left out."""


def end(exchange: Exchange) -> None:
    """Be done with a request, without a reply."""
    exchange.response_complete = True
    exchange._connection.on_response_complete()


def best_us(work: Callable[[], None]) -> float:
    """The shortest of some tries, in microseconds of this thread's processor time for each event."""
    found = []
    for _ in range(TRIES):
        began = time.thread_time()
        work()
        found.append((time.thread_time() - began) / EVENTS * 1e6)
    return min(found)


def connected(app: object, protocol: type) -> asyncio.Protocol:
    """One end of a connection to an application."""
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        proxy_headers=False,
    )
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")]
    made = protocol(config, state, {})
    made.connection_made(Transport())
    return made


async def stub_us(requests: list[bytes]) -> float:
    """The bare ASGI callable, which needs the loop to turn for each request."""
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    connection = connected(stub, HttpToolsProtocol)
    found = []
    for _ in range(TRIES):
        began = time.thread_time()
        for number in range(EVENTS):
            connection.data_received(requests[number % len(requests)])
            await asyncio.sleep(0)
        found.append((time.thread_time() - began) / EVENTS * 1e6)
    return min(found)


def request_steps(web: Web, requests: list[bytes]) -> Iterator[tuple[str, float]]:
    """(what is done up to here, microseconds) of a request, without the commit."""

    def feed() -> None:
        for number in range(EVENTS):
            connection.data_received(requests[number % len(requests)])

    def settle_at_once(self: Intake, submission: Submission, settle: track_event.Settle) -> None:
        settle(ACCEPTED)

    def keep_nothing(self: Intake, submission: Submission, settle: Any) -> None:
        end(settle.args[0])

    def end_at_once(self: Track, exchange: Exchange, *rest: object) -> None:
        end(exchange)

    steps = [
        ("bytes to a request", [(Track, "take", end_at_once), (Track, "begin", end_at_once)]),
        ("token", [(Track, "_admit", end_at_once)]),
        ("body, arguments, person", [(Intake, "take", keep_nothing)]),
        ("reply, metrics", [(Intake, "take", settle_at_once)]),
    ]
    # The first of each kind is read as a whole; from then on its head is known.
    connection = connected(web, Protocol)
    with replaced([(Intake, "take", keep_nothing)]):
        feed()
    for name, changes in steps:
        with replaced(changes):
            connection = connected(web, Protocol)
            yield name, best_us(feed)


@contextmanager
def replaced(changes: list[tuple[type, str, object]]) -> Iterator[None]:
    """Leave steps out."""
    patches = [mock.patch.object(owner, name, new) for owner, name, new in changes]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


def batch_steps(intake: Intake, submissions: list[Submission]) -> Iterator[tuple[str, float]]:
    """(what is done up to here, microseconds) of an event in a batch."""

    def commit() -> None:
        for first in range(0, EVENTS, BATCH_EVENTS):
            intake._commit(submissions[first : first + BATCH_EVENTS])

    with replaced([(track_event._Batch, "write", nothing)]):
        yield "limits, decided in a batch", best_us(commit)
    yield "rows, counters, jobs, commit", best_us(commit)


async def measure(folder: Path) -> list[str]:
    """The table in Markdown."""
    parts = open_parts(load_settings({}, data=folder / "data"))
    migrate_schema(parts.database, parts.clock, folder / "data" / DATABASE_FILE)
    make_data(parts)
    tokens = (folder / "data" / TOKENS_FILE).read_text().split()[:PROJECTS]
    path = write_requests(folder / "good", [event_body(number) for number in range(PROJECTS)], tokens)
    requests = list(_requests(path))
    opened = open_intake(parts, on_work=nothing)
    lines = ["| step | µs | in all |", "|---|--:|--:|"]
    before = 0.0
    for name, us in request_steps(Web(parts, opened), requests):
        lines.append(f"| {name} | {us - before:.1f} | {us:.1f} |")
        before = us
    submissions: list[Submission] = []

    def keep(self: Intake, submission: Submission, settle: Any) -> None:
        submissions.append(submission)
        end(settle.args[0])

    with replaced([(Intake, "take", keep)]):
        connection = connected(Web(parts, opened), Protocol)
        for number in range(EVENTS):
            connection.data_received(requests[number % len(requests)])
    inside = 0.0
    for name, us in batch_steps(opened.intake, submissions):
        lines.append(f"| {name} | {us - inside:.1f} | {before + us:.1f} |")
        inside = us
    lines.append(f"| the bare ASGI stub, to compare | | {await stub_us(requests):.1f} |")
    parts.database.close()
    return lines


def _requests(path: Path) -> Iterator[bytes]:
    rest = path.read_bytes()
    while rest:
        length, _, rest = rest.partition(b"\n")
        yield rest[: int(length)]
        rest = rest[int(length) :]


def table() -> list[str]:
    """Measure all steps."""
    import uvloop

    with tempfile.TemporaryDirectory(prefix="afterword-steps-") as name:
        return uvloop.run(measure(Path(name)))


if __name__ == "__main__":
    print("\n".join(table()))
