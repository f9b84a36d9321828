"""Is a token for the Web API good for as long, and for as much, as was said?"""

from datetime import timedelta

import pytest

from afterword.domain.errors import InvalidInputError, NotFoundError
from afterword.domain.scope import Scope
from afterword.domain.token import API_PREFIX
from afterword.flows.api_tokens import create_api_token, find_api_token, list_api_tokens, revoke_api_token
from afterword.storage.engine import Database
from tests.storage.support import FakeClock

READ = [Scope.USERS_READ]


def test_a_token_is_found_by_its_text_with_its_scopes(database: Database, clock: FakeClock) -> None:
    token = create_api_token(database, clock, " hr ", [Scope.USERS_READ, Scope.SCIM])
    found = find_api_token(database, clock, token)
    assert found is not None
    assert token.startswith(API_PREFIX)
    assert (found.name, found.hint, found.expires_at) == ("hr", "…" + token[-4:], None)
    assert found.scopes == {Scope.USERS_READ, Scope.SCIM}
    for other in (token[:-1], token + "x", token.swapcase(), ""):
        assert find_api_token(database, clock, other) is None


def test_a_token_ends_when_it_was_said_to(database: Database, clock: FakeClock) -> None:
    token = create_api_token(database, clock, "hr", READ, expires_in=timedelta(days=1))
    clock.advance(timedelta(days=1) - timedelta(seconds=1))
    assert find_api_token(database, clock, token) is not None
    clock.advance(1)
    assert find_api_token(database, clock, token) is None
    assert [one.name for one in list_api_tokens(database)] == ["hr"]


def test_a_revoked_token_ends_now_and_no_earlier_end_moves(database: Database, clock: FakeClock) -> None:
    token = create_api_token(database, clock, "hr", READ)
    (listed,) = list_api_tokens(database)
    revoke_api_token(database, clock, listed.id)
    assert find_api_token(database, clock, token) is None
    (ended,) = list_api_tokens(database)
    clock.advance(60)
    revoke_api_token(database, clock, listed.id)
    assert list_api_tokens(database) == [ended]
    with pytest.raises(NotFoundError, match="afterword token list"):
        revoke_api_token(database, clock, listed.id + 1)


@pytest.mark.parametrize(("name", "scopes"), [("", READ), ("x" * 101, READ), ("a\tb", READ), ("hr", [])])
def test_a_token_that_makes_no_sense_is_refused(
    database: Database, clock: FakeClock, name: str, scopes: list[Scope]
) -> None:
    with pytest.raises(InvalidInputError):
        create_api_token(database, clock, name, scopes)
    assert list_api_tokens(database) == []
