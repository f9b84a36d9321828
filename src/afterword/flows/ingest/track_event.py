"""How does an event get onto the disk, within the limits, exactly once, and fast?"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial

from afterword.domain.event import IDEMPOTENCY_US, Event
from afterword.domain.rate_limit import RateLimits, free_at, retry_after_s
from afterword.flows.ingest.check_store import log_failure
from afterword.flows.ingest.counted_events import CountedEvents
from afterword.flows.job_kinds import JobKind
from afterword.kit.clock import Clock, LimitClock
from afterword.kit.histogram import Histogram
from afterword.storage import event_batch, events
from afterword.storage.engine import Connection, Database, StoreError
from afterword.storage.event_batch import NewEvent

QUEUE_EVENTS_MAX = 10_000
"""Events that may wait for a commit; beyond that the answer is 503 and memory stays flat."""

BATCH_EVENTS_MAX = 2_000
"""Events of one transaction at most, so that its waiters are answered while the next one fills."""

COMMIT_S_MAX = 8.0
"""
After so long a batch is given up and its requests are answered 503, whatever it comes to.

More than a statement or a lock of either database may take, less than the
ten seconds after which most clients hang up.
"""

BATCH_BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)

logger = logging.getLogger(__name__)


class Outcome(Enum):
    """What became of one submitted event."""

    ACCEPTED = "accepted"
    REPLAYED = "replayed"
    KEY_REUSED = "key_reused"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """An outcome; with LIMITED also when to come again, in whole seconds."""

    outcome: Outcome
    retry_after_s: int = 0


ACCEPTED = Answer(Outcome.ACCEPTED)
REPLAYED = Answer(Outcome.REPLAYED)
KEY_REUSED = Answer(Outcome.KEY_REUSED)
UNAVAILABLE = Answer(Outcome.UNAVAILABLE)
FAILED = Answer(Outcome.FAILED)

Settle = Callable[[Answer], None]
"""Hears what became of a submission, on the event loop."""


@dataclass(slots=True)
class Submission:
    """
    One checked event on its way to the disk.

    Attributes:
        makes_work: A survey listens to it, so that a job goes with it into the transaction.
        idempotency_key, arguments_hash: Both or neither.
    """

    project_id: int
    limits: RateLimits
    event: Event
    person_id: int | None
    makes_work: bool
    idempotency_key: str | None = None
    arguments_hash: bytes = b""


class Intake:
    """
    Group commit: what arrives while one transaction is on its way to the disk goes into the next.

    The event loop hands over batches, at most one is in flight, and each
    waiter is answered only after the commit that holds its event.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        limit_clock: LimitClock,
        counted: CountedEvents,
        on_work: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._limit_clock = limit_clock
        self._counted = counted
        self._on_work = on_work
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake")
        self._pending: list[tuple[Submission, Settle]] = []
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False
        self._is_stuck = False
        self._refused_until: dict[int, tuple[RateLimits, int]] = {}
        self.batch_events = Histogram(BATCH_BOUNDS)
        """Events of each transaction, for the metrics."""

    def take(self, submission: Submission, settle: Settle) -> None:
        """
        Store one event; called on the event loop.

        Args:
            settle: Called after the event is on the disk, or with the reason why it is not; before
                this returns when that is known at once.
        """
        if self._draining or self._is_stuck or len(self._pending) >= QUEUE_EVENTS_MAX:
            settle(UNAVAILABLE)
        elif (refused := self._refusal(submission)) is not None:
            settle(refused)
        else:
            self._pending.append((submission, settle))
            if self._idle.is_set():
                self._idle.clear()
                loop = asyncio.get_running_loop()
                loop.call_soon(self._start_batch, loop)

    async def drain(self) -> bool:
        """
        Take nothing new, and finish what was taken.

        Returns:
            False when a database that hangs keeps a batch: its thread can't be ended, only the process.
        """
        self._draining = True
        if not self._is_stuck:
            with suppress(TimeoutError):
                async with asyncio.timeout(COMMIT_S_MAX):
                    await self._idle.wait()
        is_done = self._idle.is_set()
        self._executor.shutdown(wait=is_done)
        return is_done

    @property
    def is_draining(self) -> bool:
        """True once nothing new is taken."""
        return self._draining

    @property
    def is_stuck(self) -> bool:
        """True while a batch does not come back from the database; nothing is taken until it does."""
        return self._is_stuck

    @property
    def queue_length(self) -> int:
        """Events that wait for a commit."""
        return len(self._pending)

    def _refusal(self, submission: Submission) -> Answer | None:
        """Answer a project that is known to be over its limit from memory: a storm costs no disk."""
        refused = self._refused_until.get(submission.project_id)
        if refused is None or submission.idempotency_key is not None or refused[0] != submission.limits:
            return None
        now_us = self._limit_clock.now_us()
        if refused[1] <= now_us:
            del self._refused_until[submission.project_id]
            return None
        return Answer(Outcome.LIMITED, retry_after_s(refused[1], now_us))

    def _start_batch(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = self._pending[:BATCH_EVENTS_MAX]
        del self._pending[:BATCH_EVENTS_MAX]
        submissions = [submission for submission, _ in batch]
        self.batch_events.observe(len(batch))
        done = loop.run_in_executor(self._executor, self._commit, submissions)
        watch = loop.call_later(COMMIT_S_MAX, self._give_up, batch)
        done.add_done_callback(partial(self._settle, loop, batch, watch))

    def _give_up(self, batch: list[tuple[Submission, Settle]]) -> None:
        """Keep nobody waiting for a database that hangs; whether it took these events only it knows."""
        logger.error("the database has not answered for %.0f s, %d events wait", COMMIT_S_MAX, len(batch))
        self._is_stuck = True
        for waiting in (batch, self._pending):
            self._answer(waiting, [UNAVAILABLE] * len(waiting))
            waiting.clear()

    def _settle(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[tuple[Submission, Settle]],
        watch: asyncio.TimerHandle,
        done: "asyncio.Future[_Batch]",
    ) -> None:
        watch.cancel()
        self._is_stuck = False
        error = done.exception()
        if error is not None and not isinstance(error, StoreError):
            logger.error("a batch failed, for which %d events waited", len(batch), exc_info=error)
            self._answer(batch, [FAILED] * len(batch))
        elif error is not None:
            log_failure(logger, self._database, f"the database did not take {len(batch)} events", error)
            self._answer(batch, [UNAVAILABLE] * len(batch))
        else:
            result = done.result()
            self._refused_until |= result.refused_until
            self._answer(batch, result.answers if batch else [])  # empty: it was given up
            if result.made_work:
                self._on_work()
        if self._pending:
            # One turn of the loop later: what has arrived meanwhile goes along.
            loop.call_soon(self._start_batch, loop)
        else:
            self._idle.set()

    @staticmethod
    def _answer(batch: list[tuple[Submission, Settle]], answers: Sequence[Answer]) -> None:
        for (_, settle), answer in zip(batch, answers, strict=True):
            try:
                settle(answer)
            except Exception:
                logger.exception("an answer could not be told; the others are")

    def _commit(self, submissions: list[Submission]) -> "_Batch":
        """One transaction, in the intake's own thread."""
        now_us = self._clock.now_us()
        with self._counted.locked({item.project_id for item in submissions}) as (connection, numbers):
            keys = _find_keys(connection, submissions, now_us - IDEMPOTENCY_US)
            counted_at_us = self._limit_clock.now_us()
            batch = _Batch(self._counted.find, numbers, keys, now_us=now_us, counted_at_us=counted_at_us)
            for submission in submissions:
                batch.add(submission)
            batch.write(connection)
        self._counted.add(batch.rows)
        return batch


class _Batch:
    """Decides, one after the other, what becomes of the submissions of one transaction."""

    def __init__(
        self,
        find_counted: Callable[[int, int], int | None],
        numbers: Mapping[int, int],
        keys: dict[tuple[int, str], bytes],
        *,
        now_us: int,
        counted_at_us: int,
    ) -> None:
        self._find_counted = find_counted
        self._before = numbers
        self._numbers = dict(numbers)
        self._keys = keys
        self._now_us = now_us
        self._counted_at_us = counted_at_us
        self._new_keys: list[tuple[int, str, bytes]] = []
        self._work: list[int] = []
        self.rows: list[NewEvent] = []
        self.answers: list[Answer] = []
        self.refused_until: dict[int, tuple[RateLimits, int]] = {}

    @property
    def made_work(self) -> bool:
        """True when jobs were added."""
        return bool(self._work)

    def add(self, submission: Submission) -> None:
        """Decide one submission, and remember what to write for it."""
        self.answers.append(self._replay(submission) or self._limit(submission) or self._accept(submission))

    def write(self, connection: Connection) -> None:
        """Write what was accepted; nothing at all when nothing was."""
        if not self.rows:
            return
        if self._new_keys:
            events.add_idempotent(connection, self._new_keys, self._now_us)
        event_batch.write(connection, self.rows, self._work, JobKind.EVALUATE_EVENT)

    def _replay(self, submission: Submission) -> Answer | None:
        if submission.idempotency_key is None:
            return None
        used_with = self._keys.get((submission.project_id, submission.idempotency_key))
        if used_with is None:
            return None
        return REPLAYED if used_with == submission.arguments_hash else KEY_REUSED

    def _limit(self, submission: Submission) -> Answer | None:
        project_id, limits = submission.project_id, submission.limits
        number = self._numbers[project_id] + 1
        free_at_us = free_at(
            limits,
            self._counted_at(project_id, number - limits.per_minute),
            self._counted_at(project_id, number - limits.per_day),
        )
        if free_at_us <= self._counted_at_us:
            return None
        self.refused_until[project_id] = limits, free_at_us
        return Answer(Outcome.LIMITED, retry_after_s(free_at_us, self._counted_at_us))

    def _counted_at(self, project_id: int, number: int) -> int | None:
        if number <= 0:
            return None
        if number > self._before[project_id]:
            return self._counted_at_us
        return self._find_counted(project_id, number)

    def _accept(self, submission: Submission) -> Answer:
        project_id, event = submission.project_id, submission.event
        number = self._numbers[project_id] = self._numbers[project_id] + 1
        if submission.makes_work:
            self._work.append(len(self.rows))
        self.rows.append(
            NewEvent(
                project_id,
                number,
                self._counted_at_us,
                self._now_us,
                event.occurred_at_us,
                event.name,
                event.email,
                event.github_username,
                event.gitlab_username,
                event.metadata,
                event.is_test,
                submission.person_id,
            )
        )
        if submission.idempotency_key is not None:
            key = project_id, submission.idempotency_key
            self._keys[key] = submission.arguments_hash
            self._new_keys.append((*key, submission.arguments_hash))
        return ACCEPTED


def _find_keys(
    connection: Connection, submissions: Sequence[Submission], since_us: int
) -> dict[tuple[int, str], bytes]:
    keys = [
        (item.project_id, item.idempotency_key) for item in submissions if item.idempotency_key is not None
    ]
    return events.find_idempotent(connection, keys, since_us) if keys else {}
