"""Is an invitation a well-formed mail that nobody's text can turn into another one?"""

import email
import re
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from afterword.channels.email_message import TEST_MARK, compose
from afterword.domain.survey.piping import UNLINKED
from afterword.domain.survey.question import (
    Option,
    Question,
    RatingQuestion,
    SingleChoiceQuestion,
    list_choices,
)
from afterword.domain.words.languages import LANGUAGES
from afterword.domain.words.words import Words
from tests.channels.messages import QUESTIONS, message

SENDER = "Afterword <afterword@example.com>"
HEADERS = {
    "Subject",
    "From",
    "To",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
}
every_kind = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.key)


def received(mail: EmailMessage) -> EmailMessage:
    """The mail as the other side reads it from the wire."""
    return email.message_from_bytes(mail.as_bytes(), policy=policy.default)


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content())


class Page(HTMLParser):
    """The tags, links and visible text of an HTML part."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def read(mail: EmailMessage) -> tuple[str, Page]:
    """Both parts as they arrive."""
    arrived = received(mail)
    return part(arrived, "plain"), Page(part(arrived, "html"))


class TestHeaders:
    def test_are_these_and_no_others(self) -> None:
        mail = received(compose(message(), SENDER))
        assert set(mail.keys()) == HEADERS
        assert len(mail.keys()) == len(HEADERS)
        assert mail["Subject"] == "How was your build?"
        assert mail["From"] == SENDER
        assert mail["To"] == "Ana Souza <ana@example.com>"
        assert mail["Date"].datetime == datetime(2026, 3, 2, 12, tzinfo=UTC)

    def test_the_message_id_stays_when_it_is_sent_again(self) -> None:
        ids = {received(compose(message(), SENDER))["Message-ID"] for _ in range(2)}
        assert len(ids) == 1
        assert ids.pop().startswith("<q3x8k2v9b7n4m1p6s5d0f8g2")

    def test_the_message_id_has_both_halves_that_the_standard_asks_for(self) -> None:
        """RFC 5322, 3.6.4; relays replace an invalid one, and then a mail sent twice is shown twice."""
        message_id = received(compose(message(), SENDER))["Message-ID"]
        assert re.fullmatch(r"<[a-z0-9.-]+@[a-z0-9.-]+>", message_id)

    def test_one_click_unsubscribes(self) -> None:
        mail = received(compose(message(), SENDER))
        assert mail["List-Unsubscribe"] == "<https://surveys.example.com/unsubscribe/Nw.c2lnbmVk>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    def test_a_long_unsubscribe_link_is_not_broken(self) -> None:
        url = "https://surveys.example.com/unsubscribe/" + "x" * 300
        assert received(compose(message(unsubscribe_url=url), SENDER))["List-Unsubscribe"] == f"<{url}>"

    def test_no_automatic_answer_is_asked_for(self) -> None:
        mail = received(compose(message(), SENDER))
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["X-Auto-Response-Suppress"] == "All"

    def test_a_test_is_marked_in_the_subject(self) -> None:
        assert (
            received(compose(message(is_test=True), SENDER))["Subject"] == TEST_MARK + "How was your build?"
        )
        assert "TEST" not in received(compose(message(), SENDER))["Subject"]

    @pytest.mark.parametrize("title", ["Wie war’s? 🚀", "日本語の質問" * 20, "x" * 200])
    def test_the_title_arrives_whatever_its_letters(self, title: str) -> None:
        assert received(compose(message(title=title), SENDER))["Subject"] == title

    @pytest.mark.parametrize(
        "name", ["Zoë Müller", "田中 恵美", 'Ana "the fox" Souza', "Souza, Ana", "a@b <c>", "", "(x)"]
    )
    def test_the_name_never_changes_who_gets_the_mail(self, name: str) -> None:
        to = received(compose(message(to_name=name), SENDER))["To"]
        assert [address.addr_spec for address in to.addresses] == ["ana@example.com"]
        assert to.addresses[0].display_name == name

    @pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\r\n\r\n", "\x0b", "\x0c", "\x85", "\u2028"])
    @pytest.mark.parametrize("field", ["title", "to_name"])
    def test_line_breaks_add_no_header_and_no_text(self, field: str, break_: str) -> None:
        evil = f"Hi{break_}Bcc: eve@example.com{break_}X-Evil: 1"
        raw = compose(message(**{field: evil}), SENDER).as_bytes()
        mail = email.message_from_bytes(raw, policy=policy.default)
        assert set(mail.keys()) == HEADERS
        assert len(mail.keys()) == len(HEADERS)
        head = raw.split(b"\r\n\r\n")[0]
        assert not re.search(rb"(?im)^(bcc|x-evil)\s*:", head)
        assert [address.addr_spec for address in mail["To"].addresses] == ["ana@example.com"]

    @pytest.mark.parametrize("field", ["title", "to_name", "introduction", "project"])
    @pytest.mark.parametrize("odd", ["\x00", "\x1b", "\ufffe"], ids=ascii)
    def test_odd_characters_do_not_keep_a_mail_from_being_made(self, field: str, odd: str) -> None:
        mail = received(compose(message(**{field: f"a{odd}b"}), SENDER))
        assert set(mail.keys()) == HEADERS


class TestParts:
    @every_kind
    def test_are_text_and_html_of_one_message(self, question: Question) -> None:
        mail = received(compose(message(question), SENDER))
        assert mail.get_content_type() == "multipart/alternative"
        parts = [item.get_content_type() for item in mail.iter_parts()]
        assert parts == ["text/plain", "text/html"]  # the last one is the one that is preferred
        assert all(item.get_content_charset() == "utf-8" for item in mail.iter_parts())

    @every_kind
    def test_both_ask_the_first_question_and_say_why(self, question: Question) -> None:
        text, page = read(compose(message(question), SENDER))
        for said in (" ".join(text.split()), " ".join(page.text.split())):
            assert question.text in said
            assert "Build CLI" in said
            assert "build.finished" in said.replace(UNLINKED, "")
            assert "Ana Souza" in said

    @every_kind
    def test_both_link_every_choice(self, question: Question) -> None:
        sent = message(question)
        text, page = read(compose(sent, SENDER))
        assert set(sent.choice_urls) == set(list_choices(question))
        for url in sent.choice_urls.values():
            assert page.links.count(url) == 1
            assert text.split().count(url) == 1

    @every_kind
    def test_both_link_the_survey_the_persons_page_and_the_way_out(self, question: Question) -> None:
        sent = message(question)
        text, page = read(compose(sent, SENDER))
        wanted = {*sent.choice_urls.values()} or {sent.answer_url}
        wanted |= {sent.person_url, sent.unsubscribe_url}
        assert set(page.links) == wanted
        assert {word for word in text.split() if word.startswith("http")} == wanted

    def test_both_say_until_when(self) -> None:
        for said in read(compose(message(), SENDER)):
            assert "5 March 2026, 12:00 UTC" in (said if isinstance(said, str) else said.text)

    @every_kind
    def test_both_are_marked_when_it_is_a_test(self, question: Question) -> None:
        for is_test in (True, False):
            text, page = read(compose(message(question, is_test=is_test), SENDER))
            assert ("TEST" in text) is is_test
            assert ("TEST" in page.text) is is_test

    def test_long_texts_and_other_scripts_arrive_whole(self) -> None:
        introduction = "日本語 🚀 été " * 30
        text, page = read(compose(message(introduction=introduction), SENDER))
        assert introduction.split() == [word for word in text.split() if word in set(introduction.split())]
        assert introduction.strip() in page.text

    def test_lines_stay_short_enough_for_smtp(self) -> None:
        raw = compose(message(introduction="x" * 5_000, title="y" * 200), SENDER).as_bytes()
        assert max(map(len, raw.split(b"\r\n"))) <= 998


class TestEscaping:
    EVIL = """<script>alert(1)</script><img src=x onerror=alert(1)>"'&amp;"""

    @pytest.mark.parametrize("field", ["title", "to_name", "project", "introduction", "event_name"])
    def test_what_people_wrote_is_text_in_the_html_part(self, field: str) -> None:
        plain = Page(part(compose(message(), SENDER), "html"))
        text, page = read(compose(message(**{field: self.EVIL}), SENDER))
        assert page.tags == plain.tags
        assert page.attributes == plain.attributes
        assert self.EVIL in page.text
        if field != "title":
            assert self.EVIL.split()[0] in text

    @pytest.mark.parametrize(
        "question",
        [
            RatingQuestion("x", EVIL, low_label=EVIL, high_label=EVIL),
            SingleChoiceQuestion("x", EVIL, (Option(EVIL, EVIL), Option("b", "B"))),
        ],
        ids=["scale", "choice"],
    )
    def test_so_is_what_a_survey_holds(self, question: Question) -> None:
        plain = Page(part(compose(message(), SENDER), "html"))
        _, page = read(compose(message(question), SENDER))
        assert page.tags <= plain.tags
        assert page.attributes <= plain.attributes
        assert self.EVIL in page.text

    def test_a_link_keeps_its_ampersands(self) -> None:
        sent = message(answer_url="https://x.example/a?b=1&copy=2", choice_urls={}, question=QUESTIONS[-1])
        assert sent.answer_url in Page(part(compose(sent, SENDER), "html")).links
        assert sent.answer_url in part(compose(sent, SENDER), "plain")

    def test_template_marks_in_texts_stay_texts(self) -> None:
        text, page = read(compose(message(introduction="{{ 7 * 7 }} {% raw %}"), SENDER))
        assert "{{ 7 * 7 }} {% raw %}" in text
        assert "{{ 7 * 7 }} {% raw %}" in page.text


def test_an_anonymous_survey_says_so() -> None:
    for sent, says_so in ((message(is_anonymous=True), True), (message(), False)):
        plain, page = read(compose(sent, SENDER))
        for text in (plain, page.text):
            assert ("Your answer is anonymous" in " ".join(text.split())) is says_so


class TestLanguages:
    def test_a_mail_is_in_the_language_of_its_survey(self) -> None:
        sent = message(locale="de-AT", introduction="", is_anonymous=True, is_test=True, question_count=4)
        mail = received(compose(sent, SENDER))
        html = part(mail, "html")
        assert '<html lang="de-AT">' in html
        for said in (" ".join(part(mail, "plain").split()), " ".join(Page(html).text.split())):
            assert "Hallo Ana Souza," in said
            assert "Build CLI war gerade im Einsatz." in said
            assert "2 bis 4 Fragen, etwa eine Minute" in said
            assert "Die Antwort ist anonym" in said
            assert "Der Link gilt bis 5. März 2026, 12:00 UTC." in said
            assert "TEST" in said
            for english in ("Hi ", "You", "question", "until", "survey "):
                assert english not in said.replace(sent.first_question.text, "")

    @pytest.mark.parametrize("words", LANGUAGES, ids=lambda words: words.tag)
    @pytest.mark.parametrize("question", [QUESTIONS[0], QUESTIONS[3], QUESTIONS[4]], ids=lambda one: one.key)
    def test_all_of_it_is_said_in_every_language(self, words: Words, question: Question) -> None:
        said = words.mail
        sent = message(question, locale=words.tag, is_reminder=True, introduction="")
        mail = received(compose(sent, SENDER))
        assert mail["Subject"] == " ".join(said.reminder_subject.format(title=sent.title).split())
        opens = said.choices_open if question.kind == "multiple_choice" else said.choice_opens
        for text in (part(mail, "plain"), Page(part(mail, "html")).text):
            whole = " ".join(text.replace(UNLINKED, "").split())
            for expected in (
                said.greeting.format(name=sent.to_name),
                said.introduction.format(project=sent.project),
                said.reminder,
                said.questions.say(2),
                said.about_a_minute,
                opens if sent.choice_urls else said.answer,
                said.until.format(moment=words.dates.say(sent.expires_at)),
                said.reason.format(event=sent.event_name, project=sent.project),
            ):
                assert " ".join(expected.split()) in whole

    def test_around_a_language_that_we_do_not_speak_is_english(self) -> None:
        mail = received(compose(message(locale="fi", introduction="Moi", is_reminder=True), SENDER))
        html = part(mail, "html")
        assert mail["Subject"] == "Reminder: How was your build?"
        assert '<html lang="en">' in html
        assert '<h1 lang="fi" class' in html
        assert '<span lang="fi">Moi</span>' in html

    def test_nothing_is_marked_where_all_is_in_one_language(self) -> None:
        for locale in ("en", "de", "pt-PT"):
            html = part(received(compose(message(locale=locale), SENDER)), "html")
            assert set(re.findall(r'lang="([^"]*)"', html)) == {locale}
            assert "dir=" not in html

    def test_texts_from_right_to_left_are_marked_as_such(self) -> None:
        html = part(received(compose(message(locale="ar", introduction="مرحبا"), SENDER)), "html")
        assert '<h1 lang="ar" dir="rtl" class' in html
        assert '<span lang="ar" dir="rtl" style="display:block;">' in html
        assert len(re.findall("<table [^>]*dir=.rtl.", html)) == 2, "the scale, and what its ends mean"


@pytest.mark.parametrize(
    ("fewest", "most", "said"),
    [
        (1, 1, "1 question, under a minute"),
        (2, 2, "2 questions, about a minute"),
        (1, 5, "1 to 5 questions, about a minute"),
        (2, 6, "2 to 6 questions, about 2 minutes"),
        (20, 20, "20 questions, about 5 minutes"),
    ],
)
def test_how_many_questions_there_are_is_said_with_what_branches_leave_open(
    fewest: int, most: int, said: str
) -> None:
    text, page = read(compose(message(question_count_min=fewest, question_count=most), SENDER))
    assert f"({said})" in text
    assert f" {said}" in " ".join(page.text.split())


@pytest.mark.parametrize("field", ["to_name", "event_name"])
@pytest.mark.parametrize("value", ["evil.example/x", "https://evil.example", "eve@evil.example"])
def test_no_client_makes_a_link_of_what_others_wrote(field: str, value: str) -> None:
    text, page = read(compose(message(**{field: value}), SENDER))
    for said in (text, page.text):
        assert value not in said
        assert "evil.example" not in said
    assert value in page.text.replace(UNLINKED, "")
    assert set(page.links) == set(Page(part(compose(message(), SENDER), "html")).links)


def test_points_that_have_labels_are_shown_in_words() -> None:
    question = RatingQuestion("mood", "How was it?", points=3, labels=("Bad", "So so", "Good"))
    plain, page = read(compose(message(question), SENDER))
    for label in question.labels:
        assert label in plain
        assert label in page.text
    assert "3 - Good" not in plain
