"""Is the plain text of a token never kept, and never compared with anything?"""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa

from afterword.domain.scope import Scope
from afterword.flows.api_tokens import create_api_token
from afterword.flows.ingest.directory import Directory, TokenGrant
from afterword.flows.manage_projects import create_project, rotate_token
from afterword.flows.people.tombstones import Tombstones
from afterword.kit.signing import Signer
from afterword.storage.engine import Database
from afterword.storage.tables import metadata
from afterword.web import track as web_track
from afterword.web.track import Track
from tests.storage.support import HOUR, FakeClock


class PlainToken(str):
    """The text of a token, which remembers when it is compared, looked into or looked up."""

    __slots__ = ()
    compared: ClassVar[list[tuple[object, ...]]] = []

    def _compare(self, *others: object) -> bool:
        self.compared.append(others)
        return False

    def __hash__(self) -> int:
        self.compared.append(())
        return 0

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _compare
    __contains__ = startswith = endswith = _compare


def kept_bytes(database: Database, directory: Path) -> bytes:
    """All that is on the disk: SQLite's files, or the columns of all tables of PostgreSQL."""
    if not database.is_postgres:
        return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())
    kept = []
    with database.read() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(sa.select(table)):
                kept += [bytes(value) if isinstance(value, bytes) else str(value).encode() for value in row]
    return b"\n".join(kept)


def test_no_token_is_kept_in_plain(database: Database, clock: FakeClock, tmp_path: Path) -> None:
    made = create_project(database, clock, "Build CLI")
    rotated = rotate_token(database, clock, "Build CLI", overlap=HOUR)
    for_programs = create_api_token(database, clock, "hr", [Scope.USERS_READ])
    kept = kept_bytes(database, tmp_path)
    assert made.token[-4:].encode() in kept, "the hint is kept, so this looks at the right place"
    for token in (made.token, rotated, for_programs):
        assert token.encode() not in kept


@pytest.mark.parametrize("is_good", [True, False], ids=["a good one", "a bad one"])
def test_a_token_that_is_sent_is_looked_up_by_its_digest_alone(
    database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, is_good: bool
) -> None:
    made = create_project(database, clock, "Build CLI")
    sent = made.token if is_good else made.token[:-1] + "?"
    looked_up: list[bytes] = []
    good_grant, bearer_token = Directory.good_grant, web_track._bearer_token

    def watch(self: Directory, token_hash: bytes, now_us: int) -> TokenGrant | None:
        looked_up.append(token_hash)
        return good_grant(self, token_hash, now_us)

    monkeypatch.setattr(Directory, "good_grant", watch)
    monkeypatch.setattr(web_track, "_bearer_token", lambda values: PlainToken(bearer_token(values)))
    monkeypatch.setattr(PlainToken, "compared", [])
    exchange = begin(database, clock, sent)
    assert PlainToken.compared == [], "a plain token was compared"
    assert exchange.project_id == (made.id if is_good else 0)
    assert exchange.statuses == ([] if is_good else [401])
    assert looked_up
    assert not [digest for digest in looked_up if sent.encode() in digest]


def begin(database: Database, clock: FakeClock, token: str) -> Any:
    """Let events.track look at the headers of one request; what it made of them."""
    exchange = SimpleNamespace(
        method=b"POST",
        headers=[(b"authorization", b"Bearer " + token.encode()), (b"content-type", b"application/json")],
        body=b"",
        project_id=0,
        statuses=[],
        is_gone=False,
        is_flood=False,
        is_whole=False,
        is_decided=False,
        request_id=b"1",
        began_us=0,
    )
    exchange.reply = lambda status, *rest: exchange.statuses.append(status)

    async def look() -> None:
        directory = Directory(database, Tombstones(Signer("k" * 32)))
        track = Track(directory=directory, intake=None, notices=None, clock=clock)  # type: ignore[arg-type]
        track.begin(exchange)
        await asyncio.gather(*track._looks)

    asyncio.run(look())
    return exchange
