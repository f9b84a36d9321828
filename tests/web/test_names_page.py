"""/names: can staff say whose an unknown name is, and see what went wrong?"""

import re

import pytest
from starlette.testclient import TestClient

from afterword.flows.names.keep_names import keep_names
from afterword.flows.names.manage_names import list_names
from afterword.flows.names.manage_rules import list_rules
from afterword.web.admin import names as page
from tests.flows.world import World
from tests.web.conftest import Site

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def world(world: World) -> World:
    """The usual one, with events of unknown names."""
    for name in ("bob-at-home", "bob-at-home", "svc<b>1"):
        world.add_event(email=None, github_username=name)
    settle(world)
    return world


def settle(world: World) -> None:
    while keep_names(world.database, world.clock):
        pass


def left(world: World) -> list[str]:
    return [one.value for one in list_names(world.database, limit=99)]


def test_names_are_shown_with_guesses_and_the_most_events_first(staff: TestClient, world: World) -> None:
    world.import_people("email,name\nr@example.com,Bob Home\n")
    text = staff.get("/names").text
    assert text.index("bob-at-home") < text.index("svc&lt;b&gt;1")
    assert "<b>1" not in text
    assert re.search(
        r'value="r@example.com"[^>]*>Assign to Bob Home</button>\s*<span[^>]*>Bob Home is short for', text
    )
    assert "2 names" in text


def test_a_guess_is_taken_in_one_step(staff: TestClient, world: World) -> None:
    form = {"kind": "github_username", "name": "bob-at-home", "person": "bob@example.com"}
    query = "kind=github_username&name=bob-at-home"
    done = staff.post("/names/assign", data=form)
    assert (done.status_code, done.headers["location"]) == (303, f"/names?done=assigned&{query}")
    assert left(world) == ["svc<b>1"]
    text = staff.get(done.headers["location"]).text
    assert "<strong>bob-at-home</strong> (GitHub) is Bob &lt;bob@example.com&gt; now." in text
    assert "about 2 events left to look at" in text
    settle(world)
    assert "left to look at" not in staff.get("/names").text


def test_a_name_in_the_wrong_hands_is_taken_back_by_one_button(staff: TestClient, world: World) -> None:
    form = {"kind": "github_username", "name": "bob-at-home", "person": "alice@example.com"}
    text = staff.get(staff.post("/names/assign", data=form).headers["location"]).text
    assert 'action="/names/unassign"' in text
    settle(world)
    done = staff.post("/names/unassign", data=form)
    assert (done.status_code, done.headers["location"]) == (303, "/names?done=unassigned")
    settle(world)
    assert left(world) == ["bob-at-home", "svc<b>1"]
    assert "The name was taken back." in staff.get("/names?done=unassigned").text
    assert staff.post("/names/unassign", data=form).status_code == 400
    assert staff.post("/names/unassign", data={"kind": "x"}).status_code == 400


def test_the_page_says_of_nobody_what_is_not_so(staff: TestClient) -> None:
    for query in ("kind=github_username&name=bob-at-home", "kind=x&name=bob-gh", "kind=github_username"):
        assert "/names/unassign" not in staff.get(f"/names?done=assigned&{query}").text


def test_a_name_without_a_domain_comes_with_what_to_do(staff: TestClient, world: World) -> None:
    world.add_event(email="bob")
    settle(world)
    text = staff.get("/names").text
    assert "No full address: <code>afterword name rule add domain DOMAIN</code>" in text
    assert text.count("Address or user name of a person") == 2


def test_a_bot_is_called_one_in_one_step(staff: TestClient, world: World) -> None:
    done = staff.post("/names/bot", data={"name": "svc<b>1"})
    assert (done.status_code, done.headers["location"]) == (303, "/names?done=bot")
    assert [one.rule.pattern for one in list_rules(world.database)] == ["svc<b>1"]
    assert left(world) == ["bob-at-home"]


@pytest.mark.parametrize(
    ("path", "form", "says"),
    [
        ("assign", {"name": "bob-at-home", "person": "nobody@example.com"}, "there is nobody with"),
        ("assign", {"name": "bob-gh", "person": "alice@example.com"}, "is the name of Bob"),
        ("assign", {"name": "bob-at-home", "person": " "}, "Say who it is"),
        ("assign", {"name": "bob-at-home", "person": "bob@example.com", "kind": "slack_id"}, "Say who it is"),
        ("assign", {"name": "bob-at-home", "person": "bob@example.com", "kind": "nonsense"}, "Say who it is"),
        ("bot", {"name": "bob-gh"}, "is the name of Bob"),
        ("bot", {}, "open the page and try again"),
    ],
)
def test_what_goes_wrong_is_said_above_the_list(
    staff: TestClient, world: World, path: str, form: dict[str, str], says: str
) -> None:
    kind = {} if path == "bot" else {"kind": "github_username"}
    refused = staff.post(f"/names/{path}", data=kind | form)
    assert refused.status_code == 400
    assert says in refused.text
    if form.get("person") == "nobody@example.com":
        assert "<p>bob-at-home: there is nobody with" in refused.text
        assert "afterword people" not in refused.text
        assert refused.text.count("<details open>") == 1
        assert 'value="nobody@example.com" aria-invalid="true"' in refused.text
    assert "bob-at-home" in refused.text
    assert left(world) == ["bob-at-home", "svc<b>1"]


def test_a_body_that_is_no_form_is_refused(staff: TestClient, world: World) -> None:
    for path in ("assign", "bot"):
        assert staff.post(f"/names/{path}", json={"name": "svc<b>1"}).status_code == 400
        assert staff.post(f"/names/{path}", content=b"\xff=%", headers=FORM).status_code == 400


def test_pages_follow_each_other(
    site: Site, staff: TestClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "NAMES_SHOWN_MAX", 1)
    first = staff.get("/names").text
    assert "bob-at-home" in first
    assert "svc" not in first
    link = re.search(r'href="(/names\?events=[^"]+)"', first)
    assert link
    second = staff.get(link[1].replace("&amp;", "&")).text
    assert "svc&lt;b&gt;1" in second
    assert "bob-at-home" not in second
    assert "Next page" not in second
    assert 'href="/names"' in second


@pytest.mark.parametrize(
    "query",
    ["events=x&project=1", "events=-1&project=1", f"events={'9' * 30}&project=1", "events=1&name=%00"],
)
def test_a_made_up_place_shows_the_first_page(staff: TestClient, query: str) -> None:
    assert "bob-at-home" in staff.get(f"/names?{query}").text


def test_nothing_to_do_is_said_so(staff: TestClient, world: World) -> None:
    staff.post("/names/bot", data={"name": "svc<b>1"})
    staff.post("/names/bot", data={"name": "bob-at-home"})
    assert "No unknown names" in staff.get("/names").text
    assert "No more names" in staff.get("/names?events=1&kind=x&name=x&project=1").text
