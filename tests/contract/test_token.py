"""Token: who is asked for, and what each wrong way of naming it is answered."""

import json
import statistics
import time
from dataclasses import dataclass

import pytest

from tests.contract.cases import as_form, as_json
from tests.contract.shape import assert_accepted, assert_refused
from tests.support.http import Connection, Header, Reply, exchange, request_bytes
from tests.support.project import CHANGES_SEEN_S, FORM, JSON, PATH, Project, create_project
from tests.support.server import RunningServer

ROUNDS = 150
SAME_CLASS_RATIO_MAX = 3.0
SAME_CLASS_S = 0.002


def send(project: Project, *headers: Header, body: bytes = b"", target: str = PATH) -> Reply:
    """POST a valid body with exactly these headers beside the content type."""
    named: list[Header] = [("Content-Type", JSON), *headers]
    return exchange(project.server.address, request_bytes("POST", target, named, body or as_json()))


@pytest.mark.parametrize(
    "before",
    ["Bearer ", "bearer ", "BEARER ", "bEaReR ", "Bearer    ", "Bearer\t", " \t Bearer \t "],
    ids=["Bearer", "bearer", "BEARER", "bEaReR", "more-spaces", "tab", "blanks-all-around"],
)
@pytest.mark.parametrize("after", ["", "  ", "\t"], ids=["end", "spaces-after", "tab-after"])
def test_the_scheme_word_is_taken_in_any_case_with_blanks_around_the_token(
    roomy: Project, before: str, after: str
) -> None:
    assert_accepted(send(roomy, ("Authorization", f"{before}{roomy.token}{after}")))


def test_the_name_of_the_header_is_taken_in_any_case(roomy: Project) -> None:
    assert_accepted(send(roomy, ("AUTHORIZATION", f"Bearer {roomy.token}")))


@pytest.mark.parametrize("value", [None, "", "   ", "\t", "Bearer", "bearer", "Bearer ", "Bearer \t "])
def test_no_token_is_not_authed(unstored: Project, value: str | None) -> None:
    headers: list[Header] = [] if value is None else [("Authorization", value)]
    reply = send(unstored, *headers)
    assert_refused(reply, 401, "not_authed")
    assert reply.header("WWW-Authenticate") == "Bearer"


def bad_authorizations(token: str) -> dict[str, list[Header]]:
    """Write each kind of bad token that can be written without the server's help."""
    values: dict[str, str | bytes] = {
        "unknown": f"Bearer {token[:-6]}{'aaaaaa' if not token.endswith('aaaaaa') else 'bbbbbb'}",
        "one-character-changed": f"Bearer {token[:12]}{'x' if token[12] != 'x' else 'y'}{token[13:]}",
        "cut-short": f"Bearer {token[:-1]}",
        "one-more-character": f"Bearer {token}a",
        "upper-case": f"Bearer {token.upper()}",
        "quoted": f'Bearer "{token}"',
        "malformed": "Bearer !!!",
        "placeholder": "Bearer {token}",
        "basic": "Basic YWRhOnNlY3JldA==",
        "basic-with-the-token": f"Basic {token}",
        "no-scheme": token,
        "other-scheme": f"Token {token}",
        "scheme-glued-to-the-token": f"Bearer{token}",
        "two-words": f"Bearer {token} {token}",
        "comma-list": f"Bearer {token}, Bearer {token}",
        "non-ascii": b"Bearer " + token.encode() + b"\xc3\xa9",
        "non-ascii-scheme": b"B\xe9arer " + token.encode(),
        "10-kb": f"Bearer {'a' * 10_240}",
        "10-kb-that-begins-well": f"Bearer {token}{'a' * 10_240}",
        "of-another-kind": f"Bearer dx_personal_{token.rpartition('_')[2]}",
    }
    bad: dict[str, list[Header]] = {name: [("Authorization", value)] for name, value in values.items()}
    bad["two-headers"] = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    bad["two-headers-one-good"] = [("Authorization", "Bearer x"), ("Authorization", f"Bearer {token}")]
    return bad


@pytest.mark.parametrize("kind", list(bad_authorizations("placeholder-token")))
def test_any_bad_token_is_invalid_auth(unstored: Project, kind: str) -> None:
    reply = send(unstored, *bad_authorizations(unstored.token)[kind])
    assert_refused(reply, 401, "invalid_auth")
    assert reply.header("WWW-Authenticate") == "Bearer"


def test_one_body_answers_every_bad_token(unstored: Project) -> None:
    """Unknown, malformed and all the others can't be told apart."""
    bodies = {send(unstored, *headers).body for headers in bad_authorizations(unstored.token).values()}
    assert len(bodies) == 1, bodies


@dataclass(frozen=True)
class Rotated:
    """One project through the token that was revoked and through the one that took its place."""

    revoked: Project
    replacing: Project


@pytest.fixture(scope="module")
def rotated(server: RunningServer) -> Rotated:
    """A project whose first token was used, and then revoked long enough ago to be seen."""
    old = create_project(server)
    assert_accepted(old.post(as_json(name="with-the-old-token")))
    new = old.rotate("0s")
    time.sleep(CHANGES_SEEN_S)
    return Rotated(old, new)


def test_a_revoked_token_is_refused_like_an_unknown_one(rotated: Rotated) -> None:
    revoked = rotated.revoked.post(as_json())
    assert_refused(revoked, 401, "invalid_auth")
    assert revoked.body == rotated.revoked.with_token("unknown").post(as_json()).body
    assert_accepted(rotated.replacing.post(as_json(name="with-the-new-token")))
    stored = [event["name"] for event in rotated.replacing.events()]
    assert stored == ["with-the-old-token", "with-the-new-token"]


@pytest.mark.parametrize("by", ["id", "hint"])
def test_one_token_of_a_project_can_be_revoked_and_the_other_stays_good(
    server: RunningServer, by: str
) -> None:
    old = create_project(server)
    new = old.rotate("24h")
    assert_accepted(old.post(as_json()))
    assert_accepted(new.post(as_json()))
    ending = str(token_row(server, old)[by])
    server.cli("project", "revoke", old.name, ending)
    time.sleep(CHANGES_SEEN_S)
    assert_refused(old.post(as_json()), 401, "invalid_auth")
    assert_accepted(new.post(as_json()))


def token_row(server: RunningServer, project: Project) -> dict[str, object]:
    """Find a project's token in the list that its operator sees; a list never shows the token itself."""
    listed = server.cli("project", "list", "--json")
    assert project.token not in listed
    (tokens,) = [row["tokens"] for row in json.loads(listed) if row["name"] == project.name]
    (found,) = [
        row for row in tokens if project.token.endswith(row["hint"].lstrip("\N{HORIZONTAL ELLIPSIS}"))
    ]
    return dict(found)


def test_a_new_token_is_good_at_once(server: RunningServer) -> None:
    project = create_project(server)
    assert_accepted(project.post(as_json()))
    assert_accepted(project.rotate("24h").post(as_json()))


def test_the_token_alone_identifies_the_project(server: RunningServer, unstored: Project) -> None:
    """A project named in the arguments changes nothing."""
    project = create_project(server)
    assert_accepted(project.post(as_json(project=unstored.name, project_id=unstored.id)))
    assert len(project.events()) == 1


def test_unknown_revoked_and_malformed_tokens_answer_in_one_time_class(rotated: Rotated) -> None:
    old = rotated.revoked
    unknown = f"{old.token[:-6]}{'aaaaaa' if not old.token.endswith('aaaaaa') else 'bbbbbb'}"
    kinds = {"revoked": old.token, "unknown": unknown, "malformed": "!!!", "long": "a" * 5_000}
    seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
    with Connection(old.server.address) as connection:
        for _ in range(ROUNDS):
            for kind, token in kinds.items():
                began = time.perf_counter()
                connection.send(old.with_token(token).request(as_json()))
                assert connection.read_reply().status == 401
                seconds[kind].append(time.perf_counter() - began)
    medians = {kind: statistics.median(values) for kind, values in seconds.items()}
    shortest, longest = min(medians.values()), max(medians.values())
    assert longest < max(SAME_CLASS_RATIO_MAX * shortest, SAME_CLASS_S), medians


def test_a_token_in_the_query_is_not_authed_and_not_in_the_log(unstored: Project) -> None:
    for name in ("token", "access_token", "api_key", "authorization"):
        assert_refused(send(unstored, target=f"{PATH}?{name}={unstored.token}"), 401, "not_authed")
    assert unstored.token not in unstored.server.log()


def test_a_token_in_the_body_is_not_authed_and_not_in_the_log(unstored: Project) -> None:
    in_json = as_json(token=unstored.token, access_token=unstored.token)
    assert_refused(send(unstored, body=in_json), 401, "not_authed")
    in_form = as_form(token=unstored.token, access_token=unstored.token)
    request = request_bytes("POST", PATH, [("Content-Type", FORM)], in_form)
    assert_refused(exchange(unstored.server.address, request), 401, "not_authed")
    assert unstored.token not in unstored.server.log()


def test_a_token_in_a_cookie_is_not_authed_and_not_in_the_log(unstored: Project) -> None:
    assert_refused(send(unstored, ("Cookie", f"token={unstored.token}")), 401, "not_authed")
    assert unstored.token not in unstored.server.log()


def test_a_good_token_in_the_header_is_not_in_the_log_either(roomy: Project) -> None:
    assert_accepted(roomy.post(as_json(), target=f"{PATH}?token={roomy.token}"))
    assert_refused(roomy.post(b"{"), 422, "invalid_arguments")
    assert roomy.token not in roomy.server.log()
