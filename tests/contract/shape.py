"""What must every reply of the contract look like?"""

import json
from typing import Any
from urllib.parse import parse_qsl

from tests.support.http import Reply

STATUSES = {
    "invalid_request": 400,
    "not_authed": 401,
    "invalid_auth": 401,
    "missing_scope": 403,
    "unknown_method": 404,
    "method_not_allowed": 405,
    "request_timeout": 408,
    "invalid_arguments": 422,
    "invalid_form_data": 422,
    "metadata_too_large": 422,
    "too_many_requests": 429,
    "headers_too_large": 431,
    "internal_error": 500,
    "service_unavailable": 503,
}
BODY_TOO_LARGE = 413
ECHO_CHARS_MIN = 6
"""Shorter values (``true``, ``1``, ``null``) may stand in a message by chance."""


def assert_reply_shape(reply: Reply, sent: bytes = b"") -> None:
    """
    Check what holds for every reply, whatever the request was.

    Args:
        sent: The body of the request; none of its values may appear in the message.
    """
    assert not 300 <= reply.status < 400, f"a redirect: {reply}"
    assert reply.header("X-Request-Id"), f"no request id: {reply}"
    assert reply.header("Cache-Control") == "no-store", reply
    assert reply.header("Access-Control-Allow-Origin") == "*", reply
    content_type = reply.header("Content-Type") or ""
    assert content_type.split(";")[0].strip() == "application/json", reply
    answer = reply.json()
    assert isinstance(answer, dict), reply
    assert isinstance(answer.get("ok"), bool), reply
    if answer["ok"]:
        assert reply.status == 200, reply
        assert answer == {"ok": True}, reply
    else:
        assert_error_shape(reply, answer, sent)


def assert_error_shape(reply: Reply, answer: dict[str, Any], sent: bytes) -> None:
    """Check an error: never 2xx, a code of the table with its status, a message that echoes nothing."""
    code, message = answer.get("error"), answer.get("message")
    assert isinstance(code, str), reply
    assert isinstance(message, str), reply
    assert message.strip(), reply
    is_large_body = code == "metadata_too_large" and reply.status == BODY_TOO_LARGE
    assert is_large_body or reply.status == STATUSES.get(code), reply
    echoed = [value for value in values_in(sent) if value in message]
    assert not echoed, f"the message repeats what was sent: {echoed} in {message!r}"


def values_in(body: bytes) -> list[str]:
    """List the texts and numbers of a JSON or form body that are long enough to recognise."""
    text = body.decode("utf-8", "replace")
    try:
        found = _leaves(json.loads(text))
    except (ValueError, RecursionError):
        found = [value for _, value in parse_qsl(text)]
    return [value for value in found if len(value) >= ECHO_CHARS_MIN]


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value if isinstance(value, str) else json.dumps(value)]


def assert_accepted(reply: Reply, sent: bytes = b"") -> None:
    """Check a 200 with its whole body."""
    assert_reply_shape(reply, sent)
    assert (reply.status, reply.json()) == (200, {"ok": True}), reply


def assert_refused(reply: Reply, status: int, error: str, *says: str, sent: bytes = b"") -> None:
    """
    Check a refusal: the exact status and code, and words its message must contain.

    Args:
        says: Words that must be in the message, in any case.
        sent: The body of the request.
    """
    assert_reply_shape(reply, sent)
    answer = reply.json()
    assert (reply.status, answer.get("error")) == (status, error), reply
    for word in says:
        assert word.lower() in answer["message"].lower(), f"{word!r} is not in {answer['message']!r}"


def assert_limited(reply: Reply) -> int:
    """Check a 429; the whole seconds it says to wait."""
    assert_refused(reply, 429, "too_many_requests")
    wait = reply.header("Retry-After") or ""
    assert wait.isascii(), reply
    assert wait.isdigit(), reply
    return int(wait)


def assert_unavailable(reply: Reply) -> None:
    """Check a 503 with its fixed waiting time."""
    assert_refused(reply, 503, "service_unavailable")
    assert reply.header("Retry-After") == "5", reply
