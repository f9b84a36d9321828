"""May this person be asked at all?"""

from datetime import datetime, timedelta

from afterword.domain.survey.policy import TEST_INVITATIONS_PER_HOUR_MAX, Policy
from afterword.domain.survey.trigger import find_mismatch, matches
from afterword.domain.throttle.facts import Facts, PersonFacts, Saw, Verdict
from afterword.domain.throttle.reason import Reason
from afterword.domain.throttle.sampling import draw_holdout


def is_known(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    # A bot that the directory does not know is skipped for being a bot, which says more.
    return Verdict(Reason.PERSON_UNRESOLVED, facts.person is not None or facts.names_bot)


def is_human(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    is_bot = facts.names_bot or (facts.person is not None and facts.person.is_bot)
    return Verdict(Reason.BOT, not is_bot)


def is_active(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    return None if facts.person is None else Verdict(Reason.INACTIVE, facts.person.is_active)


def in_audience(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
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


def tenured(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None or not policy.min_tenure:
        return None
    first_at = facts.person.first_event_at
    tenure = timedelta() if first_at is None else max(now - first_at, timedelta())
    saw = {"tenure_s": round(tenure.total_seconds()), "min_tenure_s": policy.min_tenure.total_seconds()}
    return Verdict(Reason.TENURE, tenure >= policy.min_tenure, saw)


def not_opted_out(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None:
        return None
    wish, saw = facts.person.opt_out, {"is_tester": facts.person.is_tester}
    if wish is None:
        return Verdict(Reason.OPTED_OUT, True, saw)
    what = saw | {"scope": wish.scope, "value": wish.value, "since": wish.created_at}
    return Verdict(Reason.OPTED_OUT, tests_on_purpose(facts.person, facts), what)


def not_snoozed(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None:
        return None
    until = facts.person.snoozed_until
    passed = until is None or now >= until or tests_on_purpose(facts.person, facts)
    return Verdict(Reason.SNOOZED, passed, {"is_tester": facts.person.is_tester, "snoozed_until": until})


def tests_on_purpose(person: PersonFacts, facts: Facts) -> bool:
    """Whether a tester asks for it: the one thing that goes before a wish to be left alone."""
    return facts.is_test and person.is_tester


def not_held_out(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None or not policy.holdout:
        return None
    draw = draw_holdout(facts.person.id)
    return Verdict(
        Reason.HOLDOUT, draw >= policy.holdout, {"draw": round(draw, 6), "holdout": policy.holdout}
    )


def test_cap(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None:
        return None
    count = facts.person.test_invitations
    saw = {"test_invitations": count, "per_hour_max": TEST_INVITATIONS_PER_HOUR_MAX}
    return Verdict(Reason.TEST_CAPPED, count < TEST_INVITATIONS_PER_HOUR_MAX, saw)
