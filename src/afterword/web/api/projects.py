"""``platformx.projects.…``: how do programs make projects, and see which there are?"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from afterword.bootstrap import Parts
from afterword.domain.method_error import MethodErrorCode
from afterword.domain.scope import Scope
from afterword.flows.api_projects import MadeProject, Project, create_api_project, page_api_projects
from afterword.web.api.method import Method

PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 1_000
PAGE_MAX = 1_000_000
"""So that the number of rows to skip stays a number that both databases can count to."""


class CreateProject(Struct, kw_only=True):
    """The arguments of platformx.projects.create."""

    name: Annotated[str, Meta(description="1 to 100 printable characters.", examples=["Build CLI"])]
    creator_id: Annotated[
        str | int, Meta(description="The id of a person, as users.list gives it.", examples=["1"])
    ]
    hidden: Annotated[bool | None, Meta(description="Kept and given back; false when left out.")] = None
    webhook_destination_url: Annotated[
        str | None, Meta(description="Kept and given back; nothing is sent there yet.")
    ] = None


class NewProject(Struct, kw_only=True):
    """A project and its token, which is shown this once."""

    id: str
    name: str
    creator_id: str
    hidden: bool
    webhook_destination_url: str | None
    created_at: datetime
    updated_at: datetime
    token: str


class CreateProjectReply(Struct, kw_only=True):
    """The project is there, and its token works."""

    ok: Literal[True] = True
    project: NewProject


class ListProjects(Struct, kw_only=True):
    """The arguments of platformx.projects.list."""

    page: Annotated[int, Meta(ge=1, le=PAGE_MAX, description="Which page; the first one is 1.")] | None = None
    page_size: (
        Annotated[
            int,
            Meta(ge=1, le=PAGE_SIZE_MAX, description=f"Projects on a page; {PAGE_SIZE_DEFAULT} as a rule."),
        ]
        | None
    ) = None


class ListedProject(Struct, kw_only=True):
    """A project; tokens are not kept, so there is only the end of the newest one."""

    id: str
    name: str
    creator_id: str | None
    hidden: bool
    webhook_destination_url: str | None
    created_at: datetime
    updated_at: datetime
    token: None
    token_hint: str | None


class ListProjectsReply(Struct, kw_only=True):
    """One page of the projects."""

    ok: Literal[True] = True
    projects: list[ListedProject]


def create(parts: Parts, said: CreateProject) -> CreateProjectReply:
    """Make a project."""
    made = create_api_project(
        parts.database,
        parts.clock,
        said.name,
        str(said.creator_id),
        is_hidden=bool(said.hidden),
        webhook_url=said.webhook_destination_url,
    )
    return CreateProjectReply(project=_new(made))


def list_(parts: Parts, said: ListProjects) -> ListProjectsReply:
    """List one page of projects."""
    page_size = said.page_size or PAGE_SIZE_DEFAULT
    found = page_api_projects(parts.database, parts.clock, page=said.page or 1, page_size=page_size)
    return ListProjectsReply(projects=[_listed(project, hint) for project, hint in found])


def _new(made: MadeProject) -> NewProject:
    return NewProject(
        id=str(made.id),
        name=made.name,
        creator_id=str(made.details.creator_id),
        hidden=made.details.is_hidden,
        webhook_destination_url=made.details.webhook_url,
        created_at=made.created_at,
        updated_at=made.created_at,
        token=made.token,
    )


def _listed(project: Project, hint: str | None) -> ListedProject:
    details = project.details
    return ListedProject(
        id=str(project.id),
        name=project.name,
        creator_id=None if details.creator_id is None else str(details.creator_id),
        hidden=details.is_hidden,
        webhook_destination_url=details.webhook_url,
        created_at=project.created_at,
        # Nothing that is shown here can change.
        updated_at=project.created_at,
        token=None,
        token_hint=hint,
    )


METHODS = (
    Method(
        name="platformx.projects.create",
        verb="POST",
        scope=Scope.PLATFORMX_MANAGE,
        summary="Make a project and its token.",
        arguments=CreateProject,
        reply=CreateProjectReply,
        run=create,
        errors=(
            MethodErrorCode.NAME_BLANK,
            MethodErrorCode.NAME_TAKEN,
            MethodErrorCode.CREATOR_ID_BLANK,
            MethodErrorCode.CREATOR_ID_NOT_FOUND,
        ),
    ),
    Method(
        name="platformx.projects.list",
        verb="GET",
        scope=Scope.PLATFORMX_MANAGE,
        summary="List the projects in the order in which they were made.",
        arguments=ListProjects,
        reply=ListProjectsReply,
        run=list_,
    ),
)
