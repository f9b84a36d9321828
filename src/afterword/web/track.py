"""POST /events.track, from the headers to the reply."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from functools import partial
from http import HTTPStatus

from afterword.domain.event import Event, EventError
from afterword.domain.people.identity import IdentityWarning, Resolution
from afterword.domain.token import hash_token
from afterword.flows.ingest.directory import Directory, DirectoryUnavailableError, ProjectRules
from afterword.flows.ingest.record_notices import NoticeKind, Notices
from afterword.flows.ingest.track_event import Answer, Intake, Outcome, Submission
from afterword.kit.clock import SECOND_US, Clock
from afterword.kit.histogram import Histogram
from afterword.web.errors import BEARER, CLOSE, UNAVAILABLE_RETRY_S, ApiError, ErrorCode, api_error
from afterword.web.exchange import BODY_BYTES_MAX, HEADERS_MESSAGE, Exchange
from afterword.web.known_heads import Head, KnownHeads
from afterword.web.respond import OK_BODY, Header, error_body
from afterword.web.storms import REFUSAL_HELD_S, Storms
from afterword.web.track_body import check_content, parse_form_body, parse_json_body, query_test_data

PATHS = frozenset({b"/events.track", b"/events.track/"})
IDEMPOTENCY_KEY = b"idempotency-key"
IDEMPOTENCY_KEY_CHARS_MAX = 255
TOKEN_BYTES_MAX = 1_024

LATENCY_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

OUTCOMES = (
    "accepted",
    "replayed",
    *(code.value for code in ErrorCode if code is not ErrorCode.MISSING_SCOPE),
)
"""What may become of a request, for the metrics."""

UNKNOWN_FIELD = "unknown_field"
_UNKNOWN_FIELD_MESSAGE = "An event had fields that events.track does not know."
_IMPOSSIBLE = ""
_ALLOW: Header = (b"allow", b"POST, OPTIONS")
_REPLAYED: Header = (b"idempotent-replayed", b"true")
_PREFLIGHT: list[Header] = [
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"authorization, content-type, idempotency-key"),
    (b"access-control-max-age", b"7200"),
]
_NOT_AUTHED = "Send the project's token in the header Authorization: Bearer …"
_INVALID_AUTH = "This token is not valid for events.track: check it, or make a new one."
_BODY_TOO_LARGE = f"The whole request is too large: at most {BODY_BYTES_MAX // 1024} KiB."

logger = logging.getLogger(__name__)


class Track:
    """
    Answers events.track, before any framework is asked.

    ``begin`` when the headers of a request are here, ``finish`` when its body is, too. Neither
    waits: the reply goes out by Exchange.reply, at once or after the commit.
    """

    def __init__(self, *, directory: Directory, intake: Intake, notices: Notices, clock: Clock) -> None:
        self._directory = directory
        self._intake = intake
        self._notices = notices
        self._clock = clock
        self._looks: set[asyncio.Task[None]] = set()
        self._storms = Storms()
        self._may_hold = True
        self.heads = KnownHeads()
        self.received = 0
        """Requests, for the metrics; each gets one outcome."""
        self.outcomes: Counter[str] = Counter()
        """Outcome or error code → number of requests."""
        self.seconds = Histogram(LATENCY_BOUNDS_S)
        """From the headers to the reply, without the time for which it is held."""

    def begin(self, exchange: Exchange) -> None:
        """Check the headers, in the order of the contract."""
        if exchange.is_gone:
            return
        try:
            self._begin(exchange)
        except Exception as error:  # noqa: BLE001 - whatever it was, the request gets a reply
            self._refuse(exchange, error)

    def take(self, exchange: Exchange, head: Head) -> None:
        """Do both for a request that is here as a whole, and whose head is known."""
        try:
            self._count(exchange)
            exchange.is_json = head.is_json
            self._authenticate(exchange, head.token_hash, None)
        except Exception as error:  # noqa: BLE001 - whatever it was, the request gets a reply
            self._refuse(exchange, error)

    def finish(self, exchange: Exchange) -> None:
        """Check the body, and hand the event over to be stored; unless it was refused before its end."""
        if exchange.is_decided:
            return
        try:
            self._submit(exchange)
        except Exception as error:  # noqa: BLE001 - whatever it was, the request gets a reply
            self._refuse(exchange, error)

    def refuse_huge(self, exchange: Exchange) -> None:
        """The body is longer than it may be; before the token is known that must wait."""
        if exchange.is_admitted:
            self._refuse(
                exchange, api_error(ErrorCode.METADATA_TOO_LARGE, _BODY_TOO_LARGE, CLOSE, status=413)
            )

    def refuse_broken(self, exchange: Exchange, error: ApiError) -> None:
        """The body is late, too long for any route, or no HTTP."""
        self._refuse(exchange, error)

    def hold_no_more(self) -> None:
        """From now on answer refusals at once, however many: the server ends."""
        self._may_hold = False

    def refuse_torn(self, exchange: Exchange) -> None:
        """The connection ended within the body; nobody reads the reply, but the owners may want to know."""
        if exchange.began_us:
            torn = "The connection ended within the body."
            self._refuse(exchange, api_error(ErrorCode.INVALID_REQUEST, torn, CLOSE))

    def _begin(self, exchange: Exchange) -> None:
        if exchange.method == b"OPTIONS":
            exchange.reply(204, b"", _PREFLIGHT)
            return
        self._count(exchange)
        if exchange.method != b"POST":
            raise api_error(ErrorCode.METHOD_NOT_ALLOWED, "Send a POST request.", _ALLOW)
        if exchange.is_flood:
            raise api_error(ErrorCode.HEADERS_TOO_LARGE, HEADERS_MESSAGE, CLOSE)
        headers = _Headers(exchange.headers)
        if int(headers.find(b"content-length") or 0) > BODY_BYTES_MAX:
            raise api_error(ErrorCode.METADATA_TOO_LARGE, _BODY_TOO_LARGE, CLOSE, status=413)
        token_hash = hash_token(_bearer_token(headers))
        exchange.head = _plain_head(exchange, headers, token_hash)
        self._authenticate(exchange, token_hash, headers)

    def _count(self, exchange: Exchange) -> None:
        self.received += 1
        exchange.began_us = self._clock.steady_us()

    def _authenticate(self, exchange: Exchange, token_hash: bytes, headers: "_Headers | None") -> None:
        """Go on with a good token; ``headers`` is None when they are known to be in order."""
        grant = self._directory.good_grant(token_hash, self._clock.now_us())
        if grant is not None:
            self._admit(exchange, headers, grant.project_id)
            return
        look = asyncio.get_running_loop().create_task(self._look_up(exchange, headers, token_hash))
        self._looks.add(look)
        look.add_done_callback(self._looks.discard)

    async def _look_up(self, exchange: Exchange, headers: "_Headers | None", token_hash: bytes) -> None:
        """Look a token up that is not known yet: all bad ones come this way."""
        try:
            grant = await self._directory.find_token(token_hash, self._clock.now_us())
            if grant is None:
                raise api_error(ErrorCode.INVALID_AUTH, _INVALID_AUTH, BEARER)
            if not exchange.is_decided:
                self._admit(exchange, headers, grant.project_id)
        except Exception as error:  # noqa: BLE001 - whatever it was, the request gets a reply
            self._refuse(exchange, error)

    def _admit(self, exchange: Exchange, headers: "_Headers | None", project_id: int) -> None:
        exchange.project_id = project_id
        if headers is not None:
            exchange.is_json = check_content(headers.find(b"content-type"), headers.find(b"content-encoding"))
            exchange.idempotency_key = _idempotency_key(headers)
        exchange.is_admitted = True
        if len(exchange.body) > BODY_BYTES_MAX:
            self.refuse_huge(exchange)
        elif exchange.is_whole:
            self._submit(exchange)
        elif headers is not None and (headers.find(b"expect") or b"").lower() == b"100-continue":
            exchange.send_continue()

    def _submit(self, exchange: Exchange) -> None:
        project_id = exchange.project_id
        rules = self._directory.snapshot.projects[project_id]
        event, has_unknown = self._parse(exchange, rules)
        who = self._directory.resolve(event, project_id)
        names = rules.listened_by_tests if event.is_test else rules.listened
        kept = event.without_person() if who.is_erased else event
        submission = Submission(project_id, rules.limits, kept, who.person_id, kept.name in names)
        if exchange.idempotency_key is not None:
            key, digest = exchange.idempotency_key, event.digest()
            # Both may tell who it was: of an erased person they are kept so that only their retry fits them.
            key, digest = self._directory.conceal(key, digest) if who.is_erased else (key, digest)
            submission.idempotency_key, submission.arguments_hash = key, digest
        self._intake.take(submission, partial(self._settle, exchange, who, has_unknown))

    def _parse(self, exchange: Exchange, rules: ProjectRules) -> tuple[Event, bool]:
        body, now_us, bytes_max = bytes(exchange.body), self._clock.now_us(), rules.metadata_bytes
        if not exchange.is_json:
            return parse_form_body(body, now_us=now_us, metadata_bytes_max=bytes_max)
        test_data = query_test_data(exchange.query) if exchange.query else None
        return parse_json_body(body, default_test_data=test_data, now_us=now_us, metadata_bytes_max=bytes_max)

    def _settle(self, exchange: Exchange, who: Resolution, has_unknown: bool, answer: Answer) -> None:
        """The intake says what became of the event."""
        match answer.outcome:
            case Outcome.ACCEPTED:
                self._count_outcome(exchange, "accepted")
                exchange.reply(200, OK_BODY)
                # Only now: what was limited is not in the project's data, and a storm writes nothing.
                self._warn(exchange.project_id, who.warnings, has_unknown=has_unknown)
                self._notices.allow_flush()
            case Outcome.REPLAYED:
                self._count_outcome(exchange, "replayed")
                exchange.reply(200, OK_BODY, [_REPLAYED])
            case _:
                self._refuse(exchange, _refusal(answer))

    def _warn(self, project_id: int, warnings: Iterable[IdentityWarning], *, has_unknown: bool) -> None:
        for warning in warnings:
            self._notices.record(project_id, NoticeKind.WARNING, warning.value, warning.message)
        if has_unknown:
            self._notices.record(project_id, NoticeKind.WARNING, UNKNOWN_FIELD, _UNKNOWN_FIELD_MESSAGE)

    def _refuse(self, exchange: Exchange, error: Exception) -> None:
        if exchange.is_decided:
            return
        refusal = self._as_refusal(exchange, error)
        code, body = refusal.code, error_body(refusal.code, refusal.message)
        now_us = self._count_outcome(exchange, code)
        if exchange.project_id:
            is_limit = code is ErrorCode.TOO_MANY_REQUESTS
            self._notices.record(
                exchange.project_id, NoticeKind.REFUSED, code, refusal.message, urgent=not is_limit
            )
            # What fails on our side is no storm of theirs.
            is_theirs = refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR
            if is_theirs and self._storms.add(exchange.project_id, now_us) and self._may_hold:
                exchange.hold(REFUSAL_HELD_S, refusal.status, body, refusal.headers)
                return
        exchange.reply(refusal.status, body, refusal.headers)

    def _count_outcome(self, exchange: Exchange, outcome: str) -> int:
        """Count what became of a request; returns the steady time at which that was known."""
        now_us = self._clock.steady_us()
        self.outcomes[outcome] += 1
        self.seconds.observe((now_us - exchange.began_us) / SECOND_US)
        return now_us

    def _as_refusal(self, exchange: Exchange, error: Exception) -> ApiError:
        if isinstance(error, ApiError):
            return error
        if isinstance(error, EventError):
            return api_error(ErrorCode(error.code), error.message)
        if isinstance(error, DirectoryUnavailableError):
            return _unavailable()
        logger.error("request %s failed", exchange.request_id.decode(), exc_info=error)
        return _failed()


class _Headers:
    """A request's headers by name, in lower case; of a repeated one the last."""

    __slots__ = ("_found", "_headers")

    def __init__(self, headers: list[Header]) -> None:
        self._found = dict(headers)
        self._headers = headers

    def find(self, name: bytes) -> bytes | None:
        """The value of a header."""
        return self._found.get(name)

    def is_repeated(self, name: bytes) -> bool:
        """Whether a header is there more than once."""
        if len(self._found) == len(self._headers):
            return False
        return sum(other == name for other, _ in self._headers) > 1


def _plain_head(exchange: Exchange, headers: _Headers, token_hash: bytes) -> Head | None:
    """What may be remembered: a head that is in order, and says nothing that is for this request only."""
    length = headers.find(b"content-length")
    if length is None or headers.find(IDEMPOTENCY_KEY) is not None or headers.find(b"expect") is not None:
        return None
    try:
        is_json = check_content(headers.find(b"content-type"), headers.find(b"content-encoding"))
    except ApiError:
        return None
    return Head(token_hash, is_json, exchange.query, exchange.keep_alive, int(length))


def _refusal(answer: Answer) -> ApiError:
    match answer.outcome:
        case Outcome.KEY_REUSED:
            message = "This Idempotency-Key was used with other arguments: use a new one for each event."
            return api_error(ErrorCode.INVALID_ARGUMENTS, message)
        case Outcome.LIMITED:
            retry = (b"retry-after", b"%d" % answer.retry_after_s)
            message = "The project sent too many events: wait as long as Retry-After says, in seconds."
            return api_error(ErrorCode.TOO_MANY_REQUESTS, message, retry)
        case Outcome.UNAVAILABLE:
            return _unavailable()
        case _:
            return _failed()


def _failed() -> ApiError:
    message = "Something went wrong on our side; the log has more under this X-Request-Id."
    return api_error(ErrorCode.INTERNAL_ERROR, message)


def _bearer_token(headers: _Headers) -> str:
    """The token, or one that can't exist for what is none: it is looked up and refused as any other."""
    if headers.is_repeated(b"authorization"):
        return _IMPOSSIBLE
    words = (headers.find(b"authorization") or b"").split()
    if not words:
        raise api_error(ErrorCode.NOT_AUTHED, _NOT_AUTHED, BEARER)
    if words[0].lower() != b"bearer":
        return _IMPOSSIBLE
    if len(words) == 1:
        raise api_error(ErrorCode.NOT_AUTHED, _NOT_AUTHED, BEARER)
    if len(words) > 2 or len(words[1]) > TOKEN_BYTES_MAX:
        return _IMPOSSIBLE
    return words[1].decode("ascii", "surrogateescape")


def _unavailable() -> ApiError:
    retry = (b"retry-after", b"%d" % UNAVAILABLE_RETRY_S)
    message = "The event could not be stored now: send it again later."
    return api_error(ErrorCode.SERVICE_UNAVAILABLE, message, retry)


def _idempotency_key(headers: _Headers) -> str | None:
    value = headers.find(IDEMPOTENCY_KEY)
    if value is None:
        return None
    key = value.decode("latin-1")
    if (
        headers.is_repeated(IDEMPOTENCY_KEY)
        or not 1 <= len(key) <= IDEMPOTENCY_KEY_CHARS_MAX
        or not (key.isascii() and key.isprintable())
    ):
        message = f"Idempotency-Key must be 1 to {IDEMPOTENCY_KEY_CHARS_MAX} printable ASCII characters."
        raise api_error(ErrorCode.INVALID_ARGUMENTS, message)
    return key
