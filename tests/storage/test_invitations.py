"""Is it known who was invited to what, and how far each invitation got?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from afterword.domain.invitation import MERGED, InvitationState
from afterword.domain.people.preference import ChannelKind
from afterword.domain.throttle.channel_choice import Failed
from afterword.storage import exposures, invitations, responses
from afterword.storage.engine import Connection, Database, StoreError
from afterword.storage.exposures import Tally
from afterword.storage.invitations import Waiting
from afterword.storage.progress import Progress, count_progress
from tests.storage.support import (
    DAY,
    HOUR,
    START,
    add_event,
    add_invitation,
    add_person,
    add_project,
    add_survey,
)

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


def test_invitations_that_are_reserved_at_once_get_their_ids_in_order(cast: Cast) -> None:
    with cast.database.write() as connection:
        rows = [row(cast.survey, cast.bob, event_id) for event_id in (9, 7, 8)]
        ids = invitations.add_invitations(connection, rows)
        found = [invitations.get_invitation(connection, one) for one in ids]
        assert invitations.add_invitations(connection, []) == []
    assert [one.event_id for one in found if one] == [9, 7, 8]


def test_only_what_still_waits_is_withdrawn(cast: Cast) -> None:
    with cast.database.write() as connection:
        ids = [add_invitation(connection, cast.survey, cast.bob, event_id) for event_id in (5, 6)]
        invitations.set_state(connection, ids[1], SENT, sent_at=START)
        invitations.withdraw(connection, dict.fromkeys(ids, 9))
        found = [invitations.get_invitation(connection, one) for one in ids]
        assert invitations.list_withdrawn(connection, 9) == found[:1]
    assert [(one.state, one.cancelled_by) for one in found if one] == [
        (InvitationState.CANCELLED, 9),
        (SENT, None),
    ]


def test_merging_people_withdraws_only_what_still_waits(cast: Cast) -> None:
    with cast.database.write() as connection:
        ids = [add_invitation(connection, cast.survey, cast.bob, event_id) for event_id in (5, 6)]
        invitations.set_state(connection, ids[1], SENT, sent_at=START)
        invitations.cancel(connection, ids, error=MERGED)
        found = [invitations.get_invitation(connection, one) for one in ids]
    assert [(one.state, one.last_error) for one in found if one] == [
        (InvitationState.CANCELLED, MERGED),
        (SENT, None),
    ]


def test_further_matches_are_counted_with_what_waits(cast: Cast) -> None:
    with cast.database.write() as connection:
        ids = [add_invitation(connection, cast.survey, cast.bob, event_id) for event_id in (5, 6)]
        invitations.add_collapsed(connection, {ids[0]: 2})
        invitations.add_collapsed(connection, {ids[0]: 1})
        found = [invitations.get_invitation(connection, one) for one in ids]
    assert [one.collapsed for one in found if one] == [3, 0]


class TestAsked:
    """What cooldowns and caps count."""

    def test_real_invitations_are_listed_by_person_the_oldest_first(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            add_invitation(connection, cast.survey, cast.bob, 6, at=START + 2 * DAY)
            add_invitation(connection, cast.other_survey, cast.bob, 5, at=START)
            add_invitation(connection, cast.survey, cast.bob, 7, is_test=True, at=START)
            add_invitation(connection, cast.survey, cast.charlie, 8, at=START)
            asked = exposures.list_asked(connection, [cast.bob])
        assert [(one.survey_id, one.at) for one in asked[cast.bob]] == [
            (cast.other_survey, START),
            (cast.survey, START + 2 * DAY),
        ]
        assert asked.keys() == {cast.bob}
        assert all(one.outcome is None and one.expires_at == one.at + 3 * DAY for one in asked[cast.bob])

    @pytest.mark.parametrize(
        ("state", "error", "counts"),
        [
            (FAILED, "expired", False),
            (FAILED, "ineligible_at_send", False),
            (InvitationState.CANCELLED, "cancelled", False),
            (FAILED, "SMTP: refused with 550", False),
            (InvitationState.UNCERTAIN, "expired", True),
            (SENT, None, True),
        ],
    )
    def test_what_ended_before_it_went_out_is_as_if_it_had_not_been(
        self, cast: Cast, state: InvitationState, error: str | None, counts: bool
    ) -> None:
        with cast.database.write() as connection:
            invitation_id = add_invitation(connection, cast.survey, cast.bob, 5)
            invitations.set_state(connection, invitation_id, state, error=error)
            asked = exposures.list_asked(connection, [cast.bob])
            tallies = tally(connection, cast.survey, START + HOUR)
        assert bool(asked) is counts
        assert sum(one.day for one in tallies) == int(counts)

    def test_what_was_opened_counts_although_its_mail_failed(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            invitation_id = add_invitation(connection, cast.survey, cast.bob, 5)
            invitations.set_opened(connection, invitation_id, START)
            invitations.set_state(connection, invitation_id, FAILED, failed_at=START, error="SMTP: 550")
            (past,) = exposures.list_past(connection, person_ids=[cast.bob])
            (counted,) = tally(connection, cast.survey, START + HOUR)
            assert [len(one) for one in exposures.list_asked(connection, [cast.bob]).values()] == [1]
        assert (past.failed_at, past.gone_at) == (START, None)
        assert counted.open == 1, "its link takes an answer"

    @pytest.mark.parametrize(
        ("failed", "sent", "found"),
        [
            ([], [], None),
            ([0 * HOUR], [], 0 * HOUR),
            ([HOUR, 3 * HOUR], [2 * HOUR], 3 * HOUR),
            ([HOUR], [2 * HOUR], None),
            ([2 * HOUR], [2 * HOUR], 2 * HOUR),
        ],
    )
    def test_the_last_failure_is_found_unless_a_later_message_arrived(
        self, cast: Cast, failed: list[timedelta], sent: list[timedelta], found: timedelta | None
    ) -> None:
        with cast.database.write() as connection:
            for number, ago in enumerate([*failed, *sent]):
                one = add_invitation(connection, cast.survey, cast.bob, number)
                at = {"failed_at": START + ago} if number < len(failed) else {"sent_at": START + ago}
                invitations.set_state(connection, one, FAILED if number < len(failed) else SENT, **at)
            of_others = add_invitation(connection, cast.survey, cast.charlie, 9, is_test=True)
            invitations.set_state(connection, of_others, FAILED, failed_at=START + DAY)
            last = exposures.list_failed(connection, [cast.bob, cast.charlie], START - MICROSECOND)
            assert exposures.list_failed(connection, [cast.bob], START + DAY) == {}
        one = None if found is None else Failed(cast.survey, ChannelKind.EMAIL, START + found)
        assert last == ({} if one is None else {cast.bob: [one]})

    def test_test_invitations_are_counted_since_a_time(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            add_invitation(connection, cast.survey, cast.bob, 5, is_test=True, at=START)
            add_invitation(connection, cast.survey, cast.bob, 6, is_test=True, at=START + MICROSECOND)
            add_invitation(connection, cast.survey, cast.bob, 7, at=START + DAY)
            assert invitations.count_tests(connection, [cast.bob, cast.charlie], START) == {cast.bob: 1}

    def test_what_waits_is_listed_until_it_is_on_its_way(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            occurred = add_event(connection, number=1)
            waiting = row(cast.survey, cast.bob, occurred) | {"send_at": START + HOUR, "cell": "Ops"}
            (invitation_id,) = invitations.add_invitations(connection, [waiting])
            (found,) = invitations.list_waiting(connection, [cast.bob], START)
            assert invitations.list_waiting(connection, [cast.charlie], START) == []
            assert invitations.list_waiting(connection, [cast.bob], START + 3 * DAY) == [], "it is over"
            invitations.set_state(connection, invitation_id, SENT, sent_at=START)
            assert invitations.list_waiting(connection, [cast.bob], START) == []
        assert found == Waiting(invitation_id, cast.survey, cast.bob, found.occurred_at, START, "Ops")


class TestTally:
    """What quotas, pacing and the daily limit count."""

    def test_responses_and_open_invitations_are_counted_by_cell(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            for number, (cell, outcome, expires_at) in enumerate(
                [
                    ("Ops", "answered", START),
                    ("Ops", None, START + DAY),
                    ("Dev", "dismissed", START + DAY),
                    (None, None, START),
                ]
            ):
                given = {"cell": cell, "outcome": outcome, "expires_at": expires_at}
                invitations.add_invitations(connection, [row(cast.survey, cast.bob, number) | given])
            found = {one.cell: one for one in tally(connection, cast.survey, START + HOUR)}
            assert exposures.count_open(connection, cast.survey, START + HOUR) == 1
            assert exposures.count_open(connection, cast.survey + 1, START + HOUR) == 0
        assert found["Ops"] == Tally("Ops", 1, 1, 1, 1, 0, 2, 1, 1)
        assert found["Dev"] == Tally("Dev", 0, 0, 0, 0, 0, 1, 1, 0)
        assert found[None] == Tally(None, 0, 0, 0, 0, 0, 1, 1, 0)

    def test_each_window_has_a_beginning_of_its_own(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            for number, ago in enumerate((HOUR, 2 * DAY, 20 * DAY, 100 * DAY)):
                at = {"created_at": START - ago, "outcome": "answered"}
                invitations.add_invitations(connection, [row(cast.survey, cast.bob, number) | at])
            (found,) = exposures.tally(
                connection,
                cast.survey,
                START,
                quota_since=START - 200 * DAY,
                slot_since=START - 3 * DAY,
                burst_since=START - 2 * HOUR,
                rate_since=START - 30 * DAY,
            )
        assert found == Tally(None, 4, 0, 2, 0, 1, 1, 3, 3)


def row(survey_id: int, person_id: int, event_id: int) -> dict[str, Any]:
    """An invitation that is being reserved."""
    return {
        "survey_id": survey_id,
        "survey_version": 1,
        "person_id": person_id,
        "event_id": event_id,
        "is_test": False,
        "state": "queued",
        "message_id": f"m{event_id}",
        "created_at": START,
        "expires_at": START + 3 * DAY,
    }


def tally(connection: Connection, survey_id: int, now: datetime) -> list[Tally]:
    """Count all of a survey."""
    since = START - DAY
    return exposures.tally(
        connection,
        survey_id,
        now,
        quota_since=since,
        slot_since=since,
        burst_since=now - MICROSECOND,
        rate_since=since,
    )


class TestProgress:
    """Counts for the report."""

    def answer(self, connection: Connection, invitation_id: int, *, is_whole: bool) -> None:
        invitations.set_opened(connection, invitation_id, START)
        responses.set_response(connection, invitation_id, {"q": 5}, is_whole=is_whole, now=START)

    def test_a_survey_without_invitations_has_none_anywhere(self, cast: Cast) -> None:
        with cast.database.read() as connection:
            found = count_progress(connection, cast.survey, START)
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
            found = count_progress(connection, cast.survey, START + HOUR)
            other = count_progress(connection, cast.other_survey, START + HOUR)
        assert found == Progress(5, 4, 1, 2, {}, 0, 0, 0)
        assert other == Progress(0, 0, 0, 0, {}, 0, 0, 0)

    def test_what_ended_undelivered_is_lost_by_its_reason(self, cast: Cast) -> None:
        errors = ["expired", "expired", "SMTP: refused with 550", None]
        with cast.database.write() as connection:
            for event, error in enumerate(errors):
                lost = add_invitation(connection, cast.survey, cast.bob, event)
                invitations.set_state(connection, lost, FAILED, error=error)
            found = count_progress(connection, cast.survey, START)
        assert found.lost == {"expired": 2, "SMTP: refused with 550": 1, "": 1}
        assert found.delivered == 0

    def test_whoever_opened_the_page_got_the_mail_whatever_its_sender_believes(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            failed = add_invitation(connection, cast.survey, cast.bob, 1)
            invitations.set_state(connection, failed, FAILED, error="SMTP: TimeoutError")
            invitations.set_opened(connection, failed, START)
            found = count_progress(connection, cast.survey, START)
        assert (found.delivered, found.opened, found.lost) == (1, 1, {})

    def test_what_is_over_without_opening_or_answer_has_expired(self, cast: Cast) -> None:
        with cast.database.write() as connection:
            ids = [add_invitation(connection, cast.survey, cast.bob, event) for event in range(4)]
            for invitation_id in ids[1:]:
                invitations.set_state(connection, invitation_id, SENT, sent_at=START)
            invitations.set_opened(connection, ids[2], START)
            self.answer(connection, ids[3], is_whole=True)
            before = count_progress(connection, cast.survey, START + 3 * DAY - MICROSECOND)
            after = count_progress(connection, cast.survey, START + 3 * DAY)
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
            found = count_progress(connection, cast.survey, START + 9 * DAY)
        assert found == Progress(0, 0, 0, 0, {}, 0, 0, 2)
