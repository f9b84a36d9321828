"""Is everything in an export that is kept about a person, and nothing of others?"""

import json
from pathlib import Path

import pytest

from afterword.domain.errors import NotFoundError
from afterword.flows.erase_person import Eraser
from afterword.flows.export_person import export_person
from tests.flows.canary import EMAIL, OTHER, WORD, let_live
from tests.flows.world import World


def test_all_that_is_kept_is_in_it(world: World, tmp_path: Path) -> None:
    found = let_live(world, tmp_path / "mailbox")
    world.add_event(metadata='{"bobs": 1}')
    exported = export_person(world.database, found.person_id)
    person = exported["person"]
    assert (person["email"], person["team"], person["locale"]) == (EMAIL, "Build", "de")
    assert person["attributes"] == {"Office": (f"{WORD} tower", f"{WORD} {OTHER}")}
    assert {one["shown"] for one in exported["handles"]} >= {EMAIL, f"{WORD}-gh2", f"{WORD}-slack"}
    assert [one["value"] for one in exported["opt_outs"]] == [WORD]
    assert [one["external_id"] for one in exported["accounts"]] == [f"{WORD}-id"]
    assert exported["merges"][0]["moved"] == {"name": OTHER, "handles": [WORD]}
    assert [one["shown"] for one in exported["unresolved"]] == [EMAIL]
    (invited,) = exported["invitations"]
    assert invited["answers"]["satisfaction"] == 2
    assert invited["answers"]["comment"].startswith(f"{WORD} says {OTHER}")
    (decided,) = exported["decisions"]
    assert decided["reason"] == "invited"
    assert {"reason", "passed", "saw"} == set(decided["verdicts"][0])
    assert [one["id"] for one in exported["events"]] == found.event_ids
    assert exported["events"][0]["metadata"] == {"author": WORD, "note": OTHER}
    assert exported["events"][0]["project"] == "Build CLI"
    text = json.dumps(exported)
    assert "bobs" not in text
    assert "alice" not in text


def test_of_an_erased_person_there_is_nothing(world: World, tmp_path: Path) -> None:
    found = let_live(world, tmp_path / "mailbox")
    parts = world.database, world.clock, world.tombstoned
    Eraser(*parts, rest=lambda seconds: None).erase_person(found.person_id)
    exported = export_person(world.database, found.person_id)
    assert {name: rows for name, rows in exported.items() if rows and name != "person"} == {}
    assert WORD not in json.dumps(exported)


def test_there_must_be_such_a_person(world: World) -> None:
    with pytest.raises(NotFoundError):
        export_person(world.database, 999)
