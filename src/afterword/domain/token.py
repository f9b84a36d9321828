"""What does a token look like, and how is it kept?"""

import hashlib
import zlib

PREFIX = "awp_"
"""Of a project's token, which can do nothing but events.track."""

API_PREFIX = "awo_"
"""Of an organisation's token for the Web API."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_CHARS = 32
CHECKSUM_CHARS = 6
TOKEN_CHARS = len(PREFIX) + RANDOM_CHARS + CHECKSUM_CHARS
HINT_CHARS = 4


def format_token(random_chars: str, prefix: str = PREFIX) -> str:
    """
    Make a token out of RANDOM_CHARS random characters of ALPHABET (190 bits).

    The prefix lets secret scanners find a leaked token, and the checksum lets
    them tell it from other text without asking us.
    """
    body = prefix + random_chars
    return body + _checksum(body)


def is_well_formed(token: str) -> bool:
    """Tell whether prefix, length and checksum fit; says nothing about whether it is known."""
    return (
        len(token) == TOKEN_CHARS
        and token.isascii()
        and token.startswith(PREFIX)
        and token[-CHECKSUM_CHARS:] == _checksum(token[:-CHECKSUM_CHARS])
    )


def hash_token(token: str) -> bytes:
    """
    Digest a secret for storage, 32 bytes.

    A plain SHA-256 is enough because our secrets are random, not chosen by
    people: see docs/decisions/0004-token-hashing.md.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def hint(token: str) -> str:
    """The end of a token, by which its owner recognises it in a list."""
    return "…" + token[-HINT_CHARS:]


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode("ascii"))
    digits = ""
    for _ in range(CHECKSUM_CHARS):
        number, rest = divmod(number, len(ALPHABET))
        digits = ALPHABET[rest] + digits
    return digits
