"""The same inputs get the same bytes on both databases, and there are enough of them."""

import importlib
import re
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract import framing, minefield
from tests.contract.cases import Accepted, Refused, raw_json
from tests.contract.conftest import PEOPLE, ROOMY
from tests.contract.test_recorded_requests import REQUESTS
from tests.contract.test_token import bad_authorizations
from tests.support.http import Connection, request_bytes
from tests.support.postgres import Databases
from tests.support.project import JSON, PATH, Project, create_project, import_people
from tests.support.server import RunningServer

HERE = Path(__file__).parent
INPUTS_MIN = 400
TOKEN = framing.TOKEN.decode()
NOT_COMPARED = re.compile(rb"^(?:x-request-id|date): .*\r\n", re.IGNORECASE | re.MULTILINE)
"""The headers that differ from one reply to the next."""

LAST = framing.FOLLOWING.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
AT_ONCE = 4
AHEAD = 64


def tables() -> Iterator[tuple[str, Refused | Accepted]]:
    """Every case of every table of this folder, and which table it is of."""
    for path in sorted(HERE.glob("test_*.py")):
        if path != Path(__file__):
            module = importlib.import_module(f"tests.contract.{path.stem}")
            for name, value in vars(module).items():
                if isinstance(value, list):
                    yield from (
                        (f"{path.stem}.{name}", case)
                        for case in value
                        if isinstance(case, Refused | Accepted)
                    )


def hand_written() -> dict[bytes, str]:
    """Every hand-written input with an exact expectation, as it goes over the wire → the table it is of."""
    found: dict[bytes, str] = {}
    project = Project(server=None, id="", name="", token=TOKEN)  # type: ignore[arg-type]
    for table, case in tables():
        found[project.request(case.body, case.content_type, case.headers, case.target)] = table
    for text in minefield.NOT_JSON:
        found[project.request(raw_json(unknown=text))] = "minefield.NOT_JSON"
        found[project.request(raw_json(metadata=b'{"a":' + text + b"}"))] = "minefield.NOT_JSON in metadata"
    for body in minefield.NOT_JSON_DOCUMENTS:
        found[project.request(body)] = "minefield.NOT_JSON_DOCUMENTS"
    for headers in bad_authorizations(TOKEN).values():
        found[request_bytes("POST", PATH, [*headers, ("Content-Type", JSON)], framing.BODY)] = "test_token"
    for recorded in REQUESTS:
        headers = [(name, value.replace("{token}", TOKEN)) for name, value in recorded["headers"].items()]
        sent = request_bytes(recorded["method"], recorded["target"], headers, recorded["body"].encode())
        found[sent] = "recorded"
    for wire in framing.TABLE:
        found[wire.sent] = "framing"
    return found


INPUTS = hand_written()


def answers(project: Project, sent: bytes) -> bytes:
    """Send an input and one more request that ends the connection; all that comes but what differs."""
    received = b""
    with socket.create_connection(project.server.address, timeout=5) as connection:
        with suppress(ConnectionError):
            connection.sendall(sent.replace(framing.TOKEN, project.token.encode()) + LAST)
        with suppress(ConnectionResetError):
            while piece := connection.recv(65_536):
                received += piece
    return NOT_COMPARED.sub(b"", received)


def store_all(project: Project, cases: list[Accepted]) -> list[dict[str, object]]:
    """Send accepted inputs on one connection, in their order; what is stored of them."""
    requests = [project.request(case.body, case.content_type, case.headers, case.target) for case in cases]
    with Connection(project.server.address) as connection:
        for start in range(0, len(requests), AHEAD):
            connection.send(b"".join(requests[start : start + AHEAD]))
            for case in cases[start : start + AHEAD]:
                assert connection.read_reply().status == 200, case.id
    return [
        {name: value for name, value in event.items() if name not in ("id", "received_at")}
        for event in project.events()
    ]


@dataclass(frozen=True)
class Side:
    """A server on one database, with two roomy projects: for all inputs, and for those stored."""

    all: Project
    stored: Project


@pytest.fixture(scope="module")
def pair(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Side]]:
    """A roomy project on a server of each database, with the same people."""
    with ExitStack() as opened, ThreadPoolExecutor(2) as starting:

        def start(kind: str) -> Side:
            directory = tmp_path_factory.mktemp(f"same-{kind}")
            server = opened.enter_context(RunningServer(directory / "data", databases.make(kind)))
            import_people(server, directory, PEOPLE)
            return Side(create_project(server, **ROOMY), create_project(server, **ROOMY))

        sides = list(starting.map(start, ("sqlite", "postgres")))
        for side in sides:
            side.stored.wait_until_usable()
        yield sides


def test_there_are_enough_hand_written_inputs() -> None:
    assert len(INPUTS) >= INPUTS_MIN, Counter(INPUTS.values())


def test_the_same_inputs_give_the_same_bytes_on_both_databases(pair: list[Side]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as senders:
        sqlite, postgres = (
            list(senders.map(lambda sent, to=side.all: answers(to, sent), INPUTS)) for side in pair
        )
    differing = [
        (INPUTS[sent], sent, one, other)
        for sent, one, other in zip(INPUTS, sqlite, postgres, strict=True)
        if one != other
    ]
    assert differing == []
    assert all(received.startswith(b"HTTP/1.1 ") for received in sqlite)


def test_what_is_stored_of_them_is_the_same_too(pair: list[Side]) -> None:
    """Sent one after the other, so that their order is the same."""
    cases = [case for _, case in tables() if isinstance(case, Accepted)]
    sqlite, postgres = (store_all(side.stored, cases) for side in pair)
    assert len(sqlite) == len(cases)
    assert sqlite == postgres
