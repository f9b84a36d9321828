"""Are staff pages for staff only, and every page safe to show?"""

import asyncio
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from afterword.domain.invitation import INELIGIBLE_AT_SEND, InvitationState
from afterword.domain.scope import Scope
from afterword.domain.throttle.reason import Reason
from afterword.flows.invitations.send_invitation import send_invitation
from afterword.flows.surveys.survey_schema import survey_schema
from afterword.storage import invitations
from afterword.storage.engine import Database
from afterword.web.admin.session import COOKIE
from afterword.web.app import ROUTES
from afterword.web.scim.shapes import PREFIX as SCIM_PREFIX
from tests.flows.world import World
from tests.storage.support import DAY, FakeClock
from tests.web.conftest import Site, make_site

PUBLIC = {
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/survey.schema.json",
    "/answer/{token}",
    "/answer/{token}/thanks",
    "/answer/{token}/leave",
    "/unsubscribe/{token}",
    "/me/{token}",
    "/me/{token}/surveys",
    "/me/{token}/settings",
    "/me/{token}/export",
    "/me/{token}/erase",
    "/admin/{secret}",
    "/static",
}
"""All that answers without a session; whatever else there is must be guarded."""

SCIM = [(route.path, method) for route in ROUTES
        if isinstance(route, Route) and route.path.startswith(SCIM_PREFIX)
        for method in sorted((route.methods or set()) - {"HEAD"})]  # fmt: skip

STAFF = [(route.path, method) for route in ROUTES
         if isinstance(route, Route) and route.path not in PUBLIC and not hasattr(route.endpoint, "scope")
         and not route.path.startswith(SCIM_PREFIX)
         for method in sorted((route.methods or set()) - {"HEAD"})]  # fmt: skip

STAFF_ROOMS = {template.split("/")[1] for template, _ in STAFF}
"""What the paths of staff pages begin with, those that find nothing, too."""


class Page(HTMLParser):
    """Collects what a strict Content-Security-Policy would stop."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self._in_script = tag == "script"
        if tag == "style" or (tag == "script" and not names.get("src")):
            self.inline.append(f"<{tag}>")
        for name, value in attrs:
            outside = name in ("src", "href", "action") and re.match(
                r"(?i)\s*(https?:|//|javascript:)", value or ""
            )
            if name == "style" or name.startswith("on") or outside:
                self.inline.append(f"<{tag} {name}={value!r}>")

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script and data.strip():
            self.inline.append(data)


@pytest.fixture
def busy(site: Site) -> Site:
    """Something to see on every page: an event, a decision, a mail, an answer."""
    invitation = site.world.invite(metadata='{"outcome":"<script>alert(1)</script>"}')
    asyncio.run(
        send_invitation(
            site.parts.database,
            site.parts.clock,
            site.parts.links,
            site.parts.channels,
            invitation.id,
            is_last_attempt=False,
        )
    )
    sent = site.browser().post(
        site.answer_path(invitation.id), data={"satisfaction": "5", "comment": "<img src=x onerror=alert(1)>"}
    )
    assert sent.status_code == 303
    return site


def path_of(site: Site, template: str) -> str:
    """A path that exists for a route's template."""
    mails = [path.stem for path in site.parts.mailbox.glob("*.eml")]
    return (
        template.replace("{key}", "build-cli")
        .replace("{id:int}", "1")
        .replace("{name}", (mails or ["none"])[0])
    )


def html_paths(site: Site) -> list[str]:
    """Every page there is, but the mail's own HTML."""
    staff = [
        path_of(site, path)
        for path, method in STAFF
        if method == "GET" and path not in ("/", "/mailbox/{name}/html")
    ]
    return [
        *staff,
        site.answer_path(1),
        f"{site.answer_path(1)}/thanks",
        site.unsubscribe_path(1),
        site.own_path(1),
        f"{site.own_path(1)}/surveys",
        f"{site.own_path(1)}/surveys?show=not-asked",
        f"{site.own_path(1)}/settings",
        "/me/made-up",
        site.admin_path(),
        "/admin/used-up",
        "/answer/made-up",
        "/unsubscribe/made-up",
        "/events/999",
        "/surveys/nope/report",
        "/mailbox/nope",
        "/nowhere",
    ]


def test_all_routes_are_public_by_name_or_guarded() -> None:
    paths = {route.path for route in ROUTES if isinstance(route, Route | Mount)}
    assert paths >= PUBLIC
    assert len(STAFF) >= 9
    unguarded = [
        route.path
        for route in ROUTES
        if isinstance(route, Route)
        and route.path not in PUBLIC
        and not getattr(route.endpoint, "is_staff_only", False)
        # Methods of the Web API ask for a token with this scope: see tests/web/api.
        and not isinstance(getattr(route.endpoint, "scope", None), Scope)
        # The last test asks each of them.
        and (route.path, "GET") not in SCIM
        and (route.path, "POST") not in SCIM
    ]
    assert unguarded == []


@pytest.mark.parametrize(("template", "method"), STAFF)
def test_a_staff_page_needs_a_session(busy: Site, template: str, method: str) -> None:
    path = path_of(busy, template)
    refused = busy.browser().request(method, path)
    assert refused.status_code == 401
    assert "build-cli" not in refused.text
    assert "example.com" not in refused.text
    assert busy.browser().request(method, path, headers={"cookie": f"{COOKIE}=made-up"}).status_code == 401
    alice = busy.browser()
    alice.post(busy.admin_path())
    # 400 is what a form without fields is answered.
    assert alice.request(method, path).status_code in (200, 303, 400)


def test_every_page_has_the_security_headers_and_nothing_inline(busy: Site, staff: TestClient) -> None:
    for path in html_paths(busy):
        page = staff.get(path, headers={"accept": "text/html"})
        assert page.headers["content-type"] == "text/html; charset=utf-8", path
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        # Neither tells another site the address; the forms of staff pages must say that they are ours.
        is_staff = path.split("/")[1] in STAFF_ROOMS or "Open the staff pages" in page.text
        assert page.headers["referrer-policy"] == ("same-origin" if is_staff else "no-referrer"), path
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["cache-control"] == "no-store"
        assert Page(page.text).inline == [], path
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


def test_what_pages_link_to_is_there(busy: Site, staff: TestClient) -> None:
    seen = set()
    for path in html_paths(busy):
        text = staff.get(path, headers={"accept": "text/html"}).text
        seen |= set(re.findall(r'(?:href|src)="(/[^"#?]*)', text))
    assert "/static/app.css" in seen
    broken = [path for path in sorted(seen) if staff.get(path).status_code not in (200, 303)]
    assert broken == []


def test_beside_a_version_stands_when_it_was_made(site: Site, staff: TestClient) -> None:
    published_at = site.world.clock.now
    site.world.clock.advance(DAY)
    site.world.add_survey(title="Another one")
    page = re.sub(r"\s*<[^>]+>\s*", " ", staff.get("/surveys").text)
    made_at = site.world.clock.now
    assert f" 2 {made_at:%Y-%m-%d %H:%M:%S} {published_at:%Y-%m-%d %H:%M:%S} " in re.sub(r"\s+", " ", page)


def test_an_events_page_says_by_which_policy_and_draw_it_was_decided(busy: Site, staff: TestClient) -> None:
    (entry,) = busy.world.ledger(1)
    assert entry.policy_id
    said = f"By policy {entry.policy_id}; drew u = {entry.draw:.4f}, asked with π = 1."
    assert said in staff.get("/events/1").text


def test_the_rule_that_kept_a_mail_from_going_is_told(site: Site, staff: TestClient) -> None:
    invitation = site.world.invite()
    with site.parts.database.write() as connection:
        ended = InvitationState.FAILED, Reason.OPTED_OUT
        invitations.set_state(connection, invitation.id, ended[0], error=INELIGIBLE_AT_SEND, reason=ended[1])
    page = staff.get(f"/events/{invitation.event_id}").text
    assert "The person wants no surveys. <code>35 opted_out</code>" in page


def test_an_event_that_withdraws_and_what_it_withdrew_name_each_other(site: Site, staff: TestClient) -> None:
    site.world.add_survey(trigger={"events": ["failed"], "delay": "1h", "cancel_on": ["gone"]})
    waiting = site.world.invite(name="failed")
    page = staff.get(f"/events/{waiting.event_id}").text
    assert re.search(r"Invitation 1: queued until <time .*</time>, when trigger, hours for mails", page)
    gone = site.world.add_event(name="gone")
    site.world.evaluate(gone)
    page = staff.get(f"/events/{gone}").text
    assert "Withdrew invitation 1 of build-cli." in page
    assert "no_matching_survey" not in page
    assert f"Invitation 1: cancelled by event {gone}." in staff.get(f"/events/{waiting.event_id}").text


def test_a_mail_is_shown_in_a_frame_with_a_policy_of_its_own(busy: Site, staff: TestClient) -> None:
    path = path_of(busy, "/mailbox/{name}")
    assert f'src="{path}/html"' in staff.get(path).text
    frame = staff.get(f"{path}/html")
    policy = frame.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "frame-ancestors 'self'" in policy
    assert frame.headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize("name", ["..%2Fafterword", "%2e%2e", "a%00b", "x" * 300])
def test_the_mailbox_shows_nothing_but_mails(busy: Site, staff: TestClient, name: str) -> None:
    assert staff.get(f"/mailbox/{name}").status_code == 404


class TestSessions:
    """A one-time link opens one."""

    def test_looking_at_a_link_does_not_use_it(self, site: Site, visitor: TestClient) -> None:
        path = site.admin_path()
        for _ in range(2):
            page = visitor.get(path)
            assert page.status_code == 200
            assert COOKIE not in page.cookies
        opened = visitor.post(path)
        assert (opened.status_code, opened.headers["location"]) == (303, "/surveys")

    def test_a_link_works_once(self, site: Site) -> None:
        path = site.admin_path()
        assert site.browser().post(path).status_code == 303
        late = site.browser()
        assert late.get(path).status_code == 404
        assert late.post(path).status_code == 404
        assert late.get("/surveys").status_code == 401

    def test_the_cookie_is_for_this_browser_and_site_only(self, site: Site, visitor: TestClient) -> None:
        cookie = visitor.post(site.admin_path()).headers["set-cookie"].lower()
        for flag in ("httponly", "samesite=lax", "secure", "path=/", "max-age=604800"):
            assert flag in cookie
        assert "domain" not in cookie

    def test_on_plain_http_the_cookie_is_not_marked_secure(self, world: World, tmp_path: Path) -> None:
        site = make_site(world, tmp_path, "http://127.0.0.1:8321")
        cookie = site.browser("http://127.0.0.1:8321").post(site.admin_path()).headers["set-cookie"]
        assert "secure" not in cookie.lower()

    def test_signing_out_ends_the_session(self, site: Site, staff: TestClient) -> None:
        session = staff.cookies[COOKIE]
        assert staff.post("/sign-out").status_code in (200, 303)
        assert site.browser().get("/surveys", headers={"cookie": f"{COOKIE}={session}"}).status_code == 401

    def test_a_session_ends_by_itself(self, clock: FakeClock, staff: TestClient) -> None:
        assert staff.get("/surveys").status_code == 200
        clock.advance(7 * 86_400)
        assert staff.get("/surveys").status_code == 401

    @pytest.mark.parametrize(
        "headers",
        [
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": "https://afterword.example.evil.example"},
        ],
    )
    def test_another_site_can_not_post_to_staff_pages(
        self, staff: TestClient, headers: dict[str, str]
    ) -> None:
        assert staff.post("/sign-out", headers=headers).status_code == 403
        assert staff.get("/surveys").status_code == 200

    @pytest.mark.parametrize(
        "headers", [{}, {"sec-fetch-site": "same-origin"}, {"origin": "https://afterword.example"}]
    )
    def test_our_own_pages_can(self, staff: TestClient, headers: dict[str, str]) -> None:
        assert staff.post("/sign-out", headers=headers).status_code in (200, 303)


class TestErrors:
    """Browsers get a page, programs JSON."""

    def test_an_unknown_address_is_404_in_the_callers_language(self, visitor: TestClient) -> None:
        page = visitor.get("/nowhere", headers={"accept": "text/html"})
        assert (page.status_code, "There is nothing at this address." in page.text) == (404, True)
        reply = visitor.get("/nowhere", headers={"accept": "application/json"})
        assert reply.status_code == 404
        assert reply.json() == {
            "ok": False,
            "error": "unknown_method",
            "message": "There is nothing at this address.",
        }
        assert reply.headers["x-request-id"]

    def test_a_method_that_an_address_does_not_take_is_405(self, visitor: TestClient) -> None:
        reply = visitor.delete("/healthz")
        assert (reply.status_code, reply.json()["error"]) == (405, "method_not_allowed")
        assert "GET" in reply.headers["allow"]
        page = visitor.delete("/healthz", headers={"accept": "text/html"})
        assert (page.status_code, page.headers["content-type"]) == (405, "text/html; charset=utf-8")

    @pytest.mark.parametrize("path", ["/healthz", "/surveys", "/static/app.css", "/openapi.json"])
    def test_head_is_get_without_a_body(self, staff: TestClient, path: str) -> None:
        head, get = staff.head(path), staff.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == get.headers["content-type"]

    @pytest.mark.parametrize("accept", ["text/html", "application/json"])
    def test_a_bug_is_500_without_its_details(
        self, site: Site, staff: TestClient, monkeypatch: pytest.MonkeyPatch, accept: str
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("afterword.web.admin.surveys.list_phases", lambda database, clock: 1 / 0)
            reply = staff.get("/surveys", headers={"accept": accept})
        assert reply.status_code == 500
        assert "ZeroDivisionError" not in reply.text
        assert "bug on our side" in reply.text

    @pytest.mark.parametrize("accept", ["text/html", "application/json"])
    def test_a_store_that_fails_is_503_and_one_line_in_the_log(
        self,
        site: Site,
        staff: TestClient,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        accept: str,
    ) -> None:
        def fail(database: Database, clock: object) -> None:
            raise sa.exc.OperationalError("SELECT", {}, Exception("it is away"))

        with monkeypatch.context() as patch:
            patch.setattr("afterword.web.admin.surveys.list_phases", fail)
            reply = staff.get("/surveys", headers={"accept": accept})
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
        assert "nothing was changed" in reply.text
        assert "it is away" not in reply.text
        (record,) = (item for item in caplog.records if item.name.startswith("afterword"))
        assert (record.message, record.exc_info) == ("can't answer GET on a page: it is away", None)

    def test_what_is_wrong_with_the_statement_itself_is_a_bug(
        self, staff: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(database: Database, clock: object) -> None:
            raise sa.exc.IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed"))

        with monkeypatch.context() as patch:
            patch.setattr("afterword.web.admin.surveys.list_phases", fail)
            assert staff.get("/surveys").status_code == 500


class TestForMachines:
    """Health, metrics and the API's description."""

    def test_a_well_server_says_so(self, visitor: TestClient) -> None:
        for path in ("/healthz", "/readyz"):
            reply = visitor.get(path)
            assert (reply.status_code, reply.json()) == (200, {"ok": True})

    def test_a_server_that_ends_is_alive_and_not_ready(self, site: Site, visitor: TestClient) -> None:
        asyncio.run(site.intake.intake.drain())
        assert visitor.get("/healthz").status_code == 200
        reply = visitor.get("/readyz")
        assert (reply.status_code, reply.json()) == (503, {"ok": False, "error": "draining"})

    def test_without_its_database_a_server_is_not_ready_and_still_has_metrics(
        self, visitor: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(self: Database) -> None:
            raise OSError("away")

        with monkeypatch.context() as patch:
            patch.setattr(Database, "read", fail)
            ready, metrics = visitor.get("/readyz"), visitor.get("/metrics")
        assert (ready.status_code, ready.json()["error"]) == (503, "database")
        assert metrics.status_code == 200
        assert "afterword_intake_queue_events 0.0" in metrics.text

    def test_metrics_count_requests_by_outcome_and_name_nobody(self, site: Site, visitor: TestClient) -> None:
        site.app.track.outcomes.update({"accepted": 2, "invalid_auth": 1})
        text = visitor.get("/metrics").text
        assert 'afterword_track_requests_total{outcome="accepted"} 2.0' in text
        assert 'afterword_track_requests_total{outcome="invalid_auth"} 1.0' in text
        assert "afterword_jobs_waiting" in text
        for secret in ("bob", "secret", "Build", site.world.token):
            assert secret not in text

    def test_the_api_is_described(self, visitor: TestClient) -> None:
        found = visitor.get("/openapi.json").json()
        assert found["openapi"] == "3.1.0"
        post = found["paths"]["/events.track"]["post"]
        assert {"200", "401", "413", "422", "429", "503"} <= set(post["responses"])

    def test_editors_get_the_schema_of_the_survey_file_from_anywhere(self, visitor: TestClient) -> None:
        reply = visitor.get("/survey.schema.json")
        assert reply.headers["content-type"] == "application/schema+json"
        assert reply.headers["access-control-allow-origin"] == "*"
        assert reply.json() == survey_schema()


@pytest.mark.parametrize(("path", "method"), SCIM)
def test_scim_needs_a_token_whoever_has_a_session(
    site: Site, staff: TestClient, path: str, method: str
) -> None:
    for browser in (site.browser(), staff):
        assert browser.request(method, path.replace("{id}", "1")).status_code == 401


def test_the_list_of_surveys_says_who_pauses_one(site: Site, staff: TestClient) -> None:
    assert "paused by" not in staff.get("/surveys").text
    site.world.add_survey("quiet", throttle={"pause": True})
    assert "paused by its file</span>" in staff.get("/surveys").text
