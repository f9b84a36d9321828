"""People with several handles, in teams, from several sources; and what is known of unknown ones."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the new tables, and turn the names of teams into teams."""
    op.add_column("revision", sa.Column("removals", sa.BigInteger(), nullable=False, server_default="0"))
    _make_teams()
    _widen_people()
    _make_attributes()
    _make_names()
    _make_sources()
    _move_teams()
    _widen_projects()


def _make_teams() -> None:
    op.create_table(
        "team",
        sa.Column("id", BigId, nullable=False),
        sa.Column("parent_id", BigId, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_team"),
        sa.ForeignKeyConstraint(["parent_id"], ["team.id"], name="fk_team_parent_id"),
        sa.UniqueConstraint("path_key", name="uq_team_path_key"),
    )
    op.create_index("ix_team_parent_id", "team", ["parent_id"])


def _widen_people() -> None:
    for name in ("locale", "start_date", "own_timezone"):
        op.add_column("person", sa.Column(name, sa.Text(), nullable=True))
    # Alembic adds no constraints on SQLite, and making the table anew would be slow for nothing.
    number = "BIGINT" if op.get_bind().dialect.name == "postgresql" else "INTEGER"
    op.execute(
        f"ALTER TABLE person ADD COLUMN team_id {number} CONSTRAINT fk_person_team_id REFERENCES team (id)"
    )
    for name in ("is_tester", "is_protected", "is_excluded_from_snapshots"):
        op.add_column("person", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("snoozed_until", "erased_at"):
        op.add_column("person", sa.Column(name, sa.BigInteger(), nullable=True))
    for name in ("quiet_from", "quiet_until"):
        op.add_column("person", sa.Column(name, sa.Integer(), nullable=True))
    op.create_index("ix_person_team_id", "person", ["team_id"])
    op.create_index("ix_person_email_id", "person", ["email", "id"])
    op.create_index("ix_decision_person_id_event_id", "decision", ["person_id", "event_id"])
    op.add_column("identity", sa.Column("position", sa.Integer(), nullable=False, server_default="0"))
    for name in ("known_at", "revision"):
        op.add_column("identity", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_identity_revision", "identity", ["revision"])


def _widen_projects() -> None:
    op.add_column("project", sa.Column("creator_id", sa.BigInteger(), nullable=True))
    op.add_column("project", sa.Column("is_hidden", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("project", sa.Column("webhook_url", sa.Text(), nullable=True))


def _make_attributes() -> None:
    op.create_table(
        "attribute_group",
        sa.Column("id", BigId, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attribute_group"),
        sa.UniqueConstraint("key", name="uq_attribute_group_key"),
    )
    op.create_table(
        "attribute_value",
        sa.Column("person_id", BigId, autoincrement=False, nullable=False),
        sa.Column("group_id", BigId, autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "group_id", "value", name="pk_attribute_value"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_attribute_value_person_id"),
        sa.ForeignKeyConstraint(["group_id"], ["attribute_group.id"], name="fk_attribute_value_group_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "opt_out",
        sa.Column("person_id", BigId, autoincrement=False, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "scope", "value", name="pk_opt_out"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_opt_out_person_id"),
        sqlite_with_rowid=False,
    )


def _make_names() -> None:
    op.create_table(
        "identity_rule",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("project_id", BigId, nullable=True),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("replacement", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity_rule"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_identity_rule_project_id"),
    )
    op.create_table(
        "unresolved",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("first_event_id", sa.BigInteger(), nullable=False),
        sa.Column("last_event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "value", "project_id", name="pk_unresolved"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "projection",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "project_id", name="pk_projection"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attribution",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("next_event_id", sa.BigInteger(), nullable=False),
        sa.Column("last_event_id", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("changed", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_attribution"),
    )
    op.create_table(
        "person_merge",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kept_id", BigId, nullable=False),
        sa.Column("merged_id", BigId, nullable=False),
        sa.Column("moved", sa.Text(), nullable=False),
        sa.Column("merged_at", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_person_merge"),
        sa.ForeignKeyConstraint(["kept_id"], ["person.id"], name="fk_person_merge_kept_id"),
        sa.ForeignKeyConstraint(["merged_id"], ["person.id"], name="fk_person_merge_merged_id"),
    )
    op.create_index("ix_person_merge_kept_id", "person_merge", ["kept_id"])
    op.create_index("ix_person_merge_merged_id", "person_merge", ["merged_id"])
    op.create_table(
        "tombstone",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_tombstone"),
    )


def _make_sources() -> None:
    op.create_table(
        "directory_source",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("pending", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_directory_source"),
    )
    op.create_table(
        "source_member",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("handle", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("gone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("source", "external_id", name="pk_source_member"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_source_member_person_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_source_member_person_id", "source_member", ["person_id"])
    op.create_index("ix_source_member_handle", "source_member", ["handle"])
    op.create_index("ix_source_member_client_id", "source_member", ["client_id"])
    op.create_table(
        "scim_group",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scim_group"),
        sa.UniqueConstraint("key", name="uq_scim_group_key"),
    )
    op.create_table(
        "api_token",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("hash", name="uq_api_token_hash"),
    )


def _move_teams() -> None:
    """Each name becomes a team, whatever case it was written in; a slash puts it under another one."""
    person = sa.table(
        "person", sa.column("id"), sa.column("team"), sa.column("team_id"), sa.column("created_at")
    )
    connection = op.get_bind()
    named = sa.select(person.c.team).where(person.c.team.is_not(None)).distinct().order_by(person.c.team)
    ids: dict[str, int] = {}
    for text in connection.execute(named).scalars().all():
        names = [name.strip() for name in text.split("/") if name.strip()]
        team_id = _make_team(connection, names, ids)
        connection.execute(sa.update(person).where(person.c.team == text).values(team_id=team_id))
    op.drop_column("person", "team")
    identity = sa.table("identity", sa.column("person_id"), sa.column("known_at"))
    known_at = sa.select(person.c.created_at).where(person.c.id == identity.c.person_id).scalar_subquery()
    connection.execute(sa.update(identity).values(known_at=known_at))


def _make_team(connection: sa.Connection, names: list[str], ids: dict[str, int]) -> int | None:
    team = sa.table("team", sa.column("id"), sa.column("parent_id"), sa.column("name"), sa.column("path_key"))
    parent_id, path_key = None, ""
    for name in names:
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())
        path_key = f"{path_key}/{key}" if path_key else key
        if path_key not in ids:
            row = {"parent_id": parent_id, "name": name, "path_key": path_key}
            connection.execute(sa.insert(team).values(row))
            made = sa.select(team.c.id).where(team.c.path_key == path_key)
            ids[path_key] = connection.execute(made).scalar_one()
        parent_id = ids[path_key]
    return parent_id
