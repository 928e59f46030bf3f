"""Indexes for the lists of those who see all towns, and for counting accusations by their conclusion.

Revision ID: cmp0004_orders
Revises: cmp0003_day_given
"""

import sqlalchemy as sa
from alembic import op

revision = "cmp0004_orders"
down_revision = "cmp0003_day_given"
branch_labels = None
depends_on = None

TABLE = "complaints_complaint"
ACCUSATIONS = sa.text("kind = 'accusation'")


def upgrade() -> None:
    op.create_index(op.f("ix_complaints_complaint_sort_due_id"), TABLE, ["sort_due", "id"])
    op.create_index(op.f("ix_complaints_complaint_received_on_id"), TABLE, ["received_on", "id"])
    op.create_index("ix_complaints_accusation_concluded", TABLE, ["org_id", "concluded_on"], sqlite_where=ACCUSATIONS, postgresql_where=ACCUSATIONS)


def downgrade() -> None:
    op.drop_index("ix_complaints_accusation_concluded", TABLE)
    op.drop_index(op.f("ix_complaints_complaint_received_on_id"), TABLE)
    op.drop_index(op.f("ix_complaints_complaint_sort_due_id"), TABLE)
