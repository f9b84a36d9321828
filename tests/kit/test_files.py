"""Are new names synced, each in the directory that holds it?"""

import stat
from pathlib import Path

import pytest

from afterword.kit import files
from afterword.kit.files import make_directory


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The directories that were synced."""
    paths: list[Path] = []
    monkeypatch.setattr(files, "fsync_directory", paths.append)
    return paths


def test_each_new_name_is_synced_in_the_directory_above_it(tmp_path: Path, synced: list[Path]) -> None:
    assert make_directory(tmp_path / "one" / "two", mode=0o700)
    assert stat.S_IMODE((tmp_path / "one" / "two").stat().st_mode) == 0o700
    assert synced[-2:] == [tmp_path, tmp_path / "one"]


def test_one_that_is_there_is_synced_again_for_an_earlier_start_may_have_been_killed(
    tmp_path: Path, synced: list[Path]
) -> None:
    assert not make_directory(tmp_path)
    assert synced == [tmp_path.parent]


def test_a_directory_above_that_may_not_be_listed_is_somebody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(files, "fsync_directory", refuse)
    assert not make_directory(tmp_path)


def test_a_directory_that_can_not_be_synced_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(files, "fsync_directory", fail)
    with pytest.raises(OSError, match="Input/output"):
        make_directory(tmp_path / "new")
