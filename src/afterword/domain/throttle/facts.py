"""What must be known to decide whether an event asks a person a survey?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, NamedTuple

from afterword.domain.people.preference import OptOut, QuietHours
from afterword.domain.people.time_zone import ZoneOrigin
from afterword.domain.survey.survey_state import Phase
from afterword.domain.throttle.reason import Reason

Saw = Mapping[str, Any]
"""What a rule looked at, in the units that its names end in: numbers, texts, truth values, times, None."""


class Verdict(NamedTuple):
    """What one rule said, and the numbers it saw."""

    reason: Reason
    passed: bool
    saw: Saw = {}  # noqa: RUF012 - nobody writes into it


class Outcome(StrEnum):
    """How a person ended an invitation."""

    ANSWERED = "answered"
    DISMISSED = "dismissed"
    SNOOZED = "snoozed"


class Asked(NamedTuple):
    """
    An exposure, or an invitation that is on the way to one: what cooldowns and caps count.

    Attributes:
        at: When it was reserved.
        outcome: None when the person did not react, or not yet.
        expires_at: From then on, who did not react has ignored it.
        reminded_at: The reminder is an exposure, too; None = there was none.
        tags: Of its survey.
        send_at: Until then it waits; None = it never did.
    """

    survey_id: int
    project_id: int
    at: datetime
    outcome: Outcome | None
    expires_at: datetime
    reminded_at: datetime | None = None
    tags: frozenset[str] = frozenset()
    send_at: datetime | None = None

    def is_waiting(self, now: datetime) -> bool:
        """Whether it has not gone out yet, and still may."""
        return self.outcome is None and self.send_at is not None and now < self.send_at

    def is_open(self, now: datetime) -> bool:
        """Whether the person may still react."""
        return self.outcome is None and now < self.expires_at

    def is_ignored(self, now: datetime) -> bool:
        """Whether the person let it pass."""
        return self.outcome is None and now >= self.expires_at


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """
    What was known of the person inside the deciding transaction.

    Attributes:
        opt_out: The wish that keeps the survey's project from asking this person; None = no such wish.
        snoozed_until: The person wants no surveys before; None = no such wish.
        is_tester: Test events ask this person whatever their wishes are.
        has_channel: One of the survey's channels reaches the person.
        channels_tried: The names of those that were asked for it.
        failed_at: When the survey's channels could last not reach the person; None = one of them still may.
        zone: The person's time zone; ``zone_origin`` is who says so.
        quiet: Hours of the day in which the person wants no mail; None = no such wish.
        first_event_at: Since when the person uses the project's tool; None = only now.
        document: What an audience's conditions look into.
        asked: All exposures of the person, the oldest first; test invitations left out.
        test_invitations: Test invitations of the last hour.
        cell: The person's value of the attribute by which the survey's quota has cells.
    """

    id: int
    is_bot: bool = False
    is_active: bool = True
    is_tester: bool = False
    opt_out: OptOut | None = None
    snoozed_until: datetime | None = None
    has_channel: bool = True
    channels_tried: tuple[str, ...] = ()
    failed_at: datetime | None = None
    zone: tzinfo = UTC
    zone_origin: ZoneOrigin = ZoneOrigin.DEFAULT
    quiet: QuietHours | None = None
    first_event_at: datetime | None = None
    document: Mapping[str, Any] = field(default_factory=dict)
    asked: tuple[Asked, ...] = ()
    test_invitations: int = 0
    cell: str | None = None

    def last_asked(self, survey_id: int) -> Asked | None:
        """The latest exposure to a survey."""
        for one in reversed(self.asked):
            if one.survey_id == survey_id:
                return one
        return None

    def last_asked_of(self, project_id: int) -> Asked | None:
        """The latest exposure to any survey of a project."""
        for one in reversed(self.asked):
            if one.project_id == project_id:
                return one
        return None


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used of a quota: responses that came, and invitations that may still bring one."""

    responses: int = 0
    open: int = 0

    def expected(self, response_rate: float) -> float:
        """How many responses there will be."""
        return self.responses + self.open * response_rate


@dataclass(frozen=True, slots=True)
class SurveyCounts:
    """
    What a survey has used of its limits.

    Attributes:
        quota: Within the quota's period, or in all.
        cell: The same, of the person's cell.
        slot: Within the last share of the period in which even pacing allows one response.
        day: Invitations within the last 24 hours.
        response_rate: The share of recently ended invitations that was answered; 1.0 while there are too few.
        burst: Invitations within the last slot / CATCH_UP.
    """

    quota: Spent = Spent()
    cell: Spent = Spent()
    slot: Spent = Spent()
    day: int = 0
    response_rate: float = 1.0
    burst: int = 0


@dataclass(frozen=True, slots=True)
class SurveyFacts:
    """
    What was known of the survey inside the deciding transaction.

    Attributes:
        state: Where it is at the moment of the decision.
        paused: The levels at which a policy pauses asking: survey, project, organisation.
        slot: How long even pacing lets one response take; None = no pacing.
        paced_since: Since when responses should have come at this pace; None = nothing missed is made up.
    """

    id: int
    project_id: int
    state: Phase
    tags: frozenset[str] = frozenset()
    paused: tuple[str, ...] = ()
    counts: SurveyCounts = SurveyCounts()
    slot: timedelta | None = None
    paced_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What was known of one (event, survey, person) inside the deciding transaction.

    Attributes:
        is_duplicate: The same event of the same person came before.
        metadata_matches: The trigger's condition holds; ``metadata_saw`` says what did not.
        count: The how-manieth match of the person this is within the trigger's window; ``count_wanted`` the
            one that asks.
        came_after: The event came after another that must come before; None = none must.
        was_withdrawn: What the person did later, and was told of sooner, makes the question pointless.
        names_bot: The event's handles look like a bot's.
        person: None when the directory does not know who did it.
        waits: How long the trigger lets an invitation wait before it goes out.
        collapses: While an invitation to the survey waits, further matches are counted with it.
    """

    event_id: int
    occurred_at: datetime
    is_test: bool
    survey: SurveyFacts
    person: PersonFacts | None
    metadata_matches: bool = True
    metadata_saw: Saw = field(default_factory=dict)
    is_duplicate: bool = False
    count: int = 1
    count_wanted: int = 1
    came_after: bool | None = None
    was_withdrawn: bool = False
    names_bot: bool = False
    waits: timedelta = timedelta()
    collapses: bool = False
