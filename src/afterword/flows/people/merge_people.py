"""How do two people of the directory become one, and two again?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from afterword.domain.errors import ConflictError, NotFoundError
from afterword.domain.invitation import MERGED
from afterword.domain.people.identity import IdentityKind, normalise
from afterword.domain.people.person import HANDLES_MAX
from afterword.flows.people.find_people import get_person, name_people
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import invitations, merges, people, revision, teams, trigger_matches
from afterword.storage.engine import Connection, Database
from afterword.storage.merges import Columns, Holdings, Merge, Moved
from afterword.storage.people import NewIdentity, Person


@dataclass(frozen=True, slots=True)
class Merging:
    """
    What a merge does, or would do.

    Attributes:
        id: The merge's; None when it was only looked at.
        kept, merged: The two as they were before.
        withdrawn: Invitations that wait beside an older one, so that one person gets one mail.
    """

    id: int | None
    kept: Person
    merged: Person
    moved: Moved
    responses: int
    withdrawn: Sequence[int]


@dataclass(frozen=True, slots=True)
class Unmerging:
    """
    What undoing a merge did.

    Attributes:
        handles: Those that the person who was merged has again.
        lost: Those that somebody else has by now, or nobody.
        kept, merged: How the two are called.
    """

    merge: Merge
    kept: str
    merged: str
    handles: list[NewIdentity]
    lost: list[NewIdentity]


def merge_people(database: Database, clock: Clock, keep: str, gone: str, *, dry_run: bool) -> Merging:
    """
    Let one person have all that two had: handles, attributes, invitations, answers, decisions, opt-outs.

    The other one stays, inactive and without handles, so that it can be undone. What only one of the two
    says about themselves holds; where both do, what the kept one says. Whoever of them wanted no surveys,
    both do not. Of the invitations that wait the oldest one goes out, unless one is on its way already, and
    the others are withdrawn for good. Their events follow in the worker.

    Args:
        keep, gone: Who is kept, and who goes into them: an address, a user name or an id.
        dry_run: Only say what would move.

    Raises:
        NotFoundError: There is no such person.
        ConflictError: They can't be one.
    """
    now = to_datetime(clock.now_us())
    with database.read() if dry_run else database.write() as connection:
        if not dry_run:
            revision.lock(connection)
        kept, merged = get_person(connection, keep), get_person(connection, gone)
        if not dry_run:
            # Behind the lock nobody is invited meanwhile, and what is read is what moves.
            people.lock_people(connection, [kept.id, merged.id])
        _check_pair(connection, kept, merged)
        before, other = merges.get_columns(connection, kept.id), merges.get_columns(connection, merged.id)
        has, gives = merges.read_holdings(connection, kept.id), merges.read_holdings(connection, merged.id)
        _check_handles(has, gives)
        moved = _plan(before, other, has, gives)
        waiting = invitations.list_waiting(connection, [kept.id, merged.id], now, lock=not dry_run)
        # One that is being sent may come to wait again, for its next try or channel.
        is_sending = invitations.is_any_sending(connection, [kept.id, merged.id])
        withdrawn = [one.id for one in (waiting if is_sending else waiting[1:])]
        if dry_run:
            return Merging(None, kept, merged, moved, gives.responses, withdrawn)
        invitations.cancel(connection, withdrawn, error=MERGED)
        merges.move(connection, moved, merged.id, kept.id)
        trigger_matches.move_all(connection, merged.id, kept.id)
        _give_handles(connection, moved.handles, kept.id, after=has.handles)
        merges.set_columns(connection, kept.id, moved.kept_after)
        merges.set_columns(connection, merged.id, replace(other, email="", is_active=False))
        merges.attribute_anew(connection, merged.id, now)
        merge_id = merges.add_merge(connection, kept.id, merged.id, moved, now)
    return Merging(merge_id, kept, merged, moved, gives.responses, withdrawn)


def unmerge_people(database: Database, clock: Clock, merge_id: int) -> Unmerging:
    """
    Put all back that a merge moved; what came since then stays with the kept person.

    Who chose meanwhile to get no surveys gets none as either.

    Raises:
        NotFoundError: There is no such merge.
        ConflictError: It was undone already, or a later one must be undone first.
    """
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        revision.lock(connection)
        found = merges.find_merge(connection, merge_id)
        if found is None:
            raise NotFoundError(f"there is no merge {merge_id}: `afterword people show WHO` names them")
        merge, moved = found
        _check_latest(connection, merge)
        people.lock_people(connection, [merge.kept_id, merge.merged_id])
        given = {(one.kind, one.value): one for one in moved.handles}
        held = merges.read_holdings(connection, merge.kept_id).handles
        stay = [one for one in held if (one.kind, one.value) not in given]
        back = [given[one.kind, one.value] for one in held if (one.kind, one.value) in given]
        merges.move(connection, moved, merge.kept_id, merge.merged_id, merged_at=merge.merged_at)
        people.update_identities(connection, back, revision.bump(connection, removes=True))
        current = merges.get_columns(connection, merge.kept_id)
        kept, merged = _restored(current, moved), _with_choice(moved, current)
        merges.set_columns(connection, merge.kept_id, _in_a_team(connection, _reached_by(kept, stay)))
        merges.set_columns(connection, merge.merged_id, _in_a_team(connection, _reached_by(merged, back)))
        merges.attribute_anew(connection, merge.kept_id, now)
        merges.set_undone(connection, merge.id, now)
        named = name_people(connection, [merge.kept_id, merge.merged_id])
    return Unmerging(
        merge,
        named[merge.kept_id],
        named[merge.merged_id],
        back,
        [one for one in moved.handles if one not in back],
    )


def _in_a_team(connection: Connection, columns: Columns) -> Columns:
    """Their team may have been removed meanwhile."""
    if columns.team_id is None or teams.is_there(connection, columns.team_id):
        return columns
    return replace(columns, team_id=None)


def _check_pair(connection: Connection, kept: Person, merged: Person) -> None:
    if kept.id == merged.id:
        raise ConflictError(f"both are the same person already: {kept.name} <{kept.email}>")
    for one in (kept, merged):
        if one.erased_at is not None:
            raise ConflictError(f"the person {one.id} was erased")
        if (now_id := merges.find_kept(connection, one.id)) != one.id:
            raise ConflictError(f"the person {one.id} was merged into the person {now_id} already")


def _check_handles(has: Holdings, gives: Holdings) -> None:
    for kind, count in Counter(one.kind for one in (*has.handles, *gives.handles)).items():
        if count > HANDLES_MAX:
            raise ConflictError(f"together they have {count} of {kind}: at most {HANDLES_MAX} are possible")


def _check_latest(connection: Connection, merge: Merge) -> None:
    if merge.undone_at is not None:
        raise ConflictError(f"the merge {merge.id} was undone already")
    for one in merges.list_merges(connection, merge.kept_id):
        if one.id > merge.id and one.undone_at is None:
            raise ConflictError(
                f"the merge {one.id} came later and holds the same person: "
                f"undo it first, by `afterword people unmerge {one.id}`"
            )


def _plan(before: Columns, other: Columns, has: Holdings, gives: Holdings) -> Moved:
    groups = {group_id for group_id, _ in has.attributes}
    return Moved(
        kept_before=before,
        kept_after=_combined(before, other),
        merged_before=other,
        handles=gives.handles,
        attributes=[pair for pair in gives.attributes if pair[0] not in groups],
        opt_outs=[pair for pair in gives.opt_outs if pair not in has.opt_outs],
        members=gives.members,
        invitations=gives.invitations,
        decisions=gives.decisions,
        numbered_after=has.last_number,
    )


def _combined(kept: Columns, other: Columns) -> Columns:
    """What holds for both: what one of them says, the narrower wish, and being there."""
    quiet = kept if kept.quiet_from is not None else other
    return Columns(
        email=kept.email,
        name=other.name if kept.name == kept.email and other.name != other.email else kept.name,
        timezone=kept.timezone or other.timezone,
        locale=kept.locale or other.locale,
        start_date=kept.start_date or other.start_date,
        team_id=kept.team_id if kept.team_id is not None else other.team_id,
        is_active=kept.is_active or other.is_active,
        is_protected=kept.is_protected or other.is_protected,
        is_excluded_from_snapshots=kept.is_excluded_from_snapshots or other.is_excluded_from_snapshots,
        opted_out_at=min((at for at in (kept.opted_out_at, other.opted_out_at) if at), default=None),
        snoozed_until=max((at for at in (kept.snoozed_until, other.snoozed_until) if at), default=None),
        quiet_from=quiet.quiet_from,
        quiet_until=quiet.quiet_until,
        own_timezone=kept.own_timezone or other.own_timezone,
    )


def _restored(current: Columns, moved: Moved) -> Columns:
    """The kept person's columns as they were, but for those that changed since."""
    names = [
        item.name
        for item in fields(Columns)
        if getattr(current, item.name) == getattr(moved.kept_after, item.name)
    ]
    return replace(current, **{name: getattr(moved.kept_before, name) for name in names})


def _with_choice(moved: Moved, current: Columns) -> Columns:
    """The other person's columns as they were, without surveys when the two as one chose so since."""
    merged = moved.merged_before
    is_choice = current.opted_out_at is not None and current.opted_out_at != moved.kept_after.opted_out_at
    return replace(merged, opted_out_at=merged.opted_out_at or current.opted_out_at) if is_choice else merged


def _reached_by(columns: Columns, handles: list[NewIdentity]) -> Columns:
    """Let mails go to an address that this person has: the same one, where that is possible."""
    addresses = {one.value: one.shown for one in handles if one.kind == IdentityKind.EMAIL}
    if not addresses:
        raise ConflictError(
            f"{columns.name} would be left without an address: "
            "give both an address of their own by `afterword people set` first"
        )
    is_theirs = normalise(IdentityKind.EMAIL, columns.email) in addresses
    return columns if is_theirs else replace(columns, email=next(iter(addresses.values())))


def _give_handles(
    connection: Connection, handles: list[NewIdentity], person_id: int, *, after: list[NewIdentity]
) -> None:
    """Let somebody have these behind their own; when they became known stays."""
    places = Counter[str]()
    for one in after:
        places[one.kind] = max(places[one.kind], one.position + 1)
    given = []
    for one in handles:
        given.append(one._replace(person_id=person_id, position=places[one.kind]))
        places[one.kind] += 1
    people.update_identities(connection, given, revision.bump(connection, removes=True))
