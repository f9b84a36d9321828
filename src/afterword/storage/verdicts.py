"""How are the verdicts of the ledger written, in few bytes?"""

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from afterword.domain.throttle.facts import Saw, Verdict
from afterword.domain.throttle.reason import Reason

SAW = {
    Reason.STALE_EVENT: ("age_s", "max_age_s"),
    Reason.FUTURE_EVENT: ("age_s",),
    Reason.SURVEY_NOT_LIVE: ("state",),
    Reason.COUNT: ("count", "wanted", "came_after"),
    Reason.AUDIENCE: ("path",),
    Reason.TENURE: ("tenure_s", "min_tenure_s"),
    Reason.OPTED_OUT: ("is_tester", "scope", "value", "since"),
    Reason.SNOOZED: ("is_tester", "snoozed_until"),
    Reason.HOLDOUT: ("draw", "holdout"),
    Reason.OPEN_INVITATION: ("open", "max_open"),
    Reason.REPEAT_EXHAUSTED: ("shown", "shows_max", "has_answered"),
    Reason.SURVEY_COOLDOWN: ("invited_at", "cooldown_s", "outcome"),
    Reason.PROJECT_COOLDOWN: ("invited_at", "cooldown_s", "outcome"),
    Reason.GLOBAL_COOLDOWN: ("invited_at", "cooldown_s", "outcome"),
    Reason.GROUP_CAP: ("tag", "exposures", "cap", "window_s"),
    Reason.PERSON_CAP: ("exposures", "cap", "window_s"),
    Reason.BACKOFF: ("ignored", "factor", "free_at"),
    Reason.QUOTA_FULL: ("quota", "response_rate", "responses", "open", "cell"),
    Reason.PACING: ("slot_s", "responses", "open", "behind"),
    Reason.DAILY_MAX: ("invitations", "per_day_max"),
    Reason.NOT_SAMPLED: ("draw", "rate", "unit"),
    Reason.LOWER_PRIORITY: ("invited_survey",),
    Reason.NO_CHANNEL: ("tried",),
    Reason.DEFERRED: ("until", "zone", "zone_origin"),
    Reason.OUTSIDE_WINDOW: ("opens_at", "defer_max_s", "zone", "zone_origin"),
    Reason.PAUSED: ("paused",),
    Reason.TEST_CAPPED: ("test_invitations", "per_hour_max"),
}
"""
What each rule looks at, in the order in which it is written. Rows tell it by the place: an order stays,
and what is new comes last.
"""


def dump_verdicts(verdicts: Iterable[Verdict]) -> str:
    """
    Verdicts → text, as short as it can be: most decisions are skips that nobody will ever look at.

    A rule is its code, negative when it said no; with what it saw, a list of the code and the values in the
    order of SAW, as far as there are any. What stands elsewhere than in SAW comes by name.
    """
    return _encode([_dump(verdict) for verdict in verdicts]).decode()


def parse_verdicts(text: str) -> tuple[Verdict, ...]:
    """The text of a row → its verdicts."""
    return tuple(_parse(row) for row in json.loads(text))


_OLD_VALUES = 2
"""Rows of before said whether the rule passed, as 1 or 0, and then what it saw, by name."""

_OLD_BARE = frozenset(Reason).difference(SAW) | {Reason.NO_CHANNEL}
"""Rules that said no in rows of before and told nothing: such a row is the code and 0."""

_encode = msgspec.json.Encoder().encode


def _dump(verdict: Verdict) -> Any:
    code = verdict.reason.value if verdict.passed else -verdict.reason.value
    if not verdict.saw:
        return code
    keys = [key for key in SAW.get(verdict.reason, ()) if key in verdict.saw]
    if len(keys) < len(verdict.saw) or keys != list(SAW[verdict.reason][: len(keys)]):
        return [code, dict(verdict.saw)]
    return [code, *(_shorten(verdict.saw[key]) for key in keys)]


def _shorten(value: Any) -> Any:
    is_whole = isinstance(value, float) and value.is_integer()
    return int(value) if is_whole else value


def _parse(row: Any) -> Verdict:
    code, *values = row if isinstance(row, list) else [row]
    reason = Reason(abs(code))
    if len(values) == _OLD_VALUES and isinstance(values[1], dict):
        return Verdict(reason, bool(values[0]), values[1])
    if values == [0] and reason in _OLD_BARE:
        return Verdict(reason, passed=False)
    saw: Saw = {}
    if len(values) == 1 and isinstance(values[0], dict):
        saw = values[-1]
    elif values:
        saw = dict(zip(SAW.get(reason, ()), values, strict=False))
    return Verdict(reason, code > 0, saw)
