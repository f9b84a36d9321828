"""Does the wheel work where nothing else is? Installs it in an empty venv, starts it, and tracks an event."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "afterword"
START_S_MAX = 30.0
STOP_S_MAX = 20.0
COMMAND_S_MAX = 60.0
POLL_S = 0.05


class SmokeError(Exception):
    """The wheel does not do what it should; the message says what."""


def main() -> None:
    """Check the wheel named on the command line."""
    wheel = Path(sys.argv[1]).resolve()
    check_complete(wheel)
    with tempfile.TemporaryDirectory(prefix="afterword-wheel-") as name:
        folder = Path(name)
        program = install(wheel, folder / "venv")
        environment = empty_environment(folder)
        port = free_port()
        with running_server(program, environment, port):
            project = create_project(program, environment)
            check_event(port, project["token"])
    print(f"{wheel.name}: installed in an empty venv, served, stored an event.")


def check_complete(wheel: Path) -> None:
    """Insist that every file of the package is in the wheel."""
    sources = {
        f"afterword/{path.relative_to(PACKAGE).as_posix()}"
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    missing = sources - set(zipfile.ZipFile(wheel).namelist())
    if missing:
        raise SmokeError(f"{wheel.name} lacks {sorted(missing)}")


def install(wheel: Path, venv: Path) -> Path:
    """Make an empty venv with the locked requirements and the wheel; the path of the program."""
    print("Installing the wheel in an empty venv…", flush=True)
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    locked = ["--require-hashes", "--only-binary", ":all:", "-r", str(ROOT / "requirements" / "run.txt")]
    for arguments in (["install", *locked], ["install", "--no-deps", str(wheel)], ["check"]):
        subprocess.run([*pip, *arguments], check=True, stdin=subprocess.DEVNULL)
    return venv / "bin" / "afterword"


def empty_environment(folder: Path) -> dict[str, str]:
    """The environment of a newcomer: a new home, an empty data directory, none of our variables."""
    foreign = {
        name: value for name, value in os.environ.items() if not name.startswith(("AFTERWORD_", "PYTHON"))
    }
    for name in ("home", "data"):
        (folder / name).mkdir()
    return {**foreign, "HOME": str(folder / "home"), "AFTERWORD_DATA": str(folder / "data")}


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(program: Path, environment: Mapping[str, str], port: int) -> Iterator[None]:
    """Run ``afterword serve`` until the block ends; it must then stop by itself on SIGTERM."""
    home = environment["HOME"]
    log_path = Path(home) / "server.log"
    with log_path.open("wb") as log:
        server = subprocess.Popen(
            [program, "serve", "--port", str(port)],
            env=environment,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_ready(server, port)
        yield
        server.send_signal(signal.SIGTERM)
        code = server.wait(STOP_S_MAX)
        if code != 0:
            raise SmokeError(f"the server ended with {code} after SIGTERM")
    except BaseException:
        print(log_path.read_text(errors="replace"), file=sys.stderr)
        raise
    finally:
        server.kill()
        server.wait()


def wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    """Wait until ``/readyz`` answers 200."""
    deadline = time.monotonic() + START_S_MAX
    while not is_ready(port):
        if server.poll() is not None:
            raise SmokeError(f"the server ended with {server.returncode} at its start")
        if time.monotonic() > deadline:
            raise SmokeError(f"the server is not ready after {START_S_MAX:g} s")
        time.sleep(POLL_S)


def is_ready(port: int) -> bool:
    """Ask ``/readyz`` once."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def create_project(program: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Run ``afterword project create`` beside the server."""
    done = subprocess.run(
        [program, "project", "create", "Wheel", "--json"],
        env=environment,
        cwd=environment["HOME"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=COMMAND_S_MAX,
        check=True,
    )
    project: dict[str, Any] = json.loads(done.stdout)
    if not {"id", "name", "token"} <= project.keys():
        raise SmokeError(f"project create --json printed only {sorted(project)}")
    return project


def check_event(port: int, token: str) -> None:
    """Track an event; anything but 200 and ``{"ok": true}`` raises."""
    body = {"name": "wheel.smoke", "email": "alice@example.com", "timestamp": str(int(time.time()))}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/events.track",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        answer = json.load(reply)
    if reply.status != 200 or answer.get("ok") is not True:
        raise SmokeError(f"events.track answered {reply.status} {answer}")


if __name__ == "__main__":
    main()
