"""How long do many clients wait for their replies, and what are these?"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles

import uvloop

from tests.support.http import Address


@dataclass
class Tally:
    """
    What clients saw.

    Attributes:
        statuses: Status → how many.
        waits_s: How long each reply took.
        retry_after: The values of Retry-After that came with the replies, and how often.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    waits_s: list[float] = field(default_factory=list)
    retry_after: Counter[bytes] = field(default_factory=Counter)

    def add(self, status: int, head: bytes, wait_s: float) -> None:
        """Remember one reply."""
        self.statuses[status] += 1
        self.waits_s.append(wait_s)
        if b"\r\nretry-after: " in head:
            self.retry_after[head.partition(b"\r\nretry-after: ")[2].partition(b"\r\n")[0]] += 1

    def p99_s(self) -> float:
        """So long or less did 99 of 100 replies take."""
        return quantiles(self.waits_s, n=100)[98]


def hammer(address: Address, requests: Sequence[bytes], seconds: float, pause_s: float = 0.0) -> Tally:
    """
    Send requests again and again, each on a connection of its own, the next one after the reply to the last.

    Args:
        requests: One for each client.
        pause_s: Between a reply and the next request.
    """
    tally = Tally()
    until = time.monotonic() + seconds

    async def everybody() -> None:
        async with asyncio.TaskGroup() as group:
            for request in requests:
                group.create_task(_client(address, request, until, pause_s, tally))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(everybody())
    return tally


async def _client(address: Address, request: bytes, until: float, pause_s: float, tally: Tally) -> None:
    reader, writer = await asyncio.open_connection(*address)
    try:
        while time.monotonic() < until:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(size)
            tally.add(int(head[9:12]), head, time.perf_counter() - began)
            if pause_s:
                await asyncio.sleep(pause_s)
    finally:
        writer.close()
