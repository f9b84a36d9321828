"""name: any text of 1 to 255 characters is a name; it is data."""

import json
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
    send_all,
)
from tests.support.project import FORM, Project

CHARS_MAX = 255

NAMES = [
    "a",
    "0",
    "action-executed",
    "your.event",
    "Action Executed",
    "UPPER_CASE",
    "two  spaces  inside",
    "build #42 (main) @ 100%",
    "<script>alert(1)</script>",
    "'; DROP TABLE events; --",
    '"quoted" \\ back\\slashed',
    "../../etc/passwd",
    "{{template}} ${variable} %s %n",
    "=SUM(A1:A9)",
    "null",
    "None",
    "true",
    "Zoë à l'été",
    "Zoe\u0308 decomposed",
    "名前",
    "اسم الحدث",
    "🎉",
    "👩‍👩‍👧‍👦 shipped",
    "🇨🇭",
    full_width("full-width"),
    "zero\u200bwidth",
    "right\u202eleft",
    "non\u00a0breaking",
    "\ufffd",
    "\U0010ffff",
    "x" * CHARS_MAX,
    "é" * CHARS_MAX,
    "🎉" * CHARS_MAX,
    "a/b?c=d&e#f",
    "line\u2028separator",
]
TRIMMED = {
    " before": "before",
    "after ": "after",
    "  both  ": "both",
    "\u3000ideographic\u3000": "ideographic",
    " " * 300 + "long blanks" + " " * 300: "long blanks",
    " " + "x" * CHARS_MAX + " ": "x" * CHARS_MAX,
}
ACCEPTED = [
    *(Accepted(f"json-{n}", as_json(name=name), {"name": name}) for n, name in enumerate(NAMES)),
    *(Accepted(f"form-{n}", as_form(name=name), {"name": name}, FORM) for n, name in enumerate(NAMES)),
    *(
        Accepted(f"trimmed-{n}", as_json(name=sent), {"name": kept})
        for n, (sent, kept) in enumerate(TRIMMED.items())
    ),
    Accepted(
        "not-escaped-json",
        json.dumps(json.loads(as_json(name="Zoë 🎉")), ensure_ascii=False).encode(),
        {"name": "Zoë 🎉"},
    ),
    Accepted("surrogate-pair", as_json(name=ABSENT)[:-1] + rb',"name":"\ud83c\udf89"}', {"name": "🎉"}),
]


@pytest.fixture(scope="module")
def outcomes(roomy: Project) -> dict[str, Outcome]:
    """All good names, sent once."""
    return send_all(roomy, ACCEPTED)


@pytest.mark.parametrize("case", params(ACCEPTED))
def test_any_text_is_a_name_and_is_kept_as_it_is(outcomes: dict[str, Outcome], case: Accepted) -> None:
    check_stored(outcomes, case)


CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
OTHER_TYPES: list[Any] = [1, 0, 1.5, True, False, [], ["a"], {}, {"name": "a"}]
REFUSED = [
    *(Refused(f"control-{code:#04x}", as_json(name=f"a{chr(code)}b"), says=("name",)) for code in CONTROLS),
    *(Refused(f"type-{value!r}", as_json(name=value), says=("name",)) for value in OTHER_TYPES),
    Refused("null", as_json(name=None), says=("name",)),
    Refused("absent", as_json(name=ABSENT), says=("name",)),
    Refused("empty", as_json(name=""), says=("name",)),
    Refused("blank", as_json(name="   "), says=("name",)),
    Refused("blank-in-unicode", as_json(name="\u3000\u00a0"), says=("name",)),
    Refused("256-characters", as_json(name="x" * (CHARS_MAX + 1)), says=("name",)),
    Refused("256-emoji", as_json(name="🎉" * (CHARS_MAX + 1)), says=("name",)),
    Refused("10000-characters", as_json(name="x" * 10_000), says=("name",)),
]


@pytest.mark.parametrize("case", params(REFUSED))
def test_control_characters_other_types_and_wrong_lengths_are_422(unstored: Project, case: Refused) -> None:
    case.check(unstored)
