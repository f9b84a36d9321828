"""``afterword doctor``: is what is well called well, and each broken thing by its name, with what to do?"""

import socket
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from afterword.cli.open import open_app
from afterword.flows.upkeep import check_surroundings
from afterword.storage import health
from afterword.storage.tables import event, job
from tests.channels.fake_slack import FakeSlack
from tests.cli.installation import Installation
from tests.sources.fake_service import TOKEN
from tests.support.postgres import Databases
from tests.support.smtp import MailServer

CHECKS = [
    *("settings", "versions", "data directory", "signing key", "database file", "disk", "address", "mail"),
    *("database", "durability", "schema", "clock", "outbox", "dead jobs", "integrity", "conservation"),
]
SECRETS = ("hunter2-do-not-show", "k" * 32)


def findings(home: Installation) -> dict[str, dict[str, str]]:
    """Check → what was found; the status must say the same."""
    done = home.run("doctor", "--json")
    found = {item["check"]: item for item in done.json}
    assert done.status == int(any(item["level"] == "FAIL" for item in found.values())), done
    return found


def grade(home: Installation, check: str) -> tuple[str, str]:
    """Level and text of one check; whatever is not well comes with advice."""
    item = findings(home)[check]
    assert bool(item["advice"]) is (item["level"] != "ok"), item
    return item["level"], item["text"]


@pytest.fixture
def data(lively: Installation) -> Path:
    """The data directory."""
    path = lively.folder / "data"
    path.chmod(0o700)
    return path


def change(statement: sa.Executable) -> None:
    """Break something inside the database of the settings."""
    with open_app() as parts, parts.database.write() as connection:
        connection.execute(statement)


class TestWell:
    def test_everything_is_looked_at_and_fine(self, lively: Installation, data: Path) -> None:
        lively.track()
        lively.work()
        found = findings(lively)
        assert list(found) == CHECKS
        # A machine of tests may have little room.
        assert {check for check, item in found.items() if item["level"] != "ok"} <= {"disk"}

    def test_it_is_one_line_a_check_for_people(self, lively: Installation, data: Path) -> None:
        lines = lively.run("doctor").out.splitlines()
        assert [line[6:].partition(":")[0] for line in lines if line[0] != " "] == CHECKS
        assert "ok    signing key: " + str(data / "signing.key") in lines

    def test_on_postgresql(
        self, lively: Installation, data: Path, databases: Databases, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with on_postgres(lively, databases, monkeypatch):
            found = findings(lively)
        assert list(found) == [
            *(check for check in CHECKS[: CHECKS.index("outbox")] if check != "database file"),
            "clocks",
            *CHECKS[CHECKS.index("outbox") :],
        ]
        assert {check for check, item in found.items() if item["level"] != "ok"} <= {"disk"}

    def test_it_makes_nothing(
        self, home: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AFTERWORD_DATA", str(tmp_path / "missing"))
        found = findings(home)
        assert found["data directory"]["level"] == found["database"]["level"] == "FAIL"
        assert not (tmp_path / "missing").exists()


class on_postgres:  # noqa: N801 - a context manager that reads like one
    """A migrated PostgreSQL database, named by the settings."""

    def __init__(self, home: Installation, databases: Databases, patch: pytest.MonkeyPatch) -> None:
        self._home, self._databases, self._patch = home, databases, patch

    def __enter__(self) -> str:
        self._url = self._databases.make("postgres")
        assert self._url is not None
        self._patch.setenv("AFTERWORD_DATABASE_URL", self._url)
        self._home.ok("migrate")
        return self._url

    def __exit__(self, *error: object) -> None:
        self._databases.drop(self._url)


class TestSettings:
    def test_a_typo(self, lively: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AFTERWORD_PROT", "1")
        found = findings(lively)
        assert list(found) == ["settings"]
        assert "AFTERWORD_PORT" in found["settings"]["text"]

    @pytest.mark.parametrize(
        ("settings", "level"),
        [
            ({"AFTERWORD_HOST": "0.0.0.0"}, "FAIL"),  # noqa: S104
            ({"AFTERWORD_HOST": "::"}, "FAIL"),
            ({"AFTERWORD_HOST": "tools.example.com"}, "FAIL"),
            ({"AFTERWORD_HOST": "0.0.0.0", "AFTERWORD_BASE_URL": "https://tools.example.com"}, "ok"),  # noqa: S104
            ({"AFTERWORD_HOST": "localhost"}, "ok"),
            ({"AFTERWORD_HOST": "::1"}, "ok"),
            ({"AFTERWORD_SMTP_URL": "smtp://127.0.0.1:1"}, "FAIL"),
        ],
    )
    def test_where_links_lead(
        self, lively: Installation, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], level: str
    ) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        assert grade(lively, "address")[0] == level

    def test_secrets_are_never_shown(self, lively: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        password, key = SECRETS
        monkeypatch.setenv("AFTERWORD_SMTP_URL", f"smtp://ana:{password}@127.0.0.1:1")
        monkeypatch.setenv("AFTERWORD_SIGNING_KEY", key)
        monkeypatch.setenv("AFTERWORD_DATABASE_URL", f"postgresql://ana:{password}@127.0.0.1:1/x")
        for arguments in ([], ["--json"]):
            done = lively.run("doctor", *arguments)
            assert done.status == 1
            assert [secret for secret in SECRETS if secret in done.out + done.err] == []


class TestFiles:
    @pytest.mark.parametrize(
        ("mode", "level"), [(0o700, "ok"), (0o750, "warn"), (0o770, "FAIL"), (0o777, "FAIL")]
    )
    def test_the_data_directory(self, lively: Installation, data: Path, mode: int, level: str) -> None:
        data.chmod(mode)
        assert grade(lively, "data directory")[0] == level

    def test_somebody_elses_data_directory(
        self, lively: Installation, data: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(check_surroundings.os, "geteuid", lambda: 4_242)
        level, text = grade(lively, "data directory")
        assert level == "warn"
        assert "and you are user 4242" in text

    @pytest.mark.parametrize(
        ("check", "name"), [("signing key", "signing.key"), ("database file", "afterword.db")]
    )
    def test_a_file_that_others_can_read(
        self, lively: Installation, data: Path, check: str, name: str
    ) -> None:
        (data / name).chmod(0o640)
        assert grade(lively, check) == ("FAIL", f"{data / name} is open to others (mode 0640)")

    def test_a_lost_key(self, lively: Installation, data: Path) -> None:
        (data / "signing.key").write_text("")
        assert grade(lively, "signing key")[0] == "FAIL"
        (data / "signing.key").unlink()
        assert grade(lively, "signing key") == ("FAIL", f"{data / 'signing.key'} is not there")
        assert not (data / "signing.key").exists(), "a new key would hide that the old one is lost"

    def test_a_restore_that_was_cut_short(self, lively: Installation, data: Path) -> None:
        (data / "restore.unfinished").touch()
        assert grade(lively, "restore") == ("FAIL", f"a restore into {data} was cut short")

    @pytest.mark.parametrize(("limit", "level"), [("FAIL", "FAIL"), ("WARN", "warn")])
    def test_little_room(
        self, lively: Installation, monkeypatch: pytest.MonkeyPatch, limit: str, level: str
    ) -> None:
        monkeypatch.setattr(check_surroundings, f"DISK_FREE_{limit}_BYTES", 10**18)
        assert grade(lively, "disk")[0] == level


class TestMail:
    def test_a_server_that_answers(self, lively: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        with MailServer() as server:
            monkeypatch.setenv("AFTERWORD_SMTP_URL", server.url)
            assert grade(lively, "mail") == ("ok", "the mail server answers; no mail was sent")
            assert server.mails == []

    def test_nobody_there(self, lively: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AFTERWORD_SMTP_URL", "smtp://127.0.0.1:1")
        assert grade(lively, "mail")[0] == "FAIL"

    def test_a_server_that_says_nothing(self, lively: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("afterword.channels.email.GREET_TIMEOUT_S", 0.2)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            monkeypatch.setenv("AFTERWORD_SMTP_URL", f"smtp://127.0.0.1:{silent.getsockname()[1]}")
            level, text = grade(lively, "mail")
        assert level == "FAIL"
        assert "TimeoutError" in text


class TestSlack:
    def test_is_not_told_of_where_it_is_not_set(self, lively: Installation) -> None:
        assert "slack" not in findings(lively)

    def test_a_workspace_that_lets_us(self, lively: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AFTERWORD_SLACK_TOKEN", TOKEN)
        with FakeSlack() as service:
            monkeypatch.setenv("AFTERWORD_SLACK_URL", service.url)
            level, text = grade(lively, "slack")
        assert (level, text) == ("ok", "the workspace Example takes messages; none was sent")
        assert service.methods == ["auth.test"]

    def test_a_wrong_token(self, lively: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AFTERWORD_SLACK_TOKEN", "xoxb-wrong-one")
        with FakeSlack() as service:
            monkeypatch.setenv("AFTERWORD_SLACK_URL", service.url)
            level, text = grade(lively, "slack")
        assert level == "FAIL"
        assert "does not take the token" in text
        assert "wrong-one" not in text

    def test_links_that_lead_to_this_machine_only(
        self, lively: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AFTERWORD_SLACK_TOKEN", TOKEN)
        with FakeSlack() as service:
            monkeypatch.setenv("AFTERWORD_SLACK_URL", service.url)
            assert grade(lively, "address")[0] == "FAIL"


class TestDatabase:
    def test_rubbish(self, lively: Installation, data: Path) -> None:
        (data / "afterword.db").write_bytes(b"rubbish" * 1_000)
        level, text = grade(lively, "database")
        assert level == "FAIL"
        assert "file is not a database" in text

    def test_a_torn_page(self, lively: Installation, data: Path) -> None:
        for _ in range(3):
            lively.track(metadata={"x": "y" * 900})
        raw = sqlite3.connect(data / "afterword.db")
        (page,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'answer'").fetchone()
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()
        with (data / "afterword.db").open("r+b") as file:
            file.seek((page - 1) * 4_096)
            file.write(b"\x0d\xff\xff\xff" * 1_024)
        found = findings(lively)
        damaged = {check for check, item in found.items() if item["level"] == "FAIL"}
        assert damaged & {"integrity", "database"}, found

    @pytest.mark.parametrize(("revision", "said"), [("9999", "the tables are newer")])
    def test_another_schema(self, lively: Installation, revision: str, said: str) -> None:
        change(sa.text(f"UPDATE alembic_version SET version_num = '{revision}'"))
        assert grade(lively, "schema") == ("FAIL", said)

    def test_an_empty_one(self, lively: Installation, data: Path) -> None:
        (data / "afterword.db").write_bytes(b"")
        assert grade(lively, "schema") == ("FAIL", "the tables are empty")

    def test_a_lost_event(self, lively: Installation) -> None:
        lively.track()
        change(sa.text("DELETE FROM event"))
        found = [item for item in lively.run("doctor", "--json").json if item["check"] == "conservation"]
        assert found[0]["level"] == "FAIL"
        assert found[0]["text"] == "project 'Build CLI' accepted 1 events, and 0 are stored"

    def test_an_sqlite_with_the_bug(self, lively: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(health, "WAL_RESET_BUG_FIXED_IN", (99, 0, 0))
        level, text = grade(lively, "database")
        assert level == "warn"
        assert "a bug that can corrupt a database" in text

    def test_postgresql_that_would_lose_commits(
        self, lively: Installation, databases: Databases, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with on_postgres(lively, databases, monkeypatch) as url:
            databases.cluster.run(f"ALTER DATABASE {url_name(url)} SET synchronous_commit = off")
            level, text = grade(lively, "database")
        assert level == "FAIL"
        assert "synchronous_commit = off" in text

    @pytest.mark.parametrize(
        ("old", "new", "said", "advice"),
        [
            (
                "postgres:@/",
                "nobody:@/",
                'role "nobody" does not exist',
                "mend the user in AFTERWORD_DATABASE_URL",
            ),
            ("/t_", "/x_", 'database "x_', "create the database"),
            ("@/", "@127.0.0.1:1/", "Connection refused", "is PostgreSQL running"),
            (
                "@/",
                "@no-such-host.invalid/",
                "no-such-host.invalid",
                "mend the host in AFTERWORD_DATABASE_URL",
            ),
        ],
    )
    def test_postgresql_that_the_settings_do_not_meet(
        self,
        lively: Installation,
        databases: Databases,
        monkeypatch: pytest.MonkeyPatch,
        old: str,
        new: str,
        said: str,
        advice: str,
    ) -> None:
        with on_postgres(lively, databases, monkeypatch) as url:
            # Where a host is named, the socket's directory no longer is.
            changed = url.replace(old, new)
            monkeypatch.setenv(
                "AFTERWORD_DATABASE_URL", changed if "@/" in changed else changed.partition("?")[0]
            )
            assert_away(lively, said, advice)

    @pytest.mark.parametrize("password", ["", "hunter2-do-not-show"])
    def test_postgresql_with_another_password(
        self, lively: Installation, databases: Databases, monkeypatch: pytest.MonkeyPatch, password: str
    ) -> None:
        with on_postgres(lively, databases, monkeypatch) as url, databases.cluster.access_by("scram-sha-256"):
            monkeypatch.setenv("AFTERWORD_DATABASE_URL", url.replace("postgres:@", f"postgres:{password}@"))
            assert_away(lively, "password", "mend user and password in AFTERWORD_DATABASE_URL")

    def test_postgresql_that_lets_nobody_in(
        self, lively: Installation, databases: Databases, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with on_postgres(lively, databases, monkeypatch), databases.cluster.access_by("reject"):
            assert_away(lively, "pg_hba.conf rejects", "allowed in pg_hba.conf")

    def test_postgresql_that_was_stopped(
        self, lively: Installation, databases: Databases, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with on_postgres(lively, databases, monkeypatch):
            databases.cluster.stop()
            try:
                assert_away(lively, "No such file", "is PostgreSQL running")
            finally:
                databases.cluster.start()

    def test_an_index_that_is_not_valid(
        self, lively: Installation, databases: Databases, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with on_postgres(lively, databases, monkeypatch):
            change(
                sa.text(
                    "UPDATE pg_index SET indisvalid = false "
                    "WHERE indexrelid = 'uq_event_project_id_number'::regclass"
                )
            )
            assert grade(lively, "integrity") == (
                "FAIL",
                "the index uq_event_project_id_number is not valid",
            )


def assert_away(home: Installation, said: str, advice: str) -> None:
    """The doctor and every other command say what PostgreSQL said, and what to do."""
    found = findings(home)["database"]
    assert found["level"] == "FAIL"
    assert said in found["text"]
    assert advice in found["advice"]
    assert SECRETS[0] not in str(found)
    told = home.error("project", "list")
    assert said in told
    assert advice in told


def url_name(url: str) -> str:
    """The database's name."""
    return url.partition("?")[0].rpartition("/")[2]


class TestClock:
    def test_an_event_of_tomorrow(self, lively: Installation) -> None:
        lively.track()
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        change(sa.update(event).values(received_at=tomorrow))
        level, text = grade(lively, "clock")
        assert level == "FAIL"
        assert "the newest event came" in text

    def test_a_database_server_with_another_time(
        self, lively: Installation, databases: Databases, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = health.find_server_clock_us
        monkeypatch.setattr(health, "find_server_clock_us", lambda connection: real(connection) + 60_000_000)
        with on_postgres(lively, databases, monkeypatch):
            level, text = grade(lively, "clocks")
        assert level == "warn"
        assert "apart" in text


class TestOutbox:
    @pytest.mark.parametrize(("minutes", "level"), [(0, "ok"), (2, "warn"), (20, "FAIL")])
    def test_a_job_that_nobody_does(self, lively: Installation, minutes: int, level: str) -> None:
        lively.track()
        change(sa.update(job).values(run_at=datetime.now(UTC) - timedelta(minutes=minutes)))
        assert grade(lively, "outbox")[0] == level

    def test_a_dead_letter(self, lively: Installation) -> None:
        lively.track()
        change(sa.update(job).values(dead_at=datetime.now(UTC)))
        assert grade(lively, "dead jobs") == ("warn", "1 job was given up")
