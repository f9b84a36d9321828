"""How does all that is kept about a person go, and stay away?"""

import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from afterword.channels.mailbox import delete_mails
from afterword.domain.errors import InvalidInputError, NotFoundError
from afterword.domain.event import IDEMPOTENCY_US
from afterword.domain.people.identity import EVENT_KINDS, IdentityKind, normalise
from afterword.domain.people.source import Source
from afterword.flows.job_kinds import ABOUT_INVITATIONS, JobKind
from afterword.flows.people.erased_people import Finder
from afterword.flows.people.tombstones import Tombstones
from afterword.kit.clock import Clock, to_datetime, to_us
from afterword.kit.progress import OnProgress, untold
from afterword.storage import erasure, marks, people, revision, rewrite, tombstones
from afterword.storage.engine import Connection, Database
from afterword.storage.people import Handle

EVENTS_AT_ONCE = 20_000
"""Events looked at between two words of progress, and written in one transaction."""

SERVERS_FOLLOW_S = 3.0
"""After so long every server has seen who was erased, and has committed what it took before."""

LATE_AFTER = timedelta(minutes=1)
"""After so long whatever hung while somebody was erased has come to its end, and is looked for once more."""

MAILS = "mails"
"""What the files of the mailbox are counted as."""

_MARK = "erased"
_ACCOUNTS = {Source.GITHUB: IdentityKind.GITHUB, Source.GITLAB: IdentityKind.GITLAB}


@dataclass(frozen=True, slots=True)
class Erased:
    """
    What was erased.

    Attributes:
        rows: Table → rows; MAILS → files.
        is_clean: Whether the files of the database hold no bytes of it any more.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    is_clean: bool = False


@dataclass(frozen=True, slots=True)
class Eraser:
    """
    Erases people beside running servers.

    One transaction erases who somebody was and what they were asked and answered, and keeps keyed hashes
    of their handles. By these their events are found, in portions, and those that come later. What was
    cut short is finished by erasing again, or by the worker.

    Attributes:
        mailbox: The folder with mails, where no mail server is set.
        rewrites: Write the tables anew, so that no file holds bytes of it; others wait meanwhile.
        on_progress: Told about the events.
        rest: Waits for the servers.

    Source: docs/decisions/0017-erasing.md.
    """

    database: Database
    clock: Clock
    tombstoned: Tombstones
    mailbox: Path | None = None
    rewrites: bool = False
    on_progress: OnProgress = untold
    rest: Callable[[float], None] = time.sleep

    def erase_person(self, person_id: int) -> Erased:
        """
        Erase a person, and whoever was merged with them.

        Raises:
            NotFoundError: There is no such person.
        """
        return self._finish(self._begin(person_id))

    def erase_stranger(self, who: str) -> Erased:
        """Erase the events of somebody whom the directory does not know, or does not know any more."""
        kinds = (IdentityKind.EMAIL,) if "@" in who.strip()[1:] else EVENT_KINDS[1:]
        handles = [(kind, normalise(kind, who)) for kind in kinds]
        with self.database.write() as connection:
            self._bury(connection, self.tombstoned.hashes(handles).values())
        return self._finish(Counter())

    def erase_again(self, hashes: Collection[str]) -> Erased:
        """
        Erase whoever was erased when a list was made, after an older backup was restored.

        Args:
            hashes: What ``list_erased`` gave, made with the same signing key.

        Raises:
            InvalidInputError: That is no such list.
        """
        try:
            wanted = {bytes.fromhex(one) for one in hashes}
        except ValueError:
            raise InvalidInputError(
                "this is not a list that `afterword people erased` made: one hash a line"
            ) from None
        with self.database.write() as connection:
            self._bury(connection, wanted)
            owners = {
                person_id
                for kind, value, person_id in people.read_handles(connection)
                if self.tombstoned.hash(IdentityKind(kind), value) in wanted
            }
        counts: Counter[str] = Counter()
        for person_id in sorted(owners):
            counts += self._begin(person_id)
        return self._finish(counts)

    def finish(self) -> Erased | None:
        """
        Look once more for all who were erased since this was done last; None when there is nobody.

        It finds what was cut short, and what hung somewhere while they were erased.
        """
        with self.database.read() as connection:
            found = erasure.find_newest(connection), tombstones.find_newest(connection)
            done_us = marks.find_mark(connection, _MARK)
        newest = max((at for at in found if at is not None), default=None)
        now = to_datetime(self.clock.now_us())
        if newest is None or to_us(newest) <= done_us or newest + LATE_AFTER > now:
            return None
        counts = self._sweep(1)
        counts[MAILS] += self._delete_mails()
        with self.database.write() as connection:
            marks.set_mark(connection, _MARK, to_us(newest))
        return Erased(dict(+counts))

    def _bury(self, connection: Connection, hashes: Collection[bytes]) -> None:
        # The servers' signal first, as in all that changes people: whoever waits for it sees the rest.
        revision.bump(connection, removes=True)
        tombstones.add_tombstones(connection, list(hashes), to_datetime(self.clock.now_us()))

    def _begin(self, person_id: int) -> Counter[str]:
        """One transaction, after which nothing is left of a person but events; and these will be found."""
        with self.database.read() as connection:
            if not people.get_people(connection, [person_id]):
                raise NotFoundError("there is no such person")
            ids = erasure.list_same_people(connection, person_id)
            message_ids = erasure.list_message_ids(connection, ids)
        # Before what names them is gone: who is cut short here, erases again.
        mails = self._delete_mails(message_ids)
        with self.database.write() as connection:
            self._bury(connection, ())
            ids = erasure.list_same_people(connection, person_id)
            erasure.lock_people(connection, ids)
            handles = _handles(connection, ids)
            self._bury(connection, self.tombstoned.hashes(handles).values())
            texts = _texts(connection, ids, handles)
            sources = [name for name, said in erasure.list_sources(connection) if _says(said, texts)]
            now = to_datetime(self.clock.now_us())
            counts = Counter(
                erasure.erase_people(connection, ids, handles, send_kinds=ABOUT_INVITATIONS, now=now)
            )
            counts["directory_source"] += erasure.forget_texts(connection, sources)
        counts[MAILS] += mails
        return counts

    def _finish(self, counts: Counter[str]) -> Erased:
        with self.database.read() as connection:
            last_id = erasure.find_last_event_id(connection)
        counts += self._sweep(1)
        self.rest(SERVERS_FOLLOW_S)
        # What was under way when the servers heard of it; on PostgreSQL a lower id may be committed later.
        counts += self._sweep(max(1, last_id - EVENTS_AT_ONCE))
        counts[MAILS] += self._delete_mails()
        is_clean = False
        if self.rewrites:
            is_clean = rewrite.rewrite_tables(self.database, self.on_progress)
        return Erased(dict(+counts), is_clean)

    def _sweep(self, first_id: int) -> Counter[str]:
        """Erase the events of everybody who was erased, from an id on, and what hangs on them."""
        counts: Counter[str] = Counter()
        with self.database.read_whole() as connection:
            finder = Finder(connection, self.tombstoned)
            last_id = erasure.find_last_event_id(connection)
            listed = erasure.list_unresolved(connection)
        if gone := [one for one in listed if finder.had(*one)]:
            with self.database.write() as connection:
                counts["unresolved"] += erasure.delete_unresolved(connection, gone)
        for first in range(first_id, last_id + 1, EVENTS_AT_ONCE):
            last = min(first + EVENTS_AT_ONCE - 1, last_id)
            counts += self._sweep_part(finder, first, last)
            self.on_progress("erasing events", last, last_id)
        return counts

    def _sweep_part(self, finder: Finder, first_id: int, last_id: int) -> Counter[str]:
        with self.database.read() as connection:
            named = erasure.list_named(connection, first_id, last_id)
            found = [one.id for one in named if finder.is_erased(one)]
            left = erasure.list_left_decisions(connection, first_id, last_id)
        if not (found or left):
            return Counter()
        keys_since = to_datetime(self.clock.now_us() - IDEMPOTENCY_US)
        kind = JobKind.EVALUATE_EVENT
        with self.database.write() as connection:
            counts = Counter(
                erasure.erase_events(connection, found, evaluate_kind=kind, keys_since=keys_since)
            )
            counts["decision"] += erasure.erase_decisions(connection, left)
        return counts

    def _delete_mails(self, message_ids: Collection[str] = ()) -> int:
        """Delete the mails with these ids, and all that are to somebody who was erased."""
        if self.mailbox is None:
            return 0
        with self.database.read() as connection:
            hashes = tombstones.list_tombstones(connection)
        kind = IdentityKind.EMAIL

        def is_over(addresses: list[str], arrived_at_s: float) -> bool:
            return any(self.tombstoned.hash(kind, normalise(kind, one)) in hashes for one in addresses)

        return delete_mails(self.mailbox, message_ids=message_ids, is_over=is_over)


def erase_person(
    database: Database,
    clock: Clock,
    tombstoned: Tombstones,
    person_id: int,
    *,
    mailbox: Path | None = None,
    on_progress: OnProgress = untold,
) -> Erased:
    """
    Erase a person beside running servers; takes seconds, and with millions of events longer.

    Raises:
        NotFoundError: There is no such person.
    """
    eraser = Eraser(database, clock, tombstoned, mailbox=mailbox, on_progress=on_progress)
    return eraser.erase_person(person_id)


def _handles(connection: Connection, ids: Collection[int]) -> list[Handle]:
    """All normalised handles of people, and the names of their accounts at the sources."""
    identities = people.list_identities(connection, ids).values()
    found = {(IdentityKind(one.kind), one.value) for handles in identities for one in handles}
    kind = IdentityKind.EMAIL
    found |= {
        (kind, normalise(kind, one.email)) for one in people.get_people(connection, ids).values() if one.email
    }
    accounts = [
        (_ACCOUNTS[source], name)
        for source, name in erasure.list_accounts(connection, ids)
        if source in _ACCOUNTS
    ]
    # An old name of an account may be somebody else's by now.
    owners = people.find_owners(connection, accounts)
    found |= {handle for handle in accounts if owners.get(handle) in (None, *ids)}
    return sorted(found)


def _texts(connection: Connection, ids: Collection[int], handles: Collection[Handle]) -> set[str]:
    """By what sources may name people in their messages: as text and as JSON writes it."""
    found = people.get_people(connection, ids).values()
    shown = [text for one in found for texts in one.handles.values() for text in texts]
    plain = {*shown, *(value for _, value in handles), *(one.name for one in found if one.name)}
    return plain | {json.dumps(text)[1:-1] for text in plain}


def _says(said: str, texts: Collection[str]) -> bool:
    return any(text.lower() in said.lower() for text in texts)
