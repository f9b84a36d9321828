"""What was sent to a server, what did it answer, and is exactly that in its database?"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Self
from uuid import uuid4

import sqlalchemy as sa

from afterword.flows.upkeep.check_conservation import Conservation
from afterword.storage.engine import Database
from tests.faults.conservation import check_conservation
from tests.support.http import BadReplyError, Connection, Header, Reply
from tests.support.project import Project, create_project
from tests.support.server import RunningServer

CONNECTIONS = 8
KEYED_EVERY = 4
"""Every so many events carry an Idempotency-Key, so that they can be sent again after a fault."""

ADDRESS, PEOPLE = "p{}@example.com", 50
"""Events are spread over so many addresses."""

RECONNECT_PAUSE_S = 0.02
WAIT_S_MAX = 30.0
POLL_S = 0.005
ACCEPTED, UNAVAILABLE = 200, 503
EVENT_NAME = "load.sent"
ASKING_NAME = "load.asking"
"""What the first connection sends instead, for a survey to listen to: the worker is slower than the door."""

UNLIMITED = {"events_per_minute": 1_000_000, "events_per_day": 1_000_000_000}


def unlimited_project(server: RunningServer) -> Project:
    """Make a project whose limits no load reaches, and wait until the server knows it."""
    project = create_project(server, **UNLIMITED)
    project.wait_until_usable()
    return project


@dataclass
class Sent:
    """
    What was sent, and what was answered.

    Attributes:
        statuses: Key of an event → status of the reply; None when none came.
        keys_by_reply: X-Request-Id of a reply → key of its event.
    """

    statuses: dict[str, int | None] = field(default_factory=dict)
    keys_by_reply: dict[str, str] = field(default_factory=dict)

    def add(self, other: "Sent") -> None:
        """Remember what another load sent, too."""
        self.statuses |= other.statuses

    def keys(self, *statuses: int | None) -> set[str]:
        """The events that were answered with one of these."""
        return {key for key, status in list(self.statuses.items()) if status in statuses}

    @property
    def acknowledged(self) -> set[str]:
        """Answered with 200: on the disk, whatever happens."""
        return self.keys(ACCEPTED)

    @property
    def unanswered(self) -> set[str]:
        """Sent, and the connection ended: stored or not, nobody can know."""
        return self.keys(None)

    @property
    def refused(self) -> set[str]:
        """Answered with anything but 200."""
        return self.statuses.keys() - self.acknowledged - self.unanswered

    def counts(self) -> Counter[str]:
        """How many of each answer."""
        return Counter(str(status or "no answer") for status in self.statuses.values())


class Load:
    """
    Sends events as fast as they are answered, over several keep-alive connections.

    A context manager: sends from entry to exit. While nobody listens it
    knocks again, so it goes on over a restart. Each event has a key of its own,
    in its metadata.

    Args:
        projects: Where to; the connections take turns.
    """

    def __init__(self, projects: Sequence[Project], *, connections: int = CONNECTIONS) -> None:
        self.sent = Sent()
        self._projects = projects
        self._prefix = uuid4().hex[:8]
        self._timestamp = str(int(time.time()))
        self._stopping = threading.Event()
        self._acknowledged = [0] * connections
        self._threads = [threading.Thread(target=self._run, args=(index,)) for index in range(connections)]
        self._broken: list[BaseException] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(WAIT_S_MAX)
        if error is None:
            assert not any(thread.is_alive() for thread in self._threads), "a request hangs"
            assert not self._broken, f"the load itself failed: {self._broken[0]!r}"

    @property
    def acknowledged_count(self) -> int:
        """How many 200s there were so far."""
        return sum(self._acknowledged)

    def wait_for(self, more: int = 1, *, unless: Callable[[], bool] = lambda: False) -> None:
        """Wait until so many more events are acknowledged, or until something else is so."""
        target = self.acknowledged_count + more
        self.wait_until(lambda: self.acknowledged_count >= target or unless())

    def wait_until(self, seen: Callable[[], bool]) -> None:
        """Wait for what can be seen, while the load goes on."""
        deadline = time.monotonic() + WAIT_S_MAX
        while not seen():
            assert not self._broken, f"the load itself failed: {self._broken[0]!r}"
            assert time.monotonic() < deadline, f"it did not come, but {self.sent.counts()}"
            time.sleep(POLL_S)

    def resend_unanswered(self) -> int:
        """
        Send the keyed events without a true answer once more, as a tool would after a fault.

        Returns:
            How many of them; each is acknowledged now, and so must be stored once.
        """
        again = [key for key in self.sent.keys(None, UNAVAILABLE) if _number(key) % KEYED_EVERY == 0]
        for key in again:
            with Connection(self._project(_index(key)).server.address) as connection:
                assert self._exchange(connection, key).status == ACCEPTED, key
            self.sent.statuses[key] = ACCEPTED
        return len(again)

    def _run(self, index: int) -> None:
        try:
            numbers = count()
            while not self._stopping.is_set():
                self._use_connection(index, numbers)
                self._stopping.wait(RECONNECT_PAUSE_S)
        except BaseException as error:
            self._broken.append(error)
            raise

    def _use_connection(self, index: int, numbers: "count[int]") -> None:
        """Send until the connection ends; a connection that nobody takes sends nothing."""
        try:
            connection = Connection(self._project(index).server.address)
        except OSError:
            return
        with connection:
            while not self._stopping.is_set():
                key = f"{self._prefix}-{index}-{next(numbers)}"
                self.sent.statuses[key] = None
                try:
                    reply = self._exchange(connection, key)
                except (BadReplyError, OSError):
                    return
                self.sent.statuses[key] = reply.status
                self.sent.keys_by_reply[reply.header("X-Request-Id") or ""] = key
                self._acknowledged[index] += reply.status == ACCEPTED
                if (reply.header("Connection") or "").lower() == "close":
                    return

    def _exchange(self, connection: Connection, key: str) -> Reply:
        index, number = _index(key), _number(key)
        arguments = {
            "name": EVENT_NAME if index else ASKING_NAME,
            "email": ADDRESS.format((index + number) % PEOPLE),
            "timestamp": self._timestamp,
            "metadata": {"key": key},
        }
        headers: list[Header] = [("Idempotency-Key", key)] if number % KEYED_EVERY == 0 else []
        connection.send(self._project(index).request(json.dumps(arguments).encode(), headers=headers))
        return connection.read_reply()

    def _project(self, index: int) -> Project:
        return self._projects[index % len(self._projects)]


def _index(key: str) -> int:
    """Which connection sent it."""
    return int(key.split("-")[1])


def _number(key: str) -> int:
    """How many that connection had sent before it."""
    return int(key.split("-")[2])


def assert_nothing_lost(
    database: Database, sent: Sent, *, unavailable_may_be_stored: bool = False
) -> Conservation:
    """
    Exactly what was acknowledged is stored, and the conservation law holds.

    Args:
        sent: Everything that was ever sent into this database.
        unavailable_may_be_stored: After a fault within the commit itself (the disk's sync
            failed, the connection to PostgreSQL broke) a 503 says "not known", as no answer does.

    Returns:
        What was counted.
    """
    stored = stored_keys(database)
    unknown = sent.unanswered | (sent.keys(UNAVAILABLE) if unavailable_may_be_stored else set())
    _assert_none("acknowledged and lost", sent.acknowledged - stored.keys())
    _assert_none("stored and never sent", stored.keys() - sent.statuses.keys())
    _assert_none("refused and stored", (sent.refused - unknown) & stored.keys())
    _assert_none("stored more than once", {key for key, times in stored.items() if times > 1})
    return check_conservation(database)


_LOAD = sa.text("SELECT metadata FROM event WHERE name LIKE 'load.%'")
"""Other tests may have stored events in the same database."""


def stored_keys(database: Database) -> Counter[str]:
    """Key of an event of a load → how often it is stored."""
    with database.read() as connection:
        rows = connection.execute(_LOAD).all()
    return Counter(json.loads(metadata)["key"] for (metadata,) in rows)


def _assert_none(what: str, keys: set[str]) -> None:
    assert not keys, f"{len(keys)} events {what}, for instance {min(keys)}"
