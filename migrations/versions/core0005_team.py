"""The team and the direct superior of a person.

Revision ID: core0005
Revises: core0001
"""

import sqlalchemy as sa
from alembic import op

revision = "core0005"
down_revision = "core0001"
branch_labels = None
depends_on = None

SUPERIOR = "fk_directory_person_superior_id_directory_person"


def upgrade() -> None:
    with op.batch_alter_table("directory_person") as batch:
        batch.add_column(sa.Column("team", sa.String(40), nullable=False, server_default=""))
        batch.add_column(sa.Column("superior_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(SUPERIOR, "directory_person", ["superior_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("directory_person") as batch:
        batch.drop_constraint(SUPERIOR, type_="foreignkey")
        batch.drop_column("superior_id")
        batch.drop_column("team")
