"""May this event ask this person this survey now, and if not, why not?"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from afterword.domain.people.preference import end_of_quiet
from afterword.domain.survey.policy import (
    BACKOFF_FACTOR_MAX,
    TEST_INVITATIONS_PER_HOUR_MAX,
    Cap,
    GlobalCooldownUse,
    Policy,
    Repeat,
)
from afterword.domain.survey.survey_state import IS_OVER, Phase
from afterword.domain.survey.trigger import find_mismatch, matches
from afterword.domain.throttle.facts import Asked, Facts, Outcome, PersonFacts, Saw, Spent, Verdict
from afterword.domain.throttle.reason import Reason
from afterword.domain.throttle.sampling import draw_holdout, draw_sample

_CLOCK_SKEW_MAX = timedelta(minutes=5)
_ROUNDING = 1e-9
"""Sums of shares are a hair off what they are in arithmetic."""


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


def yield_to_other(decision: Invite, survey_key: str) -> Skip:
    """Turn an Invite into a Skip because the same event asks another survey of the same person."""
    verdict = Verdict(Reason.LOWER_PRIORITY, passed=False, saw={"invited_survey": survey_key})
    return Skip((Reason.LOWER_PRIORITY,), (*decision.verdicts, verdict), decision.draw, decision.probability)


Rule = Callable[[Facts, Policy, datetime], Verdict | None]
"""A rule says its verdict, or nothing where it does not apply (no person, say)."""


def _ask(rules: tuple[Rule, ...], facts: Facts, policy: Policy, now: datetime) -> tuple[Verdict, ...]:
    return tuple([verdict for rule in rules if (verdict := rule(facts, policy, now)) is not None])


def _not_duplicate(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    return Verdict(Reason.DUPLICATE_EVENT, not facts.is_duplicate)


def _not_stale(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    age = now - facts.occurred_at
    saw = {"age_s": round(age.total_seconds(), 3), "max_age_s": policy.max_event_age.total_seconds()}
    return Verdict(Reason.STALE_EVENT, age <= policy.max_event_age, saw)


def _not_future(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    age = now - facts.occurred_at
    return Verdict(Reason.FUTURE_EVENT, age >= -_CLOCK_SKEW_MAX, {"age_s": round(age.total_seconds(), 3)})


def _survey_live(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    # A paused survey is live, and says so by a code of its own.
    is_live = facts.survey.state in (Phase.LIVE, Phase.PAUSED)
    return Verdict(Reason.SURVEY_NOT_LIVE, is_live, {"state": facts.survey.state})


def _survey_open(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    is_open = facts.survey.state not in IS_OVER
    return Verdict(Reason.SURVEY_NOT_LIVE, is_open, {"state": facts.survey.state})


def _filter(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    return Verdict(Reason.FILTER, facts.metadata_matches, facts.metadata_saw)


def _counted(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.count_wanted == 1 and facts.came_after is None:
        return None
    passed = facts.count >= facts.count_wanted and facts.came_after is not False
    saw = {"count": facts.count, "wanted": facts.count_wanted, "came_after": facts.came_after}
    return Verdict(Reason.COUNT, passed, saw)


def _person_known(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    # A bot that the directory does not know is skipped for being a bot, which says more.
    return Verdict(Reason.PERSON_UNRESOLVED, facts.person is not None or facts.names_bot)


def _person_human(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    is_bot = facts.names_bot or (facts.person is not None and facts.person.is_bot)
    return Verdict(Reason.BOT, not is_bot)


def _person_active(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    return None if facts.person is None else Verdict(Reason.INACTIVE, facts.person.is_active)


def _in_audience(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None or policy.audience is None:
        return None
    document = facts.person.document
    passed = matches(policy.audience, document)
    mismatch = None if passed else find_mismatch(policy.audience, document)
    saw: Saw = {}
    if mismatch is not None:
        # Not what was found: who somebody is stays in the directory, where it changes and is erased.
        saw = {"path": mismatch.path}
    return Verdict(Reason.AUDIENCE, passed, saw)


def _tenured(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None or not policy.min_tenure:
        return None
    first_at = facts.person.first_event_at
    tenure = timedelta() if first_at is None else max(now - first_at, timedelta())
    saw = {"tenure_s": round(tenure.total_seconds()), "min_tenure_s": policy.min_tenure.total_seconds()}
    return Verdict(Reason.TENURE, tenure >= policy.min_tenure, saw)


def _not_opted_out(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None:
        return None
    wish, saw = facts.person.opt_out, {"is_tester": facts.person.is_tester}
    if wish is None:
        return Verdict(Reason.OPTED_OUT, True, saw)
    what = saw | {"scope": wish.scope, "value": wish.value, "since": wish.created_at}
    return Verdict(Reason.OPTED_OUT, _tests_on_purpose(facts.person, facts), what)


def _not_snoozed(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None:
        return None
    until = facts.person.snoozed_until
    passed = until is None or now >= until or _tests_on_purpose(facts.person, facts)
    return Verdict(Reason.SNOOZED, passed, {"is_tester": facts.person.is_tester, "snoozed_until": until})


def _tests_on_purpose(person: PersonFacts, facts: Facts) -> bool:
    """Whether a tester asks for it: the one thing that goes before a wish to be left alone."""
    return facts.is_test and person.is_tester


def _not_held_out(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None or not policy.holdout:
        return None
    draw = draw_holdout(facts.person.id)
    return Verdict(
        Reason.HOLDOUT, draw >= policy.holdout, {"draw": round(draw, 6), "holdout": policy.holdout}
    )


def _nothing_open(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None or not policy.max_open:
        return None
    count = sum([one.is_open(now) for one in facts.person.asked])
    return Verdict(
        Reason.OPEN_INVITATION, count < policy.max_open, {"open": count, "max_open": policy.max_open}
    )


def _may_repeat(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None or policy.repeat is Repeat.RECURRING:
        return None
    shown = [one for one in facts.person.asked if one.survey_id == facts.survey.id]
    has_answered = any(one.outcome is Outcome.ANSWERED for one in shown)
    shows_max = 1 if policy.repeat is Repeat.ONCE else policy.shows_max
    saw = {"shown": len(shown), "shows_max": shows_max, "has_answered": has_answered}
    return Verdict(Reason.REPEAT_EXHAUSTED, len(shown) < shows_max and not has_answered, saw)


def _survey_cooldown(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None:
        return None
    last = facts.person.last_asked(facts.survey.id)
    return _cooled_down(Reason.SURVEY_COOLDOWN, last, _cooldown_after(last, policy), now)


def _project_cooldown(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None:
        return None
    last = facts.person.last_asked_of(facts.survey.project_id)
    return _cooled_down(Reason.PROJECT_COOLDOWN, last, policy.project_cooldown, now)


def _global_cooldown(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None:
        return None
    if policy.global_cooldown_use is GlobalCooldownUse.IGNORE:
        return Verdict(Reason.GLOBAL_COOLDOWN, True, {"use": policy.global_cooldown_use})
    last = facts.person.asked[-1] if facts.person.asked else None
    return _cooled_down(Reason.GLOBAL_COOLDOWN, last, policy.global_cooldown, now)


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


def _group_caps(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None or not policy.group_caps:
        return None
    capped = [(tag, cap) for tag, cap in policy.group_caps.items() if tag in facts.survey.tags]
    if not capped:
        return None
    seen = [(tag, cap, _count_within(cap, _exposures(facts.person.asked, tag), now)) for tag, cap in capped]
    tag, cap, count = max(seen, key=lambda one: one[2] - one[1].count)
    return Verdict(Reason.GROUP_CAP, count < cap.count, {"tag": tag, **_saw_cap(cap, count)})


def _person_caps(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None or not policy.caps:
        return None
    exposures = _exposures(facts.person.asked)
    seen = [(cap, _count_within(cap, exposures, now)) for cap in policy.caps]
    cap, count = max(seen, key=lambda one: one[1] - one[0].count)
    return Verdict(Reason.PERSON_CAP, count < cap.count, _saw_cap(cap, count))


def _exposures(asked: Sequence[Asked], tag: str | None = None) -> list[datetime]:
    """When the person was asked, and reminded; the oldest first."""
    counted = [one for one in asked if tag is None or tag in one.tags]
    reminders = [one.reminded_at for one in counted if one.reminded_at is not None]
    return sorted([one.at for one in counted] + reminders)


def _count_within(cap: Cap, times: list[datetime], now: datetime) -> int:
    return len(times) - bisect_right(times, now - cap.window)


def _saw_cap(cap: Cap, count: int) -> dict[str, float]:
    return {"exposures": count, "cap": cap.count, "window_s": cap.window.total_seconds()}


def _backed_off(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
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


def _ignored_in_a_row(asked: tuple[Asked, ...], now: datetime) -> int:
    """How many of the last invitations passed by; one that is open says nothing yet."""
    count = 0
    for one in reversed(asked):
        if one.outcome is not None:
            return count
        count += one.is_ignored(now)
    return count


def _quota_left(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if policy.quota is None:
        return None
    counts, quota = facts.survey.counts, policy.quota
    limits = [("all", quota.count, counts.quota)]
    if facts.person is not None:
        limits.append((facts.person.cell or "", quota.of_cell(facts.person.cell), counts.cell))
    shares = [
        (count - spent.expected(counts.response_rate), of, count, spent)
        for of, count, spent in limits
        if count is not None
    ]
    if not shares:
        return None
    left, of, count, spent = min(shares, key=lambda one: one[0])
    saw = {"of": of, "quota": count, "response_rate": round(counts.response_rate, 4), **_saw_spent(spent)}
    return Verdict(Reason.QUOTA_FULL, _has_room(left, counts.response_rate), saw)


def _paced(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    slot, counts = facts.survey.slot, facts.survey.counts
    if slot is None:
        return None
    left = 1 - counts.slot.expected(counts.response_rate)
    saw = {"slot_s": slot.total_seconds(), **_saw_spent(counts.slot)}
    return Verdict(Reason.PACING, _has_room(left, counts.response_rate), saw)


def _has_room(left: float, response_rate: float) -> bool:
    """Whether one more invitation fits; what is full stays full where nobody answers lately."""
    return left > _ROUNDING and response_rate <= left + _ROUNDING


def _saw_spent(spent: Spent) -> dict[str, int]:
    return {"responses": spent.responses, "open": spent.open}


def _daily_left(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if policy.daily_max is None:
        return None
    count = facts.survey.counts.day
    return Verdict(
        Reason.DAILY_MAX, count < policy.daily_max, {"invitations": count, "per_day_max": policy.daily_max}
    )


def _draw(facts: Facts, policy: Policy, now: datetime) -> float:
    person_id = facts.person.id if facts.person else 0
    return draw_sample(policy.sampling.unit, facts.survey.id, person_id, facts.event_id, now)


def _sampled(draw: float, policy: Policy) -> Verdict:
    rate = policy.sampling.rate
    saw: Saw = {"draw": round(draw, 6), "rate": rate, "unit": policy.sampling.unit}
    return Verdict(Reason.NOT_SAMPLED, draw < rate, saw)


def _reachable(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    return None if facts.person is None else Verdict(Reason.NO_CHANNEL, facts.person.has_channel)


def _in_window(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None or policy.send_window is None:
        return None
    wanted, send_at = now + facts.waits, find_send_time(facts, policy, now)
    passed = send_at - wanted <= policy.send_window.defer_max
    if passed and send_at > wanted:
        return Verdict(Reason.DEFERRED, True, {"until": send_at})
    saw = {"opens_at": send_at, "defer_max_s": policy.send_window.defer_max.total_seconds()}
    return Verdict(Reason.OUTSIDE_WINDOW, passed, {} if passed else saw)


def find_send_time(facts: Facts, policy: Policy, now: datetime) -> datetime:
    """The first moment, from now and what the trigger waits, that is in the window and not quiet."""
    person, wanted = facts.person, now + facts.waits
    if person is None:
        return wanted
    moment = wanted
    window = None if facts.is_test else policy.send_window
    for _ in range(_SEARCHES_MAX):
        opens = moment if window is None else window.next_open(moment, person.zone)
        ends = None if person.quiet is None else end_of_quiet(person.quiet, person.zone, opens)
        if ends is None or _tests_on_purpose(person, facts):
            return opens
        moment = ends
    # It is quiet whenever the window is open: the person's wish goes before.
    return moment


_SEARCHES_MAX = 8
"""A window opens once a day: who is quiet at each opening of a week is quiet for good."""


def _not_paused(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    levels = list(facts.survey.paused)
    if facts.survey.state == Phase.PAUSED and "survey" not in levels:
        levels.insert(0, "survey")
    return Verdict(Reason.PAUSED, not levels, {"paused": ", ".join(levels)} if levels else {})


def _not_withdrawn(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    return Verdict(Reason.CANCELLED, False) if facts.was_withdrawn else None


def _test_cap(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None:
        return None
    count = facts.person.test_invitations
    saw = {"test_invitations": count, "per_hour_max": TEST_INVITATIONS_PER_HOUR_MAX}
    return Verdict(Reason.TEST_CAPPED, count < TEST_INVITATIONS_PER_HOUR_MAX, saw)


RULES: tuple[Rule, ...] = (
    _not_duplicate,
    _not_stale,
    _not_future,
    _survey_live,
    _filter,
    _counted,
    _person_known,
    _person_human,
    _person_active,
    _in_audience,
    _tenured,
    _not_opted_out,
    _not_snoozed,
    _not_held_out,
    _nothing_open,
    _may_repeat,
    _survey_cooldown,
    _project_cooldown,
    _group_caps,
    _global_cooldown,
    _person_caps,
    _backed_off,
    _quota_left,
    _paced,
    _daily_left,
)
"""What every event has to pass before the draw, in the order of the codes."""

RULES_OF_SENDING: tuple[Rule, ...] = (_reachable, _in_window, _not_paused, _not_withdrawn)
"""What it has to pass after the draw."""

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

RULES_AT_SEND: tuple[Rule, ...] = (
    _survey_open,
    _person_human,
    _person_active,
    _in_audience,
    _not_opted_out,
    _not_snoozed,
    _reachable,
    _not_paused,
)
"""What an invitation has to pass once more before it goes out: what does not count itself."""

TEST_RULES_AT_SEND: tuple[Rule, ...] = TEST_RULES[:-1]
