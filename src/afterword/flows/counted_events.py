"""How many events did a project have accepted, and when was each of them counted?"""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from afterword.domain.rate_limit import DAY_US
from afterword.kit.clock import SECOND_US, LimitClock
from afterword.storage import events, projects
from afterword.storage.engine import Connection, Database
from afterword.storage.event_batch import NewEvent

TRIM_AT_LENGTH = 4_096
"""From so many times of a project on, those over a day old are dropped when they are half of them."""

CLOCKS_APART_US = 3_600 * SECOND_US
"""Servers on one database may count by clocks so far apart, and a new one finds all of the last day."""


class CountedEvents:
    """
    The numbers and times of the last day's events in memory, 8 bytes for each.

    On SQLite one server counts all events. On PostgreSQL others may have counted some meanwhile: then the
    number under the project's row lock is higher than the one known here, and only those are read.

    Source: docs/decisions/0015-counts-in-memory.md.
    """

    def __init__(self, database: Database, limit_clock: LimitClock) -> None:
        self._database = database
        self._limit_clock = limit_clock
        self._is_shared = database.is_postgres
        self._logs: dict[int, _Log] = defaultdict(_Log)
        since_us = limit_clock.now_us() - DAY_US - CLOCKS_APART_US
        with database.read_whole() as connection:
            self._note(events.counted_since(connection, since_us))
            for project in projects.list_projects(connection):
                self._logs[project.id].count_to(project.events_accepted)

    @contextmanager
    def locked(self, project_ids: Collection[int]) -> Iterator[tuple[Connection, Mapping[int, int]]]:
        """A transaction, and project id → how many: nobody else changes them until it ends."""
        if self._is_shared:
            with projects.write_locked(self._database, project_ids) as (connection, numbers):
                self._catch_up(connection, numbers)
                yield connection, numbers
        else:
            with self._database.write() as connection:
                yield connection, {project_id: self._logs[project_id].last for project_id in project_ids}

    def _catch_up(self, connection: Connection, numbers: Mapping[int, int]) -> None:
        missed = [
            (project_id, self._logs[project_id].last + 1, number)
            for project_id, number in numbers.items()
            if number > self._logs[project_id].last
        ]
        if missed:
            self._note(events.counted_at(connection, missed))
        for project_id, number in numbers.items():
            self._logs[project_id].count_to(number)

    def find(self, project_id: int, number: int) -> int | None:
        """When an event was counted, in microseconds; None when there is none, or longer than a day ago."""
        log = self._logs[project_id]
        place = number - log.last - 1 + len(log.times)
        return log.times[place] if place >= 0 else None

    def add(self, rows: Sequence[NewEvent]) -> None:
        """Take note of committed events."""
        for row in rows:
            log = self._logs[row.project_id]
            log.add(row.number, row.counted_at)
            times = log.times
            if len(times) >= TRIM_AT_LENGTH and times[len(times) // 2] <= row.counted_at - DAY_US:
                del times[: bisect_right(times, row.counted_at - DAY_US)]

    def _note(self, counted: Iterable[tuple[int, int, int]]) -> None:
        """Take note of stored events; no event of another server is from the future."""
        latest_us = 0
        for project_id, number, counted_at_us in counted:
            self._logs[project_id].add(number, counted_at_us)
            latest_us = max(latest_us, counted_at_us)
        self._limit_clock.catch_up(latest_us)


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
        """So many there are, whether or not the last of them are still there; fewer after a restore."""
        if number < self.last:
            del self.times[max(0, len(self.times) - (self.last - number)) :]
        elif self.times:
            self.times.extend([self.times[-1]] * (number - self.last))
        self.last = number
