"""Which programs may use the Web API?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from afterword.domain.scope import Scope
from afterword.storage.tables import api_token


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as far as it is kept: what it may do, and the end that its owner recognises."""

    id: int
    name: str
    hint: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None


def add_api_token(
    connection: sa.Connection,
    *,
    name: str,
    token_hash: bytes,
    hint: str,
    scopes: Collection[Scope],
    now: datetime,
    expires_at: datetime | None,
) -> int:
    """Let one more program in; the token's id."""
    added = sa.insert(api_token).values(
        name=name,
        hash=token_hash,
        hint=hint,
        scopes=" ".join(sorted(scope.value for scope in scopes)),
        created_at=now,
        expires_at=expires_at,
    )
    token_id: int = connection.execute(added.returning(api_token.c.id)).scalar_one()
    return token_id


def find_api_token(connection: sa.Connection, token_hash: bytes, now: datetime) -> ApiToken | None:
    """The token of this hash, unless it has ended."""
    statement = _tokens().where(
        api_token.c.hash == token_hash, sa.or_(api_token.c.expires_at.is_(None), api_token.c.expires_at > now)
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else _token(row)


def list_api_tokens(connection: sa.Connection) -> list[ApiToken]:
    """All tokens in the order in which they were made; those that ended, too."""
    return [_token(row) for row in connection.execute(_tokens().order_by(api_token.c.id))]


def expire_api_token(connection: sa.Connection, token_id: int, at: datetime) -> bool:
    """Let a token end at a time, unless it ends earlier anyway; False when there is none."""
    still_later = sa.or_(api_token.c.expires_at.is_(None), api_token.c.expires_at > at)
    is_it = api_token.c.id == token_id
    connection.execute(sa.update(api_token).where(is_it, still_later).values(expires_at=at))
    return connection.execute(sa.select(api_token.c.id).where(is_it)).first() is not None


def _tokens() -> sa.Select[tuple[object, ...]]:
    columns = ("id", "name", "hint", "scopes", "created_at", "expires_at")
    return sa.select(*(api_token.c[name] for name in columns))


def _token(row: sa.Row[tuple[object, ...]]) -> ApiToken:
    scopes = frozenset(Scope(word) for word in row.scopes.split())
    return ApiToken(**{**row._mapping, "scopes": scopes})
