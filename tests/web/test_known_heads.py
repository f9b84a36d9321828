"""Is a head that was read before found again, and nothing else taken for it?"""

import pytest

from afterword.web import known_heads
from afterword.web.known_heads import HEAD_BYTES_KNOWN_MAX, Head, KnownHeads

TOKEN = b"awp_secret"
BODY = b'{"a":"\r\n\r\n"}'
HEAD = Head(b"hash", is_json=True, query=b"", keep_alive=True, body_bytes=len(BODY))


def request(body: bytes = BODY, more: bytes = b"") -> bytes:
    """Write a request."""
    return b"POST /events.track HTTP/1.1\r\nAuthorization: Bearer " + TOKEN + more + b"\r\n\r\n" + body


def knowing(*requests: bytes) -> KnownHeads:
    """Heads of these requests."""
    heads = KnownHeads()
    for one in requests:
        heads.remember(one, HEAD)
    return heads


def test_a_head_is_found_with_whatever_body_of_its_length() -> None:
    heads = knowing(request())
    for body in (BODY, b"x" * len(BODY), b"\r\n\r\n".ljust(len(BODY), b"\x00")):
        assert heads.find(request(body)) == (HEAD, body)


@pytest.mark.parametrize(
    "other",
    [
        request(BODY[:-1]),
        request(BODY + b"x"),
        request() + request(),
        request(more=b"\r\nX: y"),
        request().replace(b"secret", b"Secret"),
        b"\r\n" + request(),
        request()[1:],
        request()[: -len(BODY)],
        b"",
    ],
)
def test_anything_else_is_left_to_the_parser(other: bytes) -> None:
    assert knowing(request()).find(other) is None


@pytest.mark.parametrize(
    "odd", [b"\r\n" + request(), request() + b"x", request(BODY[:-1]), b"POST / HTTP/1.1\r\n", b""]
)
def test_what_was_not_exactly_one_request_is_not_remembered(odd: bytes) -> None:
    heads = knowing(odd)
    assert heads.find(odd) is None
    assert heads.find(request()) is None


def test_long_heads_are_read_anew() -> None:
    long = request(more=b"\r\nX: " + b"y" * HEAD_BYTES_KNOWN_MAX)
    assert knowing(long).find(long) is None


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_heads, "HEADS_MAX", 3)
    requests = [request(more=b"\r\nX: %d" % number) for number in range(10)]
    heads = knowing(*requests)
    assert 1 <= sum(heads.find(one) is not None for one in requests) <= 3
    assert heads.find(requests[-1]) is not None


def test_the_token_is_not_kept() -> None:
    assert TOKEN.decode() not in repr(vars(knowing(request())))
