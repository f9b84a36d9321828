"""What is counted while a survey is simulated, and what does it amount to?"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from afterword.domain.throttle.eligibility import Invite
from afterword.domain.throttle.forecast import (
    Difference,
    Forecast,
    Stop,
    count_days,
    expect_interval,
    expect_people,
    list_days_in_part,
    spread,
    spread_days,
)
from afterword.domain.throttle.reason import Reason
from afterword.flows.simulator.response_rate import ResponseRate
from afterword.flows.simulator.simulated_world import Simulated
from afterword.flows.surveys.survey_definition import SurveyFile
from afterword.flows.throttle.evaluate_events import Candidate

COMBINATIONS_MAX = 12
"""Versions simulated at once: each is a world of its own, with memory and time of its own."""

Moved = Counter[tuple[Reason | None, Reason | None]]
"""(What one version said, what another said) → events; None where it did not hear them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    One version of a survey to simulate.

    Attributes:
        label: What tells it from the others.
    """

    label: str
    file: SurveyFile


@dataclass(frozen=True, slots=True)
class Version:
    """One version's forecast, and how it differs from the live one; None without one to compare with."""

    label: str
    forecast: Forecast
    difference: Difference | None = None


@dataclass(frozen=True, slots=True)
class Simulation:
    """
    What a simulation found.

    Attributes:
        since, until: The time that was simulated.
        events: Those of the projects in that time.
        tests: Test events among them, which never count.
        emptied: Events among them that no longer say who it was.
        emptied_before: When the last one of those was received.
        beside: The other surveys that were simulated with it.
        versions: One for each version, in the order in which they were wanted.
        live: What the live version would bring; None when it was not asked for.
    """

    survey_key: str
    project: str
    since: datetime
    until: datetime
    events: int
    tests: int
    emptied: int
    emptied_before: datetime | None
    beside: tuple[str, ...]
    response_rate: ResponseRate
    versions: tuple[Version, ...]
    live: Version | None = None


@dataclass(slots=True)
class Counts:
    """What is counted of one version while it runs."""

    events: int = 0
    matching: int = 0
    people: set[int] = field(default_factory=set)
    failed: Counter[Reason] = field(default_factory=Counter)
    first: Counter[Reason] = field(default_factory=Counter)
    stopped: defaultdict[Reason, set[int]] = field(default_factory=lambda: defaultdict(set))
    invited: list[Simulated] = field(default_factory=list)

    def add(self, candidate: Candidate) -> None:
        """Count one decision."""
        self.events += 1
        decision, person = candidate.decision, candidate.person
        if person is not None:
            self.people.add(person.id)
        if isinstance(decision, Invite):
            self.matching += 1
            return
        reasons = decision.reasons
        self.first[reasons[0]] += 1
        self.matching += Reason.FILTER not in reasons and Reason.COUNT not in reasons
        for reason in reasons:
            self.failed[reason] += 1
            if person is not None:
                self.stopped[reason].add(person.id)

    def forecast(
        self,
        since: datetime,
        until: datetime,
        response_rate: float,
        otherwise: tuple[Forecast, ...] = (),
    ) -> Forecast:
        """What the counts of a time amount to."""
        sent = [one for one in self.invited if not one.is_withdrawn]
        of_person = Counter(one.person_id for one in sent)
        days = count_days(since.date(), until.date(), [one.at.date() for one in sent])
        in_part = list_days_in_part(since, until)
        respondents = expect_people(of_person.values(), response_rate)
        return Forecast(
            events=self.events,
            matching=self.matching,
            people=len(self.people),
            invitations=len(sent),
            withdrawn=len(self.invited) - len(sent),
            reached=len(of_person),
            per_day=spread_days(days, in_part),
            per_person=spread(of_person.values()),
            response_rate=response_rate,
            responses=len(sent) * response_rate,
            respondents=respondents,
            interval=expect_interval(respondents, len(self.people)),
            stops=self._stops(),
            days=days,
            days_in_part=in_part,
            otherwise=otherwise,
        )

    def _stops(self) -> tuple[Stop, ...]:
        """What kept events from asking: rules, and what withdrew an invitation that waited."""
        withdrawn = [one.person_id for one in self.invited if one.is_withdrawn]
        failed = self.failed + Counter({Reason.CANCELLED: len(withdrawn)})
        first = self.first + Counter({Reason.CANCELLED: len(withdrawn)})
        stopped = self.stopped | {Reason.CANCELLED: self.stopped[Reason.CANCELLED].union(withdrawn)}
        return tuple(
            Stop(reason, count, first[reason], len(stopped[reason]))
            for reason, count in sorted(failed.items())
        )

    def reached(self) -> set[int]:
        """Who was asked."""
        return {one.person_id for one in self.invited if not one.is_withdrawn}


def differ(moved: Moved, counts: Counts, live: Counts) -> Difference:
    """
    What is other than with the live version.

    Args:
        moved: (What the live one said, what this one said) → events, where they differ or both ask.
    """
    both = moved[Reason.INVITED, Reason.INVITED]
    people, live_people = counts.reached(), live.reached()
    other = Counter({pair: count for pair, count in moved.items() if pair[0] is not pair[1]})
    return Difference(
        both=both,
        only_this=sum(count for (_, new), count in other.items() if new is Reason.INVITED),
        only_other=sum(count for (old, _), count in other.items() if old is Reason.INVITED),
        people_both=len(people & live_people),
        people_only_this=len(people - live_people),
        people_only_other=len(live_people - people),
        moved=dict(other.most_common()),
    )
