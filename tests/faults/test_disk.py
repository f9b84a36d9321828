"""Does the model of a disk keep what was synced, and nothing else for sure?"""

import random
from pathlib import Path

import pytest

from tests.faults.disk import SECTOR_BYTES, Disk, Loss
from tests.faults.recording import Name, Open, Step, SyncBegin, SyncEnd, Truncate, Write

ROOT = Path("/disk")
FILE = "/disk/data/file"
OLD, NEW = b"o" * SECTOR_BYTES * 4, b"n" * SECTOR_BYTES * 4
SEEDS = range(30)
MADE: list[Step] = [Name(None, "/disk/data", is_directory=True), Open(FILE, 3, creates=True, truncates=False)]


def write(data: bytes, offset: int | None = 0) -> Write:
    return Write(FILE, data, offset, 3)


def synced(path: str) -> list[Step]:
    return [SyncBegin(path, "1"), SyncEnd(path, "1")]


DURABLE: list[Step] = [*MADE, write(OLD), *synced(FILE), *synced("/disk/data"), *synced("/disk")]


def contents(steps: list[Step], loss: Loss, directory: Path) -> set[bytes | None]:
    """What the file may hold after a power cut, over many tries; None when it is not there."""
    found = set()
    for seed in SEEDS:
        disk = Disk(ROOT)
        for step in steps:
            disk.apply(step)
        image = directory / str(seed)
        image.mkdir(parents=True)
        disk.make_image(image, loss, random.Random(seed))
        file = image / "data" / "file"
        found.add(file.read_bytes() if file.exists() else None)
    return found


@pytest.mark.parametrize("loss", Loss)
def test_what_was_synced_with_its_name_is_there(loss: Loss, tmp_path: Path) -> None:
    assert contents(DURABLE, loss, tmp_path) == {OLD}


@pytest.mark.parametrize("missing", ["/disk", "/disk/data"])
def test_a_name_is_lost_when_its_directory_was_not_synced(missing: str, tmp_path: Path) -> None:
    steps = [step for step in DURABLE if getattr(step, "path", None) != missing]
    assert contents(steps, Loss.ALL, tmp_path) == {None}
    assert contents(steps, Loss.ANY_WRITES, tmp_path / "any") == {OLD, None}


def test_what_was_not_synced_may_be_lost_or_kept(tmp_path: Path) -> None:
    steps = [*DURABLE, write(NEW)]
    assert contents(steps, Loss.ALL, tmp_path / "all") == {OLD}
    assert contents(steps, Loss.NONE, tmp_path / "none") == {NEW}
    assert contents(steps, Loss.ANY_WRITES, tmp_path / "any") == {OLD, NEW}


def test_a_write_may_be_torn_between_sectors(tmp_path: Path) -> None:
    found = contents([*DURABLE, write(NEW)], Loss.ANY_SECTORS, tmp_path)
    assert any(content is not None and b"o" in content and b"n" in content for content in found)
    for content in found:
        assert content is not None
        sectors = [content[start : start + SECTOR_BYTES] for start in range(0, len(OLD), SECTOR_BYTES)]
        assert all(len(set(sector)) == 1 for sector in sectors)


def test_a_later_write_may_be_kept_without_an_earlier_one(tmp_path: Path) -> None:
    found = contents([*DURABLE, write(b"1", 0), write(b"2", 1)], Loss.ANY_WRITES, tmp_path)
    assert {(content or b"")[:2] for content in found} == {b"oo", b"1o", b"o2", b"12"}


def test_a_sync_covers_only_what_was_written_before_it_began(tmp_path: Path) -> None:
    steps = [*DURABLE, write(b"1", 0), SyncBegin(FILE, "1"), write(b"2", 1), SyncEnd(FILE, "1")]
    assert {(content or b"")[:2] for content in contents(steps, Loss.ALL, tmp_path)} == {b"1o"}


def test_a_sync_that_did_not_end_promises_nothing(tmp_path: Path) -> None:
    assert contents([*DURABLE, write(NEW), SyncBegin(FILE, "1")], Loss.ALL, tmp_path) == {OLD}


def test_truncating_renaming_and_removing_count_once_synced(tmp_path: Path) -> None:
    cut = [*DURABLE, Truncate(FILE, 3)]
    assert contents(cut, Loss.ALL, tmp_path / "cut") == {OLD}
    assert contents([*cut, *synced(FILE)], Loss.ALL, tmp_path / "cut-synced") == {OLD[:3]}
    gone: list[Step] = [*DURABLE, Name(FILE, "/disk/data/other")]
    assert contents(gone, Loss.ALL, tmp_path / "gone") == {OLD}
    assert contents([*gone, *synced("/disk/data")], Loss.ALL, tmp_path / "gone-synced") == {None}
