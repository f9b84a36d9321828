"""Which error gets which answer? The one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from afterword.domain.method_error import MethodErrorCode


class ErrorCode(StrEnum):
    """Every ``error`` that any API reply can hold; methods have more, see MethodErrorCode. Never renamed."""

    INVALID_ARGUMENTS = "invalid_arguments"
    INVALID_FORM_DATA = "invalid_form_data"
    METADATA_TOO_LARGE = "metadata_too_large"
    TOO_MANY_REQUESTS = "too_many_requests"
    NOT_AUTHED = "not_authed"
    INVALID_AUTH = "invalid_auth"
    MISSING_SCOPE = "missing_scope"
    UNKNOWN_METHOD = "unknown_method"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    INVALID_REQUEST = "invalid_request"
    HEADERS_TOO_LARGE = "headers_too_large"
    REQUEST_TIMEOUT = "request_timeout"
    SERVICE_UNAVAILABLE = "service_unavailable"
    INTERNAL_ERROR = "internal_error"


STATUS: dict[ErrorCode | MethodErrorCode, int] = {
    ErrorCode.INVALID_ARGUMENTS: 422,
    ErrorCode.INVALID_FORM_DATA: 422,
    ErrorCode.METADATA_TOO_LARGE: 422,
    ErrorCode.TOO_MANY_REQUESTS: 429,
    ErrorCode.NOT_AUTHED: 401,
    ErrorCode.INVALID_AUTH: 401,
    ErrorCode.MISSING_SCOPE: 403,
    ErrorCode.UNKNOWN_METHOD: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.INVALID_REQUEST: 400,
    ErrorCode.HEADERS_TOO_LARGE: 431,
    ErrorCode.REQUEST_TIMEOUT: 408,
    ErrorCode.SERVICE_UNAVAILABLE: 503,
    ErrorCode.INTERNAL_ERROR: 500,
    **dict.fromkeys(MethodErrorCode, 422),
}
"""The status of each code; a body that is too large as a whole is METADATA_TOO_LARGE with 413."""

UNAVAILABLE_RETRY_S = 5
RETRY_AFTER = (b"retry-after", b"%d" % UNAVAILABLE_RETRY_S)
"""With every 503."""

CLOSE = (b"connection", b"close")
BEARER = (b"www-authenticate", b"Bearer")


@dataclass(slots=True, eq=False)
class ApiError(Exception):
    """
    A reply that is not 200. Made anew for each: one that is raised again grows its traceback for ever.

    Attributes:
        message: For people; one of our sentences, never holds a value that was sent.
    """

    code: ErrorCode | MethodErrorCode
    message: str
    status: int
    headers: Sequence[tuple[bytes, bytes]] = ()


def api_error(
    code: ErrorCode | MethodErrorCode,
    message: str,
    *headers: tuple[bytes, bytes],
    status: int | None = None,
) -> ApiError:
    """Make an ApiError with the status of its code."""
    return ApiError(code, message, status or STATUS[code], headers)
