"""Mail servers that behave, and mail servers that don't, on this machine's loopback."""

import asyncio
import contextlib
import ssl
import warnings
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

USERNAME, PASSWORD = "surveys@example.com", "pass/word:with@signs"

CLOSE = "close"
HANG = "hang"
DRIP = "drip"
DRIP_GAP_S = 0.1

POLITE = {
    "connect": "220 mail.example.com",
    "EHLO": "250-mail.example.com\r\n250 8BITMIME",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go ahead",
    "end of data": "250 taken",
    "QUIT": "221 bye",
}


class Inbox:
    """The handler of a well-behaved server; keeps what it took."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        return "250 taken"


def authenticate(server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    """Know one account."""
    known = isinstance(data, LoginPassword) and (data.login, data.password) == (
        USERNAME.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=known, handled=False)


@contextlib.asynccontextmanager
async def behaving(
    *, wants_login: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[int, Inbox]]:
    """A real server (aiosmtpd); gives its port and its inbox."""
    inbox = Inbox()
    options: dict[str, Any] = {"hostname": "mail.example.com", "tls_context": tls}
    if wants_login:
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}

    def connect() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # A login without TLS, which is what these tests want.
            return SMTP(inbox, **options)

    server = await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], inbox
    finally:
        server.close()
        await server.wait_closed()
        await _let_connections_end()


@contextlib.asynccontextmanager
async def scripted(changes: Mapping[str, str]) -> AsyncIterator[tuple[int, list[str]]]:
    """
    A server that answers by a table; gives its port and the list of what it heard.

    Args:
        changes: Step (``connect``, a verb, ``end of data``) → reply, or CLOSE, HANG or DRIP.
    """
    heard: list[str] = []
    running: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await _follow({**POLITE, **changes}, heard, reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await _let_connections_end()


async def _follow(
    script: Mapping[str, str], heard: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    step = "connect"
    while await _answer(script.get(step, "250 ok"), writer):
        if step == "DATA" and script["DATA"].startswith("354"):
            await reader.readuntil(b"\r\n.\r\n")
            step = "end of data"
        else:
            line = await reader.readline()
            if not line:
                return
            step = line.decode().split()[0].upper()
        heard.append(step)


async def _answer(reply: str, writer: asyncio.StreamWriter) -> bool:
    """Say it; False when the conversation is over."""
    if reply == CLOSE:
        return False
    if reply == HANG:
        await asyncio.Event().wait()
    if reply == DRIP:
        while True:
            writer.write(b"2")
            await writer.drain()
            await asyncio.sleep(DRIP_GAP_S)
    writer.write(reply.encode() + b"\r\n")
    await writer.drain()
    return True


async def _let_connections_end() -> None:
    for _ in range(3):
        await asyncio.sleep(0)
