"""What did the operator set? The only reader of the environment."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from email.utils import getaddresses
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from afterword.domain.errors import AfterwordError
from afterword.kit.hosts import is_loopback

PREFIX = "AFTERWORD_"
FILE_SUFFIX = "_FILE"
CONFIG_VARIABLE = "AFTERWORD_CONFIG"
MASK = "********"

DATABASE_FILE = "afterword.db"
SIGNING_KEY_FILE = "signing.key"
MAILBOX_FOLDER = "mailbox"
SERVER_URL_FILE = "server.url"

FOREVER = "forever"
KEEP_DAYS_MIN = 7
KEEP_DAYS_MAX = 36_500

STARTTLS = ("auto", "require", "never")
LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(AfterwordError):
    """A setting is unknown or has a bad value; the message says which and what to do."""


def _setting(default: Any, doc: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"doc": doc, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked. The name of the variable is AFTERWORD_ and the field's name in capitals."""

    data: Path = _setting(
        Path("afterword-data"), "Directory of everything that is kept: database, signing key, mailbox."
    )
    database_url: str | None = _setting(
        None, "postgresql://… for PostgreSQL; unset for SQLite in the data directory.", secret=True
    )
    host: str = _setting("127.0.0.1", "Address that the server binds to.")
    port: int = _setting(8321, "Port that the server binds to; 1 to 65535.")
    base_url: str | None = _setting(
        None, "How people's browsers reach the server, for links in mails; unset for http://HOST:PORT."
    )
    smtp_url: str | None = _setting(
        None,
        "smtp://USER:PASSWORD@HOST:PORT or smtps://…, with STARTTLS when the server offers it "
        "(?starttls=require insists, ?starttls=never does without); unset for the built-in mailbox page.",
        secret=True,
    )
    mail_from: str = _setting("Afterword <afterword@localhost>", "Sender of the mails.")
    slack_token: str | None = _setting(
        None,
        "Bot token (xoxb-…) of the Slack app that sends direct messages; unset for no Slack.",
        secret=True,
    )
    slack_url: str = _setting("https://slack.com", "Where Slack is; GovSlack has its own address.")
    signing_key: str | None = _setting(
        None, "Key that signs links, at least 32 characters; unset for one made at first start.", secret=True
    )
    log_level: str = _setting("info", "debug, info, warning or error.")
    github_organisation: str | None = _setting(None, "GitHub organisation whose members are loaded.")
    github_token: str | None = _setting(None, "Token that may read its members.", secret=True)
    github_app_id: str | None = _setting(None, "Id of a GitHub App that reads its members, without a token.")
    github_app_key: str | None = _setting(
        None, "Private key of that App, the whole .pem file that GitHub made.", secret=True
    )
    github_url: str = _setting(
        "https://github.com", "Where people open GitHub; an Enterprise Server has its own address."
    )
    gitlab_group: str | None = _setting(None, "GitLab group whose members are loaded, such as acme/tools.")
    gitlab_token: str | None = _setting(None, "Token that may read its members.", secret=True)
    gitlab_url: str = _setting("https://gitlab.com", "Where people open GitLab; self-managed or not.")
    source_interval_s: int = _setting(
        3_600, "From one load of GitHub or GitLab to the next, in seconds; 60 to 604800."
    )
    keep_events: int | str = _setting(
        400, "Days after which an event no longer says who, nor with what metadata; or forever."
    )
    keep_decisions: int | str = _setting(
        400, "Days after which decisions that invited nobody go; or forever."
    )
    keep_answers: int | str = _setting(
        FOREVER, "Days after which invitations go with their answers; or forever."
    )
    keep_mails: int | str = _setting(90, "Days after which mails of the built-in mailbox go; or forever.")

    @property
    def public_url(self) -> str:
        """Where people reach the server, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.base_url or f"http://{host}:{self.port}").rstrip("/")


SIGNING_KEY_CHARS_MIN = 32
SOURCE_INTERVAL_S_MIN, SOURCE_INTERVAL_S_MAX = 60, 604_800

NAMES = tuple(item.name for item in fields(Settings))


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """
    Read the settings: a TOML file, then the environment, then overrides; the later wins.

    Args:
        environ: Instead of the process's environment.
        overrides: Values given on the command line; None is not given.

    Raises:
        SettingsError: Naming the variable or the key, and what to do.
    """
    environ = os.environ if environ is None else environ
    # Checked like a given one: messages must say where a person finds it.
    values: dict[str, Any] = {"data": Settings().data}
    values |= _read_file(environ.get(CONFIG_VARIABLE))
    values |= _read_environment(environ)
    values |= {name: value for name, value in overrides.items() if value is not None}
    return Settings(**{name: _check(name, value) for name, value in values.items()})


def describe(settings: Settings) -> list[tuple[str, str, str]]:
    """(variable, value with secrets masked, what it is for) of each setting."""
    rows = []
    for item in fields(Settings):
        value = getattr(settings, item.name)
        shown = "" if value is None else MASK if item.metadata["secret"] else str(value)
        rows.append((PREFIX + item.name.upper(), shown, item.metadata["doc"]))
    return rows


def _read_file(path: str | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        with Path(path).open("rb") as file:
            values = tomllib.load(file)
    except OSError as error:
        raise SettingsError(f"{CONFIG_VARIABLE}: can't read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{CONFIG_VARIABLE}: {path} is not TOML: {error}") from error
    for name in values:
        if name not in NAMES:
            raise SettingsError(f"{path}: there is no setting {name!r}{_suggest(name, NAMES)}")
    return values


def _read_environment(environ: Mapping[str, str]) -> dict[str, str]:
    values = {}
    variables = {PREFIX + name.upper(): name for name in NAMES}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        plain = variable.removesuffix(FILE_SUFFIX)
        if variable in variables:
            name, value = variables[variable], text
        elif plain in variables:
            name, value = variables[plain], _read_secret(variable, text)
        else:
            raise SettingsError(f"there is no setting {variable}{_suggest(variable, variables)}")
        if name in values:
            raise SettingsError(f"{plain} and {plain}{FILE_SUFFIX} are both set: keep one of them")
        if value:
            values[name] = value
    return values


def _read_secret(variable: str, path: str) -> str:
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{variable}: can't read the file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{variable}: can't read the file {path}: it is no text in UTF-8") from error
    if not secret:
        # Not the default: a secret that was not filled in must not turn PostgreSQL into SQLite.
        raise SettingsError(f"{variable}: the file {path} is empty")
    return secret


def _suggest(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f": did you mean {close[0]}?" if close else "; `afterword settings` lists them"


def _check(name: str, value: Any) -> Any:
    try:
        return _CHECKS[name](value)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}{name.upper()}: {error}") from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("must be text without line breaks")
    return value.strip()


def _port(value: Any) -> int:
    if isinstance(value, bool) or not str(value).isdecimal() or not 1 <= int(value) <= 65_535:
        raise ValueError("must be a whole number from 1 to 65535")
    return int(value)


def _url(*schemes: str) -> Any:
    def check(value: Any) -> str:
        text = _text(value)
        try:
            url = urlsplit(text)
            is_good = url.scheme in schemes and bool(url.hostname) and (url.port is None or url.port > 0)
        except ValueError:
            # Python's own message repeats the value, which may hold a password.
            is_good = False
        if not is_good:
            raise ValueError(
                "must be a URL that starts with "
                + " or ".join(f"{scheme}://" for scheme in schemes)
                + (
                    "; signs such as / ? # @ in a password are written as %2F %3F %23 %40"
                    if "smtp" in schemes
                    else ""
                )
            )
        return text

    return check


def _base_url(value: Any) -> str:
    text: str = _url("http", "https")(value)
    url = urlsplit(text)
    if url.path not in ("", "/") or url.query or url.fragment or url.username:
        raise ValueError("must be scheme, host and port only: Afterword can't live below a path")
    return text


def _service_url(value: Any) -> str:
    text: str = _url("http", "https")(value)
    url = urlsplit(text)
    if url.query or url.fragment or url.username:
        raise ValueError("must be an address without user, ? and #; the token is a setting of its own")
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        raise ValueError("must start with https://, since a token is sent there")
    return text.rstrip("/")


def _token(value: Any) -> str:
    text = _text(value)
    if not text.isascii() or " " in text:
        raise ValueError("must be a token: letters, digits and signs, without blanks")
    return text


def _slack_token(value: Any) -> str:
    text = _token(value)
    if text.startswith(("xapp-", "xoxp-", "xoxe")):
        # A user's token would send in a person's name, and an app-level one can't send at all.
        raise ValueError("must be a bot token, which starts with xoxb-")
    return text


def _app_id(value: Any) -> str:
    text = _text(str(value))
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        raise ValueError("must be the App ID or the Client ID that the App's settings show")
    return text


def _private_key(value: Any) -> str:
    # Where variables can't have several lines, their ends are written as \n.
    text = value.strip().replace("\\n", "\n") if isinstance(value, str) else ""
    if not re.fullmatch(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s[\sA-Za-z0-9+/=]+-----END [A-Z ]*-----", text):
        raise ValueError(
            "must be a whole .pem file, from BEGIN … PRIVATE KEY to its END; "
            "better give the file's path by AFTERWORD_GITHUB_APP_KEY_FILE"
        )
    return text


def _account_name(value: Any) -> str:
    text = _text(str(value)).strip("/")
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", text):
        raise ValueError("must be a name as addresses have it, such as acme or acme/tools, not an address")
    return text


def _source_interval_s(value: Any) -> int:
    is_number = not isinstance(value, bool) and str(value).isdecimal()
    if not is_number or not SOURCE_INTERVAL_S_MIN <= int(value) <= SOURCE_INTERVAL_S_MAX:
        raise ValueError(
            f"must be a whole number of seconds from {SOURCE_INTERVAL_S_MIN} to {SOURCE_INTERVAL_S_MAX}"
        )
    return int(value)


def _smtp_url(value: Any) -> str:
    text: str = _url("smtp", "smtps")(value)
    for name, values in parse_qs(urlsplit(text).query, keep_blank_values=True).items():
        if name != "starttls" or values[-1] not in STARTTLS:
            raise ValueError("knows one option, ?starttls=, which is one of " + ", ".join(STARTTLS))
    return text


def _mail_from(value: Any) -> str:
    text = _text(value)
    addresses = getaddresses([text])
    if len(addresses) != 1 or not re.fullmatch(r"[^@\s]+@[^@\s]+", addresses[0][1]):
        raise ValueError("must be one address, such as Afterword <afterword@example.com>")
    return text


def _data(value: Any) -> Path:
    return Path(_text(str(value))).expanduser().absolute()


def _log_level(value: Any) -> str:
    if str(value).lower() not in LOG_LEVELS:
        raise ValueError("must be one of " + ", ".join(LOG_LEVELS))
    return str(value).lower()


def _days(value: Any) -> int | str:
    text = str(value).strip().lower()
    if text == FOREVER:
        return text
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(KEEP_DAYS_MAX))
    if not is_number or not KEEP_DAYS_MIN <= int(text) <= KEEP_DAYS_MAX:
        raise ValueError(
            f"must be a whole number of days from {KEEP_DAYS_MIN} to {KEEP_DAYS_MAX}, or {FOREVER}"
        )
    return int(text)


def _database_url(value: Any) -> str:
    text = _text(value)
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("must start with postgresql:// (leave it unset for SQLite in AFTERWORD_DATA)")
    return text.replace("postgres://", "postgresql://", 1)


def _signing_key(value: Any) -> str:
    text = _text(value)
    if len(text) < SIGNING_KEY_CHARS_MIN:
        raise ValueError(f"must have at least {SIGNING_KEY_CHARS_MIN} characters")
    return text


_CHECKS: dict[str, Any] = {
    "data": _data,
    "database_url": _database_url,
    "host": _text,
    "port": _port,
    "base_url": _base_url,
    "smtp_url": _smtp_url,
    "mail_from": _mail_from,
    "slack_token": _slack_token,
    "slack_url": _service_url,
    "signing_key": _signing_key,
    "log_level": _log_level,
    "github_organisation": _account_name,
    "github_token": _token,
    "github_app_id": _app_id,
    "github_app_key": _private_key,
    "github_url": _service_url,
    "gitlab_group": _account_name,
    "gitlab_token": _token,
    "gitlab_url": _service_url,
    "source_interval_s": _source_interval_s,
    "keep_events": _days,
    "keep_decisions": _days,
    "keep_answers": _days,
    "keep_mails": _days,
}
