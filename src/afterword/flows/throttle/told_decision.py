"""How is a decision of the ledger told to programs?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from afterword.domain.throttle.eligibility import Decision, Invite
from afterword.domain.throttle.facts import Verdict
from afterword.domain.throttle.reason import Reason
from afterword.flows.throttle.explain_event import Explanation
from afterword.flows.throttle.explain_invitation import show_life
from afterword.flows.throttle.explain_person import PersonExplanation
from afterword.flows.throttle.explain_reason import explain_reason, explain_verdict
from afterword.storage.decisions import Entry
from afterword.storage.invitations import Invitation


class ToldRule(Struct, kw_only=True):
    """
    What one rule said.

    Attributes:
        code, name: The rule is named after what it refuses.
        saw: The numbers and words that it looked at, by their names.
        text: The same for people; empty when there is nothing to say beyond its name.
    """

    code: int
    name: str
    passed: bool
    saw: dict[str, Any]
    text: str


class ToldDecision(Struct, kw_only=True):
    """
    What was decided about one event and one survey.

    Attributes:
        user_id: None = the directory did not know who did it, or they were erased.
        policy_id: The last policy of any level when it was decided; 0 = there was none.
        code, reason: The first rule that failed, or that it asked.
        text: The same for people.
        draw: u, drawn evenly from 0 to 1; who is below ``probability`` is asked.
        probability: π, the share of the eligible who are asked, by which answers are weighted.
    """

    event_id: str
    survey: str
    survey_version: int
    policy_id: int
    user_id: str | None
    is_test: bool
    invited: bool
    code: int
    reason: str
    text: str
    draw: float
    probability: float
    decided_at: datetime
    rules: list[ToldRule]


def tell_decision(entry: Entry) -> ToldDecision:
    """A decision of the ledger, for programs."""
    return ToldDecision(
        event_id=str(entry.event_id),
        survey=entry.survey_key,
        survey_version=entry.survey_version,
        policy_id=entry.policy_id,
        user_id=None if entry.person_id is None else str(entry.person_id),
        is_test=entry.is_test,
        invited=entry.invited,
        **_reason(entry.reason),
        draw=entry.draw,
        probability=entry.probability,
        decided_at=entry.decided_at,
        rules=_rules(entry.verdicts),
    )


def tell_event(found: Explanation) -> dict[str, Any]:
    """What became of an event: its outcome, each decision with all rules, and the invitations."""
    keys = {entry.survey_id: entry.survey_key for entry in found.entries}
    return {
        "progress": found.progress,
        "outcome": None if found.reason is None else _reason(found.reason),
        "names": found.names,
        "meaning": found.meaning,
        "decisions": [tell_decision(entry) for entry in found.entries],
        "invitations": [
            _invitation(one, keys.get(one.survey_id), found.held_back.get(one.id))
            for one in found.invitations
        ],
    }


def tell_person(found: PersonExplanation) -> dict[str, Any]:
    """What was decided about a person and a survey, the newest first, and what would be now."""
    person, survey = found.person, found.survey
    return {
        "person": {"id": str(person.id), "name": person.name, "email": person.email},
        "survey": survey.key,
        "state": found.phase,
        "decisions": [tell_decision(entry) for entry in found.entries],
        "invitations": [
            _invitation(one, survey.key, found.held_back.get(one.id)) for one in found.invitations.values()
        ],
        "now": None if found.now is None else _decided(found.now),
    }


def _decided(decision: Decision) -> dict[str, Any]:
    return {
        "invited": isinstance(decision, Invite),
        **_reason(decision.reason),
        "draw": decision.draw,
        "probability": decision.probability,
        "rules": _rules(decision.verdicts),
    }


def _invitation(one: Invitation, survey_key: str | None, waits_until: datetime | None) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "event_id": str(one.event_id),
        "survey": survey_key,
        "is_test": one.is_test,
        "state": one.state,
        "channel": one.channel,
        "outcome": one.outcome,
        "last_error": one.last_error,
        "ended": None if one.ended_reason is None else _reason(one.ended_reason),
        "cancelled_by": None if one.cancelled_by is None else str(one.cancelled_by),
        "waits_until": waits_until,
        "text": show_life(one, waits_until),
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {"code": reason.value, "reason": reason.label, "text": explain_reason(reason)}


def _rules(verdicts: Sequence[Verdict]) -> list[ToldRule]:
    return [
        ToldRule(
            code=one.reason.value,
            name=one.reason.label,
            passed=one.passed,
            saw=dict(one.saw),
            text=explain_verdict(one),
        )
        for one in verdicts
    ]
