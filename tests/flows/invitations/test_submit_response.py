"""What does an invited person find behind their link, and what is kept of what they say?"""

from datetime import UTC, datetime, time, timedelta

import pytest

from afterword.domain.invitation import InvitationState, LinkState
from afterword.domain.survey.answer import Answers
from afterword.domain.throttle.facts import Outcome
from afterword.flows.invitations.person_page import open_history
from afterword.flows.invitations.submit_response import leave_survey, open_survey, submit_response
from afterword.flows.links import Ticket
from afterword.flows.surveys.manage_surveys import apply_survey, close_survey, pause_survey, publish_survey
from afterword.storage import invitations, responses
from afterword.storage.responses import AnonymousResponse
from tests.flows.world import QUESTIONS, World, survey_file
from tests.storage.support import DAY, START, add_invitation, in_threads

GOOD = {"satisfaction": ["4"], "comment": ["  Faster, please.\r\n  "]}


@pytest.fixture
def invited(world: World) -> World:
    """Bob's invitation is number 1."""
    world.add_survey()
    assert world.invite().id == 1
    return world


def link_state(world: World) -> LinkState:
    visit = open_survey(world.database, world.clock, world.ticket(world.invitation(1)), is_shown=True)
    assert visit is not None
    return visit.link_state


def kept(world: World) -> dict[str, object] | None:
    with world.database.read() as connection:
        return responses.find_answers(connection, 1)


def test_opening_remembers_the_time_and_records_no_answer(invited: World) -> None:
    visit = open_survey(invited.database, invited.clock, invited.ticket(invited.invitation(1)), is_shown=True)
    assert visit is not None
    assert (visit.link_state, visit.project, visit.answers) == (LinkState.OPEN, "Build CLI", None)
    assert (visit.is_test, visit.expires_at) == (False, START + 3 * DAY)
    assert invited.invitation(1).opened_at == START
    assert kept(invited) is None


def test_asking_only_for_headers_is_not_opening(invited: World) -> None:
    assert (
        open_survey(invited.database, invited.clock, invited.ticket(invited.invitation(1)), is_shown=False)
        is not None
    )
    assert invited.invitation(1).opened_at is None


def test_an_answer_is_kept_as_values_and_shown_again(invited: World) -> None:
    _, answers = submit_response(
        invited.database, invited.clock, invited.ticket(invited.invitation(1)), GOOD | {"unknown": ["x"]}
    )
    assert answers is not None
    assert answers.problems == {}
    assert kept(invited) == {"satisfaction": 4, "comment": "Faster, please."}
    visit = open_survey(invited.database, invited.clock, invited.ticket(invited.invitation(1)), is_shown=True)
    assert visit is not None
    assert visit.answers == kept(invited)


def test_an_answer_can_be_changed_and_what_is_left_out_is_gone(invited: World) -> None:
    submit_response(invited.database, invited.clock, invited.ticket(invited.invitation(1)), GOOD)
    submit_response(
        invited.database, invited.clock, invited.ticket(invited.invitation(1)), {"satisfaction": ["2"]}
    )
    assert kept(invited) == {"satisfaction": 2}


@pytest.mark.parametrize(
    "fields", [{}, {"satisfaction": ["6"]}, {"satisfaction": ["4"], "comment": ["x" * 4_001]}]
)
def test_problems_record_nothing(invited: World, fields: dict[str, list[str]]) -> None:
    submit_response(
        invited.database, invited.clock, invited.ticket(invited.invitation(1)), {"satisfaction": ["1"]}
    )
    visit, answers = submit_response(
        invited.database, invited.clock, invited.ticket(invited.invitation(1)), fields
    )
    assert visit is not None
    assert answers is not None
    assert answers.problems != {}
    assert kept(invited) == {"satisfaction": 1}


def test_a_link_without_an_answer_expires(invited: World) -> None:
    invited.clock.advance(3 * DAY - timedelta(microseconds=1))
    assert link_state(invited) is LinkState.OPEN
    invited.clock.advance_us(1)
    assert link_state(invited) is LinkState.EXPIRED
    visit, answers = submit_response(
        invited.database, invited.clock, invited.ticket(invited.invitation(1)), GOOD
    )
    assert visit is not None
    assert (visit.link_state, answers, kept(invited)) == (LinkState.EXPIRED, None, None)


def test_opening_an_expired_link_is_not_counted_as_opened(invited: World) -> None:
    invited.clock.advance(3 * DAY)
    link_state(invited)
    assert invited.invitation(1).opened_at is None


def test_who_answered_in_time_may_change_it_after_the_link_expired(invited: World) -> None:
    submit_response(invited.database, invited.clock, invited.ticket(invited.invitation(1)), GOOD)
    invited.clock.advance(30 * DAY)
    assert link_state(invited) is LinkState.OPEN
    submit_response(
        invited.database, invited.clock, invited.ticket(invited.invitation(1)), {"satisfaction": ["1"]}
    )
    assert kept(invited) == {"satisfaction": 1}


@pytest.mark.parametrize("answered", [True, False])
def test_a_closed_survey_takes_no_answer_and_no_change(invited: World, answered: bool) -> None:
    if answered:
        submit_response(invited.database, invited.clock, invited.ticket(invited.invitation(1)), GOOD)
    before = kept(invited)
    close_survey(invited.database, invited.clock, "build-cli")
    visit, answers = submit_response(
        invited.database, invited.clock, invited.ticket(invited.invitation(1)), {"satisfaction": ["1"]}
    )
    assert visit is not None
    assert (visit.link_state, answers, kept(invited)) == (LinkState.CLOSED, None, before)


@pytest.mark.parametrize("state", [InvitationState.CANCELLED, InvitationState.FAILED])
@pytest.mark.parametrize("is_opened", [False, True])
def test_what_never_went_out_takes_an_answer_only_from_who_had_opened_it(
    invited: World, state: InvitationState, is_opened: bool
) -> None:
    """Its place in a quota is somebody else's by then."""
    if is_opened:
        link_state(invited)
    with invited.database.write() as connection:
        invitations.set_state(connection, 1, state)
    ticket = invited.ticket(invited.invitation(1))
    visit, _ = submit_response(invited.database, invited.clock, ticket, GOOD)
    assert visit is not None
    assert visit.link_state is (LinkState.OPEN if is_opened else LinkState.WITHDRAWN)
    assert (kept(invited) is not None) is is_opened
    guest = invited.guest("bob@")
    history = open_history(invited.database, invited.links, guest, asked=True, before=None)
    assert history is not None
    assert (history.stories[0].answer_url is not None) is is_opened


def test_who_declined_and_thinks_better_of_it_is_not_turned_away(invited: World) -> None:
    """Although a quota let somebody else have the place meanwhile."""
    ticket = invited.ticket(invited.invitation(1))
    leave_survey(invited.database, invited.clock, ticket, Outcome.DISMISSED)
    submit_response(invited.database, invited.clock, ticket, GOOD)
    assert invited.invitation(1).outcome is Outcome.ANSWERED
    assert kept(invited) is not None


def test_an_answer_stays_with_the_version_that_was_asked(invited: World) -> None:
    invited.add_survey(questions=QUESTIONS[1:])
    visit, answers = submit_response(
        invited.database, invited.clock, invited.ticket(invited.invitation(1)), GOOD
    )
    assert visit is not None
    assert len(visit.definition.questions) == 2
    assert answers is not None
    assert answers.values["satisfaction"] == 4


def test_a_link_to_an_invitation_that_a_restore_undid_does_not_open_the_next_one(invited: World) -> None:
    old = Ticket(1, "the one that had number 1 before")
    assert open_survey(invited.database, invited.clock, old, is_shown=True) is None
    assert submit_response(invited.database, invited.clock, old, GOOD) == (None, None)
    assert invited.invitation(1).opened_at is None


def test_an_invitation_that_is_not_there_is_none(world: World) -> None:
    assert open_survey(world.database, world.clock, Ticket(9, "made up"), is_shown=True) is None
    assert submit_response(world.database, world.clock, Ticket(9, "made up"), GOOD) == (None, None)


def outcome(world: World, invitation_id: int = 1) -> tuple[object, object]:
    found = world.invitation(invitation_id)
    return found.outcome, found.outcome_at


class TestOutcome:
    """How the person ended it, which is what cooldowns go by."""

    @pytest.fixture
    def reserved(self, world: World) -> World:
        """Bob's invitation is number 1."""
        world.add_survey()
        assert world.reserve().id == 1
        return world

    def leave(self, world: World, outcome: Outcome) -> None:
        ticket = world.ticket(world.invitation(1))
        assert leave_survey(world.database, world.clock, ticket, outcome) is not None

    def answer(self, world: World) -> None:
        submit_response(world.database, world.clock, world.ticket(world.invitation(1)), GOOD)

    @pytest.mark.parametrize("said", [Outcome.SNOOZED, Outcome.DISMISSED])
    def test_who_does_not_want_to_answer_is_remembered_with_the_time(
        self, reserved: World, said: Outcome
    ) -> None:
        self.leave(reserved, said)
        assert outcome(reserved) == (said, START)
        assert reserved.invitation(1).opened_at == START
        assert kept(reserved) is None

    def test_the_last_word_counts(self, reserved: World) -> None:
        self.leave(reserved, Outcome.DISMISSED)
        reserved.clock.advance(60)
        self.leave(reserved, Outcome.SNOOZED)
        assert outcome(reserved) == (Outcome.SNOOZED, reserved.clock.now)

    def test_an_answer_after_all_is_an_answer(self, reserved: World) -> None:
        self.leave(reserved, Outcome.DISMISSED)
        reserved.clock.advance(60)
        self.answer(reserved)
        assert outcome(reserved) == (Outcome.ANSWERED, reserved.clock.now)

    def test_after_an_answer_nothing_changes_it_any_more(self, reserved: World) -> None:
        self.answer(reserved)
        reserved.clock.advance(60)
        self.leave(reserved, Outcome.DISMISSED)
        self.answer(reserved)
        assert outcome(reserved) == (Outcome.ANSWERED, START)

    def test_what_was_not_recorded_is_no_outcome(self, reserved: World) -> None:
        submit_response(reserved.database, reserved.clock, reserved.ticket(reserved.invitation(1)), {})
        assert outcome(reserved) == (None, None)

    def test_an_expired_link_takes_no_word(self, reserved: World) -> None:
        reserved.clock.advance(3 * DAY)
        self.leave(reserved, Outcome.DISMISSED)
        assert outcome(reserved) == (None, None)


class TestAnonymous:
    """Nobody can tell whose an answer is, and so it is final."""

    @pytest.fixture
    def reserved(self, world: World) -> World:
        """Bob's invitation is number 1."""
        world.add_survey(privacy="anonymous")
        assert world.reserve().id == 1
        return world

    def answer(self, world: World, invitation_id: int = 1, **fields: str) -> Answers | None:
        form = {key: [text] for key, text in fields.items()}
        ticket = world.ticket(world.invitation(invitation_id))
        return submit_response(world.database, world.clock, ticket, form)[1]

    def apart(self, world: World) -> list[AnonymousResponse]:
        with world.database.read() as connection:
            return responses.list_anonymous(connection, 1)

    def test_an_answer_is_kept_with_its_day_and_nothing_else(self, reserved: World) -> None:
        assert self.answer(reserved, satisfaction="4", comment="Faster") is not None
        (found,) = self.apart(reserved)
        assert (found.day, found.is_whole) == (START.date(), True)
        assert found.values == {"satisfaction": 4, "comment": "Faster"}
        assert kept(reserved) is None
        assert outcome(reserved) == (Outcome.ANSWERED, None)
        assert reserved.invitation(1).opened_at == datetime.combine(START.date(), time(12), UTC)

    def test_it_can_not_be_changed_or_shown(self, reserved: World) -> None:
        self.answer(reserved, satisfaction="4")
        assert self.answer(reserved, satisfaction="1") is None
        visit = open_survey(
            reserved.database, reserved.clock, reserved.ticket(reserved.invitation(1)), is_shown=True
        )
        assert visit is not None
        assert (visit.link_state, visit.answers) == (LinkState.ANSWERED, None)
        assert [one.values for one in self.apart(reserved)] == [{"satisfaction": 4}]

    def test_the_order_of_rows_tells_nothing(self, reserved: World) -> None:
        for number in range(2, 12):
            assert reserved.reserve().id == number
        for number in range(1, 12):
            self.answer(reserved, number, satisfaction="4", comment=str(number))
        order = [int(str(one.values["comment"])) for one in self.apart(reserved)]
        assert sorted(order) == list(range(1, 12))
        assert order != sorted(order)

    def test_a_test_leaves_no_answer(self, reserved: World) -> None:
        test = reserved.reserve(is_test=True)
        self.answer(reserved, test.id, satisfaction="4")
        assert self.apart(reserved) == []
        assert outcome(reserved, test.id) == (Outcome.ANSWERED, None)

    def test_two_clicks_at_once_leave_one_answer(self, reserved: World) -> None:
        in_threads(4, lambda _: self.answer(reserved, satisfaction="4"))
        assert len(self.apart(reserved)) == 1


def test_a_survey_that_ended_takes_no_answer(world: World) -> None:
    world.add_survey(ends_at=START + DAY)
    world.reserve()
    assert link_state(world) is LinkState.OPEN
    world.clock.advance(DAY)
    assert link_state(world) is LinkState.CLOSED


class TestStatesOfASurvey:
    """What a link that is out opens, whatever becomes of its survey."""

    @pytest.fixture
    def out(self, world: World) -> World:
        """A survey that ends after one day; number 1 is an invitation to its first version."""
        world.add_survey(ends_at=(START + DAY).isoformat())
        event_id = world.add_event()
        with world.database.write() as connection:
            add_invitation(connection, 1, 1, event_id)
        return world

    def test_it_stays_open_while_the_survey_is_paused(self, out: World) -> None:
        pause_survey(out.database, "build-cli")
        assert link_state(out) is LinkState.OPEN
        _, answers = submit_response(out.database, out.clock, out.ticket(out.invitation(1)), GOOD)
        assert answers is not None
        assert kept(out) is not None

    def test_it_is_closed_from_the_end_of_the_survey_on(self, out: World) -> None:
        out.clock.advance(DAY - timedelta(seconds=1))
        assert link_state(out) is LinkState.OPEN
        submit_response(out.database, out.clock, out.ticket(out.invitation(1)), GOOD)
        out.clock.advance(timedelta(seconds=1))
        assert link_state(out) is LinkState.CLOSED
        _, answers = submit_response(out.database, out.clock, out.ticket(out.invitation(1)), {})
        assert answers is None
        assert kept(out) is not None

    def test_the_live_version_says_when_the_survey_ends(self, out: World) -> None:
        later = survey_file(ends_at=(START + 2 * DAY).isoformat())
        apply_survey(out.database, out.clock, later, dry_run=False)
        out.clock.advance(DAY)
        assert link_state(out) is LinkState.CLOSED
        publish_survey(out.database, out.clock, "build-cli")
        assert link_state(out) is LinkState.OPEN
        out.clock.advance(DAY)
        assert link_state(out) is LinkState.CLOSED
