"""Fixtures for tests of flows: a database of each kind with a small world in it."""

from pathlib import Path

import pytest

from afterword.storage.engine import Database
from tests.flows.life import live_in
from tests.flows.world import World
from tests.storage.support import (
    FakeClock,
    clock,
    database,
    next_version,
    postgres,
    sqlite,
    templates,
)

__all__ = ["clock", "database", "lived_in", "next_version", "postgres", "sqlite", "templates", "world"]


@pytest.fixture
def world(database: Database, clock: FakeClock, tmp_path: Path) -> World:
    """The project, Alice, Bob and Charlie; no survey yet."""
    return World(database, clock, tmp_path)


@pytest.fixture
def lived_in(world: World) -> World:
    """The world after some life; see ``live_in``."""
    live_in(world)
    return world
