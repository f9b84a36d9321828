"""What does the database hold?"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from afterword.kit.clock import to_datetime, to_us

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""64 bits on both; on SQLite only INTEGER PRIMARY KEY is the row's own append-only key."""


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC time, kept as microseconds since 1970 so that both databases order it alike."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        """Aware time → microseconds."""
        return None if value is None else to_us(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        """Microseconds → aware UTC time."""
        return None if value is None else to_datetime(value)


metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

revision = sa.Table(
    "revision",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("removals", sa.BigInteger, nullable=False, server_default="0"),
    comment="One row, counted up by each change that running servers must notice.",
)

project = sa.Table(
    "project",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("events_per_minute", sa.BigInteger, nullable=False),
    sa.Column("events_per_day", sa.BigInteger, nullable=False),
    sa.Column("metadata_bytes", sa.BigInteger, nullable=False),
    sa.Column("events_accepted", sa.BigInteger, nullable=False, server_default="0"),
    # The person who made it by the Web API, which keeps the last two for who asks.
    sa.Column("creator_id", sa.BigInteger),
    sa.Column("is_hidden", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("webhook_url", sa.Text),
)

project_token = sa.Table(
    "project_token",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("project_id", BigId, sa.ForeignKey("project.id"), nullable=False, index=True),
    sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
)

event = sa.Table(
    "event",
    metadata,
    # Nothing but this append-only key on SQLite: each further index costs a page write per event.
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("project_id", sa.BigInteger, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("counted_at", sa.BigInteger, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("github_username", sa.Text),
    sa.Column("gitlab_username", sa.Text),
    sa.Column("metadata", sa.Text),
    sa.Column("is_test", sa.Boolean, nullable=False),
    sa.Column("person_id", sa.BigInteger),
)
sa.Index("uq_event_project_id_number", event.c.project_id, event.c.number, unique=True).ddl_if(
    dialect="postgresql"
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("project_id", sa.BigInteger, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("arguments_hash", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

notice = sa.Table(
    "notice",
    metadata,
    sa.Column("project_id", sa.BigInteger, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("message", sa.Text, primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("first_at", Instant, nullable=False),
    sa.Column("last_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

team = sa.Table(
    "team",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("parent_id", BigId, sa.ForeignKey("team.id"), index=True),
    sa.Column("name", sa.Text, nullable=False),
    # All names from the root on, normalised: what makes a team the same team.
    sa.Column("path_key", sa.Text, nullable=False, unique=True),
    # Of its people, and of those of the teams below it that say none.
    sa.Column("timezone", sa.Text),
)

person = sa.Table(
    "person",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text),
    # What the person chose: no source overwrites it.
    sa.Column("own_timezone", sa.Text),
    sa.Column("locale", sa.Text),
    sa.Column("start_date", sa.Text),
    sa.Column("team_id", BigId, sa.ForeignKey("team.id"), index=True),
    sa.Column("is_bot", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("is_tester", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("is_protected", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("is_excluded_from_snapshots", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("opted_out_at", Instant),
    sa.Column("snoozed_until", Instant),
    sa.Column("quiet_from", sa.Integer),
    sa.Column("quiet_until", sa.Integer),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("erased_at", Instant),
    sa.Index("ix_person_email_id", "email", "id"),
)

identity = sa.Table(
    "identity",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("shown", sa.Text, nullable=False),
    sa.Column("person_id", BigId, sa.ForeignKey("person.id"), nullable=False, index=True),
    # The first of a person's handles of one kind is the one that lists show.
    sa.Column("position", sa.Integer, nullable=False, server_default="0"),
    # A handle says nothing about events that came before it was known.
    sa.Column("known_at", Instant, nullable=False, server_default="0"),
    # The number of the revision that wrote it: servers read only what is newer.
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="0", index=True),
)

attribute_group = sa.Table(
    "attribute_group",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
)

attribute_value = sa.Table(
    "attribute_value",
    metadata,
    sa.Column("person_id", BigId, sa.ForeignKey("person.id"), primary_key=True, autoincrement=False),
    sa.Column("group_id", BigId, sa.ForeignKey("attribute_group.id"), primary_key=True, autoincrement=False),
    sa.Column("value", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)

# What a person wants no surveys of: (project, its id) or (channel, its name).
opt_out = sa.Table(
    "opt_out",
    metadata,
    sa.Column("person_id", BigId, sa.ForeignKey("person.id"), primary_key=True, autoincrement=False),
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

identity_rule = sa.Table(
    "identity_rule",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("project_id", BigId, sa.ForeignKey("project.id")),
    sa.Column("pattern", sa.Text, nullable=False),
    sa.Column("replacement", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
)

# Handles of stored events that the directory does not know.
unresolved = sa.Table(
    "unresolved",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("project_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("shown", sa.Text, nullable=False),
    sa.Column("events", sa.BigInteger, nullable=False),
    sa.Column("first_at", Instant, nullable=False),
    sa.Column("last_at", Instant, nullable=False),
    sa.Column("first_event_id", sa.BigInteger, nullable=False),
    sa.Column("last_event_id", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# How far the worker has read the events; project 0 is all of them.
projection = sa.Table(
    "projection",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("project_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

attribution = sa.Table(
    "attribution",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    # Which events: those with a handle, or those of a person.
    sa.Column("kind", sa.Text),
    sa.Column("value", sa.Text),
    sa.Column("person_id", sa.BigInteger),
    sa.Column("next_event_id", sa.BigInteger, nullable=False),
    sa.Column("last_event_id", sa.BigInteger, nullable=False),
    sa.Column("looked_at", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("changed", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("finished_at", Instant),
)

person_merge = sa.Table(
    "person_merge",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("kept_id", BigId, sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("merged_id", BigId, sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("moved", sa.Text, nullable=False),
    sa.Column("merged_at", Instant, nullable=False),
    sa.Column("undone_at", Instant),
)

# Keyed hashes of the handles of erased people: who comes with one stays unknown.
tombstone = sa.Table(
    "tombstone",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("erased_at", Instant, nullable=False),
)

# Where people are loaded from by schedule, and how that went.
directory_source = sa.Table(
    "directory_source",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("started_at", Instant),
    sa.Column("finished_at", Instant),
    sa.Column("next_at", Instant),
    sa.Column("summary", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("pending", sa.Text),
    sa.Column("leased_until", Instant),
)

# Who a source's own ids mean, so that a renamed account stays the same person.
source_member = sa.Table(
    "source_member",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("external_id", sa.Text, primary_key=True),
    sa.Column("person_id", BigId, sa.ForeignKey("person.id"), nullable=False, index=True),
    sa.Column("handle", sa.Text),
    sa.Column("seen_at", Instant, nullable=False),
    # The source names it no more, and so its person became inactive.
    sa.Column("left_at", Instant),
    # By SCIM only: the provider's own id, what it said that nothing else here keeps, and when it deleted it.
    sa.Column("client_id", sa.Text),
    sa.Column("details", sa.Text),
    sa.Column("gone_at", Instant),
    sa.Index("ix_source_member_handle", "handle"),
    sa.Index("ix_source_member_client_id", "client_id"),
    sqlite_with_rowid=False,
)

# Groups of SCIM: their members are the people with the value `name` of the attribute Group.
scim_group = sa.Table(
    "scim_group",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("client_id", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
)

api_token = sa.Table(
    "api_token",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
)

survey = sa.Table(
    "survey",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("project_id", BigId, sa.ForeignKey("project.id"), nullable=False),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("latest_version", sa.Integer, nullable=False),
    sa.Column("live_version", sa.Integer),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("published_at", Instant),
    sa.Column("closed_at", Instant),
)

survey_version = sa.Table(
    "survey_version",
    metadata,
    sa.Column("survey_id", BigId, sa.ForeignKey("survey.id"), primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("definition", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    # The file's text, byte for byte; versions that came before this column have none.
    sa.Column("source", sa.Text),
)

# The throttle of the organisation (no project) and of projects; the last row of each is in force.
policy = sa.Table(
    "policy",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("project_id", BigId, sa.ForeignKey("project.id")),
    sa.Column("definition", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

job = sa.Table(
    "job",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.BigInteger, nullable=False),
    sa.Column("run_at", Instant, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease", sa.Text),
    sa.Column("dead_at", Instant),
    sa.Column("last_error", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
)
sa.Index(
    "ix_job_kind_run_at",
    job.c.kind,
    job.c.run_at,
    postgresql_where=job.c.dead_at.is_(None),
    sqlite_where=job.c.dead_at.is_(None),
)

decision = sa.Table(
    "decision",
    metadata,
    sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("survey_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("survey_version", sa.Integer, nullable=False),
    sa.Column("person_id", sa.BigInteger),
    sa.Column("is_test", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Integer, nullable=False),
    sa.Column("verdicts", sa.Text, nullable=False),
    sa.Column("draw", sa.Float, nullable=False),
    sa.Column("probability", sa.Float, nullable=False),
    sa.Column("decided_at", Instant, nullable=False),
    # The last row of the table policy when it was decided; 0 = there was none.
    sa.Column("policy_id", sa.BigInteger, nullable=False, server_default="0"),
    sa.Index("ix_decision_survey_id_reason", "survey_id", "reason"),
    # Whose decisions these are is asked by their own page, and when people are merged or erased.
    sa.Index("ix_decision_person_id_event_id", "person_id", "event_id"),
)

invitation = sa.Table(
    "invitation",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("survey_id", BigId, sa.ForeignKey("survey.id"), nullable=False),
    sa.Column("survey_version", sa.Integer, nullable=False),
    sa.Column("person_id", BigId, sa.ForeignKey("person.id"), nullable=False),
    sa.Column("event_id", sa.BigInteger, nullable=False),
    sa.Column("is_test", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("sent_at", Instant),
    sa.Column("opened_at", Instant),
    sa.Column("last_error", sa.Text),
    # How the person ended it, and when; of an anonymous survey not when.
    sa.Column("outcome", sa.Text),
    sa.Column("outcome_at", Instant),
    # The code of the rule that kept it from going out.
    sa.Column("ended_reason", sa.Integer),
    # The event that withdrew it while it waited.
    sa.Column("cancelled_by", sa.BigInteger),
    # When its channel gave up.
    sa.Column("failed_at", Instant),
    # The first answer that came too late and was refused; of an anonymous survey only its day.
    sa.Column("late_at", Instant),
    sa.Column("send_at", Instant),
    sa.Column("reminded_at", Instant),
    # By which attribute a quota has cells, and the person's value of it: office=Berlin.
    sa.Column("cell", sa.Text),
    # Further matches of the trigger while it waited.
    sa.Column("collapsed", sa.Integer, nullable=False, server_default="0"),
    # By which answers are weighted.
    sa.Column("probability", sa.Float, nullable=False, server_default="1"),
    # See ChannelKind: which one carried it, or is to carry it next, and when that was first tried.
    sa.Column("channel", sa.Text),
    sa.Column("channel_since", Instant),
    # The how-manieth of the person; NULL = reserved by a release that did not number them.
    sa.Column("number", sa.Integer),
    sa.UniqueConstraint("event_id", "survey_id"),
    # Two decisions that did not see each other take the same number: the second one is refused.
    sa.Index("ix_invitation_person_id_number", "person_id", "number", unique=True),
    sa.Index("ix_invitation_person_id_created_at", "person_id", "created_at"),
    sa.Index("ix_invitation_survey_id_created_at", "survey_id", "created_at"),
    # What an event withdrew is asked when somebody reads about it; few are withdrawn.
    sa.Index(
        "ix_invitation_cancelled_by",
        "cancelled_by",
        postgresql_where=sa.text("cancelled_by IS NOT NULL"),
        sqlite_where=sa.text("cancelled_by IS NOT NULL"),
    ),
)

# What a person did that a survey counts: kept only for surveys whose trigger looks back, and only so far.
trigger_match = sa.Table(
    "trigger_match",
    metadata,
    sa.Column("survey_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),
    # See MatchRole.
    sa.Column("role", sa.Text, primary_key=True),
    sa.Column("occurred_at", Instant, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Index("ix_trigger_match_person_id", "person_id"),
    # By which what is over is forgotten.
    sa.Index("ix_trigger_match_survey_id_occurred_at", "survey_id", "occurred_at"),
    sqlite_with_rowid=False,
)

# Since when a person uses a project's tool.
first_event = sa.Table(
    "first_event",
    metadata,
    sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("project_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

# Answers of which nobody can say whose they are: no person, no event, no time but the day; ids are random.
anonymous_response = sa.Table(
    "anonymous_response",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("survey_id", BigId, sa.ForeignKey("survey.id"), nullable=False),
    sa.Column("survey_version", sa.Integer, nullable=False),
    sa.Column("is_whole", sa.Boolean, nullable=False),
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("answers", sa.Text, nullable=False),
    sa.Index("ix_anonymous_response_survey_id_day", "survey_id", "day"),
    sqlite_with_rowid=False,
)

response = sa.Table(
    "response",
    metadata,
    sa.Column("id", BigId, primary_key=True),
    sa.Column("invitation_id", BigId, sa.ForeignKey("invitation.id"), nullable=False, unique=True),
    sa.Column("is_whole", sa.Boolean, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    # The answers were let go when their time was over; that somebody answered still counts.
    sa.Column("is_emptied", sa.Boolean, nullable=False, server_default=sa.false()),
)

answer = sa.Table(
    "answer",
    metadata,
    sa.Column("response_id", BigId, sa.ForeignKey("response.id"), primary_key=True, autoincrement=False),
    sa.Column("question_key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

admin_link = sa.Table(
    "admin_link",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
)

admin_session = sa.Table(
    "admin_session",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
)
