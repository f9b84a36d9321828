"""test_data: a switch that marks an event as test data."""

from typing import Any

import pytest

from tests.contract.cases import (
    ABSENT,
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
from tests.support.project import FORM, Project

ON: list[Any] = [True, "true", 1, "1"]
OFF: list[Any] = [False, "false", 0, "0"]
NOTHING: list[Any] = [ABSENT, None, ""]


def switch(value: Any, expected: bool) -> list[Accepted]:
    """Write a value of the switch as JSON, and as a form where a form can say it."""
    name = "absent" if value is ABSENT else repr(value)
    cases = [Accepted(f"json-{name}", as_json(test_data=value), {"is_test": expected})]
    if isinstance(value, str):
        cases.append(Accepted(f"form-{name}", as_form(test_data=value), {"is_test": expected}, FORM))
    return cases


ACCEPTED = [
    *(case for value in ON for case in switch(value, True)),
    *(case for value in [*OFF, *NOTHING] for case in switch(value, False)),
    Accepted("form-absent", as_form(), {"is_test": False}, FORM),
]


@pytest.fixture(scope="module")
def outcomes(roomy: Project) -> dict[str, Outcome]:
    """All good switches, sent once."""
    return send_all(roomy, ACCEPTED)


@pytest.mark.parametrize("case", params(ACCEPTED))
def test_each_way_to_say_true_or_false_is_taken(outcomes: dict[str, Outcome], case: Accepted) -> None:
    check_stored(outcomes, case)


WORDS = [
    "TRUE",
    "True",
    "FALSE",
    "False",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "t",
    "f",
    "2",
    "-1",
    "01",
    "1.0",
    "null",
    "none",
    "maybe",
    "真",
    full_width("1"),
]
OTHERS = ["2", "-1", "10", "1.5", "0.1", "[]", "[true]", "{}", '{"a":true}', "100000000000000000000"]
REFUSED = [
    *(Refused(f"json-{word}", as_json(test_data=word), says=("test_data",)) for word in WORDS),
    *(
        Refused(f"form-{word}", as_form(test_data=word), says=("test_data",), content_type=FORM)
        for word in WORDS
    ),
    *(Refused(f"raw-{text}", raw_json(test_data=text), says=("test_data",)) for text in OTHERS),
]


@pytest.mark.parametrize("case", params(REFUSED))
def test_anything_else_is_422(unstored: Project, case: Refused) -> None:
    case.check(unstored)
