"""Are the totals of /metrics right, and do they leave the big tables alone?"""

from datetime import timedelta

from afterword.flows.job_kinds import JobKind
from afterword.flows.outbox import bury, claim
from afterword.flows.read_totals import COUNTED_AGAIN_US, TotalsReader
from afterword.flows.upkeep.check_conservation import check_conservation
from tests.flows.world import World
from tests.storage.support import count_statements


def test_totals_are_those_of_the_conservation_law(lived_in: World) -> None:
    found = TotalsReader(lived_in.database, lived_in.clock).read()
    law = check_conservation(lived_in.database)
    assert found.accepted == law.stored == 7
    assert found.invitations == law.invitations
    assert found.responses == law.responses
    assert found.waiting == {
        "evaluate_event": law.outcomes["pending"],
        "send_invitation": 3,
        "send_reminder": 0,
    }
    assert found.dead == 0


def test_an_empty_database_has_zeros(world: World) -> None:
    found = TotalsReader(world.database, world.clock).read()
    assert (found.accepted, found.dead, found.lag_s, found.responses) == (0, 0, 0.0, 0)
    assert found.waiting == {"evaluate_event": 0, "send_invitation": 0, "send_reminder": 0}
    assert set(found.invitations.values()) == {0}


def test_the_lag_is_that_of_the_oldest_job_that_nobody_took(lived_in: World) -> None:
    reader = TotalsReader(lived_in.database, lived_in.clock)
    lived_in.clock.advance(45)
    assert reader.read().lag_s == 105, "the first invitation waits since a minute before the others"
    claim(lived_in.database, lived_in.clock, JobKind.SEND_INVITATION, limit=1)
    assert reader.read().lag_s == 45, "a job that is being done waits no longer"
    for kind in JobKind:
        for job in claim(lived_in.database, lived_in.clock, kind, limit=20):
            bury(lived_in.database, lived_in.clock, job, error="broken")
    found = reader.read()
    assert (found.lag_s, found.dead) == (0.0, 3)


def test_a_job_for_later_is_no_lag(lived_in: World) -> None:
    lived_in.clock.step(timedelta(hours=-1))
    assert TotalsReader(lived_in.database, lived_in.clock).read().lag_s == 0.0


def test_invitations_are_counted_once_a_minute(lived_in: World) -> None:
    reader = TotalsReader(lived_in.database, lived_in.clock)
    assert reader.read().invitations["queued"] == 3
    lived_in.clock.advance(60)
    lived_in.invite()
    assert reader.read().invitations["queued"] == 4
    lived_in.invite()
    lived_in.clock.advance_us(COUNTED_AGAIN_US - 1)
    assert reader.read().invitations["queued"] == 4
    lived_in.clock.advance_us(1)
    assert reader.read().invitations["queued"] == 5


def test_neither_the_events_nor_the_ledger_are_read(lived_in: World) -> None:
    reader = TotalsReader(lived_in.database, lived_in.clock)
    with count_statements() as statements:
        reader.read()
        reader.read()
    text = " ".join(statements)
    assert "FROM job" in text
    assert [table for table in ("event", "decision") if f"FROM {table} " in text + " "] == []
