"""How does a command end when it is told to?"""

import signal
import sys
from types import FrameType


def end_on_sigterm() -> None:
    """Let SIGTERM end the command as Ctrl-C does, so that nothing half-written is left behind."""
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
