"""Which addresses of SCIM are there, and what does each do?"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.routing import Route

from afterword.domain.scim.filter import Filter, parse_filter
from afterword.domain.scim.patch import read_operations
from afterword.domain.scim.schema import GROUPS, KINDS, SCHEMAS, USERS, ResourceKind, ScimError
from afterword.flows.provisioning import scim_groups, scim_users
from afterword.flows.provisioning.scim_users import Page, Resource
from afterword.web.scim import shapes
from afterword.web.scim.call import Answer, Call, Endpoint, endpoint
from afterword.web.scim.shapes import (
    PREFIX,
    choose,
    leaves_out,
    read_place,
    read_search,
    show_list,
    show_resource,
)


def _filter(kind: ResourceKind, query: Mapping[str, str]) -> Filter | None:
    text = query.get("filter", "")
    return parse_filter(text, kind) if text else None


def _show(kind: ResourceKind, resource: Resource, call: Call, status: int = 200) -> Answer:
    document = show_resource(kind, resource, call.base_url)
    location = document["meta"]["location"] if status == 201 else None
    return Answer(choose(document, call.query), status, location)


def _show_page(kind: ResourceKind, page: Page, start: int, call: Call) -> Answer:
    shown = [choose(show_resource(kind, one, call.base_url), call.query) for one in page.resources]
    return Answer(show_list(shown, page.total, start))


def list_users(call: Call) -> Answer:
    """Find users."""
    start, count = read_place(call.query)
    where = _filter(USERS, call.query)
    page = scim_users.list_users(call.provider, where, offset=start - 1, limit=count)
    return _show_page(USERS, page, start, call)


def create_user(call: Call) -> Answer:
    """Add a user."""
    return _show(USERS, scim_users.create_user(call.provider, call.body), call, 201)


def get_user(call: Call) -> Answer:
    """Show a user."""
    return _show(USERS, scim_users.get_user(call.provider, call.id), call)


def replace_user(call: Call) -> Answer:
    """Say anew what a user is."""
    return _show(USERS, scim_users.replace_user(call.provider, call.id, call.body), call)


def patch_user(call: Call) -> Answer:
    """Change a user."""
    operations = read_operations(call.body)
    return _show(USERS, scim_users.patch_user(call.provider, call.id, operations), call)


def delete_user(call: Call) -> Answer:
    """Let a user have left."""
    scim_users.delete_user(call.provider, call.id)
    return Answer(status=204)


def list_groups(call: Call) -> Answer:
    """Find groups."""
    start, count = read_place(call.query)
    where = _filter(GROUPS, call.query)
    with_members = not leaves_out("members", call.query)
    page = scim_groups.list_groups(
        call.provider, where, offset=start - 1, limit=count, with_members=with_members
    )
    return _show_page(GROUPS, page, start, call)


def create_group(call: Call) -> Answer:
    """Make a group."""
    return _show(GROUPS, scim_groups.create_group(call.provider, call.body), call, 201)


def get_group(call: Call) -> Answer:
    """Show a group."""
    with_members = not leaves_out("members", call.query)
    return _show(GROUPS, scim_groups.get_group(call.provider, call.id, with_members=with_members), call)


def replace_group(call: Call) -> Answer:
    """Say anew what a group is."""
    return _show(GROUPS, scim_groups.replace_group(call.provider, call.id, call.body), call)


def patch_group(call: Call) -> Answer:
    """Change a group; without a body in the reply, which might have a hundred thousand members."""
    scim_groups.patch_group(call.provider, call.id, read_operations(call.body))
    return Answer(status=204)


def delete_group(call: Call) -> Answer:
    """Take a group away."""
    scim_groups.delete_group(call.provider, call.id)
    return Answer(status=204)


def search_users(call: Call) -> Answer:
    """Find users by a body instead of a query."""
    return list_users(_by_body(call))


def search_groups(call: Call) -> Answer:
    """Find groups by a body instead of a query."""
    return list_groups(_by_body(call))


def search_all(call: Call) -> Answer:
    """Find users, then groups, by a body; of a kind that has not the filter's attributes nothing is found."""
    call = _by_body(call)
    start, count = read_place(call.query)
    offset, total = start - 1, 0
    shown: list[dict[str, Any]] = []
    refusals: list[ScimError] = []
    for kind, search in ((USERS, scim_users.list_users), (GROUPS, _list_groups_for(call))):
        try:
            page = search(
                call.provider, _filter(kind, call.query), offset=max(0, offset), limit=count - len(shown)
            )
        except ScimError as error:
            refusals.append(error)
            continue
        shown += [choose(show_resource(kind, one, call.base_url), call.query) for one in page.resources]
        total += page.total
        offset -= page.total
    if len(refusals) == len(KINDS):
        raise refusals[0]
    return Answer(show_list(shown, total, start))


def _list_groups_for(call: Call) -> Callable[..., Page]:
    return partial(scim_groups.list_groups, with_members=not leaves_out("members", call.query))


def _by_body(call: Call) -> Call:
    return replace(call, query=read_search(call.body))


def show_config(call: Call) -> Answer:
    """What this server can do."""
    return Answer(shapes.show_config(call.base_url))


def list_resource_types(call: Call) -> Answer:
    """The kinds of resources."""
    return _all([shapes.show_resource_type(kind, call.base_url) for kind in KINDS], call)


def get_resource_type(call: Call) -> Answer:
    """One kind of resources."""
    kind = shapes.find_kind(call.id)
    if kind is None:
        raise ScimError(404, "there is no resource type of this name")
    return Answer(shapes.show_resource_type(kind, call.base_url))


def list_schemas(call: Call) -> Answer:
    """All attributes."""
    return _all([shapes.show_schema(one, call.base_url) for one in SCHEMAS], call)


def get_schema(call: Call) -> Answer:
    """The attributes of one schema."""
    schema = shapes.find_schema(call.id)
    if schema is None:
        raise ScimError(404, "there is no schema of this URN")
    return Answer(shapes.show_schema(schema, call.base_url))


def _all(documents: list[dict[str, Any]], call: Call) -> Answer:
    """A list that takes no filter (RFC 7644, 4)."""
    if call.query.get("filter"):
        raise ScimError(403, "this list takes no filter")
    return Answer(show_list(documents, len(documents)))


_ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/Users", list_users),
    ("POST", "/Users", create_user),
    ("GET", "/Users/{id}", get_user),
    ("PUT", "/Users/{id}", replace_user),
    ("PATCH", "/Users/{id}", patch_user),
    ("DELETE", "/Users/{id}", delete_user),
    ("GET", "/Groups", list_groups),
    ("POST", "/Groups", create_group),
    ("GET", "/Groups/{id}", get_group),
    ("PUT", "/Groups/{id}", replace_group),
    ("PATCH", "/Groups/{id}", patch_group),
    ("DELETE", "/Groups/{id}", delete_group),
    ("POST", "/.search", search_all),
    ("POST", "/Users/.search", search_users),
    ("POST", "/Groups/.search", search_groups),
    ("GET", "/ServiceProviderConfig", show_config),
    ("GET", "/ResourceTypes", list_resource_types),
    ("GET", "/ResourceTypes/{id}", get_resource_type),
    ("GET", "/Schemas", list_schemas),
    ("GET", "/Schemas/{id}", get_schema),
)

SCIM_ROUTES = [
    Route(PREFIX + path, endpoint(answer), methods=[method]) for method, path, answer in _ENDPOINTS
]
