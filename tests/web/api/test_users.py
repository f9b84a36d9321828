"""Do the methods of the users family say and change what they should?"""

import logging
from base64 import urlsafe_b64decode
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterword.domain.people.identity import IdentityKind
from afterword.domain.people.person import PersonRecord
from afterword.domain.people.source import Source
from afterword.domain.throttle.reason import Reason
from afterword.flows.api_users import UserChanges, Users
from afterword.flows.people.merge_people import merge_people
from afterword.flows.people.save_people import save_people
from afterword.storage import tombstones
from tests.storage.support import count_statements, in_threads
from tests.web.api.conftest import Program

BOB = "bob@example.com"
GITHUB = IdentityKind.GITHUB
EMAIL = IdentityKind.EMAIL


def update(program: Program, email: str = BOB, **said: Any) -> Any:
    reply = program.post("users.update", {"email": email, **said})
    assert reply.status_code == 200, reply.text
    return reply.json()["user"]


def save(program: Program, *records: PersonRecord) -> None:
    world = program.site.world
    saved = save_people(world.database, world.clock, records, source=Source.CSV, tombstoned=world.tombstoned)
    assert not saved.refused, saved.refusals


def github(program: Program) -> tuple[str, ...]:
    return program.person(BOB).handles.get(GITHUB, ())


class TestUpdate:
    """users.update, to the field."""

    def test_the_reply_has_exactly_the_fields_of_the_original(self, program: Program) -> None:
        reply = program.post("users.update", {"email": "BOB@example.com", "start_date": "2026-03-31"})
        assert reply.json() == {
            "ok": True,
            "user": {
                "email": "bob@example.com",
                "start_date": "2026-03-31",
                "github_username": "bob-gh",
                "gitlab_username": "bob-gl",
            },
        }

    @pytest.mark.parametrize("path", ["users.update", "users.update/"])
    def test_a_form_says_the_same_as_json(self, program: Program, path: str) -> None:
        said = {"email": BOB, "start_date": "2026-03-31", "protected": "true", "github_username": "b2"}
        assert program.form(path, said).json()["user"]["github_username"] == "b2"
        bob = program.person(BOB)
        assert (bob.start_date, bob.is_protected) == ("2026-03-31", True)
        assert program.form(path, {"email": BOB, "start_date": "", "protected": ""}).status_code == 200
        bob = program.person(BOB)
        assert (bob.start_date, bob.is_protected) == (None, False)

    def test_only_what_is_passed_changes(self, program: Program) -> None:
        before = program.person(BOB)
        update(program)
        assert program.person(BOB) == before

    def test_all_that_can_be_said_is_kept_and_null_takes_it_away(self, program: Program) -> None:
        update(
            program,
            start_date="2026-03-31",
            github_username="@Bobby",
            additional_github_username="bob2",
            gitlab_username="bobgl",
            sso_email="bob@sso.example.com",
            protected=True,
            exclude_from_snapshots=True,
            name="Bob B.",
            tz="Europe/Paris",
            locale="fr",
            team="A / B",
            active=False,
        )
        bob = program.person(BOB)
        assert (bob.email, bob.handles[EMAIL]) == (BOB, (BOB, "bob@sso.example.com"))
        assert bob.handles[GITHUB] == ("Bobby", "bob2")
        assert bob.handles[IdentityKind.GITLAB] == ("bobgl",)
        assert (bob.name, bob.timezone, bob.locale, bob.team) == ("Bob B.", "Europe/Paris", "fr", "A / B")
        assert (bob.is_protected, bob.is_excluded_from_snapshots, bob.is_active) == (True, True, False)
        taken = dict.fromkeys(
            [
                *("start_date", "github_username", "additional_github_username", "gitlab_username"),
                *(
                    "sso_email",
                    "protected",
                    "exclude_from_snapshots",
                    "name",
                    "tz",
                    "locale",
                    "team",
                    "active",
                ),
            ]
        )
        user = update(program, **taken)
        assert user == dict.fromkeys(user) | {"email": BOB}
        bob = program.person(BOB)
        assert bob.handles == {EMAIL: (BOB,)}
        assert (bob.name, bob.timezone, bob.locale, bob.team) == (BOB, None, None, None)
        assert (bob.is_protected, bob.is_excluded_from_snapshots, bob.is_active) == (False, False, True)

    def test_what_is_not_known_is_ignored(self, program: Program) -> None:
        before = program.person(BOB)
        update(program, github="x", id=7, is_bot=True)
        assert program.person(BOB) == before

    def test_nobody_is_added(self, program: Program) -> None:
        reply = program.post("users.update", {"email": "new@example.com", "github_username": "new"})
        assert reply.json()["error"] == "user_not_found"
        assert program.get("users.info", email="new@example.com").json()["error"] == "user_not_found"

    def test_of_two_github_names_setting_one_keeps_the_other(self, program: Program) -> None:
        update(program, additional_github_username="second")
        assert github(program) == ("bob-gh", "second")
        update(program, github_username="first")
        assert github(program) == ("first", "second")
        update(program, additional_github_username="third")
        assert github(program) == ("first", "third")
        update(program, github_username=None)
        assert github(program) == ("third",)
        update(program, github_username="Third", additional_github_username="third")
        assert github(program) == ("Third",)

    def test_names_beyond_those_two_stay_behind_them(self, program: Program) -> None:
        save(program, PersonRecord("x", (BOB,), github_usernames=("a", "b", "c")))
        assert github(program) == ("a", "b", "c", "bob-gh")
        update(program, github_username="d")
        assert github(program) == ("d", "b", "c", "bob-gh")

    def test_a_name_that_was_given_up_is_free(self, program: Program) -> None:
        update(program, github_username=None)
        assert update(program, "alice@example.com", github_username="bob-gh")["github_username"] == "bob-gh"

    def test_any_address_names_the_person_and_the_first_one_stays_where_mails_go(
        self, program: Program
    ) -> None:
        update(program, sso_email="b@sso.example.com")
        assert update(program, "B@sso.example.com", start_date="2020-01-01")["email"] == BOB
        assert program.person(BOB).handles[EMAIL] == (BOB, "b@sso.example.com")

    def test_an_sso_address_is_one_more_and_null_takes_the_second_away(self, program: Program) -> None:
        update(program, sso_email="b@one.example.com")
        update(program, sso_email="b@two.example.com")
        assert program.person(BOB).handles[EMAIL] == (BOB, "b@two.example.com", "b@one.example.com")
        update(program, sso_email=None)
        assert program.person(BOB).handles[EMAIL] == (BOB, "b@one.example.com")
        update(program, sso_email=BOB)
        assert program.person(BOB).handles[EMAIL] == (BOB, "b@one.example.com")

    def test_addresses_do_not_grow_without_end(self, program: Program) -> None:
        for number in range(19):
            update(program, sso_email=f"b{number}@example.com")
        reply = program.post("users.update", {"email": BOB, "sso_email": "more@example.com"})
        assert (reply.status_code, reply.json()["error"]) == (422, "invalid_arguments")
        assert "at most 20 addresses" in reply.json()["message"]

    def test_a_handle_of_somebody_who_was_erased_is_not_given_to_anybody(self, program: Program) -> None:
        world = program.site.world
        gone = [(EMAIL, "gone@example.com"), (GITHUB, "gone")]
        with world.database.write() as connection:
            tombstones.add_tombstones(
                connection, list(world.tombstoned.hashes(gone).values()), world.clock.now
            )
        for method, said, error in (
            ("users.update", {"email": BOB, "github_username": "gone"}, "github_username_taken"),
            ("users.update", {"email": BOB, "sso_email": "gone@example.com"}, "sso_email_taken"),
            ("users.update", {"email": "gone@example.com"}, "user_not_found"),
            ("users.create", {"email": "gone@example.com"}, "email_taken"),
        ):
            assert program.post(method, said).json()["error"] == error

    def test_the_same_call_again_changes_nothing(self, program: Program) -> None:
        said = {"github_username": "x", "sso_email": "b@sso.example.com", "protected": True}
        update(program, **said)
        before = program.person(BOB)
        update(program, **said)
        assert program.person(BOB) == before

    names = st.sampled_from([None, "a", "B", "c", "bob-gh"])

    @given(st.lists(st.tuples(names, names, st.sampled_from(["first", "second", "both"])), max_size=6))
    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_the_two_names_are_what_was_said_last(
        self, program: Program, calls: list[tuple[str | None, str | None, str]]
    ) -> None:
        update(program, github_username="bob-gh", additional_github_username=None)
        model: list[str | None] = ["bob-gh", None]
        for first, second, which in calls:
            said = {}
            if which != "second":
                said["github_username"] = model[0] = first
            if which != "first":
                said["additional_github_username"] = model[1] = second
            update(program, **said)
            kept = list(dict.fromkeys(name for name in model if name))
            model = [*kept, None, None][:2]
            assert list(github(program)) == kept


class TestCreate:
    """users.create, ours."""

    def test_somebody_is_added_with_all_that_is_said(self, program: Program) -> None:
        said = {"email": "New@example.com", "name": "Nu", "github_username": "nu", "team": "Build"}
        reply = program.post("users.create", said)
        assert reply.json()["user"] == {
            "email": "New@example.com",
            "start_date": None,
            "github_username": "nu",
            "gitlab_username": None,
        }
        nu = program.person("new@")
        assert (nu.name, nu.team, nu.is_active) == ("Nu", "Build", True)
        assert program.post("users.create", said).json()["error"] == "email_taken"

    def test_what_is_null_is_left_out(self, program: Program) -> None:
        reply = program.post("users.create", {"email": "n@example.com", "name": None, "active": None})
        assert reply.status_code == 200
        assert program.person("n@example.com").name == "n@example.com"


class TestAttributes:
    """users.attributes.update, to the field."""

    def set(self, program: Program, *pairs: tuple[str, str | None]) -> dict[str, tuple[str, ...]]:
        said = {"email": BOB, "attributes": [{"name": name, "value": value} for name, value in pairs]}
        reply = program.post("users.attributes.update", said)
        assert reply.json() == {"ok": True}
        return dict(program.person(BOB).attributes)

    def test_groups_are_made_matched_without_case_and_their_values_replaced(self, program: Program) -> None:
        assert self.set(program, ("Office", "Berlin"), ("Job", "Dev")) == {
            "Office": ("Berlin",),
            "Job": ("Dev",),
        }
        assert self.set(program, ("OFFICE", "Paris"), ("office", "Lyon")) == {
            "Office": ("Lyon", "Paris"),
            "Job": ("Dev",),
        }

    @pytest.mark.parametrize("nothing", [None, ""])
    def test_nothing_empties_a_group(self, program: Program, nothing: str | None) -> None:
        self.set(program, ("Office", "Berlin"), ("Job", "Dev"))
        assert self.set(program, ("office", nothing)) == {"Job": ("Dev",)}

    def test_a_form_has_them_as_json(self, program: Program) -> None:
        said = {"email": BOB, "attributes": '[{"name": "Office", "value": "Berlin"}]'}
        assert program.form("users.attributes.update", said).json() == {"ok": True}
        assert program.person(BOB).attributes == {"Office": ("Berlin",)}
        for bad in ("[", '[{"name": 1}]', "[1]", '[]}, "x": [1'):
            reply = program.form("users.attributes.update", {"email": BOB, "attributes": bad})
            assert reply.status_code == 422

    def test_a_key_that_is_missing_is_named(self, program: Program) -> None:
        reply = program.post("users.attributes.update", {"email": BOB, "attributes": [{"nmae": "Office"}]})
        assert reply.status_code == 422
        assert reply.json()["message"].startswith("attributes has an entry without 'name'")

    def test_handles_and_everything_else_stay(self, program: Program) -> None:
        before = program.person(BOB)
        self.set(program, ("Office", "Berlin"))
        after = program.person(BOB)
        assert (after.handles, after.name, after.team) == (before.handles, before.name, before.team)


class TestReading:
    """users.findByGithubUsername, users.info and users.list."""

    @pytest.mark.parametrize("name", ["bob-gh", "BOB-GH", "@Bob-gh", " bob-gh "])
    def test_somebody_is_found_by_a_github_name_with_the_fields_of_the_original(
        self, program: Program, name: str
    ) -> None:
        save(program, PersonRecord("x", (BOB,), slack_id="U1"))
        reply = program.get("users.findByGithubUsername", github_username=name)
        bob = program.person(BOB)
        assert reply.json() == {
            "ok": True,
            "user": {
                "id": str(bob.id),
                "name": "Bob",
                "email": BOB,
                "tz": "Africa/Lagos",
                "slack_id": "U1",
            },
        }

    def test_somebody_is_found_by_the_second_name_too(self, program: Program) -> None:
        update(program, additional_github_username="bob2")
        reply = program.get("users.findByGithubUsername", github_username="bob2")
        assert reply.json()["user"]["email"] == BOB

    def test_info_tells_about_a_person_by_address_or_id(self, program: Program) -> None:
        update(program, sso_email="b@sso.example.com")
        program.post(
            "users.attributes.update", {"email": BOB, "attributes": [{"name": "Job", "value": "Dev"}]}
        )
        bob = program.person(BOB)
        expected = {
            "id": str(bob.id),
            "name": "Bob",
            "email": BOB,
            "emails": [BOB, "b@sso.example.com"],
            "github_usernames": ["bob-gh"],
            "gitlab_usernames": ["bob-gl"],
            "slack_id": None,
            "teams_id": None,
            "tz": "Africa/Lagos",
            "locale": None,
            "start_date": None,
            "team": "Build",
            "attributes": [{"name": "Job", "value": "Dev"}],
            "active": True,
            "bot": False,
            "protected": False,
            "exclude_from_snapshots": False,
            "created_at": bob.created_at.isoformat().replace("+00:00", "Z"),
        }
        for said in (
            {"email": BOB},
            {"email": " B@SSO.example.com"},
            {"id": bob.id},
            {"id": "2", "email": "x"},
        ):
            assert program.get("users.info", **said).json() == {"ok": True, "user": expected}

    def test_what_people_wish_is_told_to_no_program(self, program: Program) -> None:
        before = program.get("users.info", email=BOB).json()
        program.site.browser().post(program.site.unsubscribe_path(program.person(BOB).id))
        assert program.person(BOB).opted_out_at is not None
        assert program.get("users.info", email=BOB).json() == before

    def test_an_erased_person_is_nobody(self, program: Program) -> None:
        bob = program.person(BOB)
        with program.site.parts.database.write() as connection:
            connection.execute(sa.text(f"UPDATE person SET erased_at = 1 WHERE id = {bob.id}"))
        assert program.get("users.info", id=bob.id).json()["error"] == "user_not_found"
        assert program.get("users.info", email=BOB).json()["error"] == "user_not_found"
        assert [user["name"] for user in program.get("users.list").json()["users"]] == ["Alice", "Charlie"]
        said = {"name": "Deploy", "creator_id": str(bob.id)}
        assert program.post("platformx.projects.create", said).json()["error"] == "creator_id_not_found"

    def test_who_was_merged_is_listed_no_more_and_their_id_means_who_was_kept(self, program: Program) -> None:
        bob, parts = program.person(BOB), program.site.parts
        merge_people(parts.database, parts.clock, "alice@example.com", BOB, dry_run=False)
        assert [user["name"] for user in program.get("users.list").json()["users"]] == ["Alice", "Charlie"]
        assert program.get("users.info", id=bob.id).json()["user"]["name"] == "Alice"
        said = {"name": "Deploy", "creator_id": str(bob.id)}
        made = program.post("platformx.projects.create", said).json()["project"]
        assert made["creator_id"] == str(program.person("alice@example.com").id)

    @pytest.mark.parametrize("limit", [1, 2, 3, 4])
    def test_pages_have_everybody_once_and_in_order(self, program: Program, limit: int) -> None:
        seen: list[str] = []
        cursor = ""
        for _ in range(4):
            said = {"cursor": cursor, "limit": limit} if cursor else {"limit": limit}
            reply = program.get("users.list", **said).json()
            seen += [user["name"] for user in reply["users"]]
            cursor = reply["response_metadata"]["next_cursor"]
            if not cursor:
                break
        assert seen == ["Alice", "Bob", "Charlie"]

    def test_a_page_goes_on_from_its_key_whatever_happens_in_between(self, program: Program) -> None:
        first = program.get("users.list", limit=1).json()
        cursor = first["response_metadata"]["next_cursor"]
        assert b"@" not in urlsafe_b64decode(cursor + "=="), "a cursor stands in logs of proxies"
        update(program, "alice@example.com", name="Zora")
        program.post("users.create", {"email": "aaa@example.com"})
        rest = program.get("users.list", cursor=cursor).json()
        assert [user["email"] for user in rest["users"]] == [BOB, "charlie@example.com", "aaa@example.com"]

    def test_fifty_are_a_page_and_its_statements_do_not_grow(self, program: Program) -> None:
        counts = []
        for size in (5, 60):
            save(program, *[PersonRecord(f"{one}", (f"p{one}-{size}@example.com",)) for one in range(size)])
            with count_statements() as seen:
                found = program.get("users.list").json()["users"]
            counts.append(len(seen))
        assert len(found) == 50
        assert counts[0] == counts[1]


class TestDelete:
    """users.delete, ours: deactivates."""

    @pytest.mark.parametrize("by", ["email", "id"])
    def test_a_person_is_deactivated_and_nothing_forgotten(self, program: Program, by: str) -> None:
        before = program.person(BOB)
        said = {"email": BOB} if by == "email" else {"id": before.id}
        for _ in range(2):
            assert program.post("users.delete", said).json() == {"ok": True}
        after = program.person(BOB)
        assert not after.is_active
        assert (after.handles, after.name) == (before.handles, before.name)
        assert program.get("users.info", email=BOB).json()["user"]["active"] is False

    def test_nobody_asks_a_person_who_was_deactivated(self, program: Program) -> None:
        world = program.site.world
        program.post("users.delete", {"email": BOB})
        assert [entry.reason for entry in world.decide(email=BOB)] == [Reason.INACTIVE]
        update(program, active=True)
        assert [entry.reason for entry in world.decide(email=BOB)] != [Reason.INACTIVE]

    def test_who_was_deactivated_can_come_back(self, program: Program) -> None:
        program.post("users.delete", {"email": BOB})
        assert program.post("users.create", {"email": BOB}).json()["error"] == "email_taken"
        update(program, start_date="2026-01-01")
        assert not program.person(BOB).is_active
        update(program, active=True)
        assert program.person(BOB).is_active


class TestTrouble:
    """What fails on our side is said in JSON, and nothing that was sent gets into the log."""

    def test_a_store_that_fails_is_503(
        self, program: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(self: Users, cursor: str | None, limit: int) -> None:
            raise sa.exc.OperationalError("SELECT", {}, Exception("it is away"))

        monkeypatch.setattr(Users, "page", fail)
        reply = program.get("users.list")
        assert (reply.status_code, reply.json()["error"]) == (503, "service_unavailable")
        assert reply.headers["retry-after"] == "5"
        assert "it is away" not in reply.text
        assert "it is away" in caplog.text

    def test_a_bug_is_500_and_in_the_log_under_the_request(
        self, program: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(Users, "page", lambda self, cursor, limit: 1 / 0)
        reply = program.get("users.list")
        assert (reply.status_code, reply.json()["error"]) == (500, "internal_error")
        assert reply.headers["x-request-id"] in caplog.text

    def test_neither_tokens_nor_bodies_are_logged(
        self, program: Program, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        update(program, github_username="canary4711", name="Canary4711")
        program.post("users.update", {"email": "canary4711@example.com"})
        program.get("users.info", email="canary4711@example.com")
        program.post("users.update", {"email": BOB, "protected": "canary4711"})
        logged = "".join(record.getMessage() for record in caplog.records if record.name != "httpx2")
        assert "anary4711" not in logged
        assert program.token not in logged


def test_two_programs_at_once_each_keep_what_the_other_said(program: Program) -> None:
    users = Users(program.site.parts.database, program.site.parts.clock, program.site.parts.tombstones)

    def say(number: int, index: int) -> None:
        said = (
            UserChanges(github_username=f"a{number}"),
            UserChanges(additional_github_username=f"b{number}"),
        )
        users.update(BOB, said[index])

    for number in range(8):
        in_threads(2, partial(say, number))
        assert github(program) == (f"a{number}", f"b{number}")
