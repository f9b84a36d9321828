"""One request to events.track: what is here of it, and how does its reply get out?"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from uvicorn.server import ServerState

from afterword.web.errors import CLOSE
from afterword.web.known_heads import Head
from afterword.web.respond import Header, next_request_id, render_reply

HEADERS_COUNT_MAX = 100
HEADERS_BYTES_MAX = 16 * 1024
HEADERS_MESSAGE = (
    f"Too many headers: at most {HEADERS_COUNT_MAX} and {HEADERS_BYTES_MAX // 1024} KiB of them."
)
BODY_BYTES_MAX = 64 * 1024

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class _NoEvent:
    """uvicorn wakes a request's coroutine by an event; an exchange has no coroutine."""

    def set(self) -> None:
        """Nobody waits."""


class Connection(Protocol):
    """What an exchange needs of its connection."""

    transport: asyncio.Transport
    server_state: ServerState
    is_held: bool

    def on_response_complete(self) -> None:
        """The reply is out: the next request may begin."""


class Exchange:
    """
    A request and its reply, without a coroutine between them.

    It stands where uvicorn has its own request, and so has the attributes that uvicorn's protocol
    looks at: the queue of pipelined requests, keep-alive and the orderly end are as for a page.

    Attributes:
        headers: Names in lower case.
        query: What follows the question mark of the target.
        keep_alive: The connection outlives the reply.
        began_us: When its headers were looked at, by the steady clock.
        is_flood: There are more headers than there may be.
        is_http_1_0: Its sender can't wait for a 100 Continue.
        head: What may be remembered of the headers.
        body: What is here of it.
        is_whole: The body is complete.
        is_admitted: Headers and token are good, so that the body counts.
        project_id: Whose token it was; 0 until that is known.
        is_decided: Its reply is out or held; whatever still comes of it changes nothing.
    """

    is_flood = False
    is_http_1_0 = False
    head: Head | None = None
    body: bytes | bytearray = b""
    is_whole = False
    is_admitted = False
    is_json = False
    began_us = 0
    idempotency_key: str | None = None
    project_id = 0
    is_decided = False

    disconnected = False
    response_started = False
    response_complete = False
    message_event = _NoEvent()

    def __init__(
        self,
        connection: Connection,
        method: bytes,
        headers: list[Header],
        query: bytes,
        *,
        keep_alive: bool,
    ) -> None:
        self._connection = connection
        self.method = method
        self.headers = headers
        self.query = query
        self.keep_alive = keep_alive
        self.request_id = next_request_id()

    @property
    def more_body(self) -> bool:
        """Part of the body is still on its way."""
        return not self.is_whole

    @property
    def is_gone(self) -> bool:
        """Nobody is there any more to read a reply."""
        return self._connection.transport.is_closing()

    def add(self, piece: bytes) -> None:
        """Keep one more piece of the body; most come in one."""
        if not self.body:
            self.body = piece
        elif isinstance(self.body, bytearray):
            self.body += piece
        else:
            self.body = bytearray(self.body + piece)

    def send_continue(self) -> None:
        """Tell a client that waits for it that its body is welcome."""
        if not self.is_whole and not self.is_http_1_0:
            self._connection.transport.write(CONTINUE)

    def reply(self, status: int, body: bytes, headers: Sequence[Header] = ()) -> None:
        """Answer, once; somebody who hung up meanwhile is not answered."""
        connection = self._connection
        transport = connection.transport
        if self.response_complete:
            return
        self.is_decided = self.response_started = self.response_complete = True
        if transport.is_closing():
            return
        if not self.is_whole and self._waits_for_continue():
            # Its body will not come, and must not be looked for in the next request.
            self.keep_alive = False
        extra = connection.server_state.default_headers
        if headers:
            extra = [*extra, *headers]
            if CLOSE in headers:
                self.keep_alive = False
        if not self.keep_alive and CLOSE not in headers:
            extra = [*extra, CLOSE]
        is_head = self.method == b"HEAD"
        transport.write(render_reply(status, self.request_id, body, extra, is_head=is_head))
        if not self.keep_alive:
            transport.close()
        connection.on_response_complete()

    def hold(self, seconds: float, status: int, body: bytes, headers: Sequence[Header]) -> None:
        """Answer so much later; the next request of the connection waits as well."""
        self.is_decided = self._connection.is_held = True
        asyncio.get_running_loop().call_later(seconds, self._release, status, body, headers)

    def _release(self, status: int, body: bytes, headers: Sequence[Header]) -> None:
        self._connection.is_held = False
        self.reply(status, body, headers)

    def _waits_for_continue(self) -> bool:
        return not self.is_admitted and any(name == b"expect" for name, _ in self.headers)
