"""From the requests of real clients to a report: event, mail, answer, report."""

import json
import re
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.contract.test_recorded_requests import REQUESTS, replay
from tests.support.project import CHANGES_SEEN_S, Project
from tests.support.server import RunningServer
from tests.support.smtp import MailServer

DATA = Path(__file__).parent / "data"
COMMENT = "Slow, but <b>clear</b>."


@pytest.fixture
def project(tmp_path: Path, database_url: str | None, mail_server: MailServer) -> Any:
    """A server with the survey published and the people known, sending through a real mail server."""
    environment = {"AFTERWORD_SMTP_URL": mail_server.url}
    with RunningServer(tmp_path / "data", database_url, environment=environment) as server:
        made = server.cli_json("project", "create", "Recorded")
        server.cli("people", "import", str(DATA / "people.csv"))
        server.cli("survey", "apply", str(DATA / "survey.yaml"))
        server.cli("survey", "publish", "recorded")
        time.sleep(CHANGES_SEEN_S)
        yield Project(server, str(made["id"]), made["name"], made["token"])


def test_recorded_requests_become_mails_answers_and_a_report(
    project: Project, mail_server: MailServer, browser: Browser
) -> None:
    for request in REQUESTS:
        assert replay(project, request).status == request["expect"]["status"]

    asked = mail_server.wait_for("octo@example.com")
    tested = mail_server.wait_for("a@example.com")
    assert asked["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "TEST" in tested["Subject"]
    assert "TEST" not in asked["Subject"]

    with browser.new_context(java_script_enabled=False) as context:
        answer(context.new_page(), asked)
        answer(context.new_page(), tested)

    report = json.loads(project.server.cli("report", "recorded", "--json"))
    check_report(report)
    with browser.new_context() as context:
        check_report_page(project.server, context.new_page())
    assert len(mail_server.mails) == 2, "nobody else was asked"


def answer(page: Page, mail: EmailMessage) -> None:
    """Click 4 in the mail, fill in the rest, submit, and change the mind once."""
    body = mail.get_body(("html",))
    assert body is not None
    page.set_content(body.get_content())
    page.get_by_role("link", name=re.compile(r"^4\b")).first.click()
    expect(page.get_by_role("radio", name=re.compile(r"^4\b")).first).to_be_checked()

    page.get_by_role("radiogroup", name=re.compile("recommend")).get_by_text("9", exact=True).click()
    page.get_by_text("Clarity").click()
    page.get_by_text("Local").click()
    page.get_by_text("Cache").click()
    page.get_by_role("textbox").fill(COMMENT)
    page.get_by_role("button").first.click()
    expect(page.locator("body")).to_contain_text("Thank you")

    page.get_by_role("link", name=re.compile("change", re.IGNORECASE)).first.click()
    expect(page.get_by_role("textbox")).to_have_value(COMMENT)
    page.get_by_role("radiogroup", name=re.compile("recommend")).get_by_text("10", exact=True).click()
    page.get_by_role("button").first.click()
    expect(page.locator("body")).to_contain_text("Thank you")


def check_report(report: dict[str, Any]) -> None:
    steps = {step["name"]: step["count"] for step in report["funnel"]["steps"]}
    # The curl of the documentation names nobody we know, octocat is invited, the test event is apart.
    assert steps == {
        "events": 2,
        "eligible": 1,
        "sampled": 1,
        "invited": 1,
        "delivered": 1,
        "opened": 1,
        "answered": 1,
    }
    questions = {question["key"]: question for question in report["questions"]}
    counts = {
        key: {row["value"]: row["count"] for row in question["distribution"]["rows"] if row["count"]}
        for key, question in questions.items()
        if question["distribution"]
    }
    assert counts == {
        "satisfaction": {4: 1},
        "recommend": {10: 1},
        "reason": {"Clarity": 1},
        "parts": {"Local": 1, "Cache": 1},
    }
    assert questions["satisfaction"]["score"]["value"] == 1.0
    assert questions["recommend"]["score"]["value"] == 100.0
    assert [comment["text"] for comment in report["comments"]] == [COMMENT]
    assert report["test_responses"] == 1


def check_report_page(server: RunningServer, page: Page) -> None:
    page.goto(server.cli("admin", "link").splitlines()[0])
    page.get_by_role("button", name="Open").click()
    page.goto(f"{server.base_url}/surveys/recorded/report")
    expect(page.locator("body")).to_contain_text("How did that go?")
    expect(page.locator("body")).to_contain_text(COMMENT)
    expect(page.locator("svg[role=img]").first).to_be_visible()
    expect(page.locator("body")).to_contain_text("1 test response")
