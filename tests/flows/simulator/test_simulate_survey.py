"""Does a simulation decide exactly as the worker does, and tell what would be other?"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from afterword.domain.errors import ConflictError
from afterword.domain.invitation import InvitationState
from afterword.domain.throttle.facts import Outcome
from afterword.domain.throttle.reason import Reason
from afterword.flows.manage_projects import create_project
from afterword.flows.people.manage_teams import set_timezone
from afterword.flows.simulator.simulate_survey import simulate_survey
from afterword.flows.simulator.simulated_world import World as Simulated
from afterword.flows.simulator.simulated_world import find_answer_time
from afterword.flows.simulator.simulation import Simulation, Wanted
from afterword.flows.surveys.manage_surveys import close_survey
from afterword.flows.throttle.evaluate_events import Candidate
from afterword.storage import invitations
from afterword.storage.events import StoredEvent
from afterword.storage.tables import event, invitation, survey
from tests.flows.world import EAGER, NO_CAP, POLICY, World, survey_file
from tests.storage.support import DAY, HOUR, MINUTE, START, FakeClock, Template, Templates

NAMES = ("build.finished", "build.started", "deploy.finished")
PEOPLE = ("alice", "alice", "alice", "bob", "bob", "charlie", "charlie", None, "bot")
EVENTS = 60

ZONES = ("Asia/Tokyo", "America/Los_Angeles", None, None)
SPANS = ("0s", "30m", "1d", "3d")
LIMITS: dict[str, tuple[Any, ...]] = {
    "global_cooldown": SPANS,
    "project_cooldown": SPANS,
    "caps": (NO_CAP | {"1d": 1}, NO_CAP | {"2d": 2, "10d": 3}),
    "max_open": (1, 2),
    "backoff": (True,),
    "repeat": ("once", "until_answered"),
    "send_window": (
        {"hours": "6-20"},
        {"days": ["mon", "wed", "thu", "sat"], "hours": "0-24", "defer": "12h"},
    ),
    "quota": (
        {"count": 3},
        {"count": 4, "period": "6d"},
        {"attribute": "Site", "each": 1, "period": "5d"},
        {"count": 9, "period": "9d", "attribute": "Site", "each": 2},
    ),
    "pacing": ("asap", "even"),
    "max_per_day": (1, 2, 3),
    "sampling": ({"rate": 0.6}, {"rate": 0.6, "unit": "event"}),
    "priority": (1,),
    "holdout": (0.3,),
    "group_caps": ({"short": {"count": 1, "window": "4d"}},),
    "audience": ({"path": "team", "eq": "Build"}, {"path": "timezone", "eq": "Asia/Tokyo"}),
    "expires_after": ("12h", "1d", "72h"),
}
TRIGGERS: dict[str, tuple[Any, ...]] = {
    "where": ({"path": "outcome", "eq": "failed"},),
    "count": ({"at_least": 2, "within": "2d"},),
    "after": ({"events": ["build.started"], "within": "1d"},),
    "not_followed_by": ({"events": ["deploy.finished"], "within": "3h"},),
    "delay": ("2h",),
    "cancel_on": (["build.started"],),
}
OTHER_ID, OTHERS_CHANCE = 1, 0.1
LIMITS_CHANCE, TRIGGERS_CHANCE, TWICE_CHANCE = 0.2, 0.15, 0.15
"""With many limits at once nobody is ever asked."""


def some_of(chance: float, choices: dict[str, tuple[Any, ...]], random: Random) -> dict[str, Any]:
    return {name: random.choice(values) for name, values in choices.items() if random.random() < chance}


def some_survey(random: Random) -> dict[str, Any]:
    """A survey that asks often, but for some limits."""
    cooldown = {"answered": random.choice(SPANS), "ignored": random.choice(SPANS)}
    events = random.choice([["build.finished"], ["build.*"], ["*.finished"]])
    return {
        "throttle": EAGER | {"cooldown": cooldown} | some_of(LIMITS_CHANCE, LIMITS, random),
        "trigger": {"events": events} | some_of(TRIGGERS_CHANCE, TRIGGERS, random),
        "tags": random.choice([[], ["short"]]),
    }


@dataclass(frozen=True)
class Happening:
    """One event of a history: some time after the one before, and after it occurred."""

    gap: timedelta
    age: timedelta
    who: str | None
    name: str
    metadata: str | None


def some_happening(random: Random) -> Happening:
    return Happening(
        gap=random.choice([0 * MINUTE, MINUTE, HOUR, HOUR, 2 * HOUR, 5 * HOUR, 11 * HOUR, DAY]),
        age=random.choice([0 * MINUTE, 0 * MINUTE, MINUTE, 20 * MINUTE, 40 * MINUTE]),
        who=random.choice(PEOPLE),
        name=random.choice(NAMES),
        metadata=random.choice([None, '{"outcome":"failed"}', '{"outcome":"failed"}', '{"outcome":"ok"}']),
    )


def some_history(random: Random) -> list[Happening]:
    """Some events, of which some are sent twice."""
    history = [some_happening(random) for _ in range(EVENTS)]
    for number in range(1, EVENTS):
        before = history[number - 1]
        if random.random() < TWICE_CHANCE:
            gap = random.choice([0 * MINUTE, MINUTE, 5 * MINUTE])
            history[number] = replace(before, gap=gap, age=before.age + gap)
    return history


def store(world: World, one: Happening) -> int:
    """Take an event as the server does, with the person that it means."""
    github = {None: "stranger", "bot": "renovate[bot]"}.get(one.who)
    known = one.who in ("alice", "bob", "charlie")
    address = f"{one.who}@example.com"
    return world.add_event(
        email=address if known else None,
        github_username=github,
        age=one.age,
        name=one.name,
        metadata=one.metadata,
        person_id=world.person(address).id if known else None,
    )


def let_people_answer(world: World, rate: float) -> None:
    """Answer as the simulation lets people answer, as far as the time has come."""
    now = world.clock.now
    columns = invitation.c
    with world.database.write() as connection:
        rows = connection.execute(
            sa.select(invitation, survey.c.key)
            .join(survey, survey.c.id == columns.survey_id)
            .where(columns.send_at.is_not(None))
        ).all()
        for row in rows:
            at = find_answer_time(row.key, row.event_id, rate, row.send_at, row.expires_at)
            if (
                row.outcome is None
                and row.state != InvitationState.CANCELLED
                and at is not None
                and at <= now
            ):
                changed = {"outcome": Outcome.ANSWERED.value, "outcome_at": at}
                connection.execute(sa.update(invitation).where(columns.id == row.id).values(**changed))


Said = dict[tuple[int, str], tuple[Reason, ...]]
"""(event, survey) → everything that was against it."""


@contextmanager
def overheard() -> Iterator[Said]:
    """What the first world of a simulation decides meanwhile."""
    said: Said = {}
    decide = Simulated.decide

    def listen(self: Simulated, one: StoredEvent, *rest: Any) -> list[Candidate]:
        found = decide(self, one, *rest)
        for candidate in found:
            said.setdefault((one.id, candidate.heard.survey.key), reasons_of(candidate))
        return found

    with mock.patch.object(Simulated, "decide", listen):
        yield said


def reasons_of(candidate: Candidate) -> tuple[Reason, ...]:
    return getattr(candidate.decision, "reasons", (candidate.decision.reason,))


def simulate(world: World, *wanted: Wanted, **options: Any) -> Simulation:
    chosen = wanted or (Wanted("draft", survey_file(throttle=EAGER)),)
    return simulate_survey(world.database, world.clock, chosen, **{"since": 30 * DAY, **options})


def send(world: World, who: str = "bob", **changes: Any) -> int:
    """Store an event of somebody whom the directory knows."""
    address = f"{who}@example.com"
    return world.add_event(email=address, person_id=world.person(address).id, **changes)


def let_mails_go(world: World) -> None:
    """Send what is due, as a worker does that never stands still."""
    is_due = invitation.c.state == InvitationState.QUEUED.value, invitation.c.send_at <= world.clock.now
    with world.database.write() as connection:
        sent = {"state": InvitationState.SENT.value, "sent_at": invitation.c.send_at}
        connection.execute(sa.update(invitation).where(*is_due).values(**sent))


def let_another_survey_ask(world: World, random: Random, number: int) -> None:
    """Invite somebody to a survey that is closed by now; its mail is on its way."""
    who = random.choice(["alice@example.com", "bob@example.com", "charlie@example.com"])
    row = {
        "survey_id": OTHER_ID,
        "survey_version": 1,
        "person_id": world.person(who).id,
        "event_id": 10_000 + number,
        "is_test": False,
        "state": InvitationState.SENDING.value,
        "message_id": f"other{number}",
        "created_at": world.clock.now,
        "expires_at": world.clock.now + DAY,
        "opened_at": random.choice([None, None, world.clock.now]),
        # What could not be delivered in Slack keeps nobody from a mail.
        "channel": random.choice([None, "email", "slack"]),
    }
    with world.database.write() as connection:
        invitations.add_invitations(connection, [row])


def settle_another(world: World, random: Random) -> None:
    """Let the mails of that survey arrive, or fail."""
    its = invitation.c.survey_id == OTHER_ID, invitation.c.state == InvitationState.SENDING.value
    now = world.clock.now
    became = random.choice(
        [
            {"state": InvitationState.SENT.value, "sent_at": now},
            {"state": InvitationState.FAILED.value, "failed_at": now},
            {"state": InvitationState.FAILED.value, "failed_at": now},
        ]
    )
    with world.database.write() as connection:
        connection.execute(sa.update(invitation).where(*its).values(**became))


def let_live_somewhere(world: World, random: Random) -> None:
    """Time zones of people, teams and the organisation, each one or none."""
    for who in ("alice", "bob", "charlie"):
        world.set_person(f"{who}@", timezone=random.choice(ZONES), own_timezone=random.choice(ZONES))
    for team in ("Build", "Search"):
        set_timezone(world.database, team, random.choice(ZONES))
    name = random.choice(ZONES)
    world.set_policy(POLICY if name is None else POLICY.replace("}", f', "timezone": "{name}"}}'))


def check_history(world: World, random: Random) -> None:
    world.add_survey("other")
    close_survey(world.database, world.clock, "other")
    world.import_people("email,attribute:Site\nalice@example.com,North\nbob@example.com,South\n")
    let_live_somewhere(world, random)
    files = {f"s{number}": some_survey(random) for number in range(random.randint(1, 3))}
    for key, changes in files.items():
        world.add_survey(key, **changes)
    history = some_history(random)
    rate = random.choice([0.0, 0.5, 1.0])
    real: Said = {}
    for number, one in enumerate(history):
        world.clock.advance(one.gap)
        let_mails_go(world)
        # In one moment with the event before, nobody could say which of them was first.
        if one.gap and random.random() < OTHERS_CHANCE:
            let_another_survey_ask(world, random, number)
        elif one.gap and random.random() < OTHERS_CHANCE:
            settle_another(world, random)
        let_people_answer(world, rate)
        event_id = store(world, one)
        world.evaluate(event_id)
        for entry in world.ledger(event_id):
            failed = tuple(verdict.reason for verdict in entry.verdicts if not verdict.passed)
            real[event_id, entry.survey_key] = tuple(sorted(failed)) or (entry.reason,)
    world.clock.advance(MINUTE)
    with overheard() as said:
        found = simulate_survey(
            world.database,
            world.clock,
            [Wanted("draft", survey_file("s0", **files["s0"]))],
            since=world.clock.now - START,
            against_live=True,
            response_rate=rate,
        )
    assert said == real
    (version,) = found.versions
    assert version.difference is not None
    assert version.difference.only_this == version.difference.only_other == 0
    assert all(old is new for old, new in version.difference.moved)
    assert found.live is not None
    assert version.forecast == found.live.forecast
    invited = [key for key, reasons in real.items() if key[1] == "s0" and reasons == (Reason.INVITED,)]
    assert version.forecast.invitations + version.forecast.withdrawn == len(invited)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 15), ("postgres", 4)])
def test_it_decides_as_the_worker_does(templates: Templates, kind: str, examples: int) -> None:
    template: Template = templates.get(kind)

    @given(st.integers(0, 2**32))
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        # What is drawn is a seed, of which none is simpler than another.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(seed: int) -> None:
        with TemporaryDirectory() as folder, template.lend(Path(folder) / "afterword.db") as database:
            check_history(World(database, FakeClock(), Path(folder)), Random(seed))

    check()


class TestWhatCounts:
    def test_what_was_asked_before_the_time_counts_and_what_was_asked_in_it_does_not(
        self, world: World
    ) -> None:
        weekly = EAGER | {"cooldown": "7d"}
        world.add_survey(throttle=weekly)
        for _ in range(2):
            event_id = send(world)
            world.evaluate(event_id)
            world.clock.advance(4 * DAY)
        world.clock.advance(HOUR)
        wanted = Wanted("draft", survey_file(throttle=weekly))
        (version,) = simulate(world, wanted, since=5 * DAY).versions
        assert version.forecast.events == 1
        assert [(stop.reason, stop.first) for stop in version.forecast.stops] == [(Reason.SURVEY_COOLDOWN, 1)]
        (version,) = simulate(world, wanted, since=9 * DAY).versions
        assert version.forecast.invitations == 1

    def test_hours_are_of_the_zone_of_the_team_else_of_the_organisation(self, world: World) -> None:
        event_id = send(world, "charlie")
        throttle = EAGER | {"send_window": {"hours": "9-17", "defer": "1h"}}
        world.add_survey(throttle=throttle)

        def asked() -> tuple[int, ...]:
            found = simulate(world, Wanted("draft", survey_file(throttle=throttle)), against_live=True)
            return tuple(one.forecast.invitations for one in (*found.versions, found.live) if one is not None)

        assert asked() == (1, 1), "it is 8 o'clock in UTC"
        world.set_policy(POLICY.replace("}", ', "timezone": "Asia/Tokyo"}'))
        assert asked() == (0, 0), "it is 17 o'clock in Tokyo"
        set_timezone(world.database, "Search", "Europe/Berlin")
        assert asked() == (1, 1), "it is 9 o'clock in Berlin"
        assert world.evaluate(event_id)

    def test_what_closed_surveys_asked_counts_as_it_was(self, world: World) -> None:
        world.add_survey("old", throttle=EAGER)
        world.evaluate(send(world))
        close_survey(world.database, world.clock, "old")
        world.clock.advance(DAY)
        send(world)
        wanted = Wanted("draft", survey_file(throttle=EAGER | {"global_cooldown": "2d"}))
        (version,) = simulate(world, wanted).versions
        assert [(stop.reason, stop.first) for stop in version.forecast.stops] == [(Reason.GLOBAL_COOLDOWN, 2)]

    def test_live_surveys_are_simulated_beside_it_and_drafts_are_not(self, world: World) -> None:
        world.add_survey("live", throttle=EAGER | {"priority": 1})
        world.add_survey("other", live=False, throttle=EAGER | {"priority": 2})
        send(world)
        found = simulate(world)
        assert found.beside == ("live",)
        assert [stop.reason for stop in found.versions[0].forecast.stops] == [Reason.LOWER_PRIORITY]

    def test_what_is_withdrawn_uses_nothing_up(self, world: World) -> None:
        for name in ("build.finished", "build.started", "build.finished"):
            send(world, name=name)
            world.clock.advance(HOUR)
        trigger = {"events": ["build.finished"], "delay": "2h", "cancel_on": ["build.started"]}
        wanted = survey_file(throttle=EAGER | {"max_per_day": 1, "caps": NO_CAP | {"1d": 1}}, trigger=trigger)
        (version,) = simulate(world, Wanted("draft", wanted)).versions
        assert (version.forecast.invitations, version.forecast.withdrawn) == (1, 1)
        assert [(stop.reason, stop.first, stop.people) for stop in version.forecast.stops] == [
            (Reason.CANCELLED, 1, 1)
        ]
        firsts = sum(stop.first for stop in version.forecast.stops)
        assert version.forecast.events == version.forecast.invitations + firsts

    def test_a_reminder_is_one_more_exposure(self, world: World) -> None:
        send(world)
        world.clock.advance(4 * DAY)
        send(world)
        capped = EAGER | {"caps": NO_CAP | {"4d": 1}, "reminders": {"after": "2d"}}
        wanted = Wanted("draft", survey_file(throttle=capped))
        (version,) = simulate(world, wanted, response_rate=0.0).versions
        assert version.forecast.invitations == 2, "the cap kept it from being reminded"
        wanted = Wanted("draft", survey_file(throttle=capped | {"caps": NO_CAP | {"4d": 2, "30d": 2}}))
        (version,) = simulate(world, wanted, response_rate=0.0).versions
        assert [stop.reason for stop in version.forecast.stops] == [Reason.PERSON_CAP]

    def test_what_came_before_the_time_is_remembered_for_the_trigger(self, world: World) -> None:
        send(world)
        world.clock.advance(2 * DAY)
        send(world)
        trigger = {"events": ["build.finished"], "count": {"at_least": 2, "within": "3d"}}
        (version,) = simulate(
            world, Wanted("draft", survey_file(throttle=EAGER, trigger=trigger)), since=DAY
        ).versions
        assert (version.forecast.events, version.forecast.invitations) == (1, 1)

    def test_test_events_count_never_and_emptied_ones_are_told(self, world: World) -> None:
        send(world, is_test=True)
        event_id = send(world)
        send(world)
        with world.database.write() as connection:
            emptied = sa.update(event).where(event.c.id == event_id)
            connection.execute(emptied.values(email=None, person_id=None))
        found = simulate(world)
        assert (found.events, found.tests, found.emptied, found.emptied_before) == (3, 1, 1, START)
        assert found.versions[0].forecast.events == 1

    def test_a_start_an_end_and_a_pause_are_not_what_is_asked(self, world: World) -> None:
        send(world)
        throttle = EAGER | {"pause": True}
        wanted = survey_file(throttle=throttle, starts_at="2099-01-01", ends_at="2099-02-01")
        assert simulate(world, Wanted("draft", wanted)).versions[0].forecast.invitations == 1


class TestWhatIsFound:
    def test_days_people_and_what_answers_buy(self, world: World) -> None:
        for who, times in (("alice", 3), ("bob", 1)):
            for _ in range(times):
                send(world, who)
                world.clock.advance(HOUR)
        send(world, "charlie", metadata='{"outcome":"ok"}')
        where = {"path": "outcome", "ne": "ok"}
        trigger = {"events": ["build.finished"], "where": where}
        wanted = Wanted("draft", survey_file(throttle=EAGER, trigger=trigger))
        (version,) = simulate(world, wanted, since=2 * DAY, response_rate=0.5).versions
        found = version.forecast
        assert (found.events, found.matching, found.people) == (5, 4, 3)
        assert (found.invitations, found.reached, found.responses) == (4, 2, 2.0)
        assert (found.per_day.max, found.per_person.p50, found.per_person.max) == (4, 1, 3)
        assert list(found.days.values()) == [0, 0, 4]
        assert found.respondents == 1, "0.875 of Alice and 0.5 of Bob"
        (stop,) = found.stops
        assert (stop.reason, stop.first, stop.decisions, stop.people) == (Reason.FILTER, 1, 1, 1)

    def test_the_difference_to_what_is_live(self, world: World) -> None:
        world.add_survey(throttle=EAGER)
        for who in ("alice", "bob"):
            send(world, who)
        wanted = survey_file(throttle=EAGER | {"audience": {"path": "name", "eq": "Bob"}})
        found = simulate(world, Wanted("draft", wanted), against_live=True)
        difference = found.versions[0].difference
        assert difference is not None
        assert (difference.both, difference.only_this, difference.only_other) == (1, 0, 1)
        assert (difference.people_both, difference.people_only_this, difference.people_only_other) == (
            1,
            0,
            1,
        )
        assert difference.moved == {(Reason.INVITED, Reason.AUDIENCE): 1}
        assert found.live is not None
        assert found.live.forecast.invitations == 2

    def test_nothing_is_changed(self, world: World) -> None:
        world.add_survey(throttle=EAGER)
        event_id = send(world)
        simulate(world, against_live=True)
        assert world.ledger(event_id) == []
        assert world.invitations(event_id) == []


class TestWhatCannotBe:
    def test_a_survey_of_another_project(self, world: World) -> None:
        world.add_survey()
        create_project(world.database, world.clock, "Deploy CLI")
        wanted = Wanted("draft", survey_file(project="Deploy CLI"))
        with pytest.raises(ConflictError, match="belongs to the project 'Build CLI': use another key"):
            simulate(world, wanted)

    def test_nothing_live_to_compare_with(self, world: World) -> None:
        with pytest.raises(ConflictError, match="'build-cli' has no live version to compare with"):
            simulate(world, against_live=True)
