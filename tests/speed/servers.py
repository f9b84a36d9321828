"""Which servers are compared? Each starts on the server's core, and stops with its context."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.speed.load import SERVER_CORE
from tests.support.http import BadReplyError, exchange, request_bytes
from tests.support.server import free_port

ROOT = Path(__file__).resolve().parents[2]
START_S_MAX = 600.0
"""With ten million events to make before the first start."""
STOP_S_MAX = 30.0
POLL_S = 0.02

NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{ default_type application/json; return 200 '{{"ok":true}}'; }}
    }}
}}
"""


@dataclass(frozen=True)
class Server:
    """A running server: where it listens, and its processes."""

    port: int
    pids: tuple[int, ...]
    data: Path | None = None
    ready_s: float = 0.0


@contextmanager
def running_stub(core: int | None = SERVER_CORE) -> Iterator[Server]:
    """The bare ASGI callable."""
    port = free_port()
    with _running([sys.executable, "-m", "tests.speed.stub", str(port)], port, core) as (process, ready_s):
        yield Server(port, (process.pid,), ready_s=ready_s)


@contextmanager
def running_nginx() -> Iterator[Server | None]:
    """nginx, which answers without reading the body; None where it is not installed."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        yield None
        return
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="afterword-nginx-") as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, port=port))
        with _running([program, "-p", folder, "-c", str(config)], port) as (process, ready_s):
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            yield Server(port, (process.pid, *map(int, children)), ready_s=ready_s)


@contextmanager
def running_afterword(
    data: Path, database_url: str | None = None, options: Sequence[str] = (), core: int | None = SERVER_CORE
) -> Iterator[Server]:
    """Our own server, with data made for it at its first start."""
    port = free_port()
    command = [sys.executable, "-m", "tests.speed.serve", str(port), str(data), *options]
    if database_url is not None:
        command += ["--database-url", database_url]
    with _running(command, port, core) as (process, ready_s):
        yield Server(port, (process.pid,), data, ready_s)


@contextmanager
def _running(
    command: Sequence[str], port: int, core: int | None = SERVER_CORE
) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    pinned = [] if core is None else ["taskset", "-c", str(core)]
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    began = time.monotonic()
    process = subprocess.Popen([*pinned, *command], cwd=ROOT, env={**os.environ, "PYTHONPATH": paths})
    try:
        while not _answers(port):
            if process.poll() is not None or time.monotonic() - began > START_S_MAX:
                raise RuntimeError(f"{' '.join(command)} did not start")
            time.sleep(POLL_S)
        yield process, time.monotonic() - began
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_S_MAX)


def _answers(port: int) -> bool:
    headers = [("Content-Type", "application/json")]
    try:
        exchange(("127.0.0.1", port), request_bytes("POST", "/events.track", headers, b"{}"), timeout_s=5)
    except (OSError, BadReplyError):
        return False
    return True
