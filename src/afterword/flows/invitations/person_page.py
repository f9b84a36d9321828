"""What does a person see on the page of their own?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from afterword.domain.errors import ConflictError, NotFoundError
from afterword.domain.people.identity import IdentityKind, normalise
from afterword.domain.people.time_zone import HeldZone
from afterword.domain.survey.answer import Value
from afterword.domain.survey.survey import Definition
from afterword.flows.invitations.tell_person import tell_delivery, tell_invited, tell_skipped
from afterword.flows.links import Links, Ticket
from afterword.flows.people.held_zone import read_zone
from afterword.flows.surveys.personal_survey import personal
from afterword.flows.surveys.survey_definition import read_definition
from afterword.flows.throttle.explain_event import find_held_back
from afterword.flows.throttle.preferences import find_guest
from afterword.storage import decisions, events, invitations, people, preferences, responses, sources, surveys
from afterword.storage.decisions import Entry, Place
from afterword.storage.engine import Connection, Database
from afterword.storage.invitations import Invitation
from afterword.storage.people import NewIdentity, Person
from afterword.storage.sources import Listed

EVENTS_LOOKED_AT_MAX = 200_000
"""The newest events of everybody that are counted through: there is no index by person, which would cost
each event a page, so a count of all would take as long as all events."""

ENTRIES_SHOWN = 20
"""Decisions of one page."""


@dataclass(frozen=True, slots=True)
class Overview:
    """
    What is known about a person.

    Attributes:
        zone: By which they live.
        handles: With when each became known.
        events: Project → how many events, and when the latest came.
        events_since: Where the counting begins; None when all events were looked at.
    """

    person: Person
    zone: HeldZone
    handles: Sequence[NewIdentity]
    sources: Sequence[Listed]
    events: Mapping[str, tuple[int, datetime]]
    events_since: datetime | None


def open_overview(database: Database, ticket: Ticket | None) -> Overview | None:
    """Tell a person what is known about them; None when the link lets nobody in."""
    with database.read() as connection:
        person = find_guest(connection, ticket)
        if person is None:
            return None
        ids = preferences.list_merged_ids(connection, person.id)
        # Known to the planner as a number: from an unknown one it would rather read all events.
        from_id = max(1, events.find_newest_id(connection) - EVENTS_LOOKED_AT_MAX + 1)
        return Overview(
            person,
            read_zone(connection, person),
            handles=people.list_identities(connection, [person.id]).get(person.id, []),
            sources=sources.list_sources_of(connection, ids),
            events=events.count_of_people(connection, ids, from_id=from_id),
            events_since=events.find_received_at(connection, from_id) if from_id > 1 else None,
        )


@dataclass(frozen=True, slots=True)
class Story:
    """
    One decision about a person, in words.

    Attributes:
        definition: The survey in the words for this person.
        why: Sentences: why they were asked, or why not, the first one first.
        answers: Question key → what they answered; empty when they did not, or when nobody can tell.
        answer_url: Where they answer, or see and change it; None when nobody asks.
        is_apart: They answered anonymously: nobody can tell what.
    """

    definition: Definition
    project: str
    event_name: str
    occurred_at: datetime | None
    is_test: bool
    why: Sequence[str]
    answers: Mapping[str, Value] = field(default_factory=dict)
    answered_at: datetime | None = None
    answer_url: str | None = None
    is_apart: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """
    A page of what was decided about a person, of the newest events first.

    Attributes:
        zone: By which they live.
        next_before: Where the next page begins; None on the last one.
    """

    person: Person
    zone: HeldZone
    stories: Sequence[Story]
    next_before: Place | None


def open_history(
    database: Database, links: Links, ticket: Ticket | None, *, asked: bool, before: Place | None
) -> History | None:
    """
    Tell a person what they were asked, or what not, and why; None when the link lets nobody in.

    Args:
        asked: What they were asked; False is what they were not asked.
        before: Where the page begins, as ``next_before`` said.
    """
    with database.read() as connection:
        person = find_guest(connection, ticket)
        if person is None:
            return None
        ids = preferences.list_merged_ids(connection, person.id)
        list_entries = decisions.list_invited if asked else decisions.list_skipped
        entries = list_entries(connection, ids, before=before, limit=ENTRIES_SHOWN + 1)
        shown = entries[:ENTRIES_SHOWN]
        last = shown[-1] if len(entries) > ENTRIES_SHOWN else None
        held = read_zone(connection, person)
        return History(
            person,
            held,
            _tell(connection, links, person, held.zone, ids, shown),
            None if last is None else (last.event_id, last.survey_id),
        )


def _tell(
    connection: Connection,
    links: Links,
    person: Person,
    zone: tzinfo,
    ids: Sequence[int],
    entries: Sequence[Entry],
) -> list[Story]:
    """Add what other tables know about these decisions, in as many queries for many as for one."""
    event_ids = {entry.event_id for entry in entries}
    found = events.get_events(connection, event_ids)
    invited = {
        (one.event_id, one.survey_id): one for one in invitations.list_for_events(connection, ids, event_ids)
    }
    held_back = find_held_back(connection, list(invited.values()))
    given = responses.list_responses(connection, [one.id for one in invited.values()])
    definitions = {
        key: read_definition(text)
        for key, text in surveys.list_definitions(
            connection, {(entry.survey_id, entry.survey_version) for entry in entries}
        ).items()
    }
    projects = surveys.list_project_names(connection, {entry.survey_id for entry in entries})
    stories = []
    for entry in entries:
        event = found.get(entry.event_id)
        invitation = invited.get((entry.event_id, entry.survey_id))
        definition = definitions[entry.survey_id, entry.survey_version]
        said = personal(definition, invitation.id if invitation else 0, person, event)
        project = projects[entry.survey_id]
        response = given.get(invitation.id) if invitation else None
        if invitation is None:
            why = tell_skipped(entry, project, zone)
        else:
            why = [
                tell_invited(entry, event, project),
                tell_delivery(invitation, zone, held_back.get(invitation.id)),
            ]
        stories.append(
            Story(
                definition=said,
                project=project,
                event_name=event.name if event else "",
                occurred_at=event.occurred_at if event else None,
                is_test=entry.is_test,
                why=why,
                answers=response.values if response else {},
                answered_at=response.updated_at if response else None,
                answer_url=_answer_url(links, invitation),
                is_apart=invitation is not None and invitation.is_answered_apart,
            )
        )
    return stories


def _answer_url(links: Links, invitation: Invitation | None) -> str | None:
    if invitation is None or invitation.asks_nobody:
        return None
    return links.answer(invitation.id, invitation.message_id)


def find_link(database: Database, links: Links, who: str) -> str:
    """
    The link of a person.

    Args:
        who: An address, a user name or another handle of theirs.

    Raises:
        NotFoundError: Nobody has it.
        ConflictError: Several people do.
    """
    with database.read() as connection:
        handles = [(kind, normalise(kind, who)) for kind in IdentityKind]
        owners = set(people.find_owners(connection, handles).values())
        found = [person for person in people.get_people(connection, owners).values() if not person.erased_at]
    if not found:
        raise NotFoundError(
            f"nobody in the directory is {who!r}: `afterword people find TEXT` looks for parts"
        )
    if len(found) > 1:
        names = " and ".join(sorted(person.email for person in found))
        raise ConflictError(f"{who!r} is a name of {names}: give the address of the one you mean")
    return links.person(found[0].id, found[0].created_at)
