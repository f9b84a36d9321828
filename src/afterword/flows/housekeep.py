"""What is thrown away when its time is over?"""

from datetime import timedelta

from afterword.flows.track_event import IDEMPOTENCY_US
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import attributions, events, notices
from afterword.storage.engine import Database

NOTICES_KEPT = timedelta(days=7)

ATTRIBUTIONS_KEPT = timedelta(days=1)
"""After they are finished: they name handles, so not for ever."""


def housekeep(database: Database, clock: Clock) -> None:
    """Forget idempotency keys, notices and attributions that are over; running it again changes nothing."""
    now_us = clock.now_us()
    with database.write() as connection:
        events.delete_idempotent(connection, now_us - IDEMPOTENCY_US)
        notices.delete_notices(connection, to_datetime(now_us) - NOTICES_KEPT)
        attributions.delete_finished(connection, to_datetime(now_us) - ATTRIBUTIONS_KEPT)
