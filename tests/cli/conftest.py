"""Fixtures: a fresh installation for each test."""

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.installation import Installation

DATA = "data"


@pytest.fixture(scope="session")
def empty_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with an up-to-date schema and nothing in it."""
    made = Installation(tmp_path_factory.mktemp("empty"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFTERWORD_DATA", str(made.folder / DATA))
        made.ok("migrate")
    return made.folder / DATA


@pytest.fixture(scope="session")
def lively_data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data directory with a project, two people and a live survey; and the project's token."""
    made = Installation(tmp_path_factory.mktemp("lively"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFTERWORD_DATA", str(made.folder / DATA))
        token = made.set_up()
    return made.folder / DATA, token


@pytest.fixture
def home(tmp_path: Path, empty_data: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An empty installation, named by the environment and by nothing else."""
    return _copy(empty_data, tmp_path, monkeypatch)


@pytest.fixture
def lively(tmp_path: Path, lively_data: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation with a project, two people and a live survey."""
    data, token = lively_data
    return _copy(data, tmp_path, monkeypatch, token)


def _copy(data: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, token: str = "") -> Installation:
    for variable in os.environ:
        if variable.startswith("AFTERWORD_"):
            monkeypatch.delenv(variable)
    shutil.copytree(data, folder / DATA)
    monkeypatch.setenv("AFTERWORD_DATA", str(folder / DATA))
    return Installation(folder, token)
