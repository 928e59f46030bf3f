"""The Word templates of the towns, and which version a kept document was made with.

Revision ID: core0003_documents
Revises: core0008
"""

import sqlalchemy as sa
from alembic import op

import portal.database

revision = "core0003_documents"
down_revision = "core0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "documents_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("paper", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("filename", sa.String(200), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("uploaded_by", sa.Integer(), nullable=True),
        sa.Column("uploaded_name", sa.String(60), nullable=False),
        sa.Column("uploaded_at", portal.database.UTCDateTime(timezone=True), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("taken_at", portal.database.UTCDateTime(timezone=True), nullable=True),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('own', 'standard')", name=op.f("ck_documents_template_kind")),
        sa.ForeignKeyConstraint(["org_id"], ["directory_organisation.id"], name=op.f("fk_documents_template_org_id_directory_organisation")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["auth_account.id"], name=op.f("fk_documents_template_uploaded_by_auth_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents_template")),
        sa.UniqueConstraint("org_id", "paper", "version", name=op.f("uq_documents_template_org_id_paper_version")),
    )
    op.create_index(op.f("ix_documents_template_org_id_paper_valid_from"), "documents_template", ["org_id", "paper", "valid_from"])
    op.create_table(
        "documents_kept",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_type", sa.String(60), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("paper", sa.String(60), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=True),
        sa.Column("standard_version", sa.String(20), nullable=False),
        sa.Column("attachment_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("made_at", portal.database.UTCDateTime(timezone=True), nullable=False),
        sa.Column("made_name", sa.String(60), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["attachment_id"], ["records_attachment.id"], name=op.f("fk_documents_kept_attachment_id_records_attachment")),
        sa.ForeignKeyConstraint(["org_id"], ["directory_organisation.id"], name=op.f("fk_documents_kept_org_id_directory_organisation")),
        sa.ForeignKeyConstraint(["template_id"], ["documents_template.id"], name=op.f("fk_documents_kept_template_id_documents_template")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents_kept")),
        sa.UniqueConstraint("attachment_id", name=op.f("uq_documents_kept_attachment_id")),
    )
    op.create_index(op.f("ix_documents_kept_record_type_record_id"), "documents_kept", ["record_type", "record_id"])


def downgrade() -> None:
    op.drop_table("documents_kept")
    op.drop_table("documents_template")
