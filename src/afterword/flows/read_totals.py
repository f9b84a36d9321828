"""Which totals are cheap enough to be read every few seconds, with ten million events there?"""

from collections.abc import Mapping
from dataclasses import dataclass

from afterword.flows.job_kinds import JobKind
from afterword.kit.clock import SECOND_US, Clock, to_datetime
from afterword.storage import conservation, jobs, projects, sources
from afterword.storage.engine import Connection, Database

COUNTED_AGAIN_US = 60 * SECOND_US
"""Invitations are counted one by one; there are few beside the events, and once a minute is often enough."""


@dataclass(frozen=True, slots=True)
class Totals:
    """
    What the database counts; nothing here reads the table of events or the ledger.

    Attributes:
        accepted: Events, by all servers since the beginning.
        waiting: Kind → jobs that wait or run; each event that is not decided yet has one.
        dead: Jobs that were given up.
        lag_s: How long the oldest due job has waited; 0 when none is due.
        invitations: State → invitations, up to a minute old.
        responses: Up to a minute old.
        sources: Source of people → when a load of it last went through, seconds since 1970; 0 when never.
    """

    accepted: int
    waiting: Mapping[str, int]
    dead: int
    lag_s: float
    invitations: Mapping[str, int]
    responses: int
    sources: Mapping[str, float]


class TotalsReader:
    """Reads totals, and remembers for a minute what is dearer to count."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._counted_at_us: int | None = None
        self._invitations: dict[str, int] = {}
        self._responses = 0

    def read(self) -> Totals:
        """The totals of now, all in one state of the database but for what is remembered."""
        with self._database.read() as connection:
            self._count_again(connection)
            by_kind = jobs.count_by_kind(connection)
            due_at = jobs.find_first_due(connection)
            loaded = {one.name: one.finished_at for one in sources.list_statuses(connection)}
            accepted = sum(project.events_accepted for project in projects.list_projects(connection))
        now = to_datetime(self._clock.now_us())
        return Totals(
            accepted=accepted,
            waiting={kind.value: by_kind.get(kind, (0, 0))[0] for kind in JobKind},
            dead=sum(dead for _, dead in by_kind.values()),
            lag_s=0.0 if due_at is None else max(0.0, (now - due_at).total_seconds()),
            invitations=self._invitations,
            responses=self._responses,
            sources={name: 0.0 if at is None else at.timestamp() for name, at in loaded.items()},
        )

    def _count_again(self, connection: Connection) -> None:
        now_us = self._clock.steady_us()
        counted_at_us = self._counted_at_us
        if counted_at_us is not None and now_us - counted_at_us < COUNTED_AGAIN_US:
            return
        self._invitations = {
            state.value: count for state, count in conservation.count_invitations(connection).items()
        }
        self._responses = conservation.count_responses(connection)
        self._counted_at_us = now_us
