"""Is everything in an export that is kept about a person, and nothing of others?"""

import json
from pathlib import Path
from typing import Any

import pytest

from afterword.domain.errors import NotFoundError
from afterword.flows.people.erase_person import Eraser
from afterword.flows.people.export_person import export_person
from tests.flows.canary import EMAIL, OTHER, WORD, let_live
from tests.flows.world import World


def read(world: World, person_id: int, *, with_named: bool = True) -> dict[str, Any]:
    pieces = export_person(world.database, world.clock, person_id, with_named=with_named)
    exported: dict[str, Any] = json.loads("".join(pieces))
    return exported


def test_all_that_is_kept_is_in_it(world: World, tmp_path: Path) -> None:
    found = let_live(world, tmp_path / "mailbox")
    world.add_event(metadata='{"bobs": 1}')
    exported = read(world, found.person_id)
    person = exported["person"]
    assert (person["email"], person["team"], person["locale"]) == (EMAIL, "Build", "de")
    assert person["attributes"] == {"Office": [f"{WORD} tower", f"{WORD} {OTHER}"]}
    assert {one["shown"] for one in exported["handles"]} >= {EMAIL, f"{WORD}-gh2", f"{WORD}-slack"}
    assert [one["value"] for one in exported["opt_outs"]] == [WORD]
    (source,) = exported["sources"]
    assert (source["external_id"], source["client_id"]) == (f"{WORD}-id", WORD)
    assert source["details"] == {"title": OTHER, "name": {"formatted": WORD}}
    assert exported["merges"][0]["moved"] == {"name": OTHER, "handles": [WORD]}
    assert [one["shown"] for one in exported["unresolved"]] == [EMAIL]
    (invited,) = exported["invitations"]
    assert invited["response"]["answers"]["satisfaction"] == 2
    assert invited["response"]["answers"]["comment"].startswith(f"{WORD} says {OTHER}")
    (decided,) = exported["decisions"]
    assert decided["reason"] == "invited"
    assert {"reason", "passed", "saw"} == set(decided["verdicts"][0])
    assert [one["id"] for one in exported["events"]] == found.event_ids
    assert exported["events"][0]["metadata"] == {"author": WORD, "note": OTHER}
    assert exported["events"][0]["project"] == "Build CLI"
    text = json.dumps(exported)
    assert "bobs" not in text
    assert "alice" not in text


def test_only_attributed_events_are_in_the_short_one(world: World, tmp_path: Path) -> None:
    found = let_live(world, tmp_path / "mailbox")
    exported = read(world, found.person_id, with_named=False)
    assert [one["id"] for one in exported["events"]] == found.event_ids[:1]


def test_of_an_erased_person_there_is_nothing(world: World, tmp_path: Path) -> None:
    found = let_live(world, tmp_path / "mailbox")
    parts = world.database, world.clock, world.tombstoned
    Eraser(*parts, rest=lambda seconds: None).erase_person(found.person_id)
    exported = read(world, found.person_id)
    left = {name for name, rows in exported.items() if rows}
    assert left == {"exported_at", "person"}
    assert WORD not in json.dumps(exported)


def test_there_must_be_such_a_person(world: World) -> None:
    with pytest.raises(NotFoundError):
        export_person(world.database, world.clock, 999)
