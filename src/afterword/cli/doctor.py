"""``afterword doctor``: is this installation well, and what is to be done?"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta

import click

from afterword.bootstrap import name_places, name_sources
from afterword.cli.progress import Progress
from afterword.domain.errors import AfterwordError
from afterword.flows.provisioning.manage_sources import check_sources
from afterword.flows.upkeep.check_database import check_database
from afterword.flows.upkeep.check_surroundings import Surroundings, check_surroundings
from afterword.flows.upkeep.findings import Finding, Level, fail, ok
from afterword.kit.clock import SystemClock
from afterword.settings import Settings, SettingsError, load_settings
from afterword.sources.base import DirectorySource
from afterword.storage.engine import StoreError, UnreachableError
from afterword.storage.open import open_database

FAIL_STATUS = 1

_RESTORE = "see docs/how-to/back-up.md for how to restore, if it can't be mended"
_LOOK_AT_POSTGRESQL = "look at PostgreSQL and its log, then run this again"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor(as_json: bool) -> None:
    """Check settings, files, database, channels and outbox beside a running server; changes nothing."""
    found = []
    for item in _examine():
        found.append(item)
        if not as_json:
            click.echo(f"{item.level:<5} {item.check}: {item.text}")
            if item.advice:
                click.echo(f"      → {item.advice}")
    if as_json:
        click.echo(json.dumps([asdict(item) for item in found], indent=2, ensure_ascii=False))
    if any(item.level is Level.FAIL for item in found):
        sys.exit(FAIL_STATUS)


def _examine() -> Iterator[Finding]:
    try:
        settings = load_settings()
    except SettingsError as error:
        yield fail("settings", str(error), "mend it, and run this again for everything else")
        return
    yield ok("settings", "read; `afterword settings` shows them")
    yield from check_surroundings(_surroundings(settings))
    opened: Sequence[DirectorySource] = ()
    try:
        opened = name_sources(settings, SystemClock())
    except SettingsError as error:
        yield fail("sources", str(error), "until then only this and a few commands work")
    yield from _examine_database(settings, opened)


def _surroundings(settings: Settings) -> Surroundings:
    return Surroundings(
        places=name_places(settings),
        host=settings.host,
        base_url=settings.base_url,
        smtp_url=settings.smtp_url,
        mail_from=settings.mail_from,
        has_set_key=settings.signing_key is not None,
        uses_sqlite=settings.database_url is None,
        slack_token=settings.slack_token,
        slack_url=settings.slack_url,
    )


def _examine_database(settings: Settings, opened: Sequence[DirectorySource]) -> Iterator[Finding]:
    path = name_places(settings).database
    if settings.database_url is None and not path.exists():
        yield fail("database", f"{path} is not there", "start the server, or restore a backup")
        return
    advice = _RESTORE if settings.database_url is None else _LOOK_AT_POSTGRESQL
    try:
        database = open_database(settings.database_url, path)
    except UnreachableError as error:
        yield fail("database", error.what, error.advice)
        return
    except AfterwordError as error:
        yield fail("database", str(error), advice)
        return
    try:
        yield from check_database(database, SystemClock(), Progress())
        interval = timedelta(seconds=settings.source_interval_s)
        yield from check_sources(database, SystemClock(), opened, interval)
    except StoreError as error:
        yield fail("database", f"reading it failed: {getattr(error, 'orig', error)}".strip(), advice)
    finally:
        database.close()
