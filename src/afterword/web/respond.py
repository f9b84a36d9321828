"""What does every API reply look like?"""

import itertools
import secrets
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

OK_BODY = b'{"ok":true}'
_COMMON: list[Header] = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"retry-after, x-request-id, idempotent-replayed"),
]
_process = secrets.token_hex(4)
_counter = itertools.count(1)


def next_request_id() -> bytes:
    """A name for one request, by which its log lines are found."""
    return f"{_process}-{next(_counter):08x}".encode()


def error_body(code: str, message: str) -> bytes:
    """The body of every reply that is not ok."""
    return msgspec.json.encode({"ok": False, "error": code, "message": message})


def json_headers(request_id: bytes, body: bytes, extra: Sequence[Header] = ()) -> list[Header]:
    """The headers of every API reply."""
    return [
        *_COMMON,
        (b"x-request-id", request_id),
        (b"content-length", b"%d" % len(body)),
        *extra,
    ]


async def send_reply(send: Send, status: int, headers: Sequence[Header], body: bytes) -> None:
    """Send a whole reply."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
