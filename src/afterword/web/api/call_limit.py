"""May another call of the Web API, or of SCIM, come in now?"""

from collections import deque

from afterword.domain.rate_limit import MINUTE_US, retry_after_s
from afterword.kit.clock import Clock

CALLS_PER_MINUTE = 1_000
"""Of the Web API by all tokens together, to one server: the limit of the original for an account."""

SCIM_CALLS_PER_MINUTE = 3_000
"""Of SCIM: twice the 25 a second that Entra wants a server to take."""


class CallLimit:
    """
    Counts the calls of the last 60 s, exactly, in the memory of one server.

    Only the event loop uses it, so it needs no lock.
    """

    def __init__(self, clock: Clock, calls_per_minute: int) -> None:
        self._clock = clock
        self._calls_per_minute = calls_per_minute
        self._taken_us: deque[int] = deque(maxlen=calls_per_minute)

    def take(self) -> int:
        """Count one more call and return 0; or the whole seconds until it may come again."""
        now_us = self._clock.steady_us()
        if len(self._taken_us) == self._calls_per_minute:
            free_at_us = self._taken_us[0] + MINUTE_US
            if free_at_us > now_us:
                return retry_after_s(free_at_us, now_us)
        self._taken_us.append(now_us)
        return 0
