"""Do the worked checks of the throttle hold, with real workers, on both databases?"""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa

from afterword.bootstrap import Parts
from afterword.channels.base import SendError
from afterword.domain.throttle.facts import Outcome
from afterword.domain.throttle.reason import Reason
from afterword.flows.invitations.submit_response import submit_response
from afterword.flows.job_kinds import JobKind
from afterword.flows.surveys.manage_surveys import apply_survey, publish_survey
from afterword.storage import jobs
from afterword.storage.tables import anonymous_response, decision, invitation, response
from afterword.worker.loop import Worker
from tests.flows.world import NO_LIMITS, World, survey_file
from tests.storage.support import DAY, MINUTE, in_threads
from tests.worker.conftest import FakeChannel

WORKERS = 8


def track(world: World, count: int = 1, **event: object) -> list[int]:
    """Events that wait to be decided."""
    ids = [world.add_event(**event) for _ in range(count)]  # type: ignore[arg-type]
    with world.database.write() as connection:
        jobs.add_jobs(connection, JobKind.EVALUATE_EVENT, ids, run_at=world.clock.now)
    return ids


def work(parts: Parts) -> None:
    """Let one worker do all that is due."""

    async def rounds() -> None:
        worker = Worker(parts)
        while await worker.run_once():
            pass

    asyncio.run(rounds())


def reasons(world: World) -> Counter[Reason]:
    """How often each reason decided."""
    with world.database.read() as connection:
        rows = connection.execute(sa.select(decision.c.reason, sa.func.count()).group_by(decision.c.reason))
        return Counter({Reason(row[0]): row[1] for row in rows})


def invited(world: World) -> int:
    """How many invitations there are."""
    with world.database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(invitation)).scalar_one()


@pytest.mark.parametrize("email", ["alice@example.com", "bob@example.com", "charlie@example.com"])
def test_1_a_thousand_events_of_a_person_in_a_day_are_one_exposure_or_none(
    parts: Parts, world: World, email: str
) -> None:
    world.add_survey(
        "monthly",
        trigger={"events": ["build"]},
        throttle={"sampling": {"rate": 0.1}, "cooldown": "30d", "send_window": "any"},
    )
    for _ in range(50):
        track(world, 20, name="build", email=email)
        work(parts)
        world.clock.advance(DAY / 50)
    found = reasons(world)
    assert found.total() == 1_000
    assert found[Reason.INVITED] <= 1
    assert found[Reason.NOT_SAMPLED] in (0, 1_000), "one draw for all of them"


def test_2_a_weekly_survey_does_not_starve_a_quarterly_one(parts: Parts, world: World) -> None:
    limits = NO_LIMITS | {"global_cooldown": "14d"}
    world.add_survey("weekly", trigger={"events": ["deploy"]}, throttle=limits | {"cooldown": "7d"})
    world.add_survey("quarterly", trigger={"events": ["deploy"]}, throttle=limits | {"cooldown": "90d"})
    asked = []
    for _ in range(8):
        (event_id,) = track(world, name="deploy")
        work(parts)
        asked += [entry.survey_key for entry in world.ledger(event_id) if entry.invited]
        world.clock.advance(7 * DAY)
    assert sorted(asked) == ["quarterly", "weekly", "weekly", "weekly"]


def test_3_an_event_that_is_sent_again_after_two_days_asks_nobody(parts: Parts, world: World) -> None:
    (event_id,) = track(world, age=2 * DAY)
    work(parts)
    (entry,) = world.ledger(event_id)
    assert (entry.reason, invited(world)) == (Reason.STALE_EVENT, 0)


def test_4_eight_workers_and_one_slot_of_a_quota_make_one_invitation(parts: Parts, world: World) -> None:
    quota = NO_LIMITS | {"global_cooldown": "0s", "quota": {"count": 1}, "pacing": "asap"}
    world.add_survey("scarce", trigger={"events": ["rare"]}, throttle=quota)
    for email in ("alice@example.com", "bob@example.com", "charlie@example.com"):
        track(world, 8, name="rare", email=email)
    in_threads(WORKERS, lambda _: work(parts))
    found = reasons(world)
    assert (found[Reason.INVITED], found.total()) == (1, 24)
    assert found[Reason.QUOTA_FULL] >= 16


def test_4_a_thousand_parallel_events_of_one_person_make_one_invitation(parts: Parts, world: World) -> None:
    track(world, 1_000)
    in_threads(WORKERS, lambda _: work(parts))
    found = reasons(world)
    assert (found[Reason.INVITED], found[Reason.OPEN_INVITATION]) == (1, 999)
    assert invited(world) == 1


def test_5_of_an_anonymous_answer_nothing_says_whose_it_is_and_cooldowns_still_hold(
    parts: Parts, world: World
) -> None:
    world.add_survey(
        "secret", trigger={"events": ["secret"]}, privacy="anonymous", throttle=NO_LIMITS | {"cooldown": "9d"}
    )
    (event_id,) = track(world, name="secret")
    work(parts)
    (asked,) = world.invitations(event_id)
    world.clock.advance(MINUTE)
    fields = {"satisfaction": ["5"], "comment": ["Fine."]}
    submit_response(world.database, world.clock, world.ticket(asked), fields)
    with world.database.read() as connection:
        (row,) = connection.execute(sa.select(anonymous_response)).all()
        assert connection.execute(sa.select(response)).all() == []
        answered = world.invitation(asked.id)
    assert set(row._mapping) == {"id", "survey_id", "survey_version", "is_whole", "day", "answers"}
    assert row.day == f"{world.clock.now:%Y-%m-%d}"
    assert (answered.outcome, answered.outcome_at) == (Outcome.ANSWERED, None)
    (again,) = track(world, name="secret")
    work(parts)
    assert world.ledger(again)[0].reason is Reason.SURVEY_COOLDOWN


def test_6_every_skip_has_a_reason_and_a_test_event_always_invites_up_to_its_cap(
    parts: Parts, world: World, channel: FakeChannel
) -> None:
    never = {
        "sampling": {"rate": 0.000001},
        "holdout": 1.0,
        "pause": True,
        "audience": {"path": "name", "eq": "Nobody"},
    }
    world.add_survey("never", trigger={"events": ["tried"]}, throttle=never)
    (real,) = track(world, name="tried")
    track(world, 12, name="tried", is_test=True, age=400 * DAY)
    work(parts)
    (entry,) = world.ledger(real)
    failed = [verdict.reason for verdict in entry.verdicts if not verdict.passed]
    assert failed == [Reason.AUDIENCE, Reason.HOLDOUT, Reason.NOT_SAMPLED, Reason.PAUSED]
    found = reasons(world)
    assert (found[Reason.INVITED_TEST], found[Reason.TEST_CAPPED]) == (10, 2)
    assert len(channel.messages) == 10


def test_7_a_mail_that_is_sent_twice_is_one_invitation_with_one_link(
    parts: Parts, world: World, channel: FakeChannel
) -> None:
    """The server's answer to the first try was lost; what a killed worker leaves is in tests/faults."""
    channel.break_with([SendError("no answer", uncertain=True)])
    track(world)
    work(parts)
    world.clock.advance(timedelta(hours=1))
    work(parts)
    first, second = channel.messages
    assert (first.message_id, first.answer_url) == (second.message_id, second.answer_url)
    assert invited(world) == 1


def test_a_new_version_is_decided_by_from_the_next_event_on(parts: Parts, world: World) -> None:
    world.add_survey("versions", trigger={"events": ["once"]}, throttle=NO_LIMITS | {"global_cooldown": "0s"})
    (first,) = track(world, name="once")
    work(parts)
    changed = survey_file("versions", trigger={"events": ["once"]}, throttle={"max_event_age": "1m"})
    apply_survey(world.database, world.clock, changed, dry_run=False)
    publish_survey(world.database, world.clock, "versions")
    (second,) = track(world, name="once", age=2 * MINUTE)
    work(parts)
    assert [entry.survey_version for event_id in (first, second) for entry in world.ledger(event_id)] == [
        1,
        2,
    ]
    assert world.ledger(second)[0].reason is Reason.STALE_EVENT
