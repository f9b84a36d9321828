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


MISSED_MAX = 20_000
"""Events of other servers that are read while their projects are locked: a fraction of a second's work. A
server that missed more, since it was idle for hours, reads them before it locks."""


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
        if not self._is_shared:
            with self._database.write() as connection:
                yield connection, {project_id: self._logs[project_id].last for project_id in project_ids}
            return
        while True:
            with projects.write_locked(self._database, project_ids) as (connection, numbers):
                missed = self._missed(numbers)
                if sum(last - first + 1 for _, first, last in missed) <= MISSED_MAX:
                    self._catch_up(connection, missed, numbers)
                    yield connection, numbers
                    return
            self._come_closer(missed)

    def _missed(self, numbers: Mapping[int, int]) -> list[tuple[int, int, int]]:
        """(project id, first number, last number) of what others counted meanwhile."""
        return [
            (project_id, self._logs[project_id].last + 1, number)
            for project_id, number in numbers.items()
            if number > self._logs[project_id].last
        ]

    def _catch_up(
        self, connection: Connection, missed: Sequence[tuple[int, int, int]], numbers: Mapping[int, int]
    ) -> None:
        if missed:
            self._note(events.counted_at(connection, missed))
        for project_id, number in numbers.items():
            self._logs[project_id].count_to(number)

    def _come_closer(self, missed: Sequence[tuple[int, int, int]]) -> None:
        """Read what was missed without holding anybody up; what is over a day old is of no use."""
        since_us = self._limit_clock.now_us() - DAY_US - CLOCKS_APART_US
        for project_id, first, last in missed:
            log = self._logs[project_id]
            with self._database.read() as connection:
                young = events.first_number_since(connection, project_id, first, last, since_us)
            if young > first:
                log.start_after(young - 1)
            for begin in range(young, last + 1, MISSED_MAX):
                end = min(begin + MISSED_MAX - 1, last)
                with self._database.read() as connection:
                    self._note(events.counted_at(connection, [(project_id, begin, end)]))
                log.count_to(end)

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

    def start_after(self, number: int) -> None:
        """So many there were, all of them too long ago to matter."""
        self.last = number
        del self.times[:]

    def count_to(self, number: int) -> None:
        """So many there are, whether or not the last of them are still there; fewer after a restore."""
        if number < self.last:
            del self.times[max(0, len(self.times) - (self.last - number)) :]
        elif self.times:
            self.times.extend([self.times[-1]] * (number - self.last))
        self.last = number
