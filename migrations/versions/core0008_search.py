"""The index of the search. It is filled by ``portal db upgrade`` afterwards, town by town, while the portal may run.

Revision ID: core0008
Revises: core0007
"""

import sqlalchemy as sa
from alembic import op

from portal.search.schema import create_grams, drop_grams

revision = "core0008"
down_revision = "core0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_search_kind",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("signature", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_core_search_kind")),
        sa.UniqueConstraint("name", name=op.f("uq_core_search_kind_name")),
    )
    op.create_table(
        "core_search_document",
        sa.Column("key", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_core_search_document")),
    )
    create_grams(op.get_bind())


def downgrade() -> None:
    drop_grams(op.get_bind())
    op.drop_table("core_search_document")
    op.drop_table("core_search_kind")
