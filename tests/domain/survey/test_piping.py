"""Does a text name what somebody did, and do values stay values?"""

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.domain.survey.piping import (
    NOTHING,
    UNLINKED,
    VALUE_CHARS_MAX,
    Piped,
    check_placeholders,
    fill,
    unlink,
)

PIPED = Piped(
    "build.finished",
    {"branch": "main", "job": {"name": "lint", "s": 41, "ok": True}, "list": [1], "none": None, "empty": " "},
    {"name": "Ana Souza"},
)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("How did {{event.metadata.branch|it}} go?", "How did main go?"),
        ("{{ event.metadata.job.name | it }}", "lint"),
        ("{{event.metadata.job.s|?}} s", "41 s"),
        ("{{event.metadata.job.ok|?}}", "true"),
        ("{{event.name|it}}", "build.finished"),
        ("Hello {{person.name|there}}", "Hello Ana Souza"),
        ("{{person.name|there}} and {{event.metadata.branch|it}}", "Ana Souza and main"),
        ("{{event.metadata.tag|your build}}", "your build"),
        ("{{event.metadata.branch.name|your build}}", "your build"),
        ("{{event.metadata.job|your build}}", "your build"),
        ("{{event.metadata.list|your build}}", "your build"),
        ("{{event.metadata.none|your build}}", "your build"),
        ("{{event.metadata.empty|your build}}", "your build"),
        ("{{person.team|the | team}}", "the | team"),
        ("{ {person.name|x} } {{}} {{person}}", "{ {person.name|x} } {{}} {{person}}"),
        ("No placeholder", "No placeholder"),
    ],
    ids=range(16),
)
def test_a_placeholder_says_the_value_or_its_fallback(text: str, filled: str) -> None:
    assert fill(text, PIPED) == filled


def test_of_nobody_in_particular_it_says_the_fallback() -> None:
    assert fill("Hello {{person.name|there}}, {{event.name|it}}", NOTHING) == "Hello there, it"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("{{person.name|x}}", "{{person.name|x}}"),
        ("<b>", "<b>"),
        ("a\r\nSubject: b", "a Subject: b"),
        ("\x1b[31mred\x00", "[31mred"),
        ("a\u202eb\u2028c\u200bd", "a b c d"),
        ("x" * VALUE_CHARS_MAX, "x" * VALUE_CHARS_MAX),
        ("x" * (VALUE_CHARS_MAX + 1), "x" * (VALUE_CHARS_MAX - 1) + "…"),
        ("\n\t", "it"),
        (1e300, "1e+300"),
    ],
    ids=range(9),
)
def test_a_value_is_one_line_of_data_and_not_too_long(value: Any, shown: str) -> None:
    assert fill("{{event.metadata.a|it}}", Piped(metadata={"a": value})) == shown


@given(value=st.text())
def test_no_value_brings_a_line_end_or_a_control(value: str) -> None:
    filled = fill("{{event.metadata.a|it}}", Piped(metadata={"a": value}))
    assert {unicodedata.category(one) for one in filled}.isdisjoint({"Cc", "Cf", "Zl", "Zp"})
    assert len(filled.splitlines()) == 1
    assert len(filled) <= VALUE_CHARS_MAX


LIKE_A_LINK = re.compile(
    r"""
      [a-z][a-z0-9+-]*:[^\s\u200c]                            # https://…, mailto:…, tel:…
    | [^\s\u200c][.\u3002\uff0e\uff61][^\W\d_]               # evil.example
    | \d\.\d+\.\d                                           # 192.0.2.1
    | [^\s\u200c]@[^\s\u200c]                               # eve@example
    | //[^\s\u200c] | \\\\[^\s\u200c]                       # //host, \\host
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What one mail program or another makes a link of, and more than any does."""


@pytest.mark.parametrize(
    "value",
    [
        "evil.example/x",
        "https://evil.example",
        "HTTPS://EVIL.EXAMPLE",
        "www.evil.example.",
        "mailto:eve@example",
        "tel:+15550100",
        "javascript:alert",
        "http:\\\\evil",
        "\\\\evil\\share",
        "http://192.0.2.1/x",
        "http://[::1]/",
        "evil\u3002example",
        "evil\uff0eexample",
        "..evil..example..",
        "xn--e1awd7f.example",
        "eve@[192.0.2.1]",
    ],
)
def test_no_mail_program_makes_a_link_of_an_unlinked_value(value: str) -> None:
    assert LIKE_A_LINK.search(value)
    said = unlink(value)
    assert not LIKE_A_LINK.search(said)
    assert said.replace(UNLINKED, "") == value


@given(value=st.text(alphabet="ab1.:/\\@。- ", max_size=20))
def test_unlinked_it_still_reads_the_same(value: str) -> None:
    assert not LIKE_A_LINK.search(unlink(value))
    assert unlink(value).replace(UNLINKED, "") == value


@pytest.mark.parametrize("value", ["main", "feature/login", "Done: all of it. And more", "a, b; c?"])
def test_what_is_no_link_stays_as_it_is(value: str) -> None:
    assert unlink(value) == value


@pytest.mark.parametrize(
    "text",
    [
        "{{event.metadata.a|x}}.{{event.metadata.b|x}}",
        "{{event.metadata.a|x}}.example",
        "{{event.metadata.dot|x}}{{event.metadata.b|x}}",
        "mailto:{{event.metadata.a|x}}",
    ],
)
def test_values_make_no_link_together_with_what_stands_beside_them(text: str) -> None:
    piped = Piped(metadata={"a": "evil", "b": "example", "dot": "evil."})
    assert LIKE_A_LINK.search(fill(text, piped))
    assert not LIKE_A_LINK.search(fill(text, piped, unlinked=True))


def test_a_link_of_the_surveys_own_stays_one_with_a_value_at_its_end() -> None:
    text = "See https://ci.example/builds/{{event.metadata.id|latest}} now."
    assert fill(text, Piped(metadata={"id": 41}), unlinked=True) == "See https://ci.example/builds/41 now."
    assert fill(text, NOTHING, unlinked=True) == "See https://ci.example/builds/latest now."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{person.name}}", "needs a name and a fallback"),
        ("{{person.name|}}", "has an empty fallback"),
        ("{{person.name| }}", "has an empty fallback"),
        ("{{person.email|x}}", "is not known"),
        ("{{event.metadata|x}}", "is not known"),
        ("{{event.metadata.|x}}", "is not known"),
        ("{{event.email|x}}", "is not known"),
        ("{{answer.a|x}}", "is not known"),
        ("{{}}", "needs a name and a fallback"),
        ("{{ 7*7 }}", "needs a name and a fallback"),
        ("Hello {{person.name|x", "^{{ belongs to no placeholder"),
        ("Hello person.name|x}}", "^}} belongs to no placeholder"),
        ("{{person.name|x}} {{", "^{{ belongs to no placeholder"),
        ("{{person.name|{x}}}", "^{{ belongs to no placeholder"),
        ("{{person.name|upper|x}}", "has two bars"),
    ],
)
def test_a_placeholder_that_can_not_be_filled_in_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_placeholders(text)


@pytest.mark.parametrize("text", ["", "plain", "{{person.name|there}}", "{{ event.metadata.a.b-c | x }} {"])
def test_a_good_one_is_not(text: str) -> None:
    check_placeholders(text)
