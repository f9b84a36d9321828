"""Is every setting taken from the right place, checked, and named when it is wrong?"""

import json
from pathlib import Path

import pytest

from afterword.settings import MASK, NAMES, Settings, SettingsError, describe, load_settings

SECRET = "hunter2-do-not-show"
APP_KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET.replace('-', '')}\n-----END RSA PRIVATE KEY-----"
GOOD = {
    "data": "/srv/afterword",
    "database_url": f"postgresql://app:{SECRET}@db/afterword",
    "host": "0.0.0.0",  # noqa: S104
    "port": "9000",
    "base_url": "https://surveys.example.com",
    "smtp_url": f"smtp://app:{SECRET}@mail.example.com:587",
    "slack_token": f"xoxb-{SECRET}",
    "slack_url": "https://slack-gov.com",
    "mail_from": "Surveys <surveys@example.com>",
    "signing_key": SECRET * 2,
    "log_level": "debug",
    "github_organisation": "acme",
    "github_token": SECRET,
    "github_app_id": "318422",
    "github_app_key": APP_KEY,
    "github_url": "https://github.example.com",
    "gitlab_group": "acme/tools",
    "gitlab_token": SECRET,
    "gitlab_url": "https://gitlab.example.com/git",
    "source_interval_s": "900",
    "keep_events": "30",
    "keep_decisions": "forever",
    "keep_answers": "7",
    "keep_mails": "36500",
}
SECRETS = {
    "database_url",
    "smtp_url",
    "slack_token",
    "signing_key",
    "github_token",
    "github_app_key",
    "gitlab_token",
}


def variable(name: str) -> str:
    return f"AFTERWORD_{name.upper()}"


DEFAULTS = Settings(data=Settings().data.absolute())
"""What is set when nothing is."""


def shown(settings: Settings, name: str) -> str:
    return str(getattr(settings, name))


def refusal(environ: dict[str, str], **overrides: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ, **overrides)
    return str(caught.value)


def toml(folder: Path, text: str) -> dict[str, str]:
    """The environment that names a file with this text."""
    path = folder / "afterword.toml"
    path.write_text(text, encoding="utf-8")
    return {"AFTERWORD_CONFIG": str(path)}


def test_there_is_a_good_value_of_every_setting_in_these_tests() -> None:
    assert set(GOOD) == set(NAMES)


def test_nothing_needs_to_be_set() -> None:
    assert load_settings({}) == DEFAULTS
    assert Settings().public_url == "http://127.0.0.1:8321"


class TestSources:
    @pytest.mark.parametrize("name", NAMES)
    def test_each_can_be_a_variable(self, name: str) -> None:
        assert shown(load_settings({variable(name): GOOD[name]}), name) == GOOD[name]

    @pytest.mark.parametrize("name", NAMES)
    def test_each_can_be_read_from_a_file_of_its_own(self, name: str, tmp_path: Path) -> None:
        path = tmp_path / "secret"
        path.write_text(GOOD[name] + "\n")
        assert shown(load_settings({variable(name) + "_FILE": str(path)}), name) == GOOD[name]

    @pytest.mark.parametrize("name", NAMES)
    def test_each_can_be_a_key_of_the_toml_file(self, name: str, tmp_path: Path) -> None:
        value = GOOD[name] if name == "port" else json.dumps(GOOD[name])
        assert shown(load_settings(toml(tmp_path, f"{name} = {value}")), name) == GOOD[name]

    @pytest.mark.parametrize("name", NAMES)
    def test_each_can_be_given_by_a_command(self, name: str) -> None:
        assert shown(load_settings({}, **{name: GOOD[name]}), name) == GOOD[name]

    @pytest.mark.parametrize("name", NAMES)
    def test_an_empty_variable_is_not_set(self, name: str) -> None:
        assert load_settings({variable(name): ""}) == DEFAULTS

    def test_variables_of_other_programs_are_none_of_ours(self) -> None:
        assert load_settings({"PATH": "/bin", "HOST": "x", "AFTERWORDS_PORT": "1", "PORT": "x"}) == DEFAULTS

    def test_the_processs_own_environment_is_the_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AFTERWORD_PORT", "9001")
        assert load_settings().port == 9001


class TestPrecedence:
    def test_a_command_wins_over_a_variable_and_that_over_the_file(self, tmp_path: Path) -> None:
        environ = toml(tmp_path, 'port = 1\nhost = "file"\nlog_level = "error"')
        environ |= {"AFTERWORD_PORT": "2", "AFTERWORD_HOST": "variable"}
        settings = load_settings(environ, port=3)
        assert (settings.port, settings.host, settings.log_level) == (3, "variable", "error")

    def test_what_a_command_leaves_out_does_not_win(self) -> None:
        assert load_settings({"AFTERWORD_PORT": "2"}, port=None).port == 2

    def test_a_secret_file_wins_over_the_toml_file(self, tmp_path: Path) -> None:
        (tmp_path / "port").write_text("2")
        environ = toml(tmp_path, "port = 1") | {"AFTERWORD_PORT_FILE": str(tmp_path / "port")}
        assert load_settings(environ).port == 2

    @pytest.mark.parametrize("turned", [False, True])
    def test_a_variable_and_its_file_together_are_refused(self, tmp_path: Path, turned: bool) -> None:
        (tmp_path / "port").write_text("2")
        pairs = [("AFTERWORD_PORT", "1"), ("AFTERWORD_PORT_FILE", str(tmp_path / "port"))]
        message = refusal(dict(reversed(pairs) if turned else pairs))
        assert "AFTERWORD_PORT and AFTERWORD_PORT_FILE" in message


class TestTypos:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("AFTERWORD_PROT", "AFTERWORD_PORT"),
            ("AFTERWORD_SMTPURL", "AFTERWORD_SMTP_URL"),
            ("AFTERWORD_DATABASE", "AFTERWORD_DATABASE_URL"),
            ("AFTERWORD_SIGNINGKEY_FILE", "AFTERWORD_SIGNING_KEY"),
        ],
    )
    def test_in_a_variable_are_refused_with_what_was_meant(self, written: str, meant: str) -> None:
        message = refusal({written: SECRET})
        assert f"{written}: did you mean {meant}?" in message
        assert SECRET not in message

    def test_in_the_toml_file_are_refused_with_what_was_meant(self, tmp_path: Path) -> None:
        message = refusal(toml(tmp_path, f'smtp_ulr = "{SECRET}"'))
        assert "afterword.toml" in message
        assert "'smtp_ulr': did you mean smtp_url?" in message
        assert SECRET not in message

    def test_that_resemble_nothing_are_told_where_the_settings_are_listed(self, tmp_path: Path) -> None:
        message = refusal(toml(tmp_path, f'xyzzy = "{SECRET}"'))
        assert "'xyzzy'" in message
        assert "afterword settings" in message
        assert SECRET not in message

    def test_a_whole_table_is_not_a_setting(self, tmp_path: Path) -> None:
        assert "'server'" in refusal(toml(tmp_path, "[server]\nport = 1"))


class TestBadValues:
    BAD = (
        *(("port", value) for value in ("0", "65536", "-1", "80.5", "http", "0x50", "8 0")),
        *(("base_url", value) for value in ("surveys.example.com", "ftp://x", "https://", "https://x:port")),
        *(("base_url", value) for value in ("https://x/app", "https://x/?a=1", f"https://u:{SECRET}@x")),
        *(("smtp_url", value) for value in (SECRET, f"http://a:{SECRET}@b", f"smtp:a:{SECRET}", "smtp://")),
        *(("smtp_url", f"smtp://a:{SECRET}@b:{port}") for port in ("65536", "mail")),
        *(("slack_token", f"{kind}-{SECRET}") for kind in ("xoxp", "xapp", "xoxe.xoxb", "xoxb x")),
        *(("slack_url", value) for value in ("http://slack.com", "slack.com", f"https://u:{SECRET}@x")),
        *(("database_url", value) for value in (SECRET, f"mysql://a:{SECRET}@b/c", "sqlite:///x")),
        *(("signing_key", value) for value in ("x" * 31, SECRET)),
        *(("mail_from", value) for value in ("Surveys", "<>", "a b c", "Surveys <surveys>", "a@b, c@d")),
        *(("log_level", value) for value in ("verbose", "10")),
        *(("github_url", value) for value in ("http://github.example.com", "github.com", "https://")),
        *(("gitlab_url", f"https://{value}") for value in (f"u:{SECRET}@x", f"x/?token={SECRET}", "x#y")),
        *(("github_token", f"{SECRET}{more}") for more in (" x", "\N{LATIN SMALL LETTER E WITH ACUTE}")),
        *(("github_app_id", value) for value in ("my app", "https://github.com/apps/x")),
        *(("github_app_key", value) for value in (SECRET, f"-----BEGIN PRIVATE KEY-----\n{SECRET}")),
        *(("github_organisation", value) for value in ("https://github.com/acme", "a b", "acme?x", "..%2f")),
        *(("source_interval_s", value) for value in ("59", "604801", "1h", "-60", "60.5")),
        *(("keep_events", value) for value in ("0", "6", "36501", "-7", "7.5", "30d", "never", "٣٠")),
        *((name, "line\nbreak") for name in NAMES),
        *((name, "   ") for name in NAMES),
    )

    @pytest.mark.parametrize(("name", "value"), BAD, ids=range(len(BAD)))
    def test_are_refused_by_name_and_not_repeated(self, name: str, value: str) -> None:
        message = refusal({variable(name): value})
        assert message.startswith(f"{variable(name)}: ")
        assert SECRET not in message
        assert "\n" not in message

    @pytest.mark.parametrize(
        "value",
        [
            pytest.param(f"smtp://app:{SECRET}/x@mail.example.com:587", id="slash in the password"),
            pytest.param(f"smtp://app:{SECRET}#x@mail.example.com:587", id="hash in the password"),
            pytest.param(f"smtp://app:{SECRET}?x@mail.example.com:587", id="question mark in the password"),
            pytest.param(
                f"smtp://app:{SECRET}\N{ADDRESSED TO THE SUBJECT}@mail", id="a sign that NFKC splits"
            ),
            pytest.param(f"smtp://app:{SECRET}[@mail", id="bracket in the password"),
        ],
    )
    def test_a_password_that_breaks_its_url_is_not_shown(self, value: str) -> None:
        message = refusal({"AFTERWORD_SMTP_URL": value})
        assert message.startswith("AFTERWORD_SMTP_URL: ")
        assert SECRET not in message

    @pytest.mark.parametrize("value", ["required", "true", "yes", "always"])
    def test_a_misspelt_starttls_never_means_without(self, value: str) -> None:
        message = refusal({"AFTERWORD_SMTP_URL": f"smtp://app:{SECRET}@mail:587?starttls={value}"})
        assert message.startswith("AFTERWORD_SMTP_URL: ")
        assert "starttls" in message
        assert SECRET not in message

    @pytest.mark.parametrize(
        ("name", "value"),
        [("port", "true"), ("port", "80.5"), ("host", "5"), ("smtp_url", "[]"), ("log_level", "true")],
    )
    def test_of_another_type_in_the_toml_file_are_refused(
        self, tmp_path: Path, name: str, value: str
    ) -> None:
        assert refusal(toml(tmp_path, f"{name} = {value}")).startswith(f"{variable(name)}: must ")

    def test_given_by_a_command_are_refused_too(self) -> None:
        assert refusal({}, port=70_000).startswith("AFTERWORD_PORT: must ")


class TestFiles:
    @pytest.mark.parametrize(
        "content", [b"port = ", b"= 5", b"port = 1\nport = 2", b"\x00"], ids=["cut", "no key", "twice", "NUL"]
    )
    def test_a_file_that_is_not_toml_is_refused_by_name(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "afterword.toml"
        path.write_bytes(content)
        message = refusal({"AFTERWORD_CONFIG": str(path)})
        assert message.startswith(f"AFTERWORD_CONFIG: {path} is not TOML")
        assert "\n" not in message

    def test_a_toml_file_that_is_not_utf_8_is_refused_by_name(self, tmp_path: Path) -> None:
        path = tmp_path / "afterword.toml"
        path.write_bytes('mail_from = "Umfragen für alle"'.encode("latin-1"))
        message = refusal({"AFTERWORD_CONFIG": str(path)})
        assert message.startswith("AFTERWORD_CONFIG: ")
        assert str(path) in message

    def test_a_toml_file_that_is_not_there_is_refused_by_name(self, tmp_path: Path) -> None:
        message = refusal({"AFTERWORD_CONFIG": str(tmp_path / "missing.toml")})
        assert message.startswith("AFTERWORD_CONFIG: can't read ")
        assert "missing.toml" in message

    def test_a_secret_file_that_is_not_there_is_refused_by_its_variable(self, tmp_path: Path) -> None:
        message = refusal({"AFTERWORD_SMTP_URL_FILE": str(tmp_path / "missing")})
        assert message.startswith("AFTERWORD_SMTP_URL_FILE: can't read ")

    @pytest.mark.parametrize("name", sorted(SECRETS))
    def test_an_empty_secret_file_is_a_mistake_and_not_the_default(self, tmp_path: Path, name: str) -> None:
        """Otherwise a secret that was not filled in turns PostgreSQL into SQLite without a word."""
        (tmp_path / "secret").write_text("\n")
        assert refusal({f"{variable(name)}_FILE": str(tmp_path / "secret")}).startswith(variable(name))

    def test_a_bad_value_in_a_secret_file_is_not_repeated(self, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text(SECRET)
        message = refusal({"AFTERWORD_DATABASE_URL_FILE": str(tmp_path / "secret")})
        assert message.startswith("AFTERWORD_DATABASE_URL: must ")
        assert SECRET not in message

    def test_a_secret_file_that_is_not_text_is_refused_by_its_variable(self, tmp_path: Path) -> None:
        (tmp_path / "secret").write_bytes(b"\xff\xfe")
        assert refusal({"AFTERWORD_SIGNING_KEY_FILE": str(tmp_path / "secret")}).startswith(
            "AFTERWORD_SIGNING_KEY_FILE: can't read "
        )


class TestNormalForms:
    @pytest.mark.parametrize(
        ("name", "given", "taken"),
        [
            ("log_level", "WARNING", "warning"),
            ("host", " localhost ", "localhost"),
            ("database_url", "postgres://db/x", "postgresql://db/x"),
            ("port", "08080", "8080"),
            ("gitlab_url", "https://gitlab.example.com/", "https://gitlab.example.com"),
            ("gitlab_url", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("gitlab_group", "/acme/tools/", "acme/tools"),
        ],
    )
    def test_a_value_is_brought_into_one_form(self, name: str, given: str, taken: str) -> None:
        assert shown(load_settings({variable(name): given}), name) == taken

    def test_the_data_directory_is_absolute_and_knows_home(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/home/ana")
        assert load_settings({"AFTERWORD_DATA": "~/data"}).data == Path("/home/ana/data")
        assert load_settings({"AFTERWORD_DATA": "data"}).data == Path.cwd() / "data"
        assert load_settings({}).data == Path.cwd() / "afterword-data"

    @pytest.mark.parametrize(
        ("settings", "url"),
        [
            ({"host": "surveys", "port": 80}, "http://surveys:80"),
            ({"host": "::1"}, "http://[::1]:8321"),
            ({"base_url": "https://example.com/"}, "https://example.com"),
            ({"base_url": "https://example.com", "port": 9000}, "https://example.com"),
        ],
    )
    def test_the_public_url_has_no_slash_at_its_end(self, settings: dict[str, object], url: str) -> None:
        assert load_settings({}, **settings).public_url == url


class TestDescription:
    def test_lists_every_setting_with_its_value_and_meaning(self) -> None:
        rows = describe(load_settings({variable(name): value for name, value in GOOD.items()}))
        assert [name for name, _, _ in rows] == [variable(name) for name in NAMES]
        values = {name: value for name, value, _ in rows}
        for name in NAMES:
            assert values[variable(name)] == (MASK if name in SECRETS else GOOD[name])
        assert all(meaning for _, _, meaning in rows)

    def test_never_shows_a_secret(self) -> None:
        rows = describe(load_settings({variable(name): value for name, value in GOOD.items()}))
        assert SECRET not in str(rows)

    def test_shows_that_a_secret_is_not_set(self) -> None:
        values = {name: value for name, value, _ in describe(Settings())}
        assert all(values[variable(name)] == "" for name in SECRETS)


def test_the_key_of_a_github_app_can_stand_in_one_line() -> None:
    one_line = APP_KEY.replace("\n", "\\n")
    assert load_settings({"AFTERWORD_GITHUB_APP_KEY": one_line}).github_app_key == APP_KEY
