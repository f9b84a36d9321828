"""Who is let in to the Web API, and who is told what?"""

from datetime import timedelta

import pytest
from starlette.routing import Route

from afterword.domain.scope import Scope
from afterword.flows.api_tokens import create_api_token, list_api_tokens, revoke_api_token
from afterword.web.api.call_limit import CALLS_PER_MINUTE
from afterword.web.api.methods import METHODS
from afterword.web.api.route import PATH_BEGINNINGS
from afterword.web.app import ROUTES
from tests.web.api.conftest import Program, make_program
from tests.web.conftest import Site

CALLS = [(one.verb, one.name, one.scope) for one in METHODS]
ENDS = ("", "/")


def test_every_route_of_the_web_api_is_a_method_with_a_scope() -> None:
    routes = [
        route for route in ROUTES if isinstance(route, Route) and route.path.startswith(PATH_BEGINNINGS)
    ]
    assert {route.path for route in routes} == {f"/{one.name}" for one in METHODS}
    assert all(isinstance(route.endpoint.scope, Scope) for route in routes)
    assert all(f"/{one.name}".startswith(PATH_BEGINNINGS) for one in METHODS)


def test_without_a_token_no_route_answers_anything(site: Site) -> None:
    for verb, name, _ in CALLS:
        for end in ENDS:
            reply = site.browser().request(verb, f"/{name}{end}")
            assert (reply.status_code, reply.json()["error"]) == (401, "not_authed"), name
            assert reply.headers["www-authenticate"] == "Bearer"
            assert reply.headers["x-request-id"]


def test_a_token_with_all_other_scopes_is_missing_one(site: Site) -> None:
    others = {scope: make_program(site, set(Scope) - {scope}) for scope in Scope}
    alone = {scope: make_program(site, {scope}) for scope in Scope}
    for verb, name, scope in CALLS:
        for end in ENDS:
            reply = others[scope].call(verb, f"{name}{end}")
            assert (reply.status_code, reply.json()["error"]) == (403, "missing_scope"), name
            assert scope.value in reply.json()["message"]
            # With the scope alone the arguments are looked at, or there is an answer at once.
            assert alone[scope].call(verb, f"{name}{end}").status_code in (200, 422), name


def test_any_other_http_method_is_refused_in_json_even_for_a_browser(program: Program) -> None:
    for verb, name, _ in CALLS:
        for word in {"GET", "POST", "PUT", "DELETE", "PATCH"} - {verb}:
            reply = program.call(word, name, headers={"accept": "text/html"})
            assert (reply.status_code, reply.json()["error"]) == (405, "method_not_allowed"), name
            assert verb in reply.headers["allow"]


def test_what_is_no_method_is_unknown_in_json_even_for_a_browser(program: Program) -> None:
    for path in ("users.nothing", "users.", "platformx.projects", "users.list//"):
        reply = program.call("GET", path, headers={"accept": "text/html"})
        assert (reply.status_code, reply.json()["error"]) == (404, "unknown_method")


def test_a_header_without_a_token_is_none(site: Site) -> None:
    for header in ("", "Bearer", "bearer  "):
        reply = site.browser().get("/users.list", headers={"authorization": header})
        assert (reply.status_code, reply.json()["error"]) == (401, "not_authed")


def test_whatever_else_is_no_good_token_is_one_answer(site: Site) -> None:
    answers = set()
    for header in ("Basic YTpi", "awo_x", "Bearer awo_x", "Bearer a b", f"Bearer {'x' * 10_000}", "Bearer é"):
        reply = site.browser().get("/users.list", headers=[(b"authorization", header.encode())])
        answers.add((reply.status_code, reply.text))
    ((status, text),) = answers
    assert (status, "invalid_auth" in text) == (401, True)


def test_two_authorization_headers_are_no_good_token(program: Program) -> None:
    header = (b"authorization", f"Bearer {program.token}".encode())
    assert program.site.browser().get("/users.list", headers=[header]).status_code == 200
    assert program.site.browser().get("/users.list", headers=[header, header]).status_code == 401


def test_a_token_that_ended_or_was_revoked_is_not_valid(site: Site) -> None:
    database, clock = site.parts.database, site.world.clock
    short = Program(
        site, create_api_token(database, clock, "a", [Scope.USERS_READ], expires_in=timedelta(days=1))
    )
    revoked = make_program(site)
    assert short.get("users.list").status_code == revoked.get("users.list").status_code == 200
    clock.advance(timedelta(days=1))
    revoke_api_token(database, clock, list_api_tokens(database)[-1].id)
    for program in (short, revoked):
        assert program.get("users.list").json()["error"] == "invalid_auth"


def test_a_project_token_is_none_for_the_web_api(site: Site) -> None:
    assert Program(site, site.world.token).get("users.list").json()["error"] == "invalid_auth"


def test_a_thousand_calls_a_minute_are_let_in_and_the_next_one_waits_exactly(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = program.site.world.clock
    limit = program.site.app._pages.state.call_limit
    assert program.get("users.list", limit="1").status_code == 200
    clock.advance(10.5)
    for _ in range(CALLS_PER_MINUTE - 2):
        assert limit.take() == 0
    assert program.post("users.update").status_code == 422, "a call that fails counts, too"
    reply = program.get("users.list", limit="1")
    assert (reply.status_code, reply.json()["error"]) == (429, "too_many_requests")
    assert reply.headers["retry-after"] == "50"
    # Neither what was refused for the limit nor what had no token counts.
    assert program.site.browser().get("/users.list").status_code == 401
    clock.advance(49)
    assert program.get("users.list", limit="1").headers["retry-after"] == "1"
    clock.advance(0.5)
    assert program.get("users.list", limit="1").status_code == 200
    assert program.get("users.list", limit="1").headers["retry-after"] == "11"


def test_the_limit_is_for_all_tokens_together(site: Site) -> None:
    for _ in range(CALLS_PER_MINUTE):
        site.app._pages.state.call_limit.take()
    assert make_program(site).get("users.list").status_code == 429
    assert make_program(site).get("users.list").status_code == 429
