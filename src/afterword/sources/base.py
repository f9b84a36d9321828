"""What does every source of accounts give?"""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from afterword.domain.errors import AfterwordError
from afterword.domain.people.identity import IdentityKind, normalise
from afterword.domain.people.person import (
    HANDLES_MAX,
    KEEP,
    TEXT_CHARS_MAX,
    Keep,
    PersonRecord,
    check_text,
    is_address,
)

ACCOUNTS_PER_PAGE = 100
"""The most that GitHub and GitLab give at once."""

PAGES_MAX = 2_000
"""Pages of one list, 200,000 accounts: a list that never ends must."""


class SourceError(AfterwordError):
    """
    A source can't be read; the message says what to do, and holds no token.

    Attributes:
        retry_after_s: When the source said how long to wait.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Roll:
    """
    Whom a source names now.

    Attributes:
        people: One record for each account, each with an ``external_id`` and its user name.
        is_complete: Whether an account that is not here is not in the source.
        notes: What could not be read, and what to do; for people, without names.
    """

    people: tuple[PersonRecord, ...]
    is_complete: bool = True
    notes: tuple[str, ...] = ()


class DirectorySource(Protocol):
    """One service, and what of it is loaded."""

    @property
    def name(self) -> str:
        """As domain/people/source.py calls it."""

    @property
    def what(self) -> str:
        """What is loaded, for people: "the GitHub organisation acme"."""

    async def read(self) -> Roll:
        """
        Read all accounts.

        Raises:
            SourceError: They can't be read, or not all of them.
        """


def account_id(base_url: str, default_url: str, number: int) -> str:
    """An account's own id; with the host unless it is the public service, since each counts from 1."""
    host = urlsplit(base_url).hostname
    return str(number) if host == urlsplit(default_url).hostname else f"{host}:{number}"


def tidy_name(name: str | None) -> str | Keep:
    """A profile's name in one line; KEEP when there is none that can be shown."""
    text = " ".join((name or "").split())[:TEXT_CHARS_MAX]
    return KEEP if not text or check_text(text) else text


def addresses(*candidates: str | None) -> tuple[str, ...]:
    """Those that are addresses, each once, in their order."""
    found: dict[str, str] = {}
    for text in candidates:
        if text and len(text) <= TEXT_CHARS_MAX and text.isprintable() and is_address(text.strip()):
            found.setdefault(normalise(IdentityKind.EMAIL, text), text.strip())
    return tuple(found.values())[:HANDLES_MAX]
