"""Does every room keep to its rules? The arrows, and who may touch SQL, the environment and the clock."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "afterword"
FILES = sorted(SOURCE.rglob("*.py"))

ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv"}
CLOCK = {
    *(
        f"time.{name}{unit}"
        for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
        for unit in ("", "_ns")
    ),
    *(f"time.{name}" for name in ("localtime", "gmtime", "ctime", "strftime")),
    *(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")),
    "datetime.date.today",
}
FILES_MAX = 15
"""In a room of domain or flows, `__init__.py` apart. STYLE.md."""

SQL = {"sqlalchemy", "alembic", "sqlite3", "pysqlite3", "psycopg"}
# What the standard library has of clocks, randomness, logging and I/O; domain uses none of it.
NOT_PURE = {
    "asyncio", "concurrent", "http", "io", "logging", "multiprocessing", "os", "random", "secrets", "select",
    "shutil", "signal", "smtplib", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading",
    "time", "uuid", "warnings",
}  # fmt: skip


def names_used(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Each imported thing that a module uses, as (line, dotted name), whatever it calls the thing itself."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield node.lineno, f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (dotted := _dotted(node, known)):
            yield node.lineno, dotted


def _dotted(node: ast.Attribute, known: dict[str, str]) -> str | None:
    parts = [node.attr]
    inner: ast.expr = node.value
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    if not isinstance(inner, ast.Name) or inner.id not in known:
        return None
    return ".".join([known[inner.id], *reversed(parts)])


def uses(forbidden: set[str], *, except_in: str) -> list[str]:
    """Where a module outside one room or file uses one of these names or something inside them."""
    home = SOURCE / except_in
    return [
        f"{path.relative_to(ROOT)}:{line} uses {name}"
        for path in FILES
        if path != home and home not in path.parents
        for line, name in names_used(ast.parse(path.read_text(), str(path)))
        if any(name == one or name.startswith(f"{one}.") for one in forbidden)
    ]


def test_the_arrows_between_the_rooms_point_down() -> None:
    linter = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_only_settings_reads_the_environment() -> None:
    assert uses(ENVIRONMENT, except_in="settings.py") == []


def test_only_the_clock_reads_the_clock() -> None:
    assert uses(CLOCK, except_in="kit/clock.py") == []


def test_only_storage_has_sql() -> None:
    assert uses(SQL, except_in="storage") == []


def test_domain_imports_the_pure_standard_library_and_itself() -> None:
    pure = (sys.stdlib_module_names - NOT_PURE) | {"afterword.domain"}
    foreign = [
        f"{path.relative_to(ROOT)}:{line} uses {name}"
        for path in FILES
        if SOURCE / "domain" in path.parents
        for line, name in names_used(ast.parse(path.read_text(), str(path)))
        if not any(name == one or name.startswith(f"{one}.") for one in pure)
    ]
    assert foreign == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_are_absolute_and_named(path: Path) -> None:
    imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    assert [node.lineno for node in imports if node.level] == []
    assert [node.lineno for node in imports if any(alias.name == "*" for alias in node.names)] == []


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import time as t\nt.time()", "time.time"),
        ("from time import monotonic as m", "time.monotonic"),
        ("import datetime\ndatetime.datetime.now()", "datetime.datetime.now"),
        ("from datetime import datetime\nf = datetime.now", "datetime.datetime.now"),
        ("import os\nos.environ.get('A')", "os.environ.get"),
        ("import os.path\nos.getenv('A')", "os.getenv"),
        ("from sqlalchemy.engine import Row", "sqlalchemy.engine.Row"),
    ],
)
def test_no_spelling_hides_a_name(code: str, name: str) -> None:
    assert name in {used for _, used in names_used(ast.parse(code))}


@pytest.mark.parametrize("top", ["domain", "flows"])
def test_a_room_is_no_hall(top: str) -> None:
    rooms = [SOURCE / top, *(path for path in (SOURCE / top).rglob("*") if (path / "__init__.py").exists())]
    files = {
        room.name: len([path for path in room.glob("*.py") if path.name != "__init__.py"]) for room in rooms
    }
    assert len(files) > 1
    assert {name: count for name, count in files.items() if count > FILES_MAX} == {}
