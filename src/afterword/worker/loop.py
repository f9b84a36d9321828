"""Claim, run, settle: how does work get done, whatever happens to the worker?"""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from afterword.bootstrap import Parts
from afterword.channels.base import SendError
from afterword.domain.backoff import retry_delay_s
from afterword.flows import outbox
from afterword.flows.ingest.check_store import is_unavailable, log_failure, took_too_long
from afterword.flows.job_kinds import ABOUT_INVITATIONS, JobKind
from afterword.flows.names.keep_names import keep_names
from afterword.flows.outbox import Job
from afterword.flows.people.erase_person import Eraser
from afterword.flows.provisioning.load_source import load_source
from afterword.flows.upkeep.housekeep import housekeep
from afterword.flows.upkeep.retain import retain
from afterword.kit.clock import SECOND_US
from afterword.sources.base import DirectorySource, SourceError
from afterword.worker.jobs import decide_jobs, run_job

POLL_S = 0.25
"""How long work from another process may lie unseen; work of this process wakes the worker at once."""

SENDS_AT_ONCE_MAX = 20
"""Claimed mails all go out at once: one that waited for a slow mail server could outlive its lease."""

DECISIONS_AT_ONCE_MAX = 200
"""Events that are decided in one transaction: enough to share its cost, few enough to wait for."""

ATTEMPTS_MAX = 10
"""One to two hours of trying, with the delays of domain/backoff: as long as a mail server may be away."""

HOUSEKEEPING_S = 600.0

SOURCE_CHECK_S = 15.0
"""How often a worker looks whether a source is to be loaded."""

ERROR_PAUSE_S = 1.0

NAMES_S = 1.0
"""How often the names of new events are read; a name that became known is followed as soon."""

NAMES_SHARE = 4
"""With more to read it works a quarter of the time: a million events are not more urgent than a new one."""

NAMES_PAUSE_S_MIN = 0.02

logger = logging.getLogger(__name__)


class Worker:
    """One worker. Several may run on one PostgreSQL."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._woken = asyncio.Event()
        self._stopping = False
        self._running: set[asyncio.Task[None]] = set()
        self._deciding: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Say that there is work; called on the event loop."""
        self._woken.set()

    def stop(self) -> None:
        """Let ``run`` return after the jobs at hand."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Work until stopped. An unreachable database is waited for."""
        beside = [
            asyncio.create_task(self._housekeep()),
            asyncio.create_task(self._keep_names()),
            *(asyncio.create_task(self._keep_loading(source)) for source in self._parts.sources),
        ]
        try:
            while not self._stopping:
                try:
                    started = await self._start_due()
                except Exception as error:  # noqa: BLE001 - whatever it was, work goes on after it
                    log_failure(logger, self._parts.database, "the worker can't get at the outbox", error)
                    await asyncio.sleep(ERROR_PAUSE_S)
                    continue
                if not started:
                    await self._rest()
            await asyncio.gather(*self._running, return_exceptions=True)
        finally:
            for task in beside:
                task.cancel()

    async def run_once(self) -> bool:
        """Claim what is due and do it to its end; False when nothing was due."""
        started = await self._start_due()
        await asyncio.gather(*started)
        return bool(started)

    async def _start_due(self) -> list[asyncio.Task[None]]:
        self._woken.clear()
        started = []
        if self._deciding is None or self._deciding.done():
            claimed = await self._claim(JobKind.EVALUATE_EVENT, DECISIONS_AT_ONCE_MAX)
            if claimed:
                self._deciding = asyncio.create_task(self._decide(claimed))
                started.append(self._deciding)
        limit = SENDS_AT_ONCE_MAX - len(self._running - {self._deciding})
        if limit > 0:
            for kind in ABOUT_INVITATIONS:
                claimed = await self._claim(kind, limit)
                started += [asyncio.create_task(self._do(job)) for job in claimed]
        for task in started:
            self._running.add(task)
            task.add_done_callback(self._finish)
        return started

    async def _claim(self, kind: JobKind, limit: int) -> list[Job]:
        parts = self._parts
        return await asyncio.to_thread(outbox.claim, parts.database, parts.clock, kind, limit=limit)

    async def _decide(self, claimed: list[Job]) -> None:
        """Decide events in one transaction; when it fails or takes too long, each in its own."""
        parts = self._parts
        try:
            await asyncio.to_thread(decide_jobs, parts, claimed)
        except Exception as error:  # noqa: BLE001 - the same
            if len(claimed) == 1 or (is_unavailable(error) and not took_too_long(error)):
                await asyncio.to_thread(self._settle_failures, claimed, error)
                return
            for job in claimed:
                await self._do(job)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            # Its lease ends by itself, and then it is done again.
            log_failure(logger, self._parts.database, "a job could not be settled", error)
        self._woken.set()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _do(self, job: Job) -> None:
        is_last = job.attempts >= ATTEMPTS_MAX
        try:
            put_off_until = await run_job(self._parts, job, is_last_attempt=is_last)
        except Exception as error:  # noqa: BLE001 - whatever it was, the job must be settled
            await asyncio.to_thread(self._settle_failure, job, error, is_last)
        else:
            await asyncio.to_thread(self._settle, job, put_off_until)

    def _settle(self, job: Job, put_off_until: datetime | None) -> None:
        if put_off_until is None:
            outbox.finish(self._parts.database, job)
        else:
            outbox.put_off(self._parts.database, job, until=put_off_until)

    def _settle_failures(self, claimed: list[Job], error: Exception) -> None:
        for job in claimed:
            self._settle_failure(job, error, job.attempts >= ATTEMPTS_MAX)

    def _settle_failure(self, job: Job, error: Exception, is_last: bool) -> None:
        database, clock = self._parts.database, self._parts.clock
        text = _text(error)
        if is_last or (isinstance(error, SendError) and error.permanent):
            logger.error("job %d (%s) is given up: %s", job.id, job.kind, text, exc_info=_unexpected(error))
            outbox.bury(database, clock, job, error=text)
            return
        asked_s = error.retry_after_s if isinstance(error, SendError) else None
        next_in_s = error.next_channel_in_s if isinstance(error, SendError) else None
        wait_s = retry_delay_s(job.attempts, random.random(), asked_s, longest_s=next_in_s)  # noqa: S311
        delay = timedelta(seconds=wait_s)
        logger.warning(
            "job %d (%s) failed, next try in %d s: %s",
            job.id,
            job.kind,
            delay.total_seconds(),
            text,
            exc_info=_unexpected(error),
        )
        outbox.retry(database, clock, job, delay=delay, error=text)

    def _keep_house(self) -> None:
        """Do all that is to be done now and then; a step that fails keeps no other from being done."""
        parts = self._parts
        eraser = Eraser(parts.database, parts.clock, parts.tombstones, parts.mailbox)
        steps: dict[str, Callable[[], object]] = {
            "housekeeping failed": lambda: housekeep(parts.database, parts.clock),
            "erasures can't be finished": eraser.finish,
            "what is over can't be let go": lambda: retain(
                parts.database, parts.clock, parts.keeping, parts.mailbox
            ),
        }
        for failure, step in steps.items():
            try:
                step()
            except Exception as error:  # noqa: BLE001 - the same
                log_failure(logger, parts.database, failure, error)

    async def _housekeep(self) -> None:
        while True:
            await asyncio.to_thread(self._keep_house)
            await asyncio.sleep(HOUSEKEEPING_S)

    async def _keep_loading(self, source: DirectorySource) -> None:
        while True:
            await self.load_when_due(source)
            await asyncio.sleep(SOURCE_CHECK_S)

    async def load_when_due(self, source: DirectorySource) -> None:
        """Load a source whose time has come, unless another worker is at it; its status says how it went."""
        parts = self._parts
        interval = timedelta(seconds=parts.settings.source_interval_s)
        try:
            loaded = await load_source(
                parts.database, parts.clock, parts.tombstones, source, interval=interval, when_due=True
            )
        except SourceError as error:
            logger.warning("the source %s was not loaded: %s", source.name, error)
        except Exception as error:  # noqa: BLE001 - the same
            log_failure(logger, parts.database, f"loading the source {source.name} failed", error)
        else:
            if loaded is not None:
                logger.info("the source %s was loaded: %s", source.name, loaded.summary)

    async def _keep_names(self) -> None:
        clock = self._parts.clock
        while True:
            is_more, began_at_us = False, clock.steady_us()
            try:
                is_more = await asyncio.to_thread(keep_names, self._parts.database, self._parts.clock)
            except Exception as error:  # noqa: BLE001 - the same
                log_failure(logger, self._parts.database, "the names of events can't be read", error)
            took_s = (clock.steady_us() - began_at_us) / SECOND_US
            pause_s = max(NAMES_PAUSE_S_MIN, (NAMES_SHARE - 1) * took_s)
            await asyncio.sleep(pause_s if is_more else NAMES_S)


def _text(error: Exception) -> str:
    if isinstance(error, SendError):
        return str(error)
    return "the database did not take it" if is_unavailable(error) else f"{type(error).__name__}: see the log"


def _unexpected(error: Exception) -> Exception | None:
    """A failed delivery and a failing database are no bugs, so their log lines need no traceback."""
    return None if isinstance(error, SendError) or is_unavailable(error) else error
