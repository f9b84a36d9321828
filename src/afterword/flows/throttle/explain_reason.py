"""How do codes and numbers of the ledger read as sentences?"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from afterword.domain.people.preference import ChannelKind
from afterword.domain.people.time_zone import ZoneOrigin
from afterword.domain.throttle.facts import Saw, Verdict
from afterword.domain.throttle.reason import Reason

_SENTENCES = {
    Reason.INVITED: "The person was invited.",
    Reason.INVITED_TEST: "The person was invited, because the event was sent with test_data.",
    Reason.DUPLICATE_EVENT: "The same event had come before.",
    Reason.STALE_EVENT: "The event had occurred too long ago when it was decided.",
    Reason.FUTURE_EVENT: "The event's timestamp lies in the future.",
    Reason.NO_MATCHING_SURVEY: "No survey listened to this event when it came.",
    Reason.SURVEY_NOT_LIVE: "The survey was not live.",
    Reason.FILTER: "The event's metadata did not match the survey's conditions.",
    Reason.COUNT: "The person had not yet done what must come before.",
    Reason.PERSON_UNRESOLVED: "The directory did not know who did it.",
    Reason.BOT: "It was done by a bot.",
    Reason.INACTIVE: "The person has left.",
    Reason.AUDIENCE: "The person is not of the survey's audience.",
    Reason.TENURE: "The person has not used the tool for long enough.",
    Reason.OPTED_OUT: "The person wants no surveys.",
    Reason.SNOOZED: "The person wants no surveys for a while.",
    Reason.HOLDOUT: "The person belongs to the share that is never asked.",
    Reason.OPEN_INVITATION: "The person has an open invitation.",
    Reason.REPEAT_EXHAUSTED: "The person was asked as often as the survey may.",
    Reason.SURVEY_COOLDOWN: "The person was invited to this survey too recently.",
    Reason.PROJECT_COOLDOWN: "The person was invited to a survey of this project too recently.",
    Reason.GROUP_CAP: "The person was invited to too many surveys with the same tag.",
    Reason.GLOBAL_COOLDOWN: "The person was invited to some survey too recently.",
    Reason.PERSON_CAP: "The person was invited too often lately.",
    Reason.BACKOFF: "The person ignored the last invitations, so the cooldowns are longer.",
    Reason.QUOTA_FULL: "The survey has, or will have, the responses it wants.",
    Reason.PACING: "The survey spreads its invitations evenly, and it was not yet time for the next.",
    Reason.DAILY_MAX: "The survey invited as many people within a day as it may.",
    Reason.NOT_SAMPLED: "The draw did not fall on the person in this period.",
    Reason.LOWER_PRIORITY: "The same event invited the person to another survey.",
    Reason.NO_CHANNEL: "There is no way to reach the person.",
    Reason.DEFERRED: "The mail waits for a better hour.",
    Reason.OUTSIDE_WINDOW: "It was too long until the hours in which the survey sends mails.",
    Reason.PAUSED: "Asking is paused.",
    Reason.TEST_CAPPED: "The person got too many test surveys within the hour.",
    Reason.CANCELLED: "What the person did next made the question pointless.",
    Reason.EXPIRED: "The invitation ended before it was answered.",
    Reason.DELIVERY_FAILED: "The channel could not deliver the invitation.",
    Reason.INELIGIBLE_AT_SEND: "The person could no longer be asked when the invitation was due.",
}
"""A sentence for each reason."""


def explain_reason(reason: Reason) -> str:
    """A reason as a sentence."""
    return _SENTENCES.get(reason, reason.label.replace("_", " ").capitalize() + ".")


def explain_verdict(verdict: Verdict) -> str:
    """What a rule saw, in words; empty when there is nothing to say beyond its name."""
    explain = _EXPLAINED.get(verdict.reason)
    return explain({**verdict.saw, "passed": verdict.passed}) if explain and verdict.saw else ""


def explain_basis(policy_id: int, draw: float, probability: float) -> str:
    """By which policy it was decided, and with what luck."""
    policy = f"policy {policy_id}" if policy_id else "no policy but the survey's own"
    return f"By {policy}; drew u = {draw:.4f}, asked with π = {probability:g}."


def show_channel(name: str) -> str:
    """A channel as people call it."""
    return _CHANNEL_WORDS.get(name, name)


_CHANNEL_WORDS = {ChannelKind.SLACK.value: "Slack", ChannelKind.EMAIL.value: "e-mail"}
"""How people call the channels."""


def _stale(saw: Saw) -> str:
    return f"{_span(saw['age_s'])} old, at most {_span(saw['max_age_s'])}"


def _filter(saw: Saw) -> str:
    return f"{saw['path']} was {saw['found']}, wanted {saw['operator']} {saw['wanted']}"


def _count(saw: Saw) -> str:
    said = f"{saw['count']} within the time, at least {saw['wanted']} wanted" if saw["wanted"] > 1 else ""
    if saw["came_after"] is None:
        return said
    after = "what must come before did" if saw["came_after"] else "what must come before did not"
    return f"{said}, {after}" if said else after


def _opted_out(saw: Saw) -> str:
    if "scope" not in saw:
        return ""
    of = "" if saw["scope"] == "all" else f" of {saw['scope']} {saw['value']}"
    but = ", but tests on purpose" if saw["passed"] else ""
    return f"wants no surveys{of} since {_moment(saw['since'])}{but}"


def _snoozed(saw: Saw) -> str:
    return f"until {_moment(saw['snoozed_until'])}" if saw.get("snoozed_until") else ""


def _open(saw: Saw) -> str:
    if "waits_until" in saw:
        return f"one waits until {_moment(saw['waits_until'])}, and this is counted with it"
    return f"{saw['open']} open, at most {saw['max_open']}"


def _cooldown(saw: Saw) -> str:
    if "use" in saw:
        return "the survey ignores it"
    if saw["invited_at"] is None:
        return "never invited before"
    invited_at = _time(saw["invited_at"])
    free_at = invited_at + timedelta(seconds=saw["cooldown_s"])
    how = f" ({saw['outcome']})" if saw.get("outcome") else ""
    return f"last invited {_moment(saw['invited_at'])}{how}, again from {free_at:%Y-%m-%d %H:%M} UTC"


def _cap(saw: Saw) -> str:
    tag = f" to surveys with {saw['tag']}" if "tag" in saw else ""
    return f"{saw['exposures']} within {_span(saw['window_s'])}{tag}, at most {saw['cap']}"


def _backoff(saw: Saw) -> str:
    if saw["factor"] == 1:
        return ""
    until = _moment(saw["free_at"])
    return f"{saw['ignored']} ignored in a row: {saw['factor']} times the cooldowns, until {until}"


def _outside_window(saw: Saw) -> str:
    opens = f"opens {_moment(saw['opens_at'])}"
    if "expires_at" in saw:
        return f"{opens}, when it has expired: {_moment(saw['expires_at'])}{_clock(saw)}"
    return f"{opens}, and waits at most {_span(saw['defer_max_s'])}{_clock(saw)}"


def _no_channel(saw: Saw) -> str:
    if "tried" in saw:
        return f"tried {saw['tried']}"
    failed_at = _moment(saw["failed_at"])
    return f"the last message could not be delivered on {failed_at}, the next may go a day later"


def _quota(saw: Saw) -> str:
    spent = f"{saw['responses']} responses{_of_cell(saw)} and {saw['open']} open invitations"
    return f"{spent}, of which {saw['response_rate']:.0%} are expected to be answered; wanted {saw['quota']}"


def _pacing(saw: Saw) -> str:
    spent = f"{saw['responses']} responses and {saw['open']} open invitations within {_span(saw['slot_s'])}"
    behind = saw.get("behind", 0)
    return (
        f"{spent}; {behind:.1f} behind the even pace, which is made up bit by bit" if behind >= 1 else spent
    )


def _of_cell(saw: Saw) -> str:
    """Whose quota it is: a cell may have any value, "all" too; the whole quota has none."""
    if "cell" not in saw:
        return ""
    return f" of the cell {saw['cell']}" if saw["cell"] else " of people without a value"


_EXPLAINED: dict[Reason, Callable[[Saw], str]] = {
    Reason.STALE_EVENT: _stale,
    Reason.FILTER: _filter,
    Reason.SURVEY_NOT_LIVE: lambda saw: f"the survey was {saw['state']}",
    Reason.COUNT: _count,
    Reason.AUDIENCE: lambda saw: f"by {saw['path']}",
    Reason.TENURE: lambda saw: f"for {_span(saw['tenure_s'])}, at least {_span(saw['min_tenure_s'])}",
    Reason.OPTED_OUT: _opted_out,
    Reason.SNOOZED: _snoozed,
    Reason.HOLDOUT: lambda saw: f"drew {saw['draw']:.4f}, held out below {saw['holdout']:g}",
    Reason.OPEN_INVITATION: _open,
    Reason.REPEAT_EXHAUSTED: lambda saw: (
        f"shown {saw['shown']} times, at most {saw['shows_max']}"
        + (", and answered" if saw["has_answered"] else "")
    ),
    Reason.SURVEY_COOLDOWN: _cooldown,
    Reason.PROJECT_COOLDOWN: _cooldown,
    Reason.GLOBAL_COOLDOWN: _cooldown,
    Reason.GROUP_CAP: _cap,
    Reason.PERSON_CAP: _cap,
    Reason.BACKOFF: _backoff,
    Reason.QUOTA_FULL: _quota,
    Reason.PACING: _pacing,
    Reason.DAILY_MAX: lambda saw: f"{saw['invitations']} within 24 h, at most {saw['per_day_max']}",
    Reason.NOT_SAMPLED: lambda saw: f"drew {saw['draw']:.4f}, asked below {saw['rate']:g}",
    Reason.LOWER_PRIORITY: lambda saw: f"invited to {saw['invited_survey']}",
    Reason.NO_CHANNEL: _no_channel,
    Reason.DEFERRED: lambda saw: f"until {_moment(saw['until'])}{_clock(saw)}",
    Reason.OUTSIDE_WINDOW: _outside_window,
    Reason.PAUSED: lambda saw: f"by the {saw['paused']}",
    Reason.TEST_CAPPED: lambda saw: (
        f"{saw['test_invitations']} in the last hour, at most {saw['per_hour_max']}"
    ),
}
"""What each rule saw, in words; rules that are not here saw nothing worth a word."""


def _clock(saw: Saw) -> str:
    """By which zone's days and hours it was judged."""
    if "zone" not in saw:
        return ""
    return f"; by the clock of {saw['zone']}, {explain_origin(ZoneOrigin(saw['zone_origin']))}"


def explain_origin(origin: ZoneOrigin) -> str:
    """Who says in which time zone a person is."""
    return _ORIGINS[origin]


_ORIGINS = {
    ZoneOrigin.PERSON: "which the person chose",
    ZoneOrigin.DIRECTORY: "the zone of the directory",
    ZoneOrigin.TEAM: "the zone of the team",
    ZoneOrigin.ORGANISATION: "the zone of the organisation",
    ZoneOrigin.DEFAULT: "since nobody says another",
}


def _moment(value: Any) -> str:
    return f"{_time(value):%Y-%m-%d %H:%M} UTC"


def _time(value: Any) -> datetime:
    """A time of a verdict: as it was decided, or as the ledger keeps it."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _span(seconds: Any) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if abs(seconds) >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
