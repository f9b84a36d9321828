"""Why does the store take nothing now, and what must the operator do?"""

import logging
import threading
from collections.abc import Callable
from enum import StrEnum

logger = logging.getLogger(__name__)


class Trouble(StrEnum):
    """What is wrong; the values are codes of ``/readyz``."""

    DISK_FULL = "disk_full"
    READ_ONLY = "database_read_only"
    DAMAGED = "database_damaged"
    DISK_FAILED = "disk_failed"

    @property
    def is_final(self) -> bool:
        """True when this process must write nothing more, because it can't know what is on the disk."""
        return self in (Trouble.DAMAGED, Trouble.DISK_FAILED)


ADVICE = {
    Trouble.DISK_FULL: "make space on its disk",
    Trouble.READ_ONLY: "let it be written again",
    Trouble.DAMAGED: "stop the server and restore a backup",
    Trouble.DISK_FAILED: "look at the disk, then start again: what was acknowledged is recovered",
}
"""What the operator must do."""

_EFFECT = {
    Trouble.DISK_FULL: "nothing is taken until then, without a restart after it; pages stay readable",
    Trouble.READ_ONLY: "nothing is taken until then; pages stay readable",
    Trouble.DAMAGED: "nothing more is taken; pages stay readable where they can",
    Trouble.DISK_FAILED: "nothing more is acknowledged, for what is on the disk can't be known",
}


class TroubleError(Exception):
    """Nothing is written any more: an earlier failure was final."""


class Health:
    """
    Remembers what the last transactions met; a final trouble stays.

    Attributes:
        trouble: What is wrong, or None.
        on_disk_failed: Called once, in any thread, when this process must end.
    """

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        self.on_disk_failed: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def check_writable(self) -> None:
        """
        Raises:
            TroubleError: There was a final failure before.
        """
        if self.trouble is not None and self.trouble.is_final:
            raise TroubleError(self.trouble)

    def enter(self, trouble: Trouble, cause: object) -> None:
        """Say what is wrong, once and not with each of a thousand requests."""
        with self._lock:
            if self.trouble is trouble or (self.trouble is not None and self.trouble.is_final):
                return
            self.trouble = trouble
        logger.error("%s (%s): %s; %s", trouble, cause, ADVICE[trouble], _EFFECT[trouble])
        if trouble is Trouble.DISK_FAILED:
            self.on_disk_failed()

    def leave(self) -> None:
        """A transaction was committed."""
        with self._lock:
            if self.trouble is None or self.trouble.is_final:
                return
            ended, self.trouble = self.trouble, None
        logger.warning("the database takes writes again: %s is over", ended)
