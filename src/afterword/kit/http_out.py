"""How do we ask another server over HTTP, without trusting it?"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx2

from afterword.kit.hosts import is_loopback

REQUEST_S_MAX = 30.0
"""For a whole request: a server that drips byte by byte never exceeds a timeout of single reads."""

CONNECT_S_MAX = 10.0
"""For the connection alone: whoever gives up before it stands knows that nothing was asked."""

RESPONSE_BYTES_MAX = 5_000_000
"""Of one reply; a hundred accounts of a directory are about a fiftieth of it."""

_DEFAULT_PORTS = {"https": 443, "http": 80}


class OutboundError(Exception):
    """
    A request got no usable answer; the text names the host and neither path nor headers.

    Attributes:
        is_temporary: Trying again may help.
        may_have_arrived: The other side may have done what it was asked.
    """

    def __init__(self, message: str, *, is_temporary: bool, may_have_arrived: bool = False) -> None:
        super().__init__(message)
        self.is_temporary = is_temporary
        self.may_have_arrived = may_have_arrived


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outbound:
    """
    Asks one server. Redirects are not followed and no other server is asked, so a token stays with its own.

    A context manager.

    Args:
        base_url: Whose scheme, host and port all requests have.
        headers: Sent with each request; secrets belong into headers and nowhere else.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        request_s_max: float = REQUEST_S_MAX,
        response_bytes_max: int = RESPONSE_BYTES_MAX,
    ) -> None:
        self._origin = _origin(base_url)
        self.host = urlsplit(base_url).hostname or ""
        self._request_s_max = request_s_max
        self._response_bytes_max = response_bytes_max
        self._client = httpx2.AsyncClient(
            # Compressed replies could grow without bound while one piece is unpacked.
            headers={**headers, "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(request_s_max, connect=min(CONNECT_S_MAX, request_s_max / 2)),
            follow_redirects=False,
            # The proxy of the environment is for what lies outside.
            trust_env=not is_loopback(self.host),
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def ask(
        self, method: str, url: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """
        Send one request and read the whole reply.

        Args:
            body: Sent as JSON; None sends nothing.
            headers: Of this request only, where a secret does not hold for all.

        Raises:
            OutboundError: There is no reply, or none that we take.
        """
        if _origin(url) != self._origin:
            raise OutboundError(f"{self.host} refers to another server", is_temporary=False)
        # Errors are raised without their cause: a library's text may repeat a header, and so the token.
        try:
            async with (
                asyncio.timeout(self._request_s_max),
                self._client.stream(method, url, json=body, headers=headers) as response,
            ):
                content = await self._read(response)
                return Reply(response.status_code, dict(response.headers.items()), content)
        except (httpx2.ConnectTimeout, httpx2.ConnectError) as error:
            raise self._unconnected(error) from None
        except (TimeoutError, httpx2.TimeoutException):
            text = f"{self.host} did not answer within {self._request_s_max:g} s"
            raise OutboundError(text, is_temporary=True, may_have_arrived=True) from None
        except httpx2.LocalProtocolError:
            raise OutboundError(
                "the token has characters that HTTP can't carry", is_temporary=False
            ) from None
        except httpx2.HTTPError:
            text = f"{self.host} broke off"
            raise OutboundError(text, is_temporary=True, may_have_arrived=True) from None

    def _unconnected(self, error: Exception) -> OutboundError:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            text = f"{self.host} has a certificate that this machine does not trust"
            return OutboundError(text, is_temporary=False)
        return OutboundError(f"{self.host} takes no connection", is_temporary=True)

    async def _read(self, response: httpx2.Response) -> bytes:
        if response.headers.get("content-encoding", "identity") != "identity":
            text = f"{self.host} sent a compressed reply unasked"
            raise OutboundError(text, is_temporary=False, may_have_arrived=True)
        content = bytearray()
        async for piece in response.aiter_raw():
            content += piece
            if len(content) > self._response_bytes_max:
                text = f"{self.host} sent more than {self._response_bytes_max} bytes in one reply"
                raise OutboundError(text, is_temporary=False, may_have_arrived=True)
        return bytes(content)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
