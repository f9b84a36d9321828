"""Who is asked, and who is not: the design over a plain list, to compare the throttle with."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from afterword.domain.people.preference import QuietHours
from afterword.domain.survey.policy import Cap, GlobalCooldownUse, Policy, Repeat
from afterword.domain.survey.send_window import SendWindow
from afterword.domain.throttle.facts import Outcome
from afterword.domain.throttle.reason import Reason

TICK, MINUTE, HOUR, DAY = timedelta.resolution, timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EXPIRES_AFTER = 3 * DAY
BACKOFF = {0: 1, 1: 2}


@dataclass(frozen=True)
class Human:
    id: int
    zone: ZoneInfo
    quiet: QuietHours | None
    city: str | None


PEOPLE = (
    Human(1, ZoneInfo("Europe/Berlin"), None, "Berlin"),
    Human(2, ZoneInfo("America/New_York"), QuietHours(12 * 60, 14 * 60), "Oslo"),
    Human(3, ZoneInfo("Australia/Lord_Howe"), QuietHours(22 * 60, 9 * 60 + 30), None),
    Human(4, ZoneInfo("Europe/Berlin"), None, "Berlin"),
)


@dataclass(frozen=True)
class Survey:
    id: int
    project_id: int
    tags: frozenset[str]
    policy: Policy
    slot: timedelta | None = None


@dataclass
class Row:
    """Somebody was asked."""

    human: Human
    survey: Survey
    at: datetime
    outcome: Outcome | None = None
    reminded_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        return self.outcome is None and now < self.at + EXPIRES_AFTER

    def exposures_after(self, since: datetime) -> int:
        return sum(at is not None and at > since for at in (self.at, self.reminded_at))


@dataclass
class Plain:
    """The design page over a plain list."""

    rate: float
    rows: list[Row] = field(default_factory=list)

    def against(self, human: Human, survey: Survey, now: datetime) -> Iterator[Reason]:
        """Every reason not to ask."""
        policy = survey.policy
        theirs = sorted((row for row in self.rows if row.human is human), key=lambda row: row.at)
        same = [row for row in theirs if row.survey is survey]
        if policy.max_open and sum(row.is_open(now) for row in theirs) >= policy.max_open:
            yield Reason.OPEN_INVITATION
        shows_max = {Repeat.ONCE: 1, Repeat.UNTIL_ANSWERED: policy.shows_max, Repeat.RECURRING: len(same) + 1}
        has_answered = any(row.outcome is Outcome.ANSWERED for row in same)
        if len(same) >= shows_max[policy.repeat] or (policy.repeat is not Repeat.RECURRING and has_answered):
            yield Reason.REPEAT_EXHAUSTED
        clocks = dict(self.clocks(theirs, survey))
        yield from (reason for reason, (last, cooldown) in clocks.items() if last.at + cooldown > now)
        passed_by = 0
        for row in reversed([row for row in theirs if not row.is_open(now)]):
            if row.outcome is not None:
                break
            passed_by += 1
        factor = BACKOFF.get(passed_by, 4) if policy.backoff else 1
        if factor > 1 and any(last.at + factor * cooldown > now for last, cooldown in clocks.values()):
            yield Reason.BACKOFF
        for tag in survey.tags & policy.group_caps.keys():
            if self.is_reached(
                policy.group_caps[tag], [row for row in theirs if tag in row.survey.tags], now
            ):
                yield Reason.GROUP_CAP
        if any(self.is_reached(cap, theirs, now) for cap in policy.caps):
            yield Reason.PERSON_CAP
        yield from self.full(human, survey, now)
        if self.send_at(human, policy.send_window, now) is None:
            yield Reason.OUTSIDE_WINDOW

    def clocks(self, theirs: list[Row], survey: Survey) -> Iterator[tuple[Reason, tuple[Row, timedelta]]]:
        """Each scope's own clock: when the person was last asked, and how long it runs."""
        policy, cooldown = survey.policy, survey.policy.cooldown
        by_outcome = {
            None: cooldown.ignored,
            Outcome.ANSWERED: cooldown.answered,
            Outcome.DISMISSED: cooldown.dismissed,
            Outcome.SNOOZED: cooldown.snoozed,
        }
        for row in theirs:
            if row.survey is survey:
                yield Reason.SURVEY_COOLDOWN, (row, by_outcome[row.outcome])
            if row.survey.project_id == survey.project_id:
                yield Reason.PROJECT_COOLDOWN, (row, policy.project_cooldown)
            if policy.global_cooldown_use is not GlobalCooldownUse.IGNORE:
                yield Reason.GLOBAL_COOLDOWN, (row, policy.global_cooldown)

    def is_reached(self, cap: Cap, rows: list[Row], now: datetime) -> bool:
        return sum(row.exposures_after(now - cap.window) for row in rows) >= cap.count

    def full(self, human: Human, survey: Survey, now: datetime) -> Iterator[Reason]:
        """The survey's own limits."""
        quota = survey.policy.quota
        if quota is not None:
            all_of_it = [row for row in self.rows if row.survey is survey]
            its_cell = [row for row in all_of_it if row.human.city == human.city]
            limits = [(quota.count, all_of_it), (quota.of_cell(human.city), its_cell)]
            if any(n is not None and not self.has_room(n, rows, quota.period, now) for n, rows in limits):
                yield Reason.QUOTA_FULL
            if survey.slot is not None and not self.has_room(1, all_of_it, survey.slot, now):
                yield Reason.PACING
        today = [row for row in self.rows if row.survey is survey and row.at > now - DAY]
        if survey.policy.daily_max is not None and len(today) >= survey.policy.daily_max:
            yield Reason.DAILY_MAX

    def has_room(self, count: int, rows: list[Row], period: timedelta | None, now: datetime) -> bool:
        expected = sum(
            1.0 if row.outcome is Outcome.ANSWERED else self.rate * row.is_open(now)
            for row in rows
            if period is None or row.at > now - period
        )
        return expected + self.rate <= count + 1e-9 and expected < count - 1e-9

    def send_at(self, human: Human, window: SendWindow | None, now: datetime) -> datetime | None:
        """The first minute that suits; None when it is too far away."""
        moment, longest = now, 2 * DAY if window is None else window.defer_max
        while moment - now <= longest:
            wall = moment.astimezone(human.zone)
            minute = wall.hour * 60 + wall.minute
            is_quiet = human.quiet is not None and human.quiet.hold(wall)
            is_open = window is None or (
                wall.weekday() in window.weekdays and window.opens_at <= minute < window.closes_at
            )
            if is_open and not is_quiet:
                return moment
            moment = moment.replace(second=0, microsecond=0) + MINUTE
        return None
