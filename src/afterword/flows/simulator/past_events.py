"""Which events came since a time, portion by portion?"""

from collections.abc import Collection, Iterator
from datetime import datetime

from afterword.kit.progress import OnProgress
from afterword.storage import events
from afterword.storage.engine import Connection
from afterword.storage.events import StoredEvent

EVENTS_AT_ONCE = 2_000
"""Ids of one portion: whose people are read together."""


def read_portions(
    connection: Connection, since: datetime, project_ids: Collection[int], what: str, on_progress: OnProgress
) -> Iterator[list[StoredEvent]]:
    """
    The events of some projects that were received since a time, in the order of their ids.

    Args:
        what: What is done with them, as progress is told.
    """
    first_id = events.find_first_id_received(connection, since)
    last_id = events.find_newest_id(connection)
    for low in range(first_id, last_id + 1, EVENTS_AT_ONCE):
        high = min(low + EVENTS_AT_ONCE - 1, last_id)
        yield list(events.read_events(connection, low, high, project_ids))
        on_progress(what, high - first_id + 1, last_id - first_id + 1)


def is_emptied(event: StoredEvent) -> bool:
    """Whether an event no longer says who it was: its time was over, or the person was erased."""
    return event.email is None and event.github_username is None and event.gitlab_username is None
