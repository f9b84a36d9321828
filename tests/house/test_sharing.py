"""Does each test run once when processes share them, and do some run with nothing beside them?"""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.sharing import ALONE, TOGETHER, Sharing

PARALLEL = [
    *(f"tests/flows/test_{name}.py::test_it[{kind}]" for name in "abcdef" for kind in ("sqlite", "postgres")),
    "tests/domain/test_rule.py::test_one",
    "tests/domain/test_rule.py::test_two",
    f"{TOGETHER}test_name.py::test_it[sqlite]",
    f"{TOGETHER}test_token.py::test_it[postgres-more]",
    "tests/faults/test_kill.py::test_it",
]
BY_ITSELF = [f"{file}::test_{number}" for file in ALONE for number in range(3)]


class Process:
    """Runs what it is given as xdist's workers do: the last test only once it knows what comes next."""

    def __init__(self, number: int) -> None:
        self.gateway = SimpleNamespace(id=f"gw{number}")
        self.given: list[int] = []
        self.shutting_down = False

    def send_runtest_some(self, indices: list[int]) -> None:
        """Take more tests."""
        assert not self.shutting_down
        self.given += indices

    def shutdown(self) -> None:
        """End once all is done."""
        self.shutting_down = True


def run(tests: list[str], processes: int) -> list[tuple[str, int, int]]:
    """Run them in turns; of each its name, the process, and how many processes had not ended."""
    options = SimpleNamespace(loadscopereorder=True)
    config: Any = SimpleNamespace(option=options, getvalue=lambda name: [f"{processes}*popen"])
    sharing = Sharing(config)
    nodes: list[Any] = [Process(number) for number in range(processes)]
    for node in nodes:
        sharing.add_node(node)
        sharing.add_node_collection(node, tests)
    sharing.schedule()
    ran, running = [], list(nodes)
    while running:
        if sharing.tests_finished:
            for node in running:
                node.shutdown()
        able = [node for node in running if len(node.given) > 1 or node.shutting_down]
        assert able, "all wait for one another"
        for node in able:
            if node.given:
                index = node.given.pop(0)
                ran.append((tests[index], nodes.index(node), len(running)))
                sharing.mark_test_complete(node, index)
            else:
                running.remove(node)
                if node in sharing.nodes:
                    assert sharing.remove_node(node) is None
    return ran


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize(
    "tests",
    [
        [*BY_ITSELF[:4], *PARALLEL, *BY_ITSELF[4:]],
        PARALLEL,
        BY_ITSELF,
        PARALLEL[:1],
        PARALLEL[:1] + BY_ITSELF[:1],
    ],
    ids=["all", "none alone", "only alone", "one", "one and one alone"],
)
def test_each_test_runs_once_and_some_with_nothing_beside_them(tests: list[str], processes: int) -> None:
    ran = run(tests, processes)
    assert Counter(name for name, _, _ in ran) == Counter(tests)
    assert {running for name, _, running in ran if name in BY_ITSELF} <= {1}
    assert len({process for name, process, _ in ran if name.startswith(TOGETHER) and name in PARALLEL}) <= 1
