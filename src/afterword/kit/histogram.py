"""How are many numbers told in few, as Prometheus wants them?"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate


class Histogram:
    """
    Counts numbers by size; one thread may observe, any may look.

    Prometheus' own client takes a lock and a loop over the bounds for each number, which is more
    than an event may cost.

    Attributes:
        total: The sum of all numbers.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one number."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    @property
    def count(self) -> int:
        """How many numbers there were."""
        return sum(self._counts)

    def buckets(self) -> list[tuple[str, float]]:
        """(bound, how many numbers are at most that), from the smallest bound to ``+Inf``."""
        bounds = [*(f"{bound:g}" for bound in self._bounds), "+Inf"]
        return list(zip(bounds, map(float, accumulate(self._counts)), strict=True))
