"""What if the connection to PostgreSQL breaks at the very moment of a COMMIT? A proxy that cuts it there."""

import socket
import tempfile
import threading
from contextlib import suppress
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.postgres import SOCKET_NAME, Cluster

RECEIVE_BYTES = 65_536
COMMIT = b"COMMIT\0"
"""The end of the message; the driver sends it alone, in one piece, and waits for the answer."""
BATCH = b"COPY event"
"""So the events of a batch begin."""


class Cut(Enum):
    """Where the connection breaks, and what has become of the transaction then."""

    BEFORE_COMMIT = "PostgreSQL never hears the COMMIT, and rolls back"
    WITHIN_COMMIT = "PostgreSQL hears it, and nobody knows more"
    AFTER_COMMIT = "PostgreSQL has committed, and its answer is lost"


class Proxy:
    """
    Stands between a server and PostgreSQL, and cuts when told; a context manager.

    Attributes:
        cuts: How many connections were cut so far.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cuts = 0
        self._target = cluster.socket_directory / SOCKET_NAME
        self._directory = Path(tempfile.mkdtemp(prefix="afterword-proxy-"))
        self._listener = socket.socket(socket.AF_UNIX)
        self._lock = threading.Lock()
        self._armed: list[Cut] = []
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._listener.bind(str(self._directory / SOCKET_NAME))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for open_socket in (self._listener, *self._open):
            _hang_up(open_socket)
        (self._directory / SOCKET_NAME).unlink()
        self._directory.rmdir()

    def url(self, url: str) -> str:
        """The same database by way of the proxy."""
        return url.replace(str(self._target.parent), str(self._directory))

    def cut_next(self, *cuts: Cut) -> None:
        """Cut the next commits of batches; notices and jobs commit when they like."""
        with self._lock:
            self._armed += cuts

    def _accept(self) -> None:
        with suppress(OSError):  # closed at the end
            while True:
                client = self._listener.accept()[0]
                server = socket.socket(socket.AF_UNIX)
                self._open += [client, server]
                try:
                    server.connect(str(self._target))
                except OSError:
                    _hang_up(client)
                    continue
                broken = threading.Event()
                for work in (self._forward, self._answer):
                    threading.Thread(target=work, args=(client, server, broken), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket, broken: threading.Event) -> None:
        """Carry what the client says; a COMMIT that shall be cut goes no further, or nothing comes back."""
        is_batch = False
        with suppress(OSError):
            while data := client.recv(RECEIVE_BYTES):
                is_batch = is_batch or BATCH in data
                cut = self._next_cut() if is_batch and data.endswith(COMMIT) else None
                is_batch = is_batch and not data.endswith(COMMIT)
                if cut is Cut.BEFORE_COMMIT:
                    break
                if cut is not None:
                    broken.set()
                server.sendall(data)
                if cut is Cut.WITHIN_COMMIT:
                    break
        _hang_up(server)
        _hang_up(client)

    def _answer(self, client: socket.socket, server: socket.socket, broken: threading.Event) -> None:
        """Carry what PostgreSQL answers; after a cut its answer is waited for, and lost."""
        with suppress(OSError):
            while data := server.recv(RECEIVE_BYTES):
                if broken.is_set():
                    break
                client.sendall(data)
        _hang_up(client)
        _hang_up(server)

    def _next_cut(self) -> Cut | None:
        with self._lock:
            if not self._armed:
                return None
            self.cuts += 1
            return self._armed.pop(0)


def _hang_up(end: socket.socket) -> None:
    """End a connection for both its threads, which a close alone does not wake."""
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
