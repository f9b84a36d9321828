"""May this event ask this person this survey now, and if not, why not?"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from afterword.domain.policy import SAMPLING_PERIOD, TEST_INVITATIONS_PER_HOUR_MAX, Policy
from afterword.domain.preference import OptOut
from afterword.domain.reason import Reason
from afterword.domain.survey import SurveyState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK_SKEW_MAX = timedelta(minutes=5)

Saw = Mapping[str, str | int | float | bool | None]
"""What a rule looked at, in the units that its names end in."""


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """
    What was known of the person inside the deciding transaction.

    Attributes:
        opt_out: The wish that keeps the survey's project from asking this person; None = no such wish.
        snoozed_until: The person wants no surveys before; None = no such wish.
        is_tester: Test events ask this person whatever their wishes are.
        survey_invited_at: When this person was last invited to this survey; None = never.
        any_invited_at: When this person was last invited to any survey; None = never.
        test_invitations: Test invitations of the last hour.
    """

    id: int
    is_bot: bool = False
    is_active: bool = True
    is_tester: bool = False
    opt_out: OptOut | None = None
    snoozed_until: datetime | None = None
    has_channel: bool = True
    survey_invited_at: datetime | None = None
    any_invited_at: datetime | None = None
    test_invitations: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What was known of one (event, survey, person) inside the deciding transaction."""

    occurred_at: datetime
    is_test: bool
    survey_id: int
    survey_state: SurveyState
    metadata_matches: bool
    names_bot: bool
    person: PersonFacts | None
    metadata_saw: Saw = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule said, and the numbers it saw."""

    reason: Reason
    passed: bool
    saw: Saw = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Invite:
    """Ask. ``draw`` is below ``probability``, by which answers are weighted later."""

    reason: Reason
    verdicts: tuple[Verdict, ...]
    draw: float
    probability: float


@dataclass(frozen=True, slots=True)
class Skip:
    """Don't ask. ``reasons`` holds every failed rule in the order of the codes, at least one."""

    reasons: tuple[Reason, ...]
    verdicts: tuple[Verdict, ...]
    draw: float
    probability: float

    @property
    def reason(self) -> Reason:
        """The first failed rule, which is *the* reason."""
        return self.reasons[0]


Decision = Invite | Skip


def decide(facts: Facts, policy: Policy, now: datetime) -> Decision:
    """
    Decide one (event, person, survey).

    All rules are asked, so that the ledger shows every reason and not only the first.

    Args:
        facts: What storage knew inside this transaction.
        policy: The policy of the survey's version.
        now: Aware UTC time, taken once at the edge.

    Returns:
        Invite, or Skip with at least one reason, in the order of the codes.

    Source: docs/reference/throttle.md.
    """
    draw = draw_for(facts, now)
    rules = TEST_RULES if facts.is_test else RULES
    verdicts = tuple(verdict for rule in rules for verdict in rule(facts, policy, now))
    failed = tuple(sorted(verdict.reason for verdict in verdicts if not verdict.passed))
    if failed:
        return Skip(failed, verdicts, draw, _probability(facts, policy))
    invited = Reason.INVITED_TEST if facts.is_test else Reason.INVITED
    return Invite(invited, verdicts, draw, _probability(facts, policy))


def yield_to_other(decision: Invite, survey_key: str) -> Skip:
    """Turn an Invite into a Skip because the same event asks another survey of the same person."""
    verdict = Verdict(Reason.LOWER_PRIORITY, passed=False, saw={"invited_survey": survey_key})
    return Skip((Reason.LOWER_PRIORITY,), (*decision.verdicts, verdict), decision.draw, decision.probability)


def draw_for(facts: Facts, now: datetime) -> float:
    """
    Draw u in [0, 1) for a person, a survey and a SAMPLING_PERIOD.

    A hash instead of a random number: a person who does a thing a thousand
    times is drawn once per period, not a thousand times.
    """
    person = facts.person.id if facts.person else 0
    text = f"{facts.survey_id}:{person}:{(now - _EPOCH) // SAMPLING_PERIOD}"
    # 53 bits are what a float holds exactly; more would round up to 1 now and then.
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 11) / 2**53


def _probability(facts: Facts, policy: Policy) -> float:
    return 1.0 if facts.is_test else policy.sampling_rate


Rule = Callable[[Facts, Policy, datetime], Iterator[Verdict]]
"""A rule yields its verdict, or nothing where it does not apply (no person, say)."""


def _event_age(facts: Facts, policy: Policy, now: datetime) -> Iterator[Verdict]:
    age = now - facts.occurred_at
    saw = {"age_s": round(age.total_seconds(), 3), "max_age_s": policy.max_event_age.total_seconds()}
    yield Verdict(Reason.STALE_EVENT, age <= policy.max_event_age, saw)
    yield Verdict(Reason.FUTURE_EVENT, age >= -_CLOCK_SKEW_MAX, {"age_s": saw["age_s"]})


def _survey_live(facts: Facts, policy: Policy, now: datetime) -> Iterator[Verdict]:
    live = facts.survey_state is SurveyState.LIVE
    yield Verdict(Reason.SURVEY_NOT_LIVE, live, {"state": facts.survey_state})


def _survey_open(facts: Facts, policy: Policy, now: datetime) -> Iterator[Verdict]:
    still_open = facts.survey_state is not SurveyState.CLOSED
    yield Verdict(Reason.SURVEY_NOT_LIVE, still_open, {"state": facts.survey_state})


def _filter(facts: Facts, policy: Policy, now: datetime) -> Iterator[Verdict]:
    yield Verdict(Reason.FILTER, facts.metadata_matches, facts.metadata_saw)


def _person_known(facts: Facts, policy: Policy, now: datetime) -> Iterator[Verdict]:
    # A bot that the directory does not know is skipped for being a bot, which says more.
    yield Verdict(Reason.PERSON_UNRESOLVED, facts.person is not None or facts.names_bot)


def _person_human(facts: Facts, policy: Policy, now: datetime) -> Iterator[Verdict]:
    is_bot = facts.names_bot or (facts.person is not None and facts.person.is_bot)
    yield Verdict(Reason.BOT, not is_bot)


def _person_active(facts: Facts, policy: Policy, now: datetime) -> Iterator[Verdict]:
    if facts.person:
        yield Verdict(Reason.INACTIVE, facts.person.is_active)


def _not_opted_out(facts: Facts, policy: Policy, now: datetime) -> Iterator[Verdict]:
    if facts.person:
        wish = facts.person.opt_out
        saw: dict[str, str | bool] = {"is_tester": facts.person.is_tester}
        if wish is not None:
            saw |= {"scope": wish.scope, "value": wish.value, "since": wish.created_at.isoformat()}
        yield Verdict(Reason.OPTED_OUT, wish is None or _tests_on_purpose(facts.person, facts), saw)


def _not_snoozed(facts: Facts, policy: Policy, now: datetime) -> Iterator[Verdict]:
    if facts.person:
        until = facts.person.snoozed_until
        saw = {
            "is_tester": facts.person.is_tester,
            "snoozed_until": None if until is None else until.isoformat(),
        }
        is_over = until is None or now >= until
        yield Verdict(Reason.SNOOZED, is_over or _tests_on_purpose(facts.person, facts), saw)


def _tests_on_purpose(person: PersonFacts, facts: Facts) -> bool:
    """Whether a tester asks for it: the one thing that goes before a wish to be left alone."""
    return facts.is_test and person.is_tester


def _cooled_down(reason: Reason, invited_at: datetime | None, cooldown: timedelta, now: datetime) -> Verdict:
    saw: dict[str, str | float | None] = {
        "invited_at": invited_at.isoformat() if invited_at else None,
        "cooldown_s": cooldown.total_seconds(),
    }
    return Verdict(reason, invited_at is None or now - invited_at >= cooldown, saw)


def _survey_cooldown(facts: Facts, policy: Policy, now: datetime) -> Iterator[Verdict]:
    if facts.person:
        yield _cooled_down(
            Reason.SURVEY_COOLDOWN, facts.person.survey_invited_at, policy.survey_cooldown, now
        )


def _global_cooldown(facts: Facts, policy: Policy, now: datetime) -> Iterator[Verdict]:
    if facts.person:
        yield _cooled_down(Reason.GLOBAL_COOLDOWN, facts.person.any_invited_at, policy.global_cooldown, now)


def _sampled(facts: Facts, policy: Policy, now: datetime) -> Iterator[Verdict]:
    draw = draw_for(facts, now)
    saw = {"draw": round(draw, 6), "rate": policy.sampling_rate}
    yield Verdict(Reason.NOT_SAMPLED, draw < policy.sampling_rate, saw)


def _reachable(facts: Facts, policy: Policy, now: datetime) -> Iterator[Verdict]:
    if facts.person:
        yield Verdict(Reason.NO_CHANNEL, facts.person.has_channel)


def _test_cap(facts: Facts, policy: Policy, now: datetime) -> Iterator[Verdict]:
    if facts.person:
        count = facts.person.test_invitations
        saw = {"test_invitations": count, "per_hour_max": TEST_INVITATIONS_PER_HOUR_MAX}
        yield Verdict(Reason.TEST_CAPPED, count < TEST_INVITATIONS_PER_HOUR_MAX, saw)


RULES: tuple[Rule, ...] = (
    _event_age,
    _survey_live,
    _filter,
    _person_known,
    _person_human,
    _person_active,
    _not_opted_out,
    _not_snoozed,
    _survey_cooldown,
    _global_cooldown,
    _sampled,
    _reachable,
)
"""What every event has to pass, in the order of the codes."""

TEST_RULES: tuple[Rule, ...] = (
    _survey_open,
    _person_known,
    _person_human,
    _person_active,
    _not_opted_out,
    _not_snoozed,
    _reachable,
    _test_cap,
)
"""What a test event has to pass: it skips the throttle, but not the wish to be left alone."""
