"""What the whole throttle counts: outcomes of invitations, policies of levels, matches of triggers."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Widen what is there, make the new tables, and write the throttle of stored surveys in its new words."""
    for column in (
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("outcome_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_reason", sa.Integer(), nullable=True),
        sa.Column("cancelled_by", sa.BigInteger(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.Column("late_at", sa.BigInteger(), nullable=True),
        sa.Column("send_at", sa.BigInteger(), nullable=True),
        sa.Column("reminded_at", sa.BigInteger(), nullable=True),
        sa.Column("cell", sa.Text(), nullable=True),
        sa.Column("collapsed", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("probability", sa.Float(), nullable=False, server_default="1"),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("channel_since", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
    ):
        op.add_column("invitation", column)
    # There was one channel, and what it was handed must never go by another one.
    op.execute(
        "UPDATE invitation SET channel = 'email', channel_since = created_at "
        "WHERE sent_at IS NOT NULL OR state IN ('sending', 'uncertain')"
    )
    op.create_index("ix_invitation_person_id_number", "invitation", ["person_id", "number"], unique=True)
    op.execute(
        "UPDATE invitation SET outcome = 'answered', outcome_at = "
        "(SELECT created_at FROM response WHERE response.invitation_id = invitation.id) "
        "WHERE id IN (SELECT invitation_id FROM response)"
    )
    op.create_index("ix_invitation_survey_id_created_at", "invitation", ["survey_id", "created_at"])
    op.create_index(
        "ix_invitation_cancelled_by",
        "invitation",
        ["cancelled_by"],
        postgresql_where=sa.text("cancelled_by IS NOT NULL"),
        sqlite_where=sa.text("cancelled_by IS NOT NULL"),
    )
    op.add_column("decision", sa.Column("policy_id", sa.BigInteger(), nullable=False, server_default="0"))
    op.drop_index("ix_job_run_at", "job")
    op.create_index(
        "ix_job_kind_run_at",
        "job",
        ["kind", "run_at"],
        postgresql_where=sa.text("dead_at IS NULL"),
        sqlite_where=sa.text("dead_at IS NULL"),
    )
    op.add_column("team", sa.Column("timezone", sa.Text(), nullable=True))
    op.add_column("survey_version", sa.Column("source", sa.Text(), nullable=True))
    op.add_column(
        "response", sa.Column("is_emptied", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    _make_tables()
    _rewrite_throttles()


def _make_tables() -> None:
    op.create_table(
        "policy",
        sa.Column("id", BigId, nullable=False),
        sa.Column("project_id", BigId, nullable=True),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policy"),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name="fk_policy_project_id"),
    )
    op.create_table(
        "trigger_match",
        sa.Column("survey_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "survey_id", "person_id", "role", "occurred_at", "event_id", name="pk_trigger_match"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_trigger_match_person_id", "trigger_match", ["person_id"])
    op.create_index("ix_trigger_match_survey_id_occurred_at", "trigger_match", ["survey_id", "occurred_at"])
    op.create_table(
        "first_event",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "project_id", name="pk_first_event"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO first_event (person_id, project_id, at) "
        "SELECT person_id, project_id, min(received_at) FROM event "
        "WHERE NOT is_test AND person_id IN (SELECT id FROM person WHERE erased_at IS NULL) "
        "GROUP BY person_id, project_id"
    )
    op.create_table(
        "anonymous_response",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("survey_id", BigId, nullable=False),
        sa.Column("survey_version", sa.Integer(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_anonymous_response"),
        sa.ForeignKeyConstraint(["survey_id"], ["survey.id"], name="fk_anonymous_response_survey_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_anonymous_response_survey_id_day", "anonymous_response", ["survey_id", "day"])


def _rewrite_throttles() -> None:
    connection = op.get_bind()
    versions = sa.table(
        "survey_version",
        sa.column("survey_id", sa.BigInteger),
        sa.column("version", sa.Integer),
        sa.column("definition", sa.Text),
    )
    overriding = set()
    for survey_id, version, text in connection.execute(sa.select(versions)).all():
        definition = _rewritten(text)
        if "global_cooldown" in definition["throttle"]:
            overriding.add(definition["survey"])
        connection.execute(
            sa.update(versions)
            .where(versions.c.survey_id == survey_id, versions.c.version == version)
            .values(definition=json.dumps(definition, ensure_ascii=False, separators=(",", ":")))
        )
    if overriding:
        _grant(connection, sorted(overriding))


def _grant(connection: sa.Connection, keys: list[str]) -> None:
    """Let surveys keep the global cooldown that they said: from now on that is a right."""
    text = json.dumps({"policy": "organisation", "throttle": {}, "may_override_global_cooldown": keys})
    now = connection.scalar(sa.text("SELECT max(created_at) FROM survey_version"))
    policy = sa.table("policy", *map(sa.column, ("definition", "created_at")))
    connection.execute(sa.insert(policy).values(definition=text, created_at=now))


def _rewritten(text: str) -> dict[str, Any]:
    """One survey in today's words: what it said of all cooldowns and of sampling, it says of each part."""
    definition: dict[str, Any] = json.loads(text)
    throttle: dict[str, Any] = definition.get("throttle") or {}
    if throttle.get("global_cooldown") == "14d":
        # What was the default is now what the levels above say.
        del throttle["global_cooldown"]
    if (cooldown := throttle.pop("survey_cooldown", None)) is not None:
        throttle["cooldown"] = dict.fromkeys(("answered", "dismissed", "ignored", "snoozed"), cooldown)
    if (rate := throttle.pop("sampling_rate", None)) is not None:
        throttle["sampling"] = {"rate": rate}
    # What there was not before must not begin to hold for surveys that are live.
    throttle |= {
        "project_cooldown": "0s",
        "caps": {},
        "max_open": 0,
        "backoff": False,
        "send_window": "any",
    }
    return definition | {"throttle": throttle}
