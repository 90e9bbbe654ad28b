"""Rules as data, modes, escalation policies, rosters, and pages to people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("rule_versions", "escalation_policy_versions")


def upgrade() -> None:
    _add_tables()
    _add_columns()
    _widen_incidents()
    _widen_pages()
    _refuse_changes()


def _add_tables() -> None:
    op.create_table(
        "clock_steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("microseconds", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("noted_by", sa.String(length=120), nullable=False),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_clock_steps_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_steps")),
    )
    op.create_index(op.f("ix_clock_steps_at"), "clock_steps", ["at"], unique=False)
    op.create_table(
        "holidays",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("working", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_holidays_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holidays")),
        sa.UniqueConstraint("centre_id", "day", name=op.f("uq_holidays_centre_id_day")),
    )
    op.create_table(
        "page_templates",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.String(length=120), nullable=True),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_page_templates_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_templates")),
        sa.UniqueConstraint("centre_id", "key", "language", name=op.f("uq_page_templates_centre_id_key_language")),
    )
    op.create_table(
        "rosters",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.String(length=120), nullable=True),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_rosters_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rosters")),
        sa.UniqueConstraint("centre_id", "code", name=op.f("uq_rosters_centre_id_code")),
    )
    op.create_table(
        "rules",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_rules_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
        sa.UniqueConstraint("centre_id", "code", name=op.f("uq_rules_centre_id_code")),
    )
    op.create_table(
        "escalation_policies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_escalation_policies_area_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_escalation_policies_centre_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation_policies")),
        sa.UniqueConstraint("centre_id", "code", name=op.f("uq_escalation_policies_centre_id_code")),
    )
    op.create_index(op.f("ix_escalation_policies_area_id"), "escalation_policies", ["area_id"], unique=False)
    op.create_table(
        "leaves",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("substitute_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_leaves_centre_id")),
        sa.ForeignKeyConstraint(["substitute_id"], ["users.id"], name=op.f("fk_leaves_substitute_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_leaves_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaves")),
    )
    op.create_index(op.f("ix_leaves_ends_at"), "leaves", ["ends_at"], unique=False)
    op.create_index(op.f("ix_leaves_user_id"), "leaves", ["user_id"], unique=False)
    op.create_table(
        "rule_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_rule_versions_centre_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["rules.id"], name=op.f("fk_rule_versions_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_versions")),
        sa.UniqueConstraint("rule_id", "version", name=op.f("uq_rule_versions_rule_id_version")),
    )
    op.create_index(op.f("ix_rule_versions_rule_id"), "rule_versions", ["rule_id"], unique=False)
    op.create_table(
        "backtest_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("home_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("area_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("start_at", sa.BigInteger(), nullable=False),
        sa.Column("end_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("homes_done", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False),
        sa.Column("homes_total", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_backtest_runs_area_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_backtest_runs_centre_id")),
        sa.ForeignKeyConstraint(["home_id"], ["homes.id"], name=op.f("fk_backtest_runs_home_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_backtest_runs_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtest_runs")),
    )
    op.create_index(op.f("ix_backtest_runs_created_at"), "backtest_runs", ["created_at"], unique=False)
    op.create_table(
        "escalation_policy_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("policy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=True),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_escalation_policy_versions_centre_id")),
        sa.ForeignKeyConstraint(["policy_id"], ["escalation_policies.id"], name=op.f("fk_escalation_policy_versions_policy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation_policy_versions")),
        sa.UniqueConstraint("policy_id", "version", name=op.f("uq_escalation_policy_versions_policy_id_version")),
    )
    op.create_index(op.f("ix_escalation_policy_versions_policy_id"), "escalation_policy_versions", ["policy_id"], unique=False)
    op.create_table(
        "rule_timers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("home_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("armed_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_rule_timers_centre_id")),
        sa.ForeignKeyConstraint(["home_id"], ["homes.id"], name=op.f("fk_rule_timers_home_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_timers")),
        sa.UniqueConstraint("home_id", "rule", "subject", name=op.f("uq_rule_timers_home_id_rule_subject")),
    )
    op.create_index("ix_rule_timers_due_at", "rule_timers", ["due_at"], unique=False)
    op.create_table(
        "contact_points",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=1000), nullable=False),
        sa.Column("details", sa.JSON(), nullable=True),
        sa.Column("label", sa.String(length=60), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("use_order", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.Column("broken_at", sa.BigInteger(), nullable=True),
        sa.Column("broken_reason", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.CheckConstraint("(user_id IS NULL) <> (contact_id IS NULL)", name=op.f("ck_contact_points_one_person")),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_contact_points_centre_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_contact_points_contact_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_contact_points_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_points")),
        sa.UniqueConstraint("contact_id", "channel", "address", name=op.f("uq_contact_points_contact_id_channel_address")),
        sa.UniqueConstraint("user_id", "channel", "address", name=op.f("uq_contact_points_user_id_channel_address")),
    )
    op.create_table(
        "digests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_digests_centre_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_digests_contact_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
        sa.UniqueConstraint("contact_id", "day", name=op.f("uq_digests_contact_id_day")),
    )
    op.create_table(
        "incident_homes",
        sa.Column("incident_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("home_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("because", sa.String(length=40), nullable=False),
        sa.Column("risk", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=True),
        sa.Column("restored_at", sa.BigInteger(), nullable=True),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_incident_homes_centre_id")),
        sa.ForeignKeyConstraint(["home_id"], ["homes.id"], name=op.f("fk_incident_homes_home_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_incident_homes_incident_id")),
        sa.PrimaryKeyConstraint("incident_id", "home_id", name=op.f("pk_incident_homes")),
    )
    op.create_index(op.f("ix_incident_homes_home_id"), "incident_homes", ["home_id"], unique=False)
    _partial_index("ix_incident_homes_lost", "incident_homes", ["incident_id"], "restored_at IS NULL")
    op.create_table(
        "modes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("home_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("resident_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("end_due_at", sa.BigInteger(), nullable=True),
        sa.Column("set_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("set_by", sa.String(length=120), nullable=False),
        sa.Column("movement_seen_at", sa.BigInteger(), nullable=True),
        sa.Column("question_due_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=120), nullable=True),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_modes_centre_id")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_modes_device_id")),
        sa.ForeignKeyConstraint(["home_id"], ["homes.id"], name=op.f("fk_modes_home_id")),
        sa.ForeignKeyConstraint(["resident_id"], ["residents.id"], name=op.f("fk_modes_resident_id")),
        sa.ForeignKeyConstraint(["set_by_id"], ["users.id"], name=op.f("fk_modes_set_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_modes")),
    )
    op.create_index(
        "ix_modes_home_id",
        "modes",
        ["home_id"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    _partial_index("ix_modes_end_due_at", "modes", ["end_due_at"], "end_due_at IS NOT NULL")
    _partial_index("ix_modes_question_due_at", "modes", ["question_due_at"], "question_due_at IS NOT NULL")
    op.create_table(
        "evidence",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("alert_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("effect", sa.String(length=20), nullable=False),
        sa.Column("rule_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False),
        sa.Column("details", sa.JSON(), nullable=True),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_evidence_alert_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_evidence_centre_id")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_evidence_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    op.create_index(op.f("ix_evidence_alert_id"), "evidence", ["alert_id"], unique=False)
    op.create_table(
        "page_answers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("page_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("incident_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("person", sa.String(length=40), nullable=True),
        sa.Column("person_name", sa.String(length=120), nullable=True),
        sa.Column("answer", sa.String(length=20), nullable=False),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_page_answers_centre_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name=op.f("fk_page_answers_incident_id")),
        sa.ForeignKeyConstraint(["page_id"], ["pages.id"], name=op.f("fk_page_answers_page_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_answers")),
        sa.UniqueConstraint("page_id", "answer", name=op.f("uq_page_answers_page_id_answer")),
    )
    op.create_index(op.f("ix_page_answers_incident_id"), "page_answers", ["incident_id"], unique=False)
    op.create_table(
        "page_tests",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contact_point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("page_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("window_seconds", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_by", sa.String(length=120), nullable=True),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_page_tests_centre_id")),
        sa.ForeignKeyConstraint(
            ["contact_point_id"], ["contact_points.id"], name=op.f("fk_page_tests_contact_point_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["page_id"], ["pages.id"], name=op.f("fk_page_tests_page_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_tests")),
    )
    op.create_index(op.f("ix_page_tests_contact_point_id"), "page_tests", ["contact_point_id"], unique=False)
    op.create_index(
        "ix_page_tests_due_at",
        "page_tests",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "page_tokens",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("page_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_page_tokens_centre_id")),
        sa.ForeignKeyConstraint(["page_id"], ["pages.id"], name=op.f("fk_page_tokens_page_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_page_tokens_token_hash")),
    )
    op.create_index(op.f("ix_page_tokens_expires_at"), "page_tokens", ["expires_at"], unique=False)
    op.create_index(op.f("ix_page_tokens_page_id"), "page_tokens", ["page_id"], unique=False)
    op.create_table(
        "suppressed",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("found_count", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.Column("because", sa.String(length=20), nullable=False),
        sa.Column("home_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("resident_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("rule", sa.String(length=60), nullable=False),
        sa.Column("rule_kind", sa.String(length=20), nullable=False),
        sa.Column("rule_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=12), nullable=False),
        sa.Column("mode_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("signal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("alert_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("lane", sa.String(length=80), nullable=False),
        sa.Column("lasting", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=True),
        sa.Column("centre_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_suppressed_alert_id")),
        sa.ForeignKeyConstraint(["centre_id"], ["centres.id"], name=op.f("fk_suppressed_centre_id")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_suppressed_device_id")),
        sa.ForeignKeyConstraint(["home_id"], ["homes.id"], name=op.f("fk_suppressed_home_id")),
        sa.ForeignKeyConstraint(["mode_id"], ["modes.id"], name=op.f("fk_suppressed_mode_id")),
        sa.ForeignKeyConstraint(["resident_id"], ["residents.id"], name=op.f("fk_suppressed_resident_id")),
        sa.ForeignKeyConstraint(["signal_id"], ["signals.id"], name=op.f("fk_suppressed_signal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressed")),
    )
    op.create_index(op.f("ix_suppressed_alert_id"), "suppressed", ["alert_id"], unique=False)
    op.create_index(op.f("ix_suppressed_signal_id"), "suppressed", ["signal_id"], unique=False)
    op.create_index(op.f("ix_suppressed_at"), "suppressed", ["at"], unique=False)
    op.create_index("ix_suppressed_home_id_at", "suppressed", ["home_id", "at"], unique=False)
    op.create_index("ix_suppressed_rule_at", "suppressed", ["rule", "at"], unique=False)
    _partial_index("ix_suppressed_lasting", "suppressed", ["home_id", "rule", "subject"], "lasting AND ended_at IS NULL")


def _add_columns() -> None:
    op.add_column(
        "alerts",
        sa.Column("rule_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False),
    )
    op.add_column("alerts", sa.Column("rule_kind", sa.String(length=20), server_default="signal", nullable=False))
    op.add_column("alerts", sa.Column("lane", sa.String(length=80), nullable=True))
    op.add_column("alerts", sa.Column("playbook", sa.String(length=40), nullable=True))
    op.add_column("alerts", sa.Column("audience", sa.JSON(), nullable=True))
    op.add_column("contacts", sa.Column("available", sa.JSON(), nullable=True))
    op.add_column("contacts", sa.Column("alarm_consent_at", sa.BigInteger(), nullable=True))
    op.add_column("contacts", sa.Column("digest_consent_at", sa.BigInteger(), nullable=True))
    op.add_column("contacts", sa.Column("consent_taken_by", sa.String(length=120), nullable=True))
    _partial_index("ix_contacts_digest_consent_at", "contacts", ["digest_consent_at"], "digest_consent_at IS NOT NULL")
    op.add_column("devices", sa.Column("offline_at", sa.BigInteger(), nullable=True))
    _partial_index("ix_devices_offline_at", "devices", ["offline_at"], "offline_at IS NOT NULL")
    op.add_column("homes", sa.Column("rhythm", sa.JSON(), nullable=True))
    op.add_column("residents", sa.Column("rule_values", sa.JSON(), nullable=True))
    op.add_column("residents", sa.Column("on_oxygen", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("residents", sa.Column("falls_easily", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("signals", sa.Column("retained", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("signals", sa.Column("redelivered", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("signals", sa.Column("because", sa.String(length=20), nullable=True))


def _widen_incidents() -> None:
    """Column by column: a copy of the table would lose its CHECKs on SQLite."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("ALTER TABLE incidents ADD COLUMN area_id INTEGER REFERENCES areas (id)")
    else:
        op.add_column("incidents", sa.Column("area_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key(op.f("fk_incidents_area_id"), "incidents", "areas", ["area_id"], ["id"])
    op.add_column("incidents", sa.Column("test", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("incidents", sa.Column("policy", sa.JSON(), nullable=True))
    op.add_column(
        "incidents",
        sa.Column("escalation_step", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False),
    )
    op.add_column(
        "incidents",
        sa.Column("escalation_round", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), server_default="0", nullable=False),
    )
    op.add_column("incidents", sa.Column("escalation_from_at", sa.BigInteger(), nullable=True))
    # What was the one fallback clock is now the clock of the policy's next step.
    op.drop_index("ix_incidents_fallback_due_at", table_name="incidents")
    op.execute("ALTER TABLE incidents RENAME COLUMN fallback_due_at TO escalation_due_at")
    op.create_index(op.f("ix_incidents_area_id"), "incidents", ["area_id"], unique=False)
    op.create_index(
        "ix_incidents_escalation_due_at",
        "incidents",
        ["escalation_due_at"],
        unique=False,
        sqlite_where=sa.text("escalation_due_at IS NOT NULL"),
        postgresql_where=sa.text("escalation_due_at IS NOT NULL"),
    )


def _widen_pages() -> None:
    with op.batch_alter_table("pages", recreate="auto") as pages:
        pages.alter_column("incident_id", existing_type=sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        pages.add_column(sa.Column("contact_point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        pages.add_column(sa.Column("person", sa.String(length=40), nullable=True))
        pages.add_column(sa.Column("person_name", sa.String(length=120), nullable=True))
        pages.add_column(sa.Column("details", sa.JSON(), nullable=True))
        pages.add_column(sa.Column("step", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        pages.add_column(sa.Column("escalation_round", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        pages.add_column(sa.Column("language", sa.String(length=8), nullable=True))
        pages.add_column(sa.Column("critical", sa.Boolean(), server_default=sa.true(), nullable=False))
        pages.add_column(sa.Column("bundle", sa.String(length=120), nullable=True))
        pages.add_column(sa.Column("bundled_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        pages.add_column(sa.Column("provider_id", sa.String(length=120), nullable=True))
        pages.add_column(sa.Column("delivery", sa.String(length=20), nullable=True))
        pages.add_column(sa.Column("delivery_at", sa.BigInteger(), nullable=True))
        pages.create_foreign_key(op.f("fk_pages_bundled_into_id"), "pages", ["bundled_into_id"], ["id"])
        pages.create_foreign_key(
            op.f("fk_pages_contact_point_id"), "contact_points", ["contact_point_id"], ["id"], ondelete="SET NULL"
        )
    _partial_index("ix_pages_bundle", "pages", ["bundle", "sent_at"], "bundle IS NOT NULL")
    _partial_index("ix_pages_provider_id", "pages", ["channel", "provider_id"], "provider_id IS NOT NULL")


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _refuse_changes() -> None:
    for table in APPEND_ONLY:
        if op.get_bind().dialect.name == "sqlite":
            for act in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        else:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
