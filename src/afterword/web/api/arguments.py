"""What did the caller of a method say?"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import ClientDisconnect, Request

from afterword.domain.errors import InvalidInputError
from afterword.domain.event import EventError
from afterword.domain.method_error import MethodError, MethodErrorCode
from afterword.web.errors import CLOSE, ApiError, ErrorCode, api_error
from afterword.web.exchange import BODY_BYTES_MAX
from afterword.web.track_body import check_content, load_form, load_object

A = TypeVar("A", bound=Struct)

_TOO_LARGE = f"The whole request is too large: at most {BODY_BYTES_MAX // 1024} KiB."
_PROBLEM = re.compile(r"Expected `(?P<kind>[^`]+)`(?P<more> of length)?(?P<bound> [<>]=? -?\d+)?")
_PLACE = re.compile(r" - at `\$\.(\w+)")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
_WORDS = {
    "str": "text",
    "bool": "true or false",
    "int": "a whole number",
    "array": "a list",
    "object": "an object",
}
_BOUNDS = {">=": "at least", "<=": "at most", ">": "above", "<": "below"}


def check_length(request: Request) -> None:
    """
    Refuse a body by its length alone, before anything is asked.

    Raises:
        ApiError: 413.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > BODY_BYTES_MAX:
        raise _too_large()


async def read_arguments(request: Request, kind: type[A]) -> A:
    """
    Read the arguments from the query of a GET, or from the JSON or form of a POST.

    Raises:
        ApiError: There is no reading them, or they don't fit.
        MethodError: One that is required is missing or blank.
        InvalidInputError: One is of the wrong type or out of range.
    """
    try:
        if request.method != "POST":
            given: Mapping[str, Any] = load_form(request.scope["query_string"])
        elif check_content(_header(request, "content-type"), _header(request, "content-encoding")):
            given = load_object((await _read_body(request)).removeprefix(b"\xef\xbb\xbf"))
        else:
            given = _unpack(load_form(await _read_body(request)))
    except EventError as error:
        raise api_error(ErrorCode(error.code), error.message) from None
    return parse_arguments(given, kind)


def parse_arguments(given: Mapping[str, Any], kind: type[A]) -> A:
    """
    Bring what was given into a method's type; what the method does not know is left out.

    Blank text is the same as null. Numbers and booleans may come as text.
    """
    fields = msgspec.structs.fields(kind)
    known = {one.encode_name: _plain(given[one.encode_name]) for one in fields if one.encode_name in given}
    for one in fields:
        if one.required and known.get(one.encode_name) in (None, []):
            raise MethodError(MethodErrorCode(f"{one.encode_name}_blank"))
    try:
        return msgspec.convert(known, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInputError(_explain(str(error))) from None


def list_required(kind: type[Struct]) -> Iterable[str]:
    """The arguments that a method insists on."""
    return [one.encode_name for one in msgspec.structs.fields(kind) if one.required]


def _plain(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _unpack(form: dict[str, str]) -> dict[str, Any]:
    """A list has no form in a form: it comes as JSON."""
    if (text := form.get("attributes", "")).lstrip().startswith("["):
        return form | {"attributes": load_object(b'{"it":%s}' % text.encode()).get("it")}
    return dict(form)


def _explain(text: str) -> str:
    """Which argument does not fit and what would, without the value that was sent."""
    place, problem = _PLACE.search(text), _PROBLEM.search(text)
    name = place[1] if place else "The arguments"
    if (missing := _MISSING.search(text)) is not None:
        return f"{name} has an entry without {missing['field']!r}"
    if problem is None:
        return f"{name} can't be read: see /openapi.json"
    words = " or ".join(_WORDS.get(one, one) for one in problem["kind"].split(" | "))
    sign, _, number = (problem["bound"] or "").strip().partition(" ")
    bound = f" {_BOUNDS[sign]} {number}" if number else ""
    return f"{name} must be {words}{' with' if problem['more'] else ''}{bound}"


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_BYTES_MAX:
                raise _too_large()
    except ClientDisconnect:
        raise api_error(ErrorCode.INVALID_REQUEST, "The connection ended within the body.", CLOSE) from None
    return bytes(body)


def _too_large() -> ApiError:
    return api_error(ErrorCode.METADATA_TOO_LARGE, _TOO_LARGE, CLOSE, status=413)


def _header(request: Request, name: str) -> bytes | None:
    value = request.headers.get(name)
    return None if value is None else value.encode("latin-1")
