"""What did the caller put into the body of events.track?"""

import re
from contextlib import suppress
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Meta, Struct

from afterword.domain.event import (
    IDENTITY_CHARS_MAX,
    JSON_DEPTH_MAX,
    NAME_CHARS_MAX,
    Event,
    EventError,
    EventErrorCode,
    MissingArgumentError,
    TooDeepError,
    load_json,
    parse_event,
)
from afterword.web.errors import ErrorCode, api_error

FORM_FIELDS_MAX = 100
CONTENT_TYPES_KEPT = 256
"""Spellings of Content-Type whose meaning is remembered; a client sends always the same."""

ARGUMENTS = ("name", "timestamp", "email", "github_username", "gitlab_username", "metadata", "test_data")

_BOM = b"\xef\xbb\xbf"
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_METADATA_KEY = re.compile(r"metadata((?:\[[^\[\]]*\])+)")


def _handle(description: str, example: str) -> Meta:
    # For the description of the API only: the parser's own refusal would not say what to do.
    return Meta(
        description=description, examples=[example], extra_json_schema={"maxLength": IDENTITY_CHARS_MAX}
    )


class TrackArguments(Struct, forbid_unknown_fields=True):
    """
    The arguments of events.track, as the usual JSON client sends them.

    What does not fit this type is read once more by the liberal rules of the
    contract before it is refused.
    """

    name: Annotated[
        str,
        Meta(
            description="Name of the event: 1 to 255 characters after trimming.",
            examples=["build.finished"],
            extra_json_schema={"minLength": 1, "maxLength": NAME_CHARS_MAX},
        ),
    ]
    timestamp: Annotated[
        str | int,
        Meta(
            description="When it occurred: Unix time in seconds, digits with up to 9 decimals.",
            examples=["1680723287"],
            extra_json_schema={"pattern": r"^[1-9][0-9]{0,9}(\.[0-9]{1,9})?$", "minimum": 1},
        ),
    ]
    email: Annotated[str | None, _handle("Who did it; one of the three is required.", "a@example.com")] = None
    github_username: Annotated[str | None, _handle("Who did it, by GitHub name.", "anasouza")] = None
    gitlab_username: Annotated[str | None, _handle("Who did it, by GitLab name.", "ana.souza")] = None
    metadata: Annotated[
        dict[str, Any] | str | None,
        Meta(
            description="Anything else: an object, or a string holding one, of up to 1,024 bytes compact.",
            examples=[{"outcome": "ok", "duration_s": 41}],
        ),
    ] = None
    test_data: Annotated[
        bool | None, Meta(description="Skip the throttle, reach drafts, and never count in reports.")
    ] = None


_decode = msgspec.json.Decoder(TrackArguments).decode


def parse_json_body(
    body: bytes, *, now_us: int, metadata_bytes_max: int, default_test_data: str | None
) -> tuple[Event, bool]:
    """
    Read a JSON body.

    Args:
        default_test_data: The query's test_data, which counts when the body has none.

    Returns:
        The event, and whether the body had fields that events.track does not know.

    Raises:
        EventError: With the code of the contract.
    """
    body = body.removeprefix(_BOM)
    usual = _usual_json(body)
    if usual is not None:
        return parse_event(
            name=usual.name,
            timestamp=usual.timestamp,
            email=usual.email,
            github_username=usual.github_username,
            gitlab_username=usual.gitlab_username,
            metadata=usual.metadata,
            test_data=default_test_data if usual.test_data is None else usual.test_data,
            now_us=now_us,
            metadata_bytes_max=metadata_bytes_max,
        ), False
    arguments, has_unknown = _any_json(body)
    if arguments.get("test_data") in (None, "") and default_test_data is not None:
        arguments["test_data"] = default_test_data
    return parse_event(**arguments, now_us=now_us, metadata_bytes_max=metadata_bytes_max), has_unknown


def parse_form_body(body: bytes, *, now_us: int, metadata_bytes_max: int) -> tuple[Event, bool]:
    """
    Read a form body; the same as parse_json_body, but missing arguments have the form's code.

    Raises:
        EventError: With the code of the contract.
    """
    if not body.strip():
        raise _bad_form("The form is empty: send name, timestamp and who did it.")
    fields = load_form(body)
    arguments: dict[str, Any] = {name: fields.get(name) for name in ARGUMENTS}
    unknown = any(name not in ARGUMENTS and not _METADATA_KEY.fullmatch(name) for name in fields)
    arguments["metadata"] = _form_metadata(fields)
    for name in ("email", "github_username", "gitlab_username"):
        if " " in (fields.get(name) or "").strip():
            raise _bad_form(f"{name} contains a space: a plus sign in a form must be sent as %2B.")
    try:
        event = parse_event(**arguments, now_us=now_us, metadata_bytes_max=metadata_bytes_max)
    except MissingArgumentError as error:
        raise _bad_form(error.message) from None
    return event, unknown


def _is_plain(body: bytes) -> bool:
    # \u escapes may hide lone surrogates, which msgspec can't read, and NUL, which is replaced.
    return b"\\u" not in body and body.count(b"{") + body.count(b"[") <= JSON_DEPTH_MAX


def _usual_json(body: bytes) -> TrackArguments | None:
    if not _is_plain(body):
        return None
    try:
        return _decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _load_json(body: bytes) -> Any:
    """What the fast parser can't tell exactly, or refuses, is read by the exact one."""
    if _is_plain(body):
        with suppress(msgspec.MsgspecError, ValueError, RecursionError):
            document = msgspec.json.decode(body)
            # How a timestamp was written matters: 1.5 is one, 1e9 is none.
            if not (isinstance(document, dict) and isinstance(document.get("timestamp"), float)):
                return document
    return load_json(body)


def _any_json(body: bytes) -> tuple[dict[str, Any], bool]:
    document = load_object(body)
    return {name: document.get(name) for name in ARGUMENTS}, not document.keys() <= set(ARGUMENTS)


def load_object(body: bytes) -> dict[str, Any]:
    """
    Read a JSON object.

    Raises:
        EventError: It is none; invalid_arguments.
    """
    try:
        document = _load_json(body)
    except UnicodeDecodeError:
        raise EventError(EventErrorCode.INVALID_ARGUMENTS, "The body is not UTF-8.") from None
    except (TooDeepError, RecursionError):
        message = f"The JSON nests deeper than {JSON_DEPTH_MAX} levels."
        raise EventError(EventErrorCode.INVALID_ARGUMENTS, message) from None
    except ValueError:
        raise EventError(EventErrorCode.INVALID_ARGUMENTS, "The body is not valid JSON.") from None
    if not isinstance(document, dict):
        raise EventError(EventErrorCode.INVALID_ARGUMENTS, "The body must be a JSON object.")
    return document


def _bad_form(message: str) -> EventError:
    return EventError(EventErrorCode.INVALID_FORM_DATA, message)


def load_form(body: bytes) -> dict[str, str]:
    """
    Read a form, or a query.

    Raises:
        EventError: It is none; invalid_form_data.
    """
    if body.lstrip()[:1] in (b"{", b"["):
        raise _bad_form("This looks like JSON: send it with the header Content-Type: application/json.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad_form("The form is not UTF-8.") from None
    pairs = [pair for pair in text.split("&") if pair]
    if len(pairs) > FORM_FIELDS_MAX:
        raise _bad_form(f"The form has too many fields: at most {FORM_FIELDS_MAX}.")
    fields: dict[str, str] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        # A repeated field: the last one wins, and takes the last place.
        fields.pop(name := _unquote(name), None)
        fields[name] = _unquote(value)
    return fields


def _unquote(text: str) -> str:
    if _BAD_ESCAPE.search(text):
        raise _bad_form("The form has a percent sign that is not followed by two hex digits: send it as %25.")
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise _bad_form("The form has percent escapes that are not UTF-8.") from None


def _form_metadata(fields: dict[str, str]) -> Any:
    """``metadata`` as a JSON string, ``metadata[color]=blue``, or both: then the brackets add to it."""
    whole: Any = fields.get("metadata")
    parts = {name: value for name, value in fields.items() if _METADATA_KEY.fullmatch(name)}
    if not parts:
        return whole
    tree: dict[str, Any] = {}
    if whole and whole.strip():
        try:
            tree = load_json(whole)
        except (ValueError, RecursionError):
            return whole
        if not isinstance(tree, dict):
            return whole
    for name, value in parts.items():
        keys = name[len("metadata[") : -1].split("][")
        if len(keys) >= JSON_DEPTH_MAX:
            raise EventError(EventErrorCode.INVALID_ARGUMENTS, "metadata nests too deeply.")
        place = tree
        for key in keys[:-1]:
            inner = place.get(key)
            place[key] = inner if isinstance(inner, dict) else {}
            place = place[key]
        place[keys[-1]] = value
    return tree


def query_test_data(query: bytes) -> str | None:
    """The test_data of a query string, which one real client sends; nothing else is read from there."""
    if b"test_data" not in query:
        return None
    value = None
    for pair in query.decode("ascii", "replace").split("&"):
        name, _, text = pair.partition("=")
        if name == "test_data":
            value = unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")
    return value


@lru_cache(maxsize=CONTENT_TYPES_KEPT)
def check_content(content_type: bytes | None, content_encoding: bytes | None) -> bool:
    """
    Look at the headers that describe the body.

    Returns:
        True for JSON, False for a form.

    Raises:
        ApiError: 422 invalid_form_data, naming the header to send.
    """
    if content_encoding is not None and content_encoding.strip().lower() not in (b"", b"identity"):
        raise api_error(
            ErrorCode.INVALID_FORM_DATA, "Compressed bodies are not taken: leave out Content-Encoding."
        )
    if content_type is None:
        raise api_error(
            ErrorCode.INVALID_FORM_DATA,
            "The header Content-Type is missing: send application/json or application/x-www-form-urlencoded.",
        )
    kind, _, parameters = content_type.strip().lower().partition(b";")
    kind = kind.strip()
    for parameter in parameters.split(b";"):
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"charset" and value.strip().strip(b"\"'").replace(b"_", b"-") not in (
            b"utf-8",
            b"utf8",
        ):
            raise api_error(
                ErrorCode.INVALID_FORM_DATA, "Only UTF-8 is taken: send charset=utf-8 or no charset."
            )
    if kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json")):
        return True
    if kind == b"application/x-www-form-urlencoded":
        return False
    raise api_error(
        ErrorCode.INVALID_FORM_DATA,
        "This Content-Type is not taken: send Content-Type: application/json "
        "or application/x-www-form-urlencoded.",
    )
