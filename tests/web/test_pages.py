"""Do the pages behind links show, record and change only what a person asked for?"""

import html
import re
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from starlette.testclient import TestClient

from afterword.domain.invitation import CANCELLED, InvitationState
from afterword.flows.surveys.manage_surveys import close_survey
from afterword.flows.throttle.preferences import is_opted_out
from afterword.storage import invitations, responses
from tests.storage.support import DAY
from tests.web.conftest import Site

DATA = Path(__file__).parents[1] / "e2e" / "data"
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
            (b"&".join(b"a%d=1" % n for n in range(600)), "application/x-www-form-urlencoded"),
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

    def test_a_withdrawn_question_says_so_kindly(self, invited: Site, visitor: TestClient) -> None:
        with invited.parts.database.write() as connection:
            invitations.set_state(connection, 1, InvitationState.CANCELLED, error=CANCELLED)
        for page in (visitor.get(invited.answer_path(1)), visitor.post(invited.answer_path(1), data=GOOD)):
            assert page.status_code == 410
            assert "This question was withdrawn" in page.text
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


class TestLeaving:
    """Two quiet buttons below the form."""

    @pytest.fixture
    def reserved(self, site: Site) -> Site:
        """Bob's invitation is number 1."""
        assert site.world.reserve().id == 1
        return site

    @pytest.mark.parametrize(("said", "words"), [("snoozed", "not now"), ("dismissed", "no answer")])
    def test_a_press_is_remembered_and_can_be_taken_back(
        self, reserved: Site, visitor: TestClient, said: str, words: str
    ) -> None:
        path = reserved.answer_path(1)
        assert f'value="{said}"' in visitor.get(path).text
        page = visitor.post(f"{path}/leave", data={"outcome": said})
        assert (page.status_code, words in page.text, path in page.text) == (200, True, True)
        assert reserved.world.invitation(1).outcome == said
        assert visitor.post(path, data=GOOD).status_code == 303
        assert reserved.world.invitation(1).outcome == "answered"

    def test_opening_is_no_press(self, reserved: Site, visitor: TestClient) -> None:
        assert visitor.get(f"{reserved.answer_path(1)}/leave").status_code == 405
        assert reserved.world.invitation(1).outcome is None

    @pytest.mark.parametrize("fields", [{}, {"outcome": "answered"}, {"outcome": "x"}])
    def test_what_no_browser_sends_is_refused_in_words(
        self, reserved: Site, visitor: TestClient, fields: dict[str, str]
    ) -> None:
        page = visitor.post(f"{reserved.answer_path(1)}/leave", data=fields)
        assert (page.status_code, "did not work" in page.text) == (422, True)
        assert reserved.world.invitation(1).outcome is None

    def test_after_an_answer_there_is_nothing_to_leave(self, reserved: Site, visitor: TestClient) -> None:
        path = reserved.answer_path(1)
        visitor.post(path, data=GOOD)
        assert "/leave" not in visitor.get(path).text
        left = visitor.post(f"{path}/leave", data={"outcome": "dismissed"})
        assert (left.status_code, left.headers["location"]) == (303, f"{path}/thanks")

    def test_a_link_that_we_did_not_make_or_that_expired_does_not_work(
        self, reserved: Site, visitor: TestClient
    ) -> None:
        fields = {"outcome": "dismissed"}
        assert visitor.post("/answer/made-up/leave", data=fields).status_code == 404
        assert visitor.post(f"{reserved.answer_path(99)}/leave", data=fields).status_code == 404
        reserved.world.clock.advance(3 * DAY)
        assert visitor.post(f"{reserved.answer_path(1)}/leave", data=fields).status_code == 410


class TestBranches:
    """Step by step, without a script."""

    QUESTIONS: ClassVar = [
        {"key": "worked", "type": "yes_no", "text": "Did it work?", "next": {"yes": "comment"}},
        {"key": "why", "type": "single_choice", "text": "What broke?", "options": ["A", "B"], "other": True},
        {"key": "comment", "type": "text", "text": "Anything else?"},
    ]

    @pytest.fixture
    def path(self, site: Site) -> str:
        """The link of Bob's invitation to a survey with branches."""
        site.world.add_survey("branches", questions=self.QUESTIONS)
        return site.answer_path(site.world.reserve("branches").id)

    def hidden(self, page: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page):
            found.setdefault(name, []).append(html.unescape(value))
        return found

    def test_the_next_questions_follow_and_nothing_is_kept_before_the_end(
        self, site: Site, visitor: TestClient, path: str
    ) -> None:
        first = visitor.get(path)
        assert ("Did it work?" in first.text, "What broke?" in first.text) == (True, False)
        second = visitor.post(path, data={"worked": "no"})
        assert second.status_code == 200
        assert ("What broke?" in second.text, "Anything else?" in second.text) == (True, True)
        assert kept(site) is None
        carried = self.hidden(second.text)
        assert carried == {"_shown": ["worked"], "worked": ["no"]}
        done = visitor.post(path, data={**carried, "why": "other", "why.other": '"<b>"', "comment": ""})
        assert done.status_code == 303
        assert kept(site) == {"worked": "no", "why": "other", "why.other": '"<b>"'}
        thanks = visitor.get(f"{path}/thanks").text
        assert "&lt;b&gt;" in thanks
        again = visitor.post(path, data={"worked": "no"}).text
        assert 'value="&#34;&lt;b&gt;&#34;"' in again

    def test_a_mistake_is_shown_in_its_step_and_the_way_back_keeps_what_was_typed(
        self, site: Site, visitor: TestClient, path: str
    ) -> None:
        carried = self.hidden(visitor.post(path, data={"worked": "no"}).text)
        wrong = visitor.post(path, data={**carried, "why": "", "comment": "Kept"})
        assert (wrong.status_code, "What broke?" in wrong.text, "Kept" in wrong.text) == (422, True, True)
        assert self.hidden(wrong.text) == carried
        back = visitor.post(path, data={**carried, "why": "A", "comment": "Kept", "_back": "1"})
        assert (back.status_code, "Did it work?" in back.text) == (200, True)
        assert self.hidden(back.text) == {"why": ["A"], "comment": ["Kept"]}
        assert kept(site) is None

    def test_another_branch_drops_what_was_answered_on_the_first(
        self, site: Site, visitor: TestClient, path: str
    ) -> None:
        form = {"_shown": "worked", "worked": "yes", "why": "A", "comment": "Fine"}
        assert visitor.post(path, data=form).status_code == 303
        assert kept(site) == {"worked": "yes", "comment": "Fine"}


class TestAnonymous:
    """The page says before and after what can't be undone."""

    def test_says_so_before_and_after_and_shows_no_answer(self, site: Site, visitor: TestClient) -> None:
        site.world.add_survey("quiet", privacy="anonymous")
        path = site.answer_path(site.world.reserve("quiet").id)
        assert "This survey is anonymous" in visitor.get(path).text
        sent = visitor.post(path, data=GOOD)
        for page in (
            visitor.get(sent.headers["location"]),
            visitor.get(path),
            visitor.post(path, data={"satisfaction": "1"}),
            visitor.post(f"{path}/leave", data={"outcome": "dismissed"}),
        ):
            assert (page.status_code, "nobody can tell which answer is yours" in page.text) == (200, True)
            assert "besser" not in page.text
        assert kept(site) is None

    def test_the_persons_own_pages_and_the_copy_say_so_too(self, site: Site, visitor: TestClient) -> None:
        site.world.add_survey("build-cli", privacy="anonymous")
        invited = site.world.invite()
        path = site.answer_path(invited.id)
        visitor.get(path)
        assert visitor.post(path, data=GOOD).status_code == 303
        own = site.own_path(invited.person_id)
        said = visitor.get(f"{own}/surveys").text
        assert "You answered anonymously: nobody can tell which answer is yours" in said
        assert "You opened it on 15 January 2027." in said
        copy = visitor.get(f"{own}/export").json()
        (about,) = copy["invitations"]
        assert (about["response"], about["outcome"], about["outcome_at"]) == (
            {"anonymous": True},
            "answered",
            None,
        )
        assert "besser" not in said + str(copy)


def test_each_kind_of_question_is_asked_answered_and_shown(site: Site, visitor: TestClient) -> None:
    document = yaml.safe_load((DATA / "kinds.yaml").read_text())
    site.world.add_survey("kinds", **{key: document[key] for key in ("title", "introduction", "questions")})
    path = site.answer_path(site.world.reserve("kinds", metadata='{"branch": "<i>main</i>"}').id)
    page = visitor.get(path).text
    assert "How did building &lt;i&gt;main&lt;/i&gt; go?" in page
    assert set(re.findall(r'name="([^"_]+)"', page)) >= {"mood", "areas.docs", "order", "parts.other", "tool"}
    form = {
        "mood": "1",
        "named": "3",
        "ease": "7",
        "again": "no",
        "obstacle.other": "The disk",
        "parts": ["Local", "Cache"],
        "areas.speed": "1",
        "areas.errors": "2",
        "areas.docs": "7",
        "order": ["Errors", "Speed", ""],
        "tool": "make",
        "comment": "",
    }
    part = visitor.post(path, data=form | {"areas.docs": ""})
    assert (part.status_code, part.text.count("Please choose a number in every row.")) == (422, 1)
    for kept_text in ('value="The disk"', 'value="make"', '<option value="Errors" selected>'):
        assert kept_text in part.text
    assert part.text.count(" checked") == 8
    assert visitor.post(path, data=form).status_code == 303
    assert kept(site) == {
        "mood": 1,
        "named": 3,
        "ease": 7,
        "again": "no",
        "obstacle": "other",
        "obstacle.other": "The disk",
        "parts": ["Local", "Cache"],
        "areas": {"speed": 1, "errors": 2, "docs": 7},
        "order": ["Errors", "Speed", "Documentation"],
        "tool": "make",
    }
    thanks = html.unescape(visitor.get(f"{path}/thanks").text)
    for said in ("It helped me (3 of 3)", "Documentation: 7 of 7", "1. Errors", "The disk", "Local, Cache"):
        assert said in thanks


def test_a_surveys_own_words_name_their_language_and_run_in_their_direction(
    site: Site, visitor: TestClient
) -> None:
    questions = [
        {"key": "mood", "type": "rating", "text": "كيف كان؟", "low_label": "سيئ"},
        {"key": "why", "type": "single_choice", "text": "ما الذي أعاقك؟", "options": ["بطيء", "آخر"]},
        {"key": "order", "type": "ranking", "text": "ماذا أولا؟", "options": ["السرعة", "الأخطاء"]},
    ]
    site.world.add_survey("arabic", title="كيف كان البناء؟", locale="ar", questions=questions)
    path = site.answer_path(site.world.reserve("arabic").id)
    page = visitor.get(path).text
    for word in ("كيف كان البناء؟", "كيف كان؟", "1 – سيئ", "بطيء", "السرعة"):
        assert re.search(rf'lang="ar"[^>]*>{re.escape(word)}<', page), word
    assert len(re.findall('<fieldset class="question"[^>]* dir="rtl"', page)) == 3
    assert visitor.post(path, data={"mood": "1", "why": "بطيء"}).status_code == 303
    assert '<dl class="given" lang="ar">' in visitor.get(f"{path}/thanks").text


GERMAN = [
    {"key": "froh", "type": "rating", "text": "Wie war es?", "low_label": "Schlecht", "look": "stars"},
    {"key": "warum", "type": "multiple_choice", "text": "Was fiel auf?", "options": ["Tempo", "Doku"]},
    {"key": "wort", "type": "text", "text": "Was noch?"},
    {"key": "rang", "type": "ranking", "text": "Was zuerst?", "options": ["Tempo", "Doku"]},
]
ENGLISH = re.compile(
    r"(?i)\b(the|you|your|answer|survey|please|question|nothing|until|back|send|required|optional|of|up to)\b"
)


def english_in(page: str) -> list[str]:
    """English words that somebody reads or hears on a page."""
    heard = re.findall(r'(?:aria-label|placeholder|alt)="([^"]*)"', page)
    read = re.sub(r"<[^>]*>", " ", page.partition("<title>")[2])
    return ENGLISH.findall(html.unescape(" ".join([read, *heard])))


class TestLanguages:
    """What stands around a survey is in its language."""

    @pytest.fixture
    def german(self, site: Site) -> Site:
        """Bob's invitation to a German survey is number 1."""
        site.world.add_survey("german", title="Wie lief es?", locale="de", questions=GERMAN)
        assert site.world.reserve("german").id == 1
        return site

    def test_a_german_survey_has_german_pages(self, german: Site, visitor: TestClient) -> None:
        path = german.answer_path(1)
        shown = visitor.get(path, params={"froh": "4"}).text
        for said in (
            "Nicht jetzt",
            "Nein, danke",
            "Antworten senden",
            "4 von 5",
            "Sehr zufrieden",
            "Platz 1",
        ):
            assert said in shown
        assert re.search(
            r"Eine erste Antwort ist möglich bis <time [^>]*>\d+\. \S+ \d{4}, \d\d:\d\d UTC<", shown
        )
        refused = visitor.post(path, data={"froh": "9"})
        assert (refused.status_code, "Bitte eine Zahl von 1 bis 5 wählen." in refused.text) == (422, True)
        left = visitor.post(f"{path}/leave", data={"outcome": "snoozed"}).text
        assert "In Ordnung, nicht jetzt" in left
        assert f'<a href="{path}">Jetzt beantworten</a>' in left
        assert visitor.post(path, data={"froh": "4"}).status_code == 303
        thanks, again = visitor.get(f"{path}/thanks").text, visitor.get(path).text
        assert "Die Antwort ist gespeichert" in thanks
        assert "Diese Umfrage ist schon beantwortet." in again
        close_survey(german.world.database, german.world.clock, "german")
        closed = visitor.get(path)
        assert (closed.status_code, "Diese Umfrage ist beendet" in closed.text) == (410, True)
        assert "„<bdi>Wie lief es?</bdi>“ nimmt keine Änderungen mehr an." in closed.text
        for page in (shown, refused.text, left, thanks, again, closed.text):
            assert '<html lang="de">' in page
            assert page.count("lang=") == 1
            assert english_in(page) == []

    def test_a_late_answer_is_refused_in_german(self, german: Site, visitor: TestClient) -> None:
        german.world.clock.advance(31 * DAY)
        page = visitor.get(german.answer_path(1))
        assert (page.status_code, "Dieser Link ist abgelaufen" in page.text) == (410, True)
        assert english_in(page.text) == []

    def test_an_anonymous_answer_is_thanked_for_in_german(self, site: Site, visitor: TestClient) -> None:
        site.world.add_survey(
            "german", title="Wie lief es?", locale="de", questions=GERMAN, privacy="anonymous"
        )
        path = site.answer_path(site.world.reserve("german").id)
        shown = visitor.get(path).text
        assert visitor.post(path, data={"froh": "4"}).status_code == 303
        thanks = visitor.get(f"{path}/thanks").text
        assert "Diese Umfrage ist anonym." in shown
        assert "Die Antwort ist angekommen" in thanks
        assert english_in(shown) == english_in(thanks) == []

    def test_around_a_language_that_we_do_not_speak_is_english(self, site: Site, visitor: TestClient) -> None:
        site.world.add_survey("finnish", title="Miten meni?", locale="fi", questions=GERMAN)
        page = visitor.get(site.answer_path(site.world.reserve("finnish").id)).text
        assert '<html lang="en">' in page
        assert "Send my answers" in page
        assert '<h1 dir="auto" lang="fi">Miten meni?</h1>' in page

    def test_the_page_to_unsubscribe_is_in_the_persons_language(
        self, site: Site, visitor: TestClient
    ) -> None:
        site.world.set_person("bob@", locale="pt-PT")
        path = site.unsubscribe_path(site.world.person("bob@").id)
        asked, done = visitor.get(path).text, visitor.post(path).text
        assert "Cancelar todas as pesquisas" in asked
        assert "Você não receberá mais pesquisas" in done
        assert '<html lang="pt-BR">' in asked
        assert english_in(asked) == english_in(done) == []

    @pytest.mark.parametrize("locale", ["", "fi"])
    def test_else_in_the_browsers(self, site: Site, visitor: TestClient, locale: str) -> None:
        site.world.set_person("bob@", locale=locale or None)
        path = site.unsubscribe_path(site.world.person("bob@").id)
        page = visitor.get(path, headers={"accept-language": "fr-CH, fr;q=0.9, en;q=0.8"}).text
        assert '<html lang="fr">' in page
        assert english_in(page) == []

    def test_so_is_what_is_said_of_links_and_forms_that_do_not_work(
        self, german: Site, visitor: TestClient
    ) -> None:
        headers = {"accept-language": "ja"}
        lost = visitor.get("/answer/nonsense", headers=headers)
        long = visitor.post(german.answer_path(1), data={"wort": "x" * 300_000}, headers=headers)
        odd = visitor.post(german.answer_path(1), content=b"{}", headers=headers)
        assert [page.status_code for page in (lost, long, odd)] == [404, 422, 422]
        for page, said in ((lost, "このリンクは使えません"), (long, "長すぎるため"), (odd, "読み取れません")):
            assert said in page.text
            assert english_in(page.text) == []


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
