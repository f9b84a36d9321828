"""Does the intake do what a plain list of times would do, over histories that nobody thought of?"""

import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from afterword.domain.event import IDEMPOTENCY_US
from afterword.domain.rate_limit import DAY_US, MINUTE_US, SECOND_US, RateLimits
from afterword.domain.token import hash_token
from afterword.flows.ingest.directory import Directory
from afterword.flows.ingest.track_event import Answer, Outcome, Submission
from afterword.flows.people.tombstones import Tombstones
from afterword.kit.signing import Signer
from afterword.storage import projects
from tests.flows.door import accepted_count, opened_door, stored, submission
from tests.storage.support import START, FakeClock, Template, Templates, add_project

PROJECTS = (1, 2)
TOKENS = ("one", "other")
SPANS_US = (0, 1, SECOND_US, MINUTE_US // 3, MINUTE_US - 1, MINUTE_US, DAY_US // 3, DAY_US - 1, DAY_US)
STEPS_S = (-7_200, -3_600, -1, 1, 3_600, 7_200)
LIMITS = st.sampled_from([RateLimits(3, 7), RateLimits(2, 100), RateLimits(5, 5)])
Sent = tuple[str, RateLimits, str | None, bool]
SENT = st.tuples(
    st.sampled_from([f"{token} of {project_id}" for project_id in PROJECTS for token in TOKENS]),
    LIMITS,
    st.sampled_from([None, None, "k", "l"]),
    st.booleans(),
)
SERVER = st.integers(0, 1)
"""Which of two servers on one PostgreSQL; on SQLite there is one."""


class Model:
    """All accepted times in plain lists; what a limit says is counted anew each time."""

    def __init__(self, now_us: int) -> None:
        self.now_us = now_us
        self.times: dict[int, list[int]] = {project_id: [] for project_id in PROJECTS}
        self.keys: dict[tuple[int, str], tuple[bytes, int]] = {}

    def answer(self, sent: Submission, wall_us: int) -> Answer:
        """What the answer must be at a server's wall time; an accepted event is counted."""
        times = self.times[sent.project_id]
        key = (sent.project_id, sent.idempotency_key or "")
        used, used_at_us = self.keys.get(key, (b"", 0))
        if sent.idempotency_key and used and used_at_us > wall_us - IDEMPOTENCY_US:
            return Answer(Outcome.REPLAYED if used == sent.arguments_hash else Outcome.KEY_REUSED)
        for wait_us in self._waits(times, sent.limits):
            if wait_us > 0:
                return Answer(Outcome.LIMITED, -(-wait_us // SECOND_US))
        times.append(self.now_us)
        if sent.idempotency_key:
            self.keys[key] = sent.arguments_hash, wall_us
        return Answer(Outcome.ACCEPTED)

    def _waits(self, times: list[int], limits: RateLimits) -> list[int]:
        waits = []
        for limit, window_us in ((limits.per_minute, MINUTE_US), (limits.per_day, DAY_US)):
            inside = [time for time in times if time > self.now_us - window_us]
            if len(inside) >= limit:
                # The limit is free again when as many have left the window as are too many, and one.
                waits.append(inside[len(inside) - limit] + window_us - self.now_us)
        return sorted(waits, reverse=True)


class IntakeMachine(RuleBasedStateMachine):
    """Sends batches by two tokens to two servers, steps clocks, restarts; the model hears the same."""

    template: Template

    def __init__(self) -> None:
        super().__init__()
        self.opened = contextlib.ExitStack()
        folder = self.opened.enter_context(TemporaryDirectory())
        self.database = self.opened.enter_context(self.template.lend(Path(folder) / "afterword.db"))
        with self.database.write() as connection:
            for project_id in PROJECTS:
                add_project(connection, f"Project {project_id}")
                for token in TOKENS:
                    digest = hash_token(f"{token} of {project_id}")
                    projects.add_token(connection, project_id, token_hash=digest, hint=token, now=START)
        self.directory = Directory(self.database, Tombstones(Signer("k" * 32)))
        self.time = FakeClock()
        self.clocks = [FakeClock() for _ in range(2 if self.database.is_postgres else 1)]
        shared = self.time if self.database.is_postgres else None
        self.doors = [
            self.opened.enter_context(opened_door(self.database, clock, shared)) for clock in self.clocks
        ]
        self.model = Model(self.time.now_us())

    def teardown(self) -> None:
        self.opened.close()

    @rule(server=SERVER, sent=st.lists(SENT, min_size=1, max_size=6))
    def send(self, server: int, sent: list[Sent]) -> None:
        clock, door = self.clocks[server % len(self.clocks)], self.doors[server % len(self.doors)]
        batch = []
        for token, limits, key, same in sent:
            grant = door.run(self.directory.find_token(hash_token(token), clock.now_us()))
            assert grant is not None
            arguments = b"one" if same else b"two"
            batch.append(submission(grant.project_id, limits, key=key, arguments=arguments))
        assert door.send(*batch) == [self.model.answer(item, clock.now_us()) for item in batch]

    @rule(span_us=st.sampled_from(SPANS_US))
    def wait(self, span_us: int) -> None:
        for clock in (self.time, *self.clocks):
            clock.advance_us(span_us)
        self.model.now_us += span_us

    @rule(server=SERVER, seconds=st.sampled_from(STEPS_S))
    def step(self, server: int, seconds: int) -> None:
        """Somebody sets one machine's clock; no limit notices."""
        self.clocks[server % len(self.clocks)].step(seconds)

    @rule(server=SERVER)
    def restart(self, server: int) -> None:
        """On SQLite the new server takes its wall's time, but none before the last counted event."""
        self.doors[server % len(self.doors)].restart()
        if not self.database.is_postgres:
            counted = [time for times in self.model.times.values() for time in times]
            self.model.now_us = max([self.clocks[0].now_us(), *counted])

    @invariant()
    def counts_are_true(self) -> None:
        for project_id, times in self.model.times.items():
            assert accepted_count(self.database, project_id) == len(times)

    @invariant()
    def rows_are_numbered(self) -> None:
        for project_id, times in self.model.times.items():
            assert stored(self.database, project_id) == list(enumerate(times, start=1))


@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 40), ("postgres", 10)])
def test_the_intake_answers_as_a_plain_list_would(templates: Templates, kind: str, examples: int) -> None:
    class Machine(IntakeMachine):
        template = templates.get(kind)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            # To shrink a history takes minutes, and the first one that fails tells enough.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
