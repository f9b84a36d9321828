"""Which past events would a trigger hear, and how many of them meet what it wants?"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from afterword.flows.simulator.past_events import is_emptied, read_portions
from afterword.flows.simulator.simulate_survey import draft_of
from afterword.flows.simulator.simulated_world import World, know
from afterword.flows.surveys.survey_definition import SurveyFile
from afterword.kit.clock import Clock, to_datetime
from afterword.kit.progress import OnProgress, untold
from afterword.storage.engine import Database
from afterword.storage.events import StoredEvent


@dataclass(frozen=True, slots=True)
class Example:
    """An event that would ask, but for the throttle; ``who`` as lists of events show it."""

    event_id: int
    received_at: datetime
    name: str
    who: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """
    What a trigger would have heard.

    Attributes:
        events: Of the project in this time, test events and emptied ones left out.
        emptied: Events that no longer say who it was.
        heard: Name → events that it hears.
        matching: Those that satisfy ``where``.
        firing: Those of them that are the N-th one, and come after what must come before.
        people: Different known people among those.
        mismatches: The path into the metadata that was first not as wanted → events.
        examples: The latest that fire, the newest last.
    """

    survey_key: str
    project: str
    since: datetime
    until: datetime
    events: int
    emptied: int
    heard: Mapping[str, int]
    matching: int
    firing: int
    people: int
    mismatches: Mapping[str, int]
    examples: tuple[Example, ...]


def preview_trigger(
    database: Database,
    clock: Clock,
    file: SurveyFile,
    *,
    since: timedelta,
    examples: int,
    on_progress: OnProgress = untold,
) -> Preview:
    """
    Let the trigger of a survey hear past events; nothing is decided.

    Raises:
        NotFoundError: There is no such project.
        ConflictError: The survey belongs to another project.
    """
    until = to_datetime(clock.now_us())
    begin = until - since
    count = emptied = matching = firing = 0
    heard: Counter[str] = Counter()
    mismatches: Counter[str] = Counter()
    firing_people: set[int] = set()
    latest: deque[Example] = deque(maxlen=examples)
    with database.read_whole() as connection:
        draft = draft_of(connection, file, begin)
        known = know(connection)
        world = World(connection, known, [draft], begin, 0.0)
        projects = [draft.survey.project_id]
        for portion in read_portions(
            connection, begin - world.looks_back, projects, "listening", on_progress
        ):
            known.read(connection, {one.person_id for one in portion if one.person_id is not None})
            for event in portion:
                is_in_time = event.received_at >= begin
                if is_emptied(event):
                    emptied += is_in_time
                    continue
                if event.is_test:
                    continue
                count += is_in_time
                facts = world.hear(event, known.find_id(event.person_id))
                if facts is None or not is_in_time:
                    continue
                heard[event.name] += 1
                if not facts.metadata_matches:
                    mismatches[str(facts.metadata_saw.get("path", ""))] += 1
                    continue
                matching += 1
                if facts.count < facts.count_wanted or facts.came_after is False:
                    continue
                firing += 1
                if facts.person is not None:
                    firing_people.add(facts.person.id)
                latest.append(_example(event, known.address(event.person_id)))
    return Preview(
        survey_key=file.survey,
        project=file.project,
        since=begin,
        until=until,
        events=count,
        emptied=emptied,
        heard=dict(heard.most_common()),
        matching=matching,
        firing=firing,
        people=len(firing_people),
        mismatches=dict(mismatches.most_common()),
        examples=tuple(latest),
    )


def _example(event: StoredEvent, address: str | None) -> Example:
    who = address or event.email or event.github_username or event.gitlab_username or ""
    return Example(event.id, event.received_at, event.name, who, address is not None)
