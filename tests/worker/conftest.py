"""Fixtures for tests of the worker: real parts with a channel that breaks as told."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from afterword.bootstrap import Parts
from afterword.channels.base import Message
from afterword.domain.people.preference import ChannelKind
from afterword.settings import Settings
from afterword.storage.engine import Database
from tests.flows.world import World
from tests.storage.support import FakeClock, clock, database, postgres, sqlite, templates

__all__ = ["channel", "clock", "database", "parts", "postgres", "sqlite", "templates", "world"]


@dataclass
class FakeChannel:
    """Takes messages; raises the errors it was given, one a message."""

    name: str = "fake"
    errors: list[Exception] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    taken: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, message: Message) -> None:
        """See Channel."""
        self.messages.append(message)
        if self.errors:
            raise self.errors.pop(0)
        self.taken.set()

    def break_with(self, errors: Sequence[Exception]) -> None:
        """Fail that often from now on."""
        self.errors = list(errors)


@pytest.fixture
def channel() -> FakeChannel:
    """Where invitations go."""
    return FakeChannel()


@pytest.fixture
def world(database: Database, clock: FakeClock, tmp_path: Path) -> World:
    """A project with people and one live survey."""
    made = World(database, clock, tmp_path)
    made.add_survey(throttle={"send_window": "any"})
    return made


@pytest.fixture
def parts(world: World, channel: FakeChannel, tmp_path: Path) -> Parts:
    """What a worker works with."""
    return Parts(
        Settings(data=tmp_path),
        world.clock,
        world.database,
        world.links,
        world.tombstoned,
        {ChannelKind.EMAIL: channel},
        tmp_path / "mail",
    )
