"""Can single fields of a person be changed, and is what can't be refused whole?"""

from typing import Any

import pytest

from afterword.domain.errors import ConflictError, InvalidInputError
from afterword.domain.people.identity import IdentityKind
from afterword.flows.people.change_person import change_person
from afterword.flows.people.merge_people import merge_people
from afterword.flows.people.saved_people import Change
from tests.flows.world import World


def change(world: World, who: str, **changes: Any) -> Change | None:
    return change_person(world.database, world.clock, world.tombstoned, who, changes)


def test_only_what_is_named_changes(world: World) -> None:
    changed = change(world, "bob-gh", name="Robert", timezone=None, is_tester=True)
    assert changed is not None
    assert (changed.email, changed.fields) == ("bob@example.com", ("name", "timezone", "is_tester"))
    bob = world.person("bob@")
    assert (bob.name, bob.timezone, bob.team, bob.is_tester) == ("Robert", None, "Build", True)
    assert change(world, "bob-gh", name="Robert") is None


def test_handles_take_the_place_of_all_of_their_kind(world: World) -> None:
    change(world, "id:2", emails=("robert@example.com", "bob@example.com"), github_usernames=())
    bob = world.person("bob@")
    assert (bob.email, bob.handles[IdentityKind.EMAIL]) == (
        "robert@example.com",
        ("robert@example.com", "bob@example.com"),
    )
    assert (bob.github_username, bob.gitlab_username) == (None, "bob-gl")
    change(world, "bob-gl", emails=("b@example.org",))
    assert world.person("b@example.org").handles[IdentityKind.EMAIL] == ("b@example.org",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "New", "timezone": "Mars/Base"}, "bob-gh: timezone is not an IANA time zone"),
        ({"name": "New", "emails": ("alice@example.com",)}, "bob-gh: email belongs to somebody else already"),
        ({"name": "New", "github_usernames": ("alice-gh",)}, "github_username belongs to somebody else"),
    ],
)
def test_what_can_not_be_changes_nothing(world: World, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"{message}.*; nothing was changed"):
        change(world, "bob-gh", **changes)
    assert world.person("bob@").name == "Bob"


def test_who_was_merged_is_not_changed(world: World) -> None:
    merge_people(world.database, world.clock, "alice-gh", "bob-gh", dry_run=False)
    with pytest.raises(ConflictError, match="the person 2 was merged into the person 1: change that one"):
        change(world, "id:2", name="Robert")
