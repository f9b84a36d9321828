"""Does a person see all that is known, change what they want, and does nobody else?"""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from afterword.channels.slack import SlackChannel
from afterword.domain.people.preference import ChannelKind, OptOutScope
from afterword.flows.invitations.person_page import ENTRIES_SHOWN
from afterword.flows.invitations.submit_response import submit_response
from afterword.flows.people.manage_teams import set_timezone
from afterword.storage import people
from afterword.storage.sources import Member, note_members
from afterword.storage.tables import event, person_merge
from tests.flows.world import EAGER
from tests.storage.support import DAY, HOUR, MINUTE, START
from tests.web.conftest import Site, make_site

PAGES = ("", "/surveys", "/surveys?show=not-asked", "/settings", "/export", "/erase")


@pytest.fixture
def own(site: Site) -> str:
    """The path of Bob's own pages."""
    return site.own_path(site.world.person("bob@").id)


def text_of(page: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


class TestLetIn:
    @pytest.mark.parametrize("page", PAGES)
    def test_only_who_has_the_link(self, site: Site, visitor: TestClient, own: str, page: str) -> None:
        bob = site.world.person("bob@").id
        assert visitor.get(own + page).status_code == 200
        others = (own[:-1], "/me/made-up", site.unsubscribe_path(bob).replace("/unsubscribe/", "/me/"))
        for path in (*others, site.own_path(999)):
            assert visitor.get(path + page).status_code == 404
        site.world.set_person("bob@", erased_at=START)
        gone = visitor.get(own + page)
        assert gone.status_code == 404
        assert "This link does not work" in gone.text

    @pytest.mark.parametrize("page", PAGES)
    def test_no_cache_no_referrer_no_index(self, visitor: TestClient, own: str, page: str) -> None:
        headers = visitor.get(own + page).headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-robots-tag"] == "noindex"

    def test_looking_changes_nothing(self, site: Site, visitor: TestClient, own: str) -> None:
        before = site.world.person("bob@")
        for page in (*PAGES, "/settings?change=opt-out&scope=all&done=opt-out"):
            visitor.get(own + page)
        assert site.world.person("bob@") == before


class TestWhatIsKnown:
    def test_is_all_shown_with_where_it_came_from(self, site: Site, visitor: TestClient, own: str) -> None:
        world = site.world
        world.set_person("bob@", locale="pt-BR", start_date="2025-05-01", is_tester=True)
        with world.database.write() as connection:
            member = Member(world.person("bob@").id, "bob-gh")
            note_members(connection, "github:acme", {"7": member}, START)
        for name in ("bob@", "bob@", "bob@", "alice@"):
            world.add_event(email=f"{name}example.com", person_id=world.person(name).id)
        said = text_of(visitor.get(own).text)
        for known in (
            "Bob",
            "bob@example.com",
            "bob-gh",
            "bob-gl",
            "Build",
            "Africa/Lagos",
            "pt-BR",
            "1 May 2025",
        ):
            assert known in said
        assert "tester" in said
        assert "GitHub (acme), as bob-gh, last on 15 January 2027" in said
        assert "Build CLI 3 events the latest on 15 January 2027, 09:00 WAT" in said
        assert "alice" not in said

    def test_is_counted_through_so_many_events_and_said_since_when(
        self, site: Site, visitor: TestClient, own: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("afterword.flows.invitations.person_page.EVENTS_LOOKED_AT_MAX", 2)
        for _ in range(4):
            site.world.add_event(person_id=site.world.person("bob@").id)
            site.world.clock.advance(HOUR)
        said = text_of(visitor.get(own).text)
        assert "2 events" in said
        assert "Counted since 15 January 2027, 11:00 WAT" in said

    def test_is_escaped(self, site: Site, visitor: TestClient, own: str) -> None:
        site.world.set_person("bob@", name="<script>alert(1)</script>")
        assert "<script>alert" not in visitor.get(own).text


class TestSurveysAndYou:
    def test_says_what_was_asked_why_and_what_was_answered(
        self, site: Site, visitor: TestClient, own: str
    ) -> None:
        world = site.world
        invitation = world.invite()
        fields = {"satisfaction": ["4"], "comment": ["More <colour>"]}
        submit_response(world.database, world.clock, world.ticket(invitation), fields)
        page = visitor.get(f"{own}/surveys").text
        said = text_of(page)
        assert "How was your build?" in said
        assert "You were asked because of build.finished in Build CLI on 15 January 2027, 09:00 WAT." in said
        assert "How satisfied are you? 4 of 5" in said
        assert "More &lt;colour&gt;" in said
        assert site.answer_path(invitation.id) in page

    def test_says_what_was_not_asked_and_every_reason_with_its_numbers(
        self, site: Site, visitor: TestClient, own: str
    ) -> None:
        world = site.world
        world.invite()
        world.clock.advance(DAY)
        world.wish("bob@", "snooze", until="2027-02-01")
        world.decide(age=HOUR)
        assert "snoozed" not in visitor.get(f"{own}/surveys").text
        said = text_of(visitor.get(f"{own}/surveys?show=not-asked").text)
        assert "the survey asks within 30 minutes" in said
        assert "You wanted no surveys before 1 February 2027." in said
        assert (
            "You had been asked this survey on 15 January 2027, and are not asked again before 14 February"
            in said
        )

    def test_goes_back_page_by_page_and_leaves_nothing_out(
        self, site: Site, visitor: TestClient, own: str
    ) -> None:
        world = site.world
        names = [f"e{number}" for number in range(2 * ENTRIES_SHOWN + 3)]
        world.add_survey("other", trigger={"events": names}, throttle=EAGER)
        for name in names:
            world.decide(name=name, age=2 * HOUR)
        world.decide(name=names[0], age=2 * HOUR, email="alice@example.com")
        path, found, pages = f"{own}/surveys?show=not-asked", [], 0
        while path:
            page = visitor.get(path).text
            found += re.findall(r"· (e\d+) ·", text_of(page))
            link = re.search(r'href="([^"]*before=[^"]*)"', page)
            path = link[1].replace("&amp;", "&") if link else ""
            pages += 1
        assert (found, pages) == (names[::-1], 3)

    @pytest.mark.parametrize("before", ["0.0", "1", "x", "1.1", "9" * 40 + ".1", "%00"])
    def test_a_made_up_place_does_no_harm(self, visitor: TestClient, own: str, before: str) -> None:
        assert visitor.get(f"{own}/surveys?before={before}").status_code == 200

    def test_an_event_that_is_gone_does_no_harm(self, site: Site, visitor: TestClient, own: str) -> None:
        site.world.invite()
        with site.world.database.write() as connection:
            connection.execute(sa.delete(event))
        assert "You were asked because you had used Build CLI." in visitor.get(f"{own}/surveys").text


class TestSettings:
    def send(self, visitor: TestClient, own: str, change: str, **fields: str) -> str:
        """Send a form as a browser does and follow where it leads; what the page says."""
        sent = visitor.post(f"{own}/settings", data={"change": change, **fields})
        assert sent.status_code == 303, sent.text
        return text_of(visitor.get(sent.headers["location"]).text)

    def test_each_is_confirmed_and_has_its_way_back(self, site: Site, visitor: TestClient, own: str) -> None:
        said = self.send(visitor, own, "snooze", until="2027-03-01")
        assert "Saved: you have a pause." in said
        assert "You get no surveys before 1 March 2027" in said
        assert "Every tool may ask you" in self.send(visitor, own, "wake")
        project = str(site.world.project_id)
        said = self.send(visitor, own, "opt-out", scope="project", value=project)
        assert "No surveys about Build CLI" in said
        assert "Ask me again about Build CLI" in said
        said = self.send(visitor, own, "opt-out", scope="channel", value="email")
        assert "No surveys by e-mail" in said
        said = self.send(visitor, own, "quiet", **{"from": "19:00", "until": "07:30"})
        assert "from 19:00 to 07:30 of the next day (" in said
        said = self.send(visitor, own, "timezone", timezone="Asia/Tokyo")
        assert "07:30 of the next day (Asia/Tokyo)" in said
        said = self.send(visitor, own, "opt-out", scope="all")
        assert "You get no surveys , about any tool, since 15 January 2027, 17:00 JST" in said
        assert "Stop all surveys" in self.send(visitor, own, "opt-in", scope="all")

    def test_ways_are_those_that_are_there(
        self, site: Site, visitor: TestClient, own: str, tmp_path: Path
    ) -> None:
        assert "Slack" not in text_of(visitor.get(f"{own}/settings").text)
        slack = {ChannelKind.SLACK: SlackChannel("xoxb-1", "https://slack.com")}
        visitor = make_site(site.world, tmp_path, channels=slack).browser()
        assert "Surveys may come by Slack." in text_of(visitor.get(f"{own}/settings").text)
        said = self.send(visitor, own, "opt-out", scope="channel", value="slack")
        assert "No surveys by Slack" in said
        assert "Surveys may come by e-mail." in said

    def test_it_says_which_zone_holds_and_who_says_it(
        self, site: Site, visitor: TestClient, own: str
    ) -> None:
        def said() -> tuple[str, str]:
            """Of the settings, and of the overview."""
            settings, overview = (
                unescape(text_of(visitor.get(path).text)) for path in (f"{own}/settings", own)
            )
            return settings, overview

        world = site.world
        world.set_person("bob@", timezone=None)
        settings, overview = said()
        assert "are of UTC , because nobody says another." in settings
        assert "None: UTC" in settings
        assert "Time zone UTC, because nobody says another" in overview
        world.set_policy("policy: organisation\ntimezone: Europe/Oslo\n")
        settings, overview = said()
        assert "are of Europe/Oslo , the organisation's." in settings
        assert "As the organisation: Europe/Oslo" in settings
        set_timezone(world.database, "Build", "Asia/Tokyo")
        settings, overview = said()
        assert "are of Asia/Tokyo , your team's." in settings
        assert "As your team: Asia/Tokyo" in settings
        assert "Time zone Asia/Tokyo, your team's" in overview
        assert "In the directory since 15 January 2027" in overview
        said_then = self.send(visitor, own, "timezone", timezone="America/Denver")
        assert "are of America/Denver , which you chose." in said_then
        assert "As your team: Asia/Tokyo" in said_then

    def test_a_wrong_one_is_told_and_nothing_is_changed(self, visitor: TestClient, own: str) -> None:
        page = visitor.post(f"{own}/settings", data={"change": "snooze", "until": "yesterday"})
        assert page.status_code == 422
        assert 'role="alert"' in page.text
        assert "Please choose a day" in page.text

    @pytest.mark.parametrize(
        "headers",
        [
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site", "origin": "https://afterword.example"},
            {"origin": "https://evil.example"},
        ],
        ids=str,
    )
    def test_another_site_can_change_nothing(
        self, site: Site, visitor: TestClient, own: str, headers: dict[str, str]
    ) -> None:
        data = {"change": "opt-out", "scope": "all"}
        assert visitor.post(f"{own}/settings", data=data, headers=headers).status_code == 403
        assert site.world.person("bob@").opted_out_at is None

    @pytest.mark.parametrize(
        "headers",
        [
            {"sec-fetch-site": "same-origin", "origin": "null"},
            {"origin": "null"},
            {"origin": "https://afterword.example"},
        ],
        ids=str,
    )
    def test_our_own_page_can(
        self, site: Site, visitor: TestClient, own: str, headers: dict[str, str]
    ) -> None:
        data = {"change": "opt-out", "scope": "all"}
        assert visitor.post(f"{own}/settings", data=data, headers=headers).status_code == 303
        assert site.world.person("bob@").opted_out_at == START

    def test_what_no_browser_sends_is_refused_in_words(self, visitor: TestClient, own: str) -> None:
        page = visitor.post(f"{own}/settings", content=b"{}", headers={"content-type": "application/json"})
        assert page.status_code == 422
        assert "text/html" in page.headers["content-type"]

    def test_without_the_link_nothing_is_changed(self, site: Site, visitor: TestClient, own: str) -> None:
        for data in ({"change": "opt-out", "scope": "all"}, {"change": "nonsense"}):
            assert visitor.post(f"{own[:-1]}/settings", data=data).status_code == 404
        assert site.world.person("bob@").opted_out_at is None


class TestExport:
    def exported(self, visitor: TestClient, own: str) -> dict[str, Any]:
        reply = visitor.get(f"{own}/export")
        assert reply.headers["content-type"].startswith("application/json")
        assert "attachment" in reply.headers["content-disposition"]
        found = json.loads(reply.text)
        assert isinstance(found, dict)
        return found

    def test_of_somebody_new_is_whole(self, visitor: TestClient, own: str) -> None:
        found = self.exported(visitor, own)
        assert (found["invitations"], found["decisions"], found["events"]) == ([], [], [])

    def test_has_everything_of_the_person_and_nothing_of_others(
        self, site: Site, visitor: TestClient, own: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Of several reads each.
        monkeypatch.setattr("afterword.flows.people.export_person.ROWS_AT_ONCE", 2)
        monkeypatch.setattr("afterword.flows.people.export_person.EVENTS_AT_ONCE", 2)
        world = site.world
        world.add_survey("eager", trigger={"events": ["deploy"]}, throttle=EAGER)
        for number in range(5):
            world.clock.advance(MINUTE)
            of_bob = {"person_id": world.person("bob@").id, "metadata": json.dumps({"n": number})}
            invitation = world.invite(name="deploy", **of_bob)
            world.invite(name="deploy", email="alice@example.com", person_id=world.person("alice@").id)
        world.add_event(person_id=world.person("bob@").id, metadata='{"n": 5}')
        submit_response(world.database, world.clock, world.ticket(invitation), {"satisfaction": ["2"]})
        world.wish("bob@", "opt-out", scope="project", value=str(world.project_id))
        with world.database.write() as connection:
            note_members(connection, "scim", {"42": Member(world.person("bob@").id, None)}, START)
            row = {"kept_id": world.person("bob@").id, "merged_id": world.person("charlie@").id}
            connection.execute(sa.insert(person_merge).values(**row, moved="{}", merged_at=START))
        found = self.exported(visitor, own)
        assert [(one["source"], one["external_id"]) for one in found["sources"]] == [("scim", "42")]
        assert [one["merged_id"] for one in found["merges"]] == [world.person("charlie@").id]
        assert found["person"]["email"] == "bob@example.com"
        assert {one["value"] for one in found["handles"]} == {"bob@example.com", "bob-gh", "bob-gl"}
        assert [one["metadata"] for one in found["events"]] == [{"n": n} for n in range(6)]
        assert [one["reason"] for one in found["decisions"]] == ["invited"] * 5
        given = [one["response"] for one in found["invitations"]]
        assert [one and one["answers"] for one in given] == [None] * 4 + [{"satisfaction": 2}]
        (wish,) = found["opt_outs"]
        assert (wish["scope"], wish["value"]) == (OptOutScope.PROJECT, str(world.project_id))
        assert "alice" not in json.dumps(found)


class TestErase:
    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """There is no other server to wait for."""
        monkeypatch.setattr("afterword.flows.people.erase_person.SERVERS_FOLLOW_S", 0.0)

    def test_takes_the_address_and_everything_with_it(
        self, site: Site, visitor: TestClient, own: str
    ) -> None:
        bob = site.world.person("bob@").id
        site.world.add_survey(throttle=EAGER)
        site.world.invite(metadata='{"a":1}')
        # Whoever was forwarded a mail does not read here what to type.
        assert "bob@example.com" not in visitor.get(own + "/erase").text
        done = visitor.post(own + "/erase", data={"address": " BOB@example.com "})
        assert (done.status_code, "You are erased" in done.text) == (200, True)
        assert "a code made of each of your names" in text_of(done.text)
        again = visitor.get(own)
        assert again.status_code == 404
        assert "If everything about you was erased, the link has ended for good" in again.text
        with site.world.database.read() as connection:
            left = connection.execute(sa.select(event.c.email, event.c.metadata, event.c.person_id)).all()
            assert [tuple(row) for row in left] == [(None, None, None)]
            gone = people.get_person(connection, bob)
        assert gone is not None
        assert (gone.email, gone.name, gone.handles, gone.erased_at is None) == ("", "", {}, False)

    @pytest.mark.parametrize("typed", ["", "alice@example.com", "bob"])
    def test_another_address_erases_nobody(
        self, site: Site, visitor: TestClient, own: str, typed: str
    ) -> None:
        refused = visitor.post(own + "/erase", data={"address": typed})
        assert (refused.status_code, "Nothing was erased" in refused.text) == (422, True)
        assert f'value="{typed}" aria-invalid="true" aria-describedby="problem"' in refused.text
        assert site.world.person("bob@").name == "Bob"

    def test_another_site_can_not(self, site: Site, visitor: TestClient, own: str) -> None:
        sent = {"address": "bob@example.com"}
        refused = visitor.post(own + "/erase", data=sent, headers={"Sec-Fetch-Site": "cross-site"})
        assert refused.status_code == 403
        assert site.world.person("bob@").name == "Bob"

    def test_a_link_that_we_did_not_make_erases_nobody(self, visitor: TestClient, own: str) -> None:
        assert visitor.post(own[:-1] + "/erase", data={"address": "bob@example.com"}).status_code == 404
