"""Is everything that was acknowledged still there, once, and on its way? The conservation law."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from afterword.domain.survey.survey import SurveyState
from afterword.domain.throttle.reason import Reason
from afterword.flows.job_kinds import JobKind
from afterword.flows.surveys.survey_definition import read_definition
from afterword.kit.clock import to_us
from afterword.kit.progress import OnProgress, untold
from afterword.storage import conservation, conservation_rules, marks, projects, surveys
from afterword.storage.conservation import LedgerStretch, Listener, Stretch
from afterword.storage.engine import Connection, Database
from afterword.storage.retention import ANSWERS_MARK, DECISIONS_MARK

PENDING = "pending"
GIVEN_UP = "given_up"
NOT_HEARD = "not_heard"

BREAKS_TOLD_MAX = 3
"""For each project: one lost piece of a file can break thousands of stretches, and the first ones tell."""


@dataclass(frozen=True, slots=True)
class Conservation:
    """
    What was counted, all in one state of the database, and what does not add up.

    Attributes:
        accepted: Events as the projects count them.
        stored: Events that are there.
        emptied: Those of them that no longer say who it was: of erased people, or whose time was over.
        outcomes: The label of a reason, ``pending``, ``given_up`` or ``not_heard`` → events.
        invitations: State → invitations.
        violations: A sentence for each rule that is broken; empty when the law holds.
    """

    accepted: int
    stored: int
    emptied: int
    outcomes: Mapping[str, int]
    invitations: Mapping[str, int]
    responses: int
    violations: tuple[str, ...]


@dataclass(slots=True)
class _Counted:
    """One project's events as far as they were looked at."""

    count: int = 0
    emptied: int = 0
    last: int = 0
    newest_at_us: int = 0
    breaks: list[str] = field(default_factory=list)

    def add(self, item: Stretch) -> None:
        """Take the next stretch in; its numbers must go on where the last one ended."""
        is_whole = item.count == item.distinct == item.highest - item.lowest + 1
        goes_on = item.lowest == self.last + 1
        if not (is_whole and goes_on) and len(self.breaks) < BREAKS_TOLD_MAX:
            self.breaks.append(
                f"its {item.count} events with ids from {item.first_id} to {item.last_id} have "
                f"{item.distinct} numbers from {item.lowest} to {item.highest}, after {self.last}: "
                "they must be consecutive"
            )
        self.count += item.count
        self.emptied += item.emptied
        self.last = item.highest
        self.newest_at_us = max(self.newest_at_us, to_us(item.newest_at))


class _Ledger:
    """What is decided, as far as it was looked at."""

    def __init__(self) -> None:
        self.outcomes: Counter[int] = Counter()
        self.spans: dict[int, tuple[int, int]] = {}

    def add(self, item: LedgerStretch) -> None:
        """Take the next stretch in."""
        self.outcomes.update(item.outcomes)
        for survey_id, (first_id, last_id) in item.spans.items():
            self.spans[survey_id] = self.spans.get(survey_id, (first_id,))[0], last_id


def check_conservation(database: Database, on_progress: OnProgress = untold) -> Conservation:
    """Count everything and try every rule, in one transaction; see ``count_and_check``."""
    with database.read_whole() as connection:
        return count_and_check(connection, on_progress)


def count_and_check(connection: Connection, on_progress: OnProgress = untold) -> Conservation:
    """
    Count everything and try every rule in the state that a connection sees.

    accepted = stored = Σ outcomes · invitations = Σ their states · at most one response each ·
    nothing waits without somebody whose job it is. Reads all tables, in memory that does not grow
    with them.

    An event of an erased person, or one whose time is over, stays: without who it was, and perhaps
    without what was decided.
    """
    conservation.plan_for_whole_tables(connection)
    counted = _count_events(connection, on_progress)
    stored = sum(item.count for item in counted.values())
    ledger = _read_ledger(connection, on_progress)
    states = conservation.count_invitations(connection)
    return Conservation(
        accepted=sum(project.events_accepted for project in projects.list_projects(connection)),
        stored=stored,
        emptied=sum(item.emptied for item in counted.values()),
        outcomes=_count_outcomes(connection, ledger, stored),
        invitations={state.value: count for state, count in states.items()},
        responses=conservation.count_responses(connection),
        violations=(*_check_projects(connection, counted), *_check_rules(connection, ledger, on_progress)),
    )


def _count_events(connection: Connection, on_progress: OnProgress) -> dict[int, _Counted]:
    counted: dict[int, _Counted] = {}
    for item in conservation.list_stretches(connection):
        counted.setdefault(item.project_id, _Counted()).add(item)
        on_progress("counting events", item.last_id, item.of_id)
    return counted


def _read_ledger(connection: Connection, on_progress: OnProgress) -> _Ledger:
    ledger = _Ledger()
    for item in conservation.list_ledger_stretches(connection):
        ledger.add(item)
        on_progress("counting decisions", item.last_id, item.of_id)
    return ledger


def _count_outcomes(connection: Connection, ledger: _Ledger, stored: int) -> dict[str, int]:
    """What became of the events; of those that nothing is known of no survey heard, or it is over."""
    outcomes = {reason.label: ledger.outcomes[reason] for reason in Reason if ledger.outcomes[reason]}
    pending, given_up = conservation.count_undecided(connection, JobKind.EVALUATE_EVENT)
    outcomes |= {PENDING: pending, GIVEN_UP: given_up}
    return outcomes | {NOT_HEARD: stored - sum(outcomes.values())}


def _check_projects(connection: Connection, counted: Mapping[int, _Counted]) -> Iterator[str]:
    """Each project's events are numbered 1 … n, and n is what the project itself counted."""
    keys = conservation.list_keys(connection)
    known = {project.id: project for project in projects.list_projects(connection)}
    for project_id in sorted(known.keys() | counted.keys()):
        if (project := known.get(project_id)) is None:
            yield f"{counted[project_id].count} events belong to a project that is not there ({project_id})"
            continue
        name, found = f"project {project.name!r}", counted.get(project_id, _Counted())
        if project.events_accepted != found.count:
            yield f"{name} accepted {project.events_accepted} events, and {found.count} are stored"
        for text in found.breaks:
            yield f"{name}: {text}"
        if (its := keys.get(project_id)) is not None:
            if its.count > found.count:
                yield f"{name} has {its.count} idempotency keys, and only {found.count} events"
            if its.newest_at_us > found.newest_at_us:
                yield f"{name} has an idempotency key that is newer than all its events"


def _check_rules(connection: Connection, ledger: _Ledger, on_progress: OnProgress) -> Iterator[str]:
    listeners = _listeners(connection, ledger)
    kept_after = max(marks.find_mark(connection, mark) for mark in (DECISIONS_MARK, ANSWERS_MARK))
    rules = [
        conservation.lost_work(connection, listeners, JobKind.EVALUATE_EVENT, kept_after),
        *conservation_rules.list_rules(*JobKind),
    ]
    for number, rule in enumerate(rules, 1):
        on_progress("trying rules", number, len(rules))
        if (breach := conservation.find_breach(connection, rule)) is not None:
            yield breach


def _listeners(connection: Connection, ledger: _Ledger) -> list[Listener]:
    """The surveys that decided something, with the event names that stayed from version to version."""
    published = [item for item in surveys.list_published(connection) if item.survey_id in ledger.spans]
    names: dict[int, frozenset[str]] = {}
    for item in published:
        # A name with a star is left out: each event that it stands for would have to be looked at.
        heard = frozenset(name for name in read_definition(item.definition).trigger.events if "*" not in name)
        names[item.survey_id] = names.get(item.survey_id, heard) & heard
    latest = {item.survey_id: item for item in published}.values()
    return [
        Listener(
            item.project_id,
            item.state is SurveyState.CLOSED,
            names[item.survey_id],
            *ledger.spans[item.survey_id],
        )
        for item in latest
    ]
