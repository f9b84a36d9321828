"""When is a service asked again, and what do its refusals mean?"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec

from afterword.kit.clock import SECOND_US, Clock, to_datetime, to_us
from afterword.kit.http_out import Outbound, OutboundError, Reply
from afterword.sources.base import SourceError

TRIES_MAX = 5
"""Of one request, when the service fails or asks to wait."""

FAILED_WAIT_S = 1.0
"""After the first failure; doubled from try to try."""

LIMITED_WAIT_S = 60.0
"""At a limit that does not say how long, the least that GitHub asks for; doubled from try to try."""

WAIT_S_MAX = 300.0
"""For the longest single wait; what takes longer is left to the next load."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wording:
    """
    How a service and what belongs to it are called in messages.

    Attributes:
        service: "GitHub".
        token: The variable that holds the token.
        url: The variable that holds the address.
        missing: What to say when there is no such organisation or group.
        forbidden: What to say when the token may not read it.
        unauthorised: What to say when the token is none; None for the usual words.
    """

    service: str
    token: str
    url: str
    missing: str
    forbidden: str
    unauthorised: str | None = None


class Caller:
    """
    Asks one service, waits where that helps, and says what is wrong where it does not.

    Args:
        is_limited: Finds a limit in a reply with status 200.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        outbound: Outbound,
        clock: Clock,
        wording: Wording,
        *,
        is_limited: Callable[[Reply], bool] = lambda reply: False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._outbound = outbound
        self._clock = clock
        self._wording = wording
        self._is_limited = is_limited
        self._sleep = sleep

    def now_us(self) -> int:
        """The time."""
        return self._clock.now_us()

    async def ask(
        self, method: str, url: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """
        Send a request until there is an answer that is neither a failure nor "later".

        Raises:
            SourceError: There is none.
        """
        for attempt in range(TRIES_MAX):
            wait_s, why = FAILED_WAIT_S * 2**attempt, ""
            try:
                reply = await self._outbound.ask(method, url, body, headers=headers)
            except OutboundError as error:
                why = f"{self._wording.service} at {error}: check {self._wording.url}"
                if not error.is_temporary:
                    raise SourceError(f"{why} and {self._wording.token}") from None
                why = f"{why} and the network between"
            else:
                limited_s = self._limited_s(reply, attempt)
                if limited_s is not None:
                    wait_s, why = limited_s, f"{self._wording.service} limits how often it may be asked"
                elif reply.status < 500:
                    return reply
                else:
                    wait_s = min(max(wait_s, self._asked_s(reply) or 0.0), WAIT_S_MAX)
                    why = f"{self._wording.service} answers {reply.status}: look at its status page"
            if wait_s > WAIT_S_MAX or attempt == TRIES_MAX - 1:
                until = to_datetime(self._clock.now_us() + round(wait_s * SECOND_US))
                # Of a short wait nothing is said: the next load comes later, and is shown beside this.
                wait = f"; it may be asked again after {until:%H:%M} UTC" if wait_s > WAIT_S_MAX else ""
                raise SourceError(f"{why}{wait}", retry_after_s=wait_s)
            await self._sleep(wait_s)
        raise AssertionError("the last try returns or raises")

    def _limited_s(self, reply: Reply, attempt: int) -> float | None:
        """How long to wait before asking again; None when no limit was met."""
        is_refused = reply.status in (403, 429)
        if not is_refused and not (reply.status == 200 and self._is_limited(reply)):
            return None
        if (asked_s := self._asked_s(reply)) is not None:
            return asked_s
        for prefix in ("x-ratelimit", "ratelimit"):
            reset = reply.headers.get(f"{prefix}-reset", "")
            if reply.headers.get(f"{prefix}-remaining") == "0" and reset.isdecimal():
                return max(1.0, int(reset[:12]) - self._clock.now_us() / SECOND_US)
        if reply.status == 403 and b"rate limit" not in reply.body.lower():
            return None
        return min(LIMITED_WAIT_S * 2.0**attempt, WAIT_S_MAX)

    def _asked_s(self, reply: Reply) -> float | None:
        """What Retry-After says, in seconds or as a date."""
        text = reply.headers.get("retry-after", "")
        if text.isdecimal():
            return max(1.0, float(text[:12]))
        try:
            until_us = to_us(parsedate_to_datetime(text))
        except (TypeError, ValueError):
            return None
        return max(1.0, (until_us - self._clock.now_us()) / SECOND_US)

    def check(self, reply: Reply) -> None:
        """
        Take a reply with status 200 only.

        Raises:
            SourceError: Saying what to do about any other.
        """
        wording = self._wording
        if reply.status == 200:
            return
        if 300 <= reply.status < 400:
            raise SourceError(
                f"{wording.service} redirects to another address, which is not followed: "
                f"set {wording.url} to the final one"
            )
        if reply.status == 401:
            raise SourceError(
                wording.unauthorised
                or f"{wording.service} does not take the token: make a new one, and set {wording.token} to it"
            )
        if reply.status == 403:
            raise SourceError(wording.forbidden)
        if reply.status == 404:
            raise SourceError(wording.missing)
        raise SourceError(f"{wording.service} answers {reply.status}: check {wording.url}")

    def decode(self, reply: Reply, shape: type[T]) -> T:
        """
        Read a reply's JSON.

        Raises:
            SourceError: It has another shape.
        """
        try:
            return msgspec.json.decode(reply.body, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            # Names a type and a place, never a value.
            what = str(error) if isinstance(error, msgspec.ValidationError) else "it is no JSON"
            raise SourceError(
                f"{self._wording.service} answers something else than its API does ({what}): "
                f"check {self._wording.url}"
            ) from None
