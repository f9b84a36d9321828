"""How do bytes become requests, and what is answered before there is one?"""

import asyncio
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from afterword.web.errors import CLOSE, STATUS, ErrorCode
from afterword.web.exchange import (
    BODY_BYTES_MAX,
    BODY_LATE,
    BODY_TIMEOUT_S,
    HEADERS_BYTES_MAX,
    HEADERS_COUNT_MAX,
    HEADERS_MESSAGE,
    Exchange,
)
from afterword.web.respond import error_body, next_request_id, render_reply
from afterword.web.track import PATHS, Track

HEADERS_TIMEOUT_S = 10.0
HEADERS_LATE = f"The request's headers did not arrive within {HEADERS_TIMEOUT_S:.0f} seconds."

HEADERS_COUNT_HARD = 4 * HEADERS_COUNT_MAX
HEADERS_BYTES_HARD = 4 * HEADERS_BYTES_MAX
"""Beyond these the connection is ended without looking at path and method."""

HEAD_BYTES_MAX = 128 * 1024
"""Of a request line and headers that are not complete yet, whatever they are."""

_HEADER_OVERHEAD_BYTES = 4


class Protocol(HttpToolsProtocol):
    """
    uvicorn's protocol with deadlines and limits of its own, and JSON for every refusal.

    A request to events.track becomes an Exchange and goes straight to Track; every other one
    goes uvicorn's way, to the pages.
    """

    _track: Track
    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _body_bytes = 0
    _in_headers = False
    _is_upgrade = False
    _fed = b""
    _is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline for the first request's headers."""
        super().connection_made(transport)
        self._track = self.app.track
        self._watch(HEADERS_TIMEOUT_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop the deadline, and what can't be answered any more."""
        self._stop_deadline()
        super().connection_lost(exc)
        self.pipeline.clear()
        exchange: Any = self.cycle
        if type(exchange) is Exchange and not exchange.is_whole:
            self._track.refuse_torn(exchange)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless this connection was refused already."""
        if self._is_refused:
            return
        self._fed = data
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            self._ignore_offer(error)
        except (httptools.HttpParserError, UnicodeDecodeError, ValueError):
            # Bad framing, or a request target that is no URL.
            self._refuse_framing()
        if self._is_refused:
            return
        if self._in_headers:
            self._watch(HEADERS_TIMEOUT_S)
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX or len(self.headers) > HEADERS_COUNT_HARD:
                self.refuse(ErrorCode.HEADERS_TOO_LARGE, HEADERS_MESSAGE)
        elif self.cycle is not None and self.cycle.more_body:
            self._watch(BODY_TIMEOUT_S)

    def on_message_begin(self) -> None:
        """A request starts; what uvicorn needs of it is made when it turns out to be uvicorn's."""
        self.url = b""
        self.headers = []
        self._in_headers = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep it; whether it is one of a flood is asked when they are complete, or with the next bytes."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The headers are in time: whose request is it?"""
        self._in_headers = False
        self._stop_deadline()
        if self._is_refused:
            return
        if self.parser.should_upgrade():
            # Java's clients offer HTTP/2 with every request; an offer may be ignored (RFC 9110, 7.8).
            self._is_upgrade = True
            return
        # In one piece with what came before it, a head can't be larger than all of that.
        is_small = self._head_bytes + len(self._fed) <= HEADERS_BYTES_MAX
        head_bytes = 0 if is_small else self._count_headers()
        self._head_bytes = self._body_bytes = 0
        if head_bytes > HEADERS_BYTES_HARD or len(self.headers) > HEADERS_COUNT_HARD:
            self.refuse(ErrorCode.HEADERS_TOO_LARGE, HEADERS_MESSAGE)
            return
        path, query = self._target()
        if path in PATHS:
            is_flood = head_bytes > HEADERS_BYTES_MAX or len(self.headers) > HEADERS_COUNT_MAX
            self._begin_exchange(query, is_flood=is_flood)
        else:
            self._begin_page()

    def on_body(self, body: bytes) -> None:
        """Part of a body is here; ignore what follows a refusal."""
        if self._is_refused:
            return
        exchange: Any = self.cycle
        if type(exchange) is not Exchange:
            super().on_body(body)
            return
        self._body_bytes += len(body)
        if self._body_bytes <= BODY_BYTES_MAX:
            exchange.body = exchange.body + body if exchange.body else body
        elif exchange.response_complete:
            self.transport.close()
        else:
            self._track.refuse_huge(exchange)

    def on_message_complete(self) -> None:
        """Ignore what follows a refusal, and the end of an offer to upgrade, whose request comes again."""
        if self._is_refused or self._is_upgrade:
            return
        exchange: Any = self.cycle
        if type(exchange) is not Exchange:
            super().on_message_complete()
        else:
            exchange.is_whole = True
            if exchange.is_admitted:
                self._track.finish(exchange)
        if self._deadline is not None:
            self._stop_deadline()

    def _target(self) -> tuple[bytes, bytes]:
        """The request's path, unquoted, and its query."""
        path, _, query = self.url.partition(b"?")
        if path in PATHS and b"#" not in query:
            return path, query
        parsed = httptools.parse_url(self.url)
        return unquote(parsed.path.decode("ascii")).encode(), parsed.query or b""

    def _count_headers(self) -> int:
        return sum(len(name) + len(value) + _HEADER_OVERHEAD_BYTES for name, value in self.headers)

    def _begin_exchange(self, query: bytes, *, is_flood: bool) -> None:
        before: Any = self.cycle
        exchange = Exchange(
            self,
            self.parser.get_method(),
            self.headers,
            query,
            keep_alive=self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0",
        )
        if is_flood:
            exchange.is_flood = True
        self.cycle = exchange  # type: ignore[assignment]
        if before is None or before.response_complete:
            self._track.begin(exchange)
        else:
            # The one before is answered first.
            self.flow.pause_reading()
            self.pipeline.appendleft((exchange, self.app))  # type: ignore[arg-type]

    def _begin_page(self) -> None:
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        self.headers += headers
        self.expect_100_continue = (b"expect", b"100-continue") in headers
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Start what waited for the request before it."""
        if type(cycle) is Exchange:
            # Not at once: a thousand requests in a row would start inside one another.
            self.loop.call_soon(self._track.begin, cycle)
        else:
            super()._start_asgi_task(cycle, app)

    def _ignore_offer(self, error: httptools.HttpParserUpgrade) -> None:
        """
        Take a request that offers an upgrade as if it did not.

        The parser stops after such headers, and would take the body for the next
        request. So it reads the headers once more without the offer, then the rest.
        """
        if self.parser.get_method() == b"CONNECT":
            self._refuse_framing()
            return
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/1.1\r\n"]
        for name, value in self.headers:
            if name != b"upgrade":
                head += [name, b": ", value, b"\r\n"]
        rest = self._fed[error.args[0] :]
        self._is_upgrade = False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(b"".join([*head, b"\r\n", rest]))

    def _refuse_framing(self) -> None:
        self.refuse(
            ErrorCode.INVALID_REQUEST,
            "This is not a well-formed HTTP/1.1 request: check its length and transfer headers.",
        )

    def refuse(self, code: ErrorCode, message: str) -> None:
        """Answer in place of the application, and end the connection."""
        if self._is_refused or self.transport is None or self.transport.is_closing():
            return
        self._is_refused = True
        self._stop_deadline()
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete and not cycle.more_body:
            # The request at hand is whole: its reply comes first, then the connection ends.
            self.pipeline.clear()
            cycle.keep_alive = False
            return
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.close()
            return
        body = error_body(code, message)
        self.transport.write(render_reply(STATUS[code], next_request_id(), body, [CLOSE]))
        self.transport.close()

    def _watch(self, timeout_s: float) -> None:
        """Give what is not all here yet its deadline; most requests never need one."""
        if self._deadline is None:
            self._deadline = self.loop.call_later(timeout_s, self._late)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        cycle: Any = self.cycle
        if self._in_headers or cycle is None or not cycle.more_body:
            self.refuse(ErrorCode.REQUEST_TIMEOUT, HEADERS_LATE)
        elif type(cycle) is Exchange:
            self._track.refuse_late(cycle)
            self.transport.close()
        else:
            self.refuse(ErrorCode.REQUEST_TIMEOUT, BODY_LATE)
