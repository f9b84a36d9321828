"""What was refused, or odd, and should be known to a project's owners?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
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
_COUNT = (
    sa.update(notice)
    .where(*(column == sa.bindparam(f"the_{column.name}") for column in _KEY))
    .values(count=notice.c.count + sa.bindparam("more"), last_at=sa.bindparam("last"))
)


def add_notices(connection: sa.Connection, notices: Sequence[Notice]) -> None:
    """Count notices, each kind once; a new kind beyond NOTICES_PER_PROJECT_MAX of a project is dropped."""
    ids = {item.project_id for item in notices}
    known = {tuple(row) for row in connection.execute(sa.select(*_KEY).where(notice.c.project_id.in_(ids)))}
    kinds = Counter(key[0] for key in known)
    counted, new = [], []
    # In one order, so that two servers that count at once don't wait for each other in a circle.
    for item in sorted(notices, key=astuple):
        key = (item.project_id, item.kind, item.code, item.message)
        if key in known:
            named = {f"the_{column.name}": value for column, value in zip(_KEY, key, strict=True)}
            counted.append(named | {"more": item.count, "last": item.last_at})
        elif kinds[item.project_id] < NOTICES_PER_PROJECT_MAX:
            kinds[item.project_id] += 1
            new.append(asdict(item))
    if counted:
        connection.execute(_COUNT, counted)
    if new:
        connection.execute(sa.insert(notice), new)


def list_notices(connection: sa.Connection, project_id: int) -> list[Notice]:
    """A project's notices, the latest first."""
    statement = sa.select(notice).where(notice.c.project_id == project_id)
    rows = connection.execute(statement.order_by(notice.c.last_at.desc(), notice.c.message))
    return [Notice(**row._mapping) for row in rows]


def delete_notices(connection: sa.Connection, before: datetime) -> int:
    """Forget notices that did not come again since a time; returns how many."""
    return connection.execute(sa.delete(notice).where(notice.c.last_at < before)).rowcount
