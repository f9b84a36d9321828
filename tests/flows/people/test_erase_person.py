"""Does everything about a person go, stay away, and leave the others as they were?"""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from afterword.domain.event import ERASED_NAME, Event
from afterword.domain.people.identity import IdentityKind, IdentityRules
from afterword.domain.people.person import PersonRecord
from afterword.domain.people.source import Source
from afterword.flows.ingest.directory import Directory
from afterword.flows.invitations.submit_response import open_survey, submit_response
from afterword.flows.people import erased_people
from afterword.flows.people.erase_person import LATE_AFTER, MAILS, Eraser
from afterword.flows.people.save_people import save_people
from afterword.flows.upkeep.check_conservation import check_conservation
from afterword.storage import identity_rules, people, tombstones
from afterword.storage.engine import Database
from afterword.storage.identity_rules import RuleKind
from afterword.storage.tables import decision, event, job, metadata, person
from tests.flows.canary import EMAIL, OTHER, WORD, find_canary, keys_at, let_live, record
from tests.flows.door import opened_door, submission
from tests.flows.world import EAGER, World
from tests.storage.support import START_US


def eraser(world: World, mailbox: Path | None = None, **changes: Any) -> Eraser:
    """An eraser that does not wait."""
    usual = {"rest": lambda seconds: None}
    return Eraser(world.database, world.clock, world.tombstoned, mailbox, **{**usual, **changes})


def rows(database: Database, table: sa.Table) -> list[dict[str, Any]]:
    with database.read() as connection:
        order = list(table.primary_key)
        return [dict(row._mapping) for row in connection.execute(sa.select(table).order_by(*order))]


def everything(database: Database) -> str:
    """All that the tables say."""
    return "\n".join(repr(rows(database, table)) for table in metadata.sorted_tables)


def test_nothing_of_a_person_is_in_any_table(world: World, tmp_path: Path) -> None:
    mailbox = tmp_path / "mailbox"
    found = let_live(world, mailbox)
    assert everything(world.database).count(WORD) > 20
    done = eraser(world, mailbox).erase_person(found.person_id)
    said = everything(world.database)
    assert WORD not in said.lower()
    assert OTHER not in said.lower()
    assert list(mailbox.iterdir()) == []
    assert done.rows == {
        "answer": 2,
        "attribute_value": 2,
        "attribution": 1,
        "decision": 1,
        "directory_source": 1,
        "event": 4,
        "idempotency": 1,
        "identity": 7,
        "invitation": 1,
        "job": 1,
        MAILS: 2,
        "opt_out": 1,
        "person": 2,
        "person_merge": 1,
        "response": 1,
        "source_member": 1,
        "unresolved": 1,
    }


def test_events_stay_as_numbers_and_times_and_the_law_holds(world: World, tmp_path: Path) -> None:
    found = let_live(world, tmp_path / "mailbox")
    before = rows(world.database, event)
    eraser(world).erase_person(found.person_id)
    nothing = dict.fromkeys(("email", "github_username", "gitlab_username", "metadata", "person_id"))
    expected = [
        row | nothing | {"name": ERASED_NAME} if row["id"] in found.event_ids else row for row in before
    ]
    assert rows(world.database, event) == expected
    law = check_conservation(world.database)
    assert law.violations == ()
    assert law.emptied == len(found.event_ids)
    assert sum(law.outcomes.values()) == law.stored == law.accepted


def test_the_law_holds_at_every_step_of_an_erasing_that_is_cut_short(world: World, tmp_path: Path) -> None:
    found = let_live(world, tmp_path / "mailbox")

    class CutError(Exception):
        pass

    def cut(seconds: float) -> None:
        raise CutError

    with pytest.raises(CutError):
        eraser(world, rest=cut).erase_person(found.person_id)
    assert check_conservation(world.database).violations == ()
    eraser(world)._begin(world.person("bob@").id)
    assert check_conservation(world.database).violations == ()


def test_erasing_again_finishes_what_was_cut_short(world: World, tmp_path: Path) -> None:
    mailbox = tmp_path / "mailbox"
    found = let_live(world, mailbox)
    eraser(world, mailbox)._begin(found.person_id)
    assert WORD in everything(world.database)
    eraser(world, mailbox).erase_person(found.person_id)
    assert WORD not in everything(world.database)
    assert eraser(world, mailbox).erase_person(found.person_id).rows == {"person": 1}


def test_the_worker_finishes_what_was_cut_short_and_looks_for_late_ones_once(
    world: World, tmp_path: Path
) -> None:
    mailbox = tmp_path / "mailbox"
    found = let_live(world, mailbox)
    assert eraser(world, mailbox).finish() is None
    eraser(world, mailbox)._begin(found.person_id)
    (mailbox / "late.eml").write_text(f"To: {EMAIL}\n\n{WORD}")
    assert eraser(world, mailbox).finish() is None
    world.clock.advance(LATE_AFTER)
    done = eraser(world, mailbox).finish()
    assert done is not None
    assert done.rows[MAILS] == 2
    assert WORD not in everything(world.database)
    assert eraser(world, mailbox).finish() is None


def test_others_lose_nothing(world: World, tmp_path: Path) -> None:
    world.add_survey(throttle=EAGER)
    bobs = world.invite(metadata='{"a":1}')
    submit_response(world.database, world.clock, world.ticket(bobs), {"satisfaction": ["4"]})
    with opened_door(world.database, world.clock) as door:
        door.send(submission(world.project_id, key="bobs"))
    before = {table.name: rows(world.database, table) for table in metadata.sorted_tables}
    saved = save_people(
        world.database, world.clock, [record()], source=Source.CSV, tombstoned=world.tombstoned
    )
    world.invite(email=EMAIL)
    eraser(world, tmp_path).erase_person(saved.person_ids["line 0"])
    after = {table.name: rows(world.database, table) for table in metadata.sorted_tables}
    changed = {name for name in before if [row for row in before[name] if row not in after[name]]}
    assert changed == {"revision", "project"}
    added = {name for name in after if len(after[name]) > len(before[name])}
    assert added == {"event", "person", "tombstone", "attribute_group"}


def test_an_event_of_two_people_is_erased_and_the_other_ones_invitation_stays(world: World) -> None:
    world.add_survey(throttle=EAGER)
    theirs = world.invite(email="alice@example.com", github_username="bob-gh", metadata='{"a":1}')
    assert world.invitation(theirs.id).person_id == world.person("alice@").id
    eraser(world).erase_person(world.person("bob@").id)
    assert world.invitation(theirs.id).event_id == theirs.event_id
    (entry,) = world.ledger(theirs.event_id)
    assert entry.verdicts == ()
    assert rows(world.database, event)[0]["name"] == ERASED_NAME
    assert check_conservation(world.database).violations == ()


def test_a_handle_that_means_somebody_else_by_a_rule_is_not_taken_for_theirs(world: World) -> None:
    world.import_people("email\nbob+ci@example.com\n")
    other = world.add_event(email="bob+ci@example.com")
    alias = world.add_event(email="Bob+Laptop@example.com")
    with world.database.write() as connection:
        identity_rules.add_rule(connection, RuleKind.DROP_TAGS, "", now=world.clock.now)
    eraser(world).erase_person(world.person("bob@").id)
    names = {row["id"]: row["name"] for row in rows(world.database, event)}
    assert names == {other: "build.finished", alias: ERASED_NAME}


class TestStayingAway:
    """A replay or an import does not bring them back."""

    @pytest.mark.parametrize(
        "handles",
        [
            ("Bob@example.com", None),
            (None, "@bob-GH"),
            ("bob+tag@example.com", None),
            ("alice@example.com", "bob-gh"),
        ],
    )
    def test_a_later_event_is_taken_as_one_of_nobody(
        self, world: World, handles: tuple[str | None, str | None]
    ) -> None:
        with world.database.write() as connection:
            identity_rules.add_rule(connection, RuleKind.DROP_TAGS, "", now=world.clock.now)
        eraser(world).erase_person(world.person("bob@").id)
        sent = Event("x", 0, *handles, None, None, is_test=False)
        assert Directory(world.database, world.tombstoned).resolve(sent, world.project_id).is_erased

    def test_a_running_server_hears_of_it(self, world: World) -> None:
        known = Directory(world.database, world.tombstoned)
        sent = Event("x", 0, "bob@example.com", None, None, None, is_test=False)
        assert not known.resolve(sent, world.project_id).is_erased
        eraser(world).erase_person(world.person("bob@").id)
        asyncio.run(known.refresh())
        who = known.resolve(sent, world.project_id)
        assert (who.is_erased, who.person_id) == (True, None)

    def test_an_event_that_was_under_way_is_found_when_the_servers_have_heard(self, world: World) -> None:
        bob = world.person("bob@").id

        def rest(seconds: float) -> None:
            world.add_event(email="bob@example.com", person_id=bob, metadata='{"late":1}')

        eraser(world, rest=rest).erase_person(bob)
        assert [row["name"] for row in rows(world.database, event)] == [ERASED_NAME]

    def test_an_import_is_refused_until_the_handle_is_forgotten(self, world: World) -> None:
        eraser(world).erase_person(world.person("bob@").id)
        assert erased_people.is_erased(world.database, world.tombstoned, "BOB@example.com")
        again = PersonRecord(where="line 2", emails=("bob@example.com",))
        save = {"source": Source.CSV, "tombstoned": world.tombstoned}
        assert save_people(world.database, world.clock, [again], **save).refused == 1
        assert erased_people.forget_erased(world.database, world.tombstoned, "bob@example.com") == 1
        assert save_people(world.database, world.clock, [again], **save).added == 1
        assert not erased_people.is_erased(world.database, world.tombstoned, "bob@example.com")

    def test_the_keys_of_others_in_the_same_batch_stay(self, world: World) -> None:
        mine = Event("a", START_US, "bob@example.com", None, None, '{"b":1}', is_test=True)
        other = Event("a", START_US, "alice@example.com", None, None, '{"b":1}', is_test=True)
        with opened_door(world.database, world.clock) as door:
            door.send(
                submission(world.project_id, key="bobs", event=mine, arguments=mine.digest()),
                submission(world.project_id, key="others", event=other, arguments=other.digest()),
            )
        eraser(world).erase_person(world.person("bob@").id)
        assert keys_at(world) == ["others"]

    def test_a_key_of_an_erased_persons_event_is_kept_as_a_keyed_hash_and_fits_again(
        self, world: World
    ) -> None:
        sent = Event("a", 0, "bob@example.com", None, None, None, is_test=False)
        known = Directory(world.database, world.tombstoned)
        first, second = known.conceal("bobs-key", sent.digest()), known.conceal("bobs-key", sent.digest())
        assert first == second
        assert "bobs" not in first[0]
        assert sent.digest() != first[1]
        assert known.conceal("bobs-key", b"other")[1] != first[1]


def test_a_stranger_is_erased_by_the_name_that_events_give(world: World) -> None:
    world.decide(email="Nobody@example.com")
    kept = world.add_event()
    done = eraser(world).erase_stranger("nobody@example.com")
    assert done.rows == {"event": 1}
    assert [row["name"] for row in rows(world.database, event)] == [ERASED_NAME, "build.finished"]
    assert kept == 2


def test_jobs_about_their_events_and_invitations_go(world: World) -> None:
    world.add_survey(throttle=EAGER)
    world.invite()
    with opened_door(world.database, world.clock) as door:
        door.send(submission(world.project_id, makes_work=True))
    assert len(rows(world.database, job)) == 2
    eraser(world).erase_person(world.person("bob@").id)
    assert rows(world.database, job) == []


def test_a_link_in_a_mail_leads_nowhere_then(world: World) -> None:
    world.add_survey()
    invited = world.invite()
    eraser(world).erase_person(world.person("bob@").id)
    assert open_survey(world.database, world.clock, world.ticket(invited), is_shown=True) is None


def test_an_event_that_is_read_while_its_person_is_erased_decides_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add_survey(throttle=EAGER)
    sent, bob = world.add_event(), world.person("bob@").id
    read_before = {(IdentityKind.EMAIL, "bob@example.com"): (bob, world.clock.now)}
    monkeypatch.setattr(people, "find_owners_since", lambda *parts: read_before)
    eraser(world)._begin(bob)
    assert not world.evaluate(sent)
    assert rows(world.database, decision) == []


def test_ids_are_never_used_again(world: World) -> None:
    newest = max(row["id"] for row in rows(world.database, person))
    eraser(world).erase_person(newest)
    world.import_people("email\ndana@example.com\n")
    assert world.person("dana@").id > newest


def test_after_a_restore_of_an_older_backup_a_list_erases_them_again(world: World) -> None:
    listed = [world.tombstoned.hash(IdentityKind.EMAIL, "bob@example.com").hex()]
    world.add_event()
    done = eraser(world).erase_again(listed)
    assert done.rows["event"] == 1
    assert "bob" not in everything(world.database).lower()
    assert set(listed) <= set(erased_people.list_erased(world.database))


class TestFiles:
    """The words are in no file of the data directory, or of PostgreSQL's tables."""

    def test_no_file_holds_a_word_of_them(self, world: World, database_kind: str, tmp_path: Path) -> None:
        # Many others of their kind, with others between them: rows move from page to page.
        crowd = [record(number) for number in range(1, 40)]
        addresses = [f"p{number * 7919 % 1000}@example.com" for number in range(1_000)]
        plain = [PersonRecord(where=one, emails=(one,)) for one in addresses]
        for part in (plain[:500], crowd, plain[500:]):
            save_people(world.database, world.clock, part, source=Source.CSV, tombstoned=world.tombstoned)
        found = let_live(world, tmp_path / "mailbox")
        with world.database.write() as connection:
            # The planner's samples hold names, too.
            if database_kind == "postgres":
                connection.exec_driver_sql("ANALYZE")
            rows_found = connection.execute(sa.select(person.c.id, person.c.email)).all()
        with world.database.read() as connection:
            folder = tmp_path
            if database_kind == "postgres":
                folder = Path(connection.exec_driver_sql("SHOW data_directory").scalar_one()) / "base"
                connection.exec_driver_sql("CHECKPOINT")
        assert find_canary(folder) != []
        for one in rows_found:
            if WORD in one.email:
                eraser(world, tmp_path / "mailbox")._begin(one.id)
        done = eraser(world, tmp_path / "mailbox", rewrites=True).erase_person(found.person_id)
        assert done.is_clean
        if database_kind == "postgres":
            with world.database.maintain() as cursor:
                cursor.execute("CHECKPOINT")
            assert find_canary(folder) == []
        assert find_canary(tmp_path) == []


def test_an_address_that_the_rules_read_as_an_erased_one_brings_nobody_back(world: World) -> None:
    with world.database.write() as connection:
        now = world.clock.now
        identity_rules.add_rule(connection, RuleKind.DROP_TAGS, "", now=now)
        identity_rules.add_rule(
            connection, RuleKind.MOVED_DOMAIN, "old.example", replacement="example.com", now=now
        )
        rules = identity_rules.read_rules(connection)
    save(world, "alice+keep@example.com", rules)
    eraser(world).erase_person(world.person("bob@example.com").id)
    for address in ("bob+dx@example.com", "bob@old.example", "Bob+1@OLD.example"):
        assert "was erased" in save(world, address, rules)
    assert save(world, "alice+keep@example.com", rules) == ""
    assert erased_people.is_erased(world.database, world.tombstoned, "bob+dx@example.com")
    assert erased_people.forget_erased(world.database, world.tombstoned, "bob@old.example") == 1
    assert save(world, "bob+dx@example.com", rules) == ""


def save(world: World, address: str, rules: IdentityRules) -> str:
    """Import an address; why it was refused."""
    record = PersonRecord(where="x", emails=(address,))
    saved = save_people(
        world.database, world.clock, [record], source=Source.CSV, tombstoned=world.tombstoned, rules=rules
    )
    return "".join(one.reason for one in saved.refusals)


def test_more_hashes_than_a_statement_takes_are_looked_for(world: World) -> None:
    kept = b"k" * 32
    with world.database.write() as connection:
        tombstones.add_tombstones(connection, [kept], world.clock.now)
        many = [number.to_bytes(32, "big") for number in range(70_000)]
        assert tombstones.find_tombstones(connection, [*many, kept]) == {kept}
