"""Does the intake do what a plain list of times would do, over histories that nobody thought of?"""

import contextlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from afterword.domain.rate_limit import DAY_US, MINUTE_US, SECOND_US, RateLimits
from afterword.flows.track_event import IDEMPOTENCY_US, Answer, Outcome, Submission
from tests.flows.door import accepted_count, opened_door, stored, submission
from tests.storage.support import FakeClock, Template, Templates, add_project

PROJECTS = (1, 2)
SPANS_US = (0, 1, SECOND_US, MINUTE_US // 3, MINUTE_US - 1, MINUTE_US, DAY_US // 3, DAY_US - 1, DAY_US)
LIMITS = st.sampled_from([RateLimits(3, 7), RateLimits(2, 100), RateLimits(5, 5)])
SENT = st.tuples(st.sampled_from(PROJECTS), LIMITS, st.sampled_from([None, None, "k", "l"]), st.booleans())


class Model:
    """All accepted times in plain lists; what a limit says is counted anew each time."""

    def __init__(self) -> None:
        self.now_us = 0
        self.wall_us = 0
        self.times: dict[int, list[int]] = {project_id: [] for project_id in PROJECTS}
        self.keys: dict[tuple[int, str], tuple[bytes, int]] = {}

    def answer(self, sent: Submission) -> Answer:
        """What the answer must be; an accepted event is counted."""
        times = self.times[sent.project_id]
        key = (sent.project_id, sent.idempotency_key or "")
        used, used_at_us = self.keys.get(key, (b"", 0))
        if sent.idempotency_key and used and used_at_us > self.wall_us - IDEMPOTENCY_US:
            return Answer(Outcome.REPLAYED if used == sent.arguments_hash else Outcome.KEY_REUSED)
        for wait_us in self._waits(times, sent.limits):
            if wait_us > 0:
                return Answer(Outcome.LIMITED, -(-wait_us // SECOND_US))
        times.append(self.now_us)
        if sent.idempotency_key:
            self.keys[key] = sent.arguments_hash, self.wall_us
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
    """Sends batches, moves and steps clocks, restarts; the model is told the same."""

    template: Template

    def __init__(self) -> None:
        super().__init__()
        self.opened = contextlib.ExitStack()
        folder = self.opened.enter_context(TemporaryDirectory())
        self.database = self.opened.enter_context(self.template.lend(Path(folder) / "afterword.db"))
        with self.database.write() as connection:
            for project_id in PROJECTS:
                add_project(connection, f"Project {project_id}")
        self.clock = FakeClock()
        self.door = self.opened.enter_context(opened_door(self.database, self.clock))
        self.model = Model()
        self.model.now_us = self.model.wall_us = self.clock.now_us()

    def teardown(self) -> None:
        self.opened.close()

    @rule(sent=st.lists(SENT, min_size=1, max_size=6))
    def send(self, sent: list[tuple[int, RateLimits, str | None, bool]]) -> None:
        batch = [
            submission(project_id, limits, key=key, arguments=b"one" if same else b"two")
            for project_id, limits, key, same in sent
        ]
        assert self.door.send(*batch) == [self.model.answer(item) for item in batch]

    @rule(span_us=st.sampled_from(SPANS_US))
    def wait(self, span_us: int) -> None:
        self.clock.advance_us(span_us)
        self.model.now_us += span_us
        self.model.wall_us += span_us

    @rule(seconds=st.sampled_from([-7_200, -3_600, -1]))
    def step_back(self, seconds: int) -> None:
        self.clock.step(seconds)
        self.model.wall_us += seconds * SECOND_US

    @rule()
    def restart(self) -> None:
        """A new server takes the wall's time, but none before the last counted event."""
        self.door.restart()
        counted = [time for times in self.model.times.values() for time in times]
        self.model.now_us = max([self.model.wall_us, *counted])

    @invariant()
    def counts_are_true(self) -> None:
        for project_id, times in self.model.times.items():
            assert accepted_count(self.database, project_id) == len(times)

    @invariant()
    def rows_are_numbered(self) -> None:
        for project_id, times in self.model.times.items():
            assert stored(self.database, project_id) == list(enumerate(times, start=1))


@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 25), ("postgres", 6)])
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
