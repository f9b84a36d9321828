"""What does a survey say to this person, about what they did?"""

import json
from dataclasses import replace

from afterword.domain.survey.piping import NOTHING, Piped
from afterword.domain.survey.question import shuffle
from afterword.domain.survey.survey import Definition
from afterword.domain.survey.translation import choose_locale, fill_in, translate
from afterword.storage.events import StoredEvent
from afterword.storage.people import Person


def personal(
    definition: Definition,
    invitation_id: int,
    person: Person | None,
    event: StoredEvent | None,
    *,
    for_mail: bool = False,
) -> Definition:
    """
    A survey in the person's language, with placeholders filled in and options shuffled for this invitation.

    Args:
        event: What was asked about; what is gone by retention is said in general words.
        for_mail: No mail client makes a link of what was filled in.
    """
    wanted = person.locale if person else None
    translated = translate(definition, choose_locale(definition, wanted))
    said = fill_in(translated, _piped(person, event), for_mail=for_mail)
    questions = tuple(shuffle(question, str(invitation_id)) for question in said.questions)
    return replace(said, questions=questions)


def general(definition: Definition) -> Definition:
    """A survey as it speaks of nobody in particular, for reports."""
    return fill_in(definition, NOTHING)


def _piped(person: Person | None, event: StoredEvent | None) -> Piped:
    known = {"name": person.name, "team": person.team} if person else {}
    return Piped(
        event_name=event.name if event else "",
        metadata=json.loads(event.metadata) if event and event.metadata else {},
        person={name: value for name, value in known.items() if value},
    )
