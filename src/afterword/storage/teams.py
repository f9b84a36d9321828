"""Which teams are there, and which is under which?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from afterword.domain.people.person import TEAM_SEPARATOR, join_team, split_team, team_key
from afterword.storage.tables import person, team


@dataclass(frozen=True, slots=True)
class Team:
    """
    One team.

    Attributes:
        path: All names from the root on.
        timezone: IANA name, as it was set for this team; None = none was.
        held_timezone: The same, or that of the nearest team above that has one.
    """

    id: int
    parent_id: int | None
    name: str
    path: str
    path_key: str
    timezone: str | None
    held_timezone: str | None


def list_teams(connection: sa.Connection) -> list[Team]:
    """All teams, each after the one that it is under."""
    rows = {row.id: row for row in connection.execute(sa.select(team))}

    def line(team_id: int) -> list[sa.Row[Any]]:
        """The team and all above it, from the root on."""
        row = rows[team_id]
        return [*(line(row.parent_id) if row.parent_id is not None else []), row]

    return sorted((_team(line(team_id)) for team_id in rows), key=lambda one: one.path_key)


def make_teams(connection: sa.Connection, paths: Collection[str]) -> dict[str, int]:
    """
    Find teams, and make those that are missing, with all above them.

    Args:
        paths: Names from the root on, with ``/`` between them; a new team is called as it is called first.

    Returns:
        The key of each path (``team_key``) → its team's id.
    """
    wanted: dict[str, list[str]] = {}
    needed: dict[str, list[str]] = {}
    for path in paths:
        names = split_team(path)
        wanted.setdefault(team_key(names), names)
        for depth in range(1, len(names) + 1):
            needed.setdefault(team_key(names[:depth]), names[:depth])
    known = _find_ids(connection, list(needed))
    for key in sorted(needed, key=lambda key: len(needed[key])):
        if key not in known:
            names = needed[key]
            parent_id = known[team_key(names[:-1])] if len(names) > 1 else None
            added = sa.insert(team).values(parent_id=parent_id, name=names[-1], path_key=key)
            known[key] = connection.execute(added.returning(team.c.id)).scalar_one()
    return {key: known[key] for key in wanted}


def move_team(connection: sa.Connection, team_id: int, parent_id: int | None, name: str) -> None:
    """Put a team under another one, or at the root, and give it a name; all below it come along."""
    connection.execute(sa.update(team).where(team.c.id == team_id).values(parent_id=parent_id, name=name))
    _renew_keys(connection)


def set_timezone(connection: sa.Connection, team_id: int, timezone: str | None) -> None:
    """Give a team a time zone, or None: that of the team above it."""
    connection.execute(sa.update(team).where(team.c.id == team_id).values(timezone=timezone))


def is_there(connection: sa.Connection, team_id: int) -> bool:
    """Whether there is a team of this id."""
    return connection.execute(sa.select(team.c.id).where(team.c.id == team_id)).first() is not None


def remove_team(connection: sa.Connection, team_id: int, into_id: int | None) -> int:
    """Take a team away that has none below it; its people are in another one then. How many they are."""
    moved = sa.update(person).where(person.c.team_id == team_id).values(team_id=into_id)
    count = connection.execute(moved).rowcount
    connection.execute(sa.delete(team).where(team.c.id == team_id))
    return count


def count_people(connection: sa.Connection) -> Mapping[int, int]:
    """Team id → people directly in it, those who left too."""
    counted = sa.select(person.c.team_id, sa.func.count()).where(person.c.team_id.is_not(None))
    return {row[0]: row[1] for row in connection.execute(counted.group_by(person.c.team_id))}


def _team(line: Sequence[sa.Row[Any]]) -> Team:
    row = line[-1]
    return Team(
        row.id,
        row.parent_id,
        row.name,
        join_team([one.name for one in line]),
        row.path_key,
        row.timezone,
        next((one.timezone for one in reversed(line) if one.timezone), None),
    )


def _find_ids(connection: sa.Connection, keys: Sequence[str]) -> dict[str, int]:
    rows = connection.execute(sa.select(team.c.path_key, team.c.id).where(team.c.path_key.in_(keys)))
    return {row[0]: row[1] for row in rows}


def _renew_keys(connection: sa.Connection) -> None:
    changed = [
        {"team": one.id, "key": key}
        for one in list_teams(connection)
        if (key := team_key(split_team(one.path))) != one.path_key
    ]
    if not changed:
        return
    # By way of keys that nothing else has, since two teams may trade places.
    is_it = team.c.id == sa.bindparam("team")
    connection.execute(
        sa.update(team).where(is_it).values(path_key=sa.bindparam("key")),
        [{"team": row["team"], "key": f"{row['team']}{TEAM_SEPARATOR}{TEAM_SEPARATOR}"} for row in changed],
    )
    connection.execute(sa.update(team).where(is_it).values(path_key=sa.bindparam("key")), changed)
