"""What does the server say to exactly these bytes? A raw HTTP/1.1 client on a socket."""

import json
import re
import select
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

Address = tuple[str, int]
Header = tuple[str | bytes, str | bytes]
REPLY_TIMEOUT_S = 20.0
RECEIVE_BYTES = 65_536


class BadReplyError(AssertionError):
    """The server closed early, or sent what is not one well-formed HTTP reply."""


@dataclass(frozen=True)
class Reply:
    """
    One HTTP reply as it came.

    Attributes:
        status: The status code.
        headers: Names and values in the order of the wire.
        body: The bytes of the body, without chunk framing.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """List the values of a header, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        """Find a header's value; one that is repeated is an error."""
        values = self.all(name)
        assert len(values) < 2, f"{name} is repeated in the reply: {values}"
        return values[0] if values else None

    def json(self) -> Any:
        """Parse the body."""
        return json.loads(self.body)


def as_bytes(text: str | bytes) -> bytes:
    """Turn header text into the bytes of the wire."""
    return text if isinstance(text, bytes) else text.encode("latin-1")


def head_bytes(method: str, target: str, headers: Iterable[Header]) -> bytes:
    """Write a request line and headers, exactly as given, and the empty line."""
    lines = [f"{method} {target} HTTP/1.1".encode("latin-1")]
    lines += [as_bytes(name) + b": " + as_bytes(value) for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def request_bytes(method: str, target: str, headers: Sequence[Header] = (), body: bytes = b"") -> bytes:
    """
    Write a whole request.

    ``Host`` is added, and ``Content-Length`` when there is a body (or a POST without one),
    unless the headers name them, or a Transfer-Encoding, themselves.
    """
    named = {as_bytes(name).lower() for name, _ in headers}
    added: list[Header] = [] if b"host" in named else [("Host", "afterword.test")]
    framed = b"content-length" in named or b"transfer-encoding" in named
    if not framed and (body or method == "POST"):
        added.append(("Content-Length", str(len(body))))
    return head_bytes(method, target, [*added, *headers]) + body


def chunked(*pieces: bytes) -> bytes:
    """Write pieces as a chunked body with its end."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


class Connection:
    """One TCP connection to the server; a context manager."""

    def __init__(self, address: Address, timeout_s: float = REPLY_TIMEOUT_S) -> None:
        self._socket = socket.create_connection(address, timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close at once."""
        self._socket.close()

    def half_close(self) -> None:
        """Say that nothing more will be sent, and keep on reading."""
        self._socket.shutdown(socket.SHUT_WR)

    def send(self, data: bytes) -> None:
        """Send all bytes."""
        self._socket.sendall(data)

    def send_what_is_taken(self, data: bytes) -> None:
        """Send as long as the server reads; a server that hangs up is no error here."""
        with suppress(ConnectionError):
            self._socket.sendall(data)

    def read_reply(self, *, to_head: bool = False) -> Reply:
        """
        Read one reply.

        Args:
            to_head: The request was a HEAD, so the reply has no body whatever its headers say.

        Raises:
            BadReplyError: The connection ended early or the framing is not sound.
        """
        head = self._read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, _, status_and_reason = head[0].partition(" ")
        if version not in ("HTTP/1.1", "HTTP/1.0") or not status_and_reason[:3].isdigit():
            raise BadReplyError(f"not a status line: {head[0]!r}")
        headers = tuple(
            (name, value.strip(" \t"))
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        )
        reply = Reply(int(status_and_reason[:3]), headers, b"")
        if to_head or reply.status in (100, 204, 304):
            return reply
        return Reply(reply.status, headers, self._read_body(reply))

    def is_answered(self) -> bool:
        """Whether something has arrived that was not read."""
        return bool(self._received or select.select([self._socket], [], [], 0)[0])

    def is_closed_by_server(self, within_s: float = 5.0) -> bool:
        """Tell whether the server closes; bytes it still sends are an error."""
        self._socket.settimeout(within_s)
        try:
            more = self._received or self._socket.recv(RECEIVE_BYTES)
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        if more:
            raise BadReplyError(f"unexpected bytes after the reply: {more[:200]!r}")
        return True

    def _read_body(self, reply: Reply) -> bytes:
        length, encoding = reply.header("Content-Length"), reply.header("Transfer-Encoding")
        if length is not None and encoding is not None:
            raise BadReplyError("the reply has both Content-Length and Transfer-Encoding")
        if length is not None:
            return self._read_exactly(int(length))
        if encoding is not None:
            return self._read_chunks()
        return self._read_to_end()

    def _read_chunks(self) -> bytes:
        body = b""
        while size := int(self._read_until(b"\r\n").split(b";")[0], 16):
            body += self._read_exactly(size)
            self._read_until(b"\r\n")
        self._read_until(b"\r\n")
        return body

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(RECEIVE_BYTES)
        except ConnectionError as error:
            raise BadReplyError(f"the connection broke before the reply was whole: {error}") from error

    def _read_until(self, end: bytes) -> bytes:
        while end not in self._received:
            more = self._receive()
            if not more:
                raise BadReplyError(f"closed before the reply was whole: {self._received[:200]!r}")
            self._received += more
        found, _, self._received = self._received.partition(end)
        return found

    def _read_exactly(self, size: int) -> bytes:
        while len(self._received) < size:
            more = self._receive()
            if not more:
                raise BadReplyError(f"closed before the body was whole: {self._received[:200]!r}")
            self._received += more
        found, self._received = self._received[:size], self._received[size:]
        return found

    def _read_to_end(self) -> bytes:
        while more := self._receive():
            self._received += more
        found, self._received = self._received, b""
        return found


def split_replies(received: bytes) -> list[Reply]:
    """
    Take all that a connection brought apart into replies.

    A reply to a HEAD says a length and has no body; the next reply, or nothing, is in its place.

    Raises:
        BadReplyError: It is not made of whole, well-formed replies.
    """
    replies = []
    while received:
        head, end, rest = received.partition(b"\r\n\r\n")
        match = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
        if match is None or not end:
            raise BadReplyError(f"not the head of a reply: {received[:300]!r}")
        lines = [line.partition(b": ") for line in head.split(b"\r\n")[1:]]
        headers = tuple((name.decode("ascii"), value.decode("latin-1")) for name, _, value in lines)
        reply = Reply(int(match[1]), headers, b"")
        size = 0 if not rest or rest.startswith(b"HTTP/1.1 ") else int(reply.header("Content-Length") or 0)
        if len(rest) < size:
            raise BadReplyError(f"the body ended early: {received[:300]!r}")
        replies.append(Reply(reply.status, headers, rest[:size]))
        received = rest[size:]
    return replies


def exchange(
    address: Address, request: bytes, *, timeout_s: float = REPLY_TIMEOUT_S, to_head: bool = False
) -> Reply:
    """Send one request on a connection of its own and read the reply."""
    with Connection(address, timeout_s) as connection:
        connection.send_what_is_taken(request)
        return connection.read_reply(to_head=to_head)
