"""POST /events.track, from the first byte to the reply."""

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import Iterable

from afterword.domain.event import Event, EventError
from afterword.domain.identity import IdentityWarning, name_handles, resolve
from afterword.domain.token import hash_token
from afterword.flows.directory import Directory, DirectoryUnavailableError, ProjectRules
from afterword.flows.record_notices import NoticeKind, Notices
from afterword.flows.track_event import Answer, Intake, Outcome, Submission
from afterword.kit.clock import Clock
from afterword.web.errors import BEARER, CLOSE, UNAVAILABLE_RETRY_S, ApiError, ErrorCode, api_error
from afterword.web.protocol import HEADERS_MESSAGE, header_overflow
from afterword.web.respond import (
    OK_BODY,
    Header,
    Receive,
    Scope,
    Send,
    error_body,
    json_headers,
    next_request_id,
    send_reply,
)
from afterword.web.track_body import check_content, parse_form_body, parse_json_body, query_test_data

PATHS = frozenset({"/events.track", "/events.track/"})
BODY_BYTES_MAX = 64 * 1024
BODY_TIMEOUT_S = 15.0
IDEMPOTENCY_KEY_CHARS_MAX = 255
TOKEN_BYTES_MAX = 1_024

UNKNOWN_FIELD = "unknown_field"
_UNKNOWN_FIELD_MESSAGE = "An event had fields that events.track does not know."
_IMPOSSIBLE = ""
_ALLOW: Header = (b"allow", b"POST, OPTIONS")
_REPLAYED: Header = (b"idempotent-replayed", b"true")
_PREFLIGHT: list[Header] = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"authorization, content-type, idempotency-key"),
    (b"access-control-max-age", b"7200"),
    (b"cache-control", b"no-store"),
]
_NOT_AUTHED = "Send the project's token in the header Authorization: Bearer …"
_INVALID_AUTH = "This token is not valid for events.track: check it, or make a new one."
_BODY_TOO_LARGE = f"The whole request is too large: at most {BODY_BYTES_MAX // 1024} KiB."

logger = logging.getLogger(__name__)


class Track:
    """The bare ASGI callable that answers events.track before any framework is asked."""

    def __init__(self, *, directory: Directory, intake: Intake, notices: Notices, clock: Clock) -> None:
        self._directory = directory
        self._intake = intake
        self._notices = notices
        self._clock = clock
        self.outcomes: Counter[str] = Counter()
        """Outcome or error code → number of requests, for the metrics."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request_id = next_request_id()
        if scope["method"] == "OPTIONS":
            await send_reply(send, 204, [*_PREFLIGHT, (b"x-request-id", request_id)], b"")
            return
        try:
            headers = await self._track(scope, receive)
        except ApiError as error:
            await self._refuse(send, request_id, error)
        except Exception:
            logger.exception("request %s failed", request_id.decode())
            message = "Something went wrong on our side; the log has more under this X-Request-Id."
            await self._refuse(send, request_id, api_error(ErrorCode.INTERNAL_ERROR, message))
        else:
            await send_reply(send, 200, json_headers(request_id, OK_BODY, headers), OK_BODY)

    async def _track(self, scope: Scope, receive: Receive) -> list[Header]:
        """The checks in the order of the contract; returns the reply's further headers."""
        if scope["method"] != "POST":
            raise api_error(ErrorCode.METHOD_NOT_ALLOWED, "Send a POST request.", _ALLOW)
        if header_overflow(scope):
            raise api_error(ErrorCode.HEADERS_TOO_LARGE, HEADERS_MESSAGE, CLOSE)
        headers = _Headers(scope["headers"])
        if headers.content_length > BODY_BYTES_MAX:
            raise api_error(ErrorCode.METADATA_TOO_LARGE, _BODY_TOO_LARGE, CLOSE, status=413)
        project_id = await self._authenticate(headers)
        try:
            return await self._accept(scope, receive, headers, project_id)
        except ApiError as error:
            storm = error.code is ErrorCode.TOO_MANY_REQUESTS
            self._notices.record(project_id, NoticeKind.REFUSED, error.code, error.message, urgent=not storm)
            raise

    async def _accept(
        self, scope: Scope, receive: Receive, headers: "_Headers", project_id: int
    ) -> list[Header]:
        is_json = check_content(headers.content_type, headers.content_encoding)
        key = _idempotency_key(headers.idempotency_keys)
        body = await _read_body(receive)
        rules = self._directory.snapshot.projects[project_id]
        event, has_unknown = self._parse(body, scope["query_string"], rules, is_json=is_json)
        handles = name_handles(
            email=event.email,
            github_username=event.github_username,
            gitlab_username=event.gitlab_username,
        )
        who = resolve(handles, self._directory.snapshot.people)
        names = rules.listened_by_tests if event.is_test else rules.listened
        submission = Submission(project_id, rules.limits, event, who.person_id, event.name in names)
        if key is not None:
            submission.idempotency_key = key
            submission.arguments_hash = hashlib.sha256(repr(event).encode()).digest()
        answer = await self._intake.submit(submission)
        if answer.outcome is Outcome.ACCEPTED:
            # Only now: what was limited or replayed is not in the project's data, and a storm writes nothing.
            self._warn(project_id, who.warnings, has_unknown=has_unknown)
            self._notices.allow_flush()
        return self._reply_headers(answer)

    async def _authenticate(self, headers: "_Headers") -> int:
        token_hash = hash_token(_bearer_token(headers.authorizations))
        try:
            grant = await self._directory.find_token(token_hash, self._clock.now_us())
        except DirectoryUnavailableError:
            raise _unavailable() from None
        if grant is None:
            raise api_error(ErrorCode.INVALID_AUTH, _INVALID_AUTH, BEARER)
        return grant.project_id

    def _parse(self, body: bytes, query: bytes, rules: ProjectRules, *, is_json: bool) -> tuple[Event, bool]:
        limits = {"now_us": self._clock.now_us(), "metadata_bytes_max": rules.metadata_bytes}
        try:
            if is_json:
                return parse_json_body(body, default_test_data=query_test_data(query), **limits)
            return parse_form_body(body, **limits)
        except EventError as error:
            raise api_error(ErrorCode(error.code), error.message) from None

    def _warn(self, project_id: int, warnings: Iterable[IdentityWarning], *, has_unknown: bool) -> None:
        for warning in warnings:
            self._notices.record(project_id, NoticeKind.WARNING, warning.value, warning.message)
        if has_unknown:
            self._notices.record(project_id, NoticeKind.WARNING, UNKNOWN_FIELD, _UNKNOWN_FIELD_MESSAGE)

    def _reply_headers(self, answer: Answer) -> list[Header]:
        match answer.outcome:
            case Outcome.ACCEPTED:
                self.outcomes["accepted"] += 1
                return []
            case Outcome.REPLAYED:
                self.outcomes["replayed"] += 1
                return [_REPLAYED]
            case Outcome.KEY_REUSED:
                message = "This Idempotency-Key was used with other arguments: use a new one for each event."
                raise api_error(ErrorCode.INVALID_ARGUMENTS, message)
            case Outcome.LIMITED:
                retry = (b"retry-after", b"%d" % answer.retry_after_s)
                message = "The project sent too many events: wait as long as Retry-After says, in seconds."
                raise api_error(ErrorCode.TOO_MANY_REQUESTS, message, retry)
            case Outcome.UNAVAILABLE:
                raise _unavailable()

    async def _refuse(self, send: Send, request_id: bytes, error: ApiError) -> None:
        self.outcomes[error.code] += 1
        body = error_body(error.code, error.message)
        await send_reply(send, error.status, json_headers(request_id, body, error.headers), body)


class _Headers:
    """The few headers that events.track looks at."""

    __slots__ = ("authorizations", "content_encoding", "content_length", "content_type", "idempotency_keys")

    def __init__(self, headers: list[Header]) -> None:
        self.authorizations: list[bytes] = []
        self.idempotency_keys: list[bytes] = []
        self.content_type: bytes | None = None
        self.content_encoding: bytes | None = None
        self.content_length = 0
        for name, value in headers:
            if name == b"authorization":
                self.authorizations.append(value)
            elif name == b"content-type":
                self.content_type = value
            elif name == b"content-length":
                self.content_length = int(value)
            elif name == b"content-encoding":
                self.content_encoding = value
            elif name == b"idempotency-key":
                self.idempotency_keys.append(value)


def _bearer_token(authorizations: list[bytes]) -> str:
    """The token, or one that can't exist for what is none: it is looked up and refused as any other."""
    if not authorizations or not authorizations[0].strip():
        raise api_error(ErrorCode.NOT_AUTHED, _NOT_AUTHED, BEARER)
    if len(authorizations) > 1:
        return _IMPOSSIBLE
    scheme, *rest = authorizations[0].split()
    if scheme.lower() == b"bearer" and not rest:
        raise api_error(ErrorCode.NOT_AUTHED, _NOT_AUTHED, BEARER)
    if scheme.lower() != b"bearer" or len(rest) != 1 or len(rest[0]) > TOKEN_BYTES_MAX:
        return _IMPOSSIBLE
    return rest[0].decode("ascii", "surrogateescape")


def _unavailable() -> ApiError:
    retry = (b"retry-after", b"%d" % UNAVAILABLE_RETRY_S)
    message = "The event could not be stored now: send it again later."
    return api_error(ErrorCode.SERVICE_UNAVAILABLE, message, retry)


def _idempotency_key(values: list[bytes]) -> str | None:
    if not values:
        return None
    key = values[0].decode("latin-1")
    if (
        len(values) > 1
        or not 1 <= len(key) <= IDEMPOTENCY_KEY_CHARS_MAX
        or not (key.isascii() and key.isprintable())
    ):
        message = f"Idempotency-Key must be 1 to {IDEMPOTENCY_KEY_CHARS_MAX} printable ASCII characters."
        raise api_error(ErrorCode.INVALID_ARGUMENTS, message)
    return key


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise api_error(ErrorCode.INVALID_REQUEST, "The connection ended within the body.", CLOSE)
                body += message.get("body", b"")
                if len(body) > BODY_BYTES_MAX:
                    raise api_error(ErrorCode.METADATA_TOO_LARGE, _BODY_TOO_LARGE, CLOSE, status=413)
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        late = f"The body did not arrive within {BODY_TIMEOUT_S:.0f} seconds."
        raise api_error(ErrorCode.REQUEST_TIMEOUT, late, CLOSE) from None
