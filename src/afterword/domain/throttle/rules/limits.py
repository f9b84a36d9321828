"""Is there room in the survey's limits?"""

from datetime import datetime

from afterword.domain.survey.policy import Policy
from afterword.domain.throttle.facts import Facts, Saw, Spent, Verdict
from afterword.domain.throttle.reason import Reason

_ROUNDING = 1e-9
"""Sums of shares are a hair off what they are in arithmetic."""


def quota_left(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if policy.quota is None:
        return None
    counts, quota = facts.survey.counts, policy.quota
    limits: list[tuple[Saw, int | None, Spent]] = [({}, quota.count, counts.quota)]
    if facts.person is not None:
        cell = facts.person.cell
        limits.append(({"cell": cell or ""}, quota.of_cell(cell), counts.cell))
    shares = [
        (count - spent.expected(counts.response_rate), whose, count, spent)
        for whose, count, spent in limits
        if count is not None
    ]
    if not shares:
        return None
    left, whose, count, spent = min(shares, key=lambda one: one[0])
    rate = round(counts.response_rate, 4)
    saw = {**whose, "quota": count, "response_rate": rate, **_saw_spent(spent)}
    return Verdict(Reason.QUOTA_FULL, _has_room(left, counts.response_rate), saw)


def paced(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    slot, counts = facts.survey.slot, facts.survey.counts
    if slot is None:
        return None
    left = 1 - counts.slot.expected(counts.response_rate)
    saw = {"slot_s": slot.total_seconds(), **_saw_spent(counts.slot)}
    return Verdict(Reason.PACING, _has_room(left, counts.response_rate), saw)


def daily_left(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if policy.daily_max is None:
        return None
    count = facts.survey.counts.day
    return Verdict(
        Reason.DAILY_MAX, count < policy.daily_max, {"invitations": count, "per_day_max": policy.daily_max}
    )


def _has_room(left: float, response_rate: float) -> bool:
    """Whether one more invitation fits; what is full stays full where nobody answers lately."""
    return left > _ROUNDING and response_rate <= left + _ROUNDING


def _saw_spent(spent: Spent) -> dict[str, int]:
    return {"responses": spent.responses, "open": spent.open}
