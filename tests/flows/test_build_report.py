"""Does the report tell what happened, add up, and leave test data out?"""

import pytest
import sqlalchemy as sa

from afterword.domain.errors import NotFoundError
from afterword.domain.invitation import InvitationState
from afterword.domain.report import Report
from afterword.domain.throttle.reason import Reason
from afterword.flows.build_report import build_report
from afterword.flows.invitations.submit_response import open_survey, submit_response
from afterword.flows.surveys.survey_definition import dump_definition
from afterword.storage import invitations, surveys
from afterword.storage.progress import count_progress
from afterword.storage.tables import decision
from afterword.storage.tables import invitation as invitation_table
from tests.flows.world import EAGER, QUESTIONS, World, survey_file
from tests.storage.support import DAY, HOUR, MINUTE, START


def report(world: World, *, is_decided: bool = True) -> Report:
    """The report; invitations that nobody decided get their decisions first, so that the funnel adds up."""
    if not is_decided:
        with world.database.write() as connection:
            for row in connection.execute(
                sa.select(invitation_table).where(invitation_table.c.survey_id == 1)
            ).all():
                decided = {
                    "event_id": row.event_id,
                    "survey_id": row.survey_id,
                    "survey_version": row.survey_version,
                    "person_id": row.person_id,
                    "is_test": False,
                    "reason": Reason.INVITED.value,
                    "verdicts": "[]",
                    "draw": 0.0,
                    "probability": 1.0,
                    "decided_at": row.created_at,
                }
                connection.execute(sa.insert(decision).values(decided))
    return build_report(world.database, world.clock, "build-cli")


def steps(world: World) -> dict[str, int]:
    return {step.name: step.count for step in report(world).funnel.steps}


def sent(world: World, invitation_id: int) -> None:
    with world.database.write() as connection:
        state = InvitationState.SENT
        invitations.set_state(connection, invitation_id, state, sent_at=world.clock.now)


def answer(world: World, invitation_id: int, **fields: str) -> None:
    values = {key: [value] for key, value in fields.items()}
    _, answers = submit_response(
        world.database, world.clock, world.ticket(world.invitation(invitation_id)), values
    )
    assert answers is not None
    assert not answers.problems


def test_an_unknown_survey_is_told_with_those_there_are(world: World) -> None:
    world.add_survey()
    with pytest.raises(NotFoundError, match="there is no survey 'nope'; there is build-cli"):
        build_report(world.database, world.clock, "nope")


def test_a_draft_reports_nothing_yet(world: World) -> None:
    world.add_survey(live=False)
    found = report(world)
    assert (found.version, found.period.start, found.population) == (1, None, 0)
    assert set(steps(world).values()) == {0}
    assert [question.n for question in found.questions] == [0, 0]


def test_the_funnel_counts_every_event_and_each_loss_by_its_reason(world: World) -> None:
    world.add_survey()
    bob, alice = world.invite(), world.invite(email="alice@example.com")
    charlie = world.invite(email="charlie@example.com")
    world.decide()
    world.decide(email="stranger@example.com")
    for invitation in (bob, alice):
        sent(world, invitation.id)
    with world.database.write() as connection:
        invitations.set_state(connection, charlie.id, InvitationState.FAILED, error="SMTP: refused with 550")
    open_survey(world.database, world.clock, world.ticket(alice), is_shown=True)
    answer(world, bob.id, satisfaction="5", comment="Fine")
    found = report(world)
    assert steps(world) == {
        "events": 5,
        "eligible": 3,
        "sampled": 3,
        "invited": 3,
        "delivered": 2,
        "opened": 2,
        "answered": 1,
    }
    losses = {loss.reason: loss.count for step in found.funnel.steps for loss in step.losses}
    assert losses["open_invitation"] == losses["person_unresolved"] == losses["delivery_failed"] == 1
    assert (found.population, found.people_answered, found.response_rate.n) == (3, 1, 2)
    assert found.period.start == START
    assert [comment.text for comment in found.comments] == ["Fine"]


def test_of_a_persons_answers_the_latest_counts(world: World) -> None:
    world.add_survey(throttle=EAGER)
    for rating in ("1", "5"):
        invitation = world.invite()
        sent(world, invitation.id)
        answer(world, invitation.id, satisfaction=rating)
        world.clock.advance(60)
    rating = report(world).questions[0]
    assert rating.n == 1
    assert rating.mean is not None
    assert rating.mean.value == 5


def test_test_data_is_told_apart_and_counts_nowhere(world: World) -> None:
    world.add_survey()
    test = world.invite(is_test=True)
    sent(world, test.id)
    answer(world, test.id, satisfaction="1", comment="Only a test")
    found = report(world)
    assert found.test_responses == 1
    assert set(steps(world).values()) == {0}
    assert (found.population, found.people_answered, found.comments) == (0, 0, ())


def test_answers_to_an_earlier_version_stay_in(world: World) -> None:
    world.add_survey()
    invitation = world.invite()
    sent(world, invitation.id)
    answer(world, invitation.id, satisfaction="4", comment="Before")
    world.add_survey(questions=[{"key": "satisfaction", "type": "rating", "text": "And now?"}])
    found = report(world)
    assert (found.version, found.questions[0].text, found.questions[0].n) == (2, "And now?", 1)


def change_past_all_checks(world: World, **changes: object) -> None:
    """Publish what was published before questions had to stay what they are."""
    with world.database.write() as connection:
        definition = dump_definition(survey_file(**changes))  # type: ignore[arg-type]
        surveys.add_version(connection, 1, definition, source=None, now=world.clock.now)
        surveys.publish(connection, 1, world.clock.now)


@pytest.mark.parametrize("privacy", ["confidential", "anonymous"])
def test_answers_to_another_kind_of_question_under_the_same_key_are_left_out(
    world: World, privacy: str
) -> None:
    world.add_survey(privacy=privacy, throttle=EAGER)
    first = world.invite()
    sent(world, first.id)
    answer(world, first.id, satisfaction="4", comment="Before")
    nps = {"key": "satisfaction", "type": "nps", "text": "How likely are you to recommend it?"}
    change_past_all_checks(world, privacy=privacy, questions=[nps, QUESTIONS[1]])
    second = world.invite(email="alice@example.com")
    sent(world, second.id)
    answer(world, second.id, satisfaction="9", comment="After")
    score, comment = report(world).questions
    assert (score.n, score.unmatched, score.score and score.score.value) == (1, 1, 100)
    assert (comment.n, comment.unmatched) == (2, 0)


def test_a_text_that_answered_another_kind_of_question_is_no_comment(world: World) -> None:
    what = {"key": "what", "type": "single_choice", "text": "What?", "options": ["Slow", "Unclear"]}
    world.add_survey(questions=[what])
    invitation = world.invite()
    sent(world, invitation.id)
    answer(world, invitation.id, what="Slow")
    change_past_all_checks(world, questions=[{"key": "what", "type": "text", "text": "What?"}])
    found = report(world)
    assert (found.questions[0].unmatched, found.comments) == (1, ())


class TestAnonymous:
    """Responses that nobody can tell whose they are count like all others."""

    def test_are_counted_with_the_invitations_and_each_as_a_person(self, world: World) -> None:
        world.add_survey(privacy="anonymous")
        for email in ("bob@example.com", "bob@example.com", "alice@example.com"):
            invitation = world.reserve(email=email)
            open_survey(world.database, world.clock, world.ticket(invitation), is_shown=True)
        answer(world, 1, satisfaction="5", comment="Fine")
        answer(world, 2, satisfaction="1")
        with world.database.read() as connection:
            progress = count_progress(connection, 1, world.clock.now)
        assert (progress.opened, progress.answered_anonymously) == (3, 2)
        assert (progress.answered_whole, progress.answered_partial) == (0, 0)
        found = report(world, is_decided=False)
        assert (found.is_anonymous, found.people_answered, found.questions[0].n) == (True, 2, 2)
        assert [comment.text for comment in found.comments] == ["Fine"]

    def test_and_confidential_ones_of_an_earlier_version_stay_in(self, world: World) -> None:
        world.add_survey()
        world.reserve()
        answer(world, 1, satisfaction="5")
        world.add_survey(privacy="anonymous")
        world.reserve()
        answer(world, 2, satisfaction="1")
        assert report(world, is_decided=False).questions[0].n == 2


def test_placeholders_are_shown_by_what_they_say_of_nobody(world: World) -> None:
    world.add_survey(title="How was {{event.metadata.branch|your branch}}?")
    assert report(world).title == "How was your branch?"


@pytest.mark.parametrize("privacy", ["named", "anonymous"])
def test_an_answer_that_came_too_late_is_refused_and_counted(world: World, privacy: str) -> None:
    world.add_survey(throttle=EAGER, **({} if privacy == "named" else {"privacy": privacy}))
    ids = [world.invite(email=f"{who}@example.com").id for who in ("alice", "bob")]
    test_id = world.invite(is_test=True).id
    for invitation_id in ids:
        sent(world, invitation_id)
    world.clock.advance(3 * DAY + MINUTE)
    late_at = world.clock.now
    for invitation_id in (ids[0], ids[0], test_id):
        ticket = world.ticket(world.invitation(invitation_id))
        _, answers = submit_response(world.database, world.clock, ticket, {"satisfaction": ["5"]})
        assert answers is None
        world.clock.advance(HOUR)
    found = report(world).funnel
    assert (found.answered_late, found.steps[-1].count) == (1, 0)
    kept = world.invitation(ids[0]).late_at
    assert kept == (late_at if privacy == "named" else late_at.replace(hour=12, minute=0))
    assert world.invitation(ids[1]).late_at is None
