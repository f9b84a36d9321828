"""Whom could a name mean that nobody in the directory has?"""

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

GUESSES_MAX = 3
"""People who are suggested for one name: with more, nobody reads the reasons."""

CANDIDATES_PER_KEY_MAX = 20
"""People with one key that are looked at: half a big company has an Anna."""

CANDIDATES_MAX = 60
"""People that are looked at for one name."""

TEXT_CHARS_MAX = 64
"""Letters that are compared; nobody's name is longer, and comparing costs their square."""

COMPARED_CHARS_MIN = 5
"""Of shorter names each letter counts: eva is not eve."""

SHORT_END, LONG_END = 4, 6
"""A wrong letter leaves the beginning or the end of a name whole; by so much of it people are found."""

_PLACE_BITS = 24
_HASH_MASK = (1 << 40) - 1
_PARTS = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PLAIN = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person, and the texts that they are known by: name, addresses, user names."""

    person_id: int
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Guess:
    """Whom a name may mean, how sure that is (0 to 1), and why."""

    person_id: int
    score: float
    reason: str


def split_parts(text: str) -> tuple[str, ...]:
    """
    The words of a name without case, accents and digits; of an address only what is before the ``@``.

    ``Ada.Lovelace42@example.com``, ``adaLovelace`` and ``Áda Lovelace`` have the same.
    """
    local = text.partition("@")[0] or text[1:]
    if not local.isascii():
        marked = unicodedata.normalize("NFKD", local)
        local = "".join(letter for letter in marked if not unicodedata.combining(letter))
    words = _CAMEL.sub(" ", local[:TEXT_CHARS_MAX]).lower().translate(_PLAIN)
    return tuple(_PARTS.findall(words)) or ((words.strip(),) if words.strip() else ())


def list_keys(parts: Sequence[str]) -> list[str]:
    """By what people are found who may be meant by a name of these parts; the surest first."""
    whole = "".join(parts)
    keys = [whole, *_short_forms(parts)]
    for size in (SHORT_END, LONG_END):
        # A letter more or less must not change by what a name is found: in between both count.
        if size < len(whole) and (size == LONG_END or len(whole) <= LONG_END + 2):
            keys += [f"^{whole[:size]}", f"{whole[-size:]}$"]
    return list(dict.fromkeys([*keys, *(part for part in parts if len(part) > 2)]))


def _short_forms(parts: Sequence[str]) -> list[str]:
    """What people make of their names: adal, alovelace, lovelacea, lovelaceada, al."""
    if len(parts) < 2:
        return []
    first, last = parts[0], parts[-1]
    return [
        first + last,
        first + last[0],
        first[0] + last,
        last + first,
        last + first[0],
        "".join(part[0] for part in parts),
    ]


class PeopleByParts:
    """Finds people by the keys of their texts: 8 bytes a key, about a megabyte for 10,000 people."""

    def __init__(self, people: Iterable[Candidate]) -> None:
        self._ids = array("q")
        entries: list[int] = []
        for person in people:
            place = len(self._ids)
            self._ids.append(person.person_id)
            keys = {key for parts in set(map(split_parts, person.texts)) for key in list_keys(parts)}
            entries += [_hash(key) << _PLACE_BITS | place for key in keys]
        entries.sort()
        self._entries = array("Q", entries)

    def __len__(self) -> int:
        """How many people there are."""
        return len(self._ids)

    def find(self, name: str) -> list[int]:
        """Ids of at most CANDIDATES_MAX people whom a name may mean."""
        found: dict[int, None] = {}
        for key in list_keys(split_parts(name)):
            at = bisect_left(self._entries, _hash(key) << _PLACE_BITS)
            for entry in self._entries[at : at + CANDIDATES_PER_KEY_MAX]:
                if entry >> _PLACE_BITS != _hash(key) or len(found) >= CANDIDATES_MAX:
                    break
                found[self._ids[entry & (1 << _PLACE_BITS) - 1]] = None
        return list(found)


def _hash(key: str) -> int:
    return hash(key) & _HASH_MASK


def guess(name: str, candidates: Iterable[Candidate]) -> list[Guess]:
    """The people whom a name most likely means, the likeliest first; none is better than a bad one."""
    parts, digits = split_parts(name), _digits(name)
    best: list[Guess] = []
    for person in candidates:
        found = [one for text in person.texts if (one := _compare(parts, text, digits)) is not None]
        if found:
            # Of equal ones the first: the name and the main address come before other texts.
            score, reason = max(found, key=lambda one: one[0])
            best.append(Guess(person.person_id, score, reason))
    return sorted(best, key=lambda one: (-one.score, one.person_id))[:GUESSES_MAX]


def _digits(text: str) -> str:
    """The digits of a name; of an address only those before the ``@``."""
    return "".join(letter for letter in text.partition("@")[0] if letter.isdecimal())


def _compare(parts: Sequence[str], text: str, digits: str) -> tuple[float, str] | None:
    others = split_parts(text)
    if not parts or not others:
        return None
    if digits and (other_digits := _digits(text)) and digits != other_digits:
        # Where people are told apart by numbers, p99 is not p0, however alike they look without.
        return None
    whole, other = "".join(parts), "".join(others)
    if whole == other:
        return 1.0, f"the same letters as {text}"
    if len(whole) > 2 and whole in _short_forms(others):
        return 0.9, f"short for {text}"
    if len(other) > 2 and other in _short_forms(parts):
        return 0.9, f"{text} is short for it"
    shared = [part for part in dict.fromkeys(parts) if part in others and len(part) > 1]
    if len(shared) > 1:
        return 0.85, f"shares {' and '.join(shared)} with {text}"
    allowed = 2 if len(whole) >= 8 else 1 if len(whole) >= COMPARED_CHARS_MIN else 0
    if allowed and (away := _distance(whole, other, allowed)) <= allowed:
        return 0.9 - away / 10, f"{away} letter{'' if away == 1 else 's'} away from {text}"
    if shared and len(parts) == 1:
        return 0.5, f"a part of {text}"
    return None


def _distance(one: str, other: str, most: int) -> int:
    """Letters to add, drop, change or swap with their neighbour; anything over ``most`` is one more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, its in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != its))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == its:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
