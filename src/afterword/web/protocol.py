"""What is answered before there is a request: bad framing, too many headers, too slow ones?"""

import asyncio
import sys
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from afterword.web.errors import CLOSE, STATUS, ErrorCode
from afterword.web.respond import error_body, json_headers, next_request_id

HEADERS_TIMEOUT_S = 10.0
HEADERS_COUNT_MAX = 100
HEADERS_BYTES_MAX = 16 * 1024
HEADERS_HARD_FACTOR = 4
"""From this many times the limits on, the connection is ended without looking at path and method."""

HEAD_BYTES_MAX = 128 * 1024
"""Of a request line and headers that are not complete yet, whatever they are."""

HEADER_OVERFLOW = "afterword.header_overflow"
"""Set in the scope's state of a request that is over the limits, but not over the hard ones."""

_HEADER_OVERHEAD_BYTES = 4


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol with deadlines and limits of its own, and JSON for every refusal."""

    _deadline: asyncio.TimerHandle | None = None
    _headers_bytes = 0
    _head_bytes = 0
    _in_headers = False
    _is_offer = False
    _fed = b""
    _is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline for the first request's headers."""
        super().connection_made(transport)
        self._watch_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop the deadline."""
        self._stop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, unless this connection was refused already."""
        if self._is_refused:
            return
        self._fed = data
        try:
            super().data_received(data)
        except (UnicodeDecodeError, ValueError, httptools.HttpParserInvalidURLError):
            # A request target that is no URL; uvicorn lets it escape.
            self.send_400_response("")
        if self._in_headers and not self._is_refused:
            self._watch_headers()
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self.refuse(ErrorCode.HEADERS_TOO_LARGE, HEADERS_MESSAGE)

    def on_message_begin(self) -> None:
        """A request starts."""
        super().on_message_begin()
        self._headers_bytes = 0
        self._in_headers = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count, so that a flood ends early."""
        self._headers_bytes += len(name) + len(value) + _HEADER_OVERHEAD_BYTES
        if (
            self._headers_bytes > HEADERS_BYTES_MAX * HEADERS_HARD_FACTOR
            or len(self.headers) >= HEADERS_COUNT_MAX * HEADERS_HARD_FACTOR
        ):
            self.refuse(ErrorCode.HEADERS_TOO_LARGE, HEADERS_MESSAGE)
            return
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The headers are in time."""
        self._in_headers = False
        self._head_bytes = 0
        self._stop_deadline()
        if self._is_refused:
            return
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            # Java's clients offer HTTP/2 with every request; an offer may be ignored (RFC 9110, 7.8).
            self._is_offer = True
            return
        if self._headers_bytes > HEADERS_BYTES_MAX or len(self.headers) > HEADERS_COUNT_MAX:
            self.scope["state"][HEADER_OVERFLOW] = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Ignore what follows a refusal."""
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Ignore what follows a refusal, and the end of an offer to upgrade, whose request comes again."""
        if not self._is_refused and not self._is_offer:
            super().on_message_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """
        Take a request that offers an upgrade as if it did not.

        The parser stops after such headers, and would take the body for the next
        request. So it reads the headers once more without the offer, then the rest.
        """
        error = sys.exc_info()[1]
        if not self._is_offer or error is None:
            self.send_400_response("")
            return
        head = [self.parser.get_method(), b" ", self.url, b" HTTP/1.1\r\n"]
        for name, value in self.headers:
            if name != b"upgrade":
                head += [name, b": ", value, b"\r\n"]
        rest = self._fed[error.args[0] :]
        self._is_offer = False
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(b"".join([*head, b"\r\n", rest]))

    def send_400_response(self, msg: str) -> None:
        """Bad framing: say so in JSON, and close."""
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
        lines = [STATUS_LINE[STATUS[code]]]
        for name, value in json_headers(next_request_id(), body, [CLOSE]):
            lines += [name, b": ", value, b"\r\n"]
        self.transport.write(b"".join([*lines, b"\r\n", body]))
        self.transport.close()

    def _watch_headers(self) -> None:
        """Give headers that are not all here yet their deadline; most requests never need one."""
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADERS_TIMEOUT_S, self._headers_late)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _headers_late(self) -> None:
        self._deadline = None
        self.refuse(
            ErrorCode.REQUEST_TIMEOUT,
            f"The request's headers did not arrive within {HEADERS_TIMEOUT_S:.0f} seconds.",
        )


HEADERS_MESSAGE = (
    f"Too many headers: at most {HEADERS_COUNT_MAX} and {HEADERS_BYTES_MAX // 1024} KiB of them."
)


def header_overflow(scope: Any) -> bool:
    """Tell whether a request has more headers than it may."""
    return HEADER_OVERFLOW in scope.get("state", ())
