"""Is somebody who is asked in German answered in German, from the mail to the thanks, without a script?"""

import json
import re
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.project import CHANGES_SEEN_S, Project
from tests.support.server import RunningServer
from tests.support.smtp import MailServer

DATA = Path(__file__).parent / "data"
TO = "gerda@example.com"
BRANCH = "evil.example/login"
ENGLISH = re.compile(
    r"\b(the|you|your|answers?|surveys?|please|question|nothing|until|continue|back|send|this|not|and)\b",
    re.IGNORECASE,
)


@pytest.fixture
def project(tmp_path: Path, mail_server: MailServer) -> Iterator[Project]:
    """A server with a German survey, and somebody who speaks German, sending through a real mail server."""
    environment = {"AFTERWORD_SMTP_URL": mail_server.url}
    people = tmp_path / "people.csv"
    people.write_text(f"email,name,locale\n{TO},Gerda Groß,de-AT\n")
    with RunningServer(tmp_path / "data", environment=environment) as server:
        made = server.cli_json("project", "create", "Build CLI")
        server.cli("people", "import", str(people))
        server.cli("survey", "apply", str(DATA / "german.yaml"))
        server.cli("survey", "publish", "german")
        time.sleep(CHANGES_SEEN_S)
        yield Project(server, str(made["id"]), made["name"], made["token"])


def test_a_german_survey_is_german_from_the_mail_to_the_thanks(
    project: Project, mail_server: MailServer, browser: Browser
) -> None:
    event = {"name": "german.wanted", "email": TO, "timestamp": str(int(time.time()))}
    assert project.track({**event, "metadata": {"branch": BRANCH}}).status == 200
    mail = mail_server.wait_for(TO)
    assert mail["Subject"] == "Wie lief der Build?"
    check_plain(mail)
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.set_content(body(mail, "html"))
        assert page.locator("html").get_attribute("lang") == "de"
        check_mail(page)
        unsubscribe = str(page.get_by_role("link", name="Alle Umfragen abbestellen").get_attribute("href"))
        page.get_by_role("link", name="2", exact=True).click()
        check_answering(page)
        page.goto(unsubscribe)
        no_english(page)
        page.get_by_role("button", name="Alle Umfragen abbestellen").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Die Umfragen sind abbestellt")
        no_english(page)
    report = json.loads(project.server.cli("report", "german", "--json"))
    assert report["funnel"]["answered_whole"] + report["funnel"]["answered_partial"] == 1


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def check_plain(mail: EmailMessage) -> None:
    said = body(mail, "plain")
    assert "Hallo Gerda Groß," in said
    assert "(4 bis 5 Fragen, etwa eine Minute)" in said
    assert "5 - Sehr zufrieden" in said
    assert BRANCH not in said
    assert BRANCH in said.replace("\u200c", "")
    assert ENGLISH.findall(re.sub(r"https?://\S+", "", said)) == []


def check_mail(page: Page) -> None:
    said = page.locator("body").inner_text()
    assert "4 bis 5 Fragen, etwa eine Minute" in said
    assert re.search(r"Der Link gilt bis \d+\. \S+ \d{4}, \d\d:\d\d UTC\.", said)
    assert BRANCH not in said
    assert BRANCH in said.replace("\u200c", "")
    no_english(page)


def check_answering(page: Page) -> None:
    """Two steps, one of them twice because something is missing, and then the thanks."""
    assert page.locator("html").get_attribute("lang") == "de"
    assert BRANCH in page.locator("body").inner_text()
    expect(page.get_by_role("radio", name="2")).to_be_checked()
    no_english(page)
    page.get_by_role("button", name="Weiter").click()
    expect(page.get_by_text("Schritt 2")).to_be_visible()
    no_english(page)
    page.get_by_role("button", name="Antworten senden").click()
    expect(page.get_by_role("alert")).to_contain_text("Noch ist nichts gespeichert")
    assert page.title() == "Bitte prüfen: Wie lief der Build?"
    no_english(page)
    page.get_by_role("radio", name="Sonstiges…").check()
    page.get_by_role("textbox", name="Sonstiges…").fill("Die Platte")
    page.get_by_role("button", name="Antworten senden").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Die Antwort ist gespeichert")
    expect(page.locator(".given")).to_contain_text("2 von 5")
    no_english(page)


def no_english(page: Page) -> None:
    """Nothing that is read or read out is English."""
    attributes = page.locator("[aria-label], [placeholder], [alt]").evaluate_all(
        "all => all.flatMap(one => ['aria-label', 'placeholder', 'alt'].map(name => one.getAttribute(name)))"
    )
    said = " ".join([page.title(), page.locator("body").inner_text(), *filter(None, attributes)])
    assert ENGLISH.findall(said) == []
