"""A server full of answers, and the addresses of all its pages."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.http import exchange, request_bytes
from tests.support.server import RunningServer

DATA = Path(__file__).parent / "data"
ANSWERS = (5, 4, 4, 3, 5, 2, 4, 5, 1, 4, 4, 5)
LANGUAGES = ("german", "japanese", "arabic")
EXTRA = ("kinds", "branches", *LANGUAGES)
"""Surveys of all kinds of questions, with branches, in languages; a test event asks who has the same name."""

WORDS = [
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "More",
    "Most",
    "Else",
    "Last",
]
COMMENTS = (
    "It just works.",
    "The error said “failed” and nothing else.\nWhich step?",
    "<script>alert(1)</script>",
)


def fill(server: RunningServer, browser: Browser) -> dict[str, str]:
    """Make a project with a survey, answered by some; returns links to the pages of people."""
    token = server.cli_json("project", "create", "Build CLI")["token"]
    people = Path(server.data) / "people.csv"
    rows = [f"p{number}@example.com,Person {WORDS[number]}" for number in range(len(ANSWERS) + 5)]
    rows += [f"{name}@example.com,Ana {name.title()}" for name in EXTRA]
    people.write_text("\n".join(["email,name", *rows]))
    server.cli("people", "import", str(people))
    survey = (DATA / "survey.yaml").read_text().replace("project: Recorded", "project: Build CLI")
    path = Path(server.data) / "survey.yaml"
    path.write_text(survey)
    server.cli("survey", "apply", str(path))
    server.cli("survey", "publish", "recorded")
    path.write_text(survey.replace("survey: recorded", "survey: closed-one"))
    server.cli("survey", "apply", str(path))
    for name in EXTRA:
        server.cli("survey", "apply", str(DATA / f"{name}.yaml"))
    time.sleep(2)
    for number in range(len(ANSWERS) + 3):
        track(server, token, number)
    track(server, token, 0)
    track(server, token, 99)
    track(server, token, len(ANSWERS) + 4, test_data=True)
    for name in (
        "@person-three",
        "person-three",
        "a-quite-long-name-of-some-service-account-in-the-build-system",
    ):
        track_name(server, token, name)
    for name in EXTRA:
        send(
            server,
            token,
            name=f"{name}.wanted",
            email=f"{name}@example.com",
            metadata={"branch": "feature/<b>log-in</b>"},
            test_data=True,
        )
    time.sleep(2)
    with browser.new_context() as context:
        page = signed_in(server, context)
        urls = mail_links(server, page)
        for number, value in enumerate(ANSWERS):
            answer(page, urls[f"p{number}@example.com"], value, number)
    return {
        "open": urls[f"p{len(ANSWERS)}@example.com"],
        "test": urls[f"p{len(ANSWERS) + 4}@example.com"],
        "answered": urls["p0@example.com"],
        "unsubscribe": urls["unsubscribe"],
        "kinds": urls["kinds@example.com"],
        **{name: urls[f"{name}@example.com"] for name in ("branches", *LANGUAGES)},
        "me": full_person(server, browser, project_id=1),
        "me-new": server.cli("people", "link", "p1@example.com").splitlines()[0],
    }


def full_person(server: RunningServer, browser: Browser, *, project_id: int) -> str:
    """Let the first person have wishes of every kind, and more reasons than one; the link to their page."""
    url = server.cli("people", "link", "p0@example.com").splitlines()[0]
    forms = (
        {"change": "quiet", "from": "18:30", "until": "08:00"},
        {"change": "timezone", "timezone": "Europe/Berlin"},
        {"change": "opt-out", "scope": "project", "value": str(project_id)},
        {"change": "opt-out", "scope": "channel", "value": "email"},
        {"change": "opt-out", "scope": "all"},
        {"change": "snooze", "until": str((datetime.now(UTC) + timedelta(days=30)).date())},
    )
    with browser.new_context() as context:
        for form in forms:
            assert context.request.post(f"{url}/settings", form=form).ok
    return url


def track(server: RunningServer, token: str, person: int, *, test_data: bool = False) -> None:
    """Send one event."""
    send(
        server,
        token,
        email=f"p{person}@example.com",
        metadata={"outcome": "ok", "duration_s": 41 + person},
        test_data=test_data,
    )


def track_name(server: RunningServer, token: str, github_username: str) -> None:
    """Send one event of a name that nobody in the directory has."""
    send(server, token, github_username=github_username)


def send(server: RunningServer, token: str, **fields: object) -> None:
    """Send one event of now."""
    arguments = {"name": "your.event", "timestamp": str(int(time.time())), **fields}
    headers = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")]
    body = json.dumps(arguments).encode()
    assert exchange(server.address, request_bytes("POST", "/events.track", headers, body)).status == 200


def signed_in(server: RunningServer, context: BrowserContext) -> Page:
    """Open the staff pages."""
    page = context.new_page()
    page.goto(server.cli("admin", "link").splitlines()[0])
    page.get_by_role("button").first.click()
    return page


def mail_links(server: RunningServer, page: Page) -> dict[str, str]:
    """Address → answer link, from the mails in the mailbox."""
    links = {}
    for path in _mails(server):
        page.goto(f"{server.base_url}/mailbox/{path.stem}/html")
        urls = [link.get_attribute("href") or "" for link in page.locator("a").all()]
        source = path.read_text()
        to = next(line for line in source.splitlines() if line.startswith("To:")).split("<")[1].rstrip(">")
        links[to] = next(url.split("?")[0] for url in urls if "/answer/" in url)
        links["unsubscribe"] = next(url for url in urls if "/unsubscribe/" in url)
    return links


def answer(page: Page, url: str, value: int, number: int) -> None:
    """Answer as a person would."""
    page.goto(f"{url}?satisfaction={value}&recommend={value * 2}&comment=")
    if number < len(COMMENTS):
        page.get_by_role("textbox").fill(COMMENTS[number])
    page.get_by_role("button").first.click()


def person_pages(links: dict[str, str]) -> dict[str, str]:
    """Name → address of the pages that links let people into."""
    return {
        "session-needed": "/surveys",
        "answer": links["open"] + "?satisfaction=4",
        "answer-test": links["test"],
        "answer-again": links["answered"],
        "answer-kinds": links["kinds"] + "?mood=4&stars=5&named=3&again=yes&parts=other&areas.speed=6",
        "answer-branches": links["branches"],
        **{f"answer-{name}": links[name] for name in LANGUAGES},
        "thanks": links["answered"] + "/thanks",
        "link-invalid": "/answer/nonsense",
        "unsubscribe": links["unsubscribe"],
        "me": links["me"],
        "me-asked": links["me"] + "/surveys",
        "me-not-asked": links["me"] + "/surveys?show=not-asked",
        "me-wishes": links["me"] + "/settings?done=snooze",
        "me-erase": links["me"] + "/erase",
        "me-settings": links["me-new"] + "/settings",
        "not-found": "/nowhere",
    }


def staff_pages(server: RunningServer) -> dict[str, str]:
    """Name → address of the pages that need a session."""
    mail = next((server.data / "mailbox").glob("*.eml")).stem
    return {
        "surveys": "/surveys",
        "report": "/surveys/recorded/report",
        "report-kinds": "/surveys/kinds/report",
        "report-empty": "/surveys/closed-one/report",
        "events": "/events",
        "names": "/names",
        "event-invited": "/events/1",
        "event-throttled": "/events/16",
        "mailbox": "/mailbox",
        "mail": f"/mailbox/{mail}",
        "mail-html": f"/mailbox/{mail}/html",
    }


def language_mails(server: RunningServer) -> dict[str, str]:
    """Name → address of one mail in each of LANGUAGES; they need a session, too."""
    to = {
        path.read_text().partition("@example.com>")[0].rpartition("<")[2]: path.stem
        for path in _mails(server)
    }
    return {f"mail-html-{name}": f"/mailbox/{to[name]}/html" for name in LANGUAGES}


def _mails(server: RunningServer) -> list[Path]:
    return sorted((server.data / "mailbox").glob("*.eml"))


def full_address(server: RunningServer, address: str) -> str:
    """An address of a page as a browser needs it."""
    return address if address.startswith("http") else server.base_url + address
