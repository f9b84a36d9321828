"""What became of an event, and why was somebody asked or not?"""

from dataclasses import dataclass

from afterword.domain.errors import NotFoundError
from afterword.domain.reason import Reason
from afterword.flows.job_kinds import JobKind
from afterword.flows.manage_projects import get_project
from afterword.storage import decisions, events, invitations, jobs, notices
from afterword.storage.decisions import Entry
from afterword.storage.engine import Database
from afterword.storage.events import StoredEvent
from afterword.storage.invitations import Invitation
from afterword.storage.jobs import Progress
from afterword.storage.notices import Notice


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    An event with all that was decided about it.

    Attributes:
        progress: Where its decision is while there is none: the worker has not come to
            it yet, or gave up. None when it was decided, or no survey listened.
    """

    event: StoredEvent
    entries: list[Entry]
    invitations: list[Invitation]
    progress: Progress | None

    @property
    def reason(self) -> Reason | None:
        """The event's outcome in one code; None while there is no decision."""
        if not self.entries:
            return None if self.progress else Reason.NO_MATCHING_SURVEY
        return min(entry.reason for entry in self.entries)


def explain_event(database: Database, event_id: int | None) -> Explanation:
    """
    Tell what became of one event; None means the newest of all.

    Raises:
        NotFoundError: There is no such event.
    """
    with database.read() as connection:
        if event_id is None:
            event = next(iter(events.list_events(connection, None, limit=1)), None)
        else:
            event = events.get_event(connection, event_id)
        if event is None:
            raise NotFoundError("there is no such event: `afterword event list PROJECT` shows the newest")
        entries = decisions.list_entries(connection, event.id)
        return Explanation(
            event,
            entries,
            invitations.list_for_event(connection, event.id),
            progress=None if entries else jobs.find_progress(connection, JobKind.EVALUATE_EVENT, event.id),
        )


def list_events(database: Database, project: str | None, *, limit: int) -> list[StoredEvent]:
    """
    The newest events, newest first, of one project or of all.

    Raises:
        NotFoundError: There is no such project.
    """
    with database.read() as connection:
        project_id = None if project is None else get_project(connection, project).id
        return events.list_events(connection, project_id, limit=limit)


def list_notices(database: Database, project: str) -> list[Notice]:
    """
    What was refused or odd in the last days, the latest first.

    Raises:
        NotFoundError: There is no such project.
    """
    with database.read() as connection:
        return notices.list_notices(connection, get_project(connection, project).id)
