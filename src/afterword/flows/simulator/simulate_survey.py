"""Whom would a survey have asked, had it been live? The rules that decide, over the events that came."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache

from afterword.domain.errors import ConflictError, InvalidInputError
from afterword.domain.people.identity import IdentityKind, normalise
from afterword.domain.people.preference import MAIL_ONLY, ChannelKind
from afterword.domain.survey.survey import SurveyState
from afterword.domain.throttle.eligibility import Invite
from afterword.domain.throttle.forecast import Forecast
from afterword.domain.throttle.reason import Reason
from afterword.flows.manage_projects import get_project
from afterword.flows.simulator.past_events import is_emptied, read_portions
from afterword.flows.simulator.response_rate import find_rate
from afterword.flows.simulator.simulated_world import Known, World, know
from afterword.flows.simulator.simulation import (
    COMBINATIONS_MAX,
    Counts,
    Moved,
    Simulation,
    Version,
    Wanted,
    differ,
)
from afterword.flows.surveys.policy_levels import read_levels
from afterword.flows.surveys.survey_definition import SurveyFile, dump_definition
from afterword.flows.throttle.heard_surveys import Heard, make_heard
from afterword.kit.clock import Clock, to_datetime
from afterword.kit.progress import OnProgress, untold
from afterword.storage import identity_rules, surveys
from afterword.storage.engine import Connection, Database
from afterword.storage.events import StoredEvent
from afterword.storage.surveys import Listening

HANDLES_REMEMBERED = 20_000
"""Handles that are not asked about anew for each event."""


def simulate_survey(
    database: Database,
    clock: Clock,
    wanted: Sequence[Wanted],
    *,
    since: timedelta,
    against_live: bool = False,
    response_rate: float | None = None,
    channels: Collection[ChannelKind] = MAIL_ONLY,
    on_progress: OnProgress = untold,
) -> Simulation:
    """
    Replay versions of one survey over past events through the rules that decide, and change nothing.

    Args:
        wanted: All of one survey, at most COMBINATIONS_MAX.
        since: How far back.
        against_live: Compare with the version that is live.
        response_rate: Of all simulated invitations; None = as observed. Where too little was, all is
            simulated at a low and at a high one, too.
        channels: Those that the operator set up.

    Raises:
        NotFoundError: There is no such project.
        ConflictError: The survey belongs to another project, or has no live version to compare with.
        InvalidInputError: Too many versions.
    """
    if len(wanted) > COMBINATIONS_MAX:
        raise InvalidInputError(f"{len(wanted)} combinations; at most {COMBINATIONS_MAX} at once: vary less")
    until = to_datetime(clock.now_us())
    with database.read_whole() as connection:
        known = know(connection, channels)
        run = _Run(connection, known, wanted, until - since, until, against_live, response_rate)
        return run.run(on_progress)


@dataclass(slots=True)
class _Course:
    """How one version would have gone at one response rate."""

    world: World
    rate: float
    counts: Counts = field(default_factory=Counts)


class _Run:
    """One pass over the events, for all versions."""

    def __init__(
        self,
        connection: Connection,
        known: Known,
        wanted: Sequence[Wanted],
        since: datetime,
        until: datetime,
        against_live: bool,
        response_rate: float | None,
    ) -> None:
        self._connection = connection
        self._since, self._until = since, until
        self._key = wanted[0].file.survey
        self._project = get_project(connection, wanted[0].file.project)
        heard = _list_live(connection)
        self._beside = [one for one in heard if one.survey.key != self._key]
        self._known = known
        mine = [draft_of(connection, one.file, since) for one in wanted]
        self._survey_id = mine[0].id
        self._rate = find_rate(connection, self._survey_id, self._project.id, until, response_rate)
        self._labels = [one.label for one in wanted]
        if against_live:
            live = next((one for one in heard if one.survey.key == self._key), None)
            if live is None:
                raise ConflictError(f"the survey {self._key!r} has no live version to compare with")
            mine.append(_as_if_live(live, since))
        self._against_live = against_live
        self._courses = [self._course(one, self._rate.share) for one in mine]
        self._others = [[self._course(one, rate) for rate in self._rate.otherwise] for one in mine]
        self._all = [*self._courses, *(one for others in self._others for one in others)]
        self._moved: list[Moved] = [Counter() for _ in wanted]
        self._events = self._tests = self._emptied = 0
        self._emptied_before: datetime | None = None
        self._names_bot = _bot_finder(connection)

    def _course(self, heard: Heard, rate: float) -> _Course:
        surveys_asking = [heard, *self._beside]
        return _Course(World(self._connection, self._known, surveys_asking, self._since, rate), rate)

    def run(self, on_progress: OnProgress) -> Simulation:
        """Go through the events, and count."""
        warm_from = self._since - max(one.world.looks_back for one in self._courses)
        projects = sorted({self._project.id, *(one.survey.project_id for one in self._beside)})
        for portion in read_portions(self._connection, warm_from, projects, "simulating", on_progress):
            self._take_all(portion)
        return self._simulation()

    def _take_all(self, found: list[StoredEvent]) -> None:
        ids = {event.person_id for event in found if event.person_id is not None}
        past = self._known.read(self._connection, ids)
        for course in self._all:
            course.world.add_past(past)
        for event in found:
            is_in_time = event.received_at >= self._since
            if is_emptied(event):
                self._note_emptied(event, is_in_time)
            elif is_in_time:
                self._take(event)
            elif not event.is_test:
                for course in self._all:
                    course.world.remember(event, self._known.find_id(event.person_id))

    def _note_emptied(self, event: StoredEvent, is_in_time: bool) -> None:
        if is_in_time and event.project_id == self._project.id:
            self._events += 1
            self._emptied += 1
            self._emptied_before = event.received_at

    def _take(self, event: StoredEvent) -> None:
        is_mine = event.project_id == self._project.id
        self._events += is_mine
        self._tests += is_mine and event.is_test
        if event.is_test or not any(one.world.listens(event) for one in self._courses):
            return
        person_id, names_bot = self._known.find_id(event.person_id), self._names_bot(event)
        said = [self._decide(course, event, person_id, names_bot) for course in self._all]
        if self._against_live:
            count = len(self._moved)
            live = said[count]
            for moved, reason in zip(self._moved, said[:count], strict=True):
                if reason is not live or reason is Reason.INVITED:
                    moved[live, reason] += 1

    def _decide(
        self, course: _Course, event: StoredEvent, person_id: int | None, names_bot: bool
    ) -> Reason | None:
        world, counts = course.world, course.counts
        world.advance(event.received_at)
        said = None
        for candidate in world.decide(event, person_id, names_bot):
            decision, is_mine = candidate.decision, candidate.heard.id == self._survey_id
            new = world.invite(event, candidate, decision) if isinstance(decision, Invite) else None
            if is_mine:
                said = decision.reason
                counts.add(candidate)
                if new is not None:
                    counts.invited.append(new)
        return said

    def _simulation(self) -> Simulation:
        forecasts = [
            self._forecast(course, tuple(map(self._forecast, others)))
            for course, others in zip(self._courses, self._others, strict=True)
        ]
        live = self._courses[-1].counts if self._against_live else None
        versions = [
            Version(label, forecast, None if live is None else differ(moved, course.counts, live))
            for label, forecast, course, moved in zip(
                self._labels, forecasts, self._courses, self._moved, strict=False
            )
        ]
        return Simulation(
            survey_key=self._key,
            project=self._project.name,
            since=self._since,
            until=self._until,
            events=self._events,
            tests=self._tests,
            emptied=self._emptied,
            emptied_before=self._emptied_before,
            beside=tuple(one.survey.key for one in self._beside),
            response_rate=self._rate,
            versions=tuple(versions),
            live=None if live is None else Version("live", forecasts[-1]),
        )

    def _forecast(self, course: _Course, otherwise: tuple[Forecast, ...] = ()) -> Forecast:
        return course.counts.forecast(self._since, self._until, course.rate, otherwise)


def draft_of(connection: Connection, file: SurveyFile, since: datetime) -> Heard:
    """
    A survey as its file says, had it been live since a time.

    Raises:
        NotFoundError: There is no such project.
        ConflictError: The survey belongs to another project.
    """
    project = get_project(connection, file.project)
    survey_id, published_at = _find_known(connection, file.survey, project.id)
    survey = Listening(
        survey_id,
        project.id,
        file.survey,
        SurveyState.LIVE,
        version=0,
        is_live=True,
        is_latest=True,
        definition=dump_definition(file),
        published_at=published_at,
    )
    return _as_if_live(make_heard(survey, read_levels(connection, project.id)), since)


def _list_live(connection: Connection) -> list[Heard]:
    """All surveys that ask today, in their live versions."""
    found = [one for one in surveys.list_listening(connection) if one.is_live]
    levels = {
        project_id: read_levels(connection, project_id) for project_id in {one.project_id for one in found}
    }
    return [make_heard(one, levels[one.project_id]) for one in found]


def _as_if_live(heard: Heard, since: datetime) -> Heard:
    """The same survey, had it been live since a time: no pause, no start and no end."""
    definition = replace(heard.definition, starts_at=None, ends_at=None)
    policy, slot = heard.policy, heard.slot
    if policy.quota is not None and policy.quota.count and policy.quota.period is None and slot is not None:
        policy = replace(policy, quota=replace(policy.quota, period=slot * policy.quota.count))
    published_at = min(heard.survey.published_at or since, since)
    survey = replace(heard.survey, state=SurveyState.LIVE, published_at=published_at)
    return replace(heard, survey=survey, definition=definition, policy=policy, paused=())


def _find_known(connection: Connection, key: str, project_id: int) -> tuple[int, datetime | None]:
    """The survey's id, or the one that it would get, on which draws depend; and since when it is live."""
    known = surveys.list_surveys(connection)
    found = next((one for one in known if one.key == key), None)
    if found is None:
        return max((one.id for one in known), default=0) + 1, None
    if found.project_id != project_id:
        raise ConflictError(
            f"the survey {key!r} belongs to the project {found.project_name!r}: use another key"
        )
    return found.id, found.published_at


def _bot_finder(connection: Connection) -> Callable[[StoredEvent], bool]:
    """Tells whether one of an event's handles looks like a bot's, by the rules of today."""
    rules = identity_rules.combine(identity_rules.list_rules(connection))

    @lru_cache(maxsize=HANDLES_REMEMBERED)
    def is_bot(kind: IdentityKind, handle: str) -> bool:
        return rules.is_bot(normalise(kind, handle))

    def names_bot(event: StoredEvent) -> bool:
        return (
            (event.email is not None and is_bot(IdentityKind.EMAIL, event.email))
            or (event.github_username is not None and is_bot(IdentityKind.GITHUB, event.github_username))
            or (event.gitlab_username is not None and is_bot(IdentityKind.GITLAB, event.gitlab_username))
        )

    return names_bot
