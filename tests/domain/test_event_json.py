"""Is metadata read liberally, measured exactly, and stored so that every database keeps it?"""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.event import (
    JSON_DEPTH_MAX,
    Event,
    EventError,
    EventErrorCode,
    NumberText,
    compact_json,
    json_depth_exceeds,
    load_json,
    parse_event,
)

NOW_US = 1_780_000_000_000_000
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

any_text = st.text() | st.text('aé日🚀\x00\x01\x7f"\\/u0\n\ud800\udbff\udc00\udfff\ufffd', max_size=12)


def parse(metadata: Any, **limits: int) -> Event:
    return parse_event(
        name="build.finished",
        timestamp="1780000000",
        email="ana@example.com",
        metadata=metadata,
        now_us=NOW_US,
        **limits,
    )


def refusal(metadata: Any, **limits: int) -> EventError:
    with pytest.raises(EventError) as caught:
        parse(metadata, **limits)
    return caught.value


def of_bytes(count: int, letter: str = "x") -> dict[str, str]:
    """Metadata of exactly this size in compact form."""
    room = count - len('{"key":""}')
    width = len(letter.encode())
    return {"key": letter * (room // width) + "x" * (room % width)}


class TestForm:
    @pytest.mark.parametrize(
        ("sent", "stored"),
        [
            pytest.param({"color": "blue"}, '{"color":"blue"}', id="object"),
            pytest.param('{"color": "blue"}', '{"color":"blue"}', id="string holding an object"),
            pytest.param(' \n{"a" : [1, 2.5, null, true]} ', '{"a":[1,2.5,null,true]}', id="spaces"),
            pytest.param({}, "{}", id="empty object"),
            pytest.param("{}", "{}", id="string holding an empty object"),
            pytest.param(None, None, id="absent"),
            pytest.param("", None, id="empty string"),
            pytest.param("  ", None, id="blank string"),
            pytest.param("null", None, id="string holding null"),
            pytest.param('{"a":1,"b":2,"a":3}', '{"a":3,"b":2}', id="a repeated key: the last wins"),
            pytest.param({"é": "日本 🚀"}, '{"é":"日本 🚀"}', id="never escaped to ASCII"),
            pytest.param({"a": "\x01\x1f\x7f"}, '{"a":"\\u0001\\u001f\x7f"}', id="control characters"),
            pytest.param({"a": "\\u0000"}, r'{"a":"\\u0000"}', id="a written-out escape is plain text"),
            pytest.param(r'{"a":"\u0000\ud800"}', f'{{"a":"{REPLACEMENT * 2}"}}', id="escaped, unstorable"),
            pytest.param(r'{"a":"\ud83d\ude80"}', '{"a":"🚀"}', id="escaped pair"),
        ],
    )
    def test_is_stored_as_compact_json(self, sent: Any, stored: str | None) -> None:
        assert parse(sent).metadata == stored

    @pytest.mark.parametrize(
        "sent",
        [
            [],
            [{"a": 1}],
            5,
            NumberText("2.5"),
            True,
            False,
            "[]",
            "5",
            '"text"',
            "true",
            "color=blue",
            '{"a": 1} trailing',
            "{'a': 1}",
            '{"a": NaN}',
            '{"a": -Infinity}',
            '{"a": 1e999}',
            f'{{"a": {"9" * 4_301}}}',
            '{"a":' * 65 + "1" + "}" * 65,
        ],
        ids=lambda sent: ascii(sent)[:30],
    )
    def test_of_another_kind_is_refused(self, sent: Any) -> None:
        error = refusal(sent)
        assert error.code is EventErrorCode.INVALID_ARGUMENTS
        assert error.message.startswith("metadata")


class TestSize:
    @pytest.mark.parametrize("letter", ["x", "é", "日", "🚀"])
    def test_1024_bytes_pass_and_1025_do_not(self, letter: str) -> None:
        text = parse(of_bytes(1_024, letter)).metadata
        assert text is not None
        assert len(text.encode()) == 1_024
        assert refusal(of_bytes(1_025, letter)).code is EventErrorCode.METADATA_TOO_LARGE

    def test_the_limit_is_the_projects(self) -> None:
        assert parse(of_bytes(50), metadata_bytes_max=50)
        error = refusal(of_bytes(51), metadata_bytes_max=50)
        assert error.code is EventErrorCode.METADATA_TOO_LARGE
        assert "50 bytes" in error.message

    def test_spaces_and_escapes_of_the_sender_do_not_count(self) -> None:
        spacious = json.dumps(of_bytes(1_024, "é"), indent=40, ensure_ascii=True)
        assert len(spacious) > 2_000
        assert parse(spacious).metadata == compact_json(of_bytes(1_024, "é"))

    def test_is_measured_after_replacement(self) -> None:
        room = 1_024 - len('{"key":""}')
        fits = {"key": "\x00" * (room // 3)}
        assert len(json.dumps(fits, separators=(",", ":"))) > 1_024
        assert parse(fits).metadata == compact_json({"key": REPLACEMENT * (room // 3)})
        assert refusal({"key": "\x00" * (room // 3 + 1)}).code is EventErrorCode.METADATA_TOO_LARGE


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4),
    max_leaves=10,
)


def storable(value: Any) -> Any:
    """The replacement that the contract asks for, done the slow way."""
    if isinstance(value, str):
        return "".join(REPLACEMENT if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in value)
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return value


class TestCompactJson:
    @given(json_values)
    @settings(max_examples=200)
    def test_is_json_dumps_of_what_can_be_stored(self, value: Any) -> None:
        assert compact_json(value) == json.dumps(
            storable(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False
        )

    @given(json_values)
    @settings(max_examples=100)
    def test_round_trips(self, value: Any) -> None:
        text = compact_json(value)
        assert load_json(text) == storable(value)
        assert compact_json(load_json(text)) == text

    @given(json_values)
    @settings(max_examples=100)
    def test_holds_nothing_that_a_database_refuses(self, value: Any) -> None:
        text = compact_json(value)
        text.encode("utf-8", "strict")
        assert "\x00" not in json.dumps(json.loads(text), ensure_ascii=False)
        assert "\x00" not in text

    @pytest.mark.parametrize("text", ["1.5", "1e2", "0.1", "-0.0", "1E-7", "123456789.123456789"])
    def test_numbers_are_written_as_python_writes_them(self, text: str) -> None:
        assert compact_json([load_json(text)]) == json.dumps([float(text)])


class TestLoadJson:
    @given(json_values)
    @settings(max_examples=100)
    def test_reads_what_json_reads(self, value: Any) -> None:
        text = json.dumps(value)
        assert load_json(text) == json.loads(text)
        assert load_json(text.encode()) == json.loads(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "nul",
            "{",
            "[1,]",
            "{} {}",
            "NaN",
            "[Infinity]",
            "-Infinity",
            "1e999",
            "-1e999",
            "9" * 4_301,
            '"a\nb"',
            "\ufeff{}",
            "'a'",
        ],
        ids=lambda text: ascii(text)[:20],
    )
    def test_refuses_what_is_not_json(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"."):
            load_json(text)
        with pytest.raises(ValueError, match=r"."):
            load_json(text.encode())

    def test_refuses_bytes_that_are_not_utf_8(self) -> None:
        with pytest.raises(ValueError, match="utf-8"):
            load_json(b'{"a": "\xff"}')

    def test_lets_lone_surrogates_through_to_be_replaced_later(self) -> None:
        assert load_json(r'["\ud800"]') == ["\ud800"]
        assert load_json('["\ud800"]') == ["\ud800"]

    @pytest.mark.parametrize("text", ["1.5", "1e9", "1E+9", "1680723287.0"])
    def test_numbers_remember_how_they_were_written(self, text: str) -> None:
        number = load_json(text)
        assert isinstance(number, NumberText)
        assert (number, number.text) == (float(text), text)

    def test_an_integer_stays_an_integer(self) -> None:
        assert type(load_json("1680723287")) is int


class TestDepth:
    @pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
    def test_64_levels_pass_and_65_do_not(self, opening: str, closing: str) -> None:
        deepest = opening * JSON_DEPTH_MAX + "1" + closing * JSON_DEPTH_MAX
        assert load_json(deepest)
        with pytest.raises(ValueError, match="64 levels"):
            load_json(opening + deepest + closing)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param(json.dumps("[" * 100), id="brackets inside a string"),
            pytest.param(json.dumps(['"[' * 100]), id="escaped quotes inside a string"),
            pytest.param(json.dumps(["\\", "[" * 100]), id="a string that ends in a backslash"),
            pytest.param(json.dumps([[]] * 100), id="many side by side"),
        ],
    )
    def test_counts_nesting_and_not_brackets(self, text: str) -> None:
        assert not json_depth_exceeds(text.encode())
        assert load_json(text) == json.loads(text)

    @given(st.recursive(any_text | st.integers(), lambda inner: st.lists(inner, max_size=3), max_leaves=30))
    @settings(max_examples=100)
    def test_agrees_with_a_count_on_the_parsed_value(self, value: Any) -> None:
        def depth(of: Any) -> int:
            return 1 + max(map(depth, of), default=0) if isinstance(of, list) else 0

        text = json.dumps(value).encode()
        for limit in (0, 1, 2, 5):
            assert json_depth_exceeds(text, limit) is (depth(value) > limit)
