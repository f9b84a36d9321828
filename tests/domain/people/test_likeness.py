"""Are the right people suggested for an unknown name, with a reason, and nobody rather than anybody?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.domain.people.likeness import (
    CANDIDATES_MAX,
    GUESSES_MAX,
    Candidate,
    PeopleByParts,
    guess,
    split_parts,
)

ADA, BOB, EVE, ZOE, JAN = 1, 2, 3, 4, 5
PEOPLE = {
    ADA: ["Ada Lovelace", "ada.l@example.com"],
    BOB: ["Bob Øster-Müller", "bob@example.com", "bobby-tables"],
    EVE: ["Eve", "evelyn.smith@example.com"],
    ZOE: ["Zoë Zhu", "zoe.zhu@example.com"],
    JAN: ["Jan van Dijk", "jan@example.com"],
}
INDEX = PeopleByParts(Candidate(person_id, texts) for person_id, texts in PEOPLE.items())


def guesses(name: str) -> list[tuple[int, str]]:
    found = guess(name, [Candidate(person_id, PEOPLE[person_id]) for person_id in INDEX.find(name)])
    return [(one.person_id, one.reason) for one in found]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Ada.Lovelace42@example.com", ("ada", "lovelace")),
        ("adaLovelace", ("ada", "lovelace")),
        ("Áda_Lovelace", ("ada", "lovelace")),
        ("Øster-Müller", ("oster", "muller")),
        ("12345", ("12345",)),
        ("@", ()),
        ("", ()),
        ("  ", ()),
    ],
)
def test_a_name_is_split_into_its_words(text: str, parts: tuple[str, ...]) -> None:
    assert split_parts(text) == parts


@pytest.mark.parametrize(
    ("name", "person_id", "reason"),
    [
        ("ada-l", ADA, "the same letters as ada.l@example.com"),
        ("adalovelace", ADA, "the same letters as Ada Lovelace"),
        ("alovelace", ADA, "short for Ada Lovelace"),
        ("lovelace-ada", ADA, "short for Ada Lovelace"),
        ("lovelacea7", ADA, "short for Ada Lovelace"),
        ("ada.lovelace@old.org", ADA, "the same letters as Ada Lovelace"),
        ("ada-lovelace-work", ADA, "shares ada and lovelace with Ada Lovelace"),
        ("adalovelase", ADA, "1 letter away from Ada Lovelace"),
        ("daalovelace", ADA, "1 letter away from Ada Lovelace"),
        ("zoezuh", ZOE, "1 letter away from Zoë Zhu"),
        ("bobby_tables", BOB, "the same letters as bobby-tables"),
        ("bobm", BOB, "short for Bob Øster-Müller"),
        ("smith", EVE, "a part of evelyn.smith@example.com"),
        ("jvd", JAN, "short for Jan van Dijk"),
    ],
)
def test_a_likely_person_is_suggested_with_the_reason(name: str, person_id: int, reason: str) -> None:
    assert guesses(name)[0] == (person_id, reason)


@pytest.mark.parametrize("name", ["octocat", "ada-x", "renovate", "x", "", "@", "42", "eva"])
def test_an_unlikely_person_is_not(name: str) -> None:
    assert guesses(name) == []


def test_the_likeliest_come_first_and_only_a_few() -> None:
    crowd = [Candidate(number, [f"Ada Lovelac{'abcdefgh'[number]}"]) for number in range(8)]
    found = guess("adalovelacc", crowd)
    assert found[0].person_id == 2
    assert len(found) == GUESSES_MAX
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_the_work_for_a_name_is_bounded_however_many_share_it() -> None:
    crowd = PeopleByParts(
        Candidate(number, ["Ada Lovelace", f"ada{number}@example.com"]) for number in range(500)
    )
    assert 0 < len(crowd.find("ada-lovelace")) <= CANDIDATES_MAX
    assert len(crowd) == 500


@pytest.mark.parametrize("name", ["p99@example.com", "p99", "P-1"])
def test_who_is_told_apart_by_numbers_is_not_mistaken(name: str) -> None:
    assert guess(name, [Candidate(1, ["Person Zero", "p0@example.com"])]) == []
    assert guess("p", [Candidate(1, ["p0@example.com"])]) != []


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=4))
def test_whatever_people_are_called_guessing_ends_well(name: str, texts: list[str]) -> None:
    index = PeopleByParts([Candidate(1, texts)])
    index.find(name)
    found = guess(name, [Candidate(1, texts)])
    assert all(0 < one.score <= 1 and one.reason for one in found)
    if name in texts and split_parts(name):
        assert index.find(name) == [1]
        assert found[0].score == 1
