"""How does the name of a new file or directory survive a power cut?"""

import os
from contextlib import suppress
from pathlib import Path


def fsync_directory(path: Path) -> None:
    """Make the names in a directory durable; syncing a file makes only its content so."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path, mode: int = 0o777) -> bool:
    """
    Make a directory and what is missing above it, all durable.

    What is there is synced, too: an earlier start may have been cut short in between.

    Returns:
        True when it was not there.
    """
    is_new = not path.is_dir()
    if is_new:
        make_directory(path.parent)
        path.mkdir(mode=mode, exist_ok=True)
    with suppress(PermissionError):
        # A directory that we may not list was made by somebody else.
        fsync_directory(path.parent)
    return is_new
