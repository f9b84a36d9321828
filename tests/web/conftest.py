"""Fixtures for tests of the web: the real callable with real parts, and browsers that speak to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from afterword.bootstrap import IntakeParts, Parts, open_intake
from afterword.channels.base import Channel
from afterword.channels.mailbox import MailboxChannel
from afterword.domain.people.preference import ChannelKind
from afterword.flows.admin_access import make_admin_link
from afterword.settings import Settings
from afterword.storage import invitations, people
from afterword.storage.engine import Database
from afterword.web.app import Web
from tests.flows.world import BASE_URL, World
from tests.storage.support import START, FakeClock, clock, database, postgres, sqlite, templates

__all__ = ["clock", "database", "postgres", "site", "sqlite", "staff", "templates", "visitor", "world"]


@dataclass(frozen=True)
class Site:
    """A server in this process."""

    world: World
    parts: Parts
    intake: IntakeParts
    app: Web

    def browser(self, base_url: str = BASE_URL) -> TestClient:
        """A browser without cookies, which does not follow redirects by itself."""
        return TestClient(self.app, base_url, raise_server_exceptions=False, follow_redirects=False)

    def admin_path(self) -> str:
        """A new one-time link's path."""
        link = make_admin_link(self.parts.database, self.parts.clock, self.parts.links)
        return link.removeprefix(BASE_URL)

    def answer_path(self, invitation_id: int, **preselect: str) -> str:
        """The path of an invitation's link."""
        with self.parts.database.read() as connection:
            found = invitations.get_invitation(connection, invitation_id)
        mark = found.message_id if found else "never made"
        return self.parts.links.answer(invitation_id, mark, preselect).removeprefix(BASE_URL)

    def unsubscribe_path(self, person_id: int) -> str:
        """The path of a person's link that ends all surveys."""
        return self.parts.links.unsubscribe(person_id, self._since(person_id)).removeprefix(BASE_URL)

    def own_path(self, person_id: int) -> str:
        """The path of a person's own page."""
        return self.parts.links.person(person_id, self._since(person_id)).removeprefix(BASE_URL)

    def _since(self, person_id: int) -> datetime:
        with self.parts.database.read() as connection:
            found = people.get_person(connection, person_id)
        return found.created_at if found else START


@pytest.fixture
def world(database: Database, clock: FakeClock, tmp_path: Path) -> World:
    """A project with people and one live survey."""
    made = World(database, clock, tmp_path)
    made.add_survey()
    return made


def make_site(
    world: World,
    folder: Path,
    base_url: str = BASE_URL,
    *,
    channels: Mapping[ChannelKind, Channel] | None = None,
) -> Site:
    """Put a server together as bootstrap does, on a database that is open already; channels beside mail."""
    mail = MailboxChannel(folder / "mailbox", "Afterword <afterword@localhost>")
    parts = Parts(
        settings=Settings(data=folder, base_url=base_url),
        clock=world.clock,
        database=world.database,
        links=world.links,
        tombstones=world.tombstoned,
        channels={ChannelKind.EMAIL: mail, **(channels or {})},
        mailbox=folder / "mailbox",
    )
    intake = open_intake(parts, on_work=lambda: None)
    return Site(world, parts, intake, Web(parts, intake))


@pytest.fixture
def site(world: World, tmp_path: Path) -> Site:
    """The server under test."""
    return make_site(world, tmp_path)


@pytest.fixture
def visitor(site: Site) -> TestClient:
    """A browser of nobody in particular."""
    return site.browser()


@pytest.fixture
def staff(site: Site) -> TestClient:
    """Alice's browser, with an open session."""
    browser = site.browser()
    assert browser.post(site.admin_path()).status_code == 303
    return browser
