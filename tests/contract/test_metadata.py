"""metadata: an object of at most 1,024 bytes in its smallest form, stored exactly in that form."""

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
    params,
    raw_json,
    send_all,
)
from tests.contract.shape import assert_accepted, assert_refused
from tests.support.project import FORM, Project, ProjectPool, create_project, set_limits
from tests.support.server import RunningServer

BYTES_MAX = 1_024


def compact(value: Any) -> str:
    """Write JSON as the contract measures and stores it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def sized(size: int, filler: str = "x") -> dict[str, str]:
    """Make metadata whose compact form has exactly this many bytes."""
    room = size - len(compact({"a": ""}))
    count, rest = divmod(room, len(filler.encode()))
    made = {"a": filler * count + "x" * rest}
    assert len(compact(made).encode()) == size
    return made


FILLERS = {"ascii": "x", "two-bytes": "é", "three-bytes": "名", "four-bytes": "🎉"}
SURROGATES = '{"a":"' + r"\ud800" * 338 + '"}'
"""338 replacements of 3 bytes and 8 bytes around them are 1,022 bytes."""
FLAT = {f"key-{n:02}": n for n in range(80)}
SAMPLES: list[dict[str, Any]] = [
    {"color": "blue"},
    {"repo": "o/r", "branch": "main"},
    {"page": "http://x/", "referrer": ""},
    {"duration": 3, "ok": True, "ratio": 0.1, "none": None, "list": [1, "2", [3, {}]]},
    {"z": 1, "a": 2, "M": 3},
    {"é": "🎉", "名": "ü"},
    {"": "", " ": " "},
    {"quote": '"', "back": "\\", "slash": "/", "tab": "\t", "line": "\n", "html": "<b>&"},
    {"big": 12345678901234567890123456789, "float": 1e22, "small": 5e-324, "negative": -0.0},
    FLAT,
]
ACCEPTED = [
    *(
        Accepted(f"object-{n}", as_json(metadata=value), {"metadata": compact(value)})
        for n, value in enumerate(SAMPLES)
    ),
    *(
        Accepted(f"string-{n}", as_json(metadata=json.dumps(value)), {"metadata": compact(value)})
        for n, value in enumerate(SAMPLES)
    ),
    *(
        Accepted(
            f"indented-string-{n}",
            as_json(metadata=json.dumps(value, indent=2)),
            {"metadata": compact(value)},
        )
        for n, value in enumerate(SAMPLES)
    ),
    *(
        Accepted(f"form-{n}", as_form(metadata=json.dumps(value)), {"metadata": compact(value)}, FORM)
        for n, value in enumerate(SAMPLES)
    ),
    *(
        Accepted(
            f"1024-bytes-{name}",
            as_json(metadata=sized(BYTES_MAX, filler)),
            {"metadata": compact(sized(BYTES_MAX, filler))},
        )
        for name, filler in FILLERS.items()
    ),
    *(
        Accepted(
            f"1024-bytes-{name}-in-a-form",
            as_form(metadata=json.dumps(sized(BYTES_MAX, filler))),
            {"metadata": compact(sized(BYTES_MAX, filler))},
            FORM,
        )
        for name, filler in FILLERS.items()
    ),
    Accepted(
        "1024-bytes-with-blanks",
        raw_json(metadata='{ "a" :\n' + " " * 3000 + compact(sized(BYTES_MAX)["a"]) + "}"),
        {"metadata": compact(sized(BYTES_MAX))},
    ),
    Accepted(
        "1024-bytes-string-with-blanks",
        as_json(metadata=" " * 3000 + compact(sized(BYTES_MAX)) + "\n\n"),
        {"metadata": compact(sized(BYTES_MAX))},
    ),
    Accepted(
        "1024-bytes-all-escaped",
        raw_json(metadata='{"a":"' + r"\u0078" * 1016 + '"}'),
        {"metadata": compact(sized(BYTES_MAX))},
    ),
    Accepted(
        "1024-bytes-with-long-number",
        raw_json(metadata='{"a":1' + "0" * 1017 + "}"),
        {"metadata": '{"a":1' + "0" * 1017 + "}"},
    ),
    Accepted(
        "number-shorter-than-written",
        raw_json(metadata='{"a":1.' + "0" * 3000 + "}"),
        {"metadata": '{"a":1.0}'},
    ),
    Accepted(
        "after-the-replacements",
        raw_json(metadata=SURROGATES),
        {"metadata": '{"a":"' + "\ufffd" * 338 + '"}'},
    ),
    Accepted(
        "duplicates-are-not-counted",
        raw_json(metadata="{" + '"a":"xxxxxxxxxx",' * 200 + '"a":1}'),
        {"metadata": '{"a":1}'},
    ),
    Accepted("string-with-surrogates", as_json(metadata=r'{"a":"\ud83c\udf89"}'), {"metadata": '{"a":"🎉"}'}),
    Accepted("absent", as_json(metadata=ABSENT), {"metadata": None}),
    Accepted("null", as_json(metadata=None), {"metadata": None}),
    Accepted("empty-string", as_json(metadata=""), {"metadata": None}),
    Accepted("empty-object", as_json(metadata={}), {"metadata": "{}"}),
    Accepted("empty-object-in-a-string", as_json(metadata="{}"), {"metadata": "{}"}),
    Accepted("empty-object-in-a-form", as_form(metadata="{}"), {"metadata": "{}"}, FORM),
]


@pytest.fixture(scope="module")
def outcomes(roomy: Project) -> dict[str, Outcome]:
    """All good metadata, sent once."""
    return send_all(roomy, ACCEPTED)


@pytest.mark.parametrize("case", params(ACCEPTED))
def test_metadata_is_stored_as_exactly_its_compact_text(outcomes: dict[str, Outcome], case: Accepted) -> None:
    check_stored(outcomes, case)


TOO_LARGE = [
    *(
        Refused(
            f"1025-bytes-{name}",
            as_json(metadata=sized(BYTES_MAX + 1, filler)),
            "metadata_too_large",
            ("metadata",),
        )
        for name, filler in FILLERS.items()
    ),
    *(
        Refused(
            f"1025-bytes-{name}-in-a-string",
            as_json(metadata=compact(sized(BYTES_MAX + 1, filler))),
            "metadata_too_large",
            ("metadata",),
        )
        for name, filler in FILLERS.items()
    ),
    *(
        Refused(
            f"1025-bytes-{name}-in-a-form",
            as_form(metadata=compact(sized(BYTES_MAX + 1, filler))),
            "metadata_too_large",
            ("metadata",),
            FORM,
        )
        for name, filler in FILLERS.items()
    ),
    Refused("1025-bytes-of-keys", as_json(metadata={"x" * 1019: 1}), "metadata_too_large"),
    Refused(
        "1025-bytes-after-the-replacements",
        raw_json(metadata=SURROGATES.replace('"}', 'xxx"}')),
        "metadata_too_large",
    ),
    Refused("1025-bytes-of-a-number", raw_json(metadata='{"a":1' + "0" * 1018 + "}"), "metadata_too_large"),
    Refused("60000-bytes", as_json(metadata=sized(60_000)), "metadata_too_large"),
    Refused("bytes-and-not-characters", as_json(metadata={"a": "🎉" * 260}), "metadata_too_large"),
]


@pytest.mark.parametrize("case", params(TOO_LARGE))
def test_1025_bytes_are_metadata_too_large(unstored: Project, case: Refused) -> None:
    case.check(unstored)


WRONG_VALUES: list[Any] = [[], [1], [{"a": 1}], 7, 0, 1.5, -1, True, False]
WRONG_STRINGS = [
    "[]",
    "[1]",
    "7",
    "1.5",
    "true",
    "false",
    '"text"',
    '"{}"',
    "text",
    "{",
    "{}x",
    "{a:1}",
    "{'a':1}",
    '{"a":NaN}',
    '{"a":Infinity}',
    '{"a":1e999}',
    '{"a":1,}',
    "a=b",
    "{}{}",
    '{"a":"\t"}',
]
WRONG = [
    *(Refused(f"value-{value!r}", as_json(metadata=value), says=("metadata",)) for value in WRONG_VALUES),
    *(Refused(f"string-{text!r}", as_json(metadata=text), says=("metadata",)) for text in WRONG_STRINGS),
    *(
        Refused(f"form-{text!r}", as_form(metadata=text), says=("metadata",), content_type=FORM)
        for text in WRONG_STRINGS
    ),
    Refused("string-in-a-string", as_json(metadata=json.dumps(json.dumps({"a": 1}))), says=("metadata",)),
]


@pytest.mark.parametrize("case", params(WRONG))
def test_metadata_that_is_no_object_is_invalid_arguments(unstored: Project, case: Refused) -> None:
    case.check(unstored)


@pytest.mark.parametrize("limit", [64, 4_096])
def test_the_limit_is_a_setting_of_the_project(pool: ProjectPool, limit: int) -> None:
    project = pool.take(metadata_bytes=limit)
    assert_accepted(project.post(as_json(metadata=sized(limit))))
    assert_refused(project.post(as_json(metadata=sized(limit + 1))), 422, "metadata_too_large")
    assert [event["metadata"] for event in project.events()] == [compact(sized(limit))]


def test_a_changed_limit_is_seen_within_2_s(server: RunningServer) -> None:
    project = create_project(server)
    assert_refused(project.post(as_json(metadata=sized(BYTES_MAX + 1))), 422, "metadata_too_large")
    changed = set_limits(project, metadata_bytes=BYTES_MAX + 1)
    assert_accepted(changed.post(as_json(metadata=sized(BYTES_MAX + 1))))
