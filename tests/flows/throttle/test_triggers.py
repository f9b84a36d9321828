"""Do triggers count, look back, wait, collapse and withdraw, over real events in any order?"""

from datetime import timedelta
from typing import ClassVar

import pytest

from afterword.domain.invitation import InvitationState
from afterword.domain.throttle.reason import Reason
from afterword.flows.surveys.manage_surveys import apply_surveys, close_survey, publish_survey
from afterword.flows.surveys.survey_definition import dump_definition, show_definition
from afterword.flows.surveys.survey_files import Written
from afterword.flows.throttle.evaluate_events import evaluate_events
from afterword.flows.upkeep.housekeep import housekeep
from afterword.storage import policies, trigger_matches
from afterword.storage.decisions import Entry
from afterword.storage.invitations import Invitation
from tests.flows.world import EAGER, World, survey_file
from tests.storage.support import DAY, HOUR, MINUTE, count_statements

MICROSECOND = timedelta(microseconds=1)
QUEUED, CANCELLED = InvitationState.QUEUED, InvitationState.CANCELLED


def decide(world: World, name: str = "failed", **event: object) -> Entry:
    (entry,) = world.decide(name=name, **event)
    return entry


def only_invitation(world: World, event_id: int) -> Invitation:
    (found,) = world.invitations(event_id)
    return found


@pytest.mark.parametrize("name", ["build.finished", "build.x.y", "build."])
def test_a_star_stands_for_any_characters(world: World, name: str) -> None:
    world.add_survey(trigger={"events": ["build.*"]})
    assert decide(world, name).reason is Reason.INVITED
    assert world.decide(name="rebuild.finished") == []


class TestCount:
    """The N-th matching event within a time."""

    TRIGGER: ClassVar = {
        "events": ["failed"],
        "where": {"path": "env", "eq": "prod"},
        "count": {"at_least": 3, "within": "1h"},
    }
    PROD = '{"env": "prod"}'

    def test_the_third_one_asks(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER)
        reasons = [decide(world, metadata=self.PROD).reason for _ in range(3)]
        assert reasons == [Reason.COUNT, Reason.COUNT, Reason.INVITED]

    def test_others_and_what_does_not_match_are_not_counted(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER)
        decide(world, metadata=self.PROD, email="alice@example.com")
        decide(world, metadata='{"env": "test"}')
        decide(world, metadata=self.PROD, is_test=True)
        verdicts = decide(world, metadata=self.PROD).verdicts
        assert [one.saw["count"] for one in verdicts if one.reason is Reason.COUNT] == [1]

    def test_the_window_is_by_when_they_occurred(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER, throttle=EAGER | {"max_event_age": "1d"})
        for age in (61 * MINUTE, 59 * MINUTE):
            decide(world, metadata=self.PROD, age=age)
        assert decide(world, metadata=self.PROD).reason is Reason.COUNT
        assert decide(world, metadata=self.PROD, age=2 * MINUTE).reason is Reason.INVITED

    def test_events_of_one_batch_count_for_one_another(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER)
        ids = [world.add_event(name="failed", metadata=self.PROD) for _ in range(3)]
        assert evaluate_events(world.database, world.clock, ids) == {ids[2]}

    def test_an_event_that_comes_late_counts_what_was_up_to_it(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER)
        for minutes in (9, 8, 4, 3, 2):
            decide(world, metadata=self.PROD, age=minutes * MINUTE)
        ids = [
            world.add_event(name="failed", metadata=self.PROD, age=age) for age in (timedelta(), 7 * MINUTE)
        ]
        evaluate_events(world.database, world.clock, ids)
        saw = [one.saw for one in world.ledger(ids[1])[0].verdicts if "count" in one.saw]
        assert saw == [{"count": 3, "wanted": 3, "came_after": None}]

    def test_the_live_version_counts_once_beside_the_latest_one(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER)
        changed = self.TRIGGER | {"count": {"at_least": 2, "within": "2h"}}
        world.add_survey(trigger=changed, live=False)
        decide(world, metadata=self.PROD)
        ids = [
            world.add_event(name="failed", metadata=self.PROD, is_test=is_test) for is_test in (True, False)
        ]
        evaluate_events(world.database, world.clock, ids)
        (entry,) = world.ledger(ids[1])
        assert entry.reason is Reason.COUNT

    def test_the_same_event_sent_twice_counts_once(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER)
        for _ in range(2):
            decide(world, metadata=self.PROD, age=MINUTE)
        assert decide(world, metadata=self.PROD).reason is Reason.COUNT

    def test_another_trigger_counts_anew(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER)
        world.add_survey("other", trigger=self.TRIGGER, throttle=EAGER)
        for _ in range(2):
            world.decide(name="failed", metadata=self.PROD)
        world.add_survey(trigger=self.TRIGGER, title="The same trigger")
        with world.database.read() as connection:
            assert trigger_matches.list_oldest(connection).keys() == {1, 2}
        of_test = {"path": "env", "eq": "test"}
        world.add_survey(trigger=self.TRIGGER | {"where": of_test}, live=False)
        with world.database.read() as connection:
            assert trigger_matches.list_oldest(connection).keys() == {1, 2}, "nobody hears it yet"
        publish_survey(world.database, world.clock, "build-cli")
        first, other = world.decide(name="failed", metadata='{"env": "test"}')
        assert first.reason is Reason.COUNT
        assert [one.saw["count"] for one in first.verdicts if "count" in one.saw] == [1]
        assert [one.saw["count"] for one in other.verdicts if "count" in one.saw] == [3]

    def test_another_trigger_that_is_applied_and_published_at_once_counts_anew(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER)
        decide(world, metadata=self.PROD)
        file = survey_file(trigger=self.TRIGGER | {"where": {"path": "env", "eq": "test"}})
        written = [Written("s.yaml", show_definition(dump_definition(file)), file)]
        apply_surveys(world.database, world.clock, written, dry_run=False, publish=True)
        with world.database.read() as connection:
            assert trigger_matches.list_oldest(connection) == {}

    def test_what_is_over_is_forgotten(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER)
        decide(world, metadata=self.PROD)
        world.clock.advance(90 * MINUTE)
        housekeep(world.database, world.clock)
        with world.database.read() as connection:
            assert len(trigger_matches.list_of_people(connection, [world.person("bob@").id])) == 1
        world.clock.advance(1)
        housekeep(world.database, world.clock)
        with world.database.read() as connection:
            assert trigger_matches.list_oldest(connection) == {}

    def test_it_is_forgotten_in_portions(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trigger_matches, "MATCHES_AT_ONCE", 2)
        world.add_survey(trigger=self.TRIGGER)
        for _ in range(5):
            decide(world, metadata=self.PROD)
        world.clock.advance(2 * HOUR)
        decide(world, metadata=self.PROD)
        with count_statements() as seen:
            housekeep(world.database, world.clock)
        assert sum(one.startswith("DELETE FROM trigger_match") for one in seen) == 3
        with world.database.read() as connection:
            assert len(trigger_matches.list_of_people(connection, [world.person("bob@").id])) == 1

    def test_what_the_levels_above_say_of_the_age_holds(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER)
        with world.database.write() as connection:
            text = '{"policy": "organisation", "throttle": {"max_event_age": "6h"}}'
            policies.add_policy(connection, project_id=None, definition=text, now=world.clock.now)
        for _ in range(2):
            decide(world, metadata=self.PROD)
        world.clock.advance(6 * HOUR)
        housekeep(world.database, world.clock)
        assert decide(world, metadata=self.PROD, age=6 * HOUR).reason is Reason.INVITED

    def test_of_a_closed_survey_nothing_is_kept(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER)
        decide(world, metadata=self.PROD)
        close_survey(world.database, world.clock, "build-cli")
        housekeep(world.database, world.clock)
        with world.database.read() as connection:
            assert trigger_matches.list_oldest(connection) == {}


class TestAfter:
    """A, then B."""

    TRIGGER: ClassVar = {"events": ["retried"], "after": {"events": ["failed"], "within": "10m"}}

    def test_only_after_the_other_event_it_asks(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER)
        assert decide(world, "retried").reason is Reason.COUNT
        assert world.decide(name="failed") == []
        world.clock.advance(10 * MINUTE)
        assert decide(world, "retried").reason is Reason.INVITED

    def test_too_late_is_not_after(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER)
        world.decide(name="failed")
        world.clock.advance(10 * MINUTE + timedelta(microseconds=1))
        assert decide(world, "retried").reason is Reason.COUNT

    def test_of_somebody_else_is_not_after(self, world: World) -> None:
        world.add_survey(trigger=self.TRIGGER)
        world.decide(name="failed", email="alice@example.com")
        assert decide(world, "retried").reason is Reason.COUNT


class TestWaiting:
    """An invitation that waits can be collapsed into, and withdrawn."""

    WAITS: ClassVar = {"events": ["failed"], "delay": "10m", "cancel_on": ["given.up"]}
    UNLESS: ClassVar = {"events": ["failed"], "not_followed_by": {"events": ["fixed"], "within": "10m"}}

    def test_it_goes_out_when_it_has_waited(self, world: World) -> None:
        world.add_survey(trigger=self.WAITS)
        waiting = world.invite(name="failed")
        assert waiting.send_at == world.clock.now + 10 * MINUTE
        assert world.job_times() == [waiting.send_at]
        assert waiting.expires_at == waiting.send_at + 72 * HOUR

    def test_further_matches_are_collapsed_into_it(self, world: World) -> None:
        world.add_survey(trigger=self.WAITS)
        waiting = world.invite(name="failed")
        ids = [world.add_event(name="failed") for _ in range(3)]
        assert evaluate_events(world.database, world.clock, ids) == set()
        assert world.invitation(waiting.id).collapsed == 3
        assert world.ledger(ids[0])[0].reason is Reason.OPEN_INVITATION

    @pytest.mark.parametrize("trigger", [WAITS, UNLESS])
    def test_they_are_however_many_may_be_open(self, world: World, trigger: dict[str, object]) -> None:
        world.add_survey(trigger=trigger, throttle=EAGER)
        ids = [world.add_event(name="failed") for _ in range(2)]
        assert evaluate_events(world.database, world.clock, ids) == {ids[0]}
        world.clock.advance(10 * MINUTE - MICROSECOND)
        (entry,) = world.decide(name="failed")
        waiting = only_invitation(world, ids[0])
        assert (entry.reason, waiting.collapsed) == (Reason.OPEN_INVITATION, 2)
        (saw,) = [one.saw for one in entry.verdicts if not one.passed]
        assert saw == {"open": 1, "max_open": 0, "waits_until": "2027-01-15T08:10:00Z"}
        assert decide(world, email="alice@example.com").reason is Reason.INVITED
        world.clock.advance_us(1)
        assert decide(world).reason is Reason.INVITED, "the first one is on its way"

    def test_those_of_the_same_batch_are(self, world: World) -> None:
        world.add_survey(trigger=self.WAITS)
        ids = [world.add_event(name="failed") for _ in range(3)]
        assert evaluate_events(world.database, world.clock, ids) == {ids[0]}
        assert only_invitation(world, ids[0]).collapsed == 2

    @pytest.mark.parametrize(
        "other",
        [{"age": MINUTE}, {"age": DAY}, {"age": -HOUR}, {"metadata": '{"env": "test"}'}, {"age": 2 * MINUTE}],
        ids=["sent twice", "old", "in the future", "not what is meant", "not the second one"],
    )
    def test_what_is_no_match_is_not(self, world: World, other: dict[str, object]) -> None:
        where = {"path": "env", "ne": "test"}
        world.add_survey(trigger=self.WAITS | {"where": where, "count": {"at_least": 2, "within": "10m"}})
        decide(world, age=2 * MINUTE - timedelta(seconds=1))
        waiting = world.invite(name="failed", age=MINUTE)
        decide(world, **other)
        assert world.invitation(waiting.id).collapsed == 0

    @pytest.mark.parametrize(("trigger", "name"), [(WAITS, "given.up"), (UNLESS, "fixed")])
    def test_it_is_withdrawn(self, world: World, trigger: dict[str, object], name: str) -> None:
        world.add_survey(trigger=trigger)
        waiting = world.invite(name="failed")
        world.clock.advance(10 * MINUTE - timedelta(microseconds=1))
        event_id = world.add_event(name=name)
        world.evaluate(event_id)
        assert world.ledger(event_id) == []
        found = world.invitation(waiting.id)
        assert (found.state, found.cancelled_by) == (CANCELLED, event_id)
        assert decide(world).reason is Reason.INVITED, "as if it had not been"

    def test_not_by_somebody_else(self, world: World) -> None:
        world.add_survey(trigger=self.WAITS)
        waiting = world.invite(name="failed")
        world.decide(name="given.up", email="alice@example.com")
        assert world.invitation(waiting.id).state is QUEUED

    def test_not_by_what_happened_before(self, world: World) -> None:
        world.add_survey(trigger=self.UNLESS)
        waiting = world.invite(name="failed")
        world.decide(name="fixed", age=MINUTE)
        assert world.invitation(waiting.id).state is QUEUED

    def test_in_the_same_batch(self, world: World) -> None:
        world.add_survey(trigger=self.UNLESS)
        ids = [world.add_event(name=name) for name in ("failed", "fixed")]
        evaluate_events(world.database, world.clock, ids)
        found = only_invitation(world, ids[0])
        assert (found.state, found.cancelled_by) == (CANCELLED, ids[1])
        assert world.job_times() == []

    @pytest.mark.parametrize("in_one_batch", [True, False])
    def test_what_waits_for_the_hours_of_mails_alone_is_withdrawn(
        self, world: World, in_one_batch: bool
    ) -> None:
        world.set_person("alice@example.com", timezone="UTC")
        world.clock.advance(3 * DAY)
        world.add_survey(
            trigger={"events": ["failed"], "cancel_on": ["given.up"]},
            throttle=EAGER | {"send_window": {"defer": "4h"}},
        )
        ids = [world.add_event(name=name, email="alice@example.com") for name in ("failed", "given.up")]
        for some in [ids] if in_one_batch else [[one] for one in ids]:
            evaluate_events(world.database, world.clock, some)
        assert only_invitation(world, ids[0]).state is CANCELLED

    def test_without_a_wait_by_what_was_decided_sooner(self, world: World) -> None:
        world.add_survey(trigger={"events": ["failed"], "cancel_on": ["given.up"]}, throttle=EAGER)
        failed = world.add_event(name="failed", age=MINUTE)
        world.decide(name="given.up")
        world.evaluate(failed)
        assert world.ledger(failed)[0].reason is Reason.CANCELLED

    def test_by_what_happened_later_and_was_decided_sooner(self, world: World) -> None:
        world.add_survey(trigger=self.UNLESS)
        failed = world.add_event(name="failed", age=MINUTE)
        world.decide(name="fixed")
        world.evaluate(failed)
        (entry,) = world.ledger(failed)
        assert (entry.reason, world.invitations(failed)) == (Reason.CANCELLED, [])

    def test_when_it_was_due_and_is_not_out(self, world: World) -> None:
        """The worker stood still, or the mail server did."""
        world.add_survey(trigger=self.UNLESS)
        waiting = world.invite(name="failed")
        world.clock.advance(MINUTE)
        fixed = world.add_event(name="fixed")
        world.clock.advance(HOUR)
        world.evaluate(fixed)
        assert world.invitation(waiting.id).state is CANCELLED

    @pytest.mark.parametrize(("late", "state"), [(timedelta(), CANCELLED), (MICROSECOND, QUEUED)])
    def test_what_stays_away_counts_from_when_it_occurred(
        self, world: World, late: timedelta, state: InvitationState
    ) -> None:
        world.add_survey(trigger=self.UNLESS | {"delay": "1h"})
        waiting = world.invite(name="failed", age=4 * MINUTE)
        world.clock.advance(6 * MINUTE + late)
        world.decide(name="fixed")
        assert world.invitation(waiting.id).state is state

    def test_it_waits_only_for_what_is_left_of_the_time(self, world: World) -> None:
        world.add_survey(trigger=self.UNLESS, throttle=EAGER)
        now = world.clock.now
        ages = {"bob@example.com": 4 * MINUTE, "alice@example.com": 20 * MINUTE}
        found = [world.invite(name="failed", email=who, age=age) for who, age in ages.items()]
        assert [one.send_at for one in found] == [now + 6 * MINUTE, now]
        assert [one.expires_at for one in found] == [now + 6 * MINUTE + 72 * HOUR, now + 72 * HOUR]

    @pytest.mark.parametrize(("trigger", "state"), [(UNLESS, QUEUED), (WAITS, CANCELLED)])
    def test_while_it_waits_for_the_hours_of_mails(
        self, world: World, trigger: dict[str, object], state: InvitationState
    ) -> None:
        world.set_person("bob@example.com", timezone="UTC")
        world.add_survey(trigger=trigger, throttle=EAGER | {"send_window": {"hours": "9-17", "defer": "4h"}})
        waiting = world.invite(name="failed")
        world.clock.advance(30 * MINUTE)
        world.decide(name="fixed" if trigger == self.UNLESS else "given.up")
        assert world.invitation(waiting.id).state is state

    @pytest.mark.parametrize(
        ("later", "reason"),
        [(10 * MINUTE, Reason.CANCELLED), (10 * MINUTE + MICROSECOND, Reason.INVITED)],
    )
    def test_what_was_decided_sooner_withdraws_only_in_its_time(
        self, world: World, later: timedelta, reason: Reason
    ) -> None:
        world.add_survey(trigger=self.UNLESS)
        world.decide(name="fixed", age=20 * MINUTE - later)
        assert decide(world, age=20 * MINUTE).reason is reason

    @pytest.mark.parametrize("order", ["came first", "came last"])
    def test_of_one_moment_what_came_last_happened_last(self, world: World, order: str) -> None:
        world.add_survey(trigger=self.UNLESS)
        names = ("fixed", "failed") if order == "came first" else ("failed", "fixed")
        ids = {name: world.add_event(name=name) for name in names}
        world.evaluate(ids["fixed"])
        assert world.evaluate(ids["failed"]) is (order == "came first")

    def test_a_test_event_withdraws_nothing(self, world: World) -> None:
        world.add_survey(trigger=self.WAITS)
        waiting = world.invite(name="failed")
        world.decide(name="given.up", is_test=True)
        assert world.invitation(waiting.id).state is QUEUED


class TestPeople:
    """What must be so of the person."""

    def test_the_audience_is_asked_about_team_and_attributes(self, world: World) -> None:
        world.import_people("email,name,team,attribute:Office\ndana@example.com,Dana,Core / Build,Berlin\n")
        audience = {
            "all": [
                {"path": "teams", "contains": "Core"},
                {"path": "attributes.Office", "contains": "Berlin"},
            ]
        }
        world.add_survey(trigger={"events": ["failed"]}, throttle={"audience": audience})
        assert decide(world, email="dana@example.com").reason is Reason.INVITED
        refused = decide(world, email="bob@example.com")
        assert refused.reason is Reason.AUDIENCE
        (verdict,) = [one for one in refused.verdicts if not one.passed]
        assert verdict.saw == {"path": "teams"}

    def test_who_is_new_is_not_asked_yet(self, world: World) -> None:
        world.add_survey(trigger={"events": ["failed"]}, throttle=EAGER | {"min_tenure": "7d"})
        bob = world.person("bob@").id
        with world.database.write() as connection:
            trigger_matches.add_first_events(connection, {(bob, world.project_id): world.clock.now})
            earlier = {(bob, world.project_id): world.clock.now - DAY}
            trigger_matches.add_first_events(connection, earlier)
            trigger_matches.add_first_events(connection, {(bob, world.project_id): world.clock.now})
        world.clock.advance(6 * DAY - timedelta(microseconds=1))
        assert decide(world).reason is Reason.TENURE
        world.clock.advance_us(1)
        assert decide(world).reason is Reason.INVITED
        assert decide(world, email="alice@example.com").reason is Reason.TENURE
