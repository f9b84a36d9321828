"""Where does an installation keep what it keeps?"""

from dataclasses import dataclass
from pathlib import Path

from afterword.kit.files import make_directory

DIRECTORY_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Places:
    """The data directory and what is in it; the database only on SQLite."""

    data: Path
    database: Path
    signing_key: Path
    mailbox: Path

    @property
    def restore_mark(self) -> Path:
        """Is there while a restore is at work, or was cut short."""
        return self.data / "restore.unfinished"


def make_data_directory(path: Path) -> None:
    """Make it when it is not there, for its owner only; its name survives a power cut."""
    if make_directory(path, mode=DIRECTORY_MODE):
        # Made inside a checkout, the data must not end up in it.
        (path / ".gitignore").write_text("*\n")
