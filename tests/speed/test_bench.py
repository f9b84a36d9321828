"""Does the benchmark measure what it says? Its servers and requests, without the load."""

import json
from pathlib import Path

from tests.speed.load import event_body, write_requests
from tests.speed.serve import LIMITED, PROJECTS, TOKENS_FILE
from tests.speed.servers import running_afterword, running_stub
from tests.support.http import Connection

STORED = 2 * PROJECTS


def requests_in(path: Path) -> list[bytes]:
    """Read a file as load.lua does."""
    found, rest = [], path.read_bytes()
    while rest:
        length, _, rest = rest.partition(b"\n")
        found.append(rest[: int(length)])
        rest = rest[int(length) :]
    return found


def answers(port: int, requests: list[bytes]) -> list[tuple[int, str | None]]:
    """Send requests on one connection; status and error of each reply."""
    replies = []
    with Connection(("127.0.0.1", port)) as connection:
        for request in requests:
            connection.send(request)
            reply = connection.read_reply()
            replies.append((reply.status, reply.json().get("error")))
    return replies


def test_our_server_takes_what_the_benchmark_sends(tmp_path: Path, database_url: str | None) -> None:
    stored = ["--events", str(STORED)]
    with running_afterword(tmp_path / "data", database_url, stored, core=None) as server:
        tokens = (tmp_path / "data" / TOKENS_FILE).read_text().split()
        assert len(tokens) == PROJECTS + LIMITED
        bodies = [event_body(number) for number in range(2)]
        path = write_requests(tmp_path / "good", bodies, tokens)
        assert answers(server.port, requests_in(path)) == [(200, None)] * 2
        limited = write_requests(tmp_path / "limited", [bodies[0]] * 2, tokens[-1:])
        assert answers(server.port, requests_in(limited))[-1] == (429, "too_many_requests")
    # Started again it makes nothing anew, and counts on from what was stored.
    slow = [*stored, "--one-by-one", "--commit-delay-ms", "1"]
    with running_afterword(tmp_path / "data", database_url, slow, core=None) as server:
        assert answers(server.port, requests_in(path)) == [(200, None)] * 2


def test_the_stub_answers_as_fast_as_it_can_and_nothing_else(tmp_path: Path) -> None:
    path = write_requests(tmp_path / "any", [json.dumps({"any": "thing"}).encode()], ["token"])
    with running_stub(core=None) as server:
        assert answers(server.port, requests_in(path)) == [(200, None)]
