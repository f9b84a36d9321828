"""What must a server know by heart to answer an event without asking the database?"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from afterword.domain.event import Event
from afterword.domain.people.identity import (
    IdentityRules,
    Resolution,
    name_handles,
    resolve,
)
from afterword.domain.rate_limit import RateLimits
from afterword.domain.survey.trigger import EventNames
from afterword.flows.ingest.check_store import log_failure
from afterword.flows.people.known_handles import KnownHandles
from afterword.flows.people.tombstones import Tombstones
from afterword.flows.surveys.survey_definition import read_definition
from afterword.kit.clock import to_us
from afterword.storage import identity_rules, people, projects, revision, surveys, tombstones
from afterword.storage.engine import Connection, Database, StoreError
from afterword.storage.revision import Revision

POLL_S = 0.5
"""How often a server looks whether a command changed something; seen within 2 s is the promise."""

RESOLUTIONS_MAX = 10_000
"""Sets of handles whose person is remembered; most events come from the same people as those before."""

LOOK_S_MAX = 5.0
"""How long a request with a token that is not known may wait for a look; as long as for a statement."""

logger = logging.getLogger(__name__)


class DirectoryUnavailableError(Exception):
    """The database does not answer, so what changed there can't be known."""


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """A token's project, and when the token ends (microseconds; None = never)."""

    project_id: int
    expires_at_us: int | None


@dataclass(frozen=True, slots=True)
class ProjectRules:
    """What a project may send, and the event names that make work."""

    limits: RateLimits
    metadata_bytes: int
    listened: EventNames
    listened_by_tests: EventNames


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    The directory at one revision.

    Attributes:
        handles: Shared with the snapshot before and brought up to date in place, unless some were taken away.
        erased: Hashes of the handles of erased people.
    """

    revision: Revision
    tokens: Mapping[bytes, TokenGrant]
    projects: Mapping[int, ProjectRules]
    handles: KnownHandles
    rules: IdentityRules
    erased: frozenset[bytes]


def load_snapshot(database: Database, before: Snapshot | None = None) -> Snapshot:
    """Read the directory in one consistent state; of the handles only what changed since a snapshot."""
    with database.read_whole() as connection:
        number = revision.current(connection)
        live, draft = _listeners(surveys.list_listening(connection))
        return Snapshot(
            revision=number,
            tokens={
                token.hash: TokenGrant(
                    token.project_id, None if token.expires_at is None else to_us(token.expires_at)
                )
                for token in projects.list_tokens(connection)
            },
            projects={
                project.id: ProjectRules(
                    project.limits,
                    project.metadata_bytes,
                    listened=EventNames(live.get(project.id, ())),
                    listened_by_tests=EventNames(draft.get(project.id, ())),
                )
                for project in projects.list_projects(connection)
            },
            handles=_read_handles(connection, before, number),
            rules=identity_rules.read_rules(connection),
            erased=tombstones.list_tombstones(connection),
        )


class Directory:
    """Keeps a Snapshot current while the server runs."""

    def __init__(self, database: Database, tombstoned: Tombstones) -> None:
        self.snapshot = load_snapshot(database)
        self._tombstoned = tombstoned
        self._resolutions: dict[tuple[int, str | None, str | None, str | None], Resolution] = {}
        self._database = database
        self._next_look: asyncio.Task[None] | None = None
        self._last_look: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """
        Take over what changed until now.

        Callers that come while a look is under way share the next one, so that
        a storm of bad tokens costs one small query at a time.
        """
        if self._next_look is None:
            self._next_look = self._last_look = asyncio.create_task(self._look(self._last_look))
        look = self._next_look
        await asyncio.wait([look], timeout=LOOK_S_MAX)
        if not look.done():
            raise DirectoryUnavailableError
        look.result()

    async def _look(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        # Whoever comes from now on may look for what is written only after this look.
        self._next_look = None
        try:
            found = await asyncio.to_thread(self._newer_snapshot)
        except StoreError as error:
            raise DirectoryUnavailableError from error
        if found is not None:
            self.snapshot = found
            self._resolutions.clear()

    async def find_token(self, token_hash: bytes, now_us: int) -> TokenGrant | None:
        """
        Find what a token grants now.

        Every token that is not good is looked up in the database, for it may be
        brand new; so all bad ones take the same way and the same time.
        """
        if (grant := self.good_grant(token_hash, now_us)) is None:
            await self.refresh()
            grant = self.good_grant(token_hash, now_us)
        return grant

    def good_grant(self, token_hash: bytes, now_us: int) -> TokenGrant | None:
        """What a token grants now, as far as this server knows."""
        grant = self.snapshot.tokens.get(token_hash)
        is_over = grant is not None and grant.expires_at_us is not None and grant.expires_at_us <= now_us
        return None if is_over else grant

    def resolve(self, event: Event, project_id: int) -> Resolution:
        """Whom an event's handles mean, as far as this server knows."""
        key = project_id, event.email, event.github_username, event.gitlab_username
        if (who := self._resolutions.get(key)) is None:
            named = name_handles(email=key[1], github_username=key[2], gitlab_username=key[3])
            if len(self._resolutions) >= RESOLUTIONS_MAX:
                self._resolutions.clear()
            now = self.snapshot
            who = resolve(named, now.handles, now.rules, project_id)
            if self._tombstoned.names_erased(named, now.erased, now.handles, now.rules, project_id):
                who = replace(who, is_erased=True)
            self._resolutions[key] = who
        return who

    def conceal(self, key: str, digest: bytes) -> tuple[str, bytes]:
        """What may be kept of the Idempotency-Key and the arguments of an erased person's event."""
        return self._tombstoned.conceal(key, digest)

    async def run(self) -> None:
        """Look for changes until cancelled."""
        while True:
            await asyncio.sleep(POLL_S)
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 - whatever it was, the old snapshot is good enough
                cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
                log_failure(logger, self._database, "can't look for changes in the database", cause)

    def _newer_snapshot(self) -> Snapshot | None:
        with self._database.read() as connection:
            number = revision.current(connection)
        known = self.snapshot
        return None if number == known.revision else load_snapshot(self._database, known)


def _read_handles(connection: Connection, before: Snapshot | None, now: Revision) -> KnownHandles:
    if before is None or now.removals > before.revision.number:
        return KnownHandles(people.read_handles(connection))
    before.handles.update(people.read_handles(connection, before.revision.number))
    return before.handles


def _listeners(
    listening: list[surveys.Listening],
) -> tuple[dict[int, set[str]], dict[int, set[str]]]:
    """Project id → event names that live surveys listen to, and those that only test events reach."""
    live: dict[int, set[str]] = {}
    test: dict[int, set[str]] = {}
    for row in listening:
        names = read_definition(row.definition).trigger.names
        if row.is_live:
            live.setdefault(row.project_id, set()).update(names)
        if row.is_latest:
            test.setdefault(row.project_id, set()).update(names)
    return live, test
