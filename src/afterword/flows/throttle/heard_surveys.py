"""Which surveys must be told of an event, and by which policy do they ask?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from afterword.domain.survey.policy import Pacing, Policy
from afterword.domain.survey.survey import Definition, SurveyState
from afterword.domain.survey.survey_state import Phase, state_at
from afterword.domain.survey.trigger import Trigger
from afterword.flows.surveys.policy_levels import Levels, find_pauses, find_policy, read_levels
from afterword.flows.surveys.survey_definition import read_definition
from afterword.storage import surveys
from afterword.storage.engine import Connection
from afterword.storage.events import StoredEvent
from afterword.storage.surveys import Listening


@dataclass(frozen=True, slots=True)
class Heard:
    """
    A version of a survey that events can reach, and the policy that holds for it.

    Attributes:
        paused: The levels at which a policy pauses asking.
        policy_id: The last row of the table policy; 0 = there is none.
        timezone: The organisation's: of people of whom nobody else says one.
    """

    survey: Listening
    definition: Definition
    policy: Policy
    paused: tuple[str, ...] = ()
    policy_id: int = 0
    timezone: str | None = None

    @property
    def id(self) -> int:
        """The survey's id."""
        return self.survey.survey_id

    @property
    def trigger(self) -> Trigger:
        """What it listens to."""
        return self.definition.trigger

    @property
    def has_limits(self) -> bool:
        """Whether it matters how many others it asked."""
        return self.policy.quota is not None or self.policy.daily_max is not None

    @property
    def slot(self) -> timedelta | None:
        """How long even pacing lets one response take; None = no pacing."""
        quota, starts_at, ends_at = self.policy.quota, self.definition.starts_at, self.definition.ends_at
        if quota is None or not quota.count or self.policy.pacing is Pacing.ASAP:
            return None
        life = ends_at - starts_at if starts_at is not None and ends_at is not None else None
        period = quota.period or life
        return None if period is None else period / quota.count

    @property
    def paced_since(self) -> datetime | None:
        """Since when it should have asked evenly; None = it was never published."""
        published_at, starts_at = self.survey.published_at, self.definition.starts_at
        if published_at is None or starts_at is None:
            return published_at
        return max(published_at, starts_at)

    def phase(self, now: datetime) -> Phase:
        """Where the survey is at a moment."""
        return state_at(self.survey.state, self.definition.starts_at, self.definition.ends_at, now)


def make_heard(survey: Listening, levels: Levels) -> Heard:
    """A version of a survey, and the policy that holds for it by what all levels say."""
    return Heard(
        survey,
        read_definition(survey.definition),
        find_policy(levels, survey.key, survey.definition),
        find_pauses(levels, survey.definition),
        levels.policy_id,
        levels.timezone,
    )


class Surveys:
    """All versions of surveys that the events of a batch may reach, read once."""

    def __init__(self, connection: Connection, since: datetime) -> None:
        self._by_project: dict[int, list[Heard]] = {}
        levels: dict[int, Levels] = {}
        for survey in surveys.list_listening(connection, at=since):
            if survey.project_id not in levels:
                levels[survey.project_id] = read_levels(connection, survey.project_id)
            heard = make_heard(survey, levels[survey.project_id])
            self._by_project.setdefault(survey.project_id, []).append(heard)

    def find_live(self, project_id: int, survey_id: int) -> Heard | None:
        """The live version of a survey."""
        of_project = self._by_project.get(project_id, ())
        return next((one for one in of_project if one.id == survey_id and one.survey.is_live), None)

    def told(self, event: StoredEvent) -> Iterator[Heard]:
        """The surveys to be told of an event: the live versions, or with test data the latest ones."""
        for heard in self._by_project.get(event.project_id, ()):
            if _reaches(event, heard.survey) and heard.trigger.is_told(event.name):
                yield heard


def _reaches(event: StoredEvent, survey: Listening) -> bool:
    closed_at = survey.closed_at if survey.state is SurveyState.CLOSED else None
    if closed_at is not None and closed_at <= event.received_at:
        return False
    if event.is_test:
        return survey.is_latest
    # It did not listen yet when the event came.
    is_later = survey.published_at is not None and survey.published_at > event.received_at
    return survey.is_live and not is_later
