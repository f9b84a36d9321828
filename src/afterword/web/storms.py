"""Are so many requests of a project refused that the replies must wait, so that others are served?"""

from afterword.kit.clock import SECOND_US

REFUSALS_S_MAX = 200
"""Refusals of one project in one second that are answered at once: 400 times what it may send by default,
and about a hundredth of a core."""

REFUSAL_HELD_S = 0.1
"""How long the reply to each further one is held: whoever waits for it sends ten a second on a connection.
No client gives up so soon, and the server's end is hardly delayed."""


class Storms:
    """Counts the refusals of each project in the current second; those of the one before are forgotten."""

    def __init__(self) -> None:
        self._second = 0
        self._refusals: dict[int, int] = {}

    def add(self, project_id: int, now_us: int) -> bool:
        """
        Count one more refusal.

        Args:
            now_us: By a clock that does not step.

        Returns:
            True when it is one too many in its second.
        """
        second = now_us // SECOND_US
        if second != self._second:
            self._second = second
            self._refusals.clear()
        count = self._refusals[project_id] = self._refusals.get(project_id, 0) + 1
        return count > REFUSALS_S_MAX
