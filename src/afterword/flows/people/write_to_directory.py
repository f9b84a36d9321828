"""How does a program outside change people in one transaction, and read what it writes about?"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from afterword.domain.people.identity import IdentityRules
from afterword.domain.people.person import PersonRecord
from afterword.flows.people.save_people import save_in
from afterword.flows.people.saved_people import Saved
from afterword.flows.people.tombstones import Tombstones
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import identity_rules, revision
from afterword.storage.engine import Connection, Database


@dataclass(frozen=True, slots=True)
class Writing:
    """
    One transaction in which nobody else changes people: what is read is still true when it is written.

    Attributes:
        source: One of Source.
    """

    connection: Connection
    clock: Clock
    source: str
    tombstoned: Tombstones
    rules: IdentityRules

    @property
    def now(self) -> datetime:
        """The time."""
        return to_datetime(self.clock.now_us())

    def save(self, records: list[PersonRecord]) -> Saved:
        """Save what the source says; what can't be kept is among the refusals."""
        return save_in(
            self.connection,
            self.clock,
            records,
            source=self.source,
            tombstoned=self.tombstoned,
            rules=self.rules,
        )


@contextmanager
def write_to_directory(
    database: Database, clock: Clock, tombstoned: Tombstones, source: str
) -> Iterator[Writing]:
    """Begin a transaction that changes people."""
    with database.write() as connection:
        revision.lock(connection)
        yield Writing(connection, clock, source, tombstoned, identity_rules.read_rules(connection))
