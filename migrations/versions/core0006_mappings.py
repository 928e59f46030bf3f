"""Mappings of imported files; uploaded files are kept sealed, so those that still wait are dropped.

Revision ID: core0006
Revises: core0005
"""

import sqlalchemy as sa
from alembic import op

revision = "core0006"
down_revision = "core0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "records_import_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("import_name", sa.String(40), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["directory_organisation.id"], name=op.f("fk_records_import_mapping_org_id_directory_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_records_import_mapping")),
        sa.UniqueConstraint("org_id", "import_name", "name", name=op.f("uq_records_import_mapping_org_id_import_name_name")),
    )
    op.add_column("records_import_run", sa.Column("mapping", sa.Text(), nullable=True))
    op.execute("UPDATE records_import_run SET content = NULL")


def downgrade() -> None:
    op.execute("UPDATE records_import_run SET content = NULL")
    op.drop_column("records_import_run", "mapping")
    op.drop_table("records_import_mapping")
