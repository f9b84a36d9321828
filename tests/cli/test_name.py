"""``afterword name``: are unknown names listed, guessed, assigned, and read by rules?"""

import pytest

from afterword.cli.open import open_app
from afterword.flows.names.keep_names import keep_names
from tests.cli.installation import PROJECT, Installation


def send(home: Installation, **handles: str) -> None:
    """An event, read by the worker."""
    home.track(**{"email": None, **handles})
    work()


def work() -> None:
    with open_app() as parts:
        while keep_names(parts.database, parts.clock):
            pass


@pytest.fixture
def home(lively: Installation) -> Installation:
    """An installation with events of two unknown names."""
    for name in ("@Ana-S", "ana-s", "svc-1"):
        send(lively, github_username=name)
    return lively


def test_the_list_shows_names_with_their_events(home: Installation) -> None:
    first, second = home.ok("name", "list").splitlines()
    assert first.startswith("github  ana-s  Build CLI  2 events  since ")
    assert second.startswith("github  svc-1  Build CLI   1 event  since ")
    (ana, svc) = home.json("name", "list", "--project", PROJECT)
    assert (ana["kind"], ana["name"], ana["project"], ana["events"]) == (
        "github_username",
        "ana-s",
        PROJECT,
        2,
    )
    assert ana["first_at"] <= ana["last_at"] <= svc["last_at"]


def test_the_list_says_when_there_is_more_or_nothing(home: Installation) -> None:
    assert home.ok("name", "list", "--limit", "1").splitlines()[1] == "1 more: give a higher --limit"
    home.ok("name", "assign", "github", "ana-s", "ana@example.com")
    home.ok("name", "bot", "svc-1")
    assert home.ok("name", "list").startswith("No unknown names: everybody that events name")
    work()
    assert "being attributed" not in home.ok("name", "list")


def test_names_without_a_domain_are_listed_with_what_to_do(home: Installation) -> None:
    send(home, email="ana")
    _, row, _, advice = home.ok("name", "list").splitlines()
    assert row.startswith("email   ana    Build CLI   1 event ")
    assert advice == (
        "1 of these names has no domain: `afterword name rule add domain DOMAIN` says what names without a "
        "domain mean."
    )
    home.ok("name", "rule", "add", "domain", "example.com")
    work()
    assert "no domain" not in home.ok("name", "list")


def test_a_guess_has_a_reason(home: Installation) -> None:
    assert home.ok("name", "guess", "github", "Ana-S") == (
        "Ana Souza <ana@example.com>  short for Ana Souza\n"
    )
    (only,) = home.json("name", "guess", "github_username", "ana-s")
    assert (only["email"], only["score"]) == ("ana@example.com", 0.9)
    assert home.ok("name", "guess", "github", "svc-1") == "Nobody has a name like this.\n"


def test_one_step_assigns_a_name_and_its_events_follow(home: Installation) -> None:
    said = home.ok("name", "assign", "github", "ana-s", "ana@example.com")
    assert said.splitlines() == [
        "ana-s is Ana Souza <ana@example.com> now: 2 events will follow.",
        "`afterword name unassign github ana-s` takes it back.",
    ]
    assert [one["name"] for one in home.json("name", "list")] == ["svc-1"]
    assert home.ok("name", "list").splitlines()[1] == (
        "Earlier events are being attributed: about 2 events to look at."
    )
    work()
    assert [event["person"] for event in home.json("event", "list", PROJECT)] == ["ana@example.com"] * 2 + [
        None
    ]


def test_a_name_is_taken_back_and_goes_to_somebody_else(home: Installation) -> None:
    home.ok("name", "assign", "github", "ana-s", "ben@example.com")
    work()
    said = home.ok("name", "unassign", "github", "ana-s")
    assert said.startswith("ana-s is not Ben ")
    assert said.endswith("<ben@example.com> any more: it comes back to the list of unknown names.\n")
    work()
    assert [(one["name"], one["events"]) for one in home.json("name", "list")] == [("ana-s", 2), ("svc-1", 1)]
    home.ok("name", "assign", "github", "ana-s", "ana@example.com")


def test_a_preview_says_what_would_be_refused(home: Installation) -> None:
    said = home.ok("name", "rule", "add", "bot", "ana*", "--preview").splitlines()
    assert said[-2].startswith("It would be refused, since ana")
    assert "is the name of Ana Souza" in said[-2]
    assert said[-1] == "Nothing was changed."


def test_a_conflict_says_whose_it_is(home: Installation) -> None:
    done = home.run("name", "assign", "github", "anasouza", "ben@example.com")
    assert (done.status, done.err) == (
        1,
        "Error: anasouza is the name of Ana Souza <ana@example.com> already\n",
    )


def test_a_bot_is_called_one_in_one_step(home: Installation) -> None:
    assert home.ok("name", "bot", "svc-1") == "svc-1 is a bot now: rule 1.\n"
    assert [one["name"] for one in home.json("name", "list")] == ["ana-s"]


class TestRules:
    def test_come_are_listed_and_go(self, home: Installation) -> None:
        assert home.ok("name", "rule", "list").startswith("No rules yet")
        add = ("name", "rule", "add")
        assert home.ok(*add, "domain", "example.com", "--project", PROJECT) == (
            "Added the rule 1: an e-mail without a domain in Build CLI means one at example.com.\n"
        )
        home.ok(*add, "moved-domain", "old.org", "example.com")
        home.ok(*add, "drop-tags")
        home.ok(*add, "junk", "build-agent")
        home.ok(*add, "bot", "svc-*")
        assert home.ok("name", "rule", "list").splitlines() == [
            "1  an e-mail without a domain in Build CLI means one at example.com",
            "2  an address at old.org also means the one at example.com",
            "3  a +tag in an address may be left out",
            "4  build-agent names nobody",
            "5  svc-* is a bot",
        ]
        found = home.json("name", "rule", "list")
        assert [(one["kind"], one["pattern"], one["replacement"], one["project"]) for one in found] == [
            ("domain", "example.com", None, PROJECT),
            ("moved_domain", "old.org", "example.com", None),
            ("drop_tags", None, None, None),
            ("junk", "build-agent", None, None),
            ("bot", "svc-*", None, None),
        ]
        assert home.ok("name", "rule", "remove", "3") == "Took the rule 3 away.\n"
        assert home.run("name", "rule", "remove", "3").status == 1

    def test_a_preview_changes_nothing(self, home: Installation) -> None:
        assert home.ok("name", "rule", "add", "bot", "SVC-*", "--preview").splitlines() == [
            "It would touch 1 of the newest 3 events.",
            "  github svc-1  Build CLI  1 event  nobody who is known → a bot",
            "Nothing was changed.",
        ]
        assert home.json("name", "rule", "list") == []

    def test_a_refusal_says_why(self, home: Installation) -> None:
        done = home.run("name", "rule", "add", "bot", "*")
        assert (done.status, "would match too much" in done.err) == (1, True)
