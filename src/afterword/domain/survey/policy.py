"""What does a survey promise about whom it asks, and how often?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from afterword.domain.survey.send_window import WORKING_HOURS, SendWindow
from afterword.domain.survey.trigger import Condition

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cooldown:
    """Least time from an invitation to the next one of the same survey, by how the person ended it."""

    answered: timedelta = timedelta(days=90)
    dismissed: timedelta = timedelta(days=60)
    ignored: timedelta = timedelta(days=30)
    snoozed: timedelta = timedelta(days=7)


class Repeat(StrEnum):
    """How often a survey may ask the same person: once, until they answer, or again and again."""

    ONCE = "once"
    UNTIL_ANSWERED = "until_answered"
    RECURRING = "recurring"


class SamplingUnit(StrEnum):
    """What is drawn: a person for each SAMPLING_PERIOD, a person for good, or each event."""

    PERSON_PERIOD = "person_period"
    PERSON = "person"
    EVENT = "event"


class Pacing(StrEnum):
    """How a quota is spent: as fast as it goes, or evenly over its period."""

    ASAP = "asap"
    EVEN = "even"


class GlobalCooldownUse(StrEnum):
    """What a survey makes of the time that must lie between any two surveys."""

    RESPECT = "respect"
    CUSTOM = "custom"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Sampling:
    """The share of the eligible who are asked, above 0 and up to 1, and what is drawn for it."""

    rate: float = 1.0
    unit: SamplingUnit = SamplingUnit.PERSON_PERIOD


@dataclass(frozen=True, slots=True)
class Quota:
    """
    How many responses a survey wants.

    Attributes:
        count: In all, or within the period; None = no such limit.
        period: The window that ``count`` and the cells are of, rolling; None = the survey's life.
        attribute: The group of attributes whose values are the cells; None = no cells.
        each: Responses wanted of a cell that ``cells`` does not name; None = any number.
        cells: Value → responses wanted.
    """

    count: int | None = None
    period: timedelta | None = None
    attribute: str | None = None
    each: int | None = None
    cells: Mapping[str, int] = field(default_factory=dict)

    def of_cell(self, value: str | None) -> int | None:
        """Responses wanted of a cell; None = any number. People without a value are a cell, too."""
        return None if self.attribute is None else self.cells.get(value or "", self.each)


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``count`` exposures within a rolling ``window``."""

    count: int
    window: timedelta


CAPS = (Cap(1, DAY), Cap(1, 7 * DAY), Cap(2, 30 * DAY), Cap(4, 90 * DAY))


BACKOFF_FACTOR_MAX = 4
"""Cooldowns grow by a factor of two with each invitation in a row that is ignored, up to this."""


@dataclass(frozen=True, slots=True)
class Policy:
    """
    The throttle of one survey, with every value that holds for it.

    Attributes:
        max_event_age: Events that occurred longer ago are stored but never ask.
        audience: What person and team must be like; None = everyone.
        min_tenure: Least time since the person's first event in the project.
        holdout: Share of people who are never invited, for comparison.
        max_open: Open invitations of a person, to whichever surveys; 0 = any number.
        repeat: How often the same person may be asked.
        shows_max: With ``until_answered``, how often at most.
        cooldown: Of this survey.
        project_cooldown: Least time since an invitation to any survey of the project.
        group_caps: Tag → how often a person may be invited to surveys with it.
        global_cooldown: Least time since an invitation to any survey.
        global_cooldown_use: Whether the value before is the organisation's, the survey's own, or none.
        caps: Of a person, over all surveys.
        backoff: Whether cooldowns grow while a person ignores.
        quota: Responses wanted; None = any number.
        pacing: How the quota is spent; None = evenly where it has a period.
        daily_max: Invitations of this survey within a rolling day; None = any number.
        sampling: Share of the eligible.
        priority: The higher one asks when several surveys would.
        send_window: When mails go out; None = at any time.
        reminder_after: When one reminder goes out to who has not answered; None = never.
        expires_after: When the invitation and its link end.
        channels: Ways to ask, in this order; empty = whichever there is.
        next_channel_after: How long a channel that fails for now is tried before the next one is.

    Source: docs/reference/throttle.md.
    """

    max_event_age: timedelta = timedelta(minutes=30)
    audience: Condition | None = None
    min_tenure: timedelta = timedelta()
    holdout: float = 0.0
    max_open: int = 1
    repeat: Repeat = Repeat.RECURRING
    shows_max: int = 3
    cooldown: Cooldown = Cooldown()
    project_cooldown: timedelta = timedelta(days=30)
    group_caps: Mapping[str, Cap] = field(default_factory=dict)
    global_cooldown: timedelta = timedelta(days=14)
    global_cooldown_use: GlobalCooldownUse = GlobalCooldownUse.RESPECT
    caps: tuple[Cap, ...] = CAPS
    backoff: bool = True
    quota: Quota | None = None
    pacing: Pacing | None = None
    daily_max: int | None = None
    sampling: Sampling = Sampling()
    priority: int = 0
    send_window: SendWindow | None = WORKING_HOURS
    reminder_after: timedelta | None = None
    expires_after: timedelta = timedelta(hours=72)
    channels: tuple[str, ...] = ()
    next_channel_after: timedelta = timedelta(hours=1)

    @property
    def looks_back(self) -> timedelta:
        """How far back it must be known who was invited to what."""
        cooldown = self.cooldown
        longest = max(
            cooldown.answered,
            cooldown.dismissed,
            cooldown.ignored,
            cooldown.snoozed,
            self.project_cooldown,
            self.global_cooldown,
        )
        windows = [cap.window for cap in (*self.caps, *self.group_caps.values())]
        period = self.quota.period if self.quota and self.quota.period else timedelta()
        return max([longest * (BACKOFF_FACTOR_MAX if self.backoff else 1), period, *windows])

    @property
    def looks_back_for_good(self) -> bool:
        """Whether it must be known as long as the survey lives who was invited to it, and answered."""
        counts_its_life = self.quota is not None and self.quota.period is None
        return self.repeat is not Repeat.RECURRING or counts_its_life


SAMPLING_PERIOD = timedelta(days=30)
"""
A person is drawn once per period, however often they do the thing.

The same for all surveys: tied to a survey's cooldown, a longer cooldown would
draw anew at other times and could ask somebody more often.
"""

TEST_INVITATIONS_PER_HOUR_MAX = 10
"""Test invitations per person and hour: a project token can be public and must not be a mail cannon."""

CATCH_UP = 6
"""So many times as fast even pacing may ask that is behind: working hours are a quarter of a week."""

CATCH_UP_DAY_SHARES = 3
"""So many days' shares it may ask within a day at most: who catches up must not ask in a burst."""

RESPONSE_RATE_WINDOW = 30 * DAY
"""How far back the recent response rate of a survey looks."""

RESPONSE_RATE_INVITATIONS_MIN = 20
"""With fewer ended invitations than this, everybody is expected to answer, so that no quota overshoots."""

RESPONSE_RATE_MIN = 0.05
"""However few answered lately, one in twenty is expected to: no quota asks over twenty times its number."""


def expect_response_rate(ended: int, answered: int) -> float:
    """The share of invitations that is expected to be answered, by how the recent ones ended."""
    if ended < RESPONSE_RATE_INVITATIONS_MIN:
        return 1.0
    return max(answered / ended, RESPONSE_RATE_MIN)
