"""timestamp: when the event occurred, as the sender's clock said."""

import time
from datetime import datetime
from typing import Any

import pytest

from tests.contract.cases import (
    OCCURRED,
    Accepted,
    Outcome,
    Refused,
    as_form,
    as_json,
    check_stored,
    full_width,
    params,
    raw_json,
    send_all,
)
from tests.contract.shape import assert_accepted, assert_refused
from tests.support.project import FORM, Project

DAY_S = 86_400
MARGIN_S = 60

TEXTS: dict[str, float] = {
    f"{OCCURRED}": OCCURRED,
    "1": 1,
    "9": 9,
    "10": 10,
    "100000": 100_000,
    "999999999": 999_999_999,
    "1.5": 1.5,
    f"{OCCURRED}.0": OCCURRED,
    f"{OCCURRED}.5": OCCURRED + 0.5,
    f"{OCCURRED}.25": OCCURRED + 0.25,
    f"{OCCURRED}.125": OCCURRED + 0.125,
    f"{OCCURRED}.123456": OCCURRED + 0.123456,
    f"{OCCURRED}.000000001": OCCURRED,
    f"{OCCURRED}.123456789": OCCURRED + 0.123456,
    f"{OCCURRED}.000000000": OCCURRED,
}
BLANKS = {
    "space-before": f" {OCCURRED}",
    "space-after": f"{OCCURRED} ",
    "spaces-around": f"   {OCCURRED}   ",
    "tab-around": f"\t{OCCURRED}\t",
    "blanks-around-a-fraction": f" {OCCURRED}.5 ",
}

ACCEPTED = [
    *(Accepted(f"text-{text}", as_json(timestamp=text), {"at": at}) for text, at in TEXTS.items()),
    *(Accepted(f"number-{text}", raw_json(timestamp=text), {"at": at}) for text, at in TEXTS.items()),
    *(Accepted(f"form-{text}", as_form(timestamp=text), {"at": at}, FORM) for text, at in TEXTS.items()),
    *(Accepted(name, as_json(timestamp=text)) for name, text in BLANKS.items()),
    *(Accepted(f"form-{name}", as_form(timestamp=text), content_type=FORM) for name, text in BLANKS.items()),
]


@pytest.fixture(scope="module")
def outcomes(roomy: Project) -> dict[str, Outcome]:
    """All good timestamps, sent once."""
    plain = [Accepted(case.id, case.body, content_type=case.content_type) for case in ACCEPTED]
    return send_all(roomy, plain)


@pytest.mark.parametrize("case", params(ACCEPTED))
def test_digits_with_an_optional_fraction_are_taken_as_text_or_number(
    outcomes: dict[str, Outcome], case: Accepted
) -> None:
    event = check_stored(outcomes, Accepted(case.id, case.body))
    if "at" in case.expect:
        assert seconds_of(event["occurred_at"]) == pytest.approx(case.expect["at"], abs=2e-6)


def seconds_of(moment: str) -> float:
    """Read a time of ``event list``; it must say its zone."""
    parsed = datetime.fromisoformat(moment)
    assert parsed.tzinfo is not None, moment
    return parsed.timestamp()


def test_occurred_at_is_the_senders_time_and_received_at_is_ours(project: Project) -> None:
    before = time.time()
    assert_accepted(project.post(as_json(timestamp=str(OCCURRED))))
    (event,) = project.events()
    assert seconds_of(event["occurred_at"]) == OCCURRED
    assert before - 1 <= seconds_of(event["received_at"]) <= time.time() + 1


@pytest.mark.parametrize("days", [1, 30, 365, 3650, 20_000])
def test_an_event_of_days_ago_is_stored(roomy: Project, days: int) -> None:
    assert_accepted(roomy.post(as_json(timestamp=str(int(time.time()) - days * DAY_S))))


@pytest.mark.parametrize("ahead_s", [0, 60, 3600, DAY_S - MARGIN_S])
def test_a_clock_that_is_up_to_24_h_ahead_is_taken(roomy: Project, ahead_s: int) -> None:
    assert_accepted(roomy.post(as_json(timestamp=str(int(time.time()) + ahead_s))))


@pytest.mark.parametrize("ahead_s", [DAY_S + MARGIN_S, 2 * DAY_S, 365 * DAY_S])
@pytest.mark.parametrize("as_number", [False, True], ids=["text", "number"])
def test_more_than_24_h_in_the_future_is_refused(unstored: Project, ahead_s: int, as_number: bool) -> None:
    moment = int(time.time()) + ahead_s
    reply = unstored.post(as_json(timestamp=moment if as_number else str(moment)))
    assert_refused(reply, 422, "invalid_arguments", "timestamp", "future")


MILLISECONDS = [f"{OCCURRED}000", f"{OCCURRED}123", "1795431941123", f" {OCCURRED}000 "]


@pytest.mark.parametrize("text", MILLISECONDS)
@pytest.mark.parametrize("as_number", [False, True], ids=["text", "number"])
def test_milliseconds_are_refused_and_the_message_says_so(
    unstored: Project, text: str, as_number: bool
) -> None:
    body = raw_json(timestamp=text) if as_number else as_json(timestamp=text)
    assert_refused(
        unstored.post(body), 422, "invalid_arguments", "timestamp", "millisecond", "second", sent=body
    )


WRONG_TEXTS = [
    "0",
    "00",
    "01680723287",
    "0.5",
    ".5",
    "1680723287.",
    "1680723287.1234567890",
    "1680723287..5",
    "1680723287.5.5",
    "1680723287,5",
    "1,680,723,287",
    "1_680_723_287",
    "1680723287_",
    "+1680723287",
    "-1680723287",
    "-1",
    "- 1680723287",
    "1680723287-",
    "1e9",
    "1E9",
    "1.680723287e9",
    "1680723287e0",
    "0x642dcb57",
    "0b1",
    "642dcb57",
    "16807 23287",
    "1680723287 UTC",
    "1680723287s",
    "1680723287Z",
    "1680723287\u00a0",
    "\u30001680723287",
    "\u20071680723287",
    "\ufeff1680723287",
    "1680723287\x00",
    full_width("1680723287"),
    "168072328" + full_width("7"),
    "١٦٨٠٧٢٣٢٨٧",
    "१६८०७२३२८७",
    "1680723287²",
    "①",
    "2023-04-05T19:34:47Z",
    "2023-04-05T19:34:47.123+02:00",
    "2023-04-05",
    "20230405T193447Z",
    "Wed, 05 Apr 2023 19:34:47 GMT",
    "now",
    "NaN",
    "Infinity",
    "-Infinity",
    "inf",
    "true",
    "null",
    "None",
    "undefined",
    "$(date +%s)",
    "{timestamp}",
    "168072328700",
    "1680723287000000",
    "1680723287000000000",
    "99999999999",
    "9" * 200,
    '"1680723287"',
    "[1680723287]",
]
WRONG_RAW = [
    "0",
    "-0",
    "0.5",
    "-1",
    "-1680723287",
    "-1680723287.5",
    "1e9",
    "1E9",
    "1e+9",
    "1.680723287e9",
    "1680723287e0",
    "16807232870e-1",
    "1680723287.1234567890",
    "99999999999",
    "168072328700",
    "1680723287000000",
    "9" * 200,
    "9" * 200 + ".0",
    "true",
    "false",
    "null",
    "[]",
    "[1680723287]",
    "{}",
    '{"seconds":1680723287}',
    '""',
    '" "',
    '"\\u0000"',
]
REFUSED = [
    *(
        Refused(f"text-{n}-{text[:30]}", as_json(timestamp=text), says=("timestamp",))
        for n, text in enumerate(WRONG_TEXTS)
    ),
    *(
        Refused(f"raw-{n}-{text[:30]}", raw_json(timestamp=text), says=("timestamp",))
        for n, text in enumerate(WRONG_RAW)
    ),
    *(
        Refused(f"form-{n}-{text[:30]}", as_form(timestamp=text), says=("timestamp",), content_type=FORM)
        for n, text in enumerate(WRONG_TEXTS)
    ),
]


@pytest.mark.parametrize("case", params(REFUSED))
def test_any_other_timestamp_is_invalid_arguments(unstored: Project, case: Refused) -> None:
    case.check(unstored)


def test_the_documented_example_is_taken(roomy: Project) -> None:
    example: dict[str, Any] = {
        "name": "your.event",
        "email": "your.email@example.com",
        "timestamp": "1680723287",
    }
    assert_accepted(roomy.track(example))
