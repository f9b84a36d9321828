"""How does a program make and list projects by the Web API?"""

from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from afterword.domain.errors import ConflictError, InvalidInputError
from afterword.domain.method_error import MethodError, MethodErrorCode
from afterword.flows.api_users import find_by_id
from afterword.flows.manage_projects import create_project
from afterword.kit.clock import Clock, to_datetime
from afterword.storage import projects
from afterword.storage.engine import Database
from afterword.storage.projects import Project, ProjectDetails

__all__ = ["MadeProject", "Project", "create_api_project", "page_api_projects"]

WEBHOOK_URL_CHARS_MAX = 2_000


class MadeProject(NamedTuple):
    """A project with its first token, which is shown this once."""

    id: int
    name: str
    details: ProjectDetails
    created_at: datetime
    token: str


def create_api_project(
    database: Database,
    clock: Clock,
    name: str,
    creator_id: str,
    *,
    is_hidden: bool = False,
    webhook_url: str | None = None,
) -> MadeProject:
    """
    Make a project and its first token.

    Raises:
        MethodError: The creator is nobody, or the name is taken.
        InvalidInputError: A value can't be used.
    """
    if webhook_url is not None and not _is_web_address(webhook_url):
        raise InvalidInputError(
            "webhook_destination_url is not an address that begins with https:// or http:// "
            f"and has up to {WEBHOOK_URL_CHARS_MAX} characters"
        )
    with database.read() as connection:
        creator = find_by_id(connection, creator_id)
    if creator is None:
        raise MethodError(MethodErrorCode.CREATOR_ID_NOT_FOUND)
    details = ProjectDetails(creator.id, is_hidden, webhook_url)
    try:
        made = create_project(database, clock, name, details)
    except ConflictError:
        raise MethodError(MethodErrorCode.NAME_TAKEN) from None
    return MadeProject(made.id, made.name, details, made.created_at, made.token)


def page_api_projects(
    database: Database, clock: Clock, *, page: int, page_size: int
) -> list[tuple[Project, str | None]]:
    """One page of the projects, each with the end of its newest valid token; pages count from 1."""
    now = to_datetime(clock.now_us())
    with database.read() as connection:
        found = projects.page_projects(connection, offset=(page - 1) * page_size, limit=page_size)
        hints = projects.list_hints(connection, [one.id for one in found], now)
    return [(one, hints.get(one.id)) for one in found]


def _is_web_address(text: str) -> bool:
    if len(text) > WEBHOOK_URL_CHARS_MAX or not text.isprintable() or " " in text:
        return False
    try:
        parsed = urlsplit(text)
    except ValueError:
        return False
    return parsed.scheme in ("http", "https") and bool(parsed.hostname)
