"""Where do unguessable names come from?"""

import secrets


def random_chars(alphabet: str, count: int) -> str:
    """Draw characters from the system's secure random source."""
    return "".join(secrets.choice(alphabet) for _ in range(count))


def random_secret() -> str:
    """A URL-safe secret of 256 bits."""
    return secrets.token_urlsafe(32)
