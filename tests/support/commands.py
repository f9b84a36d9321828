"""How do tests run hundreds of commands without waiting for Python to start each time?"""

import atexit
import gc
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

SETTING = "AFTERWORD_"
"""So begin the variables that the product reads, when a command is run and not before."""
TEST_NAME = "PYTEST_CURRENT_TEST"
"""Another one for each test, for nobody to read."""


@dataclass(frozen=True)
class Done:
    """A command that ended."""

    code: int
    stdout: str
    stderr: str


class WarmCommands:
    """
    Runs ``afterword …`` in fresh processes that are forked from one with the product already imported.

    Each command has its own process, environment, directory and standard streams, as from a shell.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__],  # -P: the modules beside this file hide no others.
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments: tuple[str, ...], environment: Mapping[str, str], directory: str) -> Done:
        """Run one command to its end; the environment comes on top of the one this was made with."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps([arguments, dict(environment), directory]) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the process that runs commands is gone; its last words are on stderr")
        return Done(*json.loads(answer))

    def close(self) -> None:
        """End the process that runs commands."""
        self._process.communicate()


_idle: dict[frozenset[tuple[str, str]], list[WarmCommands]] = {}
"""Those that nobody uses now, by the environment they were made with."""
_taking = threading.Lock()


class LentCommands:
    """Lends an installation a warm process that others have used before: to start one takes a second."""

    def __init__(self, environment: Mapping[str, str], directory: str) -> None:
        own = {name: value for name, value in environment.items() if name.startswith(SETTING)}
        self._made_with = frozenset(
            (name, value) for name, value in environment.items() if name not in own and name != TEST_NAME
        )
        self._own = own
        self._directory = directory
        with _taking:
            idle = _idle.get(self._made_with)
            taken = idle.pop() if idle else None
        self._warm = taken or WarmCommands(dict(self._made_with))

    def run(self, arguments: tuple[str, ...], environment: Mapping[str, str]) -> Done:
        """Run one command to its end; the environment comes on top of the usual one."""
        return self._warm.run(arguments, {**self._own, **environment}, self._directory)

    def close(self) -> None:
        """Give the process back."""
        with _taking:
            _idle.setdefault(self._made_with, []).append(self._warm)


@atexit.register
def _end_all() -> None:
    for warm in itertools.chain.from_iterable(_idle.values()):
        warm.close()


def _serve() -> None:
    from afterword.cli.main import main

    gc.collect()
    gc.freeze()  # So that the children share what they only read.
    for line in sys.stdin:
        arguments, environment, directory = json.loads(line)
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            child = os.fork()
            if child == 0:
                _become(arguments, environment, out, err)
                _end(main, directory)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            sys.stdout.write(json.dumps([code, _read(out), _read(err)]) + "\n")
            sys.stdout.flush()


def _become(arguments: list[str], environment: dict[str, str], out: IO[Any], err: IO[Any]) -> None:
    """Take a command's arguments, environment and streams."""
    sys.argv = ["afterword", *arguments]
    os.environ.update(environment)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (out.fileno(), 1), (err.fileno(), 2)):
        os.dup2(source, target)


def _end(main: Callable[[], None], directory: str) -> None:
    """Run the command and end this process, without the slow farewell of an interpreter."""
    code = 1
    try:
        os.chdir(directory)
        main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        if code and sys.exc_info()[0] is not None:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _read(stream: IO[str]) -> str:
    stream.seek(0)
    return stream.read()


if __name__ == "__main__":
    _serve()
