"""Topics limited to some of the invited units; paragraphs of minutes know the agenda item that they tell of.

Revision ID: mtg0002_circle
Revises: mtg0001
"""

import sqlalchemy as sa
from alembic import op

revision = "mtg0002_circle"
down_revision = "mtg0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "meetings_circle",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("unit_name", sa.String(60), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["directory_organisation.id"], name=op.f("fk_meetings_circle_org_id_directory_organisation")),
        sa.ForeignKeyConstraint(["topic_id"], ["meetings_topic.id"], name=op.f("fk_meetings_circle_topic_id_meetings_topic")),
        sa.ForeignKeyConstraint(["unit_id"], ["directory_organisation.id"], name=op.f("fk_meetings_circle_unit_id_directory_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meetings_circle")),
        sa.UniqueConstraint("topic_id", "unit_id", name=op.f("uq_meetings_circle_topic_id_unit_id")),
    )
    op.create_index(op.f("ix_meetings_circle_unit_id"), "meetings_circle", ["unit_id"])
    op.add_column("meetings_topic", sa.Column("limited", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("meetings_paragraph", sa.Column("item_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("meetings_paragraph", "item_id")
    op.drop_column("meetings_topic", "limited")
    op.drop_index(op.f("ix_meetings_circle_unit_id"), "meetings_circle")
    op.drop_table("meetings_circle")
