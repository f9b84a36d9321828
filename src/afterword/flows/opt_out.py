"""How does a person end all surveys, and take that back? The link of who was merged means the kept one."""

from afterword.kit.clock import Clock, to_datetime
from afterword.storage import merges, people
from afterword.storage.engine import Database


def is_opted_out(database: Database, person_id: int) -> bool | None:
    """Tell whether a person wants no surveys; None when there is no such person."""
    with database.read() as connection:
        person = people.get_person(connection, merges.find_kept(connection, person_id))
    return None if person is None else person.opted_out_at is not None


def opt_out(database: Database, clock: Clock, person_id: int) -> None:
    """Send this person no survey from now on."""
    with database.write() as connection:
        kept_id = merges.find_kept(connection, person_id)
        people.set_opted_out(connection, kept_id, to_datetime(clock.now_us()))


def opt_in(database: Database, person_id: int) -> None:
    """Take an opt-out back."""
    with database.write() as connection:
        people.set_opted_out(connection, merges.find_kept(connection, person_id), None)
