"""What is thrown away when its time is over?"""

from datetime import datetime, timedelta

from afterword.flows.survey_definition import read_definition
from afterword.flows.track_event import IDEMPOTENCY_US
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import attributions, events, notices, surveys, trigger_matches
from afterword.storage.engine import Connection, Database

NOTICES_KEPT = timedelta(days=7)

ATTRIBUTIONS_KEPT = timedelta(days=1)
"""After they are finished: they name handles, so not for ever."""


def housekeep(database: Database, clock: Clock) -> None:
    """Forget what is over and no setting is about; running it again changes nothing."""
    now_us = clock.now_us()
    with database.write() as connection:
        events.delete_idempotent(connection, now_us - IDEMPOTENCY_US)
        notices.delete_notices(connection, to_datetime(now_us) - NOTICES_KEPT)
        attributions.delete_finished(connection, to_datetime(now_us) - ATTRIBUTIONS_KEPT)
        _forget_matches(connection, to_datetime(now_us))


def _forget_matches(connection: Connection, now: datetime) -> None:
    """Forget what people did longer ago than a survey's trigger looks back; of closed surveys all."""
    counted = trigger_matches.list_survey_ids(connection)
    if not counted:
        return
    kept: dict[int, timedelta] = {}
    for one in surveys.list_listening(connection):
        definition = read_definition(one.definition)
        span = definition.trigger.looks_back_by + definition.policy.max_event_age
        kept[one.survey_id] = max(span, kept.get(one.survey_id, span))
    for survey_id in counted:
        before = now - kept[survey_id] if survey_id in kept else now + timedelta(days=1)
        trigger_matches.delete_matches(connection, survey_id, before)
