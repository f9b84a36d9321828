"""Does the small map say what a dictionary would?"""

import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.kit import compact_map
from afterword.kit.compact_map import CompactMap

TEXTS = st.sampled_from(["", "a", "b", "ä", "\0", "\ud800", "x" * 300])
ITEMS = st.lists(st.tuples(TEXTS, st.integers(0, 2**40)), max_size=20, unique_by=lambda item: item[0])


@given(ITEMS, st.lists(ITEMS, max_size=4))
def test_it_is_a_dictionary(first: list[tuple[str, int]], later: list[list[tuple[str, int]]]) -> None:
    model, small = dict(first), CompactMap(first)
    for items in later:
        model |= dict(items)
        small.update(items)
    for text in ("", "a", "b", "ä", "\0", "\ud800", "x" * 300, "c"):
        assert small.get(text) == model.get(text)


def test_what_was_added_is_merged_once_it_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compact_map, "LATEST_MAX", 10)
    small = CompactMap((f"t{n}", n) for n in range(100))
    for n in range(50, 250):
        small.update([(f"t{n}", -n)])
        assert len(small._latest) <= max(10, len(small._sorted[0]) // compact_map.LATEST_SHARE)
    assert [small.get(f"t{n}") for n in range(250)] == [n if n < 50 else -n for n in range(250)]
    assert list(small._sorted[0]) == sorted(set(small._sorted[0]))


def test_an_entry_takes_16_bytes() -> None:
    small = CompactMap((f"text number {n}", n) for n in range(10_000))
    assert sum(map(sys.getsizeof, small._sorted)) < 10_000 * 17
    assert small._latest == {}


def test_two_maps_hash_by_different_keys() -> None:
    assert CompactMap([("a", 1)])._sorted[0] != CompactMap([("a", 1)])._sorted[0]


def test_readers_find_everything_while_it_is_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the two steps of a merge nothing is missing, whichever step a reader sees."""
    monkeypatch.setattr(compact_map, "LATEST_MAX", 0)
    seen: list[int | None] = []

    class Watched(CompactMap):
        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if hasattr(self, "_latest") and hasattr(self, "_sorted"):
                seen.append(self.get("new"))

    small = Watched([("old", 1)])
    seen.clear()
    small.update([("new", random.randrange(9) + 1)])
    assert None not in seen
    assert len(seen) == 2
