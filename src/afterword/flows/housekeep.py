"""What is thrown away when its time is over?"""

from datetime import timedelta

from afterword.flows.track_event import IDEMPOTENCY_US
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import events, notices
from afterword.storage.engine import Database

NOTICES_KEPT = timedelta(days=7)


def housekeep(database: Database, clock: Clock) -> None:
    """Forget idempotency keys and notices that are over; running it again changes nothing."""
    now_us = clock.now_us()
    with database.write() as connection:
        events.delete_idempotent(connection, now_us - IDEMPOTENCY_US)
        notices.delete_notices(connection, to_datetime(now_us) - NOTICES_KEPT)
