"""Does decisions.list tell what the ledger has, page by page, to those who may read it?"""

from datetime import timedelta
from typing import Any

import pytest

from afterword.flows.people.merge_people import merge_people
from afterword.storage import decisions
from tests.flows.world import EAGER, World
from tests.web.api.conftest import Program

ALICE, BOB = "alice@example.com", "bob@example.com"


@pytest.fixture
def busy(program: Program) -> World:
    """A server with a second survey that hears the same events and asks hardly anybody."""
    world = program.site.world
    world.add_survey("rare", throttle=EAGER | {"sampling": {"rate": 0.0001}})
    return world


def about(program: Program, **said: Any) -> Any:
    reply = program.get("decisions.list", **said)
    assert reply.status_code == 200, reply.text
    return reply.json()


def places(reply: Any) -> list[tuple[str, str]]:
    return [(one["event_id"], one["survey"]) for one in reply["decisions"]]


def test_an_event_has_each_survey_with_all_rules_policy_draw_and_probability(
    program: Program, busy: World
) -> None:
    text = "policy: {project: Build CLI}\nthrottle: {priority: 0}\n"
    policy = busy.set_policy(text)
    event_id = busy.add_event(email=ALICE)
    busy.evaluate(event_id)
    reply = about(program, event_id=event_id)
    found = {one["survey"]: one for one in reply["decisions"]}
    assert reply.keys() == {"ok", "decisions", "response_metadata"}
    assert found.keys() == {"build-cli", "rare"}
    with busy.database.read() as connection:
        kept = {one.survey_key: one for one in decisions.list_entries(connection, event_id)}
    rare = found["rare"]
    rules = rare.pop("rules")
    assert rare == {
        "event_id": str(event_id),
        "survey": "rare",
        "survey_version": 1,
        "policy_id": policy.policy_id,
        "user_id": str(busy.person(ALICE).id),
        "is_test": False,
        "invited": False,
        "code": 60,
        "reason": "not_sampled",
        "text": "The draw did not fall on the person in this period.",
        "draw": kept["rare"].draw,
        "probability": 0.0001,
        "decided_at": busy.clock.now.isoformat().replace("+00:00", "Z"),
    }
    assert [one["code"] for one in rules] == [one.reason.value for one in kept["rare"].verdicts]
    (failed,) = [one for one in rules if not one["passed"]]
    assert failed == {
        "code": 60,
        "name": "not_sampled",
        "passed": False,
        "saw": {"draw": round(rare["draw"], 6), "rate": 0.0001, "unit": "person_period"},
        "text": f"drew {rare['draw']:.4f}, asked below 0.0001",
    }
    asked = found["build-cli"]
    assert (asked["invited"], asked["code"], asked["reason"]) == (True, 0, "invited")


def test_of_a_person_the_newest_come_first_page_by_page(program: Program, busy: World) -> None:
    sent = []
    for email in (ALICE, BOB, ALICE, ALICE):
        sent.append(busy.add_event(email=email))
        busy.evaluate(sent[-1])
        busy.clock.advance(timedelta(hours=1))
    wanted = [
        (str(event_id), key) for event_id in (sent[3], sent[2], sent[0]) for key in ("rare", "build-cli")
    ]
    whole = about(program, email=ALICE)
    assert places(whole) == wanted
    assert whole["response_metadata"] == {"next_cursor": ""}
    found: list[tuple[str, str]] = []
    said: dict[str, Any] = {}
    while len(found) < len(wanted):
        reply = about(program, email=ALICE, limit=2 if found else 3, **said)
        found += places(reply)
        said = {"cursor": reply["response_metadata"]["next_cursor"]}
    assert found == wanted
    assert said == {"cursor": ""}
    assert places(about(program, email=ALICE, survey="rare")) == wanted[::2]
    assert places(about(program, email=BOB, event_id=sent[0])) == []
    assert places(about(program, email=ALICE, event_id=sent[2], survey="rare")) == [(str(sent[2]), "rare")]


def test_who_was_merged_is_one_person(program: Program, busy: World) -> None:
    event_id = busy.add_event(email=BOB)
    busy.evaluate(event_id)
    merge_people(busy.database, busy.clock, ALICE, BOB, dry_run=False)
    assert places(about(program, email=BOB, survey="rare")) == [(str(event_id), "rare")]
    assert about(program, email=BOB)["decisions"][0]["user_id"] == str(busy.person(ALICE).id)


def test_an_event_of_nobody_and_one_that_nothing_listened_to(program: Program, busy: World) -> None:
    unknown, unheard = busy.add_event(email="dan@example.com"), busy.add_event(name="other")
    busy.evaluate(unknown)
    busy.evaluate(unheard)
    first = about(program, event_id=unknown)["decisions"][0]
    assert (first["user_id"], first["reason"]) == (None, "person_unresolved")
    assert about(program, event_id=unheard)["decisions"] == []


def test_a_project_token_reads_nothing(program: Program, busy: World) -> None:
    reply = Program(program.site, busy.token).get("decisions.list", email=ALICE)
    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_auth")
