"""Do the pages behind links show, record and change only what a person asked for?"""

import pytest
from starlette.testclient import TestClient

from afterword.flows.manage_surveys import close_survey
from afterword.flows.preferences import is_opted_out
from afterword.storage import responses
from tests.storage.support import DAY
from tests.web.conftest import Site

GOOD = {"satisfaction": "4", "comment": "Größer & <b>besser</b>"}


@pytest.fixture
def invited(site: Site) -> Site:
    """Bob's invitation is number 1."""
    assert site.world.invite().id == 1
    return site


def kept(site: Site) -> dict[str, object] | None:
    with site.parts.database.read() as connection:
        return responses.find_answers(connection, 1)


class TestAnswering:
    """GET shows, POST records."""

    def test_opening_a_link_shows_the_survey_and_never_records(
        self, invited: Site, visitor: TestClient
    ) -> None:
        for _ in range(3):
            page = visitor.get(invited.answer_path(1, satisfaction="5"))
            assert page.status_code == 200
            assert "How satisfied are you?" in page.text
        assert kept(invited) is None
        assert invited.world.invitation(1).opened_at is not None

    def test_asking_for_headers_only_is_not_opening(self, invited: Site, visitor: TestClient) -> None:
        assert visitor.head(invited.answer_path(1)).status_code == 200
        assert invited.world.invitation(1).opened_at is None
        assert kept(invited) is None

    @pytest.mark.parametrize(("value", "is_checked"), [("5", True), ("9", False), ("<script>", False)])
    def test_a_link_preselects_what_fits(
        self, invited: Site, visitor: TestClient, value: str, is_checked: bool
    ) -> None:
        page = visitor.get(invited.answer_path(1, satisfaction=value))
        assert page.status_code == 200
        assert ("checked" in page.text) is is_checked
        assert "<script>" not in page.text

    def test_an_answer_is_recorded_thanked_for_and_shown_to_be_changed(
        self, invited: Site, visitor: TestClient
    ) -> None:
        path = invited.answer_path(1)
        sent = visitor.post(path, data=GOOD)
        assert (sent.status_code, sent.headers["location"]) == (303, f"{path}/thanks")
        assert kept(invited) == {"satisfaction": 4, "comment": "Größer & <b>besser</b>"}
        thanks = visitor.get(sent.headers["location"])
        assert thanks.status_code == 200
        assert path in thanks.text
        again = visitor.get(path)
        assert "&lt;b&gt;besser&lt;/b&gt;" in again.text
        assert "checked" in again.text
        assert visitor.post(path, data={"satisfaction": "1"}).status_code == 303
        assert kept(invited) == {"satisfaction": 1}

    def test_thanks_without_an_answer_lead_back_to_the_survey(
        self, invited: Site, visitor: TestClient
    ) -> None:
        path = invited.answer_path(1)
        page = visitor.get(f"{path}/thanks")
        assert (page.status_code, page.headers["location"]) == (303, path)

    @pytest.mark.parametrize(
        "fields", [{"satisfaction": ""}, {"satisfaction": "7"}, {"comment": "x" * 4_001}]
    )
    def test_what_does_not_fit_is_shown_again_and_not_recorded(
        self, invited: Site, visitor: TestClient, fields: dict[str, str]
    ) -> None:
        page = visitor.post(invited.answer_path(1), data=fields)
        assert page.status_code == 422
        assert 'role="alert"' in page.text
        assert fields.get("comment", "") in page.text
        assert kept(invited) is None

    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (b'{"satisfaction":4}', "application/json"),
            (b"satisfaction=4", "text/plain"),
            (b"satisfaction=\xff4", "application/x-www-form-urlencoded"),
            (b"satisfaction=4&comment=" + b"x" * 300_000, "application/x-www-form-urlencoded"),
            (b"&".join(b"a%d=1" % n for n in range(300)), "application/x-www-form-urlencoded"),
        ],
        ids=["json", "text", "not utf-8", "too large", "too many fields"],
    )
    def test_what_no_browser_sends_is_refused_in_words(
        self, invited: Site, visitor: TestClient, content: bytes, kind: str
    ) -> None:
        page = visitor.post(invited.answer_path(1), content=content, headers={"content-type": kind})
        assert page.status_code == 422
        assert "text/html" in page.headers["content-type"]
        assert kept(invited) is None

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_link_that_we_did_not_make_does_not_work(
        self, invited: Site, visitor: TestClient, method: str
    ) -> None:
        good = invited.answer_path(1).removeprefix("/answer/")
        stolen = invited.unsubscribe_path(1).removeprefix("/unsubscribe/")
        unknown = invited.answer_path(99).removeprefix("/answer/")
        for token in (good[:-1], "x" + good, good.upper(), "1", "%00", stolen, unknown):
            page = visitor.request(method, f"/answer/{token}", data=GOOD if method == "POST" else None)
            assert page.status_code == 404, token
            assert "This link does not work" in page.text
        assert visitor.get(f"/answer/{good[:-1]}/thanks").status_code == 404
        assert kept(invited) is None

    def test_an_expired_link_says_so_kindly(self, invited: Site, visitor: TestClient) -> None:
        invited.world.clock.advance(3 * DAY)
        for page in (visitor.get(invited.answer_path(1)), visitor.post(invited.answer_path(1), data=GOOD)):
            assert page.status_code == 410
            assert "expired" in page.text
        assert kept(invited) is None

    def test_a_closed_survey_says_so_kindly(self, invited: Site, visitor: TestClient) -> None:
        close_survey(invited.parts.database, invited.parts.clock, "build-cli")
        for page in (visitor.get(invited.answer_path(1)), visitor.post(invited.answer_path(1), data=GOOD)):
            assert page.status_code == 410
            assert "closed" in page.text
        assert kept(invited) is None

    def test_a_test_invitation_is_visibly_marked(self, site: Site, visitor: TestClient) -> None:
        test = site.world.invite(is_test=True)
        assert "TEST" in visitor.get(site.answer_path(test.id)).text


class TestUnsubscribing:
    """GET asks, POST does it in one click."""

    def is_out(self, site: Site) -> bool | None:
        return is_opted_out(site.parts.database, site.world.guest("bob@"))

    def path(self, site: Site) -> str:
        return site.unsubscribe_path(site.world.person("bob@").id)

    def test_opening_the_link_changes_nothing(self, site: Site, visitor: TestClient) -> None:
        page = visitor.get(self.path(site))
        assert page.status_code == 200
        assert "<button" in page.text
        assert self.is_out(site) is False

    @pytest.mark.parametrize("fields", [{"List-Unsubscribe": "One-Click"}, {}])
    def test_a_mail_program_unsubscribes_with_one_post(
        self, site: Site, visitor: TestClient, fields: dict[str, str]
    ) -> None:
        page = visitor.post(self.path(site), data=fields, headers={"origin": "https://mail.example"})
        assert page.status_code == 200
        assert self.is_out(site) is True

    def test_a_click_can_be_taken_back(self, site: Site, visitor: TestClient) -> None:
        visitor.post(self.path(site))
        assert 'name="resubscribe"' in visitor.get(self.path(site)).text
        visitor.post(self.path(site), data={"resubscribe": "1"})
        assert self.is_out(site) is False

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_link_that_we_did_not_make_does_not_work(
        self, site: Site, visitor: TestClient, method: str
    ) -> None:
        stolen = site.answer_path(site.world.person("bob@").id).replace("/answer/", "/unsubscribe/")
        for path in (self.path(site)[:-1], stolen, site.unsubscribe_path(999)):
            assert visitor.request(method, path).status_code == 404
        assert self.is_out(site) is False
