"""Form: how arguments are written as application/x-www-form-urlencoded."""

import json

import pytest

from tests.contract.cases import (
    ABSENT,
    OCCURRED,
    Accepted,
    Outcome,
    Refused,
    arguments,
    as_form,
    check_stored,
    params,
    send_all,
)
from tests.contract.shape import assert_refused
from tests.support.project import FORM, Project

FIELDS_MAX = 100
GOOD = as_form()


def taken(case: str, body: bytes, /, **expect: object) -> Accepted:
    """Write an accepted form."""
    return Accepted(case, body, expect, FORM)


def refused(name: str, body: bytes, error: str = "invalid_form_data", *says: str) -> Refused:
    """Write a refused form."""
    return Refused(name, body, error, says, FORM)


def fields(count: int) -> bytes:
    """Write a good form with exactly this many fields."""
    return as_form(*((f"x{n}", "1") for n in range(count - len(arguments()))))


ACCEPTED = [
    taken("plain", GOOD, name="action-executed", email="ada@example.com", metadata=None, is_test=False),
    taken("metadata-as-json", as_form(metadata='{"color": "blue"}'), metadata='{"color":"blue"}'),
    taken("metadata-in-brackets", GOOD + b"&metadata[color]=blue", metadata='{"color":"blue"}'),
    taken("brackets-escaped", GOOD + b"&metadata%5Bcolor%5D=blue", metadata='{"color":"blue"}'),
    taken(
        "several-brackets",
        GOOD + b"&metadata[color]=blue&metadata[size]=7&metadata[on]=true",
        metadata='{"color":"blue","size":"7","on":"true"}',
    ),
    taken("bracket-repeated", GOOD + b"&metadata[a]=1&metadata[a]=2", metadata='{"a":"2"}'),
    taken("bracket-value-empty", GOOD + b"&metadata[a]=", metadata='{"a":""}'),
    taken("bracket-with-emoji", GOOD + "&metadata[é]=%F0%9F%8E%89".encode(), metadata='{"é":"🎉"}'),
    taken("bracket-value-looks-like-json", GOOD + b"&metadata[a]={}", metadata='{"a":"{}"}'),
    taken(
        "metadata-nested",
        as_form(metadata='{"a": {"b": [1, 2.5, null]}}'),
        metadata='{"a":{"b":[1,2.5,null]}}',
    ),
    taken("metadata-empty", GOOD + b"&metadata=", metadata=None),
    taken("metadata-blank", GOOD + b"&metadata=+", metadata=None),
    taken("metadata-empty-object", as_form(metadata="{}")),
    taken("repeated-key", b"name=first&" + as_form(name=ABSENT) + b"&name=last", name="last"),
    taken(
        "repeated-metadata",
        GOOD + b"&metadata=%7B%22a%22%3A1%7D&metadata=%7B%22a%22%3A2%7D",
        metadata='{"a":2}',
    ),
    taken("repeated-email", GOOD + b"&email=bob%40example.com", email="bob@example.com"),
    taken("plus-is-a-space", as_form(name=ABSENT) + b"&name=two+words", name="two words"),
    taken("escaped-space", as_form(name=ABSENT) + b"&name=two%20words", name="two words"),
    taken("escaped-plus", as_form(email=ABSENT) + b"&email=ada%2Bci@example.com", email="ada+ci@example.com"),
    taken("at-sign-not-escaped", as_form(email=ABSENT) + b"&email=ada@example.com", email="ada@example.com"),
    taken(
        "blanks-around-the-address",
        as_form(email=ABSENT) + b"&email=+ada@example.com+",
        email="ada@example.com",
    ),
    taken("emoji-escaped", as_form(name="🎉 fête"), name="🎉 fête"),
    taken("utf-8-not-escaped", as_form(name=ABSENT) + "&name=fête".encode(), name="fête"),
    taken("key-escaped", as_form(name=ABSENT) + b"&n%61me=escaped", name="escaped"),
    taken("equals-in-a-value", as_form(name=ABSENT) + b"&name=a=b=c", name="a=b=c"),
    taken("semicolon-is-data", as_form(name=ABSENT) + b"&name=a;b=c", name="a;b=c"),
    taken("empty-pairs", b"&&" + GOOD + b"&&", name="action-executed"),
    taken("unknown-fields", as_form(("properties", "x"), ("id", "7")), name="action-executed"),
    taken("key-without-equals", GOOD + b"&flag", name="action-executed"),
    taken(
        "github-only", as_form(email=ABSENT, github_username="octocat"), github_username="octocat", email=None
    ),
    taken("gitlab-only", as_form(email=ABSENT, gitlab_username="ada-gl"), gitlab_username="ada-gl"),
    taken("email-empty-and-github", as_form(email="", github_username="octocat"), email=None),
    taken("test-data-true", as_form(test_data="true"), is_test=True),
    taken("test-data-1", as_form(test_data="1"), is_test=True),
    taken("test-data-false", as_form(test_data="false"), is_test=False),
    taken("test-data-0", as_form(test_data="0"), is_test=False),
    taken("test-data-empty", as_form(test_data=""), is_test=False),
    taken("timestamp-with-fraction", as_form(timestamp=f"{OCCURRED}.5")),
    taken("timestamp-with-blanks", as_form(timestamp=f" {OCCURRED} ")),
    taken("100-fields", fields(FIELDS_MAX), name="action-executed"),
    taken("line-break-at-the-end", as_form(test_data="true") + b"&x=1\r\n", is_test=True),
]


@pytest.fixture(scope="module")
def outcomes(roomy: Project) -> dict[str, Outcome]:
    """All good forms, sent once."""
    return send_all(roomy, ACCEPTED)


@pytest.mark.parametrize("case", params(ACCEPTED))
def test_a_form_is_read(outcomes: dict[str, Outcome], case: Accepted) -> None:
    check_stored(outcomes, case)


REFUSED = [
    refused("empty", b""),
    refused("blank", b"  "),
    refused("only-separators", b"&&&"),
    refused("name-missing", as_form(name=ABSENT), "invalid_form_data", "name"),
    refused("timestamp-missing", as_form(timestamp=ABSENT), "invalid_form_data", "timestamp"),
    refused("identity-missing", as_form(email=ABSENT), "invalid_form_data", "email"),
    refused("all-missing", b"a=b"),
    refused("name-key-in-another-case", as_form(name=ABSENT, Name="x")),
    refused(
        "identities-all-empty",
        as_form(email="", github_username="", gitlab_username="+").replace(b"%2B", b"+"),
    ),
    refused("escape-cut", GOOD + b"&x=%4"),
    refused("escape-alone-at-the-end", GOOD + b"&x=%"),
    refused("escape-no-hex", GOOD + b"&x=%zz"),
    refused("escape-no-hex-in-a-key", GOOD + b"&%g1=x"),
    refused("escape-unicode-style", GOOD + b"&x=%u00e9"),
    refused("percent-in-a-value", GOOD + b"&x=100%"),
    refused("escape-no-hex-in-the-name", as_form(name=ABSENT) + b"&name=50%-done"),
    refused("bad-utf-8-escaped", GOOD + b"&x=%ff%fe"),
    refused("bad-utf-8-raw", GOOD + b"&x=\xff\xfe"),
    refused("latin-1-escaped", as_form(name=ABSENT) + b"&name=Zo%EB"),
    refused("bad-utf-8-in-a-key", GOOD + b"&%ff=x"),
    refused("bad-utf-8-in-metadata", GOOD + b"&metadata[a]=%c3%28"),
    refused("surrogate-escaped", GOOD + b"&x=%ED%A0%80"),
    refused("101-fields", fields(FIELDS_MAX + 1)),
    refused("1000-fields", fields(1000)),
    refused("101-times-the-same", GOOD + b"&a=1" * 98),
    refused("101-brackets", GOOD + b"".join(b"&metadata[k%d]=" % n for n in range(98))),
    refused("space-in-the-address", as_form(email="ada ci@example.com"), "invalid_form_data", "%2B"),
    refused(
        "plus-in-the-address",
        as_form(email=ABSENT) + b"&email=ada+ci@example.com",
        "invalid_form_data",
        "%2B",
    ),
    refused(
        "escaped-space-in-the-address",
        as_form(email=ABSENT) + b"&email=ada%20ci@example.com",
        "invalid_form_data",
        "%2B",
    ),
    refused("utf-16", GOOD.decode().encode("utf-16")),
    refused("xml", b"<event><name>x</name></event>"),
    refused("timestamp-in-iso", as_form(timestamp="2023-04-05T19:34:47Z"), "invalid_arguments", "timestamp"),
    refused(
        "timestamp-in-milliseconds", as_form(timestamp=f"{OCCURRED}000"), "invalid_arguments", "millisecond"
    ),
    refused("timestamp-with-a-sign", as_form(timestamp=f"+{OCCURRED}"), "invalid_arguments"),
    refused("timestamp-plus-becomes-a-space-inside", as_form(timestamp="16807 23287"), "invalid_arguments"),
    refused("name-with-control", as_form(name="a\x00b"), "invalid_arguments", "name"),
    refused("name-with-a-line-break", as_form(name="a\nb"), "invalid_arguments", "name"),
    refused("name-too-long", as_form(name="x" * 256), "invalid_arguments", "name"),
    refused("email-too-long", as_form(email="x" * 243 + "@example.com"), "invalid_arguments", "email"),
    refused("github-with-control", as_form(github_username="a\tb"), "invalid_arguments", "github_username"),
    refused("test-data-maybe", as_form(test_data="maybe"), "invalid_arguments", "test_data"),
    refused("test-data-on", as_form(test_data="on"), "invalid_arguments", "test_data"),
    refused("metadata-no-json", as_form(metadata="color=blue"), "invalid_arguments", "metadata"),
    refused("metadata-array", as_form(metadata="[1]"), "invalid_arguments", "metadata"),
    refused("metadata-number", as_form(metadata="7"), "invalid_arguments", "metadata"),
    refused("metadata-true", as_form(metadata="true"), "invalid_arguments", "metadata"),
    refused("metadata-text", as_form(metadata='"x"'), "invalid_arguments", "metadata"),
    refused("metadata-nan", as_form(metadata='{"a": NaN}'), "invalid_arguments", "metadata"),
    refused("metadata-large-number", as_form(metadata='{"a": 1e999}'), "invalid_arguments", "metadata"),
    refused(
        "metadata-deep", as_form(metadata='{"a":' * 65 + "1" + "}" * 65), "invalid_arguments", "metadata"
    ),
    refused("metadata-large", as_form(metadata=json.dumps({"a": "x" * 1017})), "metadata_too_large"),
    refused("brackets-large", as_form(("metadata[a]", "x" * 1017)), "metadata_too_large"),
]


@pytest.mark.parametrize("case", params(REFUSED))
def test_a_form_that_cant_be_taken_is_refused(unstored: Project, case: Refused) -> None:
    case.check(unstored)


@pytest.mark.parametrize("argument", ["name", "timestamp"])
@pytest.mark.parametrize("value", ["", "+", "%09"])
def test_a_required_parameter_that_is_blank_in_a_form_is_missing(
    unstored: Project, argument: str, value: str
) -> None:
    body = as_form(**{argument: ABSENT}) + f"&{argument}={value}".encode()
    assert_refused(unstored.post(body, FORM), 422, "invalid_form_data", argument)
