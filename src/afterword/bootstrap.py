"""The one place where parts are put together; no logic."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from afterword.channels.base import Channel
from afterword.channels.registry import open_channels
from afterword.domain.people.preference import ChannelKind
from afterword.flows.ingest.counted_events import CountedEvents
from afterword.flows.ingest.directory import Directory
from afterword.flows.ingest.record_notices import Notices
from afterword.flows.ingest.track_event import Intake
from afterword.flows.links import Links
from afterword.flows.people.tombstones import Tombstones
from afterword.flows.upkeep.retain import Keeping
from afterword.kit.clock import Clock, LimitClock, SystemClock
from afterword.kit.places import Places, make_data_directory
from afterword.kit.signing import Signer, load_or_make_key
from afterword.settings import (
    DATABASE_FILE,
    MAILBOX_FOLDER,
    PREFIX,
    SIGNING_KEY_FILE,
    Settings,
    SettingsError,
)
from afterword.sources.base import DirectorySource, SourceError
from afterword.sources.registry import open_sources
from afterword.storage.engine import Database, clock_us
from afterword.storage.open import open_database


@dataclass(frozen=True, slots=True)
class Parts:
    """What every command and every server works with."""

    settings: Settings
    clock: Clock
    database: Database
    links: Links
    tombstones: Tombstones
    channels: Mapping[ChannelKind, Channel]
    mailbox: Path
    sources: tuple[DirectorySource, ...] = ()
    keeping: Keeping = field(default_factory=Keeping)


@dataclass(frozen=True, slots=True)
class IntakeParts:
    """What only a server that takes events has."""

    directory: Directory
    intake: Intake
    notices: Notices


def open_parts(settings: Settings, clock: Clock | None = None) -> Parts:
    """
    Open everything that the settings name; makes the data directory when it is not there.

    Raises:
        AfterwordError: Something can't be opened; the message says what to do.
    """
    places = name_places(settings)
    try:
        make_data_directory(places.data)
        _check_restore_has_ended(places)
        _check_key_is_there(settings, places)
        key = settings.signing_key or load_or_make_key(places.signing_key)
    except OSError as error:
        raise SettingsError(f"AFTERWORD_DATA: can't use {settings.data}: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(str(error)) from error
    signer = Signer(key)
    clock = clock or SystemClock()
    return Parts(
        settings=settings,
        clock=clock,
        database=open_database(settings.database_url, places.database),
        links=Links(signer, settings.public_url),
        tombstones=Tombstones(signer),
        channels=name_channels(settings),
        mailbox=places.mailbox,
        sources=name_sources(settings, clock),
        keeping=_keeping(settings),
    )


def name_channels(settings: Settings) -> Mapping[ChannelKind, Channel]:
    """The ways to reach people that these settings name; sends nothing."""
    mailbox = name_places(settings).mailbox
    slack = (settings.slack_token, settings.slack_url)
    return open_channels(settings.smtp_url, mail_from=settings.mail_from, mailbox=mailbox, slack=slack)


def name_sources(settings: Settings, clock: Clock) -> tuple[DirectorySource, ...]:
    """
    The sources of people that these settings name; asks none of them.

    Raises:
        SettingsError: One is set in part, or the key of a GitHub App can't be used.
    """
    app_id, app_key = settings.github_app_id, settings.github_app_key
    pairs = [("gitlab_group", "gitlab_token")]
    if app_id is None and app_key is None:
        pairs.append(("github_organisation", "github_token"))
    else:
        pairs += [("github_app_id", "github_app_key"), ("github_organisation", "github_app_id")]
    for one, other in pairs:
        if (getattr(settings, one) is None) is not (getattr(settings, other) is None):
            names = f"{PREFIX}{one.upper()} and {PREFIX}{other.upper()}"
            raise SettingsError(f"{names}: one is set without the other; set both, or neither")
    if app_id is not None and settings.github_token is not None:
        names = f"{PREFIX}GITHUB_TOKEN and {PREFIX}GITHUB_APP_ID"
        raise SettingsError(f"{names}: GitHub is read with one of the two; unset the other")
    sign_in = (app_id, app_key) if app_id and app_key else settings.github_token
    try:
        return open_sources(
            clock,
            github=(settings.github_organisation, sign_in, settings.github_url),
            gitlab=(settings.gitlab_group, settings.gitlab_token, settings.gitlab_url),
        )
    except SourceError as error:
        raise SettingsError(str(error)) from None


def _keeping(settings: Settings) -> Keeping:
    return Keeping(
        events=_span(settings.keep_events),
        decisions=_span(settings.keep_decisions),
        answers=_span(settings.keep_answers),
        mails=_span(settings.keep_mails),
    )


def _span(days: int | str) -> timedelta | None:
    return timedelta(days=days) if isinstance(days, int) else None


def _check_restore_has_ended(places: Places) -> None:
    """What a killed restore left is not to be worked on, and nothing new is to be made beside it."""
    if places.restore_mark.exists():
        raise SettingsError(
            f"a restore into {places.data} was cut short: run `afterword restore` again, with --replace "
            "when it says that there is something already; if one is at work now, wait for its end"
        )


def _check_key_is_there(settings: Settings, places: Places) -> None:
    """A key that got lost is not replaced in silence: all links in mails would end."""
    is_first = not places.database.exists() or settings.database_url is not None
    if settings.signing_key is None and not places.signing_key.exists() and not is_first:
        raise SettingsError(
            f"the signing key {places.signing_key} is missing: put it back from a backup, or set "
            "AFTERWORD_SIGNING_KEY; if it is lost, set a new one of 32 random characters, "
            "which ends the links in mails already sent"
        )


def name_places(settings: Settings) -> Places:
    """Where these settings keep everything; makes nothing."""
    return Places(
        data=settings.data,
        database=settings.data / DATABASE_FILE,
        signing_key=settings.data / SIGNING_KEY_FILE,
        mailbox=settings.data / MAILBOX_FOLDER,
    )


def open_intake(parts: Parts, on_work: Callable[[], None]) -> IntakeParts:
    """Put the hot path together; ``on_work`` is called when the outbox got jobs."""
    database = parts.database
    with database.read() as connection:
        limit_clock = LimitClock(parts.clock, clock_us(connection) or parts.clock.now_us())
    counted = CountedEvents(database, limit_clock)
    return IntakeParts(
        directory=Directory(database, parts.tombstones),
        intake=Intake(database, clock=parts.clock, limit_clock=limit_clock, counted=counted, on_work=on_work),
        notices=Notices(database, parts.clock),
    )
