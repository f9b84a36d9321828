"""What else is said about people: groups, and each person's values in them?"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from afterword.domain.people.person import name_key
from afterword.storage.tables import attribute_group, attribute_value

Attributes = Mapping[str, tuple[str, ...]]
"""The name of a group → the values in it, sorted."""


def make_groups(connection: sa.Connection, names: Collection[str]) -> dict[str, int]:
    """Find groups without regard to case, and make those that are missing: key of the name → id."""
    wanted = {name_key(name): name.strip() for name in names}
    rows = connection.execute(
        sa.select(attribute_group.c.key, attribute_group.c.id).where(attribute_group.c.key.in_(list(wanted)))
    )
    known = {row[0]: row[1] for row in rows}
    for key, name in wanted.items():
        if key not in known:
            added = sa.insert(attribute_group).values(key=key, name=name)
            known[key] = connection.execute(added.returning(attribute_group.c.id)).scalar_one()
    return known


def list_groups(connection: sa.Connection) -> list[str]:
    """The names of the groups in which anybody has a value."""
    is_used = sa.exists().where(attribute_value.c.group_id == attribute_group.c.id)
    return list(connection.execute(sa.select(attribute_group.c.name).where(is_used)).scalars())


def list_attributes(connection: sa.Connection, person_ids: Collection[int]) -> dict[int, Attributes]:
    """Person id → what is said about each; people without any are absent."""
    found: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    rows = connection.execute(
        sa.select(attribute_value.c.person_id, attribute_group.c.name, attribute_value.c.value)
        .join(attribute_group, attribute_group.c.id == attribute_value.c.group_id)
        .where(attribute_value.c.person_id.in_(list(person_ids)))
        .order_by(attribute_group.c.name, attribute_value.c.value)
    )
    for row in rows:
        found[row.person_id][row.name].append(row.value)
    return {
        person_id: {name: tuple(values) for name, values in groups.items()}
        for person_id, groups in found.items()
    }


def replace_values(connection: sa.Connection, values: Sequence[tuple[int, int, Collection[str]]]) -> None:
    """Let these be the values: (person id, group id, values) …"""
    if not values:
        return
    pairs = [{"person": person_id, "group": group_id} for person_id, group_id, _ in values]
    connection.execute(
        sa.delete(attribute_value).where(
            attribute_value.c.person_id == sa.bindparam("person"),
            attribute_value.c.group_id == sa.bindparam("group"),
        ),
        pairs,
    )
    rows = [
        {"person_id": person_id, "group_id": group_id, "value": value}
        for person_id, group_id, given in values
        for value in dict.fromkeys(given)
    ]
    if rows:
        connection.execute(sa.insert(attribute_value), rows)
