"""How long does an import of many people take, and how much memory? Measured in a process of its own."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from afterword.flows.people.tombstones import Tombstones
from afterword.flows.provisioning.import_people import import_people
from afterword.kit.clock import SystemClock
from afterword.kit.signing import Signer
from afterword.storage.open import open_database
from afterword.storage.schema import migrate

ROWS = 100_000
HANDLES_OF_ONE = 3
TEAMS = 300
RUNS = ("dry", "import", "again")
"""Only saying what would happen, doing it, and the same once more."""

NOTE = (
    f"{HANDLES_OF_ONE} handles a row, in transactions of 1,000 rows, in a process of its own. The peak is of "
    "the whole process."
)


def write_people(path: Path, rows: int) -> None:
    """A file of people as a spreadsheet has them."""
    with path.open("w") as file:
        file.write("email,name,github_username,gitlab_username,timezone,team\n")
        for number in range(rows):
            file.write(
                f"person{number}@example.com,Person {number},gh-{number},gl-{number},"
                f"Europe/Berlin,Engineering / Team {number % TEAMS}\n"
            )


def measure(
    folder: Path, rows: int, url: str | None = None, *, runs: Sequence[str] = RUNS
) -> dict[str, float]:
    """Seconds of each run, those of the processor, and the process's peak in MB."""
    command = [sys.executable, "-m", "tests.speed.people", str(folder), str(rows), ",".join(runs)]
    command += [url] if url else []
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def table(folder: Path, url: str) -> list[str]:
    """The table in Markdown."""
    lines = [
        f"| {ROWS:,} rows | dry run s | import s | again s | CPU s of the import | peak MB |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name, where in (("SQLite", None), ("PostgreSQL", url)):
        found = measure(folder, ROWS, where)
        cells = (found[key] for key in ("dry_s", "import_s", "again_s", "import_cpu_s", "peak_mb"))
        lines.append(f"| {name} | {' | '.join(f'{cell:.0f}' for cell in cells)} |")
    return lines


def _run(folder: Path, rows: int, url: str | None, runs: Sequence[str]) -> dict[str, float]:
    database = open_database(url, folder / "people.db")
    migrate(database)
    path = folder / "people.csv"
    write_people(path, rows)
    found = {}
    for name in runs:
        is_dry, added = name == "dry", 0 if name == "again" else rows
        began, began_cpu = time.monotonic(), time.process_time()
        done = import_people(database, SystemClock(), Tombstones(Signer("k" * 32)), path, dry_run=is_dry)
        found[f"{name}_s"] = time.monotonic() - began
        found[f"{name}_cpu_s"] = time.process_time() - began_cpu
        if (done.added, done.refused) != (added, 0):
            raise RuntimeError(f"{name}: {done.added} were added, {done.refused} refused")
    database.close()
    found["peak_mb"] = peak_mb()
    return found


def peak_mb() -> float:
    """This program's own; the peak that getrusage tells is at least that of the process that started it."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in status if line.startswith("VmHWM"))) / 1024


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure once, and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("rows", type=int)
    parser.add_argument("runs")
    parser.add_argument("url", nargs="?")
    chosen = parser.parse_args(arguments)
    print(json.dumps(_run(chosen.folder, chosen.rows, chosen.url, chosen.runs.split(","))))


if __name__ == "__main__":
    main()
