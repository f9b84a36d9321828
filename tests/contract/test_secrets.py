"""Is a token ever kept where it can be read: in the log, on the disk, in the database?"""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from tests.contract.cases import as_form, as_json
from tests.contract.framing import CHUNKS
from tests.support.http import Connection, Header, request_bytes
from tests.support.postgres import Databases
from tests.support.project import FORM, JSON, PATH, Project, create_project
from tests.support.server import RunningServer

CANARY = "awp_canary4711thisisneverkeptanywhere4711x"
"""Looks like a token, but is none."""

Request = tuple[str, str, list[Header], bytes]


def places(token: str) -> dict[str, Request]:
    """Where people put a token, and where it then must not stay."""
    named: list[Header] = [("Content-Type", JSON)]
    form: list[Header] = [("Content-Type", FORM)]
    chunks: list[Header] = [*named, ("Transfer-Encoding", "chunked")]
    trailer = CHUNKS.removesuffix(b"\r\n") + f"Authorization: Bearer {token}\r\n\r\n".encode()
    body = as_json()
    return {
        "query": ("POST", f"{PATH}?token={token}", named, body),
        "query-as-test-data": ("POST", f"{PATH}?test_data={token}", named, body),
        "query-of-a-page": ("GET", f"/surveys?token={token}", [], b""),
        "path": ("POST", f"{PATH}/{token}", named, body),
        "path-of-an-answer": ("GET", f"/answer/{token}", [], b""),
        "path-of-a-link": ("POST", f"/admin/{token}", form, b""),
        "json": ("POST", PATH, named, as_json(token=token, metadata={"token": token})),
        "form": ("POST", PATH, form, as_form(token=token)),
        "json-as-text": ("POST", PATH, [("Content-Type", "text/plain")], as_json(token=token)),
        "cookie": ("POST", PATH, [*named, ("Cookie", f"afterword_session={token}; token={token}")], body),
        "cookie-of-a-page": ("GET", "/surveys", [("Cookie", f"afterword_session={token}")], b""),
        "user-and-password": ("POST", PATH, [*named, ("Authorization", f"Basic {token}")], body),
        "no-scheme": ("POST", PATH, [*named, ("Authorization", token)], body),
        "other-header": ("POST", PATH, [*named, ("X-Api-Key", token)], body),
        "proxy-header": ("POST", PATH, [*named, ("Proxy-Authorization", f"Bearer {token}")], body),
        "agent": ("POST", PATH, [*named, ("User-Agent", token), ("Referer", f"http://x/?{token}")], body),
        "key": ("POST", PATH, [*named, ("Idempotency-Key", token)], body),
        "trailer": ("POST", PATH, chunks, trailer),
        "header-name": ("POST", PATH, [*named, (token, "1")], body),
        "method": (token, PATH, named, body),
        "bad-framing": ("POST", PATH, [*named, ("Content-Length", token)], body),
        "bad-header": ("POST", PATH, [*named, (f"Bad {token}", "1")], body),
        "bad-url": ("POST", f"http://{token}", named, body),
        "too-many-headers": ("POST", PATH, [*named, *[("X-A", token)] * 200], body),
        "upgrade": ("POST", PATH, [*named, ("Connection", "upgrade"), ("Upgrade", token)], body),
    }


@pytest.fixture(scope="module")
def talkative(
    database_kind: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """A project on a server that logs as much as it can, sent the token of each kind in every place."""
    directory = tmp_path_factory.mktemp(f"secrets-{database_kind}")
    environment = {"AFTERWORD_LOG_LEVEL": "debug"}
    with RunningServer(directory / "data", databases.make(database_kind), environment=environment) as server:
        yield create_project(server)


def occurrences(project: Project, text: str) -> list[str]:
    """Where a text is found: files of the data directory, the log, tables of PostgreSQL."""
    server = project.server
    files = [path for path in [*server.data.rglob("*"), server.log_path] if path.is_file()]
    found = [path.name for path in files if text.encode() in path.read_bytes()]
    return found + (_in_tables(server.database_url, text) if server.database_url else [])


def _in_tables(url: str, text: str) -> list[str]:
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        query = sql.SQL("SELECT count(*) FROM {table} AS t WHERE t::text LIKE {text}")
        return [
            name
            for (name,) in names
            for rows in connection.execute(query.format(table=sql.Identifier(name), text=f"%{text}%"))
            if rows[0]
        ]


@pytest.mark.parametrize("place", places(CANARY))
def test_a_token_in_any_other_place_opens_nothing_and_is_kept_nowhere(talkative: Project, place: str) -> None:
    for token in (CANARY, talkative.token):
        method, target, headers, body = places(token)[place]
        with Connection(talkative.server.address) as connection:
            connection.send_what_is_taken(request_bytes(method, target, headers, body))
            assert connection.read_reply().status in range(400, 500)
        assert occurrences(talkative, token) == []


def test_a_token_in_its_place_is_not_kept_either(talkative: Project) -> None:
    assert talkative.post(as_json(name="kept")).status == 200
    assert talkative.post(as_json(name="")).status == 422
    assert talkative.with_token(CANARY).post(as_json()).status == 401
    assert occurrences(talkative, "kept") != [], "this test looks in the wrong place"
    assert [event["name"] for event in talkative.events()] == ["kept"]
    assert occurrences(talkative, talkative.token) + occurrences(talkative, CANARY) == []
