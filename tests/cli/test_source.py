"""``afterword source``: does it load, say how it went, and ask before it lets many go?"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.installation import Installation
from tests.sources.fake_github import ORGANISATION, Account, FakeGitHub
from tests.sources.fake_github_app import APP_ID, FakeAppGitHub, as_pem, new_key
from tests.sources.fake_service import TOKEN, Answer

STAFF = [Account(n, f"dev{n}", f"Dev {n}", (f"dev{n}@example.com",)) for n in range(4)]

GONE = "  Dev 2 <dev2@example.com>\n  Dev 3 <dev3@example.com>\n"


@pytest.fixture
def github(home: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """A GitHub that the environment names; ``home`` has cleared it before."""
    with FakeGitHub(*STAFF, Account(9, "stranger")) as running:
        monkeypatch.setenv("AFTERWORD_GITHUB_ORGANISATION", ORGANISATION)
        monkeypatch.setenv("AFTERWORD_GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("AFTERWORD_GITHUB_URL", running.url)
        yield running


def active(home: Installation) -> list[str]:
    return [one["email"] for one in home.json("people", "list") if one["is_active"]]


class TestLoad:
    def test_people_come_in_and_who_has_no_address_is_named(
        self, home: Installation, github: FakeGitHub
    ) -> None:
        done = home.run("source", "load", "github")
        assert (done.status, done.out) == (
            0,
            "5 accounts: 4 added, 0 changed, 0 unchanged, 0 refused, 1 without an address, 0 left\n",
        )
        assert done.err == (
            "GitHub account stranger: has no address that we may see, and nobody here has its name\n"
        )
        assert active(home) == [f"dev{n}@example.com" for n in range(4)]

    def test_a_dry_run_shows_each_change_and_makes_none(self, home: Installation, github: FakeGitHub) -> None:
        out = home.run("source", "load", "github", "--dry-run").out
        assert out.startswith("GitHub account dev0: new\n")
        assert "\nWould be: 5 accounts: 4 added" in out
        assert active(home) == []

    def test_a_failure_is_one_line_without_the_token(self, home: Installation, github: FakeGitHub) -> None:
        github.instead = [Answer(401, {})]
        done = home.run("source", "load", "github")
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith("Error: GitHub does not take the token: make a new one")
        assert TOKEN not in done.err

    def test_a_source_that_is_not_set_is_refused(self, home: Installation) -> None:
        said = home.error("source", "load", "gitlab")
        assert said.startswith("Error: there is no source 'gitlab': the settings name none; see")


class TestList:
    def test_without_a_source_it_says_what_to_set(self, home: Installation) -> None:
        assert home.ok("source", "list").startswith("No source is set: AFTERWORD_GITHUB_ORGANISATION or")

    def test_it_shows_success_next_load_and_the_last_error(
        self, home: Installation, github: FakeGitHub
    ) -> None:
        assert home.ok("source", "list") == (
            "github  the GitHub organisation acme  never loaded  next load as soon as a worker runs\n"
        )
        home.run("source", "load", "github")
        github.instead = [Answer(404, {})]
        home.run("source", "load", "github")
        first, summary, error = home.ok("source", "list").splitlines()
        assert "  last success 2" in first
        assert "  next load 2" in first
        assert summary.startswith("    5 accounts: 4 added")
        assert error.startswith("    The last load failed: GitHub has no organisation 'acme'")
        (found,) = home.json("source", "list")
        assert (found["name"], found["waiting"], found["is_running"]) == ("github", 0, False)
        assert TOKEN not in str(found)


class TestConfirm:
    @pytest.fixture
    def waiting(self, home: Installation, github: FakeGitHub) -> FakeGitHub:
        """Two of four are gone."""
        home.run("source", "load", "github")
        del github.accounts[2:4]
        out = home.run("source", "load", "github").out
        assert out.endswith(
            f"2 wait for a confirmation\n{GONE}If they did leave: `afterword source confirm github`.\n"
        )
        assert home.run("source", "load", "github", "--dry-run").out.endswith(f" confirmation\n{GONE}")
        return github

    def test_it_asks_before(self, home: Installation, waiting: FakeGitHub) -> None:
        done = home.run("source", "confirm", "github", typed="n\n")
        assert done.status == 1
        assert done.out.startswith(GONE)
        assert "Let 2 of 4 people of the GitHub organisation acme become inactive?" in done.out
        assert len(active(home)) == 4
        said = home.ok("source", "list")
        assert "2 of 4 people are gone, and wait" in said
        assert said.endswith("      Dev 2 <dev2@example.com>\n      Dev 3 <dev3@example.com>\n")
        (found,) = home.json("source", "list")
        assert found["waiting_people"] == ["Dev 2 <dev2@example.com>", "Dev 3 <dev3@example.com>"]

    def test_then_they_become_inactive(self, home: Installation, waiting: FakeGitHub) -> None:
        said = home.ok("source", "confirm", "github", "--yes")
        assert said.startswith(f"{GONE}2 people are inactive now")
        assert "wait" not in home.ok("source", "list")
        waiting.instead = [Answer(404, {})]
        home.run("source", "load", "github")
        assert "wait" not in home.ok("source", "list")
        assert active(home) == ["dev0@example.com", "dev1@example.com"]
        done = home.run("source", "confirm", "github", "--yes")
        assert done.err == "Error: nobody of github waits for a confirmation\n"

    def test_the_doctor_tells_of_them(self, home: Installation, waiting: FakeGitHub) -> None:
        found = {one["check"]: one for one in home.run("doctor", "--json").json}
        assert found["source github"]["level"] == "warn"
        assert "`afterword source confirm github`" in found["source github"]["advice"]
        assert found["source github"]["text"].endswith(
            "wait for a confirmation: Dev 2 <dev2@example.com>, Dev 3 <dev3@example.com>"
        )


def test_an_organisation_without_a_token_is_refused_by_name(
    home: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERWORD_GITHUB_ORGANISATION", "acme")
    done = home.run("people", "list")
    assert done.err == (
        "Error: AFTERWORD_GITHUB_ORGANISATION and AFTERWORD_GITHUB_TOKEN: one is set without the other; "
        "set both, or neither\n"
    )
    found = {one["check"]: one for one in home.run("doctor", "--json").json}
    assert found["sources"]["level"] == "FAIL"


class Now:
    """The time as it is."""

    @property
    def now(self) -> datetime:
        """Now."""
        return datetime.now(UTC)


class TestApp:
    def test_an_app_signs_in_in_place_of_a_token(
        self, home: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        key = new_key()
        path = tmp_path / "app.pem"
        path.write_text(as_pem(key))
        with FakeAppGitHub(key, Now(), *STAFF) as github:
            monkeypatch.setenv("AFTERWORD_GITHUB_ORGANISATION", ORGANISATION)
            monkeypatch.setenv("AFTERWORD_GITHUB_APP_ID", APP_ID)
            monkeypatch.setenv("AFTERWORD_GITHUB_APP_KEY_FILE", str(path))
            monkeypatch.setenv("AFTERWORD_GITHUB_URL", github.url)
            assert home.ok("source", "load", "github").startswith("4 accounts: 4 added")
            shown = home.ok("settings")
        assert "PRIVATE KEY" not in shown
        assert active(home) == [f"dev{n}@example.com" for n in range(4)]

    @pytest.mark.parametrize(
        ("named", "message"),
        [
            (("ORGANISATION", "APP_ID"), "AFTERWORD_GITHUB_APP_ID and AFTERWORD_GITHUB_APP_KEY: one is set"),
            (("ORGANISATION", "APP_KEY"), "AFTERWORD_GITHUB_APP_ID and AFTERWORD_GITHUB_APP_KEY: one is set"),
            (("APP_ID", "APP_KEY"), "AFTERWORD_GITHUB_ORGANISATION and AFTERWORD_GITHUB_APP_ID: one is set"),
            (("ORGANISATION", "APP_ID", "APP_KEY", "TOKEN"), "GitHub is read with one of the two"),
            (("ORGANISATION", "APP_ID", "APP_KEY"), "AFTERWORD_GITHUB_APP_KEY is no private key"),
        ],
    )
    def test_what_does_not_go_together_is_refused_by_name(
        self, home: Installation, monkeypatch: pytest.MonkeyPatch, named: tuple[str, ...], message: str
    ) -> None:
        values = {
            "ORGANISATION": "acme",
            "APP_ID": APP_ID,
            "APP_KEY": "-----BEGIN PRIVATE KEY-----\nabcd\n-----END PRIVATE KEY-----",
            "TOKEN": TOKEN,
        }
        for name in named:
            monkeypatch.setenv(f"AFTERWORD_GITHUB_{name}", values[name])
        done = home.run("people", "list")
        assert message in done.err
        found = {one["check"]: one for one in home.run("doctor", "--json").json}
        assert found["sources"]["level"] == "FAIL"
