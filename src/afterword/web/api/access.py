"""Who calls, and may they, now?"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from afterword.domain.scope import Scope
from afterword.flows.api_tokens import ApiToken, find_api_token
from afterword.web.errors import BEARER, ErrorCode, api_error
from afterword.web.parts import parts_of

TOKEN_CHARS_MAX = 1_024

_IMPOSSIBLE = ""
_TOO_MANY = "Too many calls: wait as long as Retry-After says, in seconds."


async def find_caller(request: Request, scope: Scope) -> ApiToken:
    """
    The token that a request comes with; counts the request.

    Raises:
        ApiError: There is none, it is not valid, it may not do this, or it was too often.
    """
    text = _bearer_token(request)
    parts = parts_of(request)
    token = await run_in_threadpool(find_api_token, parts.database, parts.clock, text)
    if token is None:
        message = (
            "This token is not valid here: `afterword token create` makes one with the scope that is needed."
        )
        raise api_error(ErrorCode.INVALID_AUTH, message, BEARER)
    if scope not in token.scopes:
        raise api_error(ErrorCode.MISSING_SCOPE, f"This needs a token with the scope {scope.value}.")
    state = request.app.state
    limit = state.scim_limit if scope is Scope.SCIM else state.call_limit
    if wait_s := limit.take():
        raise api_error(ErrorCode.TOO_MANY_REQUESTS, _TOO_MANY, (b"retry-after", b"%d" % wait_s))
    return token


def _bearer_token(request: Request) -> str:
    """The token, or one that can't exist for what is none: it is looked up and refused as any other."""
    given = request.headers.getlist("authorization")
    words = given[0].split() if given else []
    is_bearer = bool(words) and words[0].lower() == "bearer"
    if len(given) > 1 or (words and not is_bearer):
        return _IMPOSSIBLE
    if len(words) < 2:
        raise api_error(ErrorCode.NOT_AUTHED, "Send a token in the header Authorization: Bearer …", BEARER)
    return words[1] if len(words) == 2 and len(words[1]) <= TOKEN_CHARS_MAX else _IMPOSSIBLE
