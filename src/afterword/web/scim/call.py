"""How does a request of an identity provider come in, and its reply go out?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from afterword.domain.scim.schema import ERROR, ScimError, ScimType, invalid
from afterword.domain.scope import Scope
from afterword.flows.provisioning.scim_users import Provider
from afterword.web.api.access import find_caller
from afterword.web.errors import ApiError
from afterword.web.parts import parts_of
from afterword.web.respond import next_request_id

BODY_BYTES_MAX = 256 * 1024
"""Of one request: some thousand members of a group."""

MEDIA_TYPE = "application/scim+json"
_MEDIA_TYPES = (MEDIA_TYPE, "application/json", "")


@dataclass(frozen=True, slots=True)
class Call:
    """
    One request, as far as its endpoint needs to know.

    Attributes:
        id: What the path names behind the endpoint; "" when nothing.
        body: The JSON of the body; None for GET and DELETE.
    """

    provider: Provider
    base_url: str
    id: str
    query: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply: without a document it has no body."""

    document: Any = None
    status: int = 200
    location: str | None = None


Endpoint = Callable[[Call], Answer]


def endpoint(answer: Endpoint) -> Callable[[Request], Any]:
    """Make a route's endpoint of what answers a call; it runs in a thread, for it waits for the database."""

    async def serve(request: Request) -> Response:
        try:
            await find_caller(request, Scope.SCIM)
            body = await _read_body(request) if request.method in ("POST", "PUT", "PATCH") else None
            parts = parts_of(request)
            call = Call(
                provider=Provider(parts.database, parts.clock, parts.tombstones),
                base_url=parts.settings.public_url,
                id=request.path_params.get("id", ""),
                query=request.query_params,
                body=body,
            )
            return render(await run_in_threadpool(answer, call))
        except ApiError as error:
            headers = {name.decode(): value.decode() for name, value in error.headers}
            return render_error(error.status, error.message, headers=headers)
        except ScimError as error:
            return render_error(error.status, str(error), error.scim_type)

    return serve


async def _read_body(request: Request) -> Any:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _MEDIA_TYPES:
        raise ScimError(415, f"the body is not of the type {MEDIA_TYPE}")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                raise ScimError(413, f"the body is larger than {BODY_BYTES_MAX // 1024} KiB")
    except ClientDisconnect:
        raise invalid(ScimType.INVALID_SYNTAX, "the connection ended before the body did") from None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise invalid(ScimType.INVALID_SYNTAX, "the body is not JSON in UTF-8") from None


def render(answer: Answer) -> Response:
    """A reply that is no error."""
    headers = {"Location": answer.location} if answer.location else {}
    body = b"" if answer.document is None else msgspec.json.encode(answer.document)
    return _reply(answer.status, body, headers)


def render_error(
    status: int,
    detail: str,
    scim_type: ScimType | None = None,
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An error as RFC 7644, 3.12 wants it."""
    document = {"schemas": [ERROR], "status": str(status), "detail": detail}
    if scim_type is not None:
        document["scimType"] = scim_type.value
    return _reply(status, msgspec.json.encode(document), headers or {})


def _reply(status: int, body: bytes, headers: Mapping[str, str]) -> Response:
    common = {"Cache-Control": "no-store", "X-Request-Id": next_request_id().decode()}
    reply = Response(body, status, {**headers, **common})
    if body:
        reply.headers["Content-Type"] = MEDIA_TYPE
    return reply
