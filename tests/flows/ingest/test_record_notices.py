"""Do owners learn what was refused, at the cost of one write a second at most?"""

import asyncio

import pytest

from afterword.flows.ingest import record_notices
from afterword.flows.ingest.record_notices import NoticeKind, Notices
from afterword.flows.throttle.explain_event import list_notices
from afterword.storage import notices as stored
from tests.flows.world import World
from tests.storage.support import START, count_statements

REFUSED, WARNING = NoticeKind.REFUSED, NoticeKind.WARNING


def counts(world: World) -> dict[str, int]:
    return {item.message: item.count for item in list_notices(world.database, "Build CLI")}


@pytest.fixture
def notices(world: World) -> Notices:
    """Nothing noted yet."""
    return Notices(world.database, world.clock)


def test_notices_are_counted_in_memory_and_written_together(world: World, notices: Notices) -> None:
    with count_statements() as statements:
        for _ in range(1_000):
            notices.record(world.project_id, REFUSED, "invalid_arguments", "name is required")
            world.clock.advance_us(1_000)
        notices.record(world.project_id, WARNING, "junk_identity", "junk")
    assert statements == []
    asyncio.run(notices.flush())
    assert counts(world) == {"name is required": 1_000, "junk": 1}
    (refused,) = [item for item in list_notices(world.database, "Build CLI") if item.kind == "refused"]
    assert (refused.first_at, refused.last_at) == (
        START,
        world.clock.now.replace(microsecond=999_000, second=0),
    )


def test_flushing_nothing_writes_nothing(notices: Notices) -> None:
    with count_statements() as statements:
        asyncio.run(notices.flush())
    assert statements == []


def test_a_failed_write_is_kept_for_the_next_time(
    world: World, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices.record(world.project_id, REFUSED, "a", "first")
    with monkeypatch.context() as patch:
        patch.setattr(stored, "add_notices", lambda connection, rows: 1 / 0)
        asyncio.run(notices.flush())
    notices.record(world.project_id, REFUSED, "a", "first")
    asyncio.run(notices.flush())
    assert counts(world) == {"first": 2}


def test_memory_is_bounded(world: World, notices: Notices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_notices, "PENDING_MAX", 2)
    for message in ("a", "b", "c", "a"):
        notices.record(world.project_id, REFUSED, "x", message)
    asyncio.run(notices.flush())
    assert counts(world) == {"a": 2, "b": 1}


def test_what_is_not_urgent_waits_until_something_else_is_written(
    world: World, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_notices, "FLUSH_S", 0.01)

    async def storm() -> dict[str, int]:
        running = asyncio.create_task(notices.run())
        notices.record(world.project_id, REFUSED, "too_many_requests", "storm", urgent=False)
        await asyncio.sleep(0.1)
        early = await asyncio.to_thread(counts, world)
        notices.record(world.project_id, REFUSED, "a", "urgent")
        for _ in range(200):
            await asyncio.sleep(0.01)
            if await asyncio.to_thread(counts, world):
                break
        running.cancel()
        return early

    assert asyncio.run(storm()) == {}
    assert counts(world) == {"storm": 1, "urgent": 1}
