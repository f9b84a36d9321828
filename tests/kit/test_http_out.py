"""Does a request to another server end, stay small, and keep its secrets?"""

import asyncio
import gzip
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from afterword.kit.http_out import Outbound, OutboundError, Reply
from tests.sources.fake_service import DRIP_S, DRIPS, TOKEN, Answer, Asked, FakeService

HEADERS = {"Authorization": f"Bearer {TOKEN}"}


class Echo(FakeService):
    """Answers with what it was asked."""

    def answer(self, asked: Asked) -> Answer:
        """See FakeService."""
        return Answer(body={"method": asked.method, "path": asked.path, "body": asked.body})


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as running:
        yield running


def ask(base_url: str, url: str, body: object = None, *, method: str = "GET", **limits: Any) -> Reply:
    async def once() -> Reply:
        async with Outbound(base_url, limits.pop("headers", HEADERS), **limits) as outbound:
            return await outbound.ask(method, url, body)

    return asyncio.run(once())


def refusal(base_url: str, url: str, **limits: Any) -> tuple[str, bool]:
    with pytest.raises(OutboundError) as caught:
        ask(base_url, url, **limits)
    assert caught.value.__cause__ is None
    return str(caught.value), caught.value.is_temporary


def test_a_request_gets_its_reply(echo: Echo) -> None:
    reply = ask(echo.url, f"{echo.url}/a?b=c", {"d": 1}, method="POST")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json; charset=utf-8")
    assert reply.body == b'{"method": "POST", "path": "/a?b=c", "body": {"d": 1}}'
    assert echo.asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.2:{port}/", "https://127.0.0.1:{port}/", "http://127.0.0.1:1/"]
)
def test_another_scheme_host_or_port_is_not_asked(echo: Echo, url: str) -> None:
    port = echo.url.rpartition(":")[2]
    assert refusal(echo.url, url.format(port=port)) == ("127.0.0.1 refers to another server", False)
    assert echo.asked == []


def test_a_reply_that_drips_ends_at_the_deadline_of_the_whole_request(echo: Echo) -> None:
    echo.instead = [Answer(drips=True)]
    limit_s = DRIP_S * DRIPS / 20
    text = f"127.0.0.1 did not answer within {limit_s:g} s"
    assert refusal(echo.url, echo.url, request_s_max=limit_s) == (text, True)


def test_a_reply_that_is_too_large_is_cut_off(echo: Echo) -> None:
    echo.instead = [Answer(body=b"x" * 1_001)]
    assert refusal(echo.url, echo.url, response_bytes_max=1_000) == (
        "127.0.0.1 sent more than 1000 bytes in one reply",
        False,
    )
    echo.instead = [Answer(body=b"x" * 1_000)]
    assert len(ask(echo.url, echo.url, response_bytes_max=1_000).body) == 1_000


def test_a_compressed_reply_is_not_unpacked(echo: Echo) -> None:
    echo.instead = [Answer(body=gzip.compress(b"x" * 1_000_000), headers={"Content-Encoding": "gzip"})]
    assert refusal(echo.url, echo.url)[0] == "127.0.0.1 sent a compressed reply unasked"


def test_a_redirect_is_a_reply(echo: Echo) -> None:
    echo.instead = [Answer(302, b"", {"Location": "/elsewhere"})]
    assert ask(echo.url, echo.url).status == 302
    assert len(echo.asked) == 1


def test_a_token_that_no_header_can_carry_is_not_repeated(echo: Echo) -> None:
    text, is_temporary = refusal(echo.url, echo.url, headers={"Authorization": f"Bearer {TOKEN}\nX: y"})
    assert TOKEN not in text
    assert not is_temporary


def test_nobody_there_is_worth_another_try() -> None:
    assert refusal("http://127.0.0.1:1", "http://127.0.0.1:1/") == (
        "127.0.0.1 takes no connection",
        True,
    )


def arrived(url: str, **limits: Any) -> bool:
    with pytest.raises(OutboundError) as caught:
        ask(url, url, **limits)
    return caught.value.may_have_arrived


def test_what_was_sent_may_have_arrived_and_what_found_no_connection_has_not(echo: Echo) -> None:
    echo.instead = [Answer(drips=True), Answer(body=b"x" * 1_001)]
    assert arrived(echo.url, request_s_max=DRIP_S * DRIPS / 20)
    assert arrived(echo.url, response_bytes_max=1_000)
    assert not arrived("http://127.0.0.1:1")
    assert not arrived(echo.url, headers={"Authorization": "a\nb"})


def test_who_takes_no_connection_in_time_was_asked_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        # Those who wait in the queue leave no room in it.
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        assert not arrived(f"http://127.0.0.1:{port}", request_s_max=0.5)
        for one in waiting:
            one.close()
