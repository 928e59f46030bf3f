"""Publication, limits that came from elsewhere, how long an identity is kept; mappings of files are the core's.

Revision ID: cmp0002_exchange
Revises: cmp0001
"""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "cmp0002_exchange"
down_revision = "cmp0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("complaints_hotline_mapping")
    op.add_column("complaints_complaint", sa.Column("limit_given", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("complaints_complaint", sa.Column("imported", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("complaints_identity", sa.Column("keep_until", sa.Date(), nullable=True))
    _keep_until()
    op.create_index(op.f("ix_complaints_identity_org_id_keep_until"), "complaints_identity", ["org_id", "keep_until"])
    op.create_table(
        "complaints_publication",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.Column("complaint_id", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(40), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("place", sa.String(60), nullable=False),
        sa.Column("result", sa.String(12), nullable=False),
        sa.Column("sentence", sa.String(120), nullable=False),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["directory_organisation.id"], name=op.f("fk_complaints_publication_org_id_directory_organisation")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints_complaint.id"], name=op.f("fk_complaints_publication_complaint_id_complaints_complaint")),
        sa.ForeignKeyConstraint(["approved_by"], ["auth_account.id"], name=op.f("fk_complaints_publication_approved_by_auth_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints_publication")),
        sa.UniqueConstraint("complaint_id", name=op.f("uq_complaints_publication_complaint_id")),
    )
    op.create_index(op.f("ix_complaints_publication_org_id_month_id"), "complaints_publication", ["org_id", "month", "id"])


def _keep_until() -> None:
    """Of what is archived already: as many years after archiving as the town's figure says."""
    connection = op.get_bind()
    years = {}
    values = sa.text("SELECT org_id, value FROM core_setting WHERE key = 'complaints.identity_years' ORDER BY valid_from, id")
    for org_id, value in connection.execute(values):
        years[org_id] = int(value)
    identity = sa.table("complaints_identity", sa.column("id", sa.Integer), sa.column("keep_until", sa.Date))
    complaint = sa.table("complaints_complaint", sa.column("id"), sa.column("org_id", sa.Integer), sa.column("archived_on", sa.Date))
    whose = sa.table("complaints_identity", sa.column("id"), sa.column("complaint_id"))
    found = sa.select(whose.c.id, complaint.c.org_id, complaint.c.archived_on).join(complaint, complaint.c.id == whose.c.complaint_id)
    rows = [
        {"key": row.id, "until": _later(row.archived_on, years.get(row.org_id, years.get(None, 3)))}
        for row in connection.execute(found.where(complaint.c.archived_on.is_not(None)))
    ]
    if rows:
        connection.execute(sa.update(identity).where(identity.c.id == sa.bindparam("key")).values(keep_until=sa.bindparam("until")), rows)


def _later(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def downgrade() -> None:
    op.drop_table("complaints_publication")
    op.drop_index(op.f("ix_complaints_identity_org_id_keep_until"), "complaints_identity")
    op.drop_column("complaints_identity", "keep_until")
    op.drop_column("complaints_complaint", "imported")
    op.drop_column("complaints_complaint", "limit_given")
    op.create_table(
        "complaints_hotline_mapping",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["directory_organisation.id"], name=op.f("fk_complaints_hotline_mapping_org_id_directory_organisation")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints_hotline_mapping")),
        sa.UniqueConstraint("org_id", name=op.f("uq_complaints_hotline_mapping_org_id")),
    )
