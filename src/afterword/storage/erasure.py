"""What goes when a person is erased, and where may more of them be?"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from afterword.domain.event import ERASED_NAME, Event
from afterword.kit.clock import to_us
from afterword.storage import people
from afterword.storage.people import Handle
from afterword.storage.tables import (
    answer,
    attribute_value,
    attribution,
    decision,
    directory_source,
    event,
    first_event,
    idempotency,
    identity,
    invitation,
    job,
    opt_out,
    person,
    person_merge,
    response,
    source_member,
    trigger_match,
    unresolved,
)

VALUES_AT_ONCE = 5_000
"""Values in one statement; both databases take more than six times as many."""

TOUCHED = (
    event,
    idempotency,
    job,
    decision,
    answer,
    response,
    invitation,
    attribute_value,
    opt_out,
    source_member,
    identity,
    trigger_match,
    first_event,
    person_merge,
    attribution,
    unresolved,
    directory_source,
    person,
)
"""All tables that hold something about people."""

IS_EMPTIED = sa.and_(
    event.c.email.is_(None),
    event.c.github_username.is_(None),
    event.c.gitlab_username.is_(None),
)
"""Every event came with a handle, so one without was erased, or its time was over."""

_KEPT_COLUMNS = ("id", "created_at", "erased_at")


class NamedEvent(NamedTuple):
    """Whom an event names."""

    id: int
    project_id: int
    person_id: int | None
    email: str | None
    github_username: str | None
    gitlab_username: str | None


def list_same_people(connection: sa.Connection, person_id: int) -> list[int]:
    """A person and all who were merged with them, one with another, and still are."""
    rows = connection.execute(
        sa.select(person_merge.c.kept_id, person_merge.c.merged_id).where(person_merge.c.undone_at.is_(None))
    ).all()
    found, waiting = set(), [person_id]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [b if a == one else a for a, b in rows if one in (a, b)]
    return sorted(found)


def lock_people(connection: sa.Connection, person_ids: Collection[int]) -> None:
    """Let nobody decide about these people, or answer for them, until this transaction ends."""
    people.lock_people(connection, person_ids)
    theirs = invitation.c.person_id.in_(list(person_ids))
    connection.execute(sa.select(invitation.c.id).where(theirs).order_by(invitation.c.id).with_for_update())


def list_accounts(connection: sa.Connection, person_ids: Collection[int]) -> list[tuple[str, str]]:
    """(source, normalised name of the account) of people in sources."""
    columns = source_member.c.source, source_member.c.handle
    named = source_member.c.person_id.in_(list(person_ids)), source_member.c.handle.is_not(None)
    return [(row[0], row[1]) for row in connection.execute(sa.select(*columns).where(*named))]


def list_message_ids(connection: sa.Connection, person_ids: Collection[int]) -> list[str]:
    """The Message-IDs of the mails to people."""
    theirs = invitation.c.person_id.in_(list(person_ids))
    return list(connection.execute(sa.select(invitation.c.message_id).where(theirs)).scalars())


def erase_people(
    connection: sa.Connection,
    person_ids: Collection[int],
    handles: Collection[Handle],
    *,
    send_kinds: Collection[str],
    now: datetime,
) -> dict[str, int]:
    """
    Erase all about people but their events; of them stay the ids.

    Args:
        handles: Theirs, normalised.
        send_kinds: The kinds of jobs about invitations.

    Returns:
        Table → rows.
    """
    ids = list(person_ids)
    invited = connection.execute(
        sa.select(invitation.c.id, invitation.c.event_id).where(invitation.c.person_id.in_(ids))
    ).all()
    counts = _erase_invitations(connection, [row[0] for row in invited], send_kinds)
    counts["decision"] = _delete(
        connection, decision, decision.c.event_id, [row[1] for row in invited], decision.c.person_id.in_(ids)
    )
    for table in (attribute_value, opt_out, source_member, identity, trigger_match, first_event):
        counts[table.name] = _delete(connection, table, table.c.person_id, ids)
    of_them = sa.or_(person_merge.c.kept_id.in_(ids), person_merge.c.merged_id.in_(ids))
    counts["person_merge"] = connection.execute(sa.delete(person_merge).where(of_them)).rowcount
    counts["attribution"] = _delete(connection, attribution, attribution.c.person_id, ids)
    for table in (attribution, unresolved):
        pairs = [(kind.value, value) for kind, value in handles]
        gone = sa.delete(table).where(sa.tuple_(table.c.kind, table.c.value).in_(pairs))
        counts[table.name] = counts.get(table.name, 0) + connection.execute(gone).rowcount
    nothing = {column.name: _nothing(column) for column in person.c if column.name not in _KEPT_COLUMNS}
    erased_at = sa.func.coalesce(person.c.erased_at, sa.literal(now, person.c.erased_at.type))
    emptied = sa.update(person).where(person.c.id.in_(ids)).values(**nothing, erased_at=erased_at)
    counts["person"] = connection.execute(emptied).rowcount
    return counts


def _erase_invitations(
    connection: sa.Connection, ids: Sequence[int], send_kinds: Collection[str]
) -> dict[str, int]:
    found = sa.select(response.c.id).where(response.c.invitation_id.in_(sa.bindparam("ids", expanding=True)))
    responses: list[int] = []
    for part in _parts(ids):
        responses += connection.execute(found, {"ids": part}).scalars()
    return {
        "answer": _delete(connection, answer, answer.c.response_id, responses),
        "response": _delete(connection, response, response.c.id, responses),
        "job": _delete(connection, job, job.c.subject_id, ids, job.c.kind.in_(send_kinds)),
        "invitation": _delete(connection, invitation, invitation.c.id, ids),
    }


def _nothing(column: sa.Column[Any]) -> Any:
    if column.nullable:
        return None
    return False if isinstance(column.type, sa.Boolean) else ""


def list_sources(connection: sa.Connection) -> list[tuple[str, str]]:
    """(name, all texts) of the sources that people are loaded from."""
    columns = directory_source.c.summary, directory_source.c.error, directory_source.c.pending
    rows = connection.execute(sa.select(directory_source.c.name, *columns)).all()
    return [(row[0], "\n".join(text or "" for text in row[1:])) for row in rows]


def forget_texts(connection: sa.Connection, sources: Collection[str]) -> int:
    """Forget what sources said last; what waited for a confirmation comes again with the next load."""
    of_them = directory_source.c.name.in_(list(sources))
    emptied = sa.update(directory_source).where(of_them).values(summary=None, error=None, pending=None)
    return connection.execute(emptied).rowcount if sources else 0


def find_newest(connection: sa.Connection) -> datetime | None:
    """When was a person erased last?"""
    return connection.execute(sa.select(sa.func.max(person.c.erased_at))).scalar()


def list_erased(connection: sa.Connection) -> frozenset[int]:
    """The ids of erased people."""
    return frozenset(
        connection.execute(sa.select(person.c.id).where(person.c.erased_at.is_not(None))).scalars()
    )


def list_unresolved(connection: sa.Connection) -> list[tuple[str, str]]:
    """All (kind, handle) that wait to be assigned."""
    rows = connection.execute(sa.select(unresolved.c.kind, unresolved.c.value).distinct())
    return [(row[0], row[1]) for row in rows]


def delete_unresolved(connection: sa.Connection, handles: Collection[tuple[str, str]]) -> int:
    """Take handles off the list of unknown ones."""
    pair = sa.tuple_(unresolved.c.kind, unresolved.c.value)
    return connection.execute(sa.delete(unresolved).where(pair.in_(list(handles)))).rowcount if handles else 0


def find_last_event_id(connection: sa.Connection) -> int:
    """The highest id of all events; 0 without any."""
    return connection.execute(sa.select(sa.func.max(event.c.id))).scalar() or 0


def list_named(connection: sa.Connection, first_id: int, last_id: int) -> list[NamedEvent]:
    """Whom the events in a range of ids name; those that name nobody are left out."""
    columns = (event.c[name] for name in NamedEvent._fields)
    named = sa.or_(sa.not_(IS_EMPTIED), event.c.person_id.is_not(None))
    statement = sa.select(*columns).where(event.c.id.between(first_id, last_id), named).order_by(event.c.id)
    return [NamedEvent(*row) for row in connection.execute(statement)]


def list_left_decisions(connection: sa.Connection, first_id: int, last_id: int) -> list[int]:
    """The events in a range of ids about which something is decided that must not be kept."""
    is_gone = decision.c.person_id.in_(sa.select(person.c.id).where(person.c.erased_at.is_not(None)))
    is_about_nobody = sa.exists().where(
        event.c.id == decision.c.event_id, event.c.name == ERASED_NAME, IS_EMPTIED
    )
    says_more = sa.or_(sa.not_(_is_anothers()), decision.c.verdicts != "[]")
    statement = (
        sa.select(decision.c.event_id)
        .distinct()
        .where(decision.c.event_id.between(first_id, last_id), sa.or_(is_gone, is_about_nobody), says_more)
    )
    return list(connection.execute(statement).scalars())


def erase_decisions(connection: sa.Connection, event_ids: Collection[int]) -> int:
    """Erase what was decided about events; of what invited somebody who is there, stays that it did."""
    count = 0
    for part in _parts(event_ids):
        of_them = decision.c.event_id.in_(part)
        count += connection.execute(sa.delete(decision).where(of_them, sa.not_(_is_anothers()))).rowcount
        connection.execute(sa.update(decision).where(of_them).values(verdicts="[]"))
    return count


def _is_anothers() -> sa.ColumnElement[bool]:
    """Does a decision belong to an invitation? Those of erased people are gone."""
    return sa.exists().where(
        invitation.c.event_id == decision.c.event_id, invitation.c.survey_id == decision.c.survey_id
    )


def erase_events(
    connection: sa.Connection, event_ids: Collection[int], *, evaluate_kind: str, keys_since: datetime
) -> dict[str, int]:
    """
    Leave of events that they were, and erase what hangs on them.

    Args:
        evaluate_kind: The kind of jobs about events.
        keys_since: Older events have no idempotency keys any more.

    Returns:
        Table → rows.
    """
    counts = {"event": 0, "idempotency": 0, "job": 0}
    for part in _parts(event_ids):
        counts["idempotency"] += _erase_keys(connection, part, keys_since)
        nothing = dict.fromkeys(("email", "github_username", "gitlab_username", "metadata", "person_id"))
        emptied = sa.update(event).where(event.c.id.in_(part)).values(name=ERASED_NAME, **nothing)
        counts["event"] += connection.execute(emptied).rowcount
        counts["job"] += _delete(connection, job, job.c.subject_id, part, job.c.kind == evaluate_kind)
    return counts | {"decision": erase_decisions(connection, event_ids)}


def _erase_keys(connection: sa.Connection, event_ids: Sequence[int], since: datetime) -> int:
    """The keys that came with these events: of the same batch, with the same arguments."""
    names = "occurred_at", "name", "email", "github_username", "gitlab_username", "metadata", "is_test"
    columns = (event.c[name] for name in names)
    statement = sa.select(event.c.project_id, event.c.received_at, *columns)
    recent = event.c.id.in_(event_ids), event.c.received_at >= since
    keys = {
        (row.project_id, to_us(row.received_at), _event(row).digest())
        for row in connection.execute(statement.where(*recent))
    }
    if not keys:
        return 0
    columns_of_key = idempotency.c.project_id, idempotency.c.created_at, idempotency.c.arguments_hash
    return connection.execute(
        sa.delete(idempotency).where(sa.tuple_(*columns_of_key).in_(sorted(keys)))
    ).rowcount


def _event(row: Any) -> Event:
    return Event(
        row.name,
        to_us(row.occurred_at),
        row.email,
        row.github_username,
        row.gitlab_username,
        row.metadata,
        row.is_test,
    )


def _delete(
    connection: sa.Connection,
    table: sa.Table,
    column: sa.Column[int],
    values: Collection[int],
    *conditions: sa.ColumnElement[bool],
) -> int:
    statement = sa.delete(table)
    return sum(
        connection.execute(statement.where(column.in_(part), *conditions)).rowcount for part in _parts(values)
    )


def _parts(values: Iterable[int]) -> Iterable[list[int]]:
    every = list(values)
    for first in range(0, len(every), VALUES_AT_ONCE):
        yield every[first : first + VALUES_AT_ONCE]
