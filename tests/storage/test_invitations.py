"""Is it known who was invited to what, and how far each invitation got?"""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from afterword.domain.invitation import InvitationState
from afterword.storage import invitations, responses
from afterword.storage.engine import Connection, Database, StoreError
from afterword.storage.invitations import Progress
from tests.storage.support import DAY, HOUR, START, add_invitation, add_person, add_project, add_survey

MICROSECOND = timedelta(microseconds=1)
SENT, FAILED = InvitationState.SENT, InvitationState.FAILED


@dataclass(frozen=True)
class Cast:
    """Two surveys, and Bob and Charlie, who may be asked."""

    database: Database
    survey: int
    other_survey: int
    bob: int
    charlie: int


@pytest.fixture
def cast(database: Database) -> Cast:
    """Everybody, and nobody asked yet."""
    with database.write() as connection:
        project_id = add_project(connection)
        return Cast(
            database,
            add_survey(connection, project_id, "first"),
            add_survey(connection, project_id, "second"),
            add_person(connection, "Bob"),
            add_person(connection, "Charlie"),
        )


def test_a_new_invitation_is_queued_and_reads_back(cast: Cast) -> None:
    with cast.database.write() as connection:
        invitation_id = add_invitation(connection, cast.survey, cast.bob, 5)
        found = invitations.get_invitation(connection, invitation_id)
        assert invitations.get_invitation(connection, invitation_id + 1) is None
        assert invitations.list_for_event(connection, 5) == [found]
        assert invitations.list_for_event(connection, 6) == []
    assert found == invitations.Invitation(
        id=invitation_id,
        survey_id=cast.survey,
        survey_version=1,
        person_id=cast.bob,
        event_id=5,
        is_test=False,
        state=InvitationState.QUEUED,
        message_id="m5",
        created_at=START,
        expires_at=START + 3 * DAY,
        sent_at=None,
        opened_at=None,
        last_error=None,
    )


def test_an_event_invites_once_per_survey(cast: Cast) -> None:
    with cast.database.write() as connection:
        add_invitation(connection, cast.survey, cast.bob, 5)
        add_invitation(connection, cast.other_survey, cast.bob, 5)
    with pytest.raises(StoreError), cast.database.write() as connection:
        add_invitation(connection, cast.survey, cast.bob, 5)


def test_moving_on_keeps_the_time_of_the_first_sending(cast: Cast) -> None:
    with cast.database.write() as connection:
        invitation_id = add_invitation(connection, cast.survey, cast.bob, 5)
        invitations.set_state(connection, invitation_id, SENT, sent_at=START + HOUR)
        invitations.set_state(connection, invitation_id, FAILED, error="SMTP: refused with 550")
        found = invitations.get_invitation(connection, invitation_id)
    assert found is not None
    assert (found.state, found.sent_at, found.last_error) == (FAILED, START + HOUR, "SMTP: refused with 550")


def test_the_first_opening_is_the_one_that_is_kept(cast: Cast) -> None:
    with cast.database.write() as connection:
        first = add_invitation(connection, cast.survey, cast.bob, 5)
        second = add_invitation(connection, cast.survey, cast.bob, 6)
        invitations.set_opened(connection, first, START + HOUR)
        invitations.set_opened(connection, first, START + 2 * HOUR)
        times = [invitations.get_invitation(connection, item) for item in (first, second)]
    assert [item.opened_at for item in times if item] == [START + HOUR, None]


class TestHistory:
    """What the throttle counts."""

    def test_who_was_never_asked_has_no_history(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            add_invitation(connection, cast.survey, cast.charlie, 5)
            history = invitations.history(connection, cast.bob, START)
        assert history == invitations.History({}, 0)
        assert history.any_invited_at is None

    def test_each_survey_has_its_own_latest_time(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            add_invitation(connection, cast.survey, cast.bob, 5, at=START)
            add_invitation(connection, cast.survey, cast.bob, 6, at=START + 2 * DAY)
            add_invitation(connection, cast.other_survey, cast.bob, 7, at=START + DAY)
            history = invitations.history(connection, cast.bob, START + 3 * DAY)
        assert history.survey_invited_at == {
            cast.survey: START + 2 * DAY,
            cast.other_survey: START + DAY,
        }
        assert history.any_invited_at == START + 2 * DAY

    def test_test_invitations_count_for_an_hour_and_for_nothing_else(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            add_invitation(connection, cast.survey, cast.bob, 5, is_test=True, at=START)
            add_invitation(connection, cast.survey, cast.bob, 6, is_test=True, at=START + MICROSECOND)
            at_the_hour = invitations.history(connection, cast.bob, START + HOUR)
            before = invitations.history(connection, cast.bob, START + HOUR - MICROSECOND)
        assert (before.test_invitations, at_the_hour.test_invitations) == (2, 1)
        assert before.survey_invited_at == {}


class TestProgress:
    """Counts for the report."""

    def answer(self, connection: Connection, invitation_id: int, *, is_whole: bool) -> None:
        invitations.set_opened(connection, invitation_id, START)
        responses.set_response(connection, invitation_id, {"q": 5}, is_whole=is_whole, now=START)

    def test_a_survey_without_invitations_has_none_anywhere(self, cast: Cast) -> None:
        with cast.database.read() as connection:
            found = invitations.progress(connection, cast.survey, START)
        assert found == Progress(0, 0, 0, 0, {}, 0, 0, 0)

    def test_each_stage_includes_the_later_ones(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            ids = [add_invitation(connection, cast.survey, cast.bob, event) for event in range(6)]
            for invitation_id in ids[1:]:
                invitations.set_state(connection, invitation_id, SENT, sent_at=START)
            invitations.set_opened(connection, ids[2], START)
            self.answer(connection, ids[3], is_whole=False)
            self.answer(connection, ids[4], is_whole=True)
            self.answer(connection, ids[5], is_whole=True)
            found = invitations.progress(connection, cast.survey, START + HOUR)
            other = invitations.progress(connection, cast.other_survey, START + HOUR)
        assert found == Progress(5, 4, 1, 2, {}, 0, 0, 0)
        assert other == Progress(0, 0, 0, 0, {}, 0, 0, 0)

    def test_what_ended_undelivered_is_lost_by_its_reason(self, cast: Cast) -> None:
        errors = ["expired", "expired", "SMTP: refused with 550", None]
        with cast.database.write() as connection:
            for event, error in enumerate(errors):
                lost = add_invitation(connection, cast.survey, cast.bob, event)
                invitations.set_state(connection, lost, FAILED, error=error)
            found = invitations.progress(connection, cast.survey, START)
        assert found.lost == {"expired": 2, "SMTP: refused with 550": 1, "": 1}
        assert found.delivered == 0

    def test_whoever_opened_the_page_got_the_mail_whatever_its_sender_believes(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            failed = add_invitation(connection, cast.survey, cast.bob, 1)
            invitations.set_state(connection, failed, FAILED, error="SMTP: TimeoutError")
            invitations.set_opened(connection, failed, START)
            found = invitations.progress(connection, cast.survey, START)
        assert (found.delivered, found.opened, found.lost) == (1, 1, {})

    def test_what_is_over_without_opening_or_answer_has_expired(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            ids = [add_invitation(connection, cast.survey, cast.bob, event) for event in range(4)]
            for invitation_id in ids[1:]:
                invitations.set_state(connection, invitation_id, SENT, sent_at=START)
            invitations.set_opened(connection, ids[2], START)
            self.answer(connection, ids[3], is_whole=True)
            before = invitations.progress(connection, cast.survey, START + 3 * DAY - MICROSECOND)
            after = invitations.progress(connection, cast.survey, START + 3 * DAY)
        assert (before.expired_unopened, before.expired_opened) == (0, 0)
        assert (after.expired_unopened, after.expired_opened) == (1, 1)

    def test_test_invitations_count_nowhere_but_in_test_responses(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            ids = [
                add_invitation(connection, cast.survey, cast.bob, event, is_test=True) for event in range(3)
            ]
            for invitation_id in ids:
                invitations.set_state(connection, invitation_id, SENT, sent_at=START)
            self.answer(connection, ids[0], is_whole=True)
            self.answer(connection, ids[1], is_whole=False)
            found = invitations.progress(connection, cast.survey, START + 9 * DAY)
        assert found == Progress(0, 0, 0, 0, {}, 0, 0, 2)
