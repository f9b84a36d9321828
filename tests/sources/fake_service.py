"""A service of accounts on this machine: what do our programs do with whatever it answers?"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

TOKEN = "hunter2-do-not-show"
DRIP_S = 0.02
DRIPS = 200


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any = None


@dataclass(frozen=True)
class Answer:
    """
    One reply.

    Attributes:
        drips: Send DRIPS blanks one at a time in place of the body, for some seconds.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drips: bool = False

    @property
    def content(self) -> bytes:
        """The body's bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class FakeService:
    """
    Answers over HTTP on a free port of this machine, in threads of its own.

    A context manager.

    Attributes:
        asked: All requests so far.
        instead: Answers to give in place of the usual ones, the next one first.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.instead: list[Answer | Callable[[Asked], Answer]] = []
        self._closing = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length)) if length else None
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, self.path, headers, body)
                service.asked.append(asked)
                service.send(self, service.reply_to(asked))

            def log_message(self, *arguments: object) -> None:
                """In silence."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that hangs up is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def reply_to(self, asked: Asked) -> Answer:
        """What was put in place of the usual answer, or that."""
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"message": "Bad credentials"})
        return self.instead_or_usual(asked)

    def instead_or_usual(self, asked: Asked) -> Answer:
        """What an allowed request gets."""
        if self.instead:
            one = self.instead.pop(0)
            return one(asked) if callable(one) else one
        return self.answer(asked)

    def answer(self, asked: Asked) -> Answer:
        """The usual answer."""
        raise NotImplementedError

    def send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        """Write a reply."""
        handler.send_response(answer.status)
        headers = {"Content-Type": "application/json; charset=utf-8"} | answer.headers
        headers |= {"Content-Length": str(DRIPS if answer.drips else len(answer.content))}
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if not answer.drips:
            handler.wfile.write(answer.content)
        for _ in range(DRIPS if answer.drips else 0):
            if self._closing.wait(DRIP_S):
                return
            handler.wfile.write(b" ")
            handler.wfile.flush()


class Sleeps:
    """Stands in for waiting: notes how long, and lets a clock go on."""

    def __init__(self, advance: Callable[[float], None]) -> None:
        self.seconds: list[float] = []
        self._advance = advance

    async def __call__(self, seconds: float) -> None:
        """Wait without waiting."""
        self.seconds.append(seconds)
        self._advance(seconds)
