"""Are random names of the promised length and letters, and never the same twice?"""

import string

import pytest

from afterword.kit.ids import random_chars, random_secret


@pytest.mark.parametrize("count", [0, 1, 32])
def test_random_characters_come_from_the_alphabet(count: int) -> None:
    drawn = random_chars("abc", count)
    assert len(drawn) == count
    assert set(drawn) <= set("abc")


def test_every_character_of_the_alphabet_is_drawn() -> None:
    assert set(random_chars("abc", 500)) == set("abc")


def test_two_draws_differ() -> None:
    assert len({random_chars(string.ascii_letters, 32) for _ in range(200)}) == 200
    assert len({random_secret() for _ in range(200)}) == 200


def test_a_secret_fits_into_a_url_and_holds_256_bits() -> None:
    secret = random_secret()
    assert set(secret) <= set(string.ascii_letters + string.digits + "-_")
    assert len(secret) == 43  # 32 bytes in base64 without padding
