"""GET /openapi.json: how do programs talk to us? Generated from the types that parse the requests."""

from typing import Any, Literal

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from afterword import __version__
from afterword.web.api.arguments import list_required
from afterword.web.api.method import Method
from afterword.web.api.methods import METHODS
from afterword.web.errors import ErrorCode
from afterword.web.track_body import TrackArguments


class Ok(Struct):
    """The event is on the disk."""

    ok: Literal[True]


class Failure(Struct):
    """The event was not stored; ``error`` is for programs, ``message`` for people."""

    ok: Literal[False]
    error: ErrorCode
    message: str


_FAILURES = {
    400: "The HTTP request is not well-formed.",
    401: "No token, or one that is not valid.",
    408: "The request took too long to arrive.",
    413: "The whole body is over 64 KiB.",
    422: "The arguments can't be read or don't fit.",
    429: "Too many events: come again after Retry-After seconds.",
    431: "Too many headers.",
    503: "The event can't be stored now: come again after Retry-After seconds.",
}
_METHOD_FAILURES = {
    400: _FAILURES[400],
    401: _FAILURES[401],
    403: "The token may not do this.",
    408: _FAILURES[408],
    413: _FAILURES[413],
    429: "Too many calls: come again after Retry-After seconds.",
    431: _FAILURES[431],
    503: "This can't be done now: come again after Retry-After seconds.",
}
_RETRY_AFTER = {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds to wait."}


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 description of everything that tools call."""
    types = [kind for method in METHODS for kind in (method.arguments, method.reply)]
    schemas, components = msgspec.json.schema_components(
        (TrackArguments, Ok, Failure, *types), ref_template="#/components/schemas/{name}"
    )
    arguments, ok, failure, *of_methods = schemas
    # Unknown fields are taken and counted as a warning, although the fast parser hands them on.
    components["TrackArguments"]["additionalProperties"] = True
    components["TrackArguments"]["anyOf"] = [
        {"required": [name], "properties": {name: {"type": "string", "pattern": r"\S"}}}
        for name in ("email", "github_username", "gitlab_username")
    ]
    content = {
        "application/json": {"schema": arguments},
        "application/x-www-form-urlencoded": {"schema": arguments},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Afterword", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": {
            "/events.track": {
                "post": {
                    "operationId": "events.track",
                    "summary": "Tell that a developer used a tool.",
                    "security": [{"projectToken": []}],
                    "parameters": [_IDEMPOTENCY_KEY, _TEST_DATA],
                    "requestBody": {"required": True, "content": content},
                    "responses": {"200": _reply(ok, "Stored.") | {"links": {"sendAgain": _SEND_AGAIN}}}
                    | {str(status): _reply(failure, text) for status, text in _FAILURES.items()},
                }
            }
        }
        | {
            f"/{method.name}": {
                method.verb.lower(): _describe(method, of_methods[2 * index + 1], components, failure)
            }
            for index, method in enumerate(METHODS)
        },
        "components": {
            "schemas": components,
            "securitySchemes": {
                "projectToken": {"type": "http", "scheme": "bearer", "description": "awp_…"},
                "apiToken": {"type": "http", "scheme": "bearer", "description": "awo_…, with scopes"},
            },
        },
    }


def _describe(
    method: Method, reply: dict[str, Any], components: dict[str, Any], failure: dict[str, Any]
) -> dict[str, Any]:
    name = method.arguments.__name__
    codes = [ErrorCode.INVALID_ARGUMENTS, ErrorCode.INVALID_FORM_DATA, *method.errors]
    refused = {
        "type": "object",
        "properties": {
            "ok": {"const": False},
            "error": {"enum": [code.value for code in codes]},
            "message": {"type": "string"},
        },
        "required": ["ok", "error", "message"],
    }
    said: dict[str, Any] = {
        "operationId": method.name,
        "summary": method.summary,
        "description": f"Needs the scope {method.scope.value}.",
        "security": [{"apiToken": []}],
        "responses": {"200": _reply(reply, "Done."), "422": _reply(refused, "The arguments don't fit.")}
        | {str(status): _reply(failure, text) for status, text in _METHOD_FAILURES.items()},
    }
    if method.verb == "GET":
        required = list_required(method.arguments)
        properties = components[name]["properties"]
        said["parameters"] = [_parameter(key, properties[key], key in required) for key in properties]
        return said
    arguments = {"schema": {"$ref": f"#/components/schemas/{name}"}}
    content = {"application/json": arguments, "application/x-www-form-urlencoded": arguments}
    return said | {"requestBody": {"required": True, "content": content}}


def _parameter(name: str, schema: dict[str, Any], is_required: bool) -> dict[str, Any]:
    """A field as an argument of a query, which has no null."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    plain = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    plain |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {}
    return {"name": name, "in": "query", "required": is_required, "schema": plain}


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and arguments within 24 hours replay the answer and store nothing.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}
_TEST_DATA = {
    "name": "test_data",
    "in": "query",
    "description": "Counts when a JSON body has no test_data.",
    "schema": {"enum": ["true", "false", "1", "0"]},
}

_SEND_AGAIN = {
    "operationId": "events.track",
    "parameters": {"header.Idempotency-Key": "$request.header.Idempotency-Key"},
    "requestBody": "$request.body",
    "description": "The same request with the same key: the answer is replayed, and nothing is stored.",
}


def _reply(schema: dict[str, Any], description: str) -> dict[str, Any]:
    reply: dict[str, Any] = {
        "description": description,
        "headers": {"X-Request-Id": {"schema": {"type": "string"}, "description": "For the log."}},
        "content": {"application/json": {"schema": schema}},
    }
    if "Retry-After" in description:
        reply["headers"]["Retry-After"] = _RETRY_AFTER
    return reply


async def show_openapi(request: Request) -> Response:
    """The description as JSON."""
    return JSONResponse(openapi(), headers={"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"})
