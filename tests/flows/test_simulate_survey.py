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

from afterword.domain.facts import Outcome
from afterword.domain.invitation import InvitationState
from afterword.domain.reason import Reason
from afterword.flows.evaluate_events import Candidate
from afterword.flows.simulate_survey import Simulation, Wanted, simulate_survey
from afterword.flows.simulated_world import World as Simulated
from afterword.flows.simulated_world import find_answer_time
from afterword.storage.events import StoredEvent
from afterword.storage.tables import invitation, survey
from tests.flows.world import EAGER, World, survey_file
from tests.storage.support import DAY, HOUR, MINUTE, FakeClock, Template, Templates

NAMES = ("build.finished", "build.started", "deploy.finished")
PEOPLE = ("alice", "alice", "alice", "bob", "bob", "charlie", "charlie", None, "bot")
EVENTS = 60

SPANS = ("0s", "30m", "1d", "3d")
LIMITS: dict[str, tuple[Any, ...]] = {
    "global_cooldown": SPANS,
    "project_cooldown": SPANS,
    "caps": ({"1d": 1}, {"2d": 2, "10d": 3}),
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
    "pacing": ("asap",),
    "max_per_day": (1, 2, 3),
    "sampling": ({"rate": 0.6}, {"rate": 0.6, "unit": "event"}),
    "priority": (1,),
    "holdout": (0.3,),
    "group_caps": ({"short": {"count": 1, "window": "4d"}},),
    "audience": ({"path": "team", "eq": "Build"},),
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
            sa.select(invitation, survey.c.key).join(survey, survey.c.id == columns.survey_id)
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
    chosen = wanted or (Wanted("draft", survey_file(**live_survey(world))),)
    return simulate_survey(world.database, world.clock, chosen, **{"since": 400 * DAY, **options})


def live_survey(world: World) -> dict[str, Any]:
    return {}


def check_history(world: World, random: Random) -> None:
    world.import_people("email,attribute:Site\nalice@example.com,North\nbob@example.com,South\n")
    files = {f"s{number}": some_survey(random) for number in range(random.randint(1, 3))}
    for key, changes in files.items():
        world.add_survey(key, **changes)
    history = some_history(random)
    rate = random.choice([0.0, 0.5, 1.0])
    real: Said = {}
    for one in history:
        world.clock.advance(one.gap)
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
            since=400 * DAY,
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
