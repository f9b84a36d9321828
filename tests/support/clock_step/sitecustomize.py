"""
What if the machine's clock is stepped? Put this folder on a process's import path to find out.

Python imports ``sitecustomize`` at its start. From then on the wall clock of that process is
off by the whole seconds in the file that TESTS_CLOCK_STEP_FILE names; a missing file is no step.
The steady clocks go on untouched, as they do on a real machine.
"""

import os
import time
from pathlib import Path

SECOND_NS = 1_000_000_000
_file = Path(os.environ.get("TESTS_CLOCK_STEP_FILE", os.devnull))
_real_time, _real_time_ns = time.time, time.time_ns


def _step_s() -> int:
    try:
        return int(_file.read_text() or "0")
    except FileNotFoundError:
        return 0


def _stepped_time() -> float:
    return _real_time() + _step_s()


def _stepped_time_ns() -> int:
    return _real_time_ns() + _step_s() * SECOND_NS


time.time = _stepped_time
time.time_ns = _stepped_time_ns
