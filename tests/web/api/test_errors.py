"""Is each way to call a method wrongly answered by its own code? One table, and nothing is changed."""

from dataclasses import dataclass
from typing import Any

import pytest
from httpx2 import Response

from afterword.domain.method_error import MethodErrorCode
from afterword.storage import people
from afterword.web.api.methods import METHODS
from tests.web.api.conftest import Program

VERBS = {one.name: one.verb for one in METHODS}
BOB, ALICE = "bob@example.com", "alice@example.com"
UPDATE, ATTRIBUTES = "users.update", "users.attributes.update"
CREATE, MAKE = "users.create", "platformx.projects.create"
WHY = "decisions.list"


@dataclass(frozen=True)
class Case:
    """One call and the error that it gets."""

    method: str
    said: dict[str, Any]
    error: str
    says: str = ""


CASES = [
    Case(UPDATE, {}, "email_blank"),
    Case(UPDATE, {"email": None}, "email_blank"),
    Case(UPDATE, {"email": "  "}, "email_blank"),
    Case(UPDATE, {"email": "nobody@example.com"}, "user_not_found"),
    Case(UPDATE, {"email": "not an address"}, "user_not_found"),
    Case(UPDATE, {"email": "a\u0000b"}, "user_not_found"),
    Case(UPDATE, {"email": "x" * 300}, "user_not_found"),
    Case(UPDATE, {"email": "nobody@example.com", "github_username": "alice-gh"}, "user_not_found"),
    Case(UPDATE, {"email": "nobody@example.com", "sso_email": BOB}, "user_not_found"),
    Case(UPDATE, {"email": 7}, "invalid_arguments", "email must be text"),
    Case(UPDATE, {"email": [BOB]}, "invalid_arguments", "email must be text"),
    Case(UPDATE, {"email": BOB, "github_username": "@Alice-GH"}, "github_username_taken"),
    Case(UPDATE, {"email": BOB, "additional_github_username": "alice-gh"}, "github_username_taken"),
    Case(UPDATE, {"email": BOB, "gitlab_username": "alice-gl"}, "gitlab_username_taken"),
    Case(UPDATE, {"email": BOB, "sso_email": ALICE}, "sso_email_taken"),
    Case(UPDATE, {"email": BOB, "sso_email": "no address"}, "invalid_arguments", "email is not an address"),
    Case(UPDATE, {"email": BOB, "github_username": "null"}, "invalid_arguments", "github_username"),
    Case(UPDATE, {"email": BOB, "github_username": 7}, "invalid_arguments", "github_username must be text"),
    Case(UPDATE, {"email": BOB, "github_username": "x" * 255}, "invalid_arguments", "254 characters"),
    Case(UPDATE, {"email": BOB, "github_username": "a\nb"}, "invalid_arguments", "control characters"),
    Case(UPDATE, {"email": BOB, "start_date": "31.3.2026"}, "invalid_arguments", "start_date"),
    Case(UPDATE, {"email": BOB, "start_date": 20260331}, "invalid_arguments", "start_date must be text"),
    Case(
        UPDATE, {"email": BOB, "protected": "maybe"}, "invalid_arguments", "protected must be true or false"
    ),
    Case(UPDATE, {"email": BOB, "protected": 2}, "invalid_arguments", "protected"),
    Case(UPDATE, {"email": BOB, "tz": "Mars/Base"}, "invalid_arguments", "tz is not an IANA time zone"),
    Case(UPDATE, {"email": BOB, "team": "A//B"}, "invalid_arguments", "team"),
    Case(CREATE, {}, "email_blank"),
    Case(CREATE, {"email": BOB}, "email_taken"),
    Case(CREATE, {"email": "Bob@Example.com "}, "email_taken"),
    Case(CREATE, {"email": "new@example.com", "sso_email": BOB}, "sso_email_taken"),
    Case(CREATE, {"email": "new@example.com", "github_username": "bob-gh"}, "github_username_taken"),
    Case(CREATE, {"email": "new@example.com", "gitlab_username": "bob-gl"}, "gitlab_username_taken"),
    Case(CREATE, {"email": "nowhere to be found"}, "invalid_arguments", "email is not an address"),
    Case(CREATE, {"email": "a@b.c\nBcc: x@y.z"}, "invalid_arguments", "control characters"),
    Case(ATTRIBUTES, {"attributes": [{"name": "Job", "value": "Dev"}]}, "email_blank"),
    Case(ATTRIBUTES, {"email": BOB}, "attributes_blank"),
    Case(ATTRIBUTES, {"email": BOB, "attributes": None}, "attributes_blank"),
    Case(ATTRIBUTES, {"email": BOB, "attributes": []}, "attributes_blank"),
    Case(ATTRIBUTES, {"email": BOB, "attributes": "Job"}, "invalid_arguments", "attributes must be a list"),
    Case(ATTRIBUTES, {"email": BOB, "attributes": [{"value": "Dev"}]}, "invalid_arguments", "attributes"),
    Case(ATTRIBUTES, {"email": BOB, "attributes": [{"name": " ", "value": "x"}]}, "invalid_arguments"),
    Case(ATTRIBUTES, {"email": BOB, "attributes": [{"name": "secret\n", "value": "x"}]}, "invalid_arguments"),
    Case(
        ATTRIBUTES,
        {"email": BOB, "attributes": [{"name": f"secret-{one}", "value": "x"} for one in range(51)]},
        "invalid_arguments",
        "at most 50 names",
    ),
    Case(
        ATTRIBUTES,
        {"email": "nobody@example.com", "attributes": [{"name": "Job", "value": "Dev"}]},
        "user_not_found",
    ),
    Case("users.findByGithubUsername", {}, "github_username_blank"),
    Case("users.findByGithubUsername", {"github_username": " "}, "github_username_blank"),
    Case("users.findByGithubUsername", {"github_username": "nobody-gh"}, "user_not_found"),
    Case("users.findByGithubUsername", {"github_username": "a\u0000"}, "user_not_found"),
    Case("users.info", {}, "email_blank"),
    Case("users.info", {"email": "nobody@example.com"}, "user_not_found"),
    Case("users.info", {"id": "0"}, "user_not_found"),
    Case("users.info", {"id": "99999999999999999999"}, "user_not_found"),
    Case("users.info", {"id": "²"}, "user_not_found"),
    Case("users.info", {"id": "-1"}, "user_not_found"),
    Case("users.delete", {}, "email_blank"),
    Case("users.delete", {"email": "nobody@example.com"}, "user_not_found"),
    Case("users.delete", {"id": 4711}, "user_not_found"),
    Case("users.list", {"cursor": "nonsense"}, "invalid_cursor"),
    Case("users.list", {"cursor": "é"}, "invalid_cursor"),
    Case("users.list", {"cursor": "dXNlcnMubGlzdDotMQ"}, "invalid_cursor"),
    Case("users.list", {"cursor": "dXNlcnMubGlzdDox=="}, "invalid_cursor"),
    Case("users.list", {"cursor": "dXNl!cnMubGlzdDox"}, "invalid_cursor"),
    Case("users.list", {"cursor": "dXNlcnMubGlzdDowMQ"}, "invalid_cursor"),
    Case("users.list", {"limit": "0"}, "invalid_arguments", "limit must be a whole number at least 1"),
    Case("users.list", {"limit": "201"}, "invalid_arguments", "limit must be a whole number at most 200"),
    Case("users.list", {"limit": "ten"}, "invalid_arguments", "limit must be a whole number"),
    Case(MAKE, {"creator_id": "1"}, "name_blank"),
    Case(MAKE, {"name": " ", "creator_id": "1"}, "name_blank"),
    Case(MAKE, {"name": "Deploy"}, "creator_id_blank"),
    Case(MAKE, {"name": "Deploy", "creator_id": ""}, "creator_id_blank"),
    Case(MAKE, {"name": "Deploy", "creator_id": "4711"}, "creator_id_not_found"),
    Case(MAKE, {"name": "Deploy", "creator_id": "Bob"}, "creator_id_not_found"),
    Case(MAKE, {"name": "Deploy", "creator_id": 10**30}, "creator_id_not_found"),
    Case(MAKE, {"name": "Build CLI", "creator_id": "1"}, "name_taken"),
    Case(MAKE, {"name": "x" * 101, "creator_id": "1"}, "invalid_arguments", "100 printable"),
    Case(MAKE, {"name": "a\u0000", "creator_id": "1"}, "invalid_arguments", "100 printable"),
    Case(MAKE, {"name": "Deploy", "creator_id": "1", "hidden": "x"}, "invalid_arguments", "hidden"),
    Case(
        MAKE,
        {"name": "Deploy", "creator_id": "1", "webhook_destination_url": "ftp://example.com"},
        "invalid_arguments",
        "webhook_destination_url",
    ),
    Case(
        MAKE,
        {"name": "Deploy", "creator_id": "1", "webhook_destination_url": "https://[bad"},
        "invalid_arguments",
        "webhook_destination_url",
    ),
    Case(WHY, {}, "event_id_blank"),
    Case(WHY, {"event_id": " ", "email": ""}, "event_id_blank"),
    Case(WHY, {"survey": "build-cli"}, "event_id_blank"),
    Case(WHY, {"event_id": "4711"}, "event_not_found"),
    Case(WHY, {"event_id": "9" * 30}, "event_not_found"),
    Case(WHY, {"event_id": "last"}, "event_not_found"),
    Case(WHY, {"email": "nobody@example.com"}, "user_not_found"),
    Case(WHY, {"email": "a\u0000b"}, "user_not_found"),
    Case(WHY, {"email": BOB, "survey": "nothing-here"}, "survey_not_found"),
    Case(WHY, {"email": BOB, "survey": "a\u0000b"}, "survey_not_found"),
    Case(WHY, {"email": BOB, "survey": "x" * 300}, "survey_not_found"),
    Case(WHY, {"email": BOB, "cursor": "nonsense"}, "invalid_cursor"),
    Case(WHY, {"email": BOB, "cursor": "é"}, "invalid_cursor"),
    # users.list:1, decisions.list:1 and decisions.list:1.-1
    Case(WHY, {"email": BOB, "cursor": "dXNlcnMubGlzdDox"}, "invalid_cursor"),
    Case(WHY, {"email": BOB, "cursor": "ZGVjaXNpb25zLmxpc3Q6MQ"}, "invalid_cursor"),
    Case(WHY, {"email": BOB, "cursor": "ZGVjaXNpb25zLmxpc3Q6MS4tMQ"}, "invalid_cursor"),
    Case(WHY, {"email": BOB, "limit": "0"}, "invalid_arguments", "limit must be a whole number at least 1"),
    Case(
        WHY, {"email": BOB, "limit": "201"}, "invalid_arguments", "limit must be a whole number at most 200"
    ),
    Case("platformx.projects.list", {"page": "0"}, "invalid_arguments", "page must be"),
    Case("platformx.projects.list", {"page": "9" * 30}, "invalid_arguments", "page must be"),
    Case("platformx.projects.list", {"page_size": "1001"}, "invalid_arguments", "page_size must be"),
]


@pytest.mark.parametrize("method", VERBS)
def test_an_error_has_its_code_and_changes_nothing(program: Program, method: str) -> None:
    before = everything(program)
    for case in [case for case in CASES if case.method == method]:
        reply = send(program, case)
        assert (reply.status_code, reply.json()["error"]) == (422, case.error), (case, reply.text)
        assert reply.json().keys() == {"ok", "error", "message"}
        message = reply.json()["message"]
        assert case.says in message, (case, message)
        assert not [text for text in texts(case.said) if text in message], (case, message)
        assert everything(program) == before, case


def send(program: Program, case: Case) -> Response:
    if VERBS[case.method] == "POST":
        return program.post(case.method, case.said)
    return program.get(case.method, **case.said)


def test_the_table_reaches_every_code_of_every_method() -> None:
    reached = {(case.method, case.error) for case in CASES}
    assert {(one.name, code.value) for one in METHODS for code in one.errors} <= reached
    assert {code.value for code in MethodErrorCode} <= {case.error for case in CASES}


def everything(program: Program) -> object:
    database = program.site.parts.database
    with database.read() as connection:
        return people.list_people(connection, limit=100), program.get("platformx.projects.list").json()


def texts(said: object) -> list[str]:
    """The values that were sent and are long enough to be recognised."""
    if isinstance(said, dict):
        return [text for value in said.values() for text in texts(value)]
    if isinstance(said, list):
        return [text for value in said for text in texts(value)]
    return [said] if isinstance(said, str) and len(said.strip()) > 5 else []


JSON_BODIES = [
    (b"", "invalid_arguments"),
    (b"{", "invalid_arguments"),
    (b"[]", "invalid_arguments"),
    (b'{"email": NaN}', "invalid_arguments"),
    (b'{"email": 1e999}', "invalid_arguments"),
    (b'{"email": 1.5}', "invalid_arguments"),
    (b"\xff", "invalid_arguments"),
    (b"[" * 10_000, "invalid_arguments"),
    (b'{"email": "\\ud800"}', "user_not_found"),
    (b'{"email": "a", "email": "bob@example.com"}', None),
    (b'\xef\xbb\xbf{"email": "bob@example.com"}', None),
]
FORM_BODIES = [
    (b"", "email_blank"),
    (b'{"email": "bob@example.com"}', "invalid_form_data"),
    (b"email=%zz", "invalid_form_data"),
    (b"email=%ff", "invalid_form_data"),
    (b"a=1&" * 101, "invalid_form_data"),
    (b"email=bob%40example.com&protected=", None),
]
OTHER_KINDS: list[dict[str, str]] = [
    {},
    {"content-type": "text/plain"},
    {"content-type": "multipart/form-data; boundary=x"},
    {"content-type": "application/json; charset=utf-16"},
    {"content-type": "application/json", "content-encoding": "gzip"},
]


class TestReading:
    """What can't be read is refused as by events.track."""

    def test_json(self, program: Program) -> None:
        headers = {"content-type": "application/json"}
        for body, error in JSON_BODIES:
            reply = program.call("POST", UPDATE, content=body, headers=headers)
            assert reply.json().get("error") == error, body

    def test_form(self, program: Program) -> None:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        for body, error in FORM_BODIES:
            reply = program.call("POST", UPDATE, content=body, headers=headers)
            assert reply.json().get("error") == error, body

    def test_a_body_of_another_kind_is_refused(self, program: Program) -> None:
        for headers in OTHER_KINDS:
            reply = program.call("POST", UPDATE, content=b'{"email": "bob@example.com"}', headers=headers)
            assert (reply.status_code, reply.json()["error"]) == (422, "invalid_form_data"), headers

    def test_a_body_that_is_too_large_is_refused_before_the_token_is_asked_for(
        self, program: Program
    ) -> None:
        body = b'{"email": "%s"}' % (b"x" * 70_000)
        for token in (program.token, "unknown"):
            reply = Program(program.site, token).call("POST", UPDATE, content=body)
            assert (reply.status_code, reply.json()["error"]) == (413, "metadata_too_large")

    def test_a_body_without_a_length_is_counted_while_it_comes(self, program: Program) -> None:
        pieces = (b"x" * 10_000 for _ in range(8))
        headers = {"content-type": "application/json"}
        reply = program.call("POST", UPDATE, content=pieces, headers=headers)
        assert (reply.status_code, reply.json()["error"]) == (413, "metadata_too_large")

    def test_a_query_that_cannot_be_read_is_refused(self, program: Program) -> None:
        reply = program.call("GET", "users.info?email=%zz")
        assert (reply.status_code, reply.json()["error"]) == (422, "invalid_form_data")
