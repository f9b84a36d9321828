"""What is thrown away when its time is over?"""

from datetime import date, datetime, timedelta

from afterword.domain.event import IDEMPOTENCY_US
from afterword.flows.surveys.policy_levels import Levels, find_policy, read_levels
from afterword.flows.surveys.survey_definition import read_definition
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import attributions, events, marks, notices, responses, surveys, trigger_matches
from afterword.storage.engine import Connection, Database

NOTICES_KEPT = timedelta(days=7)

DAY_IS_OVER_AFTER = timedelta(hours=1)
"""After midnight: an answer of before may still be on its way into the database."""

MIXED_MARK = "anonymous_mixed"
"""Up to which day, as an ordinal, anonymous responses are mixed."""

ATTRIBUTIONS_KEPT = timedelta(days=1)
"""After they are finished: they name handles, so not for ever."""


def housekeep(database: Database, clock: Clock) -> None:
    """Forget what is over and no setting is about; running it again changes nothing."""
    now_us = clock.now_us()
    with database.write() as connection:
        events.delete_idempotent(connection, now_us - IDEMPOTENCY_US)
        notices.delete_notices(connection, to_datetime(now_us) - NOTICES_KEPT)
        attributions.delete_finished(connection, to_datetime(now_us) - ATTRIBUTIONS_KEPT)
    _mix_anonymous(database, to_datetime(now_us))
    _forget_matches(database, to_datetime(now_us))


def _mix_anonymous(database: Database, now: datetime) -> None:
    """Take from anonymous responses of days that are over what the database knows of how they came."""
    last = (now - DAY_IS_OVER_AFTER).date() - timedelta(days=1)
    with database.write() as connection:
        mixed = date.fromordinal(marks.find_mark(connection, MIXED_MARK) or 1)
        if mixed < last:
            responses.mix_anonymous(connection, after=mixed, until=last)
            marks.set_mark(connection, MIXED_MARK, last.toordinal())


def _forget_matches(database: Database, now: datetime) -> None:
    """Forget what people did longer ago than a survey's trigger looks back; of closed surveys all."""
    with database.read() as connection:
        oldest = trigger_matches.list_oldest(connection)
        kept = _list_kept(connection) if oldest else {}
    for survey_id, oldest_at in oldest.items():
        before = now - kept[survey_id] if survey_id in kept else now + timedelta(days=1)
        forgotten = trigger_matches.MATCHES_AT_ONCE if oldest_at < before else 0
        while forgotten == trigger_matches.MATCHES_AT_ONCE:
            with database.write() as connection:
                forgotten = trigger_matches.delete_matches(connection, survey_id, before)


def _list_kept(connection: Connection) -> dict[int, timedelta]:
    """Survey id → how long what it counts is kept; without closed surveys."""
    kept: dict[int, timedelta] = {}
    levels: dict[int, Levels] = {}
    for one in surveys.list_listening(connection):
        if one.project_id not in levels:
            levels[one.project_id] = read_levels(connection, one.project_id)
        policy = find_policy(levels[one.project_id], one.key, one.definition)
        span = read_definition(one.definition).trigger.looks_back_by + policy.max_event_age
        kept[one.survey_id] = max(span, kept.get(one.survey_id, span))
    return kept
