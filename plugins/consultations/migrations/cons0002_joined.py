"""A member gives one opinion for each file that the panel reads, so that a joined town's own questions are answered.

Revision ID: cons0002
Revises: cons0001
"""

from alembic import op

revision = "cons0002"
down_revision = "cons0001"
branch_labels = None
depends_on = None

TABLE = "consultations_opinion"
FOLLOWED = "('collecting', 'summing')"


def upgrade() -> None:
    with op.batch_alter_table(TABLE) as batch_op:
        batch_op.drop_constraint(op.f("uq_consultations_opinion_seat_id"), type_="unique")
        batch_op.create_unique_constraint(op.f("uq_consultations_opinion_seat_id_consultation_id"), ["seat_id", "consultation_id"])
    lead = f"SELECT {{}} FROM consultations_case AS lead WHERE lead.id = consultations_case.main_id AND lead.state IN {FOLLOWED}"
    op.execute(f"UPDATE consultations_case SET state = ({lead.format('lead.state')}) WHERE state = 'joined' AND EXISTS ({lead.format('1')})")


def downgrade() -> None:
    op.execute(f"UPDATE consultations_case SET state = 'joined' WHERE main_id IS NOT NULL AND state IN {FOLLOWED}")
    op.execute(
        f"DELETE FROM {TABLE} WHERE EXISTS (SELECT 1 FROM consultations_seat WHERE consultations_seat.id = {TABLE}.seat_id "
        f"AND consultations_seat.consultation_id <> {TABLE}.consultation_id)"
    )
    with op.batch_alter_table(TABLE) as batch_op:
        batch_op.drop_constraint(op.f("uq_consultations_opinion_seat_id_consultation_id"), type_="unique")
        batch_op.create_unique_constraint(op.f("uq_consultations_opinion_seat_id"), ["seat_id"])
