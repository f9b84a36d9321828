"""Does an invitation's life read in the order in which it went?"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from afterword.domain.invitation import CANCELLED, MERGED, InvitationState
from afterword.domain.people.preference import ChannelKind
from afterword.domain.throttle.facts import Outcome
from afterword.flows.throttle.explain_invitation import show_life
from afterword.storage.invitations import Invitation
from tests.storage.support import DAY, HOUR, START

SENT = InvitationState.SENT
ON_ITS_WAY = {"state": SENT, "sent_at": START}


def invitation(**changes: Any) -> Invitation:
    values = {
        "id": 1,
        "survey_id": 1,
        "survey_version": 1,
        "person_id": 1,
        "event_id": 1,
        "is_test": False,
        "state": InvitationState.QUEUED,
        "message_id": "m",
        "created_at": START,
        "expires_at": START + 3 * DAY,
        "sent_at": None,
        "opened_at": None,
        "last_error": None,
    }
    return Invitation(**(values | changes))


def at(later: timedelta = timedelta()) -> str:
    return f"{START + later:%Y-%m-%d %H:%M} UTC"


@pytest.mark.parametrize(
    ("changes", "until", "said"),
    [
        ({}, None, "queued"),
        (
            {},
            START + HOUR,
            f"queued until {at(HOUR)}, when trigger, hours for mails and quiet hours allow it",
        ),
        ({"last_error": "451 busy"}, None, "queued (451 busy)"),
        ({"opened_at": START, "outcome": Outcome.ANSWERED, "outcome_at": START + HOUR}, None,
            f"queued, opened {at()}, answered {at(HOUR)}"),
        ({"state": InvitationState.CANCELLED, "last_error": CANCELLED, "cancelled_by": 41}, None,
            "cancelled by event 41"),
        ({"state": InvitationState.CANCELLED, "last_error": MERGED}, None, "cancelled (merged)"),
        ({"state": InvitationState.FAILED, "last_error": "550 no", "failed_at": START}, None,
            f"failed {at()} (550 no)"),
        ({"state": InvitationState.UNCERTAIN}, None, "uncertain"),
        (ON_ITS_WAY, None, f"sent {at()}"),
        (ON_ITS_WAY | {"channel": ChannelKind.SLACK}, None, f"sent by Slack {at()}"),
        (
            {"state": InvitationState.FAILED, "channel": ChannelKind.EMAIL, "last_error": "550 no"},
            None,
            "failed by e-mail (550 no)",
        ),
        (
            ON_ITS_WAY
            | {"reminded_at": START + DAY, "outcome": Outcome.SNOOZED, "outcome_at": START + 2 * DAY},
            None,
            f"sent {at()}, reminded {at(DAY)}, snoozed {at(2 * DAY)}",
        ),
        (ON_ITS_WAY | {"opened_at": START + HOUR, "reminded_at": START + DAY}, None,
            f"sent {at()}, opened {at(HOUR)}, reminded {at(DAY)}"),
        (ON_ITS_WAY | {"opened_at": START + DAY, "reminded_at": START + HOUR}, None,
            f"sent {at()}, reminded {at(HOUR)}, opened {at(DAY)}"),
        (ON_ITS_WAY | {"opened_at": START, "outcome": Outcome.ANSWERED}, None,
            f"sent {at()}, opened {START:%Y-%m-%d}, answered"),
        (ON_ITS_WAY | {"late_at": START + 4 * DAY}, None,
            f"sent {at()}, answered too late {START + 4 * DAY:%Y-%m-%d}"),
    ],
)  # fmt: skip
def test_it_is_told_step_by_step(changes: dict[str, Any], until: datetime | None, said: str) -> None:
    assert show_life(invitation(**changes), until) == said
