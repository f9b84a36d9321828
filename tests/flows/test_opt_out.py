"""Can a person end all surveys and take that back?"""

from afterword.flows.opt_out import is_opted_out, opt_in, opt_out
from tests.flows.world import World
from tests.storage.support import START


def test_an_opt_out_holds_until_it_is_taken_back_and_for_that_person_only(world: World) -> None:
    bob, alice = world.person("bob@").id, world.person("alice@").id
    assert is_opted_out(world.database, bob) is False
    opt_out(world.database, world.clock, bob)
    assert (is_opted_out(world.database, bob), is_opted_out(world.database, alice)) == (True, False)
    assert world.person("bob@").opted_out_at == START
    opt_in(world.database, bob)
    assert is_opted_out(world.database, bob) is False


def test_nobody_is_none(world: World) -> None:
    opt_out(world.database, world.clock, 999)
    assert is_opted_out(world.database, 999) is None
