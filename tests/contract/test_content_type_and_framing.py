"""Content type and framing: which bytes are a request, and which kinds of body are read."""

import gzip
import json
import zlib

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
    send_all,
)
from tests.contract.shape import assert_accepted, assert_refused
from tests.support.http import Connection, Header, chunked, exchange, request_bytes
from tests.support.project import FORM, JSON, PATH, Project

HEADERS_MAX = 100
BOM = b"\xef\xbb\xbf"

JSON_TYPES = [
    "application/json",
    "Application/JSON",
    " application/json ",
    "application/json;",
    "application/json; charset=utf-8",
    "application/json;charset=utf-8",
    "application/json; charset=UTF-8",
    "application/json; Charset=Utf-8",
    'application/json; charset="utf-8"',
    'application/json; charset="UTF-8"',
    "application/json; charset=utf8",
    "application/json; charset=UTF8",
    "application/json ; charset=utf-8",
    "application/json; charset=utf-8;",
    "application/json; version=1; charset=utf-8",
    "application/vnd.api+json",
    "application/cloudevents+json",
    "application/cloudevents+json; charset=UTF-8",
    "application/problem+json",
    "application/LD+JSON",
]
FORM_TYPES = [
    FORM,
    FORM.upper(),
    f"{FORM};charset=UTF-8",
    f"{FORM}; charset=utf-8",
    f'{FORM}; charset="utf-8"',
    f"{FORM}; charset=utf8",
]
TAKEN = [
    *(Accepted(f"json-{kind!r}", as_json(), content_type=kind) for kind in JSON_TYPES),
    *(Accepted(f"form-{kind!r}", as_form(), content_type=kind) for kind in FORM_TYPES),
    Accepted("bom", BOM + as_json(name="bom"), {"name": "bom"}),
    Accepted("bom-with-charset", BOM + as_json(), content_type="application/json; charset=utf-8"),
    Accepted(
        "utf-8-not-escaped",
        json.dumps({**json.loads(as_json()), "name": "Zoë 🎉 名"}, ensure_ascii=False).encode(),
        {"name": "Zoë 🎉 名"},
    ),
    Accepted("content-encoding-identity", as_json(), headers=(("Content-Encoding", "identity"),)),
]


@pytest.fixture(scope="module")
def outcomes(roomy: Project) -> dict[str, Outcome]:
    """All good content types, sent once."""
    return send_all(roomy, TAKEN)


@pytest.mark.parametrize("case", params(TAKEN))
def test_a_content_type_of_json_or_a_form_is_taken(outcomes: dict[str, Outcome], case: Accepted) -> None:
    check_stored(outcomes, case)


NAMES_THE_HEADER = ("Content-Type", "application/json")
MULTIPART = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nx\r\n--b--\r\n'


def of_type(content_type: str, body: bytes = b"") -> Refused:
    """Write a refusal for one content type; the body is good JSON unless another is given."""
    return Refused(content_type or "empty", body or as_json(), "invalid_form_data", content_type=content_type)


WRONG_TYPES = [
    Refused("json-as-form", as_json(), "invalid_form_data", NAMES_THE_HEADER, FORM),
    Refused(
        "json-as-form-with-charset", as_json(), "invalid_form_data", NAMES_THE_HEADER, f"{FORM};charset=utf-8"
    ),
    Refused(
        "json-with-metadata-as-form",
        as_json(metadata={"a": "b=c&d"}),
        "invalid_form_data",
        NAMES_THE_HEADER,
        FORM,
    ),
    Refused("indented-json-as-form", b" \n" + as_json(), "invalid_form_data", NAMES_THE_HEADER, FORM),
    Refused("json-as-text", as_json(), "invalid_form_data", NAMES_THE_HEADER, "text/plain"),
    Refused(
        "json-as-text-utf-8", as_json(), "invalid_form_data", NAMES_THE_HEADER, "text/plain;charset=UTF-8"
    ),
    of_type(""),
    of_type("text/html"),
    of_type("text/json"),
    of_type("json"),
    of_type("application/x-json"),
    of_type("application/jsonp"),
    of_type("application/json5"),
    of_type("application/octet-stream"),
    of_type("application/xml"),
    of_type("application/+xml"),
    of_type("application/x-ndjson"),
    of_type("image/svg+json"),
    of_type("*/*"),
    of_type("application/json, text/plain"),
    of_type("multipart/form-data; boundary=b", MULTIPART),
    of_type("multipart/form-data", MULTIPART),
    of_type("multipart/mixed; boundary=b", MULTIPART),
    *(
        of_type(f"{JSON}; charset={name}")
        for name in ("latin1", "iso-8859-1", "utf-16", "utf-7", "us-ascii", "x")
    ),
    *(of_type(f"{FORM}; charset={name}", as_form()) for name in ("iso-8859-1", "utf-16", "windows-1252")),
    Refused(
        "utf-16-declared",
        as_json().decode().encode("utf-16"),
        "invalid_form_data",
        (),
        f"{JSON}; charset=utf-16",
    ),
]


@pytest.mark.parametrize("case", params(WRONG_TYPES))
def test_another_content_type_is_invalid_form_data(unstored: Project, case: Refused) -> None:
    case.check(unstored)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "x-gzip", "GZIP", "gzip, gzip", "aes"])
def test_a_compressed_body_is_invalid_form_data(unstored: Project, coding: str) -> None:
    packed = as_json()
    if coding == "deflate":
        packed = zlib.compress(packed)
    elif "gzip" in coding.lower():
        packed = gzip.compress(packed)
    headers: list[Header] = [("Content-Encoding", coding)]
    assert_refused(unstored.post(packed, headers=headers), 422, "invalid_form_data")


WRONG_BYTES = [
    Refused("utf-16-le", as_json().decode().encode("utf-16-le")),
    Refused("utf-16-be", as_json().decode().encode("utf-16-be")),
    Refused("utf-16-with-bom", as_json().decode().encode("utf-16")),
    Refused("utf-32", as_json().decode().encode("utf-32")),
    Refused("latin-1", b'{"name":"Zo\xeb","timestamp":"1680723287","email":"a@example.com"}'),
    Refused("bad-utf-8-in-metadata", as_json(metadata={"a": "#"}).replace(b"#", b"\xff")),
    Refused("bad-utf-8-in-an-unknown-field", as_json(other="#").replace(b"#", b"\xc3\x28")),
    Refused("bad-utf-8-in-a-key", as_json(other="x").replace(b"other", b"oth\x80r")),
    Refused("overlong-utf-8", as_json(name="#").replace(b"#", b"\xc0\xaf")),
    Refused("surrogate-as-utf-8", as_json(name="#").replace(b"#", b"\xed\xa0\x80")),
    Refused("cut-utf-8", as_json(name="#").replace(b"#", b"\xf0\x9f\x8e")),
    Refused("beyond-unicode", as_json(name="#").replace(b"#", b"\xf4\x90\x80\x80")),
    Refused("beyond-unicode-by-far", as_json(name="#").replace(b"#", b"\xf8\x88\x80\x80\x80")),
    Refused("overlong-by-six", as_json(name="#").replace(b"#", b"\xfc\x80\x80\x80\x80\x80")),
    Refused("overlong-nul", as_json(name="#").replace(b"#", b"\xc0\x80")),
    Refused("overlong-by-three", as_json(name="#").replace(b"#", b"\xe0\x80\xaf")),
    Refused("continuation-alone", as_json(name="#").replace(b"#", b"\x81")),
    Refused("never-in-utf-8", as_json(name="#").replace(b"#", b"\xfe")),
    Refused("surrogate-pair-as-utf-8", as_json(name="#").replace(b"#", b"\xed\xa0\xbd\xed\xb8\x80")),
    Refused("bad-utf-8-outside-strings", as_json() + b"\xff"),
    Refused("half-a-bom", b"\xef\xbb" + as_json()),
    Refused("gzip-undeclared", gzip.compress(as_json())),
    Refused("empty", b""),
    Refused("blank", b" \r\n\t "),
    Refused("only-a-bom", BOM),
    Refused("form-as-json", as_form()),
]


@pytest.mark.parametrize("case", params(WRONG_BYTES))
def test_json_that_is_not_utf_8_is_invalid_arguments(unstored: Project, case: Refused) -> None:
    case.check(unstored)


def chunked_request(project: Project, body: bytes, *more: Header) -> bytes:
    """Write a chunked POST with this already chunked body."""
    headers: list[Header] = [project.authorization, ("Content-Type", JSON), ("Transfer-Encoding", "chunked")]
    return request_bytes("POST", PATH, [*headers, *more], body)


def test_a_chunked_body_is_accepted(project: Project) -> None:
    whole = as_json(name="in-chunks", metadata={"a": "b"})
    bodies = [
        chunked(whole),
        chunked(*(whole[at : at + 1] for at in range(len(whole)))),
        chunked(whole[:10], whole[10:]),
        b"%X;name=value\r\n%s\r\n0\r\n\r\n" % (len(whole), whole),
        b"0000%x\r\n%s\r\n0\r\n\r\n" % (len(whole), whole),
    ]
    for body in bodies:
        assert_accepted(exchange(project.server.address, chunked_request(project, body)))
    assert [event["name"] for event in project.events()] == ["in-chunks"] * len(bodies)


def test_a_body_in_many_small_packets_is_accepted(roomy: Project) -> None:
    request = roomy.request(as_json())
    with Connection(roomy.server.address) as connection:
        for at in range(0, len(request), 7):
            connection.send(request[at : at + 7])
        assert_accepted(connection.read_reply())


def test_requests_on_one_connection_are_answered_in_their_order(project: Project) -> None:
    """Also when the next one is sent before the answer to the first came."""
    good, bad = project.request(as_json(name="pipelined")), project.request(as_json(name=ABSENT))
    with Connection(project.server.address) as connection:
        connection.send(good + bad + good)
        assert_accepted(connection.read_reply())
        assert_refused(connection.read_reply(), 422, "invalid_arguments")
        assert_accepted(connection.read_reply())
    assert len(project.events()) == 2


LENGTH = len(as_json())
BAD_FRAMES: dict[str, tuple[list[Header], bytes]] = {
    "length-and-transfer-encoding": (
        [("Content-Length", str(LENGTH)), ("Transfer-Encoding", "chunked")],
        chunked(as_json()),
    ),
    "transfer-encoding-and-length": (
        [("Transfer-Encoding", "chunked"), ("Content-Length", "0")],
        chunked(as_json()),
    ),
    "two-lengths": ([("Content-Length", str(LENGTH)), ("Content-Length", str(LENGTH + 1))], as_json()),
    "two-lengths-the-other-way": ([("Content-Length", "0"), ("Content-Length", str(LENGTH))], as_json()),
    "list-of-lengths": ([("Content-Length", f"{LENGTH}, {LENGTH + 1}")], as_json()),
    "length-no-number": ([("Content-Length", "many")], as_json()),
    "length-negative": ([("Content-Length", "-1")], as_json()),
    "length-with-a-sign": ([("Content-Length", f"+{LENGTH}")], as_json()),
    "length-in-hex": ([("Content-Length", "0x50")], as_json()),
    "length-beyond-64-bits": ([("Content-Length", "9" * 30)], as_json()),
    "chunk-size-no-hex": ([("Transfer-Encoding", "chunked")], b"zz\r\n" + as_json() + b"\r\n0\r\n\r\n"),
    "chunk-size-negative": ([("Transfer-Encoding", "chunked")], b"-5\r\nhello\r\n0\r\n\r\n"),
    "chunk-size-empty": ([("Transfer-Encoding", "chunked")], b"\r\nhello\r\n0\r\n\r\n"),
    "chunk-size-too-large": ([("Transfer-Encoding", "chunked")], b"f" * 20 + b"\r\nhello\r\n0\r\n\r\n"),
    "chunk-longer-than-its-size": ([("Transfer-Encoding", "chunked")], b"3\r\nhello\r\n0\r\n\r\n"),
    "chunked-twice": ([("Transfer-Encoding", "chunked, identity")], chunked(as_json())),
    "header-with-a-blank-name": ([("Bad Name", "x")], as_json()),
    "header-value-with-nul": ([("X-Bad", b"a\x00b")], as_json()),
    "space-before-the-colon": ([("Content-Length ", str(LENGTH))], as_json()),
}


@pytest.mark.parametrize("name", list(BAD_FRAMES))
def test_bad_framing_is_400_and_the_connection_closes(unstored: Project, name: str) -> None:
    headers, body = BAD_FRAMES[name]
    named: list[Header] = [unstored.authorization, ("Content-Type", JSON), *headers]
    with Connection(unstored.server.address, timeout_s=5) as connection:
        connection.send_what_is_taken(request_bytes("POST", PATH, named, body))
        assert_refused(connection.read_reply(), 400, "invalid_request")
        assert connection.is_closed_by_server()


@pytest.mark.parametrize(
    "start",
    [b"hello\r\n\r\n", b"POST\r\n\r\n", b"POST /events.track HTTP/9\r\n\r\n"],
)
def test_bytes_that_are_no_http_request_are_400_and_closed(unstored: Project, start: bytes) -> None:
    with Connection(unstored.server.address, timeout_s=5) as connection:
        connection.send(start)
        assert_refused(connection.read_reply(), 400, "invalid_request")
        assert connection.is_closed_by_server()


def test_a_smuggled_request_behind_bad_framing_is_not_served(unstored: Project) -> None:
    inner = unstored.request(as_json(name="smuggled"))
    headers: list[Header] = [("Content-Length", "0"), ("Transfer-Encoding", "chunked")]
    named: list[Header] = [unstored.authorization, ("Content-Type", JSON), *headers]
    with Connection(unstored.server.address, timeout_s=5) as connection:
        connection.send_what_is_taken(request_bytes("POST", PATH, named, b"0\r\n\r\n" + inner))
        assert_refused(connection.read_reply(), 400, "invalid_request")
        assert connection.is_closed_by_server()


def with_headers(project: Project, count: int, filler: str = "1") -> bytes:
    """Write a good request with exactly this many headers (four are needed)."""
    return project.request(as_json(), headers=[(f"X-{n}", filler) for n in range(count - 4)])


def test_100_headers_are_accepted(roomy: Project) -> None:
    assert_accepted(exchange(roomy.server.address, with_headers(roomy, HEADERS_MAX)))


@pytest.mark.parametrize("count", [HEADERS_MAX + 1, 150, 400])
def test_more_than_100_headers_are_431(unstored: Project, count: int) -> None:
    reply = exchange(unstored.server.address, with_headers(unstored, count))
    assert_refused(reply, 431, "headers_too_large")


def test_headers_under_16_kib_are_accepted(roomy: Project) -> None:
    assert_accepted(roomy.post(as_json(), headers=[("X-Large", "x" * 15_000)]))


@pytest.mark.parametrize("size", [16_500, 20_000, 40_000, 100_000])
def test_headers_over_16_kib_are_431(unstored: Project, size: int) -> None:
    reply = unstored.post(as_json(), headers=[("X-Large", "x" * size)])
    assert_refused(reply, 431, "headers_too_large")


def test_many_headers_over_16_kib_together_are_431(unstored: Project) -> None:
    reply = exchange(unstored.server.address, with_headers(unstored, 90, "x" * 200))
    assert_refused(reply, 431, "headers_too_large")
