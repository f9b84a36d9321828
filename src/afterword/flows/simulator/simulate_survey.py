"""Whom would a survey have asked, had it been live? The rules that decide, over the events that came."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache

from afterword.domain.errors import ConflictError, InvalidInputError
from afterword.domain.people.identity import IdentityKind, normalise
from afterword.domain.survey.survey import SurveyState
from afterword.domain.throttle.eligibility import Invite
from afterword.domain.throttle.reason import Reason
from afterword.flows.manage_projects import get_project
from afterword.flows.simulator.past_events import is_emptied, read_portions
from afterword.flows.simulator.simulated_world import World, know
from afterword.flows.simulator.simulation import (
    COMBINATIONS_MAX,
    Counts,
    Moved,
    RateOrigin,
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
from afterword.storage import exposures, identity_rules, surveys
from afterword.storage.engine import Connection, Database
from afterword.storage.events import StoredEvent
from afterword.storage.surveys import Listening

HANDLES_REMEMBERED = 20_000
"""Handles that are not asked about anew for each event."""

RATE_WINDOW = timedelta(days=90)
RATE_INVITATIONS_MIN = 20
"""With fewer invitations that ended, an observed response rate is chance."""

RATE_ASSUMED = 0.3
"""Where nothing was observed; internal surveys by mail see about that."""


def simulate_survey(
    database: Database,
    clock: Clock,
    wanted: Sequence[Wanted],
    *,
    since: timedelta,
    against_live: bool = False,
    response_rate: float | None = None,
    on_progress: OnProgress = untold,
) -> Simulation:
    """
    Replay versions of one survey over past events through the rules that decide, and change nothing.

    Args:
        wanted: All of one survey, at most COMBINATIONS_MAX.
        since: How far back.
        against_live: Compare with the version that is live.
        response_rate: Of all simulated invitations; None = as observed.

    Raises:
        NotFoundError: There is no such project.
        ConflictError: The survey belongs to another project, or has no live version to compare with.
        InvalidInputError: Too many versions.
    """
    if len(wanted) > COMBINATIONS_MAX:
        raise InvalidInputError(f"{len(wanted)} combinations; at most {COMBINATIONS_MAX} at once: vary less")
    until = to_datetime(clock.now_us())
    with database.read_whole() as connection:
        return _Run(connection, wanted, until - since, until, against_live, response_rate).run(on_progress)


class _Run:
    """One pass over the events, for all versions."""

    def __init__(
        self,
        connection: Connection,
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
        self._known = know(connection)
        mine = [draft_of(connection, one.file, since) for one in wanted]
        self._survey_id = mine[0].id
        self._rate, self._rate_origin = _find_rate(
            connection, self._survey_id, self._project.id, until, response_rate
        )
        self._labels = [one.label for one in wanted]
        if against_live:
            live = next((one for one in heard if one.survey.key == self._key), None)
            if live is None:
                raise ConflictError(f"the survey {self._key!r} has no live version to compare with")
            mine.append(_as_if_live(live, since))
        self._against_live = against_live
        self._worlds = [
            World(connection, self._known, [one, *self._beside], since, self._rate) for one in mine
        ]
        self._counts = [Counts() for _ in mine]
        self._moved: list[Moved] = [Counter() for _ in wanted]
        self._events = self._tests = self._emptied = 0
        self._emptied_before: datetime | None = None
        self._names_bot = _bot_finder(connection)

    def run(self, on_progress: OnProgress) -> Simulation:
        """Go through the events, and count."""
        warm_from = self._since - max(world.looks_back for world in self._worlds)
        projects = sorted({self._project.id, *(one.survey.project_id for one in self._beside)})
        for portion in read_portions(self._connection, warm_from, projects, "simulating", on_progress):
            self._take_all(portion)
        return self._simulation()

    def _take_all(self, found: list[StoredEvent]) -> None:
        ids = {event.person_id for event in found if event.person_id is not None}
        past = self._known.read(self._connection, ids)
        for world in self._worlds:
            world.add_past(past)
        for event in found:
            is_in_time = event.received_at >= self._since
            if is_emptied(event):
                self._note_emptied(event, is_in_time)
            elif is_in_time:
                self._take(event)
            elif not event.is_test:
                for world in self._worlds:
                    world.remember(event, self._known.find_id(event.person_id))

    def _note_emptied(self, event: StoredEvent, is_in_time: bool) -> None:
        if is_in_time and event.project_id == self._project.id:
            self._events += 1
            self._emptied += 1
            self._emptied_before = event.received_at

    def _take(self, event: StoredEvent) -> None:
        is_mine = event.project_id == self._project.id
        self._events += is_mine
        self._tests += is_mine and event.is_test
        if event.is_test or not any(world.listens(event) for world in self._worlds):
            return
        person_id, names_bot = self._known.find_id(event.person_id), self._names_bot(event)
        said = [
            self._decide(world, counts, event, person_id, names_bot)
            for world, counts in zip(self._worlds, self._counts, strict=True)
        ]
        if self._against_live:
            live = said[-1]
            for moved, reason in zip(self._moved, said[:-1], strict=True):
                if reason is not live or reason is Reason.INVITED:
                    moved[live, reason] += 1

    def _decide(
        self, world: World, counts: Counts, event: StoredEvent, person_id: int | None, names_bot: bool
    ) -> Reason | None:
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
        forecasts = [counts.forecast(self._since, self._until, self._rate) for counts in self._counts]
        live = self._counts[-1] if self._against_live else None
        versions = [
            Version(label, forecast, None if live is None else differ(moved, counts, live))
            for label, forecast, counts, moved in zip(
                self._labels, forecasts, self._counts, self._moved, strict=False
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
            rate_origin=self._rate_origin,
            versions=tuple(versions),
            live=None if live is None else Version("live", forecasts[-1]),
        )


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


def _find_rate(
    connection: Connection, survey_id: int, project_id: int, now: datetime, given: float | None
) -> tuple[float, RateOrigin]:
    """The share of invitations that is answered, and where it comes from."""
    if given is not None:
        return given, RateOrigin.GIVEN
    ended = exposures.count_ended(connection, now, now - RATE_WINDOW)
    of_project = {one.id for one in surveys.list_surveys(connection, project_id)}
    for ids, origin in (({survey_id}, RateOrigin.SURVEY), (of_project, RateOrigin.PROJECT)):
        counts = [ended[one] for one in ids if one in ended]
        invited = sum(count for count, _ in counts)
        if invited >= RATE_INVITATIONS_MIN:
            return sum(answered for _, answered in counts) / invited, origin
    return RATE_ASSUMED, RateOrigin.ASSUMED


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
