"""How does a person say when, and about what, they want to be asked?"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from afterword.domain.people.preference import (
    MINUTES_PER_DAY,
    SNOOZE_DAYS_MAX,
    ChannelKind,
    OptOut,
    OptOutScope,
    QuietHours,
)
from afterword.domain.people.time_zone import HeldZone
from afterword.flows.links import Ticket, person_mark
from afterword.flows.people.held_zone import read_zone, zone_of, zone_unchosen
from afterword.flows.surveys.policy_levels import read_levels
from afterword.kit.clock import Clock, to_datetime
from afterword.kit.time_zones import zone_names
from afterword.storage import people, preferences
from afterword.storage.engine import Connection, Database
from afterword.storage.people import Person

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_NOT_SAVED = "Nothing was changed. "


@dataclass(frozen=True, slots=True)
class Settings:
    """
    What a person wants, and what they can choose from.

    Attributes:
        opted_out_projects: Id → name of those that may not ask.
        asking_projects: Id → name of the others that ask today.
        opted_out_channels: Those that may not be used.
        zone: By which the person lives.
        zone_unchosen: By which the person would live without a choice.
    """

    person: Person
    opted_out_projects: Mapping[int, str]
    asking_projects: Mapping[int, str]
    opted_out_channels: tuple[ChannelKind, ...]
    zone: HeldZone
    zone_unchosen: HeldZone


class PreferenceError(Exception):
    """A wish that can't be fulfilled; the message is for the person, and nothing was changed."""


def find_guest(connection: Connection, ticket: Ticket | None) -> Person | None:
    """
    Whom a person's link lets in.

    Returns:
        The person, or the one they were merged into; None when they were erased, or the number means
        somebody else by now.
    """
    if ticket is None:
        return None
    person = people.get_person(connection, ticket.id)
    if person is None or person.erased_at is not None or person_mark(person.created_at) != ticket.mark:
        return None
    kept_id = preferences.find_kept_id(connection, person.id)
    kept = person if kept_id == person.id else people.get_person(connection, kept_id)
    return None if kept is None or kept.erased_at is not None else kept


def _lock_guest(connection: Connection, ticket: Ticket | None) -> Person | None:
    """As ``find_guest``; nobody merges or erases the person, or decides about them, until this ends."""
    found = find_guest(connection, ticket)
    while found is not None:
        people.get_person(connection, found.id, lock=True)
        again = find_guest(connection, ticket)
        if again is None or again.id == found.id:
            return again
        found = again
    return None


def is_opted_out(database: Database, ticket: Ticket | None) -> bool | None:
    """Tell whether a person wants no surveys; None when there is no such person."""
    with database.read() as connection:
        person = find_guest(connection, ticket)
    return None if person is None else person.opted_out_at is not None


def set_opted_out(database: Database, clock: Clock, ticket: Ticket | None, *, opted_out: bool) -> bool | None:
    """Send this person no survey from now on, or take that back; what holds now, None without a person."""
    at = to_datetime(clock.now_us()) if opted_out else None
    with database.write() as connection:
        person = _lock_guest(connection, ticket)
        if person is None:
            return None
        people.update_person(connection, person.id, {"opted_out_at": at})
    return opted_out


def find_locale(database: Database, ticket: Ticket | None) -> str:
    """The language that the directory knows of a person; empty for none."""
    with database.read() as connection:
        person = find_guest(connection, ticket)
    return (person.locale if person else None) or ""


def read_settings(database: Database, ticket: Ticket | None) -> Settings | None:
    """What a person wants; None when the link lets nobody in."""
    with database.read() as connection:
        person = find_guest(connection, ticket)
        return None if person is None else _settings(connection, person)


def change_settings(
    database: Database, clock: Clock, ticket: Ticket | None, fields: Mapping[str, str]
) -> Settings | None:
    """
    Do what a form of the settings asks for.

    Args:
        fields: ``change`` names what to do, others say how.

    Returns:
        What holds afterwards; None when the link lets nobody in.

    Raises:
        PreferenceError: It can't be done; the message says what to mend.
    """
    now = to_datetime(clock.now_us())
    change = _CHANGES.get(fields.get("change", ""))
    if change is None:
        raise PreferenceError(_NOT_SAVED + "This form is not one of this page: please open the page again.")
    with database.write() as connection:
        person = _lock_guest(connection, ticket)
        if person is None:
            return None
        change(connection, person, fields, now)
        after = people.get_person(connection, person.id)
        return None if after is None else _settings(connection, after)


@cache
def zones_to_choose() -> tuple[str, ...]:
    """The IANA names of time zones that a person can choose, by name; old names and other lists left out."""
    places = sorted(name for name in zone_names() if "/" in name and not name.startswith("Etc/"))
    return ("UTC", *places)


def quiet_hours_of(person: Person) -> QuietHours | None:
    """The hours of the day in which a person wants no mail."""
    if person.quiet_from is None or person.quiet_until is None:
        return None
    return QuietHours(person.quiet_from, person.quiet_until)


def _settings(connection: Connection, person: Person) -> Settings:
    opt_outs = preferences.list_opt_outs(connection, person.id)
    of_projects = [int(one.value) for one in opt_outs if one.scope is OptOutScope.PROJECT]
    of_channels = {one.value for one in opt_outs if one.scope is OptOutScope.CHANNEL}
    names = preferences.list_project_names(connection, of_projects)
    asking = preferences.list_asking_projects(connection)
    organisation = read_levels(connection, None).timezone
    return Settings(
        person,
        opted_out_projects=names,
        asking_projects={key: name for key, name in asking.items() if key not in names},
        opted_out_channels=tuple(kind for kind in ChannelKind if kind.value in of_channels),
        zone=zone_of(person, organisation),
        zone_unchosen=zone_unchosen(person, organisation),
    )


def _opt_out(connection: Connection, person: Person, fields: Mapping[str, str], now: datetime) -> None:
    scope, value = _wish(connection, fields)
    if scope is OptOutScope.ALL:
        people.update_person(connection, person.id, {"opted_out_at": person.opted_out_at or now})
    else:
        preferences.add_opt_out(connection, person.id, OptOut(scope, value, now))


def _opt_in(connection: Connection, person: Person, fields: Mapping[str, str], now: datetime) -> None:
    scope, value = _wish(connection, fields)
    if scope is OptOutScope.ALL:
        people.update_person(connection, person.id, {"opted_out_at": None})
    else:
        preferences.remove_opt_out(connection, person.id, scope, value)


def _wish(connection: Connection, fields: Mapping[str, str]) -> tuple[OptOutScope, str]:
    scope, value = fields.get("scope", ""), fields.get("value", "")
    if scope == OptOutScope.ALL:
        return OptOutScope.ALL, ""
    if scope == OptOutScope.CHANNEL and value in set(ChannelKind):
        return OptOutScope.CHANNEL, value
    # As text and not as a number: what is kept must be what is compared.
    if (
        scope == OptOutScope.PROJECT
        and re.fullmatch(r"[1-9][0-9]{0,17}", value)
        and preferences.list_project_names(connection, [int(value)])
    ):
        return OptOutScope.PROJECT, value
    what = "one of the ways to reach you" if scope == OptOutScope.CHANNEL else "a tool from the list"
    raise PreferenceError(f"{_NOT_SAVED}Please choose {what}.")


def _snooze(connection: Connection, person: Person, fields: Mapping[str, str], now: datetime) -> None:
    zone = read_zone(connection, person).zone
    today = now.astimezone(zone).date()
    try:
        day = datetime.strptime(fields.get("until", ""), "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise PreferenceError(_NOT_SAVED + "Please choose a day, such as 2026-03-31.") from None
    if not today < day <= today + timedelta(days=SNOOZE_DAYS_MAX):
        raise PreferenceError(
            f"{_NOT_SAVED}Please choose a day from tomorrow on, within {SNOOZE_DAYS_MAX} days. "
            "To be left alone for longer, stop surveys below."
        )
    until = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    people.update_person(connection, person.id, {"snoozed_until": until})


def _wake(connection: Connection, person: Person, fields: Mapping[str, str], now: datetime) -> None:
    people.update_person(connection, person.id, {"snoozed_until": None})


def _be_quiet(connection: Connection, person: Person, fields: Mapping[str, str], now: datetime) -> None:
    start, end = _minutes(fields.get("from", "")), _minutes(fields.get("until", ""))
    if start == end:
        raise PreferenceError(
            _NOT_SAVED + "Please choose two different times. To get no mails at all, stop the surveys below."
        )
    people.update_person(connection, person.id, {"quiet_from": start, "quiet_until": end})


def _minutes(text: str) -> int:
    """Minutes after midnight."""
    if (match := _TIME.fullmatch(text)) is None:
        raise PreferenceError(_NOT_SAVED + "Please give both times, such as 18:00 and 08:30.")
    return (int(match[1]) * 60 + int(match[2])) % MINUTES_PER_DAY


def _be_loud(connection: Connection, person: Person, fields: Mapping[str, str], now: datetime) -> None:
    people.update_person(connection, person.id, {"quiet_from": None, "quiet_until": None})


def _choose_zone(connection: Connection, person: Person, fields: Mapping[str, str], now: datetime) -> None:
    name = fields.get("timezone", "")
    if name and name not in zone_names():
        raise PreferenceError(_NOT_SAVED + "Please choose a time zone from the list.")
    people.update_person(connection, person.id, {"own_timezone": name or None})


_Change = Callable[[Connection, Person, Mapping[str, str], datetime], None]

_CHANGES: dict[str, _Change] = {
    "opt-out": _opt_out,
    "opt-in": _opt_in,
    "snooze": _snooze,
    "wake": _wake,
    "quiet": _be_quiet,
    "no-quiet": _be_loud,
    "timezone": _choose_zone,
}
"""What the forms of the settings can ask for, by the word in their field ``change``."""
