"""Does a survey speak to each person in their language, of what they did, in an order of their own?"""

import asyncio
import json

import pytest

from afterword.channels.base import Message
from afterword.channels.email_message import compose
from afterword.domain.people.preference import ChannelKind
from afterword.domain.survey.paths import count_asked
from afterword.domain.survey.piping import UNLINKED
from afterword.domain.survey.question import MultipleChoiceQuestion, list_choices
from afterword.domain.survey.survey import Definition
from afterword.flows.invitations.send_invitation import send_invitation
from afterword.flows.invitations.submit_response import open_survey, submit_response
from afterword.flows.surveys.personal_survey import general
from afterword.flows.surveys.survey_definition import dump_definition, read_definition
from afterword.storage import responses
from afterword.storage.invitations import Invitation
from tests.flows.world import World, survey_file

CHOICE = {
    "key": "worst",
    "type": "multiple_choice",
    "text": "What slowed {{event.metadata.branch|your branch}} down?",
    "options": ["Cache", "Network", "Tests", "Docs", "Else"],
    "shuffled": True,
}
GERMAN = {"title": "Wie war es, {{person.name|du}}?", "questions": {"worst": {"options": {"Docs": "Doku"}}}}


@pytest.fixture
def piped(world: World) -> World:
    """A survey with placeholders, in two languages."""
    world.add_survey(
        title="How was it, {{person.name|you}}?",
        thanks="Thanks, {{person.team|team}}.",
        questions=[CHOICE],
        translations={"de": GERMAN},
    )
    return world


class Outbox:
    """Takes every message."""

    name = "outbox"

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        self.messages.append(message)


def seen(world: World, invitation: Invitation) -> Definition:
    visit = open_survey(world.database, world.clock, world.ticket(invitation), is_shown=True)
    assert visit is not None
    return visit.definition


def test_names_what_the_person_did(piped: World) -> None:
    metadata = json.dumps({"branch": "feature/<b>\n"})
    said = seen(piped, piped.reserve(metadata=metadata))
    assert (said.title, said.thanks) == ("How was it, Bob?", "Thanks, Build.")
    assert said.questions[0].text == "What slowed feature/<b> down?"


def test_says_the_fallback_where_the_event_says_nothing(piped: World) -> None:
    assert seen(piped, piped.reserve()).questions[0].text == "What slowed your branch down?"


def test_speaks_the_persons_language(piped: World) -> None:
    piped.set_person("bob@", locale="de-AT")
    said = seen(piped, piped.reserve())
    assert (said.locale, said.title) == ("de", "Wie war es, Bob?")
    (question,) = said.questions
    assert isinstance(question, MultipleChoiceQuestion)
    assert "Doku" in [option.label for option in question.options]


def test_each_invitation_has_its_order_and_answers_are_kept_in_the_surveys(piped: World) -> None:
    invited = [piped.reserve() for _ in range(6)]
    orders, again = ([list_choices(seen(piped, one).questions[0]) for one in invited] for _ in range(2))
    assert orders == again
    assert len({tuple(order) for order in orders}) > 1
    for one in invited:
        submit_response(piped.database, piped.clock, piped.ticket(one), {"worst": ["Else", "Docs", "Cache"]})
        with piped.database.read() as connection:
            assert responses.find_answers(connection, one.id) == {"worst": ["Cache", "Docs", "Else"]}


def test_of_nobody_in_particular_it_says_the_fallbacks() -> None:
    file = survey_file(title="How was it, {{person.name|you}}?", questions=[CHOICE])
    said = general(read_definition(dump_definition(file)))
    assert (said.title, said.questions[0].text) == ("How was it, you?", "What slowed your branch down?")


def test_the_mail_says_what_the_page_says(piped: World) -> None:
    piped.set_person("bob@", locale="de")
    invitation = piped.invite(metadata=json.dumps({"branch": "main\r\nBcc: all"}))
    channel = Outbox()
    work = send_invitation(
        piped.database,
        piped.clock,
        piped.links,
        {ChannelKind.EMAIL: channel},
        invitation.id,
        is_last_attempt=False,
    )
    asyncio.run(work)
    (message,) = channel.messages
    page = seen(piped, invitation)
    assert (message.title, message.first_question) == (page.title, page.questions[0])
    assert (message.question_count_min, message.question_count) == count_asked(page.questions)
    assert page.questions[0].text == "What slowed main Bcc: all down?"
    mail = compose(message, "Afterword <a@example.com>")
    assert mail["Subject"] == "Wie war es, Bob?"
    assert list(message.choice_urls) == list_choices(page.questions[0])


def test_only_in_the_mail_a_value_can_be_no_link(piped: World) -> None:
    invitation = piped.invite(metadata=json.dumps({"branch": "https://evil.example/x"}))
    channel = Outbox()
    work = send_invitation(
        piped.database,
        piped.clock,
        piped.links,
        {ChannelKind.EMAIL: channel},
        invitation.id,
        is_last_attempt=False,
    )
    asyncio.run(work)
    (message,) = channel.messages
    mail = compose(message, "Afterword <a@example.com>")
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        said = str(part.get_content())
        assert "evil.example" not in said
        assert "https://evil" not in said
        assert "https://evil.example/x" in said.replace(UNLINKED, "")
    assert "https://evil.example/x" in seen(piped, invitation).questions[0].text
