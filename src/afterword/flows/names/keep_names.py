"""What does the worker do about names, beside its jobs?"""

from afterword.flows.names.attribute_events import attribute_events, follow_directory
from afterword.flows.names.note_unknown_names import note_unknown_names
from afterword.kit.clock import Clock
from afterword.storage.engine import Database


def keep_names(database: Database, clock: Clock) -> bool:
    """
    Take one step: read new events, follow the directory, attribute earlier events.

    Nothing is lost or counted twice when it ends anywhere, or when several workers do it at once.

    Returns:
        True when there may be more to do at once.
    """
    is_more = note_unknown_names(database)
    is_more |= follow_directory(database, clock)
    return attribute_events(database, clock) or is_more
