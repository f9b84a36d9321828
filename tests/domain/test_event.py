"""Is every argument of a call judged as the contract of events.track says?"""

import contextlib
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from afterword.domain.event import (
    FUTURE_S_MAX,
    SECOND_US,
    Event,
    EventError,
    EventErrorCode,
    MissingArgumentError,
    NumberText,
    load_json,
    parse_event,
    parse_test_data,
)

NOW_S = 1_780_000_000
NOW_US = NOW_S * SECOND_US
CALL = {"name": "build.finished", "timestamp": str(NOW_S), "email": "ana@example.com"}


def parse(**arguments: Any) -> Event:
    return parse_event(**{**CALL, **arguments}, now_us=NOW_US)


def refusal(**arguments: Any) -> EventError:
    with pytest.raises(EventError) as caught:
        parse(**arguments)
    return caught.value


class TestName:
    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            pytest.param("action-executed", "action-executed", id="plain"),
            pytest.param("  spaces around \t\n", "spaces around", id="trimmed"),
            pytest.param("Build Finished", "Build Finished", id="capitals and spaces"),
            pytest.param("🚀 déployé", "🚀 déployé", id="emoji"),
            pytest.param("<script>alert(1)</script>", "<script>alert(1)</script>", id="markup is data"),
            pytest.param("x" * 255, "x" * 255, id="255 characters"),
            pytest.param(f" {'x' * 255} ", "x" * 255, id="255 characters after trimming"),
            pytest.param("🚀" * 255, "🚀" * 255, id="characters are counted, not bytes"),
            pytest.param("a\ud800b", "a\N{REPLACEMENT CHARACTER}b", id="lone surrogate"),
        ],
    )
    def test_is_kept_as_sent_but_trimmed(self, sent: str, kept: str) -> None:
        assert parse(name=sent).name == kept

    @pytest.mark.parametrize("sent", [None, "", "   ", "\n\t"], ids=repr)
    def test_is_required(self, sent: str | None) -> None:
        error = refusal(name=sent)
        assert isinstance(error, MissingArgumentError)
        assert error.message.startswith("name is ")

    @pytest.mark.parametrize(
        "sent",
        [
            "x" * 256,
            "a\x00b",
            "a\nb",
            "a\x1fb",
            "a\x7fb",
            "a\x80b",
            "a\x9fb",
            5,
            NumberText("1.5"),
            True,
            ["a"],
            {"a": 1},
        ],
        ids=ascii,
    )
    def test_of_another_kind_is_refused(self, sent: Any) -> None:
        error = refusal(name=sent)
        assert error.code is EventErrorCode.INVALID_ARGUMENTS
        assert not isinstance(error, MissingArgumentError)


class TestTimestamp:
    @pytest.mark.parametrize(
        ("sent", "occurred_at_us"),
        [
            pytest.param("1680723287", 1_680_723_287_000_000, id="as documented"),
            pytest.param(1_680_723_287, 1_680_723_287_000_000, id="a number"),
            pytest.param(NumberText("1680723287.25"), 1_680_723_287_250_000, id="a number with fraction"),
            pytest.param(1_680_723_287.25, 1_680_723_287_250_000, id="a float"),
            pytest.param("1680723287.123456", 1_680_723_287_123_456, id="microseconds"),
            pytest.param("1680723287.1", 1_680_723_287_100_000, id="one decimal is tenths"),
            pytest.param("1680723287.000000001", 1_680_723_287_000_000, id="nine decimals"),
            pytest.param("1680723287.999999999", 1_680_723_287_999_999, id="cut off, never rounded up"),
            pytest.param(" \t\r\n1680723287\v\f ", 1_680_723_287_000_000, id="ASCII blanks around"),
            pytest.param("1", 1_000_000, id="the first second"),
            pytest.param(str(NOW_S + FUTURE_S_MAX), (NOW_S + FUTURE_S_MAX) * SECOND_US, id="24 h ahead"),
        ],
    )
    def test_is_read_to_the_microsecond(self, sent: Any, occurred_at_us: int) -> None:
        assert parse(timestamp=sent).occurred_at_us == occurred_at_us

    @pytest.mark.parametrize("sent", [None, "", " \t"], ids=repr)
    def test_is_required(self, sent: str | None) -> None:
        assert isinstance(refusal(timestamp=sent), MissingArgumentError)

    @pytest.mark.parametrize(
        "sent",
        [
            "0",
            "01680723287",
            "-1680723287",
            "+1680723287",
            "1_680_723_287",
            "1.68e9",
            NumberText("1.68e9"),
            NumberText("1680723287e0"),
            1e22,
            -5,
            0,
            "1680723287.",
            "1680723287.1234567890",
            ".5",
            "0x10",
            "1680723287 1",
            "2023-04-05T19:34:47Z",
            "".join(chr(ord(digit) + 0xFEE0) for digit in "1680723287"),
            "١٦٨٠٧٢٣٢٨٧",
            "\N{NO-BREAK SPACE}1680723287",
            "1680723287\x00",
            True,
            False,
            [1_680_723_287],
            {},
        ],
        ids=ascii,
    )
    def test_in_another_format_is_refused(self, sent: Any) -> None:
        error = refusal(timestamp=sent)
        assert error.code is EventErrorCode.INVALID_ARGUMENTS
        assert not isinstance(error, MissingArgumentError)
        assert "seconds" in error.message

    @pytest.mark.parametrize(
        "sent", ["1680723287123", 1_680_723_287_123, NumberText("1680723287123.5")], ids=repr
    )
    def test_in_milliseconds_is_refused_with_the_cure(self, sent: Any) -> None:
        message = refusal(timestamp=sent).message
        assert "milliseconds" in message
        assert "1000" in message

    @pytest.mark.parametrize(
        "sent", [str(NOW_S + FUTURE_S_MAX + 1), f"{NOW_S + FUTURE_S_MAX}.000001", "99999999999"]
    )
    def test_more_than_24_h_ahead_is_refused(self, sent: str) -> None:
        assert "future" in refusal(timestamp=sent).message

    @given(st.integers(1, NOW_US + FUTURE_S_MAX * SECOND_US))
    @settings(max_examples=50)
    def test_survives_the_way_through_text(self, at_us: int) -> None:
        seconds, rest = divmod(at_us, SECOND_US)
        if seconds:
            assert parse(timestamp=f"{seconds}.{rest:06}").occurred_at_us == at_us


class TestIdentity:
    ARGUMENTS = ("email", "github_username", "gitlab_username")

    @pytest.mark.parametrize("argument", ARGUMENTS)
    def test_one_handle_is_enough(self, argument: str) -> None:
        event = parse(**{"email": None, argument: " Ana "})
        assert {name: getattr(event, name) for name in self.ARGUMENTS} == {
            name: "Ana" if name == argument else None for name in self.ARGUMENTS
        }

    def test_several_handles_are_all_kept(self) -> None:
        event = parse(github_username="@ana", gitlab_username="somebody-else")
        assert (event.email, event.github_username, event.gitlab_username) == (
            "ana@example.com",
            "@ana",
            "somebody-else",
        )

    @pytest.mark.parametrize("blank", [None, "", "  ", "\t\n"], ids=repr)
    def test_none_at_all_is_refused(self, blank: str | None) -> None:
        error = refusal(email=blank, github_username=blank, gitlab_username=blank)
        assert isinstance(error, MissingArgumentError)
        assert all(argument in error.message for argument in self.ARGUMENTS)

    @pytest.mark.parametrize("argument", ARGUMENTS)
    @pytest.mark.parametrize(
        "sent", ["unknown", "no-address", "ana+builds@example.com", "x" * 254, "\uff41na"]
    )
    def test_odd_handles_are_stored(self, argument: str, sent: str) -> None:
        assert getattr(parse(**{argument: sent}), argument) == sent

    @pytest.mark.parametrize("argument", ARGUMENTS)
    @pytest.mark.parametrize(
        "sent", ["x" * 255, "a\x00b", "a\nb", "a\x85b", 5, NumberText("1.5"), False, ["ana"], {}], ids=ascii
    )
    def test_of_another_kind_is_refused_by_name(self, argument: str, sent: Any) -> None:
        error = refusal(**{argument: sent})
        assert error.code is EventErrorCode.INVALID_ARGUMENTS
        assert error.message.startswith(argument)

    def test_a_bad_handle_is_refused_although_another_one_is_good(self) -> None:
        assert refusal(gitlab_username=7).message.startswith("gitlab_username")


class TestTestData:
    @pytest.mark.parametrize(
        ("sent", "is_test"),
        [
            (True, True),
            ("true", True),
            (1, True),
            ("1", True),
            (False, False),
            ("false", False),
            (0, False),
            ("0", False),
            (None, False),
            ("", False),
            ("  ", False),
        ],
        ids=repr,
    )
    def test_is_read(self, sent: Any, is_test: bool) -> None:
        assert parse(test_data=sent).is_test is is_test

    @pytest.mark.parametrize("sent", [None, "", " "], ids=repr)
    def test_absent_is_not_false(self, sent: Any) -> None:
        assert parse_test_data(sent) is None

    @pytest.mark.parametrize(
        "sent", ["True", "TRUE", "yes", "on", "2", " true ", 2, -1, NumberText("1.0"), [], {}], ids=repr
    )
    def test_of_another_kind_is_refused(self, sent: Any) -> None:
        error = refusal(test_data=sent)
        assert error.code is EventErrorCode.INVALID_ARGUMENTS
        assert error.message.startswith("test_data")


class TestOrder:
    WRONG: tuple[tuple[str, Any], ...] = (
        ("name", 5),
        ("timestamp", "noon"),
        ("email", 5),
        ("github_username", 5),
        ("gitlab_username", 5),
        ("test_data", "maybe"),
        ("metadata", []),
    )

    @pytest.mark.parametrize("first", range(len(WRONG)))
    def test_the_first_wrong_argument_is_the_one_that_is_named(self, first: int) -> None:
        assert refusal(**dict(self.WRONG[first:])).message.startswith(self.WRONG[first][0])

    def test_size_is_looked_at_after_everything_else(self) -> None:
        too_large = {"key": "x" * 2_000}
        assert refusal(metadata=too_large).code is EventErrorCode.METADATA_TOO_LARGE
        assert refusal(metadata=too_large, test_data="maybe").code is EventErrorCode.INVALID_ARGUMENTS


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False).map(lambda number: load_json(repr(number)))
    | st.text(max_size=300)
    | st.text('0159.e \x00\n\ud800\udfff{}[]":', max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
some_arguments = st.fixed_dictionaries({}, optional={name: anything for name, _ in TestOrder.WRONG})


@given(some_arguments)
@example({"metadata": "[" * 100_000})
@example({"metadata": '{"a":' * 500 + "1" + "}" * 500})
@example({"metadata": '{"a": 1e999}'})
@example({"metadata": f'{{"a": {"9" * 5_000}}}'})
@settings(max_examples=200)
def test_no_arguments_cause_anything_but_an_event_error(arguments: dict[str, Any]) -> None:
    event = None
    with contextlib.suppress(EventError):
        event = parse(**arguments)
    assert event is None or 1 <= len(event.name) <= 255


@given(
    st.sampled_from([name for name, _ in TestOrder.WRONG]),
    st.sampled_from(["{}", "{}\x00", "-{}", "{}" * 300, '["{}"]', '{{"a": "{}"', '{{"a": ' + '"{}"' * 300]),
    st.text("qxzj", min_size=6, max_size=12),
)
@settings(max_examples=100)
def test_messages_never_repeat_what_was_sent(argument: str, shape: str, secret: str) -> None:
    message = ""
    try:
        parse(**{argument: shape.replace("{}", secret)})
    except EventError as error:
        message = f"{error} {error.message}"
    assert secret not in message


@pytest.mark.parametrize("argument", [name for name, _ in TestOrder.WRONG])
def test_messages_say_which_argument_it_was(argument: str) -> None:
    assert refusal(**dict(TestOrder.WRONG)).message.startswith("name")
    assert refusal(**{argument: dict(TestOrder.WRONG)[argument]}).message.startswith(argument)


def test_error_codes_are_those_of_the_contract() -> None:
    assert {code.value for code in EventErrorCode} == {
        "invalid_arguments",
        "invalid_form_data",
        "metadata_too_large",
    }
