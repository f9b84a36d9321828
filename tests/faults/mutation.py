"""Which odd requests has nobody thought of? Good ones, changed at random; a seed gives the same again."""

import json
from collections.abc import Callable, Sequence
from random import Random

from tests.contract.cases import as_form, as_json
from tests.contract.test_recorded_requests import REQUESTS
from tests.support.http import Header, chunked, request_bytes
from tests.support.project import FORM, JSON, PATH

TOKEN = "{token}"
CHANGES_MAX = 4
REPEATS_MAX = 300
MENDED_SHARE = 0.7
BYTES = b"\x00\x01\t\n\x0b\r \"%&'+,-/0:;<=[\\]{}\x7f\x80\xbf\xc0\xe2\xed\xf4\xff"
"""Bytes that mean something to a parser, or should not be there."""

LINES = (
    b"Content-Length: 0",
    b"Content-Length: 5",
    b"Content-Length: -1",
    b"Content-Length: 18446744073709551616",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"transfer-encoding:\tchunked",
    b"Connection: close",
    b"Connection: upgrade",
    b"Upgrade: h2c",
    b"Expect: 100-continue",
    b"Content-Type: application/json",
    b"Content-Type: application/x-www-form-urlencoded",
    b"Content-Type: text/plain; charset=utf-16",
    b"Content-Encoding: gzip",
    b"Authorization: Bearer",
    b"Authorization: Basic eDp5",
    b"Idempotency-Key: k",
    b"Idempotency-Key: \xe9",
    b"Host: other.example",
    b" folded",
    b"no colon",
    b": no name",
    b"X-Long: " + b"x" * 20_000,
    b"",
)
STARTS = (b"GET", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"post", b"PRI", b"")
TARGETS = (
    b"*",
    b"//events.track",
    b"/events.track/?test_data=1",
    b"/%65vents.track",
    b"http://x/events.track",
    b"/\xff",
)
VERSIONS = (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.1 ", b"")
TOKENS = (
    *(b"null", b"true", b"[]", b"{}", b'""', b"0", b"-0", b"1e999", b"NaN", b"1680723287123", b"9" * 5_000),
    *(
        b'"\\u0000"',
        b'"\\ud800"',
        b'"\xff"',
        b"[" * 100,
        b'{"a":' * 70,
        b'"' + b"x" * 2_000 + b'"',
        b",",
        b":",
    ),
    b'"' + b"x" * 70_000 + b'"',
    *(b"%00", b"%zz", b"%ff", b"&", b"=", b"metadata[a][b]=1", b"+"),
)
SIZES = (
    b"0",
    b"5",
    b"ffffffff",
    b"fffffffffffffffff",
    b"-1",
    b"0x5",
    b"g",
    b"",
    b"5;a=b",
    b"5;" + b"x" * 5_000,
)

Change = Callable[[Random, bytearray], None]


def _json_requests() -> list[bytes]:
    authorization: Header = ("Authorization", f"Bearer {TOKEN}")
    good: list[tuple[list[Header], bytes]] = [
        ([("Content-Type", JSON)], as_json(metadata={"a": [1, {"b": "é"}], "c": "x" * 100})),
        ([("Content-Type", JSON)], as_json(github_username="octocat", test_data="true", other={"a": 1})),
        ([("Content-Type", JSON), ("Idempotency-Key", "a key")], as_json()),
        ([("Content-Type", FORM)], as_form(("metadata[a]", "b"), test_data="1")),
        ([("Content-Type", FORM)], as_form(metadata=json.dumps({"a": "b"}))),
        ([("Content-Type", JSON), ("Transfer-Encoding", "chunked")], chunked(as_json()[:20], as_json()[20:])),
        ([("Content-Type", FORM), ("Transfer-Encoding", "chunked")], chunked(as_form())),
    ]
    return [request_bytes("POST", PATH, [authorization, *headers], body) for headers, body in good]


def _recorded_requests() -> list[bytes]:
    return [
        request_bytes(one["method"], one["target"], list(one["headers"].items()), one["body"].encode())
        for one in REQUESTS
    ]


GOOD = [*_json_requests(), *_recorded_requests()]


def _place(random: Random, data: Sequence[int]) -> int:
    return random.randrange(len(data) + 1)


def _slice(random: Random, data: Sequence[int]) -> slice:
    start = _place(random, data)
    return slice(start, start + random.choice((1, 1, 2, 4, 16, 64)))


def flip(random: Random, data: bytearray) -> None:
    """Change one bit."""
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def put(random: Random, data: bytearray) -> None:
    """Put a byte of interest somewhere, once or often."""
    place = _place(random, data)
    data[place:place] = bytes([random.choice(BYTES)]) * random.choice((1, 1, 1, REPEATS_MAX))


def cut(random: Random, data: bytearray) -> None:
    """Leave something out."""
    del data[_slice(random, data)]


def end(random: Random, data: bytearray) -> None:
    """Leave out all the rest."""
    del data[_place(random, data) :]


def repeat(random: Random, data: bytearray) -> None:
    """Say something again, elsewhere."""
    place, piece = _place(random, data), bytes(data[_slice(random, data)])
    data[place:place] = piece


def _lines(data: bytearray) -> tuple[list[bytes], bytes]:
    head, _, body = bytes(data).partition(b"\r\n\r\n")
    return head.split(b"\r\n"), body


def _write(data: bytearray, lines: list[bytes], body: bytes) -> None:
    data[:] = b"\r\n".join(lines) + b"\r\n\r\n" + body


def add_header(random: Random, data: bytearray) -> None:
    """Put a header of interest somewhere, once or very often."""
    lines, body = _lines(data)
    place = random.randrange(1, len(lines) + 1)
    lines[place:place] = [random.choice(LINES)] * random.choice((1, 1, 1, 2, REPEATS_MAX))
    _write(data, lines, body)


def drop_header(random: Random, data: bytearray) -> None:
    """Leave a line of the head out, or say it twice, or change places."""
    lines, body = _lines(data)
    place = random.randrange(len(lines))
    line = lines.pop(place)
    if random.random() < 0.5:
        lines.insert(random.randrange(len(lines) + 1), line)
        lines.insert(random.randrange(len(lines) + 1), line)
    _write(data, lines, body)


def restart(random: Random, data: bytearray) -> None:
    """Change the first line."""
    lines, body = _lines(data)
    words = (lines[0].split(b" ") + [b""] * 3)[:3]
    place = random.randrange(3)
    words[place] = random.choice((STARTS, TARGETS, VERSIONS)[place])
    lines[0] = b" ".join(words)
    _write(data, lines, body)


def change_token(random: Random, data: bytearray) -> None:
    """Put something else in place of a part of the body, between quotes, commas, brackets or ampersands."""
    lines, body = _lines(data)
    borders = [place for place, byte in enumerate(body) if byte in b'",:{}[]&=\r'] or [0]
    first, last = sorted((random.choice(borders), random.choice(borders)))
    body = body[:first] + random.choice(TOKENS) + body[last:]
    _write(data, lines, body)


def mend_length(data: bytearray) -> None:
    """Let the length be that of the body again, so that what is wrong with the body is looked at."""
    lines, body = _lines(data)
    length = b"Content-Length: %d" % len(body)
    _write(data, [length if line.lower().startswith(b"content-length:") else line for line in lines], body)


def rechunk(random: Random, data: bytearray) -> None:
    """Send the body in chunks, some of them wrong."""
    lines, body = _lines(data)
    pieces = []
    while body:
        size = random.choice((1, 7, 50, 5_000))
        piece, body = body[:size], body[size:]
        said = b"%x" % len(piece) if random.random() < 0.9 else random.choice(SIZES)
        pieces.append(said + b"\r\n" + piece + b"\r\n")
    trailers = random.choice((b"", b"", b"X: 1\r\n", random.choice(LINES) + b"\r\n"))
    lines = [line for line in lines if not line.lower().startswith((b"content-length", b"transfer-enc"))]
    _write(data, [*lines, b"Transfer-Encoding: chunked"], b"".join(pieces) + b"0\r\n" + trailers + b"\r\n")


def follow(random: Random, data: bytearray) -> None:
    """Let another request follow, or stand inside."""
    place = random.choice((len(data), _place(random, data)))
    data[place:place] = random.choice(GOOD)


CHANGES: tuple[Change, ...] = (
    *(flip, put, cut, end, repeat, add_header, drop_header, restart),
    *(change_token, change_token, change_token, rechunk, follow),
)


def mutated(seed: int) -> bytes:
    """One request, changed in one to four ways."""
    random = Random(seed)
    data = bytearray(random.choice(GOOD))
    for change in random.choices(CHANGES, k=random.randint(1, CHANGES_MAX)):
        change(random, data)
    if random.random() < MENDED_SHARE:
        mend_length(data)
    return bytes(data)
