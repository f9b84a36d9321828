"""Do projects and tokens do what their owner says?"""

from datetime import timedelta

import pytest

from afterword.domain.errors import ConflictError, InvalidInputError, NotFoundError
from afterword.domain.rate_limit import RateLimits
from afterword.domain.token import hash_token, is_well_formed
from afterword.flows.manage_projects import (
    create_project,
    list_projects,
    revoke_token,
    rotate_token,
    set_limits,
)
from afterword.storage.engine import Database
from afterword.storage.projects import Token
from tests.storage.support import DAY, START, FakeClock

NOTHING = {"events_per_minute": None, "events_per_day": None, "metadata_bytes": None}


@pytest.fixture
def token(database: Database, clock: FakeClock) -> str:
    """The first token of the project "Build CLI"."""
    return create_project(database, clock, "Build CLI").token


def tokens(database: Database) -> list[Token]:
    ((_, found),) = list_projects(database)
    return found


def test_a_new_project_has_the_default_limits_and_a_token_kept_as_its_hash(
    database: Database, token: str
) -> None:
    ((project, _),) = list_projects(database)
    assert project is not None
    assert (project.limits, project.metadata_bytes) == (RateLimits(30, 15_000), 1_024)
    assert is_well_formed(token)
    (kept,) = tokens(database)
    assert (kept.hash, kept.hint, kept.expires_at) == (hash_token(token), "…" + token[-4:], None)
    assert token not in repr(kept)


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * 101, "\x00"])
def test_a_name_that_can_not_be_shown_is_refused(database: Database, clock: FakeClock, name: str) -> None:
    with pytest.raises(InvalidInputError, match="1 to 100 printable characters"):
        create_project(database, clock, name)


@pytest.mark.usefixtures("token")
def test_a_name_is_trimmed_and_given_once(database: Database, clock: FakeClock) -> None:
    with pytest.raises(ConflictError, match="there is already a project 'Build CLI'"):
        create_project(database, clock, "  Build CLI ")


@pytest.mark.usefixtures("token")
def test_only_the_limits_that_are_given_change(database: Database) -> None:
    set_limits(database, "Build CLI", **(NOTHING | {"events_per_minute": 5}))
    changed = set_limits(database, "Build CLI", **(NOTHING | {"metadata_bytes": 2_048}))
    assert (changed.limits, changed.metadata_bytes) == (RateLimits(5, 15_000), 2_048)
    assert [project for project, _ in list_projects(database)] == [changed]


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    ("name", "value"), [("events_per_minute", 0), ("events_per_day", -1), ("metadata_bytes", 32_769)]
)
def test_a_limit_out_of_range_is_refused_by_its_option(database: Database, name: str, value: int) -> None:
    with pytest.raises(InvalidInputError, match=f"--{name.replace('_', '-')} must be from 1 to"):
        set_limits(database, "Build CLI", **(NOTHING | {name: value}))


def test_an_unknown_project_is_told_with_those_there_are(database: Database, clock: FakeClock) -> None:
    with pytest.raises(NotFoundError, match="there is none yet"):
        set_limits(database, "Nope", **NOTHING)
    create_project(database, clock, "Build CLI")
    with pytest.raises(NotFoundError, match="'Build CLI'"):
        rotate_token(database, clock, "Nope", overlap=DAY)


def test_rotating_lets_the_old_token_end_after_the_overlap(
    database: Database, clock: FakeClock, token: str
) -> None:
    second = rotate_token(database, clock, "Build CLI", overlap=DAY)
    clock.advance(timedelta(hours=1))
    third = rotate_token(database, clock, "Build CLI", overlap=DAY)
    ends = {item.hash: item.expires_at for item in tokens(database)}
    assert ends == {
        hash_token(token): START + DAY,
        hash_token(second): START + DAY + timedelta(hours=1),
        hash_token(third): None,
    }


def test_a_token_is_revoked_by_its_ending_its_id_or_itself(database: Database, clock: FakeClock) -> None:
    first = create_project(database, clock, "Build CLI").token
    second, third = (rotate_token(database, clock, "Build CLI", overlap=DAY) for _ in range(2))
    assert revoke_token(database, clock, "Build CLI", "…" + first[-4:]).hash == hash_token(first)
    assert revoke_token(database, clock, "Build CLI", str(tokens(database)[1].id)).hash == hash_token(second)
    assert revoke_token(database, clock, "Build CLI", third).hash == hash_token(third)
    assert {item.expires_at for item in tokens(database)} == {START}


def test_a_token_that_is_over_or_unknown_can_not_be_revoked(
    database: Database, clock: FakeClock, token: str
) -> None:
    revoke_token(database, clock, "Build CLI", token)
    for wanted in (token, "…zzzz", "999"):
        with pytest.raises(NotFoundError, match="no valid token"):
            revoke_token(database, clock, "Build CLI", wanted)
