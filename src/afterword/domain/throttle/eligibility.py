"""May this event ask this person this survey now, and if not, why not?"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from afterword.domain.survey.policy import Policy
from afterword.domain.throttle.facts import Facts, Saw, Verdict
from afterword.domain.throttle.reason import Reason
from afterword.domain.throttle.rules import event, exposures, limits, person, sending
from afterword.domain.throttle.rules.sending import find_send_time
from afterword.domain.throttle.sampling import draw_sample


@dataclass(frozen=True, slots=True)
class Invite:
    """
    Ask. ``draw`` is below ``probability``, by which answers are weighted later.

    Attributes:
        send_at: The first moment that suits trigger, survey and person; mail waits for it.
    """

    reason: Reason
    verdicts: tuple[Verdict, ...]
    draw: float
    probability: float
    send_at: datetime


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
        policy: The policy that holds for the survey, of all levels together.
        now: Aware UTC time, taken once at the edge.

    Returns:
        Invite, or Skip with at least one reason, in the order of the codes.

    Source: docs/reference/throttle.md.
    """
    draw, probability = _draw(facts, policy, now), 1.0 if facts.is_test else policy.sampling.rate
    if facts.is_test:
        verdicts = _ask(TEST_RULES, facts, policy, now)
    else:
        # The share is of those who may be asked; whether they can be reached now comes after it.
        eligible = _ask(RULES, facts, policy, now)
        verdicts = (*eligible, _sampled(draw, policy), *_ask(RULES_OF_SENDING, facts, policy, now))
    failed = [verdict.reason for verdict in verdicts if not verdict.passed]
    if failed:
        return Skip(tuple(sorted(failed)), verdicts, draw, probability)
    reason = Reason.INVITED_TEST if facts.is_test else Reason.INVITED
    return Invite(reason, verdicts, draw, probability, find_send_time(facts, policy, now))


def decide_again(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    """
    Look again just before an invitation goes out, at what may have changed since it was reserved.

    Returns:
        The first verdict against it; None when it may go.
    """
    rules = TEST_RULES_AT_SEND if facts.is_test else RULES_AT_SEND
    verdicts = (rule(facts, policy, now) for rule in rules)
    return next((verdict for verdict in verdicts if verdict is not None and not verdict.passed), None)


def yield_to_other(decision: Invite, survey_key: str) -> Skip:
    """Turn an Invite into a Skip because the same event asks another survey of the same person."""
    verdict = Verdict(Reason.LOWER_PRIORITY, passed=False, saw={"invited_survey": survey_key})
    return Skip((Reason.LOWER_PRIORITY,), (*decision.verdicts, verdict), decision.draw, decision.probability)


Rule = Callable[[Facts, Policy, datetime], Verdict | None]
"""A rule says its verdict, or nothing where it does not apply (no person, say)."""


def _ask(rules: tuple[Rule, ...], facts: Facts, policy: Policy, now: datetime) -> tuple[Verdict, ...]:
    return tuple([verdict for rule in rules if (verdict := rule(facts, policy, now)) is not None])


def _draw(facts: Facts, policy: Policy, now: datetime) -> float:
    person_id = facts.person.id if facts.person else 0
    return draw_sample(policy.sampling.unit, facts.survey.id, person_id, facts.event_id, now)


def _sampled(draw: float, policy: Policy) -> Verdict:
    rate = policy.sampling.rate
    saw: Saw = {"draw": round(draw, 6), "rate": rate, "unit": policy.sampling.unit}
    return Verdict(Reason.NOT_SAMPLED, draw < rate, saw)


RULES: tuple[Rule, ...] = (
    event.not_duplicate,
    event.not_stale,
    event.not_future,
    event.survey_live,
    event.passes_filter,
    event.counted,
    person.is_known,
    person.is_human,
    person.is_active,
    person.in_audience,
    person.tenured,
    person.not_opted_out,
    person.not_snoozed,
    person.not_held_out,
    exposures.nothing_open,
    exposures.may_repeat,
    exposures.survey_cooldown,
    exposures.project_cooldown,
    exposures.group_caps,
    exposures.global_cooldown,
    exposures.person_caps,
    exposures.backed_off,
    limits.quota_left,
    limits.paced,
    limits.daily_left,
)
"""What every event has to pass before the draw, in the order of the codes."""


RULES_OF_SENDING: tuple[Rule, ...] = (
    sending.reachable,
    sending.in_window,
    sending.not_paused,
    sending.not_withdrawn,
)
"""What it has to pass after the draw."""


TEST_RULES: tuple[Rule, ...] = (
    event.survey_open,
    person.is_known,
    person.is_human,
    person.is_active,
    person.not_opted_out,
    person.not_snoozed,
    sending.reachable,
    person.test_cap,
)
"""What a test event has to pass: it skips the throttle, but not the wish to be left alone."""


RULES_AT_SEND: tuple[Rule, ...] = (
    event.survey_live,
    person.is_human,
    person.is_active,
    person.in_audience,
    person.not_opted_out,
    person.not_snoozed,
    person.not_held_out,
    sending.reachable,
    sending.not_paused,
)
"""What an invitation has to pass once more before it goes out: what does not count itself."""


TEST_RULES_AT_SEND: tuple[Rule, ...] = TEST_RULES[:-1]
