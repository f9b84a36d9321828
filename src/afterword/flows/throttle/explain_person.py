"""Why was a person asked a survey, or not, and what if they did it now?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from afterword.domain.people.preference import MAIL_ONLY, ChannelKind
from afterword.domain.survey.survey_state import Phase
from afterword.domain.throttle.eligibility import Decision, decide
from afterword.flows.people.find_people import get_person
from afterword.flows.surveys.manage_surveys import get_survey, show_pausing
from afterword.flows.throttle.decision_facts import Gathered, Subject
from afterword.flows.throttle.explain_event import find_held_back
from afterword.flows.throttle.heard_surveys import Surveys
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import decisions, events, invitations
from afterword.storage.decisions import About, Entry
from afterword.storage.engine import Database
from afterword.storage.events import StoredEvent
from afterword.storage.invitations import Invitation
from afterword.storage.people import Person
from afterword.storage.surveys import Survey

ENTRIES_SHOWN = 10
"""The newest decisions that are told."""


@dataclass(frozen=True, slots=True)
class PersonExplanation:
    """
    What was decided about a person and a survey, and what would be now.

    Attributes:
        entries: The newest decisions first; empty when the person did nothing that the survey listens to.
        events: Event id → event, of these decisions.
        phase: Where the survey is in its life now.
        pausing: Who pauses it by a policy: ``its file and the organisation``; empty = nobody.
        invitations: Event id → what came of the decision to invite.
        held_back: Invitation → until when it waits to go out.
        now: What would be decided if the trigger were met now; None when no version is live.
    """

    person: Person
    survey: Survey
    phase: Phase
    pausing: str
    entries: Sequence[Entry]
    events: Mapping[int, StoredEvent]
    invitations: Mapping[int, Invitation]
    held_back: Mapping[int, datetime]
    now: Decision | None


def explain_person(
    database: Database,
    clock: Clock,
    who: str,
    survey_key: str,
    *,
    channels: Collection[ChannelKind] = MAIL_ONLY,
) -> PersonExplanation:
    """
    Tell why a person was asked a survey, or not.

    Args:
        channels: Those that the operator set up.

    Raises:
        NotFoundError: There is no such person, or no such survey.
    """
    now = to_datetime(clock.now_us())
    with database.read() as connection:
        person = get_person(connection, who)
        survey = get_survey(connection, survey_key)
        about = About(person_id=person.id, survey_id=survey.id)
        entries = decisions.list_about(connection, about, limit=ENTRIES_SHOWN)
        ids = [entry.event_id for entry in entries]
        found = invitations.list_for_events(connection, [person.id], ids)
        invited = {one.event_id: one for one in found if one.survey_id == survey.id}
        heard = Surveys(connection, now).find_live(survey.project_id, survey.id)
        phase = Phase(survey.state) if heard is None else heard.phase(now)
        would = None
        if heard is not None:
            event = StoredEvent(
                id=events.find_newest_id(connection) + 1,
                project_id=survey.project_id,
                name=heard.trigger.events[0],
                occurred_at=now,
                received_at=now,
                email=person.email,
                github_username=None,
                gitlab_username=None,
                metadata=None,
                is_test=False,
                person_id=person.id,
                person_email=person.email,
            )
            subject = Subject(event, person.id, names_bot=False, told=[heard])
            gathered = Gathered(connection, [subject], now, channels=channels, lock=False)
            would = decide(gathered.facts_when_met(subject, heard), heard.policy, now)
        return PersonExplanation(
            person=person,
            survey=survey,
            phase=phase,
            pausing=show_pausing(phase, heard.paused if heard else ()),
            entries=entries,
            events=events.get_events(connection, ids),
            invitations=invited,
            held_back=find_held_back(connection, list(invited.values())),
            now=would,
        )
