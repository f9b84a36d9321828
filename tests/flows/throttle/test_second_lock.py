"""When the lock of a person fails, is a second invitation refused all the same?"""

import pytest
import sqlalchemy as sa

from afterword.domain.people.preference import MAIL_ONLY
from afterword.flows.throttle import evaluate_events as module
from afterword.flows.throttle.evaluate_events import evaluate_events
from afterword.kit.clock import to_datetime
from afterword.storage import people
from afterword.storage.tables import invitation
from tests.flows.world import EAGER, World


def numbers(world: World, email: str = "bob@example.com") -> list[int | None]:
    """The numbers of a person's invitations, in the order in which they were reserved."""
    its = invitation.c.person_id == world.person(email).id
    with world.database.read() as connection:
        return list(
            connection.execute(sa.select(invitation.c.number).where(its).order_by(invitation.c.id)).scalars()
        )


def decide_alone(world: World, event_id: int) -> module._Batch:
    """Decide an event as a worker does, and write nothing yet."""
    with world.database.read() as connection:
        subjects = module._find_subjects(connection, [event_id])
        batch = module._Batch(connection, subjects, to_datetime(world.clock.now_us()), MAIL_ONLY)
        for subject in subjects:
            batch.decide(subject)
    return batch


def write(world: World, batch: module._Batch) -> set[int]:
    """Write what was decided, in a transaction of its own."""
    with world.database.write() as connection:
        batch._connection = connection
        return batch.write()


@pytest.mark.parametrize("second", ["build.finished", "deploy.finished"])
def test_two_decisions_that_did_not_see_each_other_invite_once(
    world: World, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    """Also to two surveys, whose global cooldown neither decision could know of."""
    world.add_survey("builds", throttle=EAGER | {"global_cooldown": "14d"})
    world.add_survey(
        "deployments", throttle=EAGER | {"global_cooldown": "14d"}, trigger={"events": ["deploy.finished"]}
    )
    ids = [world.add_event(), world.add_event(name=second)]
    with monkeypatch.context() as patch:
        patch.setattr(people, "lock_people", lambda connection, ids: None)
        batches = [decide_alone(world, event_id) for event_id in ids]
    assert write(world, batches[0]) == {ids[0]}
    with pytest.raises(sa.exc.IntegrityError):
        write(world, batches[1])
    assert numbers(world) == [1]
    assert world.ledger(ids[1]) == [], "half of it was written"
    # The worker tries again, and sees now what the first one did.
    assert evaluate_events(world.database, world.clock, [ids[1]]) == set()
    assert len(world.ledger(ids[1])) == 1


def test_all_invitations_of_a_person_are_numbered_in_a_row(world: World) -> None:
    world.add_survey(throttle=EAGER)
    ids = [world.add_event(), world.add_event(), world.add_event(email="alice@example.com")]
    assert evaluate_events(world.database, world.clock, ids) == set(ids)
    world.invite()
    world.invite(is_test=True)
    assert (numbers(world), numbers(world, "alice@example.com")) == ([1, 2, 3, 4], [1])


def test_one_that_was_forgotten_leaves_a_number_that_nobody_needs(world: World) -> None:
    world.add_survey(throttle=EAGER)
    first = world.invite()
    world.invite()
    with world.database.write() as connection:
        connection.execute(sa.delete(invitation).where(invitation.c.id == first.id))
    world.invite()
    assert numbers(world) == [2, 3]


def test_what_an_earlier_release_reserved_has_no_number_and_is_in_nobodys_way(world: World) -> None:
    world.add_survey(throttle=EAGER)
    for _ in range(2):
        world.reserve()
    world.invite()
    assert numbers(world) == [None, None, 1]
