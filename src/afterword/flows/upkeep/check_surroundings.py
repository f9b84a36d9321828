"""Is everything around the database as it should be: files, disk, addresses, mail?"""

import asyncio
import os
import platform
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from afterword import __version__
from afterword.channels.base import SendError
from afterword.channels.email import EmailChannel
from afterword.channels.slack import SlackChannel
from afterword.flows.upkeep.findings import Finding, fail, ok, warn
from afterword.kit.hosts import is_loopback
from afterword.kit.places import Places

DISK_FREE_FAIL_BYTES = 200_000_000
"""Below this a busy hour can fill the disk, and events are refused: half a million of them, with the log."""

DISK_FREE_WARN_BYTES = 1_000_000_000
"""Below this, or below the size of the database: a migration or a backup beside it would not fit."""

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_ANYTHING = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the settings say, as far as it is checked. What is secret in it is never shown."""

    places: Places
    host: str
    base_url: str | None
    smtp_url: str | None
    mail_from: str
    has_set_key: bool
    uses_sqlite: bool
    slack_token: str | None
    slack_url: str


def check_surroundings(here: Surroundings) -> Iterator[Finding]:
    """Look at everything that needs no database; changes nothing and sends nothing."""
    yield ok("versions", f"Afterword {__version__}, Python {platform.python_version()}")
    if not here.places.data.is_dir():
        advice = "set AFTERWORD_DATA to the right directory, or start the server, which makes it"
        yield fail("data directory", f"{here.places.data} is not there", advice)
    else:
        yield _check_directory(here.places.data)
        if here.places.restore_mark.exists():
            advice = "run `afterword restore` again, unless one is at work now"
            yield fail("restore", f"a restore into {here.places.data} was cut short", advice)
        yield _check_key(here)
        if here.uses_sqlite and here.places.database.exists():
            yield _check_private("database file", here.places.database)
        yield _check_disk(here)
    yield _check_addresses(here)
    yield _check_mail(here)
    if here.slack_token is not None:
        yield _check_slack(here.slack_token, here.slack_url)


def _check_directory(path: Path) -> Finding:
    found = path.stat()
    if found.st_uid != os.geteuid():
        return warn(
            "data directory",
            f"{path} belongs to user {found.st_uid}, and you are user {os.geteuid()}",
            "run this as the user whom the server runs as",
        )
    if not os.access(path, os.W_OK | os.X_OK):
        return fail("data directory", f"{path} can't be written", f"chmod 700 {path}")
    if found.st_mode & _OTHERS_WRITE:
        return fail("data directory", f"{path} can be written by others", f"chmod 700 {path}")
    if found.st_mode & _OTHERS_ANYTHING:
        return warn("data directory", f"{path} can be read by others", f"chmod 700 {path}")
    return ok("data directory", str(path))


def _check_key(here: Surroundings) -> Finding:
    path = here.places.signing_key
    if here.has_set_key:
        return ok("signing key", "set by AFTERWORD_SIGNING_KEY")
    if not path.exists():
        advice = "restore it from a backup; a new one makes links in mails already sent invalid"
        return fail("signing key", f"{path} is not there", advice)
    if not path.stat().st_size:
        return fail("signing key", f"{path} is empty", "restore it from a backup, or delete it for a new one")
    return _check_private("signing key", path)


def _check_private(check: str, path: Path) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS_ANYTHING:
        return fail(check, f"{path} is open to others (mode {mode:04o})", f"chmod 600 {path}")
    return ok(check, str(path))


def _check_disk(here: Surroundings) -> Finding:
    free = shutil.disk_usage(here.places.data).free
    text = f"{free / 1e9:.1f} GB free for {here.places.data}"
    size = here.places.database.stat().st_size if here.places.database.exists() else 0
    if free < DISK_FREE_FAIL_BYTES:
        return fail("disk", text, "make room now: events are refused when the disk is full")
    if free < max(DISK_FREE_WARN_BYTES, size):
        return warn("disk", text, f"make room: a copy of the database takes {size / 1e9:.1f} GB")
    return ok("disk", text if here.uses_sqlite else f"{text}; PostgreSQL's own is not looked at")


def _check_addresses(here: Surroundings) -> Finding:
    if here.base_url is not None:
        return ok("address", here.base_url)
    advice = "set AFTERWORD_BASE_URL to the address by which people's browsers reach this server"
    if not is_loopback(here.host):
        return fail("address", f"links in mails lead to {here.host}, where the server listens", advice)
    if here.smtp_url is not None:
        return fail("address", f"mails go out, and their links lead to {here.host}", advice)
    if here.slack_token is not None:
        return fail("address", f"messages go to Slack, and their links lead to {here.host}", advice)
    return ok("address", f"{here.host}, for this machine only")


def _check_mail(here: Surroundings) -> Finding:
    if here.smtp_url is None:
        return ok("mail", "no mail server is set: mails go to the mailbox page")
    try:
        asyncio.run(EmailChannel(here.smtp_url, here.mail_from).greet())
    except SendError as error:
        advice = "look at AFTERWORD_SMTP_URL, the mail server and the network between"
        return fail("mail", f"the mail server does not take mail ({error})", advice)
    return ok("mail", "the mail server answers; no mail was sent")


def _check_slack(token: str, url: str) -> Finding:
    try:
        workspace = asyncio.run(SlackChannel(token, url).greet())
    except SendError as error:
        advice = "see docs/how-to/ask-in-slack.md; until then surveys go by mail, later than they could"
        return fail("slack", f"Slack does not take messages ({error})", advice)
    return ok("slack", f"the workspace {workspace} takes messages; none was sent")
