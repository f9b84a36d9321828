"""Does every decision read as a sentence to the person it is about?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from afterword.domain.invitation import InvitationState
from afterword.domain.throttle.facts import Verdict
from afterword.domain.throttle.reason import Reason
from afterword.flows.invitations import tell_person
from afterword.flows.invitations.tell_person import tell_delivery, tell_invited, tell_reason, tell_skipped
from afterword.flows.throttle import explain_reason
from afterword.storage.decisions import Entry
from afterword.storage.events import StoredEvent
from afterword.storage.invitations import Invitation

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
ENTRY = Entry(
    event_id=1,
    survey_id=1,
    survey_key="build-cli",
    survey_version=1,
    person_id=1,
    is_test=False,
    reason=Reason.FILTER,
    verdicts=(),
    draw=0.5,
    probability=0.25,
    decided_at=NOW,
)
EVENT = StoredEvent(
    id=1,
    project_id=1,
    name="build.finished",
    occurred_at=NOW,
    received_at=NOW,
    email=None,
    github_username=None,
    gitlab_username=None,
    metadata=None,
    is_test=False,
    person_id=1,
    person_email=None,
)
INVITATION = Invitation(
    id=1,
    survey_id=1,
    survey_version=1,
    person_id=1,
    event_id=1,
    is_test=False,
    state=InvitationState.QUEUED,
    message_id="m",
    created_at=NOW,
    expires_at=NOW + timedelta(days=3),
    sent_at=None,
    opened_at=None,
    last_error=None,
)


def told(reason: Reason, **saw: Any) -> str:
    entry = replace(ENTRY, reason=reason, verdicts=(Verdict(reason, passed=False, saw=saw),))
    (sentence,) = tell_skipped(entry, "Build CLI", BERLIN)
    return sentence


def test_every_reason_that_staff_are_told_is_told_to_the_person() -> None:
    asked = {Reason.INVITED, Reason.INVITED_TEST, Reason.NO_MATCHING_SURVEY, Reason.DEFERRED}
    # What befalls an invitation is told with it.
    asked |= {Reason.EXPIRED, Reason.DELIVERY_FAILED, Reason.INELIGIBLE_AT_SEND}
    assert tell_person._SENTENCES.keys() == explain_reason._SENTENCES.keys() - asked


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_without_numbers_is_a_sentence(reason: Reason) -> None:
    sentence = tell_reason(reason)
    assert sentence[0].isupper()
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("reason", "saw", "sentence"),
    [
        (Reason.STALE_EVENT, {"age_s": 9e3, "max_age_s": 7_200.0}, "the survey asks within 2 hours."),
        (
            Reason.FILTER,
            {"path": "outcome", "operator": "eq", "wanted": '"failed"', "found": '"ok"'},
            'outcome was "ok", and it asks when that is "failed".',
        ),
        (Reason.FILTER, {}, "The survey asks about other cases than this one."),
        (Reason.OPTED_OUT, {}, "You wanted no surveys."),
        (Reason.OPTED_OUT, {"scope": "all", "value": ""}, "You wanted no surveys."),
        (Reason.OPTED_OUT, {"scope": "project", "value": "1"}, "You wanted no surveys about Build CLI."),
        (Reason.OPTED_OUT, {"scope": "channel", "value": "email"}, "You wanted no surveys by e-mail."),
        (Reason.SNOOZED, {"snoozed_until": "2026-03-09T23:00:00+00:00"}, "no surveys before 10 March 2026."),
        (
            Reason.SURVEY_COOLDOWN,
            {"invited_at": "2026-03-01T23:30:00+00:00", "cooldown_s": 864_000.0},
            "asked this survey on 2 March 2026, and are not asked again before 12 March 2026.",
        ),
        (
            Reason.NO_CHANNEL,
            {"failed_at": "2026-03-01T12:00:00+00:00"},
            "delivered on 1 March 2026, 13:00 CET",
        ),
        (Reason.NOT_SAMPLED, {"draw": 0.5, "rate": 0.25}, "This survey asks 25% of the people"),
    ],
)
def test_a_reason_is_told_with_its_numbers(reason: Reason, saw: dict[str, Any], sentence: str) -> None:
    assert sentence in told(reason, **saw)


def test_the_lowest_code_is_told_first_and_what_passed_is_not() -> None:
    verdicts = (
        Verdict(Reason.NO_CHANNEL, passed=False),
        Verdict(Reason.BOT, passed=True),
        Verdict(Reason.INACTIVE, passed=False),
    )
    said = tell_skipped(replace(ENTRY, verdicts=verdicts), "Build CLI", BERLIN)
    assert said == [tell_reason(Reason.INACTIVE), tell_reason(Reason.NO_CHANNEL)]


def test_a_draw_that_fell_on_somebody_is_told() -> None:
    said = tell_invited(ENTRY, EVENT, "Build CLI", BERLIN)
    assert "because of build.finished in Build CLI on 2 March 2026, 13:00 CET." in said
    assert "The survey asks 25% of the people, and the draw fell on you." in said


def test_a_test_event_is_told_as_one() -> None:
    assert "sent a test event" in tell_invited(replace(ENTRY, is_test=True), EVENT, "Build CLI", BERLIN)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "waiting to be sent"),
        ({"state": InvitationState.SENDING}, "waiting to be sent"),
        ({"state": InvitationState.SENT, "sent_at": NOW}, "The mail went out on 2 March 2026, 13:00 CET."),
        ({"state": InvitationState.UNCERTAIN}, "may have reached you"),
        ({"state": InvitationState.UNCERTAIN, "opened_at": NOW}, "You opened it on 2 March 2026, 13:00 CET."),
        ({"state": InvitationState.FAILED, "last_error": "expired"}, "too late"),
        ({"state": InvitationState.FAILED, "last_error": "ineligible_at_send"}, "is gone"),
        ({"state": InvitationState.FAILED, "ended_reason": Reason.SNOOZED}, "not sent. You wanted a pause."),
        ({"state": InvitationState.FAILED, "ended_reason": Reason.NO_CHANNEL}, "There was no way"),
        ({"state": InvitationState.CANCELLED, "last_error": "cancelled"}, "made the question pointless"),
        ({"state": InvitationState.CANCELLED, "last_error": "merged"}, "another one to you was waiting"),
        ({"state": InvitationState.FAILED, "last_error": "SMTP: refused with 550"}, "could not be delivered"),
    ],
)
def test_what_became_of_an_invitation_is_told_without_words_of_machines(
    changes: dict[str, Any], sentence: str
) -> None:
    said = tell_delivery(replace(INVITATION, **changes), BERLIN)
    assert sentence in said
    assert "SMTP" not in said
