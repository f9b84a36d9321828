"""Do platformx.projects.create and .list keep to the field?"""

from datetime import timedelta

import pytest

from afterword.domain.token import is_well_formed
from afterword.flows.manage_projects import create_project, revoke_token, rotate_token
from tests.storage.support import count_statements
from tests.web.api.conftest import Program

CREATE, LIST = "platformx.projects.create", "platformx.projects.list"


def test_a_project_is_made_and_its_token_shown_this_once(program: Program) -> None:
    clock = program.site.world.clock
    now = clock.now.isoformat().replace("+00:00", "Z")
    said = {
        "name": " Deploy ",
        "creator_id": "2",
        "hidden": True,
        "webhook_destination_url": "https://example.com/hook?x=1",
    }
    made = program.post(CREATE, said).json()["project"]
    token = made.pop("token")
    assert is_well_formed(token)
    expected = {
        "id": "2",
        "name": "Deploy",
        "creator_id": "2",
        "hidden": True,
        "webhook_destination_url": "https://example.com/hook?x=1",
        "created_at": now,
        "updated_at": now,
    }
    assert made == expected
    reply = program.get(LIST)
    assert reply.json()["projects"][1] == expected | {"token": None, "token_hint": "…" + token[-4:]}
    assert token not in reply.text


@pytest.mark.parametrize("said", [{}, {"hidden": None, "webhook_destination_url": None}, {"hidden": "0"}])
def test_what_is_left_out_has_its_default(program: Program, said: dict[str, object]) -> None:
    made = program.post(CREATE, {"name": "Deploy", "creator_id": 1, **said}).json()["project"]
    assert (made["hidden"], made["webhook_destination_url"]) == (False, None)


def test_a_form_makes_one_too(program: Program) -> None:
    made = program.form(CREATE, {"name": "Déploy", "creator_id": "1", "hidden": "true"}).json()["project"]
    assert (made["name"], made["hidden"]) == ("Déploy", True)


def test_a_project_of_the_command_line_has_no_creator(program: Program) -> None:
    (listed,) = program.get(LIST).json()["projects"]
    assert listed["creator_id"] is None
    assert listed["token_hint"] == "…" + program.site.world.token[-4:]


def test_the_hint_is_of_the_newest_token_that_is_valid(program: Program) -> None:
    world = program.site.world
    new = rotate_token(world.database, world.clock, "Build CLI", overlap=timedelta(days=1))
    (listed,) = program.get(LIST).json()["projects"]
    assert listed["token_hint"] == "…" + new[-4:]
    revoke_token(world.database, world.clock, "Build CLI", new[-4:])
    (listed,) = program.get(LIST).json()["projects"]
    assert listed["token_hint"] == "…" + world.token[-4:]
    world.clock.advance(timedelta(days=1))
    (listed,) = program.get(LIST).json()["projects"]
    assert listed["token_hint"] is None


def test_pages_have_every_project_once_and_their_statements_do_not_grow(program: Program) -> None:
    world = program.site.world
    for number in range(4):
        create_project(world.database, world.clock, f"Project {number}")
    seen = []
    counts = set()
    for page in (1, 2, 3, 4):
        with count_statements() as statements:
            found = program.get(LIST, page=page, page_size=2).json()["projects"]
        counts.add(len(statements))
        seen.append([project["name"] for project in found])
    assert seen == [["Build CLI", "Project 0"], ["Project 1", "Project 2"], ["Project 3"], []]
    assert len(counts) == 1
    assert len(program.get(LIST).json()["projects"]) == 5
