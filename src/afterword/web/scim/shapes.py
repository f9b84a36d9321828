"""What do the documents of SCIM look like (RFC 7643, 5 to 7; RFC 7644, 3.4.2)?"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from afterword.domain.scim.schema import (
    KINDS,
    LIST_RESPONSE,
    SCHEMAS,
    Attribute,
    ResourceKind,
    Schema,
    ScimType,
    invalid,
)
from afterword.flows.provisioning.scim_users import Resource

PREFIX = "/scim/v2"

COUNT_MAX = 200
"""Resources of one page; asked for more, the page has this many."""

_CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_RESOURCE_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"

_ALWAYS = ("schemas", "id", "meta")


def show_resource(kind: ResourceKind, resource: Resource, base_url: str) -> dict[str, Any]:
    """A whole user or group."""
    document = dict(resource.document)
    if "members" in document:
        document["members"] = [
            {**one, "$ref": f"{base_url}{PREFIX}/Users/{one['value']}"} for one in document["members"]
        ]
    extensions = [one.urn for one in kind.extensions if one.urn in document]
    return {
        "schemas": [kind.schema.urn, *extensions],
        "id": resource.id,
        **document,
        "meta": {
            "resourceType": kind.name,
            "created": _time(resource.created_at),
            "lastModified": _time(resource.changed_at),
            "location": f"{base_url}{PREFIX}{kind.endpoint}/{resource.id}",
        },
    }


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def choose(document: dict[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
    """Only the attributes that ``attributes`` names, or all but those of ``excludedAttributes``."""
    wanted, unwanted = _names(query.get("attributes")), _names(query.get("excludedAttributes"))
    if wanted and unwanted:
        raise invalid(ScimType.INVALID_VALUE, "give attributes or excludedAttributes, not both")
    if wanted:
        chosen = {name: _choose_parts(name, value, wanted) for name, value in document.items()}
        return {
            name: document[name] if name in _ALWAYS else value
            for name, value in chosen.items()
            if name in _ALWAYS or value not in (None, {}, [])
        }
    if unwanted:
        left = {name: _drop_parts(name, value, unwanted) for name, value in document.items()}
        return {
            name: document[name] if name in _ALWAYS else value
            for name, value in left.items()
            if name in _ALWAYS or value not in (None, {}, [])
        }
    return document


def leaves_out(name: str, query: Mapping[str, str]) -> bool:
    """Whether a request wants no attribute of this name, so that nobody has to look for it."""
    wanted, unwanted = _names(query.get("attributes")), _names(query.get("excludedAttributes"))
    is_wanted = any(one == name or one.startswith(f"{name}.") for one in wanted)
    return name in unwanted or bool(wanted and not is_wanted)


def _names(text: str | None) -> set[str]:
    """Names of attributes in lower case; a schema's URN before one is dropped where it is the core's."""
    names = {one.strip().lower() for one in (text or "").split(",") if one.strip()}
    cores = tuple(f"{kind.schema.urn.lower()}:" for kind in KINDS)
    for core in cores:
        names = {one.removeprefix(core) for one in names}
    return names


def _choose_parts(name: str, value: Any, wanted: set[str]) -> Any:
    key = name.lower()
    if key in wanted:
        return value
    mark = ":" if key.startswith("urn:") else "."
    parts = {one.removeprefix(key + mark) for one in wanted if one.startswith(key + mark)}
    return _map_parts(value, lambda part: part.lower() in parts) if parts else None


def _drop_parts(name: str, value: Any, unwanted: set[str]) -> Any:
    key = name.lower()
    if key in unwanted:
        return None
    mark = ":" if key.startswith("urn:") else "."
    parts = {one.removeprefix(key + mark) for one in unwanted if one.startswith(key + mark)}
    return _map_parts(value, lambda part: part.lower() not in parts) if parts else value


def _map_parts(value: Any, keeps: Any) -> Any:
    if isinstance(value, list):
        return [_map_parts(one, keeps) for one in value]
    if isinstance(value, dict):
        return {part: inner for part, inner in value.items() if keeps(part)}
    return value


def show_list(resources: Sequence[Mapping[str, Any]], total: int, start: int = 1) -> dict[str, Any]:
    """A page of resources."""
    return {
        "schemas": [LIST_RESPONSE],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }


def read_place(query: Mapping[str, str]) -> tuple[int, int]:
    """(startIndex, count); what is too small or too large is taken as the nearest that is possible."""
    start = max(1, _number(query, "startIndex", 1))
    return start, min(COUNT_MAX, max(0, _number(query, "count", COUNT_MAX)))


_NUMBER_CHARS_MAX = 9


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _NUMBER_CHARS_MAX):
        raise invalid(ScimType.INVALID_VALUE, f"{name} is not a number")
    return int(text)


_SEARCH_FIELDS = ("attributes", "excludedAttributes", "filter", "startIndex", "count")


def read_search(body: Any) -> dict[str, str]:
    """The body of a search as the query that means the same (RFC 7644, 3.4.3)."""
    if not isinstance(body, dict):
        raise invalid(ScimType.INVALID_SYNTAX, "the body is not a JSON object")
    query: dict[str, str] = {}
    for name in _SEARCH_FIELDS:
        value = body.get(name)
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            query[name] = ",".join(value)
        elif isinstance(value, (str, int)) and not isinstance(value, bool):
            query[name] = str(value)
        elif value is not None:
            raise invalid(ScimType.INVALID_VALUE, f"{name} is of the wrong type")
    return query


def show_config(base_url: str) -> dict[str, Any]:
    """What this server can do."""
    return {
        "schemas": [_CONFIG],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": COUNT_MAX},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": False},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Token",
                "description": "A token with the scope scim: afterword token create",
                "primary": True,
            }
        ],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": f"{base_url}{PREFIX}/ServiceProviderConfig",
        },
    }


def show_resource_type(kind: ResourceKind, base_url: str) -> dict[str, Any]:
    """What kind of resource there is, and where."""
    return {
        "schemas": [_RESOURCE_TYPE],
        "id": kind.name,
        "name": kind.name,
        "description": kind.schema.description,
        "endpoint": kind.endpoint,
        "schema": kind.schema.urn,
        "schemaExtensions": [{"schema": one.urn, "required": False} for one in kind.extensions],
        "meta": {
            "resourceType": "ResourceType",
            "location": f"{base_url}{PREFIX}/ResourceTypes/{kind.name}",
        },
    }


def show_schema(schema: Schema, base_url: str) -> dict[str, Any]:
    """What attributes there are."""
    return {
        "schemas": [_SCHEMA],
        "id": schema.urn,
        "name": schema.name,
        "description": schema.description,
        "attributes": [_show_attribute(one) for one in schema.attributes],
        "meta": {"resourceType": "Schema", "location": f"{base_url}{PREFIX}/Schemas/{schema.urn}"},
    }


def _show_attribute(attribute: Attribute) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": attribute.name,
        "type": attribute.type,
        "multiValued": attribute.is_multiple,
        "description": attribute.description,
        "required": attribute.is_required,
        "caseExact": attribute.is_exact,
        "mutability": attribute.mutability,
        "returned": attribute.returned,
        "uniqueness": attribute.uniqueness,
    }
    if attribute.examples:
        shown["canonicalValues"] = list(attribute.examples)
    if attribute.reference_types:
        shown["referenceTypes"] = list(attribute.reference_types)
    if attribute.parts:
        shown["subAttributes"] = [_show_attribute(one) for one in attribute.parts]
    return shown


def find_kind(name: str) -> ResourceKind | None:
    """A kind of resource by its name."""
    return next((kind for kind in KINDS if kind.name == name), None)


def find_schema(urn: str) -> Schema | None:
    """A schema by its URN."""
    return next((one for one in SCHEMAS if one.urn.lower() == urn.lower()), None)
