"""How fast is it, beside what could be had at most? ``make bench`` prints the tables and writes them down."""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.speed import decide, decisions, people, simulation, steps
from tests.speed.load import Measured, event_body, measure, resident_mb, write_requests
from tests.speed.page import write_page
from tests.speed.serve import PROJECTS, TOKENS_FILE
from tests.speed.servers import Server, running_afterword, running_nginx, running_stub
from tests.support.postgres import Cluster, running_cluster

BODIES = 2_000
STORED = 3_000_000
"""Events that the servers of the first table start with: more in each project than its limits look back."""

CONNECTIONS = 64
SLOW_COMMIT_MS = 5
SLOW_CONNECTIONS = 256
FILLED = (0, 1_000_000, 10_000_000)
FLAT_EVENTS = 1_000_000
STUB = "bare ASGI stub"
STEPS_NOTE = "Microseconds of processor time in one process, without a network: the shortest of some tries."


@dataclass
class Row:
    """One thing that is measured, in turn with the others of its table."""

    name: str
    server: Server
    requests: Path
    connections: int = CONNECTIONS
    wants_2xx: bool = True
    more: tuple[Server, ...] = ()
    runs: list[Measured] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """How long, how often, and where the files are."""

    folder: Path
    seconds: float
    rounds: int
    cluster: Cluster


class Table:
    """Rows that are measured round by round; ratios are to the first row of the same round."""

    def __init__(self, title: str, note: str = "") -> None:
        self.title = title
        self.note = note
        self.rows: list[Row] = []

    def run(self, plan: Plan) -> None:
        """Warm up, then measure each row once a round."""
        print(f"\n{self.title}", flush=True)
        for number in range(plan.rounds + 1):
            for row in self.rows:
                servers = (row.server, *row.more)
                found = measure(
                    [server.port for server in servers],
                    [pid for server in servers for pid in server.pids],
                    row.requests,
                    seconds=plan.seconds if number else 1,
                    connections=row.connections,
                )
                if row.wants_2xx and found.not_2xx:
                    raise RuntimeError(f"{row.name}: {found.not_2xx} requests were refused")
                if number:
                    row.runs.append(found)
            print(f"  round {number} of {plan.rounds}", flush=True)
        print("\n".join(self.lines()), flush=True)

    def lines(self) -> list[str]:
        """The table in Markdown."""
        lines = [
            "| | requests/s | ratio | p50 ms | p99 ms | p99 ratio | CPU µs | CPU ratio |",
            "|---|--:|--:|--:|--:|--:|--:|--:|",
        ]
        first = self.rows[0]
        return lines + [
            f"| {row.name} | {median(run.rate for run in row.runs):,.0f} "
            f"| {paired(row, first, lambda run: run.rate):.2f} "
            f"| {median(run.p50_ms for run in row.runs):.1f} "
            f"| {median(run.p99_ms for run in row.runs):.1f} "
            f"| {paired(row, first, lambda run: run.p99_ms):.1f} "
            f"| {median(run.cpu_us for run in row.runs):.0f} "
            f"| {paired(first, row, lambda run: run.cpu_us):.2f} |"
            for row in self.rows
        ]


def paired(row: Row, other: Row, what: Callable[[Measured], float]) -> float:
    """The median of the ratios of each round."""
    return median(what(one) / what(two) for one, two in zip(row.runs, other.runs, strict=True))


def main_table(plan: Plan, opened: ExitStack) -> Table:
    """What an accepted event costs, and what a refused one does."""
    table = Table("Events and refusals, 64 connections, one server core")
    stub = opened.enter_context(running_stub())
    stored = ["--events", str(STORED)]
    sqlite = opened.enter_context(running_afterword(plan.folder / "sqlite", options=stored))
    url = plan.cluster.make_database()
    postgres = opened.enter_context(running_afterword(plan.folder / "postgres", url, stored))
    single = opened.enter_context(running_afterword(plan.folder / "single", options=["--one-by-one"]))
    good = requests_of(plan, sqlite)
    table.rows.append(Row(STUB, stub, good))
    if (nginx := opened.enter_context(running_nginx())) is not None:
        table.rows.append(Row("nginx `return 200`", nginx, good))
    table.rows += [
        Row("accepted, SQLite", sqlite, good),
        Row("accepted, PostgreSQL", postgres, requests_of(plan, postgres)),
        Row("accepted, SQLite, one transaction each", single, requests_of(plan, single)),
        *refusals(plan, sqlite),
    ]
    return table


def refusals(plan: Plan, server: Server) -> Iterator[Row]:
    """401 for a bad token, 422 for a bad event, 429 for projects at their limit."""
    tokens = tokens_of(server)
    bodies = [event_body(number) for number in range(BODIES)]
    roomy, limited = tokens[:PROJECTS], tokens[PROJECTS:]
    bad = [token[:-1] + ("0" if token[-1] != "0" else "1") for token in roomy]
    kinds = {
        "refused, 401": (bodies, bad),
        "refused, 422": ([body.replace(b'"email"', b'"mail"') for body in bodies], limited),
        "refused, 429": (bodies, limited),
    }
    for name, (sent, by) in kinds.items():
        path = plan.folder / f"{name[-3:]}.requests"
        yield Row(name, server, write_requests(path, sent, by), wants_2xx=False)


def slow_table(plan: Plan, opened: ExitStack) -> Table:
    """A disk that takes 5 ms for each commit: group commit proves itself."""
    table = Table(
        f"Each commit delayed by {SLOW_COMMIT_MS} ms, {SLOW_CONNECTIONS} connections",
        "The stub commits nothing.",
    )
    delay = ["--commit-delay-ms", str(SLOW_COMMIT_MS)]
    stub = opened.enter_context(running_stub())
    sqlite = opened.enter_context(running_afterword(plan.folder / "slow", options=delay))
    single = opened.enter_context(
        running_afterword(plan.folder / "slow-single", options=[*delay, "--one-by-one"])
    )
    for name, server in ((STUB, stub), ("SQLite", sqlite), ("SQLite, one transaction each", single)):
        good = requests_of(plan, sqlite if server is stub else server)
        table.rows.append(Row(name, server, good, SLOW_CONNECTIONS))
    return table


def growth_table(plan: Plan, opened: ExitStack, *, on_postgres: bool) -> Table:
    """The same events with nothing, a million and ten million stored before."""
    kind = "PostgreSQL" if on_postgres else "SQLite"
    table = Table(f"Stored events, {kind}", "Ratios are to the empty database.")
    notes = []
    for events in FILLED:
        folder = plan.folder / f"{kind}-{events}"
        url = plan.cluster.make_database() if on_postgres else None
        print(f"  making {events:,} events…", flush=True)
        with running_afterword(folder, url, ["--events", str(events)]):
            pass
        server = opened.enter_context(running_afterword(folder, url))
        notes.append(
            f"with {events:,} stored it was ready after {server.ready_s:.1f} s "
            f"and took {resident_mb(server.pids[0]):.0f} MB"
        )
        table.rows.append(Row(f"{events:,} stored", server, requests_of(plan, server)))
    table.note = f"{table.note} At its start, {'; '.join(notes)}."
    return table


def processes_table(plan: Plan, opened: ExitStack, delay_ms: int) -> Table:
    """One, two and three server processes on one PostgreSQL, on all cores."""
    title = "Server processes on one PostgreSQL"
    table = Table(f"{title}, commits delayed by {delay_ms} ms" if delay_ms else title)
    url = plan.cluster.make_database()
    options = ["--commit-delay-ms", str(delay_ms)] if delay_ms else []
    servers = [
        opened.enter_context(
            running_afterword(plan.folder / f"process-{delay_ms}-{number}", url, options, core=None)
        )
        for number in range(3)
    ]
    good = requests_of(plan, servers[0])
    for count in (1, 2, 3):
        table.rows.append(
            Row(f"{count} of them", servers[0], good, CONNECTIONS * count, more=tuple(servers[1:count]))
        )
    return table


def flat_memory(plan: Plan, opened: ExitStack) -> str:
    """What a million events leave in the server's memory."""
    server = opened.enter_context(running_afterword(plan.folder / "flat"))
    idle_mb = resident_mb(server.pids[0])
    good = requests_of(plan, server)
    sent, sizes_mb = 0, [idle_mb]
    while sent < FLAT_EVENTS:
        sent += measure(
            [server.port], server.pids, good, seconds=plan.seconds * 2, connections=CONNECTIONS
        ).requests
        sizes_mb.append(resident_mb(server.pids[0]))
        print(f"  {sent:,} events: {sizes_mb[-1]:.0f} MB", flush=True)
    return (
        f"{idle_mb:.0f} MB idle, {sizes_mb[1]:.0f} MB after the first load, "
        f"{sizes_mb[-1]:.0f} MB after {sent:,} events (8 bytes of each of a day's events are its time)."
    )


def requests_of(plan: Plan, server: Server) -> Path:
    """Good events of all projects of a server."""
    tokens = tokens_of(server)[:PROJECTS]
    path = plan.folder / f"good-{server.port}.requests"
    return write_requests(path, [event_body(number) for number in range(BODIES)], tokens)


def tokens_of(server: Server) -> list[str]:
    """The tokens that serve.py wrote down: of the roomy projects, then of the limited ones."""
    assert server.data is not None
    return (server.data / TOKENS_FILE).read_text().split()


TABLES: dict[str, Callable[[Plan, ExitStack], Table]] = {
    "main": main_table,
    "slow": slow_table,
    "growth": lambda plan, opened: growth_table(plan, opened, on_postgres=False),
    "growth-postgres": lambda plan, opened: growth_table(plan, opened, on_postgres=True),
    "processes": lambda plan, opened: processes_table(plan, opened, 0),
    "processes-slow": lambda plan, opened: processes_table(plan, opened, SLOW_COMMIT_MS),
}


@contextmanager
def planned(seconds: float, rounds: int) -> Iterator[Plan]:
    """A folder and a PostgreSQL for all tables."""
    with tempfile.TemporaryDirectory(prefix="afterword-bench-") as name, running_cluster() as cluster:
        yield Plan(Path(name), seconds, rounds, cluster)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for. A whole run is written into the page, as is one that skips something."""
    parts = [*TABLES, "memory", "steps", "people", "decide", "decisions", "simulate"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=parts, action="append", help="one part; not written down")
    parser.add_argument("--skip", choices=parts, action="append", default=[], help="all but this")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    chosen = parser.parse_args(arguments)
    wanted = [part for part in chosen.only or parts if part not in chosen.skip]
    tables: list[tuple[str, str, Sequence[str]]] = []
    with planned(chosen.seconds, chosen.rounds) as plan:
        for name, make in TABLES.items():
            if name in wanted:
                with ExitStack() as opened:
                    table = make(plan, opened)
                    table.run(plan)
                    tables.append((table.title, table.note, table.lines()))
        if "memory" in wanted:
            with ExitStack() as opened:
                tables.append(("Memory", flat_memory(plan, opened), []))
        if "steps" in wanted:
            tables.append(("What each step of an event costs", STEPS_NOTE, steps.table()))
        if "people" in wanted:
            lines = people.table(plan.folder, plan.cluster.make_database())
            tables.append(("Importing people", people.NOTE, lines))
        if "decide" in wanted:
            tables.append(("What a decision costs", decide.NOTE, decide.table()))
        if "decisions" in wanted:
            lines = decisions.table(plan.folder, plan.cluster.make_database, plan.seconds)
            tables.append(("Deciding", decisions.NOTE, lines))
        if "simulate" in wanted:
            lines = simulation.table(plan.folder, plan.cluster.make_database())
            tables.append(("Simulating a survey", simulation.NOTE, lines))
    for title, note, lines in tables:
        print("\n".join(["", title, *lines, note]))
    if chosen.only is None:
        write_page(tables, chosen.rounds, chosen.seconds)


if __name__ == "__main__":
    main()
