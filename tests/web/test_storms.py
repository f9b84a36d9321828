"""Which refusals are held? Without sockets: the server's own tests are with the contract's."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from afterword.kit.clock import SECOND_US
from afterword.web.errors import UNAVAILABLE_RETRY_S, ErrorCode, api_error
from afterword.web.exchange import Exchange
from afterword.web.known_heads import Head
from afterword.web.storms import REFUSAL_HELD_S, REFUSALS_S_MAX, Storms
from afterword.web.track import Track
from tests.storage.support import FakeClock

FLOODING, OTHER = 1, 2
TOKEN_HASH = b"hash"


def add(storms: Storms, count: int, project_id: int = FLOODING, now_us: int = 0) -> list[bool]:
    return [storms.add(project_id, now_us) for _ in range(count)]


def test_so_many_in_a_second_are_none_too_many_and_each_further_one_is() -> None:
    assert add(Storms(), REFUSALS_S_MAX + 2) == [False] * REFUSALS_S_MAX + [True] * 2


def test_each_project_is_counted_for_itself() -> None:
    storms = Storms()
    add(storms, REFUSALS_S_MAX)
    assert add(storms, 1, OTHER) == [False]
    assert add(storms, 1) == [True]


def test_the_next_second_begins_anew_and_keeps_nothing_of_the_last_one() -> None:
    storms = Storms()
    for project_id in range(1_000):
        add(storms, REFUSALS_S_MAX, project_id)
    assert add(storms, 1, now_us=SECOND_US - 1) == [True]
    assert add(storms, REFUSALS_S_MAX + 1, now_us=SECOND_US) == [False] * REFUSALS_S_MAX + [True]
    assert len(storms._refusals) == 1


class Client:
    """A connection that keeps what is written to it."""

    def __init__(self) -> None:
        self.transport: Any = self
        self.server_state: Any = SimpleNamespace(default_headers=[])
        self.is_held = False
        self.written: list[bytes] = []
        self.completed = 0
        self.is_closed = False

    def is_closing(self) -> bool:
        return self.is_closed

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.is_closed = True

    def on_response_complete(self) -> None:
        self.completed += 1


class Door:
    """Events.track, with one project at a time and nothing that could take an event."""

    def __init__(self) -> None:
        self.project_id = FLOODING
        self.noticed = 0
        rules = SimpleNamespace(metadata_bytes=1)
        directory: Any = SimpleNamespace(
            good_grant=lambda *_: SimpleNamespace(project_id=self.project_id),
            snapshot=SimpleNamespace(projects={FLOODING: rules, OTHER: rules}),
        )
        intake: Any = None
        notices: Any = SimpleNamespace(record=self._note)
        self.track = Track(directory=directory, intake=intake, notices=notices, clock=FakeClock())

    def _note(self, *_: object, **__: object) -> None:
        self.noticed += 1

    def begin(self) -> Client:
        """A request whose Content-Type is none of ours, with headers that were never seen."""
        client = Client()
        headers = [
            (b"authorization", b"Bearer x"),
            (b"content-type", b"text/plain"),
            (b"content-length", b"2"),
        ]
        exchange = Exchange(client, b"POST", headers, b"", keep_alive=True)
        self.track.begin(exchange)
        exchange.add(b"{}")
        exchange.is_whole = True
        if exchange.is_admitted:
            self.track.finish(exchange)
        return client

    def take(self) -> Client:
        """A request with a known head, and a body that is no JSON."""
        client = Client()
        exchange = Exchange(client, b"POST", [], b"", keep_alive=True)
        exchange.body, exchange.is_whole = b"{]", True
        self.track.take(exchange, Head(TOKEN_HASH, True, b"", True, 2))
        return client

    def fail(self) -> Client:
        """A request that fails on our side."""
        client = Client()
        exchange = Exchange(client, b"POST", [], b"", keep_alive=True)
        exchange.project_id = self.project_id
        error = api_error(ErrorCode.SERVICE_UNAVAILABLE, f"Wait {UNAVAILABLE_RETRY_S} s.")
        self.track.refuse_broken(exchange, error)
        return client


WAYS = [Door.begin, Door.take]
Way = Callable[[Door], Client]


@pytest.mark.parametrize("way", WAYS)
def test_the_reply_to_each_one_too_many_is_held_and_all_else_is_done_at_once(way: Way) -> None:
    async def storm() -> None:
        door = Door()
        for _ in range(REFUSALS_S_MAX):
            assert way(door).completed == 1
        held = [way(door) for _ in range(3)]
        assert [(client.written, client.is_held) for client in held] == [([], True)] * 3
        assert door.track.received == door.track.outcomes.total() == door.noticed == REFUSALS_S_MAX + 3
        assert door.track.seconds.buckets()[-1][1] == REFUSALS_S_MAX + 3
        door.project_id = OTHER
        assert way(door).completed == 1
        await asyncio.sleep(2 * REFUSAL_HELD_S)
        for client in held:
            assert (len(client.written), client.completed, client.is_held) == (1, 1, False)
        assert door.track.outcomes.total() == REFUSALS_S_MAX + 4

    asyncio.run(storm())


def test_who_hung_up_meanwhile_is_not_answered() -> None:
    async def storm() -> None:
        door = Door()
        held = [door.take() for _ in range(REFUSALS_S_MAX + 1)][-1]
        held.close()
        await asyncio.sleep(2 * REFUSAL_HELD_S)
        assert (held.written, held.completed) == ([], 0)

    asyncio.run(storm())


def test_what_fails_on_our_side_is_neither_held_nor_counted_against_anybody() -> None:
    async def storm() -> None:
        door = Door()
        assert all(door.fail().completed for _ in range(REFUSALS_S_MAX + 1))
        assert door.take().completed == 1

    asyncio.run(storm())


def test_nothing_is_held_once_the_server_ends() -> None:
    async def storm() -> None:
        door = Door()
        door.track.hold_no_more()
        assert all(door.take().completed for _ in range(REFUSALS_S_MAX + 1))

    asyncio.run(storm())
