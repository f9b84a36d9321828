"""Which bytes are which requests? A table of inputs on the wire, with every reply that they get."""

from dataclasses import dataclass

from tests.contract.cases import as_json
from tests.support.http import chunked

TOKEN = b"{token}".ljust(42, b"-")
"""Stands for the project's token, and is as long as one."""

BODY = as_json(name="framed")
SIZE = len(BODY)
CHUNKS = chunked(BODY)
BAD = ("400 invalid_request",)
OK = ("200",)
AUTHORIZATION = b"Authorization: Bearer " + TOKEN + b"\r\n"
LENGTH = b"Content-Length: %d" % SIZE
CODING = b"Transfer-Encoding: chunked"
UPGRADE = (b"Connection: upgrade", b"Upgrade: h2c")
OLD = b"POST /events.track HTTP/1.0"
LAST = b"0\r\n\r\n"
HUGE = BODY.removesuffix(b"}") + b', "junk": "' + b"x" * 66_000 + b'"}'
"""A good event in a body that is too large."""
FOLLOWING = b"GET /following HTTP/1.1\r\nHost: afterword.test\r\n\r\n"
"""Sent behind each input: answered with a 404 of its own, or not at all."""


@dataclass(frozen=True)
class Wire:
    """
    One input.

    Attributes:
        replies: Status and code of every reply to these bytes, in order.
        goes_on: The connection serves the request that follows; else it is closed.
    """

    id: str
    sent: bytes
    replies: tuple[str, ...] = BAD
    goes_on: bool = False

    @property
    def stored(self) -> int:
        """How many events are stored of it."""
        return self.replies.count("200")


def post(*lines: bytes, start: bytes = b"POST /events.track HTTP/1.1", body: bytes = BODY) -> bytes:
    """Write a request with the usual headers and these more lines, exactly as given."""
    usual = (b"Host: afterword.test", b"Authorization: Bearer " + TOKEN, b"Content-Type: application/json")
    return b"\r\n".join([start, *usual, *lines, b"", body])


def sized(*lines: bytes, start: bytes = b"POST /events.track HTTP/1.1") -> bytes:
    """Write a request with a good length."""
    return post(*lines, b"Content-Length: %d" % SIZE, start=start)


def in_chunks(body: bytes, *lines: bytes) -> bytes:
    """Write a request with a chunked body, exactly as given."""
    return post(*lines, b"Transfer-Encoding: chunked", body=body)


def one_chunk(size_line: bytes) -> bytes:
    """Write a chunked request whose only chunk begins with this line."""
    return in_chunks(size_line + b"\r\n" + BODY + b"\r\n0\r\n\r\n")


def holding(inner: bytes, start: bytes = b"POST /events.track HTTP/1.1") -> bytes:
    """Write a request whose body is another one."""
    return post(b"Content-Length: %d" % len(inner), start=start, body=inner)


def trailed(lines: bytes) -> bytes:
    """Write a chunked request with trailers, exactly as given."""
    return in_chunks(CHUNKS.removesuffix(b"\r\n") + lines + b"\r\n")


SMUGGLED = sized().replace(b"framed", b"stolen")
"""A good request, to be hidden in another; it is never served."""

GOOD = [
    Wire("good", sized(), OK, goes_on=True),
    Wire("three-in-a-row", sized() * 3, OK * 3, goes_on=True),
    Wire("length-0-padded", post(b"Content-Length: 0%d" % SIZE), OK, goes_on=True),
    Wire("length-much-padded", post(b"Content-Length: " + b"0" * 40 + b"%d" % SIZE), OK, goes_on=True),
    Wire("length-in-blanks", post(b"Content-Length: \t %d \t" % SIZE), OK, goes_on=True),
    Wire("length-glued", post(b"Content-Length:%d" % SIZE), OK, goes_on=True),
    Wire("length-in-capitals", post(b"CONTENT-LENGTH: %d" % SIZE), OK, goes_on=True),
    Wire("chunked", in_chunks(CHUNKS), OK, goes_on=True),
    Wire("chunked-glued", post(b"Transfer-Encoding:chunked", body=CHUNKS), OK, goes_on=True),
    Wire("chunked-in-blanks", post(b"Transfer-Encoding: \tchunked ", body=CHUNKS), OK, goes_on=True),
    Wire("chunked-in-capitals", post(b"TRANSFER-ENCODING: CHUNKED", body=CHUNKS), OK, goes_on=True),
    Wire("chunked-mixed-case", post(b"Transfer-Encoding: cHuNkEd", body=CHUNKS), OK, goes_on=True),
    Wire("underscore-is-another-header", sized(b"Transfer_Encoding: chunked"), OK, goes_on=True),
    Wire("chunk-size-capital", in_chunks(b"FA\r\n" + BODY.ljust(0xFA) + b"\r\n0\r\n\r\n"), OK, goes_on=True),
    Wire("chunk-size-padded", one_chunk(b"0000%x" % SIZE), OK, goes_on=True),
    Wire("chunk-extension", one_chunk(b"%x;a" % SIZE), OK, goes_on=True),
    Wire("chunk-extension-with-value", one_chunk(b"%x;a=b" % SIZE), OK, goes_on=True),
    Wire("chunk-extension-quoted", one_chunk(b'%x;a="b;c"' % SIZE), OK, goes_on=True),
    Wire("chunk-extensions", one_chunk(b"%x;a;b;c=d" % SIZE), OK, goes_on=True),
    Wire("chunk-of-each-byte", in_chunks(chunked(*(bytes([b]) for b in BODY))), OK, goes_on=True),
    Wire("trailer", trailed(b"X-Sum: 1\r\n"), OK, goes_on=True),
    Wire("trailer-type", trailed(b"Content-Type: text/plain\r\n"), OK, goes_on=True),
    Wire("trailer-key", trailed(b"Idempotency-Key: \xff\r\n"), OK, goes_on=True),
    Wire("blank-lines-before", b"\r\n\r\n" + sized(), OK, goes_on=True),
    Wire("bare-blank-lines-before", b"\n\n" + sized(), OK, goes_on=True),
    Wire("no-host", sized().replace(b"Host: afterword.test\r\n", b""), OK, goes_on=True),
    Wire("whole-url", sized(start=b"POST http://other.example/events.track HTTP/1.1"), OK, goes_on=True),
    Wire("whole-https-url", sized(start=b"POST https://o.example/events.track HTTP/1.1"), OK, goes_on=True),
    Wire("url-with-user", sized(start=b"POST http://u:p@o.example/events.track HTTP/1.1"), OK, goes_on=True),
    Wire("fragment", sized(start=b"POST /events.track#part HTTP/1.1"), OK, goes_on=True),
    Wire("quoted-path", sized(start=b"POST /%65vents.track HTTP/1.1"), OK, goes_on=True),
    Wire("two-blanks-before-the-path", sized(start=b"POST  /events.track HTTP/1.1"), OK, goes_on=True),
    Wire("latin-1-in-a-value", sized(b"X-A: \xe9\xff"), OK, goes_on=True),
    Wire("tab-in-a-value", sized(b"X-A: a\tb"), OK, goes_on=True),
    Wire("empty-value", sized(b"X-A:"), OK, goes_on=True),
    Wire("connection-names-a-header", in_chunks(CHUNKS, b"Connection: Transfer-Encoding"), OK, goes_on=True),
    Wire("keep-alive-for-ever", sized(b"Keep-Alive: timeout=999999999"), OK, goes_on=True),
    Wire("expects-100", sized(b"Expect: 100-continue"), ("100", "200"), goes_on=True),
    Wire("expects-nonsense", sized(b"Expect: 299-maybe"), OK, goes_on=True),
    Wire("expects-100-in-1.0", sized(b"Expect: 100-continue", start=OLD), OK),
    Wire(
        "expects-100-and-is-refused",
        b"POST /events.track HTTP/1.1\r\nHost: afterword.test\r\nExpect: 100-continue\r\n"
        b"Content-Length: 9\r\n\r\n",
        ("401 not_authed",),
    ),
    Wire("upgrade-in-1.0", sized(*UPGRADE, start=OLD), OK),
    Wire("upgrade-60-times", sized(*UPGRADE) * 60, OK * 60, goes_on=True),
    Wire(
        "one-byte-chunks",
        in_chunks(b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + LAST),
        OK,
        goes_on=True,
    ),
    Wire("huge-in-one-piece", in_chunks(chunked(HUGE)), ("413 metadata_too_large",)),
    Wire("upgrade-without-connection", sized(b"Upgrade: h2c"), OK, goes_on=True),
    Wire("upgrade", sized(*UPGRADE), OK, goes_on=True),
    Wire("upgrade-to-websocket", sized(b"Connection: Upgrade", b"Upgrade: websocket"), OK, goes_on=True),
    Wire("upgrade-chunked", in_chunks(CHUNKS, *UPGRADE), OK, goes_on=True),
    Wire("upgrades", sized(b"Connection: upgrade", b"Upgrade: a", b"Upgrade: b"), OK, goes_on=True),
]
"""Odd, but each is one request that can't be taken for another."""

LAST = [
    Wire("close", sized(b"Connection: close"), OK),
    Wire("close-in-a-list", sized(b"Connection: x, Close"), OK),
    Wire("close-and-upgrade", sized(b"Connection: close, upgrade", b"Upgrade: h2c"), OK),
    Wire("http-1.0", sized(start=b"POST /events.track HTTP/1.0"), OK),
    Wire("http-1.0-chunked", in_chunks(CHUNKS).replace(b"HTTP/1.1", b"HTTP/1.0"), OK),
    Wire("http-1.0-keep-alive", sized(b"Connection: keep-alive", start=b"POST /events.track HTTP/1.0"), OK),
    Wire("close-hides-the-next", sized(b"Connection: close") + SMUGGLED, OK),
]
"""Served, and the last on their connection."""

LENGTHS = [
    Wire(f"length-{value!r}", post(b"Content-Length: " + value))
    for value in (
        *(b"+%d" % SIZE, b"-%d" % SIZE, b"-0", b"-1", b"0x%x" % SIZE, b"%x" % 0xFA, b"%d.0" % SIZE, b"6e1"),
        *(b"%d, %d" % (SIZE, SIZE), b"%d,%d" % (SIZE, SIZE + 1), b"%d %d" % (SIZE, SIZE), b"%d;" % SIZE),
        *(b"", b" ", b"1_0", b"many", b"'%d'" % SIZE, b'"%d"' % SIZE, b"%d\x0b" % SIZE, b"%d\x0c" % SIZE),
        *(b"\xef\xbc\x96\xef\xbc\x98", b"\xb9", b"18446744073709551616", b"9" * 25, b"9" * 400),
    )
]
TWO_FRAMES = [
    Wire("length-twice", post(LENGTH, LENGTH)),
    Wire("length-twice-0-first", post(b"Content-Length: 0", LENGTH)),
    Wire("length-twice-0-last", post(LENGTH, b"Content-Length: 0")),
    Wire("length-thrice", post(*[LENGTH] * 3)),
    Wire("length-in-two-cases", post(b"content-length: %d" % SIZE, b"CONTENT-LENGTH: %d" % (SIZE + 1))),
    Wire("cl-te", holding(b"0\r\n\r\n" + SMUGGLED).replace(b"Content-L", CODING + b"\r\nContent-L")),
    Wire("cl-te-all", holding(CHUNKS).replace(b"Content-L", CODING + b"\r\nContent-L")),
    Wire("te-cl", post(CODING, b"Content-Length: 4", body=CHUNKS + SMUGGLED)),
    Wire("te-cl-0", post(CODING, b"Content-Length: 0", body=CHUNKS)),
    Wire("te-identity-cl", post(b"Transfer-Encoding: identity", LENGTH)),
    Wire("te-unknown-cl", post(b"Transfer-Encoding: x", LENGTH)),
    Wire("upgrade-cl-te", post(*UPGRADE, b"Content-Length: 3", CODING, body=CHUNKS)),
    Wire("upgrade-length-twice", post(*UPGRADE, b"Content-Length: 3", b"Content-Length: 4")),
    Wire("upgrade-te-list", post(*UPGRADE, b"Transfer-Encoding: gzip, chunked", body=CHUNKS)),
    Wire("te-chunked-te-identity", post(CODING, b"Transfer-Encoding: identity", body=CHUNKS)),
    Wire("te-identity-te-chunked", post(b"Transfer-Encoding: identity", CODING, body=CHUNKS)),
    Wire("te-chunked-te-x", post(CODING, b"Transfer-Encoding: x", body=CHUNKS)),
    Wire("te-x-te-chunked", post(b"Transfer-Encoding: x", CODING, body=CHUNKS)),
    Wire("te-twice", post(CODING, CODING, body=CHUNKS)),
]
CODINGS = [
    Wire(f"te-{value!r}", post(b"Transfer-Encoding: " + value, body=CHUNKS))
    for value in (
        *(b"", b"identity", b"gzip", b"x", b"xchunked", b"chunkedx", b"chunk", b"chun ked", b"chu\tnked"),
        *(b"chunked, chunked", b"chunked,chunked", b"gzip, chunked", b"identity, chunked", b"x, chunked"),
        *(b"chunked, gzip", b"chunked, identity", b",chunked", b"chunked,", b"chunked ,", b"chunked;q=1"),
        *(b'"chunked"', b"'chunked'", b"chunked\x00", b"\x00chunked", b"\x0bchunked", b"chunked\x0b"),
        *(b"chunked\x0c", b"\xa0chunked", b"chunked\xa0", b"c\xe7hunked", b"chunked=1", b"(chunked)", b"0"),
    )
] + [
    Wire(f"te-name-{name!r}", post(name, body=CHUNKS))
    for name in (
        *(b"Transfer-Encoding : chunked", b"Transfer-Encoding\t: chunked", b" Transfer-Encoding: chunked"),
        *(
            b"Transfer-Encoding\x00: chunked",
            b"Transfer\x00-Encoding: chunked",
            b"Transfer Encoding: chunked",
        ),
        *(b"Transfer-Encoding\x0b: chunked", b"X: y\nTransfer-Encoding: chunked", b"Transfer-Encoding"),
        *(
            b"X: y\rTransfer-Encoding: chunked",
            b"Transfer-Encoding:\r\n chunked",
            b"Transfer-Encoding: chu\r\n nked",
        ),
    )
]
SIZES = [
    Wire(f"chunk-size-{size!r}", one_chunk(size))
    for size in (
        *(b"0x%x" % SIZE, b"%x " % SIZE, b" %x" % SIZE, b"%x\t" % SIZE, b"+%x" % SIZE, b"-%x" % SIZE, b"-1"),
        *(b"", b"g", b"zz", b"%x\x0b" % SIZE, b"%x\x00" % SIZE, b"\x00%x" % SIZE, b"%x." % SIZE, b"1_0"),
        *(b"%x ;a" % SIZE, b"%x;" % SIZE, b"%x;a=\x00" % SIZE, b'%x;a="' % SIZE, b"%x;\x01" % SIZE),
        *(b"f" * 17, b"1" + b"0" * 16, b"%x,%x" % (SIZE, SIZE), b"\xef\xbc\x94", b"%x;a\n" % SIZE),
    )
] + [
    Wire(name, in_chunks(body))
    for name, body in {
        "chunk-lines-end-in-lf": CHUNKS.replace(b"\r\n", b"\n"),
        "chunk-size-ends-in-lf": CHUNKS.replace(b"\r\n", b"\n", 1),
        "chunk-lines-end-in-cr": CHUNKS.replace(b"\r\n", b"\r"),
        "chunk-data-ends-in-lf": b"%x\r\n%s\n0\r\n\r\n" % (SIZE, BODY),
        "chunk-data-ends-in-nothing": b"%x\r\n%s0\r\n\r\n" % (SIZE, BODY),
        "chunk-longer-than-said": b"%x\r\n%s\r\n0\r\n\r\n" % (SIZE - 1, BODY),
        "chunk-much-longer-than-said": b"1\r\n%s\r\n0\r\n\r\n" % BODY,
        "end-without-its-line": CHUNKS[:-2] + SMUGGLED,
        "end-in-lf": CHUNKS[:-2] + b"\n",
        "end-with-text": CHUNKS[:-4] + b"x\r\n\r\n",
        "trailer-without-colon": CHUNKS[:-2] + b"x\r\n\r\n",
        "trailer-length": CHUNKS[:-2] + b"Content-Length: 5\r\n\r\n",
        "trailer-coding": CHUNKS[:-2] + b"Transfer-Encoding: chunked\r\n\r\n",
        "trailer-with-nul": CHUNKS[:-2] + b"X-A: \x00\r\n\r\n",
        "trailer-folded": CHUNKS[:-2] + b"X-A: 1\r\n 2\r\n\r\n",
        "trailer-in-lf": CHUNKS[:-2] + b"X-A: 1\n\r\n",
    }.items()
]
NAMES_AND_VALUES = [
    *(
        Wire(f"control-{byte:#04x}-in-a-{place}", sized(line % bytes([byte])))
        for byte in (*range(9), 0x0B, 0x0C, 0x0E, 0x1B, 0x1F, 0x7F)
        for place, line in (("name", b"X-%sA: 1"), ("value", b"X-A: 1%s2"))
    ),
    *(
        Wire(f"name-{name!r}", sized(name + b": 1"))
        for name in (
            *(b"", b"X A", b"X\tA", b" X", b"X ", b"X\xe9", b"X\xc3\xa9", b"X(A)", b"X,A", b"X/A", b"X@A"),
            *(b"X[A]", b'"X"', b"{X}"),
        )
    ),
    Wire("no-colon", sized(b"X-A")),
    Wire("no-colon-but-a-value", sized(b"X-A 1")),
    Wire("folded", sized(b"X-A: 1\r\n 2")),
    Wire("folded-by-a-tab", sized(b"X-A: 1\r\n\t2")),
    Wire("folded-first", sized().replace(b"Host: ", b" Host: ")),
    Wire("folded-hides-a-header", sized(b"X-A: 1\r\n Authorization: Bearer x")),
    Wire("line-ends-in-lf", sized(b"X-A: 1\nX-B: 2")),
    Wire("line-ends-in-cr", sized(b"X-A: 1\rX-B: 2")),
    Wire("lines-end-in-lf", sized().replace(b"\r\n", b"\n")),
    Wire("lines-end-in-cr", sized().replace(b"\r\n", b"\r")),
    Wire("headers-end-in-lf", sized().replace(b"\r\n\r\n", b"\r\n\n")),
    Wire("two-crs", sized().replace(b"\r\n", b"\r\r\n", 1)),
]
STARTS = [
    Wire(f"start-{start!r:.50}", sized(start=start))
    for start in (
        *(
            b"",
            b" ",
            b"POST",
            b"POST ",
            b"POST /events.track",
            b"POST /events.track ",
            b"/events.track HTTP/1.1",
        ),
        *(b"POST\t/events.track HTTP/1.1", b"POST /events.track\tHTTP/1.1", b" POST /events.track HTTP/1.1"),
        *(b"POST /events.track HTTP/1.1 ", b"POST /events.track x HTTP/1.1", b"POST /events.track HTTP/1.1x"),
        *(b"post /events.track HTTP/1.1", b"Post /events.track HTTP/1.1", b"POSTX /events.track HTTP/1.1"),
        *(
            b"BREW /events.track HTTP/1.1",
            b"P\x00ST /events.track HTTP/1.1",
            b"\x00POST /events.track HTTP/1.1",
        ),
        *(b"\xef\xbb\xbfPOST /events.track HTTP/1.1", b"POST events.track HTTP/1.1", b"POST ?a HTTP/1.1"),
        *(b"POST http:// HTTP/1.1", b"POST http://other.example HTTP/1.1", b"POST other.example:80 HTTP/1.1"),
        *(b"POST http:///events.track HTTP/1.1", b"POST http:events.track HTTP/1.1", b"POST :80 HTTP/1.1"),
        *(b"POST /events.track\x00 HTTP/1.1", b"POST /\x7f HTTP/1.1", b"POST /events.track\x80 HTTP/1.1"),
        *(b"POST /events.track\xc3\xa9 HTTP/1.1", b"POST /ev\x0bents.track HTTP/1.1", b"POST \xff HTTP/1.1"),
    )
] + [
    Wire(f"version-{version!r}", sized(start=b"POST /events.track " + version))
    for version in (
        *(b"HTTP/0.9", b"HTTP/1.2", b"HTTP/1.9", b"HTTP/2.0", b"HTTP/2", b"HTTP/3", b"HTTP/9.9", b"HTTP/1"),
        *(b"HTTP/1.", b"HTTP/.1", b"HTTP/1.1.1", b"HTTP/01.1", b"HTTP/1.01", b"HTTP/11.1", b"HTTP/-1.1"),
        *(b"HTTP/1,1", b"HTTP/a.b", b"http/1.1", b"Http/1.1", b"HTTP /1.1", b"HTTP/ 1.1", b"HTTPS/1.1"),
        *(b"HTP/1.1", b"HTTP1.1", b"HTTP\\1.1", b"ICE/1.0", b"SIP/2.0", b"1.1", b"\x00"),
    )
]
OTHER_PROTOCOLS = [
    Wire("http-0.9", b"GET /healthz\r\n\r\n"),
    Wire("http-0.9-post", b"POST /events.track\r\n\r\n"),
    Wire("http-2-preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
    Wire("tls", bytes.fromhex("16030100a5010000a10303") + b"\x00" * 50),
    Wire("ssh", b"SSH-2.0-OpenSSH_9.2\r\n"),
    Wire("smtp", b"EHLO other.example\r\n"),
    Wire("redis", b"*1\r\n$4\r\nPING\r\n"),
    Wire("memcached", b"stats\r\n"),
    Wire("socks", b"\x05\x01\x00"),
    Wire("proxy-protocol", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\n" + sized()),
    Wire("proxy-protocol-2", b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + b"\x00" * 12 + sized()),
    Wire("postgres", b"\x00\x00\x00\x08\x04\xd2\x16\x2f"),
    Wire("nul-bytes", b"\x00" * 64),
    Wire("json", BODY),
    Wire("connect", b"CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n"),
    Wire("connect-without-port", b"CONNECT other.example HTTP/1.1\r\nHost: other.example\r\n\r\n"),
]
NO_BODY = "422 invalid_arguments"
NOWHERE = "404 unknown_method"
NOT_THIS = "405 method_not_allowed"
SEVERAL = [
    Wire("good-then-garbage", sized() + b"GARBAGE\r\n\r\n", (*OK, *BAD)),
    Wire("good-good-garbage-good", sized() * 2 + b"GARBAGE\r\n\r\n" + SMUGGLED, (*OK * 2, *BAD)),
    Wire("no-length-body-is-the-next-request", post(), (NO_BODY, *BAD)),
    Wire("length-short-rest-is-the-next-request", post(b"Content-Length: 5"), (NO_BODY, *BAD)),
    Wire(
        "length-0-a-whole-request-behind-it",
        post(b"Content-Length: 0", body=sized()),
        (NO_BODY, *OK),
        goes_on=True,
    ),
    Wire("chunks-end-early-rest-is-the-next", in_chunks(b"0\r\n\r\n" + CHUNKS), (NO_BODY, *BAD)),
    Wire("request-in-a-body", holding(SMUGGLED), (NO_BODY,), goes_on=True),
    Wire("request-in-a-chunk", in_chunks(chunked(SMUGGLED)), (NO_BODY,), goes_on=True),
    Wire("request-in-a-chunk-extension", one_chunk(b"%x;" % SIZE + SMUGGLED)),
    Wire("request-in-a-body-of-a-get", holding(SMUGGLED, b"GET /healthz HTTP/1.1"), ("200 -",), goes_on=True),
    Wire("request-in-a-body-of-a-404", holding(SMUGGLED, b"POST /x HTTP/1.1"), (NOWHERE,), goes_on=True),
    Wire(
        "request-in-a-body-of-a-405",
        holding(SMUGGLED, b"PUT /events.track HTTP/1.1"),
        (NOT_THIS,),
        goes_on=True,
    ),
    Wire(
        "request-in-a-body-of-a-401",
        holding(SMUGGLED).replace(TOKEN, b"x", 1),
        ("401 invalid_auth",),
        goes_on=True,
    ),
    Wire(
        "request-in-an-upgraded-body",
        sized(*UPGRADE) + SMUGGLED.replace(b"stolen", b"framed"),
        OK * 2,
        goes_on=True,
    ),
    Wire("connect-with-a-path", sized(start=b"CONNECT /events.track HTTP/1.1")),
    Wire(
        "trailer-token",
        trailed(AUTHORIZATION).replace(AUTHORIZATION, b"", 1),
        ("401 not_authed",),
        goes_on=True,
    ),
    Wire("huge-length", post(b"Content-Length: 18446744073709551615"), ("413 metadata_too_large",)),
    Wire("asterisk", sized(start=b"POST * HTTP/1.1"), (NOWHERE,), goes_on=True),
    Wire("options-asterisk", sized(start=b"OPTIONS * HTTP/1.1"), (NOWHERE,), goes_on=True),
    Wire("two-slashes", sized(start=b"POST //events.track HTTP/1.1"), (NOWHERE,), goes_on=True),
    Wire("dots", sized(start=b"POST /x/../events.track HTTP/1.1"), (NOWHERE,), goes_on=True),
    Wire("backslash", sized(start=b"POST \\events.track HTTP/1.1"), BAD),
    Wire(
        "url-in-a-path",
        sized(start=b"POST /http://o.example/events.track HTTP/1.1"),
        (NOWHERE,),
        goes_on=True,
    ),
    *(
        Wire(
            f"method-{method.decode()}",
            sized(start=method + b" /events.track HTTP/1.1"),
            (NOT_THIS,),
            goes_on=True,
        )
        for method in (
            *(
                b"ACL",
                b"BIND",
                b"COPY",
                b"LINK",
                b"LOCK",
                b"MERGE",
                b"MKCOL",
                b"MOVE",
                b"M-SEARCH",
                b"NOTIFY",
            ),
            *(b"PURGE", b"QUERY", b"REPORT", b"SEARCH", b"SOURCE", b"SUBSCRIBE", b"UNLOCK", b"TRACE"),
        )
    ),
]

TABLE = [
    *(*GOOD, *LAST, *LENGTHS, *TWO_FRAMES, *CODINGS, *SIZES, *NAMES_AND_VALUES, *STARTS),
    *(*OTHER_PROTOCOLS, *SEVERAL),
]
"""All of them."""
