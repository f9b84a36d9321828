"""How do the accounts of a source get into the directory, and what becomes of those that are gone?"""

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from afterword.domain.errors import ConflictError
from afterword.domain.people.identity import normalise
from afterword.domain.people.person import PersonRecord
from afterword.flows.people.save_people import ROWS_PER_TRANSACTION, save_people
from afterword.flows.people.saved_people import Saved
from afterword.flows.people.tombstones import Tombstones
from afterword.kit.clock import Clock, to_datetime
from afterword.sources.base import DirectorySource, Roll, SourceError
from afterword.storage import identity_rules, people, revision, sources
from afterword.storage.engine import Connection, Database
from afterword.storage.people import Handle
from afterword.storage.sources import Standing

REMOVALS_SHARE_MAX = 0.10
"""Of a source's active people: if more are gone at once, it is a mistake until somebody confirms it."""

LEASE = timedelta(seconds=120)
"""After it another worker takes the load over; it is renewed while the load runs."""

LEASE_RENEWED_S = 30.0

READ_S_MAX = 1_800.0
"""For all lists of a source, with all waiting for rate limits."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """
    What a load did, or with a dry run would do.

    Attributes:
        accounts: How many the source named.
        without_address: Accounts of people unknown here, who can't be added without an address.
        left: People who became inactive, because no source names them any more.
        waiting_ids: People who would, and wait for a confirmation.
        returned: People who became active again.
        notes: What could not be read.
    """

    accounts: int
    saved: Saved
    without_address: tuple[str, ...]
    left: int
    waiting_ids: tuple[int, ...]
    returned: int
    notes: tuple[str, ...]

    @property
    def waiting(self) -> int:
        """How many wait for a confirmation."""
        return len(self.waiting_ids)

    @property
    def summary(self) -> str:
        """One line for people, without names."""
        waiting = f", {self.waiting} wait for a confirmation" if self.waiting else ""
        return f"{self.done}{waiting}"

    @property
    def done(self) -> str:
        """As ``summary``, without those who wait: that may change before the next load."""
        saved = self.saved
        parts = [
            f"{self.accounts} accounts: {saved.added} added, {saved.changed} changed",
            f"{saved.unchanged} unchanged, {saved.refused} refused",
            f"{len(self.without_address)} without an address, {self.left} left",
        ]
        parts += [f"{self.returned} returned"] if self.returned else []
        return ", ".join(parts)


class SourceBusyError(ConflictError):
    """Another load of the same source runs."""


async def load_source(
    database: Database,
    clock: Clock,
    tombstoned: Tombstones,
    source: DirectorySource,
    *,
    interval: timedelta,
    when_due: bool = False,
    on_progress: Callable[[int], None] = lambda accounts: None,
) -> Loaded | None:
    """
    Read a source, save its people, and let those go whom it names no more.

    First everything is read: a load that breaks off before changes nobody, and one that breaks off later
    lets nobody go. Whoever is gone becomes inactive, unless another source names them or they are
    protected; more than REMOVALS_SHARE_MAX of the active ones wait until somebody confirms it.

    Args:
        interval: From the begin of a load to that of the next.
        when_due: Return None when it is not yet time, or another load runs.
        on_progress: Called with the number of accounts done.

    Raises:
        SourceBusyError: Another load runs.
        SourceError: The source can't be read; its status says so, too.
    """
    begun_at = await asyncio.to_thread(_claim, database, clock, source.name, when_due)
    if begun_at is None:
        if when_due:
            return None
        raise SourceBusyError(
            f"{source.what} is being loaded just now: `afterword source list` shows how it went"
        )
    load = _Load(database, clock, tombstoned, source, begun_at, interval)
    keeping = asyncio.create_task(load.keep_lease())
    try:
        roll = await _read(source)
        return await load.save(roll, on_progress)
    except asyncio.CancelledError:
        load.stop()
        raise
    except Exception as error:
        await asyncio.to_thread(load.fail, error)
        raise
    finally:
        keeping.cancel()


async def preview_source(
    database: Database, clock: Clock, tombstoned: Tombstones, source: DirectorySource
) -> Loaded:
    """What a load would do now; changes nothing, its status neither."""
    roll = await _read(source)

    def preview() -> Loaded:
        known, without_address = _part(database, source.name, roll.people)
        with database.read() as connection:
            rules = identity_rules.read_rules(connection)
        saved = save_people(
            database, clock, known, source=source.name, tombstoned=tombstoned, rules=rules, dry_run=True
        )
        with database.read() as connection:
            moves = _moves(sources.list_standings(connection, source.name), roll)
        return _loaded(roll, saved, without_address, moves)

    return await asyncio.to_thread(preview)


async def _read(source: DirectorySource) -> Roll:
    try:
        async with asyncio.timeout(READ_S_MAX):
            roll = await source.read()
    except TimeoutError:
        raise SourceError(
            f"reading {source.what} took more than {READ_S_MAX / 60:g} min: the next load tries again"
        ) from None
    if not roll.people:
        raise SourceError(
            f"{source.what} names nobody, so nobody was changed: check its name, and what the token may see"
        )
    return roll


def _claim(database: Database, clock: Clock, name: str, when_due: bool) -> datetime | None:
    now = to_datetime(clock.now_us())
    if when_due:
        with database.read() as connection:
            found = sources.find_status(connection, name)
        if found is not None and found.next_at is not None and found.next_at > now:
            return None
        if found is not None and found.leased_until is not None and found.leased_until > now:
            return None
    with database.write() as connection:
        is_ours = sources.claim(connection, name, now=now, leased_until=now + LEASE, when_due=when_due)
    return now if is_ours else None


class _StoppedError(Exception):
    """The process ends, and the load with it."""


class _Load:
    """One load, which holds the source's lease."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        tombstoned: Tombstones,
        source: DirectorySource,
        begun_at: datetime,
        interval: timedelta,
    ) -> None:
        self._database = database
        self._clock = clock
        self._tombstoned = tombstoned
        self._source = source
        self._begun_at = begun_at
        self._interval = interval
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End the saving after the transaction at hand."""
        self._stopping.set()

    async def keep_lease(self) -> None:
        """Renew the lease until cancelled."""
        while True:
            await asyncio.sleep(LEASE_RENEWED_S)
            try:
                await asyncio.to_thread(self._renew)
            except Exception as error:  # noqa: BLE001 - the load itself meets the same, and says so
                logger.debug("the lease of a source was not renewed: %s", type(error).__name__)

    def _renew(self) -> None:
        with self._database.write() as connection:
            until = to_datetime(self._clock.now_us()) + LEASE
            sources.settle(connection, self._source.name, self._begun_at, leased_until=until)

    async def save(self, roll: Roll, on_progress: Callable[[int], None]) -> Loaded:
        """Save everybody who is named, then let those go who are not."""

        def tell(accounts: int) -> None:
            if self._stopping.is_set():
                raise _StoppedError
            on_progress(accounts)

        return await asyncio.to_thread(self._save, roll, tell)

    def _save(self, roll: Roll, on_progress: Callable[[int], None]) -> Loaded:
        known, without_address = _part(self._database, self._source.name, roll.people)
        with self._database.read() as connection:
            rules = identity_rules.read_rules(connection)
        saved = save_people(
            self._database,
            self._clock,
            known,
            source=self._source.name,
            tombstoned=self._tombstoned,
            rules=rules,
            on_progress=on_progress,
        )
        with self._database.write() as connection:
            # First, as all do who change people: they wait for each other, and no two for ever.
            revision.lock(connection)
            # Locks the status, so that nobody confirms meanwhile what is being counted anew.
            if not sources.settle(connection, self._source.name, self._begun_at, leased_until=None):
                raise SourceError(f"another load of {self._source.what} took over; nobody was let go")
            now = to_datetime(self._clock.now_us())
            moves = _moves(sources.list_standings(connection, self._source.name), roll)
            moves.write(connection, self._source.name, now)
            loaded = _loaded(roll, saved, without_address, moves)
            self._finish(connection, loaded, moves, now)
        return loaded

    def _finish(self, connection: Connection, loaded: Loaded, moves: "_Moves", now: datetime) -> None:
        sources.set_status(
            connection,
            self._source.name,
            finished_at=now,
            next_at=max(self._begun_at + self._interval, now),
            summary="; ".join((loaded.done, *loaded.notes)),
            error=None,
            pending=json.dumps({"people": moves.pending, "of": moves.active}) if moves.pending else None,
        )

    def fail(self, error: Exception) -> None:
        """Say in the status what went wrong, and when it is tried again."""
        text = str(error) if isinstance(error, SourceError) else f"{type(error).__name__}: see the log"
        asked_s = error.retry_after_s if isinstance(error, SourceError) else None
        now = to_datetime(self._clock.now_us())
        next_at = max(self._begun_at + self._interval, now + timedelta(seconds=asked_s or 0.0))
        with self._database.write() as connection:
            sources.settle(
                connection,
                self._source.name,
                self._begun_at,
                leased_until=None,
                next_at=next_at,
                error=text,
            )


def _part(
    database: Database, source: str, records: Sequence[PersonRecord]
) -> tuple[list[PersonRecord], tuple[str, ...]]:
    """The records that can be saved, and where those stand that have no address and mean nobody here."""
    kept = [record for record in records if record.emails]
    without_address: list[str] = []
    for some in _portions(record for record in records if not record.emails):
        handles = {one.where: _handles(one) for one in some}
        with database.read() as connection:
            known = sources.find_members(connection, source, [one.external_id or "" for one in some])
            owners = people.find_owners(connection, {each for given in handles.values() for each in given})
        for one in some:
            if one.external_id in known or any(each in owners for each in handles[one.where]):
                kept.append(one)
            else:
                without_address.append(one.where)
    return kept, tuple(without_address)


def _handles(record: PersonRecord) -> list[Handle]:
    return [(kind, normalise(kind, text)) for kind, given in record.handles().items() for text in given]


def _portions(records: Iterable[PersonRecord]) -> Iterator[list[PersonRecord]]:
    waiting = iter(records)
    while some := list(islice(waiting, ROWS_PER_TRANSACTION)):
        yield some


@dataclass(frozen=True, slots=True)
class _Moves:
    """
    What follows for those whom a source named before.

    Attributes:
        active: How many of them are active.
        leaving: Accounts whose people become inactive.
        pending: People who would, if they were not so many.
        forgotten: Accounts from whose absence nothing follows.
        back: Accounts that are named again.
        returning: People who become active again.
    """

    active: int
    leaving: list[Standing]
    pending: list[int]
    forgotten: list[str]
    back: list[str]
    returning: list[int]

    @property
    def left(self) -> list[int]:
        """The people of ``leaving``."""
        return sorted({one.person_id for one in self.leaving})

    def write(self, connection: Connection, source: str, now: datetime) -> None:
        """Let it come true, in the transaction that read the standings."""
        people.set_active(connection, self.left, False)
        sources.set_left(connection, source, [one.external_id for one in self.leaving], now)
        sources.forget_members(connection, source, self.forgotten)
        people.set_active(connection, self.returning, True)
        sources.set_left(connection, source, self.back, None)


def _moves(standings: Sequence[Standing], roll: Roll) -> _Moves:
    named = {record.external_id for record in roll.people}
    present = {one.person_id for one in standings if one.external_id in named}
    back = [one for one in standings if one.external_id in named and one.left_at is not None]
    returning = {one.person_id for one in back if not (one.is_active or one.is_protected or one.is_elsewhere)}
    gone = [
        one for one in standings if roll.is_complete and one.external_id not in named and one.left_at is None
    ]
    leaving = [one for one in gone if one.person_id not in present and may_leave(one)]
    forgotten = [one.external_id for one in gone if one.person_id in present or not may_leave(one)]
    active = len({one.person_id for one in standings if one.is_active})
    people_leaving = sorted({one.person_id for one in leaving})
    is_too_many = len(people_leaving) > REMOVALS_SHARE_MAX * active
    return _Moves(
        active=active,
        leaving=[] if is_too_many else leaving,
        pending=people_leaving if is_too_many else [],
        forgotten=forgotten,
        back=[one.external_id for one in back],
        returning=sorted(returning),
    )


def may_leave(one: Standing) -> bool:
    """Whether a person whom the source names no more becomes inactive."""
    return one.is_active and not one.is_protected and not one.is_elsewhere


def _loaded(roll: Roll, saved: Saved, without_address: tuple[str, ...], moves: _Moves) -> Loaded:
    return Loaded(
        accounts=len(roll.people),
        saved=saved,
        without_address=without_address,
        left=len(moves.left),
        waiting_ids=tuple(moves.pending),
        returned=len(moves.returning),
        notes=roll.notes,
    )
