"""Do the requirement files pin everything by hash, and name no index, host or path?"""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "requirements").iterdir())
FOREIGN_LOCKS = ("uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock", "package-lock.json", "yarn.lock")
# All that a line may be: a comment, a pin with or without a marker, or a hash; no option, URL or path.
COMMENT = re.compile(r" *# ?.*")
PIN = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[0-9][0-9a-z.+!]*)( ; [^@/\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?P<more> \\)?")
# Of a comment: a scheme, or a dotted name with a slash or port behind it.
ADDRESS = re.compile(r"[a-z+]+://|\b[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+|/)|(^|\s)/[a-z]")


def pins(path: Path) -> dict[str, set[str]]:
    """Each pinned package with its versions; a universal file may pin several, by marker."""
    found: dict[str, set[str]] = {}
    for line in path.read_text().splitlines():
        if match := PIN.fullmatch(line):
            found.setdefault(match["name"], set()).add(match["version"])
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_requirement_file_holds_only_comments_pins_and_hashes(path: Path) -> None:
    odd = [
        line
        for line in path.read_text().splitlines()
        if not any(kind.fullmatch(line) for kind in (COMMENT, PIN, HASH))
    ]
    assert odd == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_requirement_file_names_no_index_host_or_path(path: Path) -> None:
    text = path.read_text()
    assert [line for line in text.splitlines() if ADDRESS.search(line)] == []
    assert "index" not in text
    assert "find-links" not in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_pin_has_a_hash(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if not COMMENT.fullmatch(line)]
    pinned = [number for number, line in enumerate(lines) if PIN.fullmatch(line)]
    assert pinned
    assert [lines[number] for number in pinned if not HASH.fullmatch(lines[number + 1])] == []


def test_one_venv_can_hold_all_requirements() -> None:
    everything = pins(ROOT / "requirements" / "test.txt")
    for name in ("run.txt", "build.txt"):
        wanted = pins(ROOT / "requirements" / name)
        assert {package: everything.get(package) for package in wanted} == wanted


def test_the_locks_know_every_direct_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = {
        "run.txt": project["project"]["dependencies"],
        "build.txt": project["build-system"]["requires"],
        "lock.txt": project["dependency-groups"]["lock"],
        "test.txt": [
            *project["project"]["dependencies"],
            *(item for extra in project["project"]["optional-dependencies"].values() for item in extra),
            *(item for item in project["dependency-groups"]["test"] if isinstance(item, str)),
        ],
    }
    assert set(asked) == {path.name for path in FILES}
    for name, requirements in asked.items():
        locked = pins(ROOT / "requirements" / name)
        assert [item for item in requirements if re.split(r"[\[<>=!;~ ]", item)[0] not in locked] == []


def test_there_is_no_lock_of_another_kind() -> None:
    hidden = (".venv", ".git")
    folders = [ROOT, *(path for path in ROOT.iterdir() if path.is_dir() and path.name not in hidden)]
    assert [str(path) for folder in folders for name in FOREIGN_LOCKS for path in folder.rglob(name)] == []
