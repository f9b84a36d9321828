"""JSON: what is an object of arguments, and what is not JSON at all."""

import json
from typing import Any

import pytest

from tests.contract.cases import (
    ABSENT,
    Accepted,
    Outcome,
    Refused,
    as_json,
    check_stored,
    params,
    raw_json,
    send_all,
)
from tests.contract.minefield import NOT_JSON, NOT_JSON_DOCUMENTS, VALUES
from tests.support.project import Project

DEPTH_MAX = 64
DIGITS_MAX = 4_300


def nested(depth: int, open_: str = '{"a":', close: str = "}") -> str:
    """Write a value that is this many arrays or objects deep."""
    return open_ * (depth - 1) + ("{}" if close == "}" else "[]") + close * (depth - 1)


NOT_AN_OBJECT = [
    *(
        Refused(f"top-level-{text}", text.encode())
        for text in ("[]", "null", "true", "7", '"text"', '""', "-1.5")
    ),
    Refused("array-of-one-event", b"[" + as_json() + b"]"),
    Refused("string-holding-the-object", json.dumps(as_json().decode()).encode()),
    Refused("empty-object", b"{}"),
    Refused("trailing-text", as_json() + b"x"),
    Refused("trailing-comma", as_json() + b","),
    Refused("trailing-bracket", as_json() + b"}"),
    Refused("two-objects", as_json() * 2),
    Refused("two-lines-of-json", as_json() + b"\n" + as_json()),
    Refused("leading-text", b"x" + as_json()),
    Refused("leading-comma", b"," + as_json()),
    Refused("xssi-prefix", b")]}'\n" + as_json()),
    Refused("unclosed", as_json()[:-1]),
    Refused("nul-at-the-end", as_json() + b"\x00"),
    Refused("second-bom", b"\xef\xbb\xbf\xef\xbb\xbf" + as_json()),
]

NUMBERS_OUT_OF_RANGE = [
    Refused(f"{place}-{text}", raw_json(**{place: f'{{"a":{text}}}' if place == "metadata" else text}))
    for place in ("metadata", "unknown", "test_data", "timestamp")
    for text in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e400", "9" * 400 + ".5")
]

TOO_DEEP = [
    Refused("objects-in-metadata", raw_json(metadata=nested(DEPTH_MAX))),
    Refused("arrays-in-metadata", raw_json(metadata='{"a":' + nested(DEPTH_MAX - 1, "[", "]") + "}")),
    Refused("objects-in-an-unknown-field", raw_json(unknown=nested(DEPTH_MAX))),
    Refused("arrays-in-an-unknown-field", raw_json(unknown=nested(DEPTH_MAX, "[", "]"))),
    Refused("100-deep", raw_json(metadata=nested(100))),
    Refused("5000-deep", raw_json(metadata=nested(5_000))),
    Refused("30000-arrays-deep", raw_json(unknown=nested(30_000, "[", "]"))),
    Refused("30000-opened-and-not-closed", b"[" * 30_000),
    Refused("objects-opened-and-not-closed", b'{"a":' * 12_000),
    Refused("in-a-string-of-metadata", as_json(metadata=nested(DEPTH_MAX + 1))),
    Refused("far-in-a-string-of-metadata", as_json(metadata=nested(5_000))),
]

TOO_MANY_DIGITS = [
    Refused("unknown", raw_json(unknown="9" * (DIGITS_MAX + 1))),
    Refused("unknown-negative", raw_json(unknown="-" + "9" * (DIGITS_MAX + 1))),
    Refused("unknown-nested", raw_json(unknown='[{"a":' + "9" * (DIGITS_MAX + 1) + "}]")),
    Refused("metadata", raw_json(metadata='{"a":' + "9" * (DIGITS_MAX + 1) + "}")),
    Refused("metadata-string", as_json(metadata='{"a":' + "9" * (DIGITS_MAX + 1) + "}")),
    Refused("timestamp", raw_json(timestamp="9" * (DIGITS_MAX + 1))),
    Refused("test-data", raw_json(test_data="1" * (DIGITS_MAX + 1))),
    Refused("60000-digits", raw_json(unknown="1" * 60_000)),
    Refused(
        "4300-in-metadata-are-only-too-large",
        raw_json(metadata='{"a":' + "9" * DIGITS_MAX + "}"),
        "metadata_too_large",
    ),
]


@pytest.mark.parametrize("case", params(NOT_AN_OBJECT))
def test_json_that_is_not_one_object_is_invalid_arguments(unstored: Project, case: Refused) -> None:
    case.check(unstored)


@pytest.mark.parametrize("case", params(NUMBERS_OUT_OF_RANGE))
def test_numbers_that_json_does_not_have_are_invalid_arguments(unstored: Project, case: Refused) -> None:
    case.check(unstored)


@pytest.mark.parametrize("case", params(TOO_DEEP))
def test_depth_over_64_is_invalid_arguments_and_never_500(unstored: Project, case: Refused) -> None:
    case.check(unstored)


@pytest.mark.parametrize("case", params(TOO_MANY_DIGITS))
def test_integers_over_4300_digits_are_refused_and_never_500(unstored: Project, case: Refused) -> None:
    case.check(unstored)


@pytest.mark.parametrize("text", NOT_JSON, ids=lambda text: ascii(text)[:50])
@pytest.mark.parametrize("place", ["unknown", "metadata"])
def test_a_value_that_is_not_json_is_invalid_arguments(unstored: Project, text: bytes, place: str) -> None:
    value = b'{"a":' + text + b"}" if place == "metadata" else text
    Refused(place, raw_json(**{place: value})).check(unstored)


@pytest.mark.parametrize("body", NOT_JSON_DOCUMENTS, ids=lambda body: ascii(body)[:50])
def test_a_document_that_is_not_json_is_invalid_arguments(unstored: Project, body: bytes) -> None:
    Refused("document", body).check(unstored)


def stored_text(text: str) -> str:
    """Write what the contract says is stored of a member ``a`` of metadata."""
    return json.dumps({"a": json.loads(text)}, ensure_ascii=False, separators=(",", ":"))


def first_and_last(first: str, last: str) -> bytes:
    """Write a body that names an argument twice."""
    return b"{" + first.encode() + b"," + as_json()[1:-1] + b"," + last.encode() + b"}"


FAR = {"properties": {"a": [1]}, "event_type": "x", "id": 7, "user": None, "": "", "nested": [[{"deep": []}]]}

ACCEPTED = [
    *(
        Accepted(
            f"value-{n}-{text[:24]!r}",
            raw_json(metadata='{"a":' + text + "}"),
            {"metadata": stored_text(text)},
        )
        for n, text in enumerate(VALUES)
    ),
    Accepted("blanks-everywhere", as_json().replace(b",", b" \t\r\n,\n ").replace(b":", b" : ") + b"\r\n\t "),
    Accepted("leading-blanks", b" \n\t\r" + as_json()),
    Accepted("escaped-key", as_json(name=ABSENT)[:-1] + rb',"na\u006de":"escaped"}', {"name": "escaped"}),
    Accepted("duplicate-name", first_and_last('"name":"first"', '"name":"last"'), {"name": "last"}),
    Accepted("duplicate-wrong-then-good", b'{"timestamp":[],' + as_json()[1:], {"name": "action-executed"}),
    Accepted(
        "duplicate-in-metadata", raw_json(metadata='{"a":1,"b":2,"a":3}'), {"metadata": '{"a":3,"b":2}'}
    ),
    Accepted(
        "duplicate-metadata",
        raw_json(metadata='{"a":1}')[:-1] + b',"metadata":{"b":2}}',
        {"metadata": '{"b":2}'},
    ),
    Accepted("duplicate-null-wins", as_json(test_data=True)[:-1] + b',"test_data":null}', {"is_test": False}),
    Accepted("lone-high-surrogate", raw_json(metadata=r'{"a":"x\ud800y"}'), {"metadata": '{"a":"x\ufffdy"}'}),
    Accepted("lone-low-surrogate", raw_json(metadata=r'{"a":"\udc00"}'), {"metadata": '{"a":"\ufffd"}'}),
    Accepted(
        "swapped-surrogates", raw_json(metadata=r'{"a":"\udc00\ud800"}'), {"metadata": '{"a":"\ufffd\ufffd"}'}
    ),
    Accepted(
        "lone-surrogate-before-a-pair",
        raw_json(metadata=r'{"a":"\ud83d\ud83d\ude00"}'),
        {"metadata": '{"a":"\ufffd\U0001f600"}'},
    ),
    Accepted("surrogate-in-a-key", raw_json(metadata=r'{"k\ud800":1}'), {"metadata": '{"k\ufffd":1}'}),
    Accepted(
        "surrogate-deep", raw_json(metadata=r'{"a":[{"b":"\udfff"}]}'), {"metadata": '{"a":[{"b":"\ufffd"}]}'}
    ),
    Accepted("nul-escape", raw_json(metadata=r'{"a":"x\u0000y"}'), {"metadata": '{"a":"x\ufffdy"}'}),
    Accepted("nul-in-a-key", raw_json(metadata=r'{"\u0000":1}'), {"metadata": '{"\ufffd":1}'}),
    Accepted(
        "nul-deep", raw_json(metadata=r'{"a":[["\u0000\u0000"]]}'), {"metadata": '{"a":[["\ufffd\ufffd"]]}'}
    ),
    Accepted(
        "written-nul-is-no-nul", raw_json(metadata=r'{"a":"\\u0000"}'), {"metadata": r'{"a":"\\u0000"}'}
    ),
    Accepted(
        "keys-that-become-equal", raw_json(metadata=r'{"\ud800":1,"\u0000":2}'), {"metadata": '{"\ufffd":2}'}
    ),
    Accepted(
        "surrogate-in-metadata-string", as_json(metadata=r'{"a":"\ud800"}'), {"metadata": '{"a":"\ufffd"}'}
    ),
    Accepted("surrogate-in-an-unknown-field", raw_json(unknown=r'"\ud800"'), {"metadata": None}),
    Accepted("nul-in-an-unknown-field", raw_json(unknown=r'{"a\u0000":"\u0000"}'), {"metadata": None}),
    Accepted(
        "64-deep-metadata", raw_json(metadata=nested(DEPTH_MAX - 1)), {"metadata": nested(DEPTH_MAX - 1)}
    ),
    Accepted("64-deep-unknown", raw_json(unknown=nested(DEPTH_MAX - 1, "[", "]"))),
    Accepted("many-brackets-but-flat", raw_json(unknown="[" + ",".join(["[]"] * 500) + "]")),
    Accepted(
        "brackets-in-a-string",
        as_json(metadata={"a": "[{" * 100}),
        {"metadata": '{"a":"' + "[{" * 100 + '"}'},
    ),
    Accepted("4300-digits-unknown", raw_json(unknown="9" * DIGITS_MAX)),
    Accepted("unknown-fields", as_json(**FAR), {"name": "action-executed", "metadata": None}),
    Accepted(
        "keys-in-another-case",
        as_json(Name="x", EMAIL="y"),
        {"name": "action-executed", "email": "ada@example.com"},
    ),
    Accepted(
        "nulls-for-optional-arguments",
        as_json(github_username=None, gitlab_username=None, metadata=None, test_data=None),
        {"github_username": None, "gitlab_username": None, "metadata": None, "is_test": False},
    ),
    Accepted("null-email-beside-another", as_json(email=None, github_username="octocat"), {"email": None}),
]


@pytest.fixture(scope="module")
def outcomes(roomy: Project) -> dict[str, Outcome]:
    """All good JSON, sent once."""
    return send_all(roomy, ACCEPTED)


@pytest.mark.parametrize("case", params(ACCEPTED))
def test_json_is_read_and_its_metadata_stored_exactly(outcomes: dict[str, Outcome], case: Accepted) -> None:
    check_stored(outcomes, case)


MISSING: list[tuple[str, Any]] = [
    (argument, value)
    for argument in ("name", "timestamp", "email")
    for value in (ABSENT, None, "", " ", "\t ")
]


@pytest.mark.parametrize(
    ("argument", "value"), MISSING, ids=lambda part: "absent" if part is ABSENT else repr(part)
)
def test_a_required_argument_that_is_missing_null_or_blank_is_invalid_arguments(
    unstored: Project, argument: str, value: Any
) -> None:
    Refused("missing", as_json(**{argument: value}), says=(argument,)).check(unstored)
