"""How do programs get into the Web API?"""

from collections.abc import Collection
from datetime import timedelta

from afterword.domain.errors import InvalidInputError, NotFoundError
from afterword.domain.scope import Scope
from afterword.domain.token import ALPHABET, API_PREFIX, RANDOM_CHARS, format_token, hash_token, hint
from afterword.kit.clock import Clock, to_datetime
from afterword.kit.ids import random_chars
from afterword.storage import api_tokens
from afterword.storage.api_tokens import ApiToken as ApiToken
from afterword.storage.engine import Database

__all__ = ["ApiToken", "create_api_token", "find_api_token", "list_api_tokens", "revoke_api_token"]

NAME_CHARS_MAX = 100


def create_api_token(
    database: Database,
    clock: Clock,
    name: str,
    scopes: Collection[Scope],
    *,
    expires_in: timedelta | None = None,
) -> str:
    """
    Make a token, which is shown this once.

    Raises:
        InvalidInputError: The name can't be used, or there is no scope.
    """
    name = name.strip()
    if not name or len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise InvalidInputError(f"a token's name has 1 to {NAME_CHARS_MAX} printable characters")
    if not scopes:
        raise InvalidInputError("a token without a scope can do nothing: give at least one --scope")
    token = format_token(random_chars(ALPHABET, RANDOM_CHARS), API_PREFIX)
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        api_tokens.add_api_token(
            connection,
            name=name,
            token_hash=hash_token(token),
            hint=hint(token),
            scopes=scopes,
            now=now,
            expires_at=None if expires_in is None else now + expires_in,
        )
    return token


def find_api_token(database: Database, clock: Clock, token: str) -> ApiToken | None:
    """What a token may do now; None for one that is unknown or has ended."""
    with database.read() as connection:
        return api_tokens.find_api_token(connection, hash_token(token), to_datetime(clock.now_us()))


def list_api_tokens(database: Database) -> list[ApiToken]:
    """All tokens; those that ended, too."""
    with database.read() as connection:
        return api_tokens.list_api_tokens(connection)


def revoke_api_token(database: Database, clock: Clock, token_id: int) -> None:
    """
    Let a token end now.

    Raises:
        NotFoundError: There is none of this id.
    """
    with database.write() as connection:
        if not api_tokens.expire_api_token(connection, token_id, to_datetime(clock.now_us())):
            raise NotFoundError(f"there is no token {token_id}: `afterword token list` shows all")
