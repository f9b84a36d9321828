"""How does long work say how far it is?"""

from collections.abc import Callable

OnProgress = Callable[[str, int, int], None]
"""Called as (what is being done, how much of it is done, of how much)."""


def untold(what: str, done: int, of: int) -> None:
    """For work that nobody watches."""
