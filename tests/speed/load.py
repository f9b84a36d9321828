"""How is load made and measured? By wrk, on a core of its own."""

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.http import request_bytes

SCRIPT = Path(__file__).parent / "load.lua"
SERVER_CORE = 0
LOAD_CORE = 1
CLOCK_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
JSON_TYPE = ("Content-Type", "application/json")


@dataclass(frozen=True)
class Measured:
    """
    One run of load against one server.

    Attributes:
        rate: Answered requests a second.
        cpu_us: What one request cost the server's processes, in microseconds of processor time.
        not_2xx: Requests that were refused.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    requests: int
    not_2xx: int


def write_requests(path: Path, bodies: Sequence[bytes], tokens: Sequence[str]) -> Path:
    """Write a file for load.lua: each body with one of the tokens."""
    with path.open("wb") as file:
        for number, body in enumerate(bodies):
            token = ("Authorization", f"Bearer {tokens[number % len(tokens)]}")
            agent = [("Host", "127.0.0.1"), ("User-Agent", "bench/1.0"), ("Accept", "*/*")]
            request = request_bytes("POST", "/events.track", [*agent, token, JSON_TYPE], body)
            file.write(b"%d\n%s" % (len(request), request))
    return path


def event_body(number: int) -> bytes:
    """An event as tools send it: a build, with some metadata, by one of the people."""
    return json.dumps(
        {
            "name": "build.finished",
            "email": f"p{number % 200}@example.com",
            "timestamp": str(int(time.time())),
            "metadata": {
                "outcome": "ok",
                "duration_s": number,
                "repo": f"org/service-{number}",
                "branch": "main",
            },
        },
        separators=(",", ":"),
    ).encode()


def measure(
    ports: Sequence[int],
    pids: Sequence[int],
    requests: Path,
    *,
    seconds: float,
    connections: int,
    pause_ms: int = 0,
) -> Measured:
    """
    Send load to one or several servers at once; the rates add up, the slowest p99 counts.

    Args:
        pause_ms: How long each connection waits before each request; 0 = as fast as it goes.
    """
    before = cpu_s(pids)
    running = [
        subprocess.Popen(
            [
                *("taskset", "-c", str(LOAD_CORE), "wrk", "--threads", "1"),
                *("--connections", str(connections // len(ports)), "--duration", f"{seconds:g}s"),
                *("--script", str(SCRIPT), f"http://127.0.0.1:{port}", "--", str(requests), str(pause_ms)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for port in ports
    ]
    found = [json.loads(process.communicate()[0].rstrip().splitlines()[-1]) for process in running]
    spent_s = cpu_s(pids) - before
    if broken := sum(one["broken"] for one in found):
        raise RuntimeError(f"{broken} connections broke under load: the measurement is void")
    answered = sum(one["requests"] for one in found)
    return Measured(
        rate=sum(one["requests"] / one["microseconds"] * 1e6 for one in found),
        p50_ms=max(one["p50_us"] for one in found) / 1_000,
        p99_ms=max(one["p99_us"] for one in found) / 1_000,
        cpu_us=spent_s / answered * 1e6,
        requests=answered,
        not_2xx=sum(one["not_2xx"] for one in found),
    )


def cpu_s(pids: Sequence[int]) -> float:
    """Processor time of processes so far, in seconds."""
    spent = 0.0
    for pid in pids:
        values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        spent += (int(values[11]) + int(values[12])) * CLOCK_TICK_S
    return spent


def resident_mb(pid: int) -> float:
    """Memory that a process has now, in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no VmRSS")
