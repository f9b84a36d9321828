"""How do hundreds of thousands of texts and their numbers fit into a few megabytes?"""

import os
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from hashlib import blake2b

HASH_BYTES = 8
"""Two of a million texts are mistaken for each other once in 30 million maps."""

LATEST_SHARE = 8
"""What was added since the arrays were sorted is merged into them when it is over an eighth of them."""

LATEST_MAX = 1_000
"""So many additions wait in any case."""


class CompactMap:
    """
    Text → number, 16 bytes an entry, for maps that are built once and change a little.

    It keeps hashes in place of texts, keyed anew for each map, so that nobody can choose two texts
    that collide. One thread changes it while others read.
    """

    def __init__(self, items: Iterable[tuple[str, int]] = ()) -> None:
        self._key = os.urandom(16)
        self._latest: dict[int, int] = {}
        self._sorted = array("Q"), array("q")
        hashes, numbers = array("Q"), array("q")
        for text, number in items:
            hashes.append(self._hash(text))
            numbers.append(number)
        order = sorted(range(len(hashes)), key=hashes.__getitem__)
        self._sorted = (
            array("Q", (hashes[place] for place in order)),
            array("q", (numbers[place] for place in order)),
        )

    def __len__(self) -> int:
        """Entries; one that was set anew since the last merge counts twice."""
        return len(self._sorted[0]) + len(self._latest)

    def get(self, text: str) -> int | None:
        """The number of a text; None when it is not there."""
        wanted = self._hash(text)
        if (number := self._latest.get(wanted)) is not None:
            return number
        # After it: a merge puts the new arrays in place before it empties what it took.
        hashes, numbers = self._sorted
        place = bisect_left(hashes, wanted)
        return numbers[place] if place < len(hashes) and hashes[place] == wanted else None

    def update(self, items: Iterable[tuple[str, int]]) -> None:
        """Add texts, or give them other numbers."""
        for text, number in items:
            self._latest[self._hash(text)] = number
        if len(self._latest) > max(LATEST_MAX, len(self._sorted[0]) // LATEST_SHARE):
            self._merge()

    def _merge(self) -> None:
        latest = self._latest
        kept = [(found, number) for found, number in zip(*self._sorted, strict=True) if found not in latest]
        merged = sorted([*kept, *latest.items()])
        self._sorted = array("Q", (one for one, _ in merged)), array("q", (number for _, number in merged))
        self._latest = {}

    def _hash(self, text: str) -> int:
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES, key=self._key)
        return int.from_bytes(digest.digest(), "big")
