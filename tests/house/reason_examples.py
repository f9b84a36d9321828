"""An example of each reason, as the product keeps and prints it; docs/reference/reasons.md shows them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from afterword.cli.event import show_invitation, show_outcome, show_verdict
from afterword.domain.invitation import CANCELLED, EXPIRED, INELIGIBLE_AT_SEND, InvitationState
from afterword.domain.people.preference import ChannelKind
from afterword.domain.throttle.facts import Verdict
from afterword.domain.throttle.reason import Reason
from afterword.storage.invitations import Invitation

_ASKED = "2026-11-02T09:30:00Z"
_MOMENT = datetime.fromisoformat(_ASKED)

EXAMPLES: dict[Reason, Mapping[str, Any]] = {
    Reason.STALE_EVENT: {"age_s": 172_800.0, "max_age_s": 1_800.0},
    Reason.SURVEY_NOT_LIVE: {"state": "scheduled"},
    Reason.FILTER: {"path": "environment", "operator": "eq", "wanted": '"production"', "found": '"staging"'},
    Reason.COUNT: {"count": 2, "wanted": 3, "came_after": None},
    Reason.AUDIENCE: {"path": "teams"},
    Reason.TENURE: {"tenure_s": 259_200, "min_tenure_s": 604_800.0},
    Reason.OPTED_OUT: {"is_tester": False, "scope": "all", "value": "", "since": _ASKED},
    Reason.SNOOZED: {"is_tester": False, "snoozed_until": "2026-12-01T00:00:00Z"},
    Reason.HOLDOUT: {"draw": 0.0312, "holdout": 0.05},
    Reason.OPEN_INVITATION: {"open": 1, "max_open": 1},
    Reason.REPEAT_EXHAUSTED: {"shown": 3, "shows_max": 3, "has_answered": False},
    Reason.SURVEY_COOLDOWN: {"invited_at": _ASKED, "cooldown_s": 7_776_000.0, "outcome": "answered"},
    Reason.PROJECT_COOLDOWN: {"invited_at": _ASKED, "cooldown_s": 2_592_000.0, "outcome": None},
    Reason.GROUP_CAP: {"tag": "nps", "exposures": 1, "cap": 1, "window_s": 7_776_000.0},
    Reason.GLOBAL_COOLDOWN: {"invited_at": _ASKED, "cooldown_s": 1_209_600.0, "outcome": "dismissed"},
    Reason.PERSON_CAP: {"exposures": 2, "cap": 2, "window_s": 2_592_000.0},
    Reason.BACKOFF: {"ignored": 2, "factor": 4, "free_at": "2027-03-02T09:30:00Z"},
    Reason.QUOTA_FULL: {"cell": "Berlin", "quota": 10, "response_rate": 0.5, "responses": 9, "open": 2},
    Reason.PACING: {"slot_s": 43_200.0, "responses": 0, "open": 1},
    Reason.DAILY_MAX: {"invitations": 20, "per_day_max": 20},
    Reason.NOT_SAMPLED: {"draw": 0.8312, "rate": 0.25, "unit": "person_period"},
    Reason.LOWER_PRIORITY: {"invited_survey": "quarterly-nps"},
    Reason.NO_CHANNEL: {"failed_at": _ASKED},
    Reason.DEFERRED: {
        "until": "2026-11-03T08:00:00Z",
        "zone": "Europe/Berlin",
        "zone_origin": "team",
    },
    Reason.OUTSIDE_WINDOW: {
        "opens_at": "2026-11-09T08:00:00Z",
        "defer_max_s": 14_400.0,
        "zone": "Europe/Berlin",
        "zone_origin": "person",
    },
    Reason.PAUSED: {"paused": "organisation"},
    Reason.TEST_CAPPED: {"test_invitations": 10, "per_hour_max": 10},
}
"""What a rule saw; rules that are not here see nothing beyond their name."""

OUTCOMES = (Reason.INVITED, Reason.INVITED_TEST, Reason.NO_MATCHING_SURVEY)
"""What is no rule's verdict: how a decision, or an event, ended."""

INVITATIONS: dict[Reason, Mapping[str, Any]] = {
    Reason.CANCELLED: {"state": InvitationState.CANCELLED, "last_error": CANCELLED, "cancelled_by": 41},
    Reason.EXPIRED: {"last_error": EXPIRED},
    Reason.DELIVERY_FAILED: {
        "last_error": "550 5.1.1 mailbox unavailable",
        "channel": ChannelKind.EMAIL,
        "failed_at": _MOMENT,
    },
    Reason.INELIGIBLE_AT_SEND: {"last_error": INELIGIBLE_AT_SEND},
}
"""What befalls an invitation: what is kept of it."""
_FAILED = Invitation(
    id=7,
    survey_id=1,
    survey_version=1,
    person_id=1,
    event_id=40,
    is_test=False,
    state=InvitationState.FAILED,
    message_id="m",
    created_at=_MOMENT,
    expires_at=_MOMENT,
    sent_at=None,
    opened_at=None,
    last_error=None,
)


def show_example(reason: Reason) -> str:
    """The line in which ``afterword event explain`` shows a reason."""
    if reason in OUTCOMES:
        return show_outcome(reason)
    if reason in INVITATIONS:
        return next(show_invitation(replace(_FAILED, **INVITATIONS[reason]), None))
    return show_verdict(Verdict(reason, passed=False, saw=EXAMPLES.get(reason, {})))
