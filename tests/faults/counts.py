"""How often is each fault tried, and how often was it?"""

import os
from collections import Counter
from typing import TypeVar

T = TypeVar("T")

LONG = os.environ.get("FAULTS") == "long"
"""`make faults` sets it; the usual test run tries each fault only a few times."""

tried: Counter[str] = Counter()
"""What was tried → how often, for the summary at the end of the run."""


def rounds(short: T, long: T) -> T:
    """How often to try a fault in this run."""
    return long if LONG else short


def note(what: str, times: int = 1) -> None:
    """Count what was tried; it appears at the end of the run."""
    tried[what] += times


def summary() -> list[str]:
    """One line for each kind of fault."""
    width = max(map(len, tried), default=0)
    return [f"{what.ljust(width)}  {times:>7,}" for what, times in sorted(tried.items())]
