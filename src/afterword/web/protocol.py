"""How do bytes become requests, and what is answered before there is one?"""

import asyncio
import logging
from typing import Any
from urllib.parse import unquote

import httptools

from afterword.web.connections import REQUEST_BYTES_MAX, GuardedProtocol, Stage
from afterword.web.errors import ApiError, ErrorCode
from afterword.web.exchange import (
    BODY_BYTES_MAX,
    HEADERS_BYTES_MAX,
    HEADERS_COUNT_MAX,
    HEADERS_MESSAGE,
    Exchange,
)
from afterword.web.track import PATHS, Track

HEADERS_COUNT_HARD = 4 * HEADERS_COUNT_MAX
HEADERS_BYTES_HARD = 4 * HEADERS_BYTES_MAX
"""Beyond these the connection is ended without looking at path and method."""

HEAD_BYTES_MAX = 128 * 1024
"""Of a request line and headers that are not complete yet, whatever they are."""

_HEADER_OVERHEAD_BYTES = 4


HTTP_VERSIONS = ("1.1", "1.0")

logger = logging.getLogger(__name__)


class Protocol(GuardedProtocol):
    """
    Reads requests, by uvicorn's parser.

    A request to events.track becomes an Exchange and goes straight to Track; every other one
    goes uvicorn's way, to the pages.
    """

    _track: Track
    _head_bytes = 0
    _bytes_on = 0
    _is_upgrade = False
    _fed = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Know whose requests these will be."""
        super().connection_made(transport)
        self._track = self.app.track

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what can't be answered any more."""
        super().connection_lost(exc)
        self.pipeline.clear()
        exchange: Any = self.cycle
        if type(exchange) is Exchange and not exchange.is_whole:
            self._track.refuse_torn(exchange)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless this connection was refused already."""
        is_alone = self.receiving is Stage.IDLE and not self._unanswered
        if self._is_refused or (is_alone and self._take_known(data)):
            return
        begun, rest = self.progress, data
        while rest and not self._is_refused:
            rest = self._feed(rest)
        if is_alone and self.receiving is Stage.IDLE and self.progress == begun + 1:
            self._remember(data)
        if self.receiving is Stage.HEADERS:
            self._head_bytes += len(data)
        if self.receiving is not Stage.IDLE and self.progress == begun:
            self._limit(len(data))

    def _take_known(self, data: bytes) -> bool:
        """Take a request whose head was read before past the parser, which is between two requests."""
        known = self._track.heads.find(data)
        if known is None:
            return False
        head, body = known
        exchange = Exchange(self, b"POST", [], head.query, keep_alive=head.keep_alive)
        exchange.body = body
        exchange.is_whole = True
        self.cycle = exchange  # type: ignore[assignment]
        self.progress += 1
        self._unanswered += 1
        self._track.take(exchange, head)
        return True

    def _remember(self, data: bytes) -> None:
        """These were the bytes of one whole request."""
        exchange: Any = self.cycle
        if type(exchange) is Exchange and exchange.head is not None:
            self._track.heads.remember(data, exchange.head)

    def _feed(self, data: bytes) -> bytes:
        """Let the parser read; returns what is left behind headers that offered an upgrade."""
        self._fed = data
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            if self.parser.get_method() != b"CONNECT":
                self._read_without_offer()
                return data[error.args[0] :]
            self._refuse_framing()
        except httptools.HttpParserCallbackError:
            logger.exception("a bug while reading a request")
            self.refuse(ErrorCode.INTERNAL_ERROR, "Something went wrong on our side; the log has more.")
        except httptools.HttpParserError:
            self._refuse_framing()
        return b""

    def _limit(self, bytes_more: int) -> None:
        """End what goes on and on, kept or not. Its first bytes, which came with others, don't count."""
        self._bytes_on += bytes_more
        if self.receiving is Stage.HEADERS:
            if self._bytes_on > HEAD_BYTES_MAX or len(self.headers) > HEADERS_COUNT_HARD:
                self.refuse(ErrorCode.HEADERS_TOO_LARGE, HEADERS_MESSAGE)
        elif self._bytes_on > REQUEST_BYTES_MAX:
            message = f"The whole request is too large: at most {REQUEST_BYTES_MAX // 1024} KiB."
            self.refuse(ErrorCode.METADATA_TOO_LARGE, message, 413)

    def on_message_begin(self) -> None:
        """A request starts; what uvicorn needs of it is made when it turns out to be uvicorn's."""
        self.url = b""
        self.headers = []
        self.receiving = Stage.HEADERS
        self.progress += 1
        self._bytes_on = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep it; whether it is one of a flood is asked when they are complete, or with the next bytes."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The headers are all here: whose request is it?"""
        if self._is_refused:
            return
        target = self._target()
        if target is None or self.parser.get_http_version() not in HTTP_VERSIONS or self._is_disguised():
            self._refuse_framing()
            return
        if self.parser.should_upgrade():
            # Java's clients offer HTTP/2 with every request; an offer may be ignored (RFC 9110, 7.8).
            self._is_upgrade = True
            return
        # In one piece with what came before it, a head can't be larger than all of that.
        is_small = self._head_bytes + len(self._fed) <= HEADERS_BYTES_MAX
        head_bytes = 0 if is_small else self._count_headers()
        self._head_bytes = self._bytes_on = 0
        if head_bytes > HEADERS_BYTES_HARD or len(self.headers) > HEADERS_COUNT_HARD:
            self.refuse(ErrorCode.HEADERS_TOO_LARGE, HEADERS_MESSAGE)
            return
        if self.is_over_limit():
            return
        self.receiving = Stage.BODY
        path, query = target
        if path in PATHS:
            is_flood = head_bytes > HEADERS_BYTES_MAX or len(self.headers) > HEADERS_COUNT_MAX
            self._begin_exchange(query, is_flood=is_flood)
        else:
            self._begin_page()
        # Trailers come the same way, behind the body: they must not pass for headers.
        self.headers = []

    def on_body(self, body: bytes) -> None:
        """Part of a body is here; ignore what follows a refusal."""
        if self._is_refused:
            return
        exchange: Any = self.cycle
        if type(exchange) is not Exchange:
            super().on_body(body)
        elif not exchange.is_decided and len(exchange.body) <= BODY_BYTES_MAX:
            exchange.add(body)
            if len(exchange.body) > BODY_BYTES_MAX:
                self._track.refuse_huge(exchange)

    def on_message_complete(self) -> None:
        """Ignore what follows a refusal, and the end of an offer to upgrade, whose request comes again."""
        if self._is_refused or self._is_upgrade:
            return
        self.receiving = Stage.IDLE
        exchange: Any = self.cycle
        if type(exchange) is not Exchange:
            super().on_message_complete()
        else:
            exchange.is_whole = True
            if exchange.is_admitted:
                self._track.finish(exchange)

    def refuse_exchange(self, request: Any, error: ApiError) -> bool:
        """Let Track refuse what it has begun, so that it is counted and the project's owners see it."""
        if type(request) is not Exchange or not request.began_us:
            return False
        if request.is_decided:
            # Its reply is held, and there is nothing to read after it.
            request.keep_alive = False
        else:
            self._track.refuse_broken(request, error)
        return True

    def shutdown(self) -> None:
        """The server ends: what waits here must not take its turns with a pause before each."""
        self._track.hold_no_more()
        super().shutdown()

    def _target(self) -> tuple[bytes, bytes] | None:
        """The request's path, unquoted, and its query; None when it names no path."""
        path, _, query = self.url.partition(b"?")
        if path in PATHS and b"#" not in query:
            return path, query
        try:
            parsed = httptools.parse_url(self.url)
        except httptools.HttpParserInvalidURLError:
            return None
        return (unquote(parsed.path.decode("ascii")).encode(), parsed.query or b"") if parsed.path else None

    def _is_disguised(self) -> bool:
        """Whatever stands beside chunked, some proxy reads it otherwise than the parser does."""
        for name, value in self.headers:
            if name == b"transfer-encoding" and value.strip().lower() != b"chunked":
                return True
        return False

    def _count_headers(self) -> int:
        return sum(len(name) + len(value) + _HEADER_OVERHEAD_BYTES for name, value in self.headers)

    def _begin_exchange(self, query: bytes, *, is_flood: bool) -> None:
        before: Any = self.cycle
        is_http_1_0 = self.parser.get_http_version() == "1.0"
        exchange = Exchange(
            self,
            self.parser.get_method(),
            self.headers,
            query,
            keep_alive=self.parser.should_keep_alive() and not is_http_1_0,
        )
        if is_http_1_0:
            exchange.is_http_1_0 = True
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

    def _read_without_offer(self) -> None:
        """
        Take a request that offers an upgrade as if it did not.

        The parser stops after such headers, and would take the body for the next
        request. So a new one reads the headers once more without the offer.
        """
        version = self.parser.get_http_version().encode()
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/", version, b"\r\n"]
        for name, value in self.headers:
            if name != b"upgrade":
                head += [name, b": ", value, b"\r\n"]
        self._is_upgrade = False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._feed(b"".join([*head, b"\r\n"]))

    def _refuse_framing(self) -> None:
        self.refuse(
            ErrorCode.INVALID_REQUEST,
            "This is not a well-formed HTTP/1.1 request: check its length and transfer headers.",
        )
