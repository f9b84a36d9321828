"""Is a mistyped token noticed, and a stored one of no use to a thief?"""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.domain.token import (
    ALPHABET,
    RANDOM_CHARS,
    TOKEN_CHARS,
    format_token,
    hash_token,
    hint,
    is_well_formed,
)

TOKEN = format_token("Ab1" * 10 + "zZ")
randoms = st.text(ALPHABET, min_size=RANDOM_CHARS, max_size=RANDOM_CHARS)


@given(randoms)
@settings(max_examples=100)
def test_a_made_token_is_well_formed(random_chars: str) -> None:
    token = format_token(random_chars)
    assert is_well_formed(token)
    assert token.startswith("awp_" + random_chars)
    assert len(token) == TOKEN_CHARS == 42
    assert set(token.removeprefix("awp_")) <= set(ALPHABET)


def test_a_token_stays_the_same_for_ever() -> None:
    """Tokens in use must stay valid whatever changes here."""
    assert format_token("0" * 32) == "awp_000000000000000000000000000000001JVkBo"
    assert is_well_formed("awp_000000000000000000000000000000001JVkBo")


@pytest.mark.parametrize("position", range(TOKEN_CHARS))
def test_every_change_of_one_character_is_noticed(position: int) -> None:
    for other in ALPHABET + "_-. é\x00":
        if other != TOKEN[position]:
            assert not is_well_formed(TOKEN[:position] + other + TOKEN[position + 1 :])


@given(randoms, st.integers(0, TOKEN_CHARS - 1), st.sampled_from(ALPHABET))
@settings(max_examples=100)
def test_so_it_is_in_every_token(random_chars: str, position: int, other: str) -> None:
    token = format_token(random_chars)
    changed = token[:position] + other + token[position + 1 :]
    assert is_well_formed(changed) is (changed == token)


@pytest.mark.parametrize("position", range(TOKEN_CHARS - 1))
def test_two_swapped_neighbours_are_noticed(position: int) -> None:
    swapped = TOKEN[:position] + TOKEN[position + 1] + TOKEN[position] + TOKEN[position + 2 :]
    assert is_well_formed(swapped) is (swapped == TOKEN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "awp_",
        TOKEN[:-1],
        TOKEN + "0",
        " " + TOKEN,
        TOKEN + "\n",
        TOKEN.upper(),
        TOKEN.removeprefix("awp_"),
        "awx_" + TOKEN[4:],
        "x" * TOKEN_CHARS,
        "x" * 10_000,
        TOKEN[:-1] + "\ud800",
        "😀" * TOKEN_CHARS,
    ],
    ids=range(13),
)
def test_anything_else_is_not_well_formed(text: str) -> None:
    assert not is_well_formed(text)


def test_the_hash_is_sha256_of_the_text() -> None:
    assert hash_token(TOKEN) == hashlib.sha256(TOKEN.encode()).digest()
    assert len(hash_token("")) == 32


@given(st.binary(max_size=50))
@settings(max_examples=50)
def test_whatever_bytes_a_header_held_can_be_hashed(sent: bytes) -> None:
    assert hash_token(sent.decode("utf-8", "surrogateescape")) == hashlib.sha256(sent).digest()


def test_the_hint_shows_four_characters_and_no_more() -> None:
    assert hint(TOKEN) == "…" + TOKEN[-4:]
