"""What does every API reply look like?"""

import http
import itertools
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

OK_BODY = b'{"ok":true}'
NO_CONTENT = 204
_COMMON: list[Header] = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"retry-after, x-request-id, idempotent-replayed"),
]
_process = secrets.token_hex(4).encode()
_counter = itertools.count(1)


def next_request_id() -> bytes:
    """A name for one request, by which its log lines are found."""
    return b"%s-%08x" % (_process, next(_counter))


def error_body(code: str, message: str) -> bytes:
    """The body of every reply that is not ok."""
    return msgspec.json.encode({"ok": False, "error": code, "message": message})


def json_headers(request_id: bytes, body: bytes) -> list[Header]:
    """The headers of every API reply."""
    return [*_COMMON, (b"x-request-id", request_id), (b"content-length", b"%d" % len(body))]


def render_reply(
    status: int, request_id: bytes, body: bytes, extra: Iterable[Header] = (), *, is_head: bool = False
) -> bytes:
    """
    A whole JSON reply as it goes over the wire.

    Args:
        is_head: Leave the body out, as the reply to a HEAD request must.
    """
    length = b"" if status == NO_CONTENT else b"content-length: %d\r\n" % len(body)
    return b"%sx-request-id: %s\r\n%s%s\r\n%s" % (
        _HEADS[status],
        request_id,
        length,
        _lines(extra),
        b"" if is_head else body,
    )


def _lines(headers: Iterable[Header]) -> bytes:
    return b"".join([b"%s: %s\r\n" % header for header in headers])


_HEADS = {
    status.value: b"HTTP/1.1 %d %s\r\n%s" % (status.value, status.phrase.encode(), _lines(_COMMON))
    for status in http.HTTPStatus
}
"""Status line and common headers of each status."""
