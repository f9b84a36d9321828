"""Do a source's people come in, stay and go as they should, over HTTP and on both databases?"""

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa

from afterword.domain.errors import ConflictError, NotFoundError
from afterword.domain.people.identity import IdentityKind
from afterword.domain.people.person import PersonRecord
from afterword.domain.people.source import Source
from afterword.flows.people.save_people import save_people
from afterword.flows.provisioning import load_source as flow
from afterword.flows.provisioning.load_source import (
    LEASE,
    Loaded,
    SourceBusyError,
    load_source,
    preview_source,
)
from afterword.flows.provisioning.manage_sources import (
    OVERDUE_INTERVALS,
    SourceState,
    check_sources,
    confirm_removals,
    find_source,
    list_sources,
)
from afterword.sources.base import DirectorySource, SourceError
from afterword.sources.github import GitHubSource
from afterword.sources.gitlab import GitLabSource
from afterword.storage import sources
from afterword.storage.people import list_people
from afterword.storage.tables import person
from tests.flows.world import World
from tests.sources.fake_github import ORGANISATION, Account, FakeGitHub
from tests.sources.fake_gitlab import GROUP, FakeGitLab
from tests.sources.fake_gitlab import Account as GitLabAccount
from tests.sources.fake_service import TOKEN, Answer, Sleeps

INTERVAL = timedelta(hours=1)
STAFF = 30


def staff(count: int = STAFF) -> list[Account]:
    """Accounts with an address each, none of which the directory knows yet."""
    return [Account(100 + n, f"dev{n:02}", f"Dev {n}", (f"dev{n:02}@example.com",)) for n in range(count)]


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub(*staff(), page_size=20) as running:
        yield running


@pytest.fixture
def hub(github: FakeGitHub, world: World) -> GitHubSource:
    return GitHubSource(ORGANISATION, TOKEN, github.url, world.clock, Sleeps(world.clock.advance))


@pytest.fixture
def gitlab() -> Iterator[FakeGitLab]:
    with FakeGitLab(page_size=20) as running:
        yield running


@pytest.fixture
def lab(gitlab: FakeGitLab, world: World) -> GitLabSource:
    return GitLabSource(GROUP, TOKEN, gitlab.url, world.clock, Sleeps(world.clock.advance))


def load(world: World, source: DirectorySource, *, when_due: bool = False) -> Loaded | None:
    return asyncio.run(
        load_source(
            world.database, world.clock, world.tombstoned, source, interval=INTERVAL, when_due=when_due
        )
    )


def loaded(world: World, source: DirectorySource) -> Loaded:
    """A load some time after the one before."""
    world.clock.advance(60)
    found = load(world, source)
    assert found is not None
    return found


def status(world: World, source: DirectorySource) -> SourceState:
    (found,) = list_sources(world.database, world.clock, [source])
    return found


def active(world: World, part: str = "dev") -> int:
    with world.database.read() as connection:
        return len(list_people(connection, matching=part, limit=1000, is_active=True))


def set_person(world: World, email: str, **values: object) -> None:
    with world.database.write() as connection:
        connection.execute(sa.update(person).where(person.c.email == email).values(**values))


class TestComing:
    def test_github_members_come_in_with_name_address_and_user_name(
        self, world: World, hub: GitHubSource
    ) -> None:
        found = loaded(world, hub)
        assert found.summary == (
            "30 accounts: 30 added, 0 changed, 0 unchanged, 0 refused, 0 without an address, 0 left"
        )
        dev = world.person("dev07@")
        assert (dev.name, dev.email, dev.github_username) == ("Dev 7", "dev07@example.com", "dev07")

    def test_gitlab_members_come_in_with_name_address_and_user_name(
        self, world: World, gitlab: FakeGitLab, lab: GitLabSource
    ) -> None:
        gitlab.accounts = [GitLabAccount(7, "dana.l", "Dana L.", email="dana@example.com", saml_uid="x")]
        assert loaded(world, lab).saved.added == 1
        dana = world.person("dana@")
        assert (dana.name, dana.gitlab_username) == ("Dana L.", "dana.l")

    def test_the_same_again_changes_nothing(self, world: World, hub: GitHubSource) -> None:
        loaded(world, hub)
        assert loaded(world, hub).saved.unchanged == STAFF
        assert active(world) == STAFF

    def test_who_has_no_address_and_is_unknown_here_is_counted_and_named(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        github.accounts = [
            Account(1, "alice-gh"),
            Account(2, "stranger"),
            Account(3, "dev", None, ("d@e.fr",)),
        ]
        found = loaded(world, hub)
        assert found.without_address == ("GitHub account stranger",)
        assert (found.saved.added, found.saved.unchanged, found.saved.refused) == (1, 1, 0)

    def test_who_is_known_by_the_source_needs_no_address_any_more(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        loaded(world, hub)
        github.no_emails = True
        github.accounts[0] = replace(github.accounts[0], login="renamed")
        found = loaded(world, hub)
        assert (found.saved.changed, found.without_address) == (1, ())
        assert world.person("dev00@").github_username == "renamed"

    def test_a_renamed_account_stays_the_same_person_and_gives_its_old_name_up(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        loaded(world, hub)
        before = world.person("dev00@")
        first, second = github.accounts[:2]
        github.accounts[:2] = [replace(first, login="fresh"), replace(second, login="dev00")]
        assert loaded(world, hub).saved.refused == 0
        assert world.person("dev00@").id == before.id
        assert world.person("dev00@").github_username == "fresh"
        assert world.person("dev01@").github_username == "dev00"

    def test_of_a_known_person_it_only_gives_more(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        github.accounts = [Account(1, "alice-gh", "Ally", ("ALICE@example.com", "a.lice@example.com"))]
        assert loaded(world, hub).saved.changed == 1
        alice = world.person("alice@")
        assert (alice.name, alice.email) == ("Alice", "alice@example.com")
        assert alice.handles[IdentityKind.EMAIL] == ("alice@example.com", "a.lice@example.com")
        assert loaded(world, hub).saved.unchanged == 1

    def test_of_a_known_person_without_a_name_it_gives_one(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        record = PersonRecord(where="x", emails=("zoe@example.com",), github_usernames=("zoe",))
        save_people(world.database, world.clock, [record], source=Source.CSV, tombstoned=world.tombstoned)
        github.accounts = [Account(1, "zoe", "Zoe Z.")]
        loaded(world, hub)
        assert world.person("zoe@").name == "Zoe Z."

    def test_a_dry_run_says_the_same_and_changes_nothing(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        def preview() -> Loaded:
            return asyncio.run(preview_source(world.database, world.clock, world.tombstoned, hub))

        assert preview().summary.startswith("30 accounts: 30 added")
        assert active(world) == 0
        assert status(world, hub).started_at is None
        loaded(world, hub)
        github.accounts.pop()
        assert (preview().left, active(world)) == (1, STAFF)
        del github.accounts[10:]
        assert (preview().waiting, status(world, hub).waiting) == (20, 0)


class TestGoing:
    def test_who_is_named_no_more_becomes_inactive_and_comes_back(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        loaded(world, hub)
        gone = github.accounts.pop()
        assert loaded(world, hub).left == 1
        assert not world.person("dev29@").is_active
        assert active(world) == STAFF - 1
        assert loaded(world, hub).left == 0
        github.accounts.append(gone)
        assert loaded(world, hub).returned == 1
        assert world.person("dev29@").is_active

    def test_people_whom_the_source_never_named_stay(self, world: World, hub: GitHubSource) -> None:
        loaded(world, hub)
        assert world.person("alice@").is_active

    def test_who_was_made_active_again_by_hand_stays(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        loaded(world, hub)
        github.accounts.pop()
        loaded(world, hub)
        set_person(world, "dev29@example.com", is_active=True)
        assert loaded(world, hub).left == 0
        assert world.person("dev29@").is_active

    def test_who_was_made_inactive_by_others_does_not_come_back_by_being_named(
        self, world: World, hub: GitHubSource
    ) -> None:
        loaded(world, hub)
        set_person(world, "dev29@example.com", is_active=False)
        assert loaded(world, hub).returned == 0
        assert not world.person("dev29@").is_active

    def test_a_protected_person_stays(self, world: World, github: FakeGitHub, hub: GitHubSource) -> None:
        loaded(world, hub)
        set_person(world, "dev29@example.com", is_protected=True)
        github.accounts.pop()
        assert loaded(world, hub).left == 0
        assert world.person("dev29@").is_active

    def test_who_is_named_by_another_source_stays_until_that_one_is_over_too(
        self, world: World, github: FakeGitHub, hub: GitHubSource, gitlab: FakeGitLab, lab: GitLabSource
    ) -> None:
        gitlab.accounts = [
            GitLabAccount(200 + n, f"lab{n:02}", email=f"dev{n:02}@example.com", saml_uid="x")
            for n in range(STAFF)
        ]
        loaded(world, hub)
        assert loaded(world, lab).saved.added == 0
        github.accounts.pop()
        assert loaded(world, hub).left == 0
        assert world.person("dev29@").is_active
        gitlab.accounts.pop()
        assert loaded(world, lab).left == 1
        assert not world.person("dev29@").is_active

    def test_who_still_has_another_account_there_stays(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        github.accounts.append(Account(999, "dev29-alt", None, ("dev29@example.com",)))
        loaded(world, hub)
        github.accounts.pop()
        assert loaded(world, hub).left == 0
        assert world.person("dev29@").is_active

    def test_an_account_that_is_refused_is_still_named(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        loaded(world, hub)
        github.accounts[29] = replace(github.accounts[29], login="alice-gh")
        found = loaded(world, hub)
        assert (found.saved.refused, found.left) == (1, 0)
        assert world.person("dev29@").is_active

    def test_a_roll_that_is_not_whole_lets_nobody_go(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        loaded(world, hub)
        nodes = [None, {"databaseId": 100, "login": "dev00", "organizationVerifiedDomainEmails": []}]
        page = {"pageInfo": {"hasNextPage": False}, "nodes": nodes}
        github.instead = [Answer(body={"data": {"organization": {"membersWithRole": page}}})]
        found = loaded(world, hub)
        assert (found.left, found.waiting, found.accounts) == (0, 0, 1)
        assert "nobody counts as having left" in (status(world, hub).summary or "")


class TestTooMany:
    """Over a tenth who are gone at once wait until somebody confirms it."""

    def test_a_tenth_goes_and_one_more_waits(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        loaded(world, hub)
        del github.accounts[27:]
        assert loaded(world, hub).left == 3
        del github.accounts[24:]
        found = loaded(world, hub)
        assert (found.left, found.waiting) == (0, 3)
        assert "3 wait for a confirmation" in found.summary
        assert active(world) == 27
        assert (status(world, hub).waiting, status(world, hub).active) == (3, 27)

    def test_a_confirmation_lets_them_go(self, world: World, github: FakeGitHub, hub: GitHubSource) -> None:
        loaded(world, hub)
        del github.accounts[10:]
        loaded(world, hub)
        assert confirm_removals(world.database, world.clock, hub.name) == 20
        assert active(world) == 10
        assert status(world, hub).waiting == 0
        assert loaded(world, hub).left == 0
        github.accounts = staff()
        assert loaded(world, hub).returned == 20

    def test_without_anybody_who_waits_there_is_nothing_to_confirm(
        self, world: World, hub: GitHubSource
    ) -> None:
        with pytest.raises(ConflictError, match="nobody of github waits"):
            confirm_removals(world.database, world.clock, hub.name)
        loaded(world, hub)
        with pytest.raises(ConflictError, match="nobody of github waits"):
            confirm_removals(world.database, world.clock, hub.name)

    def test_who_is_named_again_waits_no_more(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        loaded(world, hub)
        del github.accounts[10:]
        loaded(world, hub)
        github.accounts = staff()
        assert loaded(world, hub).waiting == 0
        assert status(world, hub).waiting == 0

    def test_a_confirmation_spares_who_was_protected_meanwhile(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        loaded(world, hub)
        del github.accounts[10:]
        loaded(world, hub)
        set_person(world, "dev29@example.com", is_protected=True)
        assert confirm_removals(world.database, world.clock, hub.name) == 19
        assert world.person("dev29@").is_active


class TestFailing:
    def test_a_source_that_names_nobody_is_a_failure_and_changes_nobody(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        loaded(world, hub)
        github.accounts = []
        with pytest.raises(SourceError, match="names nobody, so nobody was changed"):
            loaded(world, hub)
        assert active(world) == STAFF
        assert status(world, hub).waiting == 0
        assert (status(world, hub).error or "").endswith("check its name, and what the token may see")

    def test_a_load_that_breaks_off_between_pages_changes_nobody(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        loaded(world, hub)
        usual = github.answer
        github.accounts = [*staff()[:19], Account(500, "new", None, ("new@example.com",)), *staff()[20:]]
        github.instead = [usual, Answer(401, {})]
        with pytest.raises(SourceError, match="does not take the token"):
            loaded(world, hub)
        assert active(world) == STAFF
        assert active(world, "new@") == 0

    def test_saving_that_breaks_off_lets_nobody_go_and_says_so(
        self, world: World, github: FakeGitHub, hub: GitHubSource, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loaded(world, hub)
        github.accounts.pop()
        monkeypatch.setattr(flow, "save_people", lambda *args, **options: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            loaded(world, hub)
        monkeypatch.undo()
        assert active(world) == STAFF
        assert status(world, hub).error == "ZeroDivisionError: see the log"
        assert loaded(world, hub).left == 1
        assert status(world, hub).error is None

    def test_reading_has_an_end(
        self, world: World, github: FakeGitHub, hub: GitHubSource, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(flow, "READ_S_MAX", 0.2)
        github.instead = [Answer(drips=True)]
        with pytest.raises(SourceError, match="took more than"):
            loaded(world, hub)

    def test_a_failure_keeps_what_the_last_success_was(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        loaded(world, hub)
        before = status(world, hub)
        github.instead = [Answer(404, {})]
        with pytest.raises(SourceError):
            loaded(world, hub)
        after = status(world, hub)
        assert (after.succeeded_at, after.summary) == (before.succeeded_at, before.summary)
        assert after.error is not None
        assert after.error.startswith("GitHub has no organisation 'acme'")

    def test_no_token_and_no_name_gets_into_the_log_or_the_status(
        self, world: World, github: FakeGitHub, hub: GitHubSource, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        loaded(world, hub)
        for answer in (Answer(401, {}), Answer(403, {}), Answer(302, b""), Answer(body=b"<html>")):
            github.instead = [answer]
            with pytest.raises(SourceError):
                loaded(world, hub)
            assert TOKEN not in str(status(world, hub))
        assert TOKEN not in caplog.text
        assert "dev0" not in caplog.text + str(status(world, hub))


class TestSchedule:
    def test_it_is_due_at_once_and_then_after_the_interval(self, world: World, hub: GitHubSource) -> None:
        began_at = world.clock.now
        assert load(world, hub, when_due=True) is not None
        assert status(world, hub).next_at == began_at + INTERVAL
        world.clock.advance(INTERVAL - timedelta(seconds=1))
        assert load(world, hub, when_due=True) is None
        world.clock.advance(1)
        assert load(world, hub, when_due=True) is not None

    def test_a_failure_is_tried_again_after_the_interval_or_as_late_as_the_source_wants(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        github.instead = [Answer(404, {})]
        began_at = world.clock.now
        with pytest.raises(SourceError):
            load(world, hub, when_due=True)
        assert status(world, hub).next_at == began_at + INTERVAL
        world.clock.advance(INTERVAL)
        github.instead = [Answer(429, {}, {"Retry-After": "7200"})]
        with pytest.raises(SourceError):
            load(world, hub, when_due=True)
        assert status(world, hub).next_at == world.clock.now + timedelta(hours=2)

    def test_of_several_workers_at_once_one_loads(self, world: World, hub: GitHubSource) -> None:
        barrier = Barrier(4)

        def work() -> bool:
            barrier.wait(10)
            return load(world, hub, when_due=True) is not None

        with ThreadPoolExecutor(4) as pool:
            done = [pool.submit(work) for _ in range(4)]
        assert sorted(one.result() for one in done) == [False, False, False, True]

    def test_while_one_runs_another_one_is_refused_and_a_worker_waits(
        self, world: World, hub: GitHubSource
    ) -> None:
        with world.database.write() as connection:
            now = world.clock.now
            assert sources.claim(connection, hub.name, now=now, leased_until=now + LEASE, when_due=False)
        assert status(world, hub).is_running
        assert load(world, hub, when_due=True) is None
        with pytest.raises(SourceBusyError, match="is being loaded just now"):
            load(world, hub)
        world.clock.advance(LEASE)
        assert load(world, hub, when_due=True) is not None, "its worker died"
        assert not status(world, hub).is_running

    def test_a_load_that_lost_its_lease_lets_nobody_go(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        loaded(world, hub)
        github.accounts.pop()

        def take_over(asked: object) -> Answer:
            world.clock.advance(LEASE)
            now = world.clock.now
            with world.database.write() as connection:
                assert sources.claim(connection, hub.name, now=now, leased_until=now + LEASE, when_due=False)
            return github.answer(asked)  # type: ignore[arg-type]

        github.instead = [take_over]
        with pytest.raises(SourceError, match="took over; nobody was let go"):
            loaded(world, hub)
        assert active(world) == STAFF
        assert status(world, hub).is_running, "the other one's"

    def test_the_lease_is_renewed_while_a_load_runs(
        self, world: World, github: FakeGitHub, hub: GitHubSource, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(flow, "LEASE_RENEWED_S", 0.01)
        seen: list[bool] = []

        def be_slow(asked: object) -> Answer:
            world.clock.advance(LEASE / 2)
            before = world.clock.now + LEASE
            for _ in range(500):
                with world.database.read() as connection:
                    found = sources.find_status(connection, hub.name)
                if found and found.leased_until == before:
                    seen.append(True)
                    break
            return github.answer(asked)  # type: ignore[arg-type]

        github.instead = [be_slow]
        loaded(world, hub)
        assert seen == [True]

    def test_a_load_that_is_cancelled_stops_saving(
        self, world: World, hub: GitHubSource, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def cancel_while_saving() -> None:
            began = asyncio.Event()
            loop = asyncio.get_running_loop()

            def save(*args: object, **options: object) -> None:
                loop.call_soon_threadsafe(began.set)
                while True:
                    options["on_progress"](1)  # type: ignore[operator]

            monkeypatch.setattr(flow, "save_people", save)
            task = asyncio.create_task(
                load_source(world.database, world.clock, world.tombstoned, hub, interval=INTERVAL)
            )
            await began.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        # Ends only when the thread does.
        asyncio.run(cancel_while_saving())


class TestBeingSeen:
    def findings(self, world: World, hub: GitHubSource) -> list[tuple[str, str]]:
        found = list(check_sources(world.database, world.clock, [hub], INTERVAL))
        assert all(bool(one.advice) is (one.level != "ok") for one in found)
        return [(one.level, one.text) for one in found]

    def test_a_source_that_is_well_is_called_so(self, world: World, hub: GitHubSource) -> None:
        loaded(world, hub)
        ((level, text),) = self.findings(world, hub)
        assert (level, text.startswith("the GitHub organisation acme: 30 accounts")) == ("ok", True)

    def test_each_thing_that_is_not_well_is_named(
        self, world: World, github: FakeGitHub, hub: GitHubSource
    ) -> None:
        assert self.findings(world, hub) == [("warn", "the GitHub organisation acme was never loaded")]
        loaded(world, hub)
        world.clock.advance(OVERDUE_INTERVALS * INTERVAL + timedelta(seconds=1))
        assert "was last loaded 2027-01-15 08:01 UTC" in self.findings(world, hub)[0][1]
        github.instead = [Answer(401, {})]
        with pytest.raises(SourceError):
            loaded(world, hub)
        text = self.findings(world, hub)[0][1]
        assert text.startswith("GitHub does not take the token")
        assert text.endswith("; the last success was 2027-01-15 08:01 UTC")
        del github.accounts[10:]
        loaded(world, hub)
        ((level, text),) = self.findings(world, hub)
        assert level == "warn"
        assert text.startswith(
            "20 of 30 people are gone from the GitHub organisation acme, and wait for a confirmation: "
        )
        assert (text.count("@example.com"), text.endswith(" …")) == (5, True)

    def test_a_source_that_is_not_set_is_told_with_those_that_are(self, hub: GitHubSource) -> None:
        assert find_source([hub], "github") is hub
        with pytest.raises(NotFoundError, match="there is no source 'gitlab': the settings name github; see"):
            find_source([hub], "gitlab")
