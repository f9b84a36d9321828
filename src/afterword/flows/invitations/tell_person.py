"""How does the ledger read to the person it is about?"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

from afterword.domain.invitation import CANCELLED, EXPIRED, INELIGIBLE_AT_SEND, MERGED, InvitationState
from afterword.domain.people.preference import ChannelKind, OptOutScope
from afterword.domain.throttle.facts import Verdict
from afterword.domain.throttle.reason import Reason
from afterword.flows.throttle.explain_reason import show_channel
from afterword.storage.decisions import Entry
from afterword.storage.events import StoredEvent
from afterword.storage.invitations import Invitation

_SENTENCES = {
    Reason.DUPLICATE_EVENT: "The tool had told of it before.",
    Reason.STALE_EVENT: "It was too long ago by the time it was looked at.",
    Reason.FUTURE_EVENT: "The tool gave a time that had not come yet.",
    Reason.SURVEY_NOT_LIVE: "The survey was not open.",
    Reason.FILTER: "The survey asks about other cases than this one.",
    Reason.COUNT: "The survey asks only after you have done more of it.",
    Reason.PERSON_UNRESOLVED: "It was not known that it was you.",
    Reason.BOT: "It was taken for the work of a program.",
    Reason.INACTIVE: "You were not in the directory as somebody who is here.",
    Reason.AUDIENCE: "The survey is for other people.",
    Reason.TENURE: "The survey is for people who have used the tool for longer.",
    Reason.OPTED_OUT: "You wanted no surveys.",
    Reason.SNOOZED: "You wanted a pause.",
    Reason.HOLDOUT: "You belong to the few who are never asked, for comparison.",
    Reason.OPEN_INVITATION: "Another question to you was still open.",
    Reason.REPEAT_EXHAUSTED: "You had been asked this survey as often as it may ask you.",
    Reason.SURVEY_COOLDOWN: "You had been asked this survey not long before.",
    Reason.GLOBAL_COOLDOWN: "You had been asked a survey not long before.",
    Reason.PROJECT_COOLDOWN: "You had been asked about this tool not long before.",
    Reason.GROUP_CAP: "You had been asked surveys of this kind often enough.",
    Reason.PERSON_CAP: "You had been asked often enough lately.",
    Reason.BACKOFF: "You had not answered the last questions, so you are asked less often.",
    Reason.QUOTA_FULL: "Enough people had answered.",
    Reason.PACING: "Somebody else had been asked shortly before.",
    Reason.DAILY_MAX: "Enough people had been asked that day.",
    Reason.NOT_SAMPLED: "This survey asks only some people, and you were not drawn.",
    Reason.LOWER_PRIORITY: "You were asked another survey about the same thing.",
    Reason.NO_CHANNEL: "There was no way to reach you.",
    Reason.OUTSIDE_WINDOW: "It was outside the hours in which the survey sends mails.",
    Reason.PAUSED: "Surveys were paused.",
    Reason.CANCELLED: "What you did next made the question pointless.",
    Reason.TEST_CAPPED: "You had got too many test surveys within an hour.",
}
"""Why a person was not asked, for each reason that can be decided today, without numbers."""

_LOST = {
    EXPIRED: "The mail was not sent: it was too late for it.",
    CANCELLED: "The mail was not sent: what you did next made the question pointless.",
    MERGED: "The mail was not sent: another one to you was waiting already.",
    INELIGIBLE_AT_SEND: "The mail was not sent: the event that it was about is gone.",
}


def show_time(moment: datetime, zone: tzinfo) -> str:
    """A time as people say it, in a zone."""
    local = moment.astimezone(zone)
    return f"{local.day} {local:%B %Y, %H:%M %Z}"


def show_day(moment: datetime, zone: tzinfo) -> str:
    """The day of a time in a zone."""
    local = moment.astimezone(zone)
    return f"{local.day} {local:%B %Y}"


def tell_invited(entry: Entry, event: StoredEvent | None, project: str) -> str:
    """Why somebody was asked, below a line that names the event and its time."""
    if event is None:
        return f"You were asked because you had used {project}."
    if entry.is_test:
        return f"{project} sent this as a test event, in your name."
    if entry.probability < 1:
        return (
            "You did this, and the survey asks about it. "
            f"It asks {entry.probability:.0%} of the people, and the draw fell on you."
        )
    return "You did this, and the survey asks about it."


def tell_skipped(entry: Entry, project: str, zone: tzinfo) -> list[str]:
    """Why somebody was not asked: the reason first, and what else spoke against it."""
    failed = sorted((one for one in entry.verdicts if not one.passed), key=lambda one: one.reason)
    return [_tell(verdict, project, zone) for verdict in failed] or [tell_reason(entry.reason)]


def tell_reason(reason: Reason) -> str:
    """A reason as a sentence to the person."""
    return _SENTENCES.get(reason, "A rule of the survey said no.")


def tell_delivery(invitation: Invitation, zone: tzinfo, held_until: datetime | None = None) -> str:
    """What became of an invitation; or until when quiet hours hold it back."""
    if invitation.opened_at is not None and invitation.is_answered_apart:
        return f"You opened it on {show_day(invitation.opened_at, zone)}."
    if invitation.opened_at is not None:
        return f"You opened it on {show_time(invitation.opened_at, zone)}."
    match invitation.state:
        case InvitationState.SENT if invitation.sent_at is not None:
            return f"{_what(invitation)} went out on {show_time(invitation.sent_at, zone)}."
        case InvitationState.FAILED if invitation.ended_reason is not None:
            return f"{_what(invitation)} was not sent. {tell_reason(invitation.ended_reason)}"
        case InvitationState.FAILED | InvitationState.CANCELLED:
            return _LOST.get(invitation.last_error or "", f"{_what(invitation)} could not be delivered.")
        case InvitationState.UNCERTAIN:
            return f"{_what(invitation)} may have reached you: {_who(invitation)} did not say."
    if held_until is not None:
        return f"{_what(invitation)} waits for the right hour: {show_time(held_until, zone)}."
    return f"{_what(invitation)} is waiting to be sent."


def _what(invitation: Invitation) -> str:
    """What travels: by Slack it is no mail."""
    return "The message in Slack" if invitation.channel is ChannelKind.SLACK else "The mail"


def _who(invitation: Invitation) -> str:
    return "Slack" if invitation.channel is ChannelKind.SLACK else "the mail server"


def _tell(verdict: Verdict, project: str, zone: tzinfo) -> str:
    detailed = _DETAILS.get(verdict.reason)
    found = detailed(verdict.saw, project, zone) if detailed else None
    return found or tell_reason(verdict.reason)


def _stale(saw: Mapping[str, Any], project: str, zone: tzinfo) -> str | None:
    within = timedelta(seconds=saw["max_age_s"])
    return f"It was too long ago by the time it was looked at: the survey asks within {_span(within)}."


def _filter(saw: Mapping[str, Any], project: str, zone: tzinfo) -> str | None:
    if "path" not in saw:
        return None
    asks_when = _OPERATOR_WORDS.get(saw["operator"], saw["operator"])
    return (
        f"The survey asks about other cases: {saw['path']} was {saw['found']}, "
        f"and it asks when that {asks_when} {saw['wanted']}."
    )


def _opted_out(saw: Mapping[str, Any], project: str, zone: tzinfo) -> str | None:
    match saw.get("scope"):
        case OptOutScope.PROJECT:
            return f"You wanted no surveys about {project}."
        case OptOutScope.CHANNEL:
            return f"You wanted no surveys by {show_channel(saw['value'])}."
    return None


def _snoozed(saw: Mapping[str, Any], project: str, zone: tzinfo) -> str | None:
    until = saw.get("snoozed_until")
    return f"You wanted no surveys before {show_day(datetime.fromisoformat(until), zone)}." if until else None


def _cooldown(what: str) -> "_Detail":
    def tell(saw: Mapping[str, Any], project: str, zone: tzinfo) -> str | None:
        if saw.get("invited_at") is None:
            return None
        asked_at = datetime.fromisoformat(saw["invited_at"])
        free_at = asked_at + timedelta(seconds=saw["cooldown_s"])
        return (
            f"You had been asked {what} on {show_day(asked_at, zone)}, "
            f"and are not asked again before {show_day(free_at, zone)}."
        )

    return tell


def _not_sampled(saw: Mapping[str, Any], project: str, zone: tzinfo) -> str | None:
    when = "in these 30 days " if saw.get("unit", "person_period") == "person_period" else ""
    return f"This survey asks {saw['rate']:.0%} of the people, and {when}you are not among them."


def _no_channel(saw: Mapping[str, Any], project: str, zone: tzinfo) -> str | None:
    if "failed_at" not in saw:
        return None
    failed_at = show_time(datetime.fromisoformat(saw["failed_at"]), zone)
    return f"The last message to you could not be delivered on {failed_at}, so none was tried for a day."


def _span(span: timedelta) -> str:
    minutes = span.total_seconds() / 60
    for unit, length in (("days", 1_440), ("hours", 60)):
        if minutes >= 2 * length:
            return f"{minutes / length:g} {unit}"
    return f"{minutes:g} minutes"


_OPERATOR_WORDS = {
    "eq": "is",
    "ne": "is not",
    "in": "is one of",
    "gt": "is over",
    "gte": "is at least",
    "lt": "is below",
    "lte": "is at most",
    "exists": "is there:",
}

_Detail = Callable[[Mapping[str, Any], str, tzinfo], str | None]

_DETAILS: dict[Reason, _Detail] = {
    Reason.STALE_EVENT: _stale,
    Reason.FILTER: _filter,
    Reason.OPTED_OUT: _opted_out,
    Reason.SNOOZED: _snoozed,
    Reason.SURVEY_COOLDOWN: _cooldown("this survey"),
    Reason.PROJECT_COOLDOWN: _cooldown("about this tool"),
    Reason.GLOBAL_COOLDOWN: _cooldown("a survey"),
    Reason.NOT_SAMPLED: _not_sampled,
    Reason.NO_CHANNEL: _no_channel,
}
"""Sentences with the numbers that the rule saw; None when it kept none."""
