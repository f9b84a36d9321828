"""Does each event ask whom it should, once, and does the ledger say why not?"""

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from afterword.domain.invitation import InvitationState
from afterword.domain.survey.policy import TEST_INVITATIONS_PER_HOUR_MAX
from afterword.domain.throttle.reason import Reason
from afterword.flows.manage_projects import create_project
from afterword.flows.people.merge_people import merge_people
from afterword.flows.surveys.manage_surveys import close_survey, publish_survey
from afterword.flows.throttle.explain_event import explain_event
from afterword.storage import invitations, jobs, people
from afterword.storage.engine import Connection, Database
from afterword.storage.tables import person
from tests.flows.world import EAGER, NO_LIMITS, QUESTIONS, World
from tests.storage.support import DAY, HOUR, MINUTE, START, FakeClock, in_threads

FAILED_BUILDS = {"events": ["build.finished"], "where": {"path": "outcome", "eq": "failed"}}


def reasons(world: World, **event: object) -> list[Reason]:
    return [entry.reason for entry in world.decide(**event)]


class TestReasons:
    """Every reason that can be reached today is reached."""

    def test_0_invited(self, world: World) -> None:
        world.add_survey()
        assert reasons(world) == [Reason.INVITED]

    def test_1_invited_test(self, world: World) -> None:
        world.add_survey()
        assert reasons(world, is_test=True) == [Reason.INVITED_TEST]

    def test_who_is_merged_before_being_locked_is_asked_as_who_is_kept(
        self, postgres: Database, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world = World(postgres, clock, tmp_path)
        world.add_survey()
        event_id = world.add_event(email="bob@example.com")
        lock = people.lock_people

        def merge_first(connection: Connection, person_ids: Collection[int]) -> None:
            monkeypatch.setattr(people, "lock_people", lock)
            merge_people(postgres, clock, "alice@example.com", "bob@example.com", dry_run=False)
            lock(connection, person_ids)

        monkeypatch.setattr(people, "lock_people", merge_first)
        assert world.evaluate(event_id)
        (entry,) = world.ledger(event_id)
        assert entry.person_id == world.person("alice@example.com").id

    def test_10_duplicate_event(self, world: World) -> None:
        other = create_project(world.database, world.clock, "IDE")
        world.add_survey(throttle=EAGER)
        world.add_survey("ide", project="IDE", throttle=EAGER)
        assert reasons(world, age=MINUTE) == [Reason.INVITED]
        assert reasons(world, age=MINUTE) == [Reason.DUPLICATE_EVENT]
        assert reasons(world, age=MINUTE, project_id=other.id) == [Reason.INVITED], "another tool's own event"

    def test_11_stale_event(self, world: World) -> None:
        world.add_survey()
        assert reasons(world, age=30 * MINUTE + timedelta(microseconds=1)) == [Reason.STALE_EVENT]
        assert reasons(world, age=30 * MINUTE) == [Reason.INVITED]

    def test_12_future_event(self, world: World) -> None:
        world.add_survey()
        assert reasons(world, age=-5 * MINUTE - timedelta(microseconds=1)) == [Reason.FUTURE_EVENT]
        assert reasons(world, age=-5 * MINUTE) == [Reason.INVITED]

    def test_20_what_came_before_the_survey_was_published(self, world: World) -> None:
        world.add_survey(live=False)
        event_id = world.add_event()
        world.clock.advance_us(1)
        publish_survey(world.database, world.clock, "build-cli")
        at_once = world.add_event()
        assert [world.evaluate(one) for one in (event_id, at_once)] == [False, True]
        assert world.ledger(event_id) == []

    @pytest.mark.parametrize(
        "survey",
        [
            {"trigger": {"events": ["deploy.finished"]}},
            {"live": False},
            {"trigger": {"events": ["build.*.x", "build.finishe", "BUILD.FINISHED"]}},
        ],
        ids=["other event", "draft", "similar name"],
    )
    def test_20_no_matching_survey(self, world: World, survey: dict[str, object]) -> None:
        world.add_survey(**survey)  # type: ignore[arg-type]
        event_id = world.add_event()
        assert world.evaluate(event_id) is False
        assert world.ledger(event_id) == []
        assert explain_event(world.database, event_id).reason is Reason.NO_MATCHING_SURVEY

    def test_20_no_matching_survey_after_it_was_closed(self, world: World) -> None:
        world.add_survey()
        event_id = world.add_event()
        close_survey(world.database, world.clock, "build-cli")
        assert world.evaluate(event_id) is False
        assert explain_event(world.database, event_id).reason is Reason.NO_MATCHING_SURVEY

    @pytest.mark.parametrize("metadata", [None, "{}", '{"outcome":"ok"}', '{"result":{"outcome":"failed"}}'])
    def test_22_filter(self, world: World, metadata: str | None) -> None:
        world.add_survey(trigger=FAILED_BUILDS)
        assert reasons(world, metadata=metadata) == [Reason.FILTER]
        assert reasons(world, metadata='{"outcome":"failed"}') == [Reason.INVITED]

    def test_30_person_unresolved(self, world: World) -> None:
        world.add_survey()
        assert reasons(world, email="stranger@example.com") == [Reason.PERSON_UNRESOLVED]
        assert reasons(world, email="unknown") == [Reason.PERSON_UNRESOLVED]

    def test_31_bot(self, world: World) -> None:
        world.add_survey()
        assert reasons(world, email=None, github_username="renovate[bot]") == [Reason.BOT]
        assert reasons(world, github_username="renovate[bot]") == [Reason.BOT], "a bot acts for Bob"

    def test_31_bot_that_the_directory_knows(self, world: World) -> None:
        world.add_survey()
        with world.database.write() as connection:
            connection.execute(sa.update(person).where(person.c.name == "Bob").values(is_bot=True))
        assert reasons(world) == [Reason.BOT]

    def test_32_inactive(self, world: World) -> None:
        world.add_survey()
        with world.database.write() as connection:
            connection.execute(sa.update(person).where(person.c.name == "Bob").values(is_active=False))
        assert reasons(world) == [Reason.INACTIVE]
        assert reasons(world, email="charlie@example.com") == [Reason.INVITED]

    def test_35_opted_out(self, world: World) -> None:
        world.add_survey()
        world.wish("bob@", "opt-out", scope="all")
        assert reasons(world) == [Reason.OPTED_OUT]
        assert reasons(world, is_test=True) == [Reason.OPTED_OUT]
        world.wish("bob@", "opt-in", scope="all")
        assert reasons(world) == [Reason.INVITED]

    @pytest.mark.parametrize(("scope", "value"), [("project", "1"), ("channel", "email")])
    def test_35_opted_out_of_a_part(self, world: World, scope: str, value: str) -> None:
        world.add_survey()
        world.wish("bob@", "opt-out", scope=scope, value=value)
        (entry,) = world.decide()
        assert entry.reason is Reason.OPTED_OUT
        (verdict,) = [one for one in entry.verdicts if not one.passed]
        assert verdict.saw == {
            "is_tester": False,
            "scope": scope,
            "value": value,
            "since": f"{START:%Y-%m-%dT%H:%M:%SZ}",
        }
        assert reasons(world, email="alice@example.com") == [Reason.INVITED]
        world.wish("bob@", "opt-in", scope=scope, value=value)
        assert reasons(world) == [Reason.INVITED]

    def test_35_another_project_may_still_ask(self, world: World) -> None:
        other = create_project(world.database, world.clock, "Deploy CLI")
        world.add_survey()
        world.wish("bob@", "opt-out", scope="project", value=str(other.id))
        assert reasons(world) == [Reason.INVITED]

    def test_36_snoozed(self, world: World) -> None:
        world.add_survey()
        until = START + 5 * DAY
        world.set_person("bob@", snoozed_until=until)
        (entry,) = world.decide()
        assert entry.reason is Reason.SNOOZED
        (verdict,) = [one for one in entry.verdicts if not one.passed]
        assert verdict.saw == {"is_tester": False, "snoozed_until": f"{until:%Y-%m-%dT%H:%M:%SZ}"}
        world.clock.advance(5 * DAY - timedelta(microseconds=1))
        assert reasons(world) == [Reason.SNOOZED]
        world.clock.advance_us(1)
        assert reasons(world) == [Reason.INVITED]

    def test_a_test_event_asks_a_tester_whatever_they_wish(self, world: World) -> None:
        world.add_survey()
        world.wish("bob@", "opt-out", scope="all")
        world.set_person("bob@", snoozed_until=START + DAY, is_tester=True)
        assert reasons(world) == [Reason.OPTED_OUT]
        assert reasons(world, is_test=True) == [Reason.INVITED_TEST]

    def test_42_survey_cooldown(self, world: World) -> None:
        world.add_survey(throttle=EAGER | {"cooldown": "30d"})
        assert reasons(world) == [Reason.INVITED]
        world.clock.advance(30 * DAY - timedelta(microseconds=1))
        assert reasons(world) == [Reason.SURVEY_COOLDOWN]
        world.clock.advance_us(1)
        assert reasons(world) == [Reason.INVITED]

    def test_45_global_cooldown(self, world: World) -> None:
        world.add_survey("first", throttle=NO_LIMITS)
        world.add_survey("second", trigger={"events": ["deploy.finished"]}, throttle=NO_LIMITS)
        assert reasons(world) == [Reason.INVITED]
        world.clock.advance(14 * DAY - timedelta(microseconds=1))
        assert reasons(world, name="deploy.finished") == [Reason.GLOBAL_COOLDOWN]
        world.clock.advance_us(1)
        assert reasons(world, name="deploy.finished") == [Reason.INVITED]

    def test_60_not_sampled_says_the_same_all_period_long(self, world: World) -> None:
        world.add_survey(throttle={"sampling": {"rate": 0.000001}})
        (first,) = world.decide()
        (second,) = world.decide()
        assert first.reason is second.reason is Reason.NOT_SAMPLED
        assert first.draw == second.draw
        assert first.probability == 0.000001

    def test_70_lower_priority(self, world: World) -> None:
        world.add_survey("first")
        world.add_survey("second")
        found = world.decide()
        assert sorted(entry.reason for entry in found) == [Reason.INVITED, Reason.LOWER_PRIORITY]
        assert len(world.invitations(found[0].event_id)) == 1

    def test_80_no_channel(self, world: World) -> None:
        world.add_survey()
        bob = world.person("bob@")
        with world.database.write() as connection:
            people.update_person(connection, bob.id, {"email": ""})
        assert reasons(world) == [Reason.NO_CHANNEL]

    def test_84_test_capped(self, world: World) -> None:
        world.add_survey()
        for _ in range(TEST_INVITATIONS_PER_HOUR_MAX):
            assert reasons(world, is_test=True) == [Reason.INVITED_TEST]
        assert reasons(world, is_test=True) == [Reason.TEST_CAPPED]
        assert reasons(world, is_test=True, email="alice@example.com") == [Reason.INVITED_TEST]
        world.clock.advance(HOUR)
        assert reasons(world, is_test=True) == [Reason.INVITED_TEST]


class TestTheLedger:
    """Every rule is asked, and what it saw is kept."""

    def test_what_could_not_be_delivered_counts_for_nothing_but_a_day_without_a_try(
        self, world: World
    ) -> None:
        world.add_survey(throttle=NO_LIMITS | {"repeat": "once", "max_open": 1, "backoff": True})
        failed = world.invite()
        with world.database.write() as connection:
            error, at = "SMTP: refused with 550", world.clock.now
            invitations.set_state(connection, failed.id, InvitationState.FAILED, failed_at=at, error=error)
        assert reasons(world) == [Reason.NO_CHANNEL]
        world.invite(is_test=True)
        world.clock.advance(DAY)
        assert reasons(world) == [Reason.INVITED]

    @pytest.mark.parametrize(
        ("throttle", "quiet"),
        [({"send_window": {"hours": "12-17"}}, None), ({"send_window": "any"}, "12:00")],
    )
    def test_whose_mail_could_go_only_when_it_has_expired_is_not_asked(
        self, world: World, throttle: dict[str, object], quiet: str | None
    ) -> None:
        """It is 09:00 where Bob is."""
        if quiet is not None:
            world.wish("bob@", "quiet", **{"from": "08:00", "until": quiet})
        world.add_survey(throttle=EAGER | throttle | {"expires_after": "3h"})
        assert reasons(world) == [Reason.OUTSIDE_WINDOW]
        world.add_survey(throttle=EAGER | throttle | {"expires_after": "181m"})
        assert reasons(world) == [Reason.INVITED]

    def test_all_failed_rules_are_kept_and_the_first_is_the_reason(self, world: World) -> None:
        world.add_survey(trigger=FAILED_BUILDS)
        (entry,) = world.decide(email="stranger@example.com", age=2 * DAY)
        failed = [verdict.reason for verdict in entry.verdicts if not verdict.passed]
        assert entry.reason is Reason.STALE_EVENT
        assert failed == [Reason.STALE_EVENT, Reason.FILTER, Reason.PERSON_UNRESOLVED]
        assert entry.person_id is None
        assert entry.decided_at == START

    def test_each_survey_that_listens_has_its_row(self, world: World) -> None:
        world.add_survey("first", trigger=FAILED_BUILDS)
        world.add_survey("second")
        world.add_survey("third", trigger={"events": ["deploy.finished"]})
        found = {entry.survey_key: entry.reason for entry in world.decide()}
        assert found == {"first": Reason.FILTER, "second": Reason.INVITED}

    def test_of_two_surveys_the_one_asked_least_recently_asks(self, world: World) -> None:
        world.add_survey("first", throttle=EAGER)
        world.add_survey("second", throttle=EAGER)
        asked = []
        for _ in range(4):
            asked += [entry.survey_key for entry in world.decide() if entry.reason is Reason.INVITED]
            world.clock.advance(1)
        assert sorted(asked[:2]) == ["first", "second"]
        assert asked[2:] == asked[:2]


class TestTheInvitation:
    """Decision, invitation and the job to send it are one."""

    def test_an_invitation_is_reserved_with_its_job(self, world: World) -> None:
        world.add_survey(throttle={"expires_after": "2d"})
        invitation = world.invite(github_username="somebody-else")
        assert invitation.person_id == world.person("bob@").id
        assert (invitation.state, invitation.is_test) == (InvitationState.QUEUED, False)
        assert (invitation.created_at, invitation.expires_at) == (START, START + 2 * DAY)
        assert len(invitation.message_id) == 24
        with world.database.write() as connection:
            (job,) = jobs.claim(
                connection, "send_invitation", lease="x", now=START, leased_until=START, limit=9
            )
        assert (job.kind, job.subject_id) == ("send_invitation", invitation.id)

    def test_running_again_changes_nothing(self, world: World) -> None:
        world.add_survey(throttle=EAGER)
        event_id = world.add_event()
        assert world.evaluate(event_id) is True
        before = world.ledger(event_id), world.invitations(event_id), world.waiting_jobs()
        world.clock.advance(HOUR)
        assert world.evaluate(event_id) is False
        assert (world.ledger(event_id), world.invitations(event_id), world.waiting_jobs()) == before

    def test_an_event_that_is_not_there_is_no_work(self, world: World) -> None:
        assert world.evaluate(999) is False

    def test_fifty_parallel_events_of_one_person_invite_once(self, world: World) -> None:
        world.add_survey()
        event_ids = [world.add_event() for _ in range(50)]
        in_threads(8, lambda index: [world.evaluate(event_id) for event_id in event_ids[index::8]])
        found = [entry.reason for event_id in event_ids for entry in world.ledger(event_id)]
        assert found.count(Reason.INVITED) == 1
        assert found.count(Reason.OPEN_INVITATION) == 49
        assert sum(len(world.invitations(event_id)) for event_id in event_ids) == 1

    def test_eight_workers_on_one_event_decide_it_once(self, world: World) -> None:
        world.add_survey(throttle=EAGER)
        event_id = world.add_event()
        assert sorted(in_threads(8, lambda _: world.evaluate(event_id))) == [False] * 7 + [True]
        assert len(world.invitations(event_id)) == 1

    def test_parallel_test_events_never_exceed_the_cap(self, world: World) -> None:
        world.add_survey()
        event_ids = [world.add_event(is_test=True) for _ in range(24)]
        in_threads(8, lambda index: [world.evaluate(event_id) for event_id in event_ids[index::8]])
        assert sum(len(world.invitations(event_id)) for event_id in event_ids) == 10


DANA = "email,name,gitlab_username\ndana@example.com,Dana,dana.gl\n"


class TestWhoAndWhat:
    """People and versions are looked up when it is decided."""

    def test_a_person_of_whom_the_server_had_not_heard_yet_is_found(self, world: World) -> None:
        world.add_survey()
        world.import_people(DANA)
        event_id = world.add_event(email=None, gitlab_username="@Dana.GL", person_id=None)
        assert world.evaluate(event_id) is True
        assert world.ledger(event_id)[0].person_id == world.person("dana@").id

    def test_a_name_that_became_known_later_asks_nobody(self, world: World) -> None:
        world.add_survey()
        event_id = world.add_event(email=None, gitlab_username="@Dana.GL")
        world.clock.advance(1)
        world.import_people(DANA)
        assert world.evaluate(event_id) is False
        assert world.ledger(event_id)[0].reason is Reason.PERSON_UNRESOLVED

    def test_the_e_mail_is_believed_before_the_user_names(self, world: World) -> None:
        world.add_survey()
        invitation = world.invite(email="CHARLIE@example.com", github_username="bob-gh")
        assert invitation.person_id == world.person("charlie@").id

    def test_a_test_event_reaches_a_draft_and_skips_the_throttle(self, world: World) -> None:
        world.add_survey(live=False, trigger=FAILED_BUILDS, throttle={"sampling": {"rate": 0.000001}})
        found = [world.invite(is_test=True, age=9 * DAY) for _ in range(2)]
        assert all(invitation.is_test for invitation in found)

    def test_a_test_event_reaches_the_waiting_version_and_a_real_one_the_live_version(
        self, world: World
    ) -> None:
        world.add_survey()
        world.add_survey(live=False, questions=QUESTIONS[:1])
        assert world.invite(is_test=True).survey_version == 2
        assert world.invite().survey_version == 1

    def test_test_invitations_count_for_no_cooldown(self, world: World) -> None:
        world.add_survey()
        world.invite(is_test=True)
        assert reasons(world) == [Reason.INVITED]

    def test_only_the_projects_own_surveys_listen(self, world: World) -> None:
        world.add_survey()
        other = create_project(world.database, world.clock, "Deploy CLI")
        event_id = world.add_event(project_id=other.id)
        assert world.evaluate(event_id) is False
