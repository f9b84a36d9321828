"""Who calls, and may they?"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from afterword.domain.scope import Scope
from afterword.flows.api_tokens import ApiToken, find_api_token
from afterword.web.errors import BEARER, ErrorCode, api_error
from afterword.web.parts import parts_of

TOKEN_CHARS_MAX = 1_024


async def find_caller(request: Request, scope: Scope) -> ApiToken:
    """
    The token that a request comes with.

    Raises:
        ApiError: There is none, it is not valid, or it may not do this.
    """
    words = request.headers.get("authorization", "").split()
    if not words or words[0].lower() != "bearer" or len(words) != 2:
        raise api_error(ErrorCode.NOT_AUTHED, "Send a token in the header Authorization: Bearer …", BEARER)
    parts = parts_of(request)
    text = words[1][:TOKEN_CHARS_MAX]
    token = await run_in_threadpool(find_api_token, parts.database, parts.clock, text)
    if token is None:
        message = "This token is not valid for the Web API: `afterword token create` makes one."
        raise api_error(ErrorCode.INVALID_AUTH, message, BEARER)
    if scope not in token.scopes:
        raise api_error(ErrorCode.MISSING_SCOPE, f"This needs a token with the scope {scope.value}.")
    return token
