"""From the link in a mail to a person's own page: do they find it, and does what they want hold?"""

import json
import re
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.e2e.full_server import track
from tests.support.project import CHANGES_SEEN_S
from tests.support.server import RunningServer
from tests.support.smtp import MailServer

SURVEY = (Path(__file__).parent / "data" / "survey.yaml").read_text()
DECIDED_S_MAX = 20.0


def test_a_person_follows_the_link_of_a_mail_and_what_they_want_holds(
    tmp_path: Path, database_url: str | None, mail_server: MailServer, browser: Browser
) -> None:
    environment = {"AFTERWORD_SMTP_URL": mail_server.url}
    with RunningServer(tmp_path / "data", database_url, environment=environment) as server:
        token = server.cli_json("project", "create", "Recorded")["token"]
        for name, text in (
            ("people.csv", "email,name\np1@example.com,Ada\n"),
            ("survey.yaml", SURVEY),
        ):
            (tmp_path / name).write_text(text)
        server.cli("people", "import", str(tmp_path / "people.csv"))
        server.cli("survey", "apply", str(tmp_path / "survey.yaml"))
        server.cli("survey", "publish", "recorded")
        time.sleep(CHANGES_SEEN_S)
        track(server, token, 1)
        mail = mail_server.wait_for("p1@example.com").get_body(("html",))
        assert mail is not None
        with browser.new_context(java_script_enabled=False) as context:
            page = context.new_page()
            page.set_content(mail.get_content())
            page.get_by_role("link", name="Your data and settings").click()
            url = page.url
            assert url == server.cli("people", "link", "p1@example.com").splitlines()[0]
            want(page)
            track(server, token, 1)
            page.goto(f"{url}/surveys?show=not-asked")
            look_until_told(page, "You wanted no surveys about Recorded.")
            with page.expect_download() as download:
                page.get_by_role("link", name="copy of everything").click()
            kept = json.loads(Path(download.value.path()).read_text())
            assert (kept["person"]["name"], len(kept["events"])) == ("Ada", 2)
        assert len(mail_server.mails) == 1, "asked although they wanted no more"
        assert url.rpartition("/")[2] not in server.log()


def want(page: Page) -> None:
    """Pause, end the pause, and want no more surveys of the one tool there is."""
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="1 month").click()
    expect(page.get_by_role("status")).to_have_text("Saved: you have a pause.")
    page.get_by_role("button", name="End the pause now").click()
    expect(page.get_by_role("status")).to_have_text("Saved: the pause is over.")
    page.get_by_role("combobox", name="Tool").select_option("Recorded")
    page.get_by_role("button", name="No surveys about it").click()
    expect(page.get_by_role("button", name=re.compile("Ask me again about Recorded"))).to_be_visible()


def look_until_told(page: Page, sentence: str) -> None:
    """The worker decides within a second."""
    told = page.get_by_text(sentence)
    deadline = time.monotonic() + DECIDED_S_MAX
    while not told.count() and time.monotonic() < deadline:
        page.reload()
    expect(told).to_be_visible()
