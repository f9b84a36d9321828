"""How are projects made, and who may speak for them?"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from afterword.domain.errors import ConflictError, InvalidInputError, NotFoundError
from afterword.domain.event import METADATA_BYTES_DEFAULT
from afterword.domain.rate_limit import RateLimits
from afterword.domain.token import ALPHABET, RANDOM_CHARS, format_token, hash_token, hint
from afterword.kit.clock import Clock, to_datetime
from afterword.kit.ids import random_chars
from afterword.storage import projects, revision
from afterword.storage.engine import Connection, Database
from afterword.storage.projects import NO_DETAILS, Project, ProjectDetails, Token

NAME_CHARS_MAX = 100
LIMIT_MAX = 1_000_000_000
METADATA_BYTES_MAX = 32 * 1024


@dataclass(frozen=True, slots=True)
class NewProject:
    """A project with its first token, which is shown this once."""

    id: int
    name: str
    created_at: datetime
    token: str


def create_project(
    database: Database, clock: Clock, name: str, details: ProjectDetails = NO_DETAILS
) -> NewProject:
    """
    Make a project and its first token.

    Raises:
        InvalidInputError: The name can't be used.
        ConflictError: There is a project of this name.
    """
    name = name.strip()
    if not name or len(name) > NAME_CHARS_MAX or not name.isprintable():
        raise InvalidInputError(f"a project's name has 1 to {NAME_CHARS_MAX} printable characters")
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        revision.lock(connection)
        if projects.find_project(connection, name) is not None:
            raise ConflictError(f"there is already a project {name!r}: `afterword project list` shows all")
        project_id = projects.add_project(
            connection,
            name,
            limits=RateLimits(),
            metadata_bytes=METADATA_BYTES_DEFAULT,
            now=now,
            details=details,
        )
        token = _add_token(connection, clock, project_id)
    return NewProject(project_id, name, now, token)


def get_project(connection: Connection, name: str) -> Project:
    """
    Look a project up.

    Raises:
        NotFoundError: Naming what there is.
    """
    project = projects.find_project(connection, name)
    if project is None:
        known = ", ".join(repr(item.name) for item in projects.list_projects(connection)[:10])
        raise NotFoundError(f"there is no project {name!r}; there is {known or 'none yet'}")
    return project


def list_projects(database: Database) -> list[tuple[Project, list[Token]]]:
    """All projects with their tokens."""
    with database.read() as connection:
        tokens = projects.list_tokens(connection)
        return [
            (project, [token for token in tokens if token.project_id == project.id])
            for project in projects.list_projects(connection)
        ]


def set_limits(
    database: Database,
    name: str,
    *,
    events_per_minute: int | None,
    events_per_day: int | None,
    metadata_bytes: int | None,
) -> Project:
    """
    Change the limits that are given; None leaves one as it is.

    Raises:
        NotFoundError, InvalidInputError: Naming the limit and its range.
    """
    _check_range("--events-per-minute", events_per_minute, LIMIT_MAX)
    _check_range("--events-per-day", events_per_day, LIMIT_MAX)
    _check_range("--metadata-bytes", metadata_bytes, METADATA_BYTES_MAX)
    with database.write() as connection:
        revision.lock(connection)
        project = get_project(connection, name)
        changed = replace(
            project,
            limits=RateLimits(
                events_per_minute or project.limits.per_minute, events_per_day or project.limits.per_day
            ),
            metadata_bytes=metadata_bytes or project.metadata_bytes,
        )
        projects.set_limits(
            connection, project.id, limits=changed.limits, metadata_bytes=changed.metadata_bytes
        )
    return changed


def rotate_token(database: Database, clock: Clock, name: str, *, overlap: timedelta) -> str:
    """Give a project a new token; the earlier ones end after the overlap. Returns the new token."""
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        revision.lock(connection)
        project = get_project(connection, name)
        for token in projects.list_tokens(connection, project.id):
            projects.expire_token(connection, token.id, now + overlap)
        return _add_token(connection, clock, project.id)


def revoke_token(database: Database, clock: Clock, name: str, token_hint: str) -> Token:
    """
    End one token now, named by its id or by how it ends.

    Raises:
        NotFoundError: None, or more than one, fits.
    """
    now = to_datetime(clock.now_us())
    with database.write() as connection:
        revision.lock(connection)
        project = get_project(connection, name)
        wanted = token_hint.lstrip("…")
        fitting = [
            token
            for token in projects.list_tokens(connection, project.id)
            if (token.expires_at is None or token.expires_at > now)
            and (str(token.id) == wanted or hint(wanted) == token.hint)
        ]
        if len(fitting) != 1:
            raise NotFoundError(
                f"{'no' if not fitting else 'more than one'} valid token of {name!r} fits this: "
                "`afterword project list` shows their ids and endings"
            )
        projects.expire_token(connection, fitting[0].id, now)
    return fitting[0]


def _add_token(connection: Connection, clock: Clock, project_id: int) -> str:
    token = format_token(random_chars(ALPHABET, RANDOM_CHARS))
    projects.add_token(
        connection,
        project_id,
        token_hash=hash_token(token),
        hint=hint(token),
        now=to_datetime(clock.now_us()),
    )
    return token


def _check_range(option: str, value: int | None, maximum: int) -> None:
    if value is not None and not 1 <= value <= maximum:
        raise InvalidInputError(f"{option} must be from 1 to {maximum}")
