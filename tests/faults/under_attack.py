"""
How much longer do healthy requests wait while others attack? Ends with 1 when it is twice as long.

    python -m tests.faults.under_attack

Calm and attacked rounds take turns, and each attacked one is compared with the calm one before it.
"""

import argparse
import multiprocessing
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median

from tests.contract.cases import as_json
from tests.contract.conftest import ROOMY
from tests.contract.test_many_connections import open_slow
from tests.faults.clients import Tally, hammer
from tests.support.project import Project, create_project, create_projects
from tests.support.server import RunningServer

RATIO_MAX = 2.0
SLOW = 500
FLOODERS = 16
HEALTHY = 10
PAUSE_S = 0.01
FLOOD_PAUSE_S = 0.01
DRIP_S = 1.0
SPARE_S = 1.0


@contextmanager
def slow_connections(flooding: Project, elsewhere: ProcessPoolExecutor, seconds: float) -> Iterator[None]:
    """Hold 500 connections that begin requests, and send a byte on each of them every second."""
    over = threading.Event()
    with ExitStack() as opened:
        connections = open_slow(opened, flooding, SLOW)

        def drip() -> None:
            while not over.wait(DRIP_S / SLOW):
                connections.append(connection := connections.pop(0))
                with suppress(OSError):
                    connection.send(b"x")

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            yield
        finally:
            over.set()
            dripping.join()


@contextmanager
def flood(flooding: Project, elsewhere: ProcessPoolExecutor, seconds: float) -> Iterator[None]:
    """Let one project send some 800 times as many requests as it may."""
    with _storm(flooding, elsewhere, seconds, FLOOD_PAUSE_S):
        yield


@contextmanager
def whole_core(flooding: Project, elsewhere: ProcessPoolExecutor, seconds: float) -> Iterator[None]:
    """Let it send without a pause: as many as the server can refuse, were they not held (web/storms.py)."""
    with _storm(flooding, elsewhere, seconds, 0.0):
        yield


@contextmanager
def _storm(
    flooding: Project, elsewhere: ProcessPoolExecutor, seconds: float, pause_s: float
) -> Iterator[None]:
    requests = [flooding.request(as_json())] * FLOODERS
    storm = elsewhere.submit(hammer, flooding.server.address, requests, seconds + SPARE_S, pause_s)
    time.sleep(SPARE_S / 2)
    yield
    refused = storm.result().statuses[429]
    print(f"    {refused / (seconds + SPARE_S):,.0f} refused requests a second", file=sys.stderr)


ATTACKS = {
    f"{SLOW} slow connections": slow_connections,
    "one project floods": flood,
    "one takes the whole core": whole_core,
}


def measure(server: RunningServer, seconds: float, rounds: int) -> bool:
    """Print each attack's effect; True when all are below twice."""
    flooding = create_project(server)
    healthy = create_projects(server, HEALTHY, **ROOMY)
    healthy[-1].wait_until_usable()
    requests = [project.request(as_json()) for project in healthy]
    good = True
    print(f"{'attack':24} {'p99 calm':>10} {'attacked':>10} {'ratio':>6}  rounds")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as elsewhere:
        for name, attack in ATTACKS.items():
            pairs = []
            for number in range(rounds):
                print(f"  {name}, round {number + 1} of {rounds}", file=sys.stderr)
                calm = _healthy(server, requests, seconds)
                with attack(flooding, elsewhere, seconds):
                    attacked = _healthy(server, requests, seconds)
                pairs.append((calm.p99_s(), attacked.p99_s()))
            ratio = median(after / before for before, after in pairs)
            good &= ratio < RATIO_MAX
            before, after = (1_000 * median(side) for side in zip(*pairs, strict=True))
            print(f"{name:24} {before:7.2f} ms {after:7.2f} ms {ratio:6.2f}  {rounds}", flush=True)
    return good


def _healthy(server: RunningServer, requests: list[bytes], seconds: float) -> Tally:
    tally = hammer(server.address, requests, seconds, PAUSE_S)
    assert set(tally.statuses) == {200}, tally.statuses
    return tally


def main() -> None:
    """Measure on a server of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, RunningServer(Path(directory) / "data") as server:
        good = measure(server, arguments.seconds, arguments.rounds)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
