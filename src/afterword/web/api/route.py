"""How is a call of any method answered, from the headers to the reply?"""

import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from afterword.domain.errors import AfterwordError
from afterword.domain.method_error import MethodError
from afterword.flows.ingest.check_store import StoreError, is_unavailable, log_failure
from afterword.web.api.access import find_caller
from afterword.web.api.arguments import check_length, read_arguments
from afterword.web.api.method import Method
from afterword.web.errors import RETRY_AFTER, ApiError, ErrorCode, api_error
from afterword.web.parts import parts_of
from afterword.web.respond import error_body, json_headers, next_request_id

PATH_BEGINNINGS = ("/users.", "/platformx.", "/decisions.")
"""Of all methods: below them no reply is a page."""

_UNAVAILABLE = "This can't be done now: send it again later."
_FAILED = "Something went wrong on our side; the log has more under this X-Request-Id."

logger = logging.getLogger(__name__)


def make_routes(methods: Sequence[Method], end: str = "") -> list[Route]:
    """The routes of methods, with something behind each path."""
    return [Route(f"/{one.name}{end}", _endpoint(one), methods=[one.verb]) for one in methods]


def _endpoint(method: Method) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        request_id = next_request_id()
        try:
            return _reply(200, request_id, await _call(method, request))
        except Exception as error:  # noqa: BLE001 - whatever it was, the request gets a reply
            refusal = _as_refusal(request, request_id, error)
        body = error_body(refusal.code, refusal.message)
        return _reply(refusal.status, request_id, body, refusal.headers)

    # For the test that walks all routes: which right does this one ask for?
    answer.scope = method.scope  # type: ignore[attr-defined]
    return answer


async def _call(method: Method, request: Request) -> bytes:
    """Ask in the order of events.track: length, token, limit, content type, body, arguments."""
    check_length(request)
    await find_caller(request, method.scope)
    arguments = await read_arguments(request, method.arguments)
    reply = await run_in_threadpool(method.run, parts_of(request), arguments)
    return msgspec.json.encode(reply)


def _as_refusal(request: Request, request_id: bytes, error: Exception) -> ApiError:
    if isinstance(error, ApiError):
        return error
    if isinstance(error, MethodError):
        return api_error(error.code, str(error))
    if isinstance(error, AfterwordError):
        return api_error(ErrorCode.INVALID_ARGUMENTS, f"{error}.")
    if isinstance(error, StoreError) and is_unavailable(error):
        log_failure(logger, parts_of(request).database, "can't answer a method of the Web API", error)
        return api_error(ErrorCode.SERVICE_UNAVAILABLE, _UNAVAILABLE, RETRY_AFTER)
    logger.error("request %s failed", request_id.decode(), exc_info=error)
    return api_error(ErrorCode.INTERNAL_ERROR, _FAILED)


def _reply(status: int, request_id: bytes, body: bytes, more: Sequence[tuple[bytes, bytes]] = ()) -> Response:
    headers = {name.decode(): value.decode() for name, value in [*json_headers(request_id, body), *more]}
    return Response(body, status_code=status, headers=headers)
