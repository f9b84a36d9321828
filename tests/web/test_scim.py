"""Do Okta and Entra keep the directory by SCIM, as their documentation says that they do?"""

from typing import Any

import pytest

from afterword.domain.people.identity import IdentityKind
from afterword.domain.people.person import PersonRecord
from afterword.domain.people.source import Source
from afterword.domain.scope import Scope
from afterword.flows.people.save_people import save_people
from afterword.storage.people import Person
from afterword.web.api.call_limit import SCIM_CALLS_PER_MINUTE
from afterword.web.scim.call import BODY_BYTES_MAX
from tests.flows.world import BASE_URL
from tests.web.conftest import Site
from tests.web.scim_client import CORE_GROUP, CORE_USER, ENTERPRISE, ScimClient, change

EMAIL = IdentityKind.EMAIL


@pytest.fixture
def scim(site: Site) -> ScimClient:
    """A provider with a token for SCIM."""
    return ScimClient(site)


def person(scim: ScimClient, matching: str) -> Person:
    return scim.world.person(matching)


class TestOkta:
    """The calls of an Okta integration, in their order."""

    def test_it_tests_the_connection_with_two_users(self, scim: ScimClient) -> None:
        page = scim.ok("GET", "/Users", startIndex=1, count=2)
        assert (page["totalResults"], page["itemsPerPage"], len(page["Resources"])) == (3, 2, 2)

    def test_it_looks_for_a_user_makes_it_and_reads_it_back(self, scim: ScimClient) -> None:
        assert scim.find('userName eq "dana.ray@example.com"') == []
        body = {
            "schemas": [CORE_USER],
            "userName": "dana.ray@example.com",
            "name": {"givenName": "Dana", "familyName": "Ray"},
            "emails": [{"primary": True, "value": "dana.ray@example.com", "type": "work"}],
            "displayName": "Dana Ray",
            "locale": "en-US",
            "externalId": "00ujl29u0le5T6Aj10h7",
            "groups": [],
            "password": "1mz050nq",
            "active": True,
        }
        reply = scim.send("POST", "/Users", body)
        made = reply.json()
        assert reply.status_code == 201
        assert reply.headers["location"] == f"{BASE_URL}/scim/v2/Users/{made['id']}"
        assert made["meta"]["location"] == reply.headers["location"]
        assert "password" not in reply.text
        assert {name: made[name] for name in ("userName", "displayName", "externalId", "active")} == {
            "userName": "dana.ray@example.com",
            "displayName": "Dana Ray",
            "externalId": "00ujl29u0le5T6Aj10h7",
            "active": True,
        }
        assert scim.ok("GET", f"/Users/{made['id']}") == made
        assert scim.find('userName eq "DANA.RAY@example.com"') == [made]
        dana = person(scim, "dana.ray")
        assert (str(dana.id), dana.name, dana.email, dana.locale) == (
            made["id"],
            "Dana Ray",
            "dana.ray@example.com",
            "en-US",
        )

    def test_it_finds_somebody_from_a_csv_and_takes_over_with_a_put(self, scim: ScimClient) -> None:
        (found,) = scim.find('userName eq "bob@example.com"')
        changed = {**found, "displayName": "Robert", "externalId": "00u1", "title": "Engineer"}
        put = scim.ok("PUT", f"/Users/{found['id']}", changed)
        assert (put["id"], put["displayName"], put["title"]) == (found["id"], "Robert", "Engineer")
        bob = person(scim, "bob@")
        assert (bob.name, bob.attributes, bob.github_username) == (
            "Robert",
            {"Title": ("Engineer",)},
            "bob-gh",
        )
        assert bob.team is not None

    def test_it_deactivates_and_comes_back_by_put_and_by_patch(self, scim: ScimClient) -> None:
        (bob,) = scim.find('userName eq "bob@example.com"')
        path = f"/Users/{bob['id']}"
        assert scim.ok("PUT", path, {**bob, "active": False})["active"] is False
        assert not person(scim, "bob@").is_active
        assert scim.patch(path, change("replace", value={"active": True}))["active"] is True
        assert person(scim, "bob@").is_active
        assert scim.patch(path, change("replace", value={"active": False}))["active"] is False

    def test_it_pushes_a_group_renames_it_and_takes_it_away(self, scim: ScimClient) -> None:
        ada, bob = scim.create("ada@example.com"), scim.find('userName eq "bob@example.com"')[0]
        members = [{"value": ada["id"], "display": "ada@example.com"}]
        group = scim.ok(
            "POST",
            "/Groups",
            {"schemas": [CORE_GROUP], "displayName": "Platform", "members": members},
            status=201,
        )
        path = f"/Groups/{group['id']}"
        assert [one["value"] for one in group["members"]] == [ada["id"]]
        scim.patch(path, change("add", "members", [{"value": bob["id"]}]), status=204)
        scim.patch(
            path, change("replace", value={"id": group["id"], "displayName": "Build platform"}), status=204
        )
        assert person(scim, "bob@").attributes == {"Group": ("Build platform",)}
        scim.patch(path, change("remove", f'members[value eq "{ada["id"]}"]'), status=204)
        assert [one["value"] for one in scim.ok("GET", path)["members"]] == [bob["id"]]
        assert scim.find('displayName eq "build PLATFORM"', "/Groups")[0]["id"] == group["id"]
        scim.ok("DELETE", path, status=204)
        assert person(scim, "bob@").attributes == {}
        assert scim.refused("GET", path, status=404) == (None, "there is no group of this id")

    def test_it_replaces_a_group_by_put(self, scim: ScimClient) -> None:
        users = {one["userName"]: one["id"] for one in scim.find("active eq true")}
        bob, alice = users["bob@example.com"], users["alice@example.com"]
        group = scim.ok("POST", "/Groups", {"displayName": "A", "members": [{"value": bob}]}, status=201)
        put = {"displayName": "B", "members": [{"value": alice}]}
        replaced = scim.ok("PUT", f"/Groups/{group['id']}", put)
        assert (replaced["displayName"], [one["value"] for one in replaced["members"]]) == ("B", [alice])
        assert person(scim, "bob@").attributes == {}


class TestEntra:
    """The calls of the Entra provisioning service, in their order."""

    def test_it_looks_for_nobody_to_test_the_connection(self, scim: ScimClient) -> None:
        page = scim.ok("GET", "/Users", filter='userName eq "4a2e3fd5-7b0c-4d3e-8bbd-3fb66d4a5f3f"')
        assert (page["totalResults"], page["Resources"]) == (0, [])

    def test_it_makes_a_user_with_an_extension(self, scim: ScimClient) -> None:
        made = scim.create(
            "Dana.Ray@Contoso.example",
            active=True,
            externalId="58342554-38d6-4ec8-948c-50044d0a33fd",
            displayName="Dana Ray",
            emails=[{"primary": True, "type": "work", "value": "dana@example.com"}],
            meta={"resourceType": "User"},
            name={"formatted": "Dana Ray", "familyName": "Ray", "givenName": "Dana"},
            roles=[],
            title="Engineer",
            **{ENTERPRISE: {"department": "Platform", "employeeNumber": "42"}},
        )
        assert made["schemas"] == [CORE_USER, ENTERPRISE]
        assert made[ENTERPRISE] == {"department": "Platform"}
        dana = person(scim, "dana@")
        assert dana.handles[EMAIL] == ("dana@example.com", "Dana.Ray@Contoso.example")
        assert dana.attributes == {"Department": ("Platform",), "Title": ("Engineer",)}
        assert scim.find('externalId eq "58342554-38d6-4ec8-948c-50044d0a33fd"') == [made]
        assert scim.find('emails[type eq "work"].value eq "DANA@example.com"') == [made]

    def test_it_changes_single_attributes_with_capitals_and_texts(self, scim: ScimClient) -> None:
        made = scim.create("dana@example.com", emails=[{"type": "work", "value": "dana@example.com"}])
        path = f"/Users/{made['id']}"
        changed = scim.patch(
            path,
            change("Replace", 'emails[type eq "work"].value', "dana.ray@example.com"),
            change("Add", "name.formatted", "Dana Ray"),
            change("Add", f"{ENTERPRISE}:department", "Platform"),
            change("Add", 'addresses[type eq "work"].country', "PT"),
            change("Replace", "userName", "dana.ray@example.com"),
        )
        assert changed["emails"] == [{"type": "work", "value": "dana.ray@example.com"}]
        assert changed["name"] == {"formatted": "Dana Ray"}
        dana = person(scim, "dana.ray@")
        assert (dana.handles[EMAIL], dana.name) == (("dana.ray@example.com",), "Dana Ray")
        assert dana.attributes == {"Department": ("Platform",)}
        assert scim.patch(path, change("Replace", "active", "False"))["active"] is False
        assert not person(scim, "dana.ray@").is_active
        both = change(
            "Add", value={"active": "True", "name.familyName": "Ray", f"{ENTERPRISE}:department": "QA"}
        )
        changed = scim.patch(path, both)
        assert (changed["active"], changed["name"]["familyName"]) == (True, "Ray")
        assert changed[ENTERPRISE] == {"department": "QA"}
        assert ENTERPRISE not in scim.patch(path, change("Remove", f"{ENTERPRISE}:department"))

    def test_it_disables_a_user_and_later_deletes_it(self, scim: ScimClient) -> None:
        path = f"/Users/{scim.create('dana@example.com')['id']}"
        scim.patch(path, change("Replace", "active", "False"))
        (found,) = scim.find('userName eq "dana@example.com"')
        assert found["active"] is False
        scim.ok("DELETE", path, status=204)
        assert scim.find('userName eq "dana@example.com"') == []
        for method, body in (("GET", None), ("PUT", found), ("DELETE", None)):
            assert scim.refused(method, path, body, status=404) == (None, "there is no user of this id")
        assert not person(scim, "dana@").is_active
        again = scim.create("dana@example.com")
        assert (f"/Users/{again['id']}", again["active"]) == (path, True)

    def test_it_changes_the_members_of_a_group(self, scim: ScimClient) -> None:
        users = {one["userName"]: one["id"] for one in scim.find("active eq true")}
        alice, bob = users["alice@example.com"], users["bob@example.com"]
        body = {"schemas": [CORE_GROUP], "externalId": "8aa1a0c0", "displayName": "Platform"}
        group = scim.ok("POST", "/Groups", body, status=201)
        path = f"/Groups/{group['id']}"
        assert "members" not in scim.ok("GET", path, excludedAttributes="members")
        scim.patch(path, change("Add", "members", [{"value": alice}, {"value": bob}]), status=204)
        assert scim.find(f'id eq "{group["id"]}" and members eq "{bob}"', "/Groups")
        (listed,) = scim.find('displayName eq "Platform"', "/Groups", excludedAttributes="members")
        assert (listed["externalId"], "members" in listed) == ("8aa1a0c0", False)
        scim.patch(path, change("Remove", "members", [{"value": bob}]), status=204)
        assert not scim.find(f'members.value eq "{bob}"', "/Groups")
        assert [one["value"] for one in scim.ok("GET", path)["members"]] == [alice]
        scim.patch(path, change("Replace", "displayName", "Build"), status=204)
        assert person(scim, "alice@").attributes == {"Group": ("Build",)}


class TestWhoIsWho:
    """A person is one user, whatever comes first."""

    def test_creating_somebody_from_a_csv_takes_them_over_and_keeps_what_else_is_known(
        self, scim: ScimClient
    ) -> None:
        before = person(scim, "bob@")
        made = scim.create(
            "b.okafor", emails=[{"value": "BOB@example.com", "primary": True}], title="Engineer"
        )
        bob = person(scim, "bob@")
        assert (made["id"], bob.id) == (str(before.id), before.id)
        assert (bob.name, bob.timezone, bob.team) == (before.name, before.timezone, before.team)
        assert bob.attributes == {"Title": ("Engineer",)}
        assert scim.names('userName eq "B.Okafor"') == {"b.okafor"}
        assert scim.find('userName eq "bob@example.com"') == []

    def test_addresses_that_others_gave_stay_behind_those_of_the_provider(self, scim: ScimClient) -> None:
        world = scim.world
        made = scim.create("dana@example.com")
        record = PersonRecord(where="x", emails=("dana@example.com", "dana@old.example.com"))
        save_people(world.database, world.clock, [record], source=Source.CSV, tombstoned=world.tombstoned)
        changed = {"userName": "dana.ray@example.com", "emails": [{"value": "ray@example.com"}]}
        put = scim.ok("PUT", f"/Users/{made['id']}", changed)
        assert put["emails"] == [{"value": "ray@example.com"}]
        assert person(scim, "dana.ray@").handles[EMAIL] == (
            "ray@example.com",
            "dana.ray@example.com",
            "dana@old.example.com",
        )

    def test_who_has_only_addresses_of_others_can_still_be_deactivated(self, scim: ScimClient) -> None:
        world = scim.world
        made = scim.create("d.ray", emails=[{"value": "dana@example.com"}])
        kept = PersonRecord(where="x", emails=("dana@example.com", "dana@old.example.com"))
        without = PersonRecord(
            where="x", emails=("dana@old.example.com",), replaces=frozenset({IdentityKind.EMAIL})
        )
        for record in (kept, without):
            save_people(world.database, world.clock, [record], source=Source.CSV, tombstoned=world.tombstoned)
        path = f"/Users/{made['id']}"
        assert "emails" not in scim.ok("GET", path)
        assert scim.patch(path, change("replace", "active", False))["active"] is False
        assert person(scim, "dana@").handles[EMAIL] == ("dana@old.example.com",)

    def test_what_belongs_to_another_user_is_refused_and_nothing_changes(self, scim: ScimClient) -> None:
        dana = scim.create("dana@example.com")
        erin = scim.create("erin@example.com")
        taken = ("uniqueness", "one of the addresses belongs to another user already")
        assert scim.refused("POST", "/Users", {"userName": "DANA@example.com"}, status=409) == taken
        two = {"userName": "x", "emails": [{"value": "alice@example.com"}, {"value": "bob@example.com"}]}
        assert scim.refused("POST", "/Users", two, status=409) == taken
        changed = {**erin, "emails": [{"value": "bob@example.com"}]}
        assert scim.refused("PUT", f"/Users/{erin['id']}", changed, status=409) == taken
        plain = scim.create("frank", emails=[{"value": "frank@example.com"}])
        again = {"userName": "FRANK", "emails": [{"value": "other@example.com"}]}
        assert scim.refused("POST", "/Users", again, status=409)[1].startswith("userName belongs")
        assert [scim.ok("GET", f"/Users/{one['id']}") for one in (dana, erin, plain)] == [dana, erin, plain]

    def test_a_protected_person_stays_as_staff_made_them(self, scim: ScimClient) -> None:
        made = scim.create("dana@example.com", displayName="Dana")
        record = PersonRecord(where="x", emails=("dana@example.com",), is_protected=True)
        world = scim.world
        save_people(world.database, world.clock, [record], source=Source.HERE, tombstoned=world.tombstoned)
        assert scim.patch(f"/Users/{made['id']}", change("replace", "active", False))["active"] is True


class TestMistakes:
    """What can't be done is told in SCIM's own form, and nothing is written."""

    @pytest.mark.parametrize(
        ("body", "scim_type", "detail"),
        [
            ([], "invalidSyntax", "the body is not a JSON object"),
            ({"displayName": "x"}, "invalidValue", "userName is required"),
            (
                {"userName": "x"},
                "invalidValue",
                "there is no address: send emails, or a userName that is one",
            ),
            ({"userName": 5}, "invalidValue", "userName is not a string"),
            ({"userName": "x", "emails": [{"value": "no"}]}, "invalidValue", "email is not an address"),
            ({"userName": "a@b.c", "active": "perhaps"}, "invalidValue", "active is neither true nor false"),
            (
                {"userName": "a@b.c", "timezone": "Mars/Base"},
                "invalidValue",
                "timezone is not an IANA time zone, such as Europe/Berlin",
            ),
            (
                {"userName": "a@b.c", "displayName": "x\ny"},
                "invalidValue",
                "displayName contains line breaks or other control characters",
            ),
            (
                {"userName": "a@b.c", "title": "x" * 255},
                "invalidValue",
                "title is too long: at most 254 characters",
            ),
            ({"userName": "a@b.c", "name": "x"}, "invalidValue", "name is not an object"),
            (
                {"userName": "x", "emails": [{"value": f"a{n}@b.c"} for n in range(21)]},
                "invalidValue",
                "emails has more than 20 values",
            ),
        ],
    )
    def test_a_user_that_can_not_be_kept(
        self, scim: ScimClient, body: Any, scim_type: str, detail: str
    ) -> None:
        assert scim.refused("POST", "/Users", body) == (scim_type, detail)
        assert scim.ok("GET", "/Users")["totalResults"] == 3

    @pytest.mark.parametrize(
        ("operation", "scim_type"),
        [
            (change("replace", "id", "7"), "mutability"),
            (change("remove", "userName"), "mutability"),
            (change("remove"), "noTarget"),
            (change("replace", "emails[", "x"), "invalidPath"),
            (change("replace", 'emails[type co "x"].value', "x@y.z"), "noTarget"),
            (change("replace", "name.nothing", "x"), "invalidPath"),
            (change("move", "title", "x"), "invalidSyntax"),
            (change("replace", value="x"), "invalidValue"),
        ],
    )
    def test_a_patch_that_can_not_be_done(
        self, scim: ScimClient, operation: dict[str, Any], scim_type: str
    ) -> None:
        made = scim.create("dana@example.com", title="Engineer")
        good = change("replace", "title", "Other")
        body = {"Operations": [good, operation]}
        assert scim.refused("PATCH", f"/Users/{made['id']}", body)[0] == scim_type
        assert scim.ok("GET", f"/Users/{made['id']}") == made

    def test_a_filter_that_can_not_be_used(self, scim: ScimClient) -> None:
        for where in (
            "nonsense",
            'nickName eq "x"',
            'userName gt "x"',
            "active co true",
            'meta.created gt "x"',
        ):
            assert scim.refused("GET", "/Users", filter=where)[0] == "invalidFilter"

    def test_a_list_starts_and_ends_where_it_can(self, scim: ScimClient) -> None:
        assert scim.ok("GET", "/Users", startIndex=-3, count=1)["startIndex"] == 1
        assert scim.ok("GET", "/Users", count=0)["Resources"] == []
        assert scim.ok("GET", "/Users", startIndex=3)["itemsPerPage"] == 1
        assert scim.ok("GET", "/Users", count=5_000)["itemsPerPage"] == 3
        assert scim.refused("GET", "/Users", count="many")[0] == "invalidValue"

    def test_only_what_is_asked_for_is_shown(self, scim: ScimClient) -> None:
        (bob,) = scim.find('userName eq "bob@example.com"', attributes="displayName,emails.value")
        assert bob.keys() == {"schemas", "id", "meta", "displayName", "emails"}
        assert bob["emails"] == [{"value": "bob@example.com"}]

    def test_a_search_by_body_finds_users_and_groups(self, scim: ScimClient) -> None:
        scim.ok("POST", "/Groups", {"displayName": "Bob's friends"}, status=201)
        body = {"filter": 'displayName sw "bob"', "attributes": ["displayName"]}
        found = scim.ok("POST", "/.search", body)
        assert [one["displayName"] for one in found["Resources"]] == ["Bob", "Bob's friends"]
        assert scim.ok("POST", "/.search", {**body, "startIndex": 2})["Resources"] == found["Resources"][1:]
        assert scim.ok("POST", "/Groups/.search", body)["totalResults"] == 1
        assert scim.refused("POST", "/Users/.search", {"count": {}})[0] == "invalidValue"

    def test_who_may_not_hears_so_in_scim(self, site: Site, scim: ScimClient) -> None:
        for path in ("/Users", "/Groups/1", "/ServiceProviderConfig", "/Schemas"):
            reply = site.browser().get(f"/scim/v2{path}")
            assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
            assert reply.json()["status"] == "401"
            assert "Web API" not in reply.json()["detail"]
        other = ScimClient(site, Scope.USERS_READ)
        assert other.refused("GET", "/Users", status=403)[1].endswith("with the scope scim.")

    def test_an_unknown_address_or_method_is_told_in_scim(self, scim: ScimClient) -> None:
        assert scim.refused("GET", "/Nothing", status=404)[0] is None
        assert scim.refused("GET", "/Schemas/urn:x", status=404)[0] is None
        assert scim.refused("GET", "/Users/x", status=404)[0] is None
        assert scim.refused("GET", f"/Users/{'9' * 40}", status=404)[0] is None
        scim.refused("POST", "/Schemas", {}, status=405)

    def test_a_body_of_another_type_too_large_or_no_json_is_refused(self, scim: ScimClient) -> None:
        assert scim.send("POST", "/Users", {}, kind="text/plain").status_code == 415
        assert scim.send(
            "POST", "/Users", {"userName": "dana@example.com"}, kind="application/json"
        ).is_success
        assert scim.refused("POST", "/Users", {"x": "y" * BODY_BYTES_MAX}, status=413)[0] is None
        reply = scim._http.post("/scim/v2/Users", content=b"[" * 200_000)
        assert (reply.status_code, reply.json()["scimType"]) == (400, "invalidSyntax")

    def test_a_member_that_is_no_user_is_refused_and_no_group_is_made(self, scim: ScimClient) -> None:
        body = {"displayName": "A", "members": [{"value": "4711"}]}
        assert scim.refused("POST", "/Groups", body)[0] == "invalidValue"
        assert scim.ok("GET", "/Groups")["totalResults"] == 0
        scim.ok("POST", "/Groups", {"displayName": "A"}, status=201)
        assert scim.refused("POST", "/Groups", {"displayName": "a"}, status=409)[0] == "uniqueness"
        assert scim.refused("POST", "/Groups", {"members": []})[1] == "displayName is required"


def test_a_provider_that_calls_too_often_waits_and_holds_up_no_program(site: Site, scim: ScimClient) -> None:
    scim.ok("GET", "/Users")
    limit = site.app._pages.state.scim_limit
    for _ in range(SCIM_CALLS_PER_MINUTE - 1):
        assert limit.take() == 0
    reply = scim.send("GET", "/Users")
    assert (reply.status_code, reply.json()["status"]) == (429, "429")
    assert reply.headers["retry-after"] == "60"
    assert site.app._pages.state.call_limit.take() == 0
    site.world.clock.advance(60)
    scim.ok("GET", "/Users")
