"""``afterword people export``, ``erase`` and their like, and ``afterword retention``."""

import json
import os
import stat
from pathlib import Path

import pytest

from afterword.cli import privacy
from afterword.flows.people import erase_person
from tests.cli.installation import Installation


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no server to wait for."""
    monkeypatch.setattr(erase_person, "SERVERS_FOLLOW_S", 0.0)


def contents(home: Installation) -> bytes:
    return b"".join(path.read_bytes() for path in (home.folder / "data").rglob("*") if path.is_file())


def test_export_prints_json(lively: Installation) -> None:
    lively.track()
    found = json.loads(lively.ok("people", "export", "@AnaSouza"))
    assert found["person"]["email"] == "ana@example.com"
    assert len(found["events"]) == 1


def test_export_writes_a_new_file_that_only_its_owner_reads(lively: Installation) -> None:
    path = lively.folder / "ana.json"
    assert "Wrote" in lively.ok("people", "export", "ana@example.com", "--output", str(path))
    assert json.loads(path.read_text())["person"]["name"] == "Ana Souza"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "already" in lively.error("people", "export", "ana@example.com", "--output", str(path))
    assert "can't write" in lively.error("people", "export", "ana@example.com", "--output", "/nowhere/x")


def test_erase_says_what_goes_and_what_went(lively: Installation) -> None:
    lively.track(metadata={"author": "Ana Souza"})
    lively.work()
    lively.answer(1, satisfaction="4")
    said = lively.ok("people", "erase", "ana@example.com", "--yes")
    goes, went = said.splitlines()
    assert goes.startswith(
        "Ana Souza <ana@example.com> goes for good, with 2 handles, 1 invitations, 1 decisions"
    )
    assert "1 events, 1 answers" in goes
    assert went.startswith("Erased: 1 answer, 1 decision, 1 event, 1 invitation, 1 mail, 2 names, 1 person")
    assert b"Souza" not in contents(lively)
    assert b"anasouza" not in contents(lively)
    assert lively.json("event", "list", "Build CLI")[0]["name"] == "(erased)"
    assert "erased or over" in lively.run("doctor").out


def test_erase_asks_for_the_address_on_a_terminal_only(
    lively: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = lively.run("people", "erase", "anasouza")
    assert (done.status, "give --yes" in done.err) == (1, True)
    monkeypatch.setattr(privacy, "is_terminal", lambda: True)
    done = lively.run("people", "erase", "anasouza", typed="ana\n")
    assert "nothing was erased" in done.err
    assert lively.json("people", "find", "ana@")
    assert "Erased:" in lively.ok("people", "erase", "anasouza", typed="ana@example.com\n")
    assert lively.json("people", "find", "ana@") == []


def test_erase_again_after_it_was_cut_short_and_somebody_unknown(lively: Installation) -> None:
    lively.track(email="stranger@example.com")
    said = lively.ok("people", "erase", "Stranger@example.com", "--yes", "--no-rewrite")
    assert "of nobody in the directory" in said
    assert "Erased: 1 event, 1 job." in said
    said = lively.ok("people", "erase", "stranger@example.com", "--yes")
    assert "of somebody who was erased" in said
    assert "nothing that was still there" in said


def test_copies_in_the_data_directory_are_named(lively: Installation) -> None:
    folder = lively.folder / "data" / "backups"
    folder.mkdir()
    (folder / "old.db").touch()
    done = lively.run("people", "erase", "ana@example.com", "--yes")
    assert "still hold it" in done.err
    assert str(folder) in done.err


def test_an_erased_person_is_refused_until_forgotten(lively: Installation) -> None:
    lively.ok("people", "erase", "ana@example.com", "--yes")
    path = lively.file("again.csv", "email\nana@example.com\n")
    assert "was erased" in lively.run("people", "import", path).err
    assert "was erased" in lively.error("people", "export", "ana@example.com")
    assert "may be used again" in lively.ok("people", "forget-erased", "ANA@example.com")
    assert "nobody who was erased" in lively.error("people", "forget-erased", "ana@example.com")
    assert "1 added" in lively.ok("people", "import", path)


def test_a_list_of_erased_people_is_applied_to_a_restored_backup(lively: Installation) -> None:
    lively.track()
    backup = lively.folder / "before.backup"
    lively.ok("backup", str(backup))
    lively.ok("people", "erase", "ana@example.com", "--yes")
    listed = lively.ok("people", "erased")
    assert len(listed.splitlines()) == 2
    assert "ana" not in listed
    lively.ok("restore", str(backup), "--replace")
    assert lively.json("people", "find", "ana@")
    done = lively.run("people", "erase-again", lively.file("erased.txt", listed))
    assert "1 event" in done.out
    assert lively.json("people", "find", "ana@") == []
    assert lively.json("event", "list", "Build CLI")[0]["name"] == "(erased)"


def test_a_list_that_is_none_is_refused(lively: Installation) -> None:
    assert "no such file" in lively.error("people", "erase-again", "/nowhere/x").lower()
    assert "one hash a line" in lively.error("people", "erase-again", lively.file("x", "Ana"))


def test_nobody_has_a_name(lively: Installation) -> None:
    assert "nobody has this name" in lively.error("people", "export", "nobody@example.com")


def test_retention_says_what_would_go_and_lets_it_go(
    lively: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lively.ok("retention") == "Nothing is over.\n"
    folder = Path(lively.folder / "data" / "mailbox")
    folder.mkdir(exist_ok=True)
    (folder / "a.eml").write_text("To: x@example.com\n\nHello")
    os.utime(folder / "a.eml", (0, 0))
    assert lively.ok("retention", "--dry-run") == "Would go: 1 mail.\n"
    assert lively.ok("retention") == "Gone: 1 mail.\n"
    assert list(folder.iterdir()) == []
