"""What was refused, or odd, and should be known to a project's owners?"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from afterword.storage.tables import notice

NOTICES_PER_PROJECT_MAX = 200


@dataclass(frozen=True, slots=True)
class Notice:
    """One kind of refusal or warning of one project, and how often it came."""

    project_id: int
    kind: str
    code: str
    message: str
    count: int
    first_at: datetime
    last_at: datetime


_KEY = (notice.c.project_id, notice.c.kind, notice.c.code, notice.c.message)


def add_notices(connection: sa.Connection, notices: Iterable[Notice]) -> None:
    """Count notices; a new kind beyond NOTICES_PER_PROJECT_MAX of a project is dropped."""
    for item in notices:
        same = [column == getattr(item, column.name) for column in _KEY]
        counted = connection.execute(
            sa.update(notice).where(*same).values(count=notice.c.count + item.count, last_at=item.last_at)
        )
        if counted.rowcount:
            continue
        kinds = sa.select(sa.func.count()).where(notice.c.project_id == item.project_id)
        if connection.execute(kinds).scalar_one() < NOTICES_PER_PROJECT_MAX:
            connection.execute(sa.insert(notice).values(asdict(item)))


def list_notices(connection: sa.Connection, project_id: int) -> list[Notice]:
    """A project's notices, the latest first."""
    statement = sa.select(notice).where(notice.c.project_id == project_id)
    rows = connection.execute(statement.order_by(notice.c.last_at.desc(), notice.c.message))
    return [Notice(**row._mapping) for row in rows]


def delete_notices(connection: sa.Connection, before: datetime) -> int:
    """Forget notices that did not come again since a time; returns how many."""
    return connection.execute(sa.delete(notice).where(notice.c.last_at < before)).rowcount
