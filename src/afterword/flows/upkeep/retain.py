"""What goes when its time is over?"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from afterword.channels.mailbox import delete_mails
from afterword.flows.job_kinds import ABOUT_INVITATIONS
from afterword.flows.surveys.policy_levels import find_policy, read_levels
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import marks, retention, surveys
from afterword.storage.engine import Connection, Database
from afterword.storage.retention import ANSWERS_MARK, DECISIONS_MARK, EVENTS_MARK, Stretch

MAILS = "mails"
"""What the files of the mailbox are counted as."""

_List = Callable[[Connection, int, datetime], Iterator[Stretch]]
_Delete = Callable[[Connection, int, int, datetime], int]


@dataclass(frozen=True, slots=True)
class Keeping:
    """
    How long each kind of data is kept; None is for ever.

    Attributes:
        events: Who it was and the metadata; an event's row, name and times stay.
        decisions: Those that invited nobody.
        answers: Answers, and invitations with all that belongs to them as soon as nothing counts by them.
        mails: Of the mailbox.
    """

    events: timedelta | None = None
    decisions: timedelta | None = None
    answers: timedelta | None = None
    mails: timedelta | None = None


def retain(
    database: Database,
    clock: Clock,
    keeping: Keeping,
    mailbox: Path | None = None,
    *,
    dry_run: bool = False,
) -> dict[str, int]:
    """
    Let go what is over, in small transactions; running it again goes on where it was.

    Args:
        mailbox: The folder with mails, where no mail server is set.
        dry_run: Only count.

    Returns:
        Table → rows; MAILS → files.
    """
    now = to_datetime(clock.now_us())
    counts: Counter[str] = Counter()
    if keeping.answers is not None:
        counts += _let_invitations_go(database, now - _at_least_cooldowns(database, keeping.answers), dry_run)
        counts["response"] += _empty_responses(database, now - keeping.answers, dry_run)
        counts["anonymous_response"] += _let_anonymous_go(database, now - keeping.answers, dry_run)
    if keeping.decisions is not None:
        work = retention.list_over_decisions, retention.delete_decisions
        counts["decision"] += _go_along(database, DECISIONS_MARK, now - keeping.decisions, work, dry_run)
    if keeping.events is not None:
        work = retention.list_over_events, retention.empty_events
        counts["event"] += _go_along(database, EVENTS_MARK, now - keeping.events, work, dry_run)
    if keeping.mails is not None and mailbox is not None:
        before_s = (now - keeping.mails).timestamp()
        counts[MAILS] += delete_mails(
            mailbox, is_over=lambda addresses, came_at_s: came_at_s < before_s, dry_run=dry_run
        )
    return dict(+counts)


def _at_least_cooldowns(database: Database, kept: timedelta) -> timedelta:
    """No less than the longest cooldown: who was asked when must be known for so long."""
    with database.read() as connection:
        policies = [
            find_policy(read_levels(connection, one.project_id), one.key, one.definition)
            for one in surveys.list_published(connection)
        ]
    return max([kept, *(one.looks_back for one in policies)])


def _list_kept_surveys(connection: Connection) -> set[int]:
    """The surveys that are not closed and look back for good: invitations to them stay."""
    return {
        one.survey_id
        for one in surveys.list_listening(connection)
        if find_policy(read_levels(connection, one.project_id), one.key, one.definition).looks_back_for_good
    }


def _let_invitations_go(database: Database, before: datetime, dry_run: bool) -> Counter[str]:
    counts: Counter[str] = Counter()
    after_id = 0
    while True:
        with database.read() as connection:
            kept = _list_kept_surveys(connection)
            ids = retention.list_over_invitations(connection, before, kept_surveys=kept, after_id=after_id)
        if not ids:
            return counts
        after_id = ids[-1]
        if dry_run:
            counts["invitation"] += len(ids)
            continue
        with database.write() as connection:
            # Once more, behind the lock: an answer may have been changed meanwhile.
            still = set(
                retention.list_over_invitations(connection, before, kept_surveys=kept, after_id=ids[0] - 1)
            )
            chosen = [one for one in ids if one in still]
            _note_gone(connection, retention.find_last_event_id(connection, chosen))
            counts += Counter(retention.delete_invitations(connection, chosen, ABOUT_INVITATIONS))


def _empty_responses(database: Database, before: datetime, dry_run: bool) -> int:
    """Let go what was answered to invitations that stay, as cooldowns and limits count them."""
    count, after_id = 0, 0
    while True:
        with database.read() as connection:
            ids = retention.list_over_responses(connection, before, after_id=after_id)
        if not ids:
            return count
        after_id = ids[-1]
        if dry_run:
            count += len(ids)
            continue
        with database.write() as connection:
            count += retention.empty_responses(connection, ids, before)


def _let_anonymous_go(database: Database, before: datetime, dry_run: bool) -> int:
    if dry_run:
        with database.read() as connection:
            return retention.count_over_anonymous(connection, before)
    with database.write() as connection:
        return retention.delete_anonymous(connection, before)


def _note_gone(connection: Connection, event_id: int) -> None:
    """Events up to here may lack a decision without being lost."""
    marks.set_mark(connection, ANSWERS_MARK, event_id)


def _go_along(
    database: Database, mark: str, before: datetime, work: tuple[_List, _Delete], dry_run: bool
) -> int:
    list_over, let_go = work
    count = 0
    with database.read_whole() as connection:
        stretches = list_over(connection, marks.find_mark(connection, mark), before)
        if dry_run:
            return sum(one.rows for one in stretches)
        # Only ids, 16 bytes for each 5,000 events: writers must not wait for this reader.
        found = list(stretches)
    for one in found:
        with database.write() as connection:
            if one.rows:
                count += let_go(connection, one.first_id, one.last_id, before)
            marks.set_mark(connection, mark, one.last_id)
    return count
