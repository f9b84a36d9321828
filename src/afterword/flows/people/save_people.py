"""How do records of people get into the directory, whoever they come from?"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from afterword.domain.people.identity import EVENT_KINDS, NO_RULES, IdentityKind, IdentityRules, normalise
from afterword.domain.people.person import PersonRecord, Problem, check_record, name_key
from afterword.domain.people.person_state import COLUMNS, PersonState, team_key_of
from afterword.domain.people.source import ACCOUNT_KINDS, Source
from afterword.flows.people.saved_people import Change, Saved
from afterword.flows.people.tombstones import Tombstones
from afterword.kit.clock import Clock, to_datetime
from afterword.kit.compact_map import CompactMap
from afterword.kit.time_zones import zone_names
from afterword.storage import attributes, people, revision, sources, teams, tombstones
from afterword.storage.engine import Connection, Database
from afterword.storage.people import Handle, NewIdentity, Person
from afterword.storage.sources import Member

ROWS_PER_TRANSACTION = 1_000
"""Records of one transaction: enough to make queries few, so few that nobody waits long for a lock."""

_NOBODY = 0
"""No person's id: whom a handle means that a dry run would have taken away."""

LATER_MAX = 10_000
"""Records that wait until others may have given up what they claim; more are refused at once."""

ELSEWHERE = "belongs to somebody else already: remove it from one of the two"
ERASED = "belongs to somebody who was erased, and stays unknown: see `afterword people forget-erased`"
GONE = "is about somebody who was erased or merged meanwhile"
NOBODY = "is of nobody in the directory"


def save_people(
    database: Database,
    clock: Clock,
    records: Iterable[PersonRecord],
    *,
    source: str,
    tombstoned: Tombstones,
    rules: IdentityRules = NO_RULES,
    dry_run: bool = False,
    makes_new: bool = True,
    on_progress: Callable[[int], None] = lambda rows: None,
) -> Saved:
    """
    Add or update people, ROWS_PER_TRANSACTION in a transaction.

    A record is about the person of its ``person_id``, or of its ``external_id``; else of one of its
    addresses, or, where there is none, of one of its user names; else about a new one. From GitHub and
    GitLab the user name comes first, and of a person who is known already they only give more addresses,
    and a name where there is none. One that is wrong, or claims what is somebody else's, is left out
    with a reason, and the others go in. Whoever gives a name up may do so after the one who takes it, and
    two people may swap theirs. The same records again change nothing.

    Args:
        source: One of Source.
        rules: What is nobody's name.
        dry_run: Only say what would happen.
        makes_new: Whether a record of an unknown person adds one; else it is refused.
        on_progress: Called with the number of records done, once per transaction.
    """
    saved = Saved()
    batch = _Batches(clock, tombstoned, rules, source, saved, dry_run=dry_run, makes_new=makes_new)
    waiting = iter(records)
    while portion := list(islice(waiting, ROWS_PER_TRANSACTION)):
        with database.read() if dry_run else database.write() as connection:
            batch.save(connection, portion, defers=len(portion) > 1)
        on_progress(saved.done + len(batch.later))
    is_helpful = True
    while later := batch.later:
        batch.later = []
        for start in range(0, len(later), ROWS_PER_TRANSACTION):
            with database.read() if dry_run else database.write() as connection:
                batch.save(connection, later[start : start + ROWS_PER_TRANSACTION], defers=is_helpful)
        is_helpful = len(batch.later) < len(later)
    return saved


def save_in(
    connection: Connection,
    clock: Clock,
    records: list[PersonRecord],
    *,
    source: str,
    tombstoned: Tombstones,
    rules: IdentityRules = NO_RULES,
) -> Saved:
    """
    Save a few records, as ``save_people`` does, in a transaction that is open.

    For what was read in it to hold still, it has to begin with ``revision.lock``.
    """
    saved = Saved()
    batch = _Batches(clock, tombstoned, rules, source, saved, dry_run=False, makes_new=True)
    batch.save(connection, records)
    return saved


class _Batches:
    """
    Reads what is known of a portion's people, applies the records one after the other, writes what differs.

    With a dry run nothing is written, so who has which handle by then, and what they are like, is kept for
    the next portions, in few bytes.
    """

    def __init__(
        self,
        clock: Clock,
        hashed: Tombstones,
        rules: IdentityRules,
        source: str,
        saved: Saved,
        *,
        dry_run: bool,
        makes_new: bool,
    ) -> None:
        self._clock = clock
        self._hashed = hashed
        self._rules = rules
        self._source = source
        self._saved = saved
        self._dry_run = dry_run
        self._makes_new = makes_new
        self._zones = zone_names()
        self._promised = CompactMap()
        self._imagined: dict[int, bytes] = {}
        self._new_id = 0
        self._defers = False
        self.later: list[PersonRecord] = []

    def save(
        self, connection: Connection, records: list[PersonRecord], *, defers: bool | None = None
    ) -> None:
        """
        Save one portion in one transaction.

        Args:
            defers: Keep those for ``later`` that claim what is somebody else's; False lets people swap
                what they claim of each other, and refuses the others; None only refuses.
        """
        self._defers = defers is True
        if not self._dry_run:
            revision.lock(connection)
        sound = [record for record in records if self._is_sound(record)]
        keys = {record.where: _handle_keys(record) for record in sound}
        every = {handle for handles in keys.values() for handle in handles}
        self._owners = people.find_owners(connection, every)
        if self._dry_run:
            self._heed_promises(every)
        external = [record.external_id for record in sound if record.external_id is not None]
        self._members = sources.find_members(connection, self._source, external) if external else {}
        self._erased = self._find_erased(connection, every)
        ids = {*self._owners.values(), *(member.person_id for member in self._members.values())}
        ids |= {record.person_id for record in sound if record.person_id is not None}
        found = people.get_people(connection, [one for one in ids if one > 0 and one not in self._imagined])
        known = {person_id: person for person_id, person in found.items() if person.is_there}
        identities = people.list_identities(connection, list(known))
        self._states = {
            person_id: _state(person, identities.get(person_id, [])) for person_id, person in known.items()
        }
        for person_id in ids & self._imagined.keys():
            self._states[person_id] = msgspec.msgpack.decode(self._imagined[person_id], type=PersonState)
        self._before: dict[int, PersonState] = {}
        self._told: dict[str, int] = {}
        self._seen: dict[str, Member] = {}
        if defers is False:
            # They come first: nobody else may take what they gave up for each other.
            first = self._release(sound, keys)
            sound.sort(key=lambda record: record.where not in first)
        for record in sound:
            self._apply(record, keys[record.where])
        if not self._dry_run:
            self._write(connection, identities)

    def _heed_promises(self, handles: Iterable[Handle]) -> None:
        """Let the owners be those that earlier portions would have left."""
        for handle in handles:
            if (person_id := self._promised.get(_as_text(handle))) == _NOBODY:
                self._owners.pop(handle, None)
            elif person_id is not None:
                self._owners[handle] = person_id

    def _promise(self, person_id: int, state: PersonState, before: PersonState) -> None:
        """Keep what a record would have changed."""
        held = {(kind, key): _NOBODY for kind, given in before.handles.items() for key, _ in given}
        held |= {(kind, key): person_id for kind, given in state.handles.items() for key, _ in given}
        self._promised.update((_as_text(handle), owner) for handle, owner in held.items())
        self._imagined[person_id] = msgspec.msgpack.encode(state)

    def _is_sound(self, record: PersonRecord) -> bool:
        problem = check_record(record, zones=self._zones, rules=self._rules)
        if problem is not None:
            self._saved.refuse(record.where, problem)
        return problem is None

    def _find_erased(self, connection: Connection, handles: Iterable[Handle]) -> set[Handle]:
        if not tombstones.is_any(connection):
            return set()
        # What is nobody's yet is read as its events would be: an alias of an erased one brings nobody back.
        hashes = {
            handle: [self._hashed.hash(*handle)]
            if handle in self._owners
            else self._hashed.readings(*handle, self._rules)
            for handle in handles
        }
        every = [one for readings in hashes.values() for one in readings]
        found = tombstones.find_tombstones(connection, every) if every else set()
        return {handle for handle, readings in hashes.items() if not found.isdisjoint(readings)}

    def _apply(self, record: PersonRecord, handles: list[Handle]) -> None:
        person_id = self._find(record, handles)
        problem = self._obstacle(record, handles, person_id)
        if problem is not None:
            if self._defers and problem.text == ELSEWHERE and len(self.later) < LATER_MAX:
                self.later.append(record)
            else:
                self._saved.refuse(record.where, problem)
            return
        is_new = person_id is None
        if person_id is None:
            person_id = self._add(record)
        state = self._states[person_id]
        before = state.copy()
        if is_new or not self._is_off_limits(state):
            self._forget_old_name(state, record)
            if self._is_of_accounts and not is_new:
                state.apply_account(record)
            else:
                state.apply(record)
        for kind in IdentityKind:
            for key, _ in before.handles.get(kind, []):
                self._owners.pop((kind, key), None)
            for key, _ in state.handles.get(kind, []):
                self._owners[kind, key] = person_id
        if record.external_id is not None:
            self._note_member(record, record.external_id, person_id)
        fields = state.differences(before)
        if not self._dry_run:
            self._told[record.where] = person_id
            if not is_new:
                self._before.setdefault(person_id, before)
        elif is_new or fields:
            self._promise(person_id, state, before)
        email, email_before = state.columns["email"], before.columns["email"]
        moved_from = email_before if name_key(email) != name_key(email_before) else None
        self._saved.note(Change(record.where, email, fields, moved_from), is_new=is_new)

    def _release(self, records: Sequence[PersonRecord], keys: Mapping[str, list[Handle]]) -> set[str]:
        """
        Take from people what they give up, where each of them claims what another one gives up.

        Returns:
            Where the records of these people stand.
        """
        places: dict[int, str] = {}
        given_up: dict[int, set[Handle]] = {}
        claims: dict[int, list[Handle]] = {}
        for record in records:
            person_id = self._find(record, keys[record.where])
            state = None if person_id is None else self._states.get(person_id)
            if person_id is None or state is None or person_id in claims or self._is_off_limits(state):
                continue
            claims[person_id] = keys[record.where]
            places[person_id] = record.where
            kinds = record.replaces & record.handles().keys()
            held = {(kind, key) for kind in kinds for key, _ in self._states[person_id].handles.get(kind, [])}
            given_up[person_id] = held - set(claims[person_id])
        while True:
            freed = {handle for person_id in claims for handle in given_up[person_id]}
            claimed = Counter(handle for handles in claims.values() for handle in set(handles))
            stuck = [
                person_id
                for person_id, handles in claims.items()
                if any(
                    handle in self._erased
                    or claimed[handle] > 1
                    or (self._owners.get(handle, person_id) != person_id and handle not in freed)
                    for handle in handles
                )
            ]
            if not stuck:
                break
            for person_id in stuck:
                del claims[person_id]
        for person_id in claims:
            state = self._states[person_id]
            if not self._dry_run:
                self._before.setdefault(person_id, state.copy())
            for kind, key in given_up[person_id]:
                state.handles[kind] = [pair for pair in state.handles[kind] if pair[0] != key]
                self._owners.pop((kind, key), None)
        return {places[person_id] for person_id in claims}

    @property
    def _is_of_accounts(self) -> bool:
        return self._source in ACCOUNT_KINDS

    def _forget_old_name(self, state: PersonState, record: PersonRecord) -> None:
        """A renamed account gives its old name up: somebody else may have it now."""
        kind = ACCOUNT_KINDS.get(self._source)
        member = self._members.get(record.external_id or "")
        if kind is not None and member is not None and record.handles().get(kind):
            kept = state.handles.get(kind, [])
            state.handles[kind] = [pair for pair in kept if pair[0] != member.handle]

    def _note_member(self, record: PersonRecord, external_id: str, person_id: int) -> None:
        kind = ACCOUNT_KINDS.get(self._source)
        given = record.handles().get(kind, ()) if kind else ()
        handle = normalise(kind, given[0]) if kind and given else None
        self._members[external_id] = self._seen[external_id] = Member(person_id, handle)

    def _find(self, record: PersonRecord, handles: list[Handle]) -> int | None:
        if record.person_id is not None:
            return record.person_id if record.person_id in self._states else None
        if record.external_id is not None and record.external_id in self._members:
            return self._members[record.external_id].person_id
        owned = {handle: self._owners[handle] for handle in handles if handle in self._owners}
        for kind in self._telling_kinds(record):
            for handle, person_id in owned.items():
                if handle[0] is kind:
                    return person_id
        return None

    def _telling_kinds(self, record: PersonRecord) -> tuple[IdentityKind, ...]:
        """By which handles a record's person is found: a source of accounts knows those best."""
        if (account := ACCOUNT_KINDS.get(self._source)) is not None:
            return account, IdentityKind.EMAIL
        return (IdentityKind.EMAIL,) if record.emails else EVENT_KINDS

    def _obstacle(self, record: PersonRecord, handles: list[Handle], person_id: int | None) -> Problem | None:
        if person_id is None and record.person_id is not None:
            return Problem("", GONE)
        for handle in handles:
            kind = handle[0].value
            if handle in self._erased:
                return Problem(kind, ERASED, handle[1])
            if (owner := self._owners.get(handle, person_id)) != person_id and owner is not None:
                holder = self._states.get(owner)
                detail = f"{handle[1]} is that of {holder.columns['email']}" if holder else ""
                return Problem(kind, ELSEWHERE, detail)
        if person_id is None and not record.emails:
            return Problem("email", "is missing, and nobody has one of the other names")
        if person_id is None and not self._makes_new:
            return Problem("email", NOBODY)
        return None

    def _is_off_limits(self, state: PersonState) -> bool:
        return state.columns["is_protected"] and self._source in Source.AUTOMATIC

    def _add(self, record: PersonRecord) -> int:
        self._new_id -= 1
        columns: dict[str, Any] = dict.fromkeys(COLUMNS)
        columns |= {name: False for name in COLUMNS if name.startswith("is_")}
        columns |= {"email": record.emails[0], "name": record.emails[0], "is_active": True}
        self._states[self._new_id] = PersonState(columns, None, {}, {})
        return self._new_id

    def _write(self, connection: Connection, identities: Mapping[int, list[NewIdentity]]) -> None:
        now = to_datetime(self._clock.now_us())
        before = self._before
        changed = {
            person_id: state
            for person_id, state in self._states.items()
            if person_id < 0 or (person_id in before and state.differences(before[person_id]))
        }
        team_ids = teams.make_teams(
            connection, list(dict.fromkeys(state.team for state in changed.values() if state.team))
        )
        rows = {
            person_id: {**state.columns, "team_id": team_ids.get(team_key_of(state.team) or "")}
            for person_id, state in changed.items()
        }
        new = [person_id for person_id in rows if person_id < 0]
        added = people.add_people(connection, [{**rows[one], "created_at": now} for one in new])
        ids = {person_id: person_id for person_id in self._states} | dict(zip(new, added, strict=True))
        differing = {
            person_id: row
            for person_id, row in rows.items()
            if person_id > 0 and changed[person_id].is_of_other_columns(before[person_id])
        }
        people.update_people(connection, differing)
        self._write_identities(connection, changed, identities, ids, now)
        self._write_attributes(connection, changed, before, ids)
        members = {
            external_id: member._replace(person_id=ids[member.person_id])
            for external_id, member in self._seen.items()
        }
        sources.note_members(connection, self._source, members, now)
        self._saved.person_ids |= {where: ids[person_id] for where, person_id in self._told.items()}

    def _write_identities(
        self,
        connection: Connection,
        changed: Mapping[int, PersonState],
        identities: Mapping[int, list[NewIdentity]],
        ids: Mapping[int, int],
        now: Any,
    ) -> None:
        old = {(one.kind, one.value): one for found in identities.values() for one in found}
        wanted = {
            (kind.value, key): NewIdentity(kind.value, key, shown, ids[person_id], position, now)
            for person_id, state in changed.items()
            for kind, given in state.handles.items()
            for position, (key, shown) in enumerate(given)
        }
        gone = [
            (IdentityKind(one.kind), one.value)
            for key, one in old.items()
            if key not in wanted and one.person_id in changed
        ]
        new = [one for key, one in wanted.items() if key not in old]
        moved = [one for key, one in wanted.items() if key in old and one[:-1] != old[key][:-1]]
        if not (gone or new or moved):
            return
        is_taken = bool(gone) or any(one.person_id != old[one.kind, one.value].person_id for one in moved)
        number = revision.bump(connection, removes=is_taken)
        people.remove_identities(connection, gone)
        people.update_identities(connection, moved, number)
        people.add_identities(connection, new, number)

    def _write_attributes(
        self,
        connection: Connection,
        changed: Mapping[int, PersonState],
        before: Mapping[int, PersonState],
        ids: Mapping[int, int],
    ) -> None:
        values = [
            (person_id, key, name, given)
            for person_id, state in changed.items()
            for key, (name, given) in state.attributes.items()
            if person_id not in before or before[person_id].attributes.get(key) != (name, given)
        ]
        groups = attributes.make_groups(connection, {name for _, _, name, _ in values}) if values else {}
        attributes.replace_values(
            connection, [(ids[person_id], groups[key], given) for person_id, key, _, given in values]
        )


def _state(person: Person, identities: list[NewIdentity]) -> PersonState:
    handles: dict[IdentityKind, list[tuple[str, str]]] = {}
    for one in identities:
        handles.setdefault(IdentityKind(one.kind), []).append((one.value, one.shown))
    values = {name_key(name): (name, given) for name, given in person.attributes.items()}
    return PersonState({name: getattr(person, name) for name in COLUMNS}, person.team, handles, values)


def _handle_keys(record: PersonRecord) -> list[Handle]:
    return [(kind, normalise(kind, text)) for kind, given in record.handles().items() for text in given]


def _as_text(handle: Handle) -> str:
    return f"{handle[0].value}\0{handle[1]}"
