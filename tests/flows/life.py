"""What does a world look like in which something has happened?"""

from afterword.domain.event import Event
from afterword.flows.invitations.submit_response import submit_response
from afterword.flows.people.manage_teams import set_timezone
from tests.flows.door import opened_door, submission
from tests.flows.world import EAGER, World
from tests.storage.support import START_US

COFFEE = Event("coffee.made", START_US, "bob@example.com", None, None, None, is_test=False)


def live_in(world: World) -> None:
    """
    Some life, in seven events: three invitations, one of them to a test and one answered; a stranger's
    event, one that no survey hears, and two of the intake's with a key, one of which waits for its decision;
    and a team with a time zone.
    """
    world.add_survey(throttle=EAGER)
    set_timezone(world.database, "Build", "Europe/Berlin")
    first = world.invite()
    submit_response(
        world.database, world.clock, world.ticket(first), {"satisfaction": ["4"], "comment": ["Fine"]}
    )
    world.clock.advance(60)
    world.invite()
    world.decide(email="nobody@example.com")
    world.add_event(name="coffee.made")
    world.invite(is_test=True)
    with opened_door(world.database, world.clock) as door:
        heard = submission(world.project_id, makes_work=True, key="k1")
        door.send(heard, submission(world.project_id, key="k2", event=COFFEE))
