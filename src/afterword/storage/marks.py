"""How far did work that goes along the events get?"""

import sqlalchemy as sa

from afterword.storage.tables import projection

EVERY_PROJECT = 0


def find_mark(connection: sa.Connection, name: str) -> int:
    """Where work is; 0 when it never began."""
    is_it = projection.c.name == name, projection.c.project_id == EVERY_PROJECT
    return connection.execute(sa.select(projection.c.position).where(*is_it)).scalar() or 0


def set_mark(connection: sa.Connection, name: str, position: int) -> None:
    """Note where work is; it never goes back."""
    is_it = projection.c.name == name, projection.c.project_id == EVERY_PROJECT
    changed = sa.update(projection).where(*is_it, projection.c.position <= position).values(position=position)
    is_known = connection.execute(sa.select(projection.c.name).where(*is_it)).first() is not None
    if is_known:
        connection.execute(changed)
    else:
        row = {"name": name, "project_id": EVERY_PROJECT, "position": position}
        connection.execute(sa.insert(projection).values(row))
