"""How do a project's owners learn what was refused, without a disk write per refusal?"""

import asyncio
import logging
from collections.abc import Mapping
from enum import StrEnum

from afterword.flows.ingest.check_store import log_failure
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import notices
from afterword.storage.engine import Database
from afterword.storage.notices import Notice

FLUSH_S = 1.0
PENDING_MAX = 10_000
"""Different notices kept in memory between two writes, over all projects; more are dropped."""

logger = logging.getLogger(__name__)


class NoticeKind(StrEnum):
    """Was the request refused, or taken with a warning?"""

    REFUSED = "refused"
    WARNING = "warning"


_Key = tuple[int, str, str, str]


class Notices:
    """Counts refusals and warnings in memory and writes them once a second."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._pending: dict[_Key, list[int]] = {}
        self._is_due = False

    def record(
        self, project_id: int, kind: NoticeKind, code: str, message: str, *, urgent: bool = True
    ) -> None:
        """
        Count one notice.

        Args:
            message: One of our own sentences; never holds anything that was sent.
            urgent: False for what may wait until something else is written, so
                that a storm of refusals writes nothing to the disk.
        """
        now_us = self._clock.now_us()
        key = (project_id, str(kind), code, message)
        if (seen := self._pending.get(key)) is not None:
            seen[0] += 1
            seen[2] = now_us
        elif len(self._pending) < PENDING_MAX:
            self._pending[key] = [1, now_us, now_us]
        self._is_due = self._is_due or urgent

    def allow_flush(self) -> None:
        """Something is on its way to the disk anyway: what waited for that may go along."""
        self._is_due = self._is_due or bool(self._pending)

    async def run(self) -> None:
        """Write what is due, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_S)
            if self._is_due:
                await self.flush()

    async def flush(self) -> None:
        """Write everything now; what can't be written is kept for the next time."""
        pending, self._pending, self._is_due = self._pending, {}, False
        if not pending:
            return
        try:
            await asyncio.to_thread(self._write, pending)
        except Exception as error:  # noqa: BLE001 - whatever it was, they are kept
            log_failure(logger, self._database, f"can't write {len(pending)} notices; trying again", error)
            self._keep(pending)

    def _write(self, pending: Mapping[_Key, list[int]]) -> None:
        rows = [
            Notice(*key, count=count, first_at=to_datetime(first_us), last_at=to_datetime(last_us))
            for key, (count, first_us, last_us) in pending.items()
        ]
        with self._database.write() as connection:
            notices.add_notices(connection, rows)

    def _keep(self, pending: dict[_Key, list[int]]) -> None:
        for key, (count, first_us, last_us) in pending.items():
            newer = self._pending.get(key, [0, first_us, last_us])
            self._pending[key] = [count + newer[0], first_us, newer[2]]
        self._is_due = True
