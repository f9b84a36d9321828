"""Was this person asked too often, or too lately?"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta

from afterword.domain.survey.policy import BACKOFF_FACTOR_MAX, Cap, GlobalCooldownUse, Policy, Repeat
from afterword.domain.throttle.facts import Asked, Facts, Outcome, Verdict
from afterword.domain.throttle.reason import Reason


def nothing_open(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None:
        return None
    count = sum([one.is_open(now) for one in facts.person.asked])
    saw = {"open": count, "max_open": policy.max_open}
    last = facts.person.last_asked(facts.survey.id) if facts.collapses else None
    if last is not None and last.is_waiting(now):
        return Verdict(Reason.OPEN_INVITATION, False, saw | {"waits_until": last.send_at})
    if not policy.max_open:
        return None
    return Verdict(Reason.OPEN_INVITATION, count < policy.max_open, saw)


def may_repeat(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None or policy.repeat is Repeat.RECURRING:
        return None
    shown = [one for one in facts.person.asked if one.survey_id == facts.survey.id]
    has_answered = any(one.outcome is Outcome.ANSWERED for one in shown)
    shows_max = 1 if policy.repeat is Repeat.ONCE else policy.shows_max
    saw = {"shown": len(shown), "shows_max": shows_max, "has_answered": has_answered}
    return Verdict(Reason.REPEAT_EXHAUSTED, len(shown) < shows_max and not has_answered, saw)


def survey_cooldown(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None:
        return None
    last = facts.person.last_asked(facts.survey.id)
    return _cooled_down(Reason.SURVEY_COOLDOWN, last, _cooldown_after(last, policy), now)


def project_cooldown(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None:
        return None
    last = facts.person.last_asked_of(facts.survey.project_id)
    return _cooled_down(Reason.PROJECT_COOLDOWN, last, policy.project_cooldown, now)


def group_caps(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None or not policy.group_caps:
        return None
    capped = [(tag, cap) for tag, cap in policy.group_caps.items() if tag in facts.survey.tags]
    if not capped:
        return None
    seen = [(tag, cap, _count_within(cap, _exposures(facts.person.asked, tag), now)) for tag, cap in capped]
    tag, cap, count = max(seen, key=lambda one: one[2] - one[1].count)
    return Verdict(Reason.GROUP_CAP, count < cap.count, {"tag": tag, **_saw_cap(cap, count)})


def global_cooldown(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None:
        return None
    if policy.global_cooldown_use is GlobalCooldownUse.IGNORE:
        return Verdict(Reason.GLOBAL_COOLDOWN, True, {"use": policy.global_cooldown_use})
    last = facts.person.asked[-1] if facts.person.asked else None
    return _cooled_down(Reason.GLOBAL_COOLDOWN, last, policy.global_cooldown, now)


def person_caps(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None or not policy.caps:
        return None
    exposures = _exposures(facts.person.asked)
    seen = [(cap, _count_within(cap, exposures, now)) for cap in policy.caps]
    cap, count = max(seen, key=lambda one: one[1] - one[0].count)
    return Verdict(Reason.PERSON_CAP, count < cap.count, _saw_cap(cap, count))


def backed_off(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None or not policy.backoff:
        return None
    ignored = _ignored_in_a_row(facts.person.asked, now)
    factor = min(2**ignored, BACKOFF_FACTOR_MAX)
    saw = {"ignored": ignored, "factor": factor}
    if factor == 1:
        return Verdict(Reason.BACKOFF, True, saw)
    person, last = facts.person, facts.person.last_asked(facts.survey.id)
    waits = [
        (last, _cooldown_after(last, policy)),
        (person.last_asked_of(facts.survey.project_id), policy.project_cooldown),
    ]
    if policy.global_cooldown_use is not GlobalCooldownUse.IGNORE:
        waits.append((person.asked[-1], policy.global_cooldown))
    ends = [one.at + factor * cooldown for one, cooldown in waits if one is not None]
    if not ends:
        return Verdict(Reason.BACKOFF, True, saw)
    return Verdict(Reason.BACKOFF, now >= max(ends), saw | {"free_at": max(ends)})


def may_remind(asked: Sequence[Asked], tags: frozenset[str], policy: Policy, now: datetime) -> bool:
    """
    Whether a reminder, which is one more exposure, fits into the caps.

    Args:
        asked: All exposures of the person.
        tags: Of the survey.
    """
    caps: list[tuple[Cap, str | None]] = [(cap, None) for cap in policy.caps]
    caps += [(cap, tag) for tag, cap in policy.group_caps.items() if tag in tags]
    return all(_count_within(cap, _exposures(asked, tag), now) < cap.count for cap, tag in caps)


def _cooldown_after(last: Asked | None, policy: Policy) -> timedelta:
    match last.outcome if last else None:
        case Outcome.ANSWERED:
            return policy.cooldown.answered
        case Outcome.DISMISSED:
            return policy.cooldown.dismissed
        case Outcome.SNOOZED:
            return policy.cooldown.snoozed
    return policy.cooldown.ignored


def _cooled_down(reason: Reason, last: Asked | None, cooldown: timedelta, now: datetime) -> Verdict:
    if last is None:
        return Verdict(reason, True, {"invited_at": None, "cooldown_s": cooldown.total_seconds()})
    saw = {"invited_at": last.at, "cooldown_s": cooldown.total_seconds(), "outcome": last.outcome}
    return Verdict(reason, now - last.at >= cooldown, saw)


def _exposures(asked: Sequence[Asked], tag: str | None = None) -> list[datetime]:
    """When the person was asked, and reminded; the oldest first."""
    counted = [one for one in asked if tag is None or tag in one.tags]
    reminders = [one.reminded_at for one in counted if one.reminded_at is not None]
    return sorted([one.at for one in counted] + reminders)


def _count_within(cap: Cap, times: list[datetime], now: datetime) -> int:
    return len(times) - bisect_right(times, now - cap.window)


def _saw_cap(cap: Cap, count: int) -> dict[str, float]:
    return {"exposures": count, "cap": cap.count, "window_s": cap.window.total_seconds()}


def _ignored_in_a_row(asked: tuple[Asked, ...], now: datetime) -> int:
    """How many of the last invitations passed by; one that is open says nothing yet."""
    count = 0
    for one in reversed(asked):
        if one.outcome is not None:
            return count
        count += one.is_ignored(now)
    return count
