"""How many connections may there be, how long may each keep the server waiting, and how does it end?"""

import asyncio
import logging
import resource
import socket
import struct
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from heapq import nsmallest
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from afterword.web.errors import CLOSE, RETRY_AFTER, ApiError, ErrorCode, api_error
from afterword.web.respond import error_body, next_request_id, render_reply

HEADERS_TIMEOUT_S = 10
"""From the connection, or the first byte of a later request, to the end of its headers."""

BODY_TIMEOUT_S = 15
"""From the end of the headers to the end of the body, on every route, whether or not it reads the body."""

IDLE_TIMEOUT_S = 10
"""Between two requests, whether it is silent or sends blank lines."""

REPLY_TIMEOUT_S = 20
"""For the client to read what is beyond 64 KiB of its replies: 2.5 KiB/s, slower than any network in use."""

CLOSING_TIMEOUT_S = 10
"""For the client to read the rest of a connection that was closed."""

CHECK_S = 0.5
"""How often all of these are checked. No timer for each request: this costs 1 µs for each connection."""

REQUEST_BYTES_MAX = 512 * 1024
"""Of what follows the headers, the framing of chunks and trailers too; twice of what any route takes, so
that a route's own limit answers in its own words."""

PIPELINED_REQUESTS_MAX = 100
"""Requests of one connection that wait for their replies; it ends after the reply to the last of them."""

CONNECTIONS_MAX = 4_096
"""At 20 KB for each and 64 KiB of unread body at the worst, all of them fit into 350 MB."""

FILES_RESERVED = 128
"""File descriptors that are kept from connections: for the database, mail, and a burst of new connections."""

CROWDED_SHARE = 16
"""One in so many connections goes when there is no room: looking for them costs as much for one."""


logger = logging.getLogger(__name__)

_RESET = struct.pack("ii", 1, 0)


class Stage(StrEnum):
    """What a connection is at."""

    IDLE = "idle"
    HEADERS = "headers"
    BODY = "body"
    WORK = "work"
    HELD = "held"
    REPLY = "reply"
    CLOSING = "closing"


TIMEOUT_S = {
    Stage.IDLE: IDLE_TIMEOUT_S,
    Stage.HEADERS: HEADERS_TIMEOUT_S,
    Stage.BODY: BODY_TIMEOUT_S,
    Stage.REPLY: REPLY_TIMEOUT_S,
    Stage.CLOSING: CLOSING_TIMEOUT_S,
}
"""How long each stage may take; all but WORK and HELD, in which the client waits for us."""


def room_for_connections() -> int:
    """How many connections this process may have, after asking the system for as many as it should."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + FILES_RESERVED
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return CONNECTIONS_MAX
    # Where there are very few, half of them still have to do.
    return min(CONNECTIONS_MAX, max(soft - FILES_RESERVED, soft // 2))


@dataclass(slots=True)
class _Seen:
    """What a connection was at when it was looked at last, and since which check."""

    at: tuple[Stage, int]
    since: int


class Connections:
    """
    All connections of a server.

    Time is counted in checks, so a server that is too busy to check does not count its own delays.
    """

    def __init__(self, count_max: int) -> None:
        self._count_max = count_max
        self._seen: dict[GuardedProtocol, _Seen] = {}
        self._checks = 0
        self.ended: Counter[str] = Counter()
        """Why we ended connections → how many; error codes where the client was told."""

    def __len__(self) -> int:
        return len(self._seen)

    def add(self, connection: "GuardedProtocol") -> bool:
        """Take a new connection, if need be in place of others; False when all of those are being served."""
        if len(self._seen) >= self._count_max:
            self._make_room()
        if len(self._seen) >= self._count_max:
            return False
        self._seen[connection] = _Seen(connection.at(), self._checks + 1)
        return True

    def remove(self, connection: "GuardedProtocol") -> None:
        """Forget a connection that is gone."""
        self._seen.pop(connection, None)

    async def run(self) -> None:
        """Check for ever."""
        while True:
            await asyncio.sleep(CHECK_S)
            try:
                self.check()
            except Exception:
                logger.exception("connections could not be checked; trying again")

    def check(self) -> None:
        """End the connections that took too long at one thing."""
        self._checks += 1
        for connection, seen in list(self._seen.items()):
            self._look(connection, seen)
            stage = seen.at[0]
            if stage in TIMEOUT_S and (self._checks - seen.since) * CHECK_S >= TIMEOUT_S[stage]:
                connection.give_up(stage)

    def _look(self, connection: "GuardedProtocol", seen: _Seen) -> None:
        if (at := connection.at()) != seen.at:
            seen.at, seen.since = at, self._checks

    def _make_room(self) -> None:
        """
        Cut those of a storm, and then those that have kept us waiting longest.

        A healthy client does so for milliseconds.
        """
        waiting: list[tuple[bool, int, int, GuardedProtocol]] = []
        for connection, seen in self._seen.items():
            self._look(connection, seen)
            if seen.at[0] is not Stage.WORK:
                is_of_storm = seen.at[0] is Stage.HELD
                waiting.append((not is_of_storm, seen.since, len(waiting), connection))
        for *_, connection in nsmallest(self._count_max // CROWDED_SHARE + 1, waiting):
            self.ended["crowded"] += 1
            self.remove(connection)
            connection.cut()


class GuardedProtocol(HttpToolsProtocol):
    """The half of a connection that keeps deadlines, limits and order. The other half reads requests."""

    receiving = Stage.IDLE
    """What the parser is at: IDLE, HEADERS or BODY."""

    progress = 0
    """Grows with each request and each time the client reads on, so that two of a kind are told apart."""

    is_held = False
    """A reply is ready and kept back."""

    _connections: Connections
    _unanswered = 0
    _is_refused = False
    _is_half_closed = False
    _last_words: bytes | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Be counted."""
        super().connection_made(transport)
        self._connections = self.app.connections
        if not self._connections.add(self):
            message = "The server has as many connections as it can serve: try again later."
            self.refuse(ErrorCode.SERVICE_UNAVAILABLE, message)

    def connection_lost(self, exc: Exception | None) -> None:
        """Be counted no more."""
        self._connections.remove(self)
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Who says that nothing more will come still gets all answers."""
        if self.receiving is not Stage.IDLE:
            self.refuse(ErrorCode.INVALID_REQUEST, "The connection ended within the request.")
        self._is_half_closed = True
        return self._unanswered > 0

    def pause_writing(self) -> None:
        """The client does not read: then nothing more is read from it either."""
        super().pause_writing()
        self.progress += 1
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        """The client reads on."""
        super().resume_writing()
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def on_response_complete(self) -> None:
        """
        One reply is out; the last one may be followed by the end.

        Does what uvicorn does, but for its timer for each reply: connections that are idle are seen anyway.
        """
        self.server_state.total_requests += 1
        self._unanswered -= 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self._unanswered == 0 and (self._last_words or self._is_half_closed):
            self.transport.write(self._last_words or b"")
            self.transport.close()
        elif self.flow.write_paused:
            self.flow.pause_reading()

    def at(self) -> tuple[Stage, int]:
        """What this connection is at; another number means that it is not the same any more."""
        return self._stage(), self.progress

    def _stage(self) -> Stage:
        if self.transport.is_closing():
            return Stage.CLOSING
        if self.flow.write_paused:
            return Stage.REPLY
        if self.receiving is Stage.BODY and not self.flow.read_paused:
            return Stage.BODY
        if self._unanswered:
            return Stage.HELD if self.is_held else Stage.WORK
        return self.receiving if self.progress else Stage.HEADERS

    def give_up(self, stage: Stage) -> None:
        """This stage took too long."""
        if stage is Stage.HEADERS:
            message = f"The request's headers did not arrive within {HEADERS_TIMEOUT_S} seconds."
            self.refuse(ErrorCode.REQUEST_TIMEOUT, message)
        elif stage is Stage.BODY:
            message = f"The body did not arrive within {BODY_TIMEOUT_S} seconds."
            self.refuse(ErrorCode.REQUEST_TIMEOUT, message)
        else:
            self._connections.ended[stage] += 1
            if stage is Stage.IDLE:
                self.transport.close()
            else:
                self.cut()

    def cut(self) -> None:
        """End it at once; what was not read yet is thrown away, in the system's buffers too."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    def is_over_limit(self) -> bool:
        """
        Count one more request that waits for its reply.

        Returns:
            True when it is one too many: the connection ends after those before it.
        """
        # One is being served, the others are queued.
        if len(self.pipeline) < PIPELINED_REQUESTS_MAX - 1:
            self._unanswered += 1
            return False
        self._is_refused = True
        self.receiving = Stage.IDLE
        self.cycle.keep_alive = False
        self._connections.ended["pipelined"] += 1
        return True

    def refuse(self, code: ErrorCode, message: str, status: int | None = None) -> None:
        """
        Answer in place of the application, in turn, and end the connection.

        What arrives from now on is ignored. A request whose reply has begun gets no second one.
        """
        if self._is_refused or self.transport.is_closing():
            return
        self._is_refused = True
        self._connections.ended[code] += 1
        extra = [CLOSE, RETRY_AFTER] if code is ErrorCode.SERVICE_UNAVAILABLE else [CLOSE]
        error = api_error(code, message, *extra, status=status)
        is_in_body, self.receiving = self.receiving is Stage.BODY, Stage.IDLE
        if is_in_body and self._refuse_request(error):
            return
        self._last_words = render_reply(
            error.status, next_request_id(), error_body(code, message), error.headers
        )
        if not self._unanswered:
            self.transport.write(self._last_words)
            self.transport.close()

    def _refuse_request(self, error: ApiError) -> bool:
        """Refuse the request whose body is on its way; False leaves its reply to the last words."""
        newest: Any = self.cycle
        if newest.response_started:
            self.transport.close()
            return True
        if self.pipeline:
            self.pipeline.popleft()
        elif self.refuse_exchange(newest, error):
            return True
        newest.disconnected = True
        self._unanswered -= 1
        return False

    def refuse_exchange(self, request: Any, error: ApiError) -> bool:
        """Let somebody else refuse a request of theirs; True when they did."""
        return False

    def shutdown(self) -> None:
        """The server ends: what is not whole yet comes too late, the rest is answered."""
        if self.receiving is not Stage.IDLE:
            self.refuse(ErrorCode.SERVICE_UNAVAILABLE, "The server is shutting down: send it again later.")
        super().shutdown()
