"""Keys of forms that were sent, so that a form makes one record.

Revision ID: core0007
Revises: core0006
"""

import sqlalchemy as sa
from alembic import op

revision = "core0007"
down_revision = "core0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "records_form_key",
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("url", sa.String(200), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_records_form_key")),
    )
    op.create_index(op.f("ix_records_form_key_on"), "records_form_key", ["on"])


def downgrade() -> None:
    op.drop_index(op.f("ix_records_form_key_on"), table_name="records_form_key")
    op.drop_table("records_form_key")
