"""How many events did a project have accepted, and when was each of them counted?"""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from afterword.domain.rate_limit import DAY_US
from afterword.kit.clock import LimitClock
from afterword.storage import events, projects
from afterword.storage.engine import Connection, Database
from afterword.storage.events import NewEvent

TRIM_AT_LENGTH = 4_096
"""From so many times of a project on, those over a day old are dropped when they are half of them."""


class CountedEvents(Protocol):
    """How many events did each project have accepted, and when was each of them counted?"""

    def lock(self, connection: Connection, project_ids: Collection[int]) -> Mapping[int, int]:
        """Project id → how many; nobody else changes them until the transaction ends."""

    def load(self, connection: Connection, ranges: Callable[[], Sequence[tuple[int, int, int]]]) -> None:
        """Make ready to be asked for (project id, first number, last number) …, all of a batch."""

    def find(self, project_id: int, number: int) -> int | None:
        """When an event was counted, in microseconds; None when there is none, or longer than a day ago."""

    def add(self, rows: Sequence[NewEvent]) -> None:
        """Take note of committed events."""


class CountedInMemory:
    """For SQLite, whose one server counts all events: 8 bytes for each of the last day."""

    def __init__(self, database: Database, now_us: int) -> None:
        self._logs: dict[int, _Log] = defaultdict(_Log)
        with database.read() as connection:
            for project_id, number, counted_at_us in events.counted_since(connection, now_us - DAY_US):
                self._logs[project_id].add(number, counted_at_us)
            for project in projects.list_projects(connection):
                self._logs[project.id].count_to(project.events_accepted)

    def lock(self, connection: Connection, project_ids: Collection[int]) -> Mapping[int, int]:
        """See CountedEvents."""
        return {project_id: self._logs[project_id].last for project_id in project_ids}

    def load(self, connection: Connection, ranges: Callable[[], Sequence[tuple[int, int, int]]]) -> None:
        """Nothing to do: all are in memory."""

    def find(self, project_id: int, number: int) -> int | None:
        """See CountedEvents."""
        log = self._logs[project_id]
        place = number - log.last - 1 + len(log.times)
        return log.times[place] if place >= 0 else None

    def add(self, rows: Sequence[NewEvent]) -> None:
        """See CountedEvents."""
        for row in rows:
            log = self._logs[row.project_id]
            log.add(row.number, row.counted_at)
            times = log.times
            if len(times) >= TRIM_AT_LENGTH and times[len(times) // 2] <= row.counted_at - DAY_US:
                del times[: bisect_right(times, row.counted_at - DAY_US)]


class _Log:
    """The last number of a project, and the times of its last events, the newest last."""

    __slots__ = ("last", "times")

    def __init__(self) -> None:
        self.last = 0
        self.times = array("q")

    def add(self, number: int, counted_at_us: int) -> None:
        """Take note of an event; those missing before it, erased ones say, count as if they came with it."""
        if self.times and number > self.last + 1:
            self.times.extend([counted_at_us] * (number - self.last - 1))
        self.times.append(counted_at_us)
        self.last = number

    def count_to(self, number: int) -> None:
        """So many there were, whether or not the last of them are still there."""
        if self.times:
            self.times.extend([self.times[-1]] * (number - self.last))
        self.last = number


class CountedInDatabase:
    """For PostgreSQL, where several servers count together: asked under the project's row lock."""

    def __init__(self, limit_clock: LimitClock) -> None:
        self._limit_clock = limit_clock
        self._numbers: Mapping[int, int] = {}
        self._found: dict[tuple[int, int], int] = {}

    def lock(self, connection: Connection, project_ids: Collection[int]) -> Mapping[int, int]:
        """See CountedEvents."""
        self._numbers = projects.lock_accepted(connection, project_ids)
        return self._numbers

    def load(self, connection: Connection, ranges: Callable[[], Sequence[tuple[int, int, int]]]) -> None:
        """See CountedEvents; and let no event of another server be from the future."""
        latest = [(project_id, number, number) for project_id, number in self._numbers.items() if number]
        self._found = events.counted_at(connection, [*ranges(), *latest]) if latest else {}
        self._limit_clock.catch_up(max((self._found.get(item[:2], 0) for item in latest), default=0))

    def find(self, project_id: int, number: int) -> int | None:
        """See CountedEvents."""
        return self._found.get((project_id, number))

    def add(self, rows: Sequence[NewEvent]) -> None:
        """Nothing to do: the rows themselves are the memory."""
