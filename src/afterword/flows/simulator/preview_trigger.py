"""Which past events would a trigger hear, and how many of them meet what it wants?"""

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from afterword.domain.survey.trigger import ABSENT, Trigger
from afterword.domain.throttle.facts import Facts
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
class Mismatch:
    """Events of which a path of the metadata was not as wanted: it was absent, or held something else."""

    absent: int
    different: int


@dataclass(frozen=True, slots=True)
class Preview:
    """
    What a trigger would have heard.

    Attributes:
        events: Of the project in this time, test events and emptied ones left out.
        emptied: Events that no longer say who it was.
        heard: Name → events that it hears.
        matching: Those that satisfy ``where``.
        firing: Those of them that are the N-th one and come after what must come before, without those
            withdrawn or collapsed.
        withdrawn: Those that would have been, were it not for what the person did next.
        collapsed: Those that came while one of the same person waited, and ask nothing more.
        people: Different known people among those that fire.
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
    withdrawn: int
    collapsed: int
    people: int
    mismatches: Mapping[str, Mismatch]
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
    with database.read_whole() as connection:
        draft = draft_of(connection, file, begin)
        known = know(connection)
        world = World(connection, known, [draft], begin, 0.0)
        listening = _Listening(draft.trigger, begin, examples)
        warm_from, projects = begin - world.looks_back, [draft.survey.project_id]
        for portion in read_portions(connection, warm_from, projects, "listening", on_progress):
            known.read(connection, {one.person_id for one in portion if one.person_id is not None})
            for event in portion:
                if is_emptied(event):
                    listening.emptied += event.received_at >= begin
                    continue
                if event.is_test:
                    continue
                person_id = known.find_id(event.person_id)
                facts = world.hear(event, person_id)
                listening.take(_example(event, known.address(person_id)), event, person_id, facts)
    listening.settle_all()
    return Preview(
        survey_key=file.survey,
        project=file.project,
        since=begin,
        until=until,
        events=listening.events,
        emptied=listening.emptied,
        heard=dict(listening.heard.most_common()),
        matching=listening.matching,
        firing=listening.firing,
        withdrawn=listening.withdrawn,
        collapsed=listening.collapsed,
        people=len(listening.people),
        mismatches=listening.list_mismatches(),
        examples=tuple(example for _, example in sorted(listening.latest)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Asking:
    """An event that fires, unless it is withdrawn before its time to wait is over."""

    example: Example
    person_id: int | None
    occurred_at: datetime
    send_at: datetime


@dataclass(slots=True)
class _Listening:
    """What is counted while a trigger hears events, one after the other."""

    trigger: Trigger
    begin: datetime
    examples: int
    events: int = 0
    emptied: int = 0
    matching: int = 0
    firing: int = 0
    withdrawn: int = 0
    collapsed: int = 0
    heard: Counter[str] = field(default_factory=Counter)
    absent: Counter[str] = field(default_factory=Counter)
    different: Counter[str] = field(default_factory=Counter)
    people: set[int] = field(default_factory=set)
    latest: list[tuple[int, Example]] = field(default_factory=list)
    waiting: dict[int, _Asking] = field(default_factory=dict)

    def take(self, example: Example, event: StoredEvent, person_id: int | None, facts: Facts | None) -> None:
        """Count an event; ``facts`` are None when it may not ask."""
        self.events += self._is_in_time(example)
        if person_id is not None:
            self._withdraw(event, person_id)
        if facts is None:
            return
        if self._is_in_time(example):
            self.heard[event.name] += 1
        if not facts.metadata_matches:
            self._note_mismatch(example, facts)
            return
        self.matching += self._is_in_time(example)
        if facts.count >= facts.count_wanted and facts.came_after is not False:
            self._fire(example, event, person_id, facts)

    def settle_all(self) -> None:
        """Nothing more comes that could withdraw what waits."""
        for one in self.waiting.values():
            self._settle(one)
        self.waiting.clear()

    def list_mismatches(self) -> dict[str, Mismatch]:
        """Path → events, the most frequent first."""
        paths = (self.absent + self.different).most_common()
        return {path: Mismatch(self.absent[path], self.different[path]) for path, _ in paths}

    def _is_in_time(self, example: Example) -> bool:
        return example.received_at >= self.begin

    def _note_mismatch(self, example: Example, facts: Facts) -> None:
        if self._is_in_time(example):
            counts = self.absent if facts.metadata_saw.get("found") == ABSENT else self.different
            counts[str(facts.metadata_saw.get("path", ""))] += 1

    def _withdraw(self, event: StoredEvent, person_id: int) -> None:
        """Let time pass for a person, and take back what an event makes pointless."""
        one = self.waiting.get(person_id)
        if one is None:
            return
        if one.send_at <= event.received_at:
            self._settle(self.waiting.pop(person_id))
        elif self.trigger.withdraws(event.name, event.occurred_at, one.occurred_at):
            del self.waiting[person_id]
            self.withdrawn += self._is_in_time(one.example)

    def _fire(self, example: Example, event: StoredEvent, person_id: int | None, facts: Facts) -> None:
        if facts.was_withdrawn:
            self.withdrawn += self._is_in_time(example)
            return
        asking = _Asking(example, person_id, event.occurred_at, event.received_at + facts.waits)
        if person_id is None or not facts.waits:
            self._settle(asking)
        elif person_id in self.waiting:
            self.collapsed += self._is_in_time(example)
        else:
            self.waiting[person_id] = asking

    def _settle(self, one: _Asking) -> None:
        if not self._is_in_time(one.example):
            return
        self.firing += 1
        if one.person_id is not None:
            self.people.add(one.person_id)
        heapq.heappush(self.latest, (one.example.event_id, one.example))
        if len(self.latest) > self.examples:
            heapq.heappop(self.latest)


def _example(event: StoredEvent, address: str | None) -> Example:
    who = address or event.email or event.github_username or event.gitlab_username or ""
    return Example(event.id, event.received_at, event.name, who, address is not None)
