"""Which teams are there, and how do they move?"""

from dataclasses import dataclass

from afterword.domain.errors import ConflictError, InvalidInputError, NotFoundError
from afterword.domain.people.person import (
    TEAM_DEPTH_MAX,
    TEAM_SEPARATOR,
    check_text,
    join_team,
    split_team,
    team_key,
)
from afterword.kit.time_zones import explain_unknown
from afterword.storage import revision, teams
from afterword.storage.engine import Connection, Database
from afterword.storage.teams import Team


@dataclass(frozen=True, slots=True)
class TeamRow:
    """
    A team as the list shows it.

    Attributes:
        depth: Teams above it.
        people: Directly in it, those who left too.
        people_in_all: In it or below.
    """

    team: Team
    depth: int
    people: int
    people_in_all: int


def list_teams(database: Database) -> list[TeamRow]:
    """All teams, each before those that are under it."""
    with database.read() as connection:
        found = teams.list_teams(connection)
        direct = teams.count_people(connection)
    in_all = {one.id: direct.get(one.id, 0) for one in found}
    # The deepest first, so that each one's number is whole when it is added to the one above.
    for one in sorted(found, key=_depth, reverse=True):
        if one.parent_id is not None:
            in_all[one.parent_id] += in_all[one.id]
    found.sort(key=lambda one: one.path_key.split(TEAM_SEPARATOR))
    return [TeamRow(one, _depth(one), direct.get(one.id, 0), in_all[one.id]) for one in found]


def move_team(database: Database, path: str, parent_path: str | None) -> Team:
    """
    Put a team, with all below it, under another one; None is the root.

    Raises:
        NotFoundError: There is no such team.
        ConflictError: It would be under itself, or beside one of the same name.
        InvalidInputError: It would be too deep.
    """
    with database.write() as connection:
        revision.lock(connection)
        all_teams = teams.list_teams(connection)
        moved = _get(all_teams, path)
        parent = None if parent_path is None else _get(all_teams, parent_path)
        if parent is not None and _is_in(parent, moved):
            raise ConflictError(f"{moved.path!r} can't be under {parent.path!r}, which is in it")
        return _place(connection, all_teams, moved, parent, moved.name)


def rename_team(database: Database, path: str, name: str) -> Team:
    """
    Give a team another name, without those of the teams above it.

    Raises:
        NotFoundError: There is no such team.
        ConflictError: One beside it has the name.
        InvalidInputError: The name can't be used.
    """
    name = name.strip()
    if not name or TEAM_SEPARATOR in name:
        raise InvalidInputError(
            f"a team's name is not blank and has no {TEAM_SEPARATOR}: `afterword team move` puts it elsewhere"
        )
    if problem := check_text(name):
        raise InvalidInputError(f"the name {problem}")
    with database.write() as connection:
        revision.lock(connection)
        all_teams = teams.list_teams(connection)
        renamed = _get(all_teams, path)
        parent = next((one for one in all_teams if one.id == renamed.parent_id), None)
        return _place(connection, all_teams, renamed, parent, name)


def set_timezone(database: Database, path: str, timezone: str | None) -> Team | None:
    """
    Give a team a time zone, for its people and for the teams below it that have none.

    Args:
        timezone: IANA name; None = take it away, so that the one of the team above holds.

    Returns:
        The team as it is then; None when it was so already.

    Raises:
        NotFoundError: There is no such team.
        InvalidInputError: There is no such time zone.
    """
    if timezone is not None and (problem := explain_unknown(timezone)):
        raise InvalidInputError(problem)
    with database.write() as connection:
        revision.lock(connection)
        found = _get(teams.list_teams(connection), path)
        if found.timezone == timezone:
            return None
        teams.set_timezone(connection, found.id, timezone)
        return _get(teams.list_teams(connection), path)


def remove_team(database: Database, path: str, into_path: str | None = None) -> int:
    """
    Take a team away, and put its people into another one; how many they are.

    Raises:
        NotFoundError: There is no such team.
        ConflictError: There are teams below it, or people in it who would be in none.
    """
    with database.write() as connection:
        revision.lock(connection)
        all_teams = teams.list_teams(connection)
        gone = _get(all_teams, path)
        into = None if into_path is None else _get(all_teams, into_path)
        if any(one.parent_id == gone.id for one in all_teams):
            raise ConflictError(f"there are teams below {gone.path!r}: move or remove those first")
        if into is not None and into.id == gone.id:
            raise ConflictError(f"the people of {gone.path!r} are in it already")
        people = teams.count_people(connection).get(gone.id, 0)
        if people and into is None:
            raise ConflictError(f"{gone.path!r} has people in it ({people}): say --into which team they go")
        return teams.remove_team(connection, gone.id, into.id if into is not None else None)


def _place(
    connection: Connection, all_teams: list[Team], moved: Team, parent: Team | None, name: str
) -> Team:
    names = [*(split_team(parent.path) if parent is not None else []), name]
    key = team_key(names)
    if any(one.path_key == key and one.id != moved.id for one in all_teams):
        raise ConflictError(f"there is already a team {join_team(names)!r}: rename one of the two")
    below = max(_depth(one) for one in all_teams if _is_in(one, moved)) - _depth(moved)
    if len(names) + below > TEAM_DEPTH_MAX:
        raise InvalidInputError(
            f"{moved.path!r} would be too deep there: at most {TEAM_DEPTH_MAX} teams above one another"
        )
    teams.move_team(connection, moved.id, parent.id if parent is not None else None, name)
    return next(one for one in teams.list_teams(connection) if one.id == moved.id)


def _get(all_teams: list[Team], path: str) -> Team:
    key = team_key(split_team(path))
    found = next((one for one in all_teams if one.path_key == key), None)
    if found is None:
        raise NotFoundError(
            f"there is no team {path!r}: `afterword team list` shows all, with all above them"
        )
    return found


def _is_in(one: Team, other: Team) -> bool:
    """Whether a team is another one, or below it."""
    return f"{one.path_key}{TEAM_SEPARATOR}".startswith(f"{other.path_key}{TEAM_SEPARATOR}")


def _depth(one: Team) -> int:
    return one.path_key.count(TEAM_SEPARATOR)
