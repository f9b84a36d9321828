"""The servers, projects and people that the contract's tests speak to."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.scenarios import Scenarios
from tests.support.postgres import Databases
from tests.support.project import Project, ProjectPool, create_project, import_people
from tests.support.server import CLOCK_STEP, RunningServer

PEOPLE = """\
email,name,github_username,gitlab_username,timezone,team
ada@example.com,Ada Lovelace,ada-gh,ada-gl,Europe/London,Engines
bob@example.com,Bob Builder,bob-gh,bob-gl,UTC,Engines
octo@example.com,Octo Cat,octocat,octo-gl,UTC,Platform
zoe@example.com,Zoë Zhu,zoë,zoe-gl,UTC,Platform
"""
ROOMY = {"events_per_minute": 100_000, "events_per_day": 1_000_000}
ONE_A_MINUTE = {"events_per_minute": 1}
PREPARED: list[dict[str, int]] = [
    *[ROOMY] * 2,
    *[ONE_A_MINUTE] * 5,
    {"events_per_minute": 3},
    {"events_per_minute": 50},
    {"events_per_minute": 100_000},
    {"events_per_minute": 2, "events_per_day": 2},
    {"events_per_minute": 2, "events_per_day": 3},
    {"events_per_minute": 100, "events_per_day": 3},
    {"metadata_bytes": 64},
    {"metadata_bytes": 4_096},
]
"""The limits that tests take from the pool."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests that wait for a scenario in the background last, so that others run meanwhile."""
    items.sort(key=waits_for_scenarios)


def waits_for_scenarios(item: pytest.Item) -> bool:
    """Tell whether a test looks at what a long scenario gave."""
    return "scenarios" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def scenarios(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenarios]:
    """What takes many seconds by its nature, going on while other tests run."""
    with Scenarios(databases, tmp_path_factory.mktemp("scenarios")) as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def _scenarios_begin_early(request: pytest.FixtureRequest) -> None:
    if any(waits_for_scenarios(item) for item in request.session.items):
        request.getfixturevalue("scenarios")


@pytest.fixture(scope="session")
def server(
    database_kind: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """One server for all tests of a database, with the people loaded."""
    directory = tmp_path_factory.mktemp(f"contract-{database_kind}")
    with RunningServer(directory / "data", databases.make(database_kind)) as running:
        import_people(running, directory, PEOPLE)
        yield running


@pytest.fixture(scope="session")
def pool(server: RunningServer) -> ProjectPool:
    """Fresh projects with limits of their own, made early so that no test waits for its settings."""
    return ProjectPool(server, PREPARED)


@pytest.fixture(scope="session")
def roomy(pool: ProjectPool) -> Project:
    """A project whose limits answer no test of inputs."""
    return pool.take(**ROOMY)


@pytest.fixture(scope="session")
def nothing_yet(pool: ProjectPool) -> Project:
    """A roomy project that is sent only what must be refused."""
    return pool.take(**ROOMY)


@pytest.fixture(scope="module")
def unstored(nothing_yet: Project) -> Iterator[Project]:
    """The project for a module's refused inputs; at the module's end nothing may be stored in it."""
    yield nothing_yet
    names = [event["name"] for event in nothing_yet.events()]
    assert names == [], f"refused requests stored events: {names}"


@pytest.fixture
def project(server: RunningServer) -> Project:
    """A fresh project with the default limits."""
    return create_project(server)


@pytest.fixture(scope="session")
def _victim(
    database_kind: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    directory = tmp_path_factory.mktemp(f"victim-{database_kind}")
    with RunningServer(directory / "data", databases.make(database_kind)) as running:
        yield running


@pytest.fixture
def own_server(_victim: RunningServer) -> RunningServer:
    """A server to be stopped, killed and starved; one such test at a time."""
    if not _victim.is_running:
        _victim.start()
    return _victim


@dataclass(frozen=True)
class SteppingServer:
    """A server whose wall clock a test can step."""

    server: RunningServer
    step_file: Path

    @property
    def step_s(self) -> int:
        """How many seconds it is off."""
        return int(self.step_file.read_text()) if self.step_file.exists() else 0

    def step(self, seconds: int) -> None:
        """Set the clock off by so many seconds."""
        self.step_file.write_text(str(seconds))

    def restart(self, step_s: int) -> None:
        """Step the clock while the server is down."""
        self.server.stop()
        self.step(step_s)
        self.server.start()


@pytest.fixture(scope="session")
def stepping(
    database_kind: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SteppingServer]:
    """A server with a clock that can be stepped; it goes on from where the test before left it."""
    directory = tmp_path_factory.mktemp("stepping")
    url, step_file = databases.make(database_kind), directory / "step"
    environment = {"TESTS_CLOCK_STEP_FILE": str(step_file)}
    server = RunningServer(directory / "data", url, environment=environment, python_path=(CLOCK_STEP,))
    with server:
        yield SteppingServer(server, step_file)
