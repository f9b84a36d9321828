"""Do the fast way and the liberal way of reading a JSON body say the same?"""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from afterword.domain.event import Event, EventError
from afterword.web import track_body
from afterword.web.track_body import parse_json_body
from tests.storage.support import START_US

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TIMES = st.sampled_from(
    ["1", "1.5", "01", "", " 1700000000 ", "1e9", "9" * 13, 1_700_000_000, 1.5, True, None, 0, -1]
)
HANDLES = st.sampled_from(["bob@example.com", " Bob ", "", None, 7, "a\x00b", "x" * 300, "ünï", "\x7f"])
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["build.finished", "", " a ", None, 5, "x" * 256]) | st.text(max_size=9),
        "timestamp": TIMES,
        "email": HANDLES,
        "github_username": HANDLES,
        "gitlab_username": HANDLES,
        "metadata": st.dictionaries(st.text(max_size=5), JSON, max_size=3)
        | st.sampled_from(['{"a":1}', "x", "", "null", [], 5, None]),
        "test_data": st.sampled_from([True, False, None, 0, 1, 2, "true", "false", "1", "yes", ""]),
        "unknown": JSON,
    },
)


def read(body: bytes, *, fast: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[Event, bool] | tuple[str, str]:
    with monkeypatch.context() as patch:
        if not fast:
            patch.setattr(track_body, "_usual_json", lambda body: None)
        try:
            return parse_json_body(body, now_us=START_US, metadata_bytes_max=1_024, default_test_data=None)
        except EventError as error:
            return error.code, error.message


@pytest.fixture(scope="module")
def patches() -> pytest.MonkeyPatch:
    """For many examples in one test."""
    return pytest.MonkeyPatch()


@settings(max_examples=600, deadline=None, derandomize=True)
@given(document=BODIES, escaped=st.booleans(), indent=st.sampled_from([None, 1]))
@example(
    document={"name": "a", "timestamp": "1", "email": "b@c", "metadata": {"n": 1.0}},
    escaped=False,
    indent=None,
)
@example(
    document={"name": "a", "timestamp": "1", "email": "b@c", "metadata": {"n": 1e100}},
    escaped=False,
    indent=None,
)
@example(
    document={"name": "a", "timestamp": "1", "email": "b@c", "metadata": {"n": 2**70}},
    escaped=False,
    indent=None,
)
@example(document={"name": "a", "timestamp": 2**64, "email": "b@c"}, escaped=False, indent=None)
def test_both_ways_agree_on_generated_bodies(
    patches: pytest.MonkeyPatch, document: dict[str, object], escaped: bool, indent: int | None
) -> None:
    body = json.dumps(document, ensure_ascii=escaped, indent=indent).encode()
    fast = read(body, fast=True, monkeypatch=patches)
    assert fast == read(body, fast=False, monkeypatch=patches)


@pytest.mark.parametrize(
    "body",
    [
        b'{"name":"a","name":"b","timestamp":"1","email":"b@c"}',
        b'\xef\xbb\xbf{"name":"a","timestamp":"1","email":"b@c"}',
        b'{"name":"a","timestamp":1.5,"email":"b@c"}',
        b'{"name":"a","timestamp":1e9,"email":"b@c"}',
        b'{"name":"a","timestamp":"1","email":"b@c","metadata":{"a":1e400}}',
        b'{"name":"a","timestamp":"1","email":"b@c","metadata":{"a":NaN}}',
        b'{"name":"a","timestamp":"1","email":"b@c","metadata":{"a":1.10,"b":-0,"c":1E2,"d":-0.0}}',
        b'{"name":"a","timestamp":"1","email":"b@c","metadata":{"a":12345678901234567890123}}',
        b'{"name":"a","timestamp":"1","email":"b@c","metadata":{"a":1,"a":2}}',
        b'{"name":"a","timestamp":"1","email":"b@c","metadata":' + b'{"a":' * 62 + b"1" + b"}" * 62 + b"}",
        b'{"name":"a","timestamp":"1","email":"b@c","metadata":' + b'{"a":' * 64 + b"1" + b"}" * 64 + b"}",
        b'{"name":"a","timestamp":"1","email":"b@c"} ',
        b'{"name":"a","timestamp":"1","email":"b@c"}x',
        b'{"name":"a\xff","timestamp":"1","email":"b@c"}',
        b'{"name":"\\ud800","timestamp":"1","email":"b@c"}',
        b'{"name":"a\tb","timestamp":"1","email":"b@c"}',
        b"", b"null", b"[]", b"{", b'"x"', b"[" * 100_000,
    ],
)  # fmt: skip
def test_both_ways_agree_on_odd_bodies(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = read(body, fast=True, monkeypatch=monkeypatch)
    assert fast == read(body, fast=False, monkeypatch=monkeypatch)
