"""How do codes and numbers of the ledger read as sentences?"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from afterword.domain.eligibility import Verdict
from afterword.domain.reason import Reason

_SENTENCES = {
    Reason.INVITED: "The person was invited.",
    Reason.INVITED_TEST: "The person was invited, because the event was sent with test_data.",
    Reason.STALE_EVENT: "The event had occurred too long ago when it was decided.",
    Reason.FUTURE_EVENT: "The event's timestamp lies in the future.",
    Reason.NO_MATCHING_SURVEY: "No survey listened to this event when it came.",
    Reason.SURVEY_NOT_LIVE: "The survey was not live.",
    Reason.FILTER: "The event's metadata did not match the survey's conditions.",
    Reason.PERSON_UNRESOLVED: "The directory did not know who did it.",
    Reason.BOT: "It was done by a bot.",
    Reason.INACTIVE: "The person has left.",
    Reason.OPTED_OUT: "The person wants no surveys.",
    Reason.SNOOZED: "The person wants no surveys for a while.",
    Reason.SURVEY_COOLDOWN: "The person was invited to this survey too recently.",
    Reason.GLOBAL_COOLDOWN: "The person was invited to some survey too recently.",
    Reason.NOT_SAMPLED: "The draw did not fall on the person in this period.",
    Reason.LOWER_PRIORITY: "The same event invited the person to another survey.",
    Reason.NO_CHANNEL: "There is no way to reach the person.",
    Reason.TEST_CAPPED: "The person got too many test surveys within the hour.",
}
"""A sentence for each reason that can be decided today."""


def explain_reason(reason: Reason) -> str:
    """A reason as a sentence."""
    return _SENTENCES.get(reason, reason.label.replace("_", " ").capitalize() + ".")


def explain_verdict(verdict: Verdict) -> str:
    """What a rule saw, in words; empty when there is nothing to say beyond its name."""
    saw = verdict.saw
    match verdict.reason:
        case Reason.STALE_EVENT:
            return f"{_span(saw['age_s'])} old, at most {_span(saw['max_age_s'])}"
        case Reason.FILTER if "path" in saw:
            return f"{saw['path']} was {saw['found']}, wanted {saw['operator']} {saw['wanted']}"
        case Reason.SURVEY_NOT_LIVE:
            return f"the survey was {saw['state']}"
        case Reason.OPTED_OUT if "scope" in saw:
            of = "" if saw["scope"] == "all" else f" of {saw['scope']} {saw['value']}"
            but = ", but tests on purpose" if verdict.passed else ""
            return f"wants no surveys{of} since {_moment(saw['since'])}{but}"
        case Reason.SNOOZED if saw.get("snoozed_until"):
            return f"until {_moment(saw['snoozed_until'])}"
        case Reason.SURVEY_COOLDOWN | Reason.GLOBAL_COOLDOWN:
            return _cooldown(saw)
        case Reason.NOT_SAMPLED:
            return f"drew {saw['draw']:.4f}, asked below {saw['rate']:g}"
        case Reason.LOWER_PRIORITY:
            return f"invited to {saw['invited_survey']}"
        case Reason.TEST_CAPPED:
            return f"{saw['test_invitations']} in the last hour, at most {saw['per_hour_max']}"
    return ""


def _moment(text: Any) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"


def _cooldown(saw: Mapping[str, Any]) -> str:
    if saw["invited_at"] is None:
        return "never invited before"
    invited_at = datetime.fromisoformat(saw["invited_at"])
    free_at = invited_at + timedelta(seconds=saw["cooldown_s"])
    return f"last invited {invited_at:%Y-%m-%d %H:%M} UTC, again from {free_at:%Y-%m-%d %H:%M} UTC"


def _span(seconds: Any) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if abs(seconds) >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
