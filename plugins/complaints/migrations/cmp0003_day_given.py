"""The day that came with an order or a sheet, which no calendar moves.

Revision ID: cmp0003_day_given
Revises: cmp0002_exchange
"""

import sqlalchemy as sa
from alembic import op

revision = "cmp0003_day_given"
down_revision = "cmp0002_exchange"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("complaints_complaint", sa.Column("due_given", sa.Date(), nullable=True))
    complaint = sa.table(
        "complaints_complaint", sa.column("due_given"), sa.column("due_on"), sa.column("limit_given", sa.Boolean), sa.column("imported", sa.Boolean),
        sa.column("extension_state"), sa.column("suspended_days"),
    )  # fmt: skip
    untouched = (complaint.c.limit_given, complaint.c.imported, complaint.c.extension_state != "granted", complaint.c.suspended_days == 0)
    op.execute(sa.update(complaint).where(*untouched).values(due_given=complaint.c.due_on))


def downgrade() -> None:
    op.drop_column("complaints_complaint", "due_given")
