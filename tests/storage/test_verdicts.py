"""Does the ledger's text give back what it was made of, in few bytes?"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.domain.people.preference import QuietHours
from afterword.domain.survey.policy import Cap, Policy, Quota, Repeat
from afterword.domain.throttle.eligibility import decide
from afterword.domain.throttle.facts import Facts, Verdict
from afterword.domain.throttle.reason import Reason
from afterword.storage.verdicts import SAW, dump_verdicts, parse_verdicts
from tests.domain.throttle.throttle_facts import DAY, GOOD, NOW, OPT_OUT, TEST, ana, asked, of_survey

USUAL_CHARS_MAX = 256
"""Of a skip under the default policy; a year of a thousand a day is 90 MB."""

BUILD = frozenset({"build"})
STRICT = Policy(
    min_tenure=DAY,
    holdout=0.1,
    repeat=Repeat.ONCE,
    group_caps={"build": Cap(1, DAY)},
    quota=Quota(10),
    daily_max=1,
)

numbers = (
    st.none() | st.booleans() | st.integers(-9, 10**9) | st.floats(allow_nan=False, allow_infinity=False)
)
values = numbers | st.text('ab "\\{é\n', max_size=9)


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    reason = draw(st.sampled_from([one for one in Reason if one > Reason.INVITED_TEST]))
    known = SAW.get(reason, ())
    first = {key: draw(values) for key in known[: draw(st.integers(0, len(known)))]}
    other = draw(st.dictionaries(st.sampled_from([*known, "metadata", "zone"]), values, max_size=3))
    return Verdict(reason, draw(st.booleans()), draw(st.sampled_from([first, other])))


@given(st.lists(verdicts()))
def test_what_is_written_is_read_again(some: list[Verdict]) -> None:
    assert list(parse_verdicts(dump_verdicts(some))) == some


@pytest.mark.parametrize(
    ("facts", "policy"),
    [
        (GOOD, Policy()),
        (TEST, Policy()),
        (replace(GOOD, person=ana(asked=[asked(3 * DAY)]), survey=of_survey(tags=BUILD, slot=DAY)), STRICT),
        (replace(GOOD, person=ana(opt_out=OPT_OUT, snoozed_until=NOW), count_wanted=2), Policy()),
        (replace(GOOD, waits=timedelta(hours=9), person=ana(quiet=QuietHours(0, 60))), Policy()),
    ],
)
def test_every_rule_tells_what_it_saw_by_the_place(facts: Facts, policy: Policy) -> None:
    assert "{" not in dump_verdicts(decide(facts, policy, NOW).verdicts)


def test_a_usual_row_is_short() -> None:
    assert len(dump_verdicts(decide(GOOD, Policy(), NOW).verdicts)) < USUAL_CHARS_MAX


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ('[11,1,{"age_s":2.0}]', Verdict(Reason.STALE_EVENT, True, {"age_s": 2.0})),
        ('[43,0,{"cooldown_s":9}]', Verdict(Reason.PROJECT_COOLDOWN, False, {"cooldown_s": 9})),
        ("[22,0]", Verdict(Reason.FILTER, False)),
        ("[80,0]", Verdict(Reason.NO_CHANNEL, False)),
        ("31", Verdict(Reason.BOT, True)),
    ],
)
def test_a_row_of_before_is_read(row: str, verdict: Any) -> None:
    assert parse_verdicts(f"[{row}]") == (verdict,)
