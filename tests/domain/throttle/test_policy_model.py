"""Does the throttle decide like a plain list of who was asked what, over any history?"""

from datetime import UTC, datetime, timedelta

from hypothesis import Phase as Stage
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from afterword.domain.survey.policy import Cap, Cooldown, GlobalCooldownUse, Policy, Quota, Repeat
from afterword.domain.survey.send_window import SendWindow
from afterword.domain.survey.survey_state import Phase
from afterword.domain.throttle.eligibility import Skip, decide
from afterword.domain.throttle.facts import (
    Asked,
    Facts,
    Outcome,
    PersonFacts,
    Spent,
    SurveyCounts,
    SurveyFacts,
)
from tests.domain.throttle.plain_throttle import (
    DAY,
    EXPIRES_AFTER,
    HOUR,
    MINUTE,
    PEOPLE,
    TICK,
    Human,
    Plain,
    Row,
    Survey,
)

EARLY = SendWindow(frozenset(range(7)), 90, 170, 2 * HOUR)
spans = st.sampled_from([0 * DAY, 0 * DAY, 1 * DAY, 3 * DAY, 7 * DAY, 30 * DAY])
a_cap = st.builds(Cap, st.integers(1, 3), st.sampled_from([DAY, 7 * DAY, 30 * DAY]))
policies = st.builds(
    Policy,
    cooldown=st.builds(Cooldown, spans, spans, spans, spans),
    project_cooldown=spans,
    global_cooldown=spans,
    global_cooldown_use=st.sampled_from(GlobalCooldownUse),
    caps=st.lists(a_cap, max_size=2).map(tuple),
    group_caps=st.dictionaries(st.sampled_from(["build", "deploy"]), a_cap),
    max_open=st.integers(0, 2),
    backoff=st.booleans(),
    repeat=st.sampled_from([Repeat.RECURRING, *Repeat]),
    shows_max=st.integers(1, 3),
    quota=st.none()
    | st.builds(
        Quota,
        count=st.none() | st.integers(1, 5),
        period=st.none() | st.just(30 * DAY),
        attribute=st.none() | st.just("city"),
        each=st.none() | st.integers(1, 3),
        cells=st.sampled_from([{}, {"Berlin": 1, "": 0}]),
    ),
    daily_max=st.none() | st.integers(1, 2),
    send_window=st.sampled_from([None, None, None, SendWindow(), EARLY]),
)
rates = st.sampled_from([1.0, 0.5, 0.0])
steps = st.sampled_from(
    [-HOUR, TICK, MINUTE, HOUR, 5 * HOUR, 12 * HOUR, DAY - TICK, DAY, 3 * DAY, 7 * DAY, 30 * DAY]
)
# Around each of them a clock is set in Berlin, New York or on Lord Howe.
starts = st.sampled_from(["2026-03-05T12:00", "2026-03-27T09:30", "2026-10-01T23:00", "2026-10-23T08:00"])
some_of_them = st.integers(0, 10**6)


class Throttle(RuleBasedStateMachine):
    """Events, reactions, reminders, and a clock that goes on, and back now and then."""

    @initialize(start=starts, one=policies, two=policies, three=policies, rate=rates)
    def begin(self, start: str, one: Policy, two: Policy, three: Policy, rate: float) -> None:
        self.now = datetime.fromisoformat(start).replace(tzinfo=UTC)
        self.plain = Plain(rate)
        self.surveys = (
            Survey(1, 10, frozenset({"build"}), one),
            Survey(2, 10, frozenset({"build", "deploy"}), two),
            Survey(3, 20, frozenset(), three, slot=3 * DAY),
        )

    @rule(which=some_of_them, of=some_of_them)
    def event(self, which: int, of: int) -> None:
        """Somebody does something, and one survey listens."""
        human, survey = PEOPLE[which % len(PEOPLE)], self.surveys[of % len(self.surveys)]
        decision = decide(self.facts(human, survey), survey.policy, self.now)
        expected = sorted(set(self.plain.against(human, survey, self.now)))
        if isinstance(decision, Skip):
            assert expected == list(decision.reasons)
            return
        assert expected == []
        assert decision.send_at == self.plain.send_at(human, survey.policy.send_window, self.now)
        self.plain.rows.append(Row(human, survey, self.now))

    @rule(of=some_of_them)
    def everybody(self, of: int) -> None:
        """All do something at once."""
        for which in range(len(PEOPLE)):
            self.event(which, of)

    @rule(step=steps)
    def wait(self, step: timedelta) -> None:
        """The clock goes on, or is set back."""
        self.now += step

    @precondition(lambda self: self.plain.rows)
    @rule(which=some_of_them, span=st.sampled_from([DAY, 3 * DAY, 7 * DAY, 30 * DAY]), early=st.booleans())
    def wait_until(self, which: int, span: timedelta, early: bool) -> None:
        """The clock goes on to where something ends, or to just before it."""
        row = self.plain.rows[which % len(self.plain.rows)]
        self.now = max(self.now, row.at + span - early * TICK)

    @precondition(lambda self: any(row.is_open(self.now) for row in self.plain.rows))
    @rule(which=some_of_them, outcome=st.sampled_from(Outcome))
    def react(self, which: int, outcome: Outcome) -> None:
        """Somebody answers, dismisses or snoozes."""
        self.an_open_one(which).outcome = outcome

    @precondition(lambda self: any(row.is_open(self.now) for row in self.plain.rows))
    @rule(which=some_of_them)
    def remind(self, which: int) -> None:
        """A reminder goes out."""
        row = self.an_open_one(which)
        row.reminded_at = row.reminded_at or self.now

    def an_open_one(self, which: int) -> Row:
        open_ones = [row for row in self.plain.rows if row.is_open(self.now)]
        return open_ones[which % len(open_ones)]

    def facts(self, human: Human, survey: Survey) -> Facts:
        """What storage would tell."""
        asked = [
            Asked(row.survey.id, row.survey.project_id, row.at, row.outcome, row.at + EXPIRES_AFTER,
                  row.reminded_at, row.survey.tags)
            for row in sorted(self.plain.rows, key=lambda row: row.at)
            if row.human is human
        ]  # fmt: skip
        its = [row for row in self.plain.rows if row.survey is survey]
        quota = survey.policy.quota
        period = quota.period if quota else None
        counts = SurveyCounts(
            quota=self.spent(its, period),
            cell=self.spent([row for row in its if row.human.city == human.city], period),
            slot=self.spent(its, survey.slot),
            day=sum(row.at > self.now - DAY for row in its),
            response_rate=self.plain.rate,
        )
        has_pacing = quota is not None and survey.slot is not None
        return Facts(
            event_id=1,
            occurred_at=self.now,
            is_test=False,
            survey=SurveyFacts(
                survey.id,
                survey.project_id,
                Phase.LIVE,
                survey.tags,
                counts=counts,
                slot=survey.slot if has_pacing else None,
            ),
            person=PersonFacts(
                human.id, zone=human.zone, quiet=human.quiet, asked=tuple(asked), cell=human.city
            ),
        )

    def spent(self, rows: list[Row], period: timedelta | None) -> Spent:
        counted = [row for row in rows if period is None or row.at > self.now - period]
        answered = sum(row.outcome is Outcome.ANSWERED for row in counted)
        return Spent(answered, sum(row.is_open(self.now) for row in counted))

    @invariant()
    def nothing_overshoots(self) -> None:
        """What holds whatever happened, counted over the whole history."""
        for row in self.plain.rows:
            policy = row.survey.policy
            theirs = [one for one in self.plain.rows if one.human is row.human]
            its = [one for one in self.plain.rows if one.survey is row.survey]
            if policy.daily_max is not None:
                assert len(within(its, row.at, DAY)) <= policy.daily_max
            if policy.quota is not None and policy.quota.count is not None and self.plain.rate == 1:
                came = [one for one in its if one.outcome is Outcome.ANSWERED or one.is_open(self.now)]
                assert len(within(came, row.at, policy.quota.period)) <= policy.quota.count
            if row is theirs[-1] and policy.max_open:
                opened = [one for one in theirs if one.is_open(row.at) or one is row]
                assert len([one for one in opened if one.outcome is None]) <= policy.max_open
            same_caps = all(one.survey is row.survey for one in theirs)
            for cap in policy.caps if same_caps else ():
                assert len(within(theirs, row.at, cap.window)) <= cap.count


def within(rows: list[Row], last: datetime, window: timedelta | None) -> list[Row]:
    """Those of the window that ends with a moment."""
    return [one for one in rows if one.at <= last and (window is None or one.at > last - window)]


TestThrottle = Throttle.TestCase
# Without the phase of shrinking, which would take longer than a test may.
TestThrottle.settings = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    phases=[Stage.explicit, Stage.reuse, Stage.generate],
)
