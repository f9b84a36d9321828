"""Are the vendored files the ones that were published, and is each one's origin and licence written down?"""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import pytest

VENDOR = Path(__file__).resolve().parents[2] / "src" / "afterword" / "web" / "static" / "vendor"
LIBRARIES: list[dict[str, Any]] = tomllib.loads((VENDOR / "VENDORED.toml").read_text())["library"]
CHECKSUMS = {name: checksum for library in LIBRARIES for name, checksum in library["sha256"].items()}


@pytest.mark.parametrize("name", sorted(CHECKSUMS))
def test_a_vendored_file_is_unchanged(name: str) -> None:
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == CHECKSUMS[name]


def test_every_vendored_file_is_written_down() -> None:
    present = {path.name for path in VENDOR.iterdir()} - {"VENDORED.toml"}
    assert present == set(CHECKSUMS)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library["name"])
def test_every_vendored_library_has_version_origin_and_licence(library: dict[str, Any]) -> None:
    assert all(library[key] for key in ("name", "version", "origin", "licence"))
    assert any(name.endswith(".LICENSE.txt") for name in library["sha256"])
