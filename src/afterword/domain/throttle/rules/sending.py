"""Can an invitation go out, and when?"""

from datetime import datetime, timedelta

from afterword.domain.people.preference import end_of_quiet
from afterword.domain.survey.policy import Policy
from afterword.domain.survey.survey_state import Phase
from afterword.domain.throttle.facts import Facts, Verdict
from afterword.domain.throttle.reason import Reason
from afterword.domain.throttle.rules.person import tests_on_purpose

FAILED_PAUSE = timedelta(days=1)
"""
How long a survey whose channels could not reach somebody does not ask them: what fails counts for no
cooldown, so that a dead address would else be tried at each event. A mail server that was away has no
other mark, and a day is soon enough after that.
"""


def reachable(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    person = facts.person
    if person is None:
        return None
    failed_at = person.failed_at
    if failed_at is not None and not facts.is_test and now - failed_at < FAILED_PAUSE:
        return Verdict(Reason.NO_CHANNEL, False, {"failed_at": failed_at})
    is_told = not person.has_channel and bool(person.channels_tried)
    saw = {"tried": ", ".join(person.channels_tried)} if is_told else {}
    return Verdict(Reason.NO_CHANNEL, person.has_channel, saw)


def in_window(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    if facts.person is None:
        return None
    wanted, send_at = now + facts.waits, find_send_time(facts, policy, now)
    by_clock = {"zone": str(facts.person.zone), "zone_origin": facts.person.zone_origin}
    expires_at = wanted + policy.expires_after
    if send_at >= expires_at:
        saw = {"opens_at": send_at, "expires_at": expires_at, **by_clock}
        return Verdict(Reason.OUTSIDE_WINDOW, False, saw)
    if policy.send_window is None:
        return None
    if send_at == wanted:
        return Verdict(Reason.OUTSIDE_WINDOW, True)
    longest = policy.send_window.defer_max
    if send_at - wanted <= longest:
        return Verdict(Reason.DEFERRED, True, {"until": send_at, **by_clock})
    saw = {"opens_at": send_at, "defer_max_s": longest.total_seconds(), **by_clock}
    return Verdict(Reason.OUTSIDE_WINDOW, False, saw)


def not_paused(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    levels = list(facts.survey.paused)
    if facts.survey.state == Phase.PAUSED and "survey" not in levels:
        levels.insert(0, "survey")
    return Verdict(Reason.PAUSED, not levels, {"paused": ", ".join(levels)} if levels else {})


def not_withdrawn(facts: Facts, policy: Policy, now: datetime) -> Verdict | None:
    return Verdict(Reason.CANCELLED, False) if facts.was_withdrawn else None


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
        if ends is None or tests_on_purpose(person, facts):
            return opens
        moment = ends
    # It is quiet whenever the window is open: the person's wish goes before.
    return moment


_SEARCHES_MAX = 8
"""A window opens once a day: who is quiet at each opening of a week is quiet for good."""
