"""training files

Revision ID: trn0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

import portal.database

revision = "trn0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('training_batch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=4), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=True),
    sa.Column('asked_by', sa.Integer(), nullable=True),
    sa.Column('asked_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('files', sa.Integer(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('error', sa.String(length=200), nullable=False),
    sa.Column('built_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_batch_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_batch'))
    )
    with op.batch_alter_table('training_batch', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_batch_org_id_id'), ['org_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_batch_state_id'), ['state', 'id'], unique=False)

    op.create_table('training_duty',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('department_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('first_year', sa.Integer(), nullable=False),
    sa.Column('last_year', sa.Integer(), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.CheckConstraint("kind IN ('concerned', 'entrusting')", name=op.f('ck_training_duty_kind')),
    sa.ForeignKeyConstraint(['department_id'], ['directory_organisation.id'], name=op.f('fk_training_duty_department_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_duty')),
    sa.UniqueConstraint('department_id', 'kind', name=op.f('uq_training_duty_department_id_kind'))
    )
    op.create_table('training_plan',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=100), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('submitted_by', sa.Integer(), nullable=True),
    sa.Column('approved_by', sa.Integer(), nullable=True),
    sa.Column('approved_on', sa.Date(), nullable=True),
    sa.Column('opinion', sa.Text(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("state IN ('draft', 'submitted', 'approved')", name=op.f('ck_training_plan_state')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_plan_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_plan')),
    sa.UniqueConstraint('org_id', 'year', name=op.f('uq_training_plan_org_id_year'))
    )
    op.create_table('training_question',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('subject', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('options', portal.database.JSONValue(), nullable=False),
    sa.Column('answer', sa.String(length=8), nullable=False),
    sa.Column('explanation', sa.Text(), nullable=False),
    sa.Column('digest', sa.String(length=32), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("kind IN ('single', 'multiple', 'judge')", name=op.f('ck_training_question_kind')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_question_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_question')),
    sa.UniqueConstraint('org_id', 'digest', name=op.f('uq_training_question_org_id_digest'))
    )
    with op.batch_alter_table('training_question', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_question_org_id_subject_id'), ['org_id', 'subject', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_question_org_id_subject_kind_active'), ['org_id', 'subject', 'kind', 'active'], unique=False)

    op.create_table('training_room',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('place', sa.String(length=120), nullable=False),
    sa.Column('seats', sa.Integer(), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_room_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_room')),
    sa.UniqueConstraint('org_id', 'name', name=op.f('uq_training_room_org_id_name'))
    )
    op.create_table('training_year',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('closed_on', sa.Date(), nullable=True),
    sa.Column('closed_by', sa.String(length=60), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('open_until', sa.Date(), nullable=True),
    sa.Column('figures', portal.database.JSONValue(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("state IN ('open', 'closed', 'reopened')", name=op.f('ck_training_year_state')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_year_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_year')),
    sa.UniqueConstraint('org_id', 'year', name=op.f('uq_training_year_org_id_year'))
    )
    op.create_table('training_exemption',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('person_name', sa.String(length=60), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('on_day', sa.Date(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('opinion', sa.Text(), nullable=False),
    sa.Column('entered_by', sa.Integer(), nullable=True),
    sa.Column('decided_by', sa.Integer(), nullable=True),
    sa.Column('decided_on', sa.Date(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("kind IN ('exempt', 'joined', 'left')", name=op.f('ck_training_exemption_kind')),
    sa.CheckConstraint("state IN ('asked', 'granted', 'refused', 'revoked')", name=op.f('ck_training_exemption_state')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_exemption_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['directory_person.id'], name=op.f('fk_training_exemption_person_id_directory_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_exemption'))
    )
    with op.batch_alter_table('training_exemption', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_exemption_org_id_year_state'), ['org_id', 'year', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_exemption_person_id_year'), ['person_id', 'year'], unique=False)

    op.create_table('training_external',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('person_name', sa.String(length=60), nullable=False),
    sa.Column('title', sa.String(length=100), nullable=False),
    sa.Column('category', sa.String(length=16), nullable=False),
    sa.Column('organiser', sa.String(length=12), nullable=False),
    sa.Column('organiser_org_id', sa.Integer(), nullable=True),
    sa.Column('organiser_name', sa.String(length=80), nullable=False),
    sa.Column('place', sa.String(length=120), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('halves', sa.Integer(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('opinion', sa.Text(), nullable=False),
    sa.Column('entered_by', sa.Integer(), nullable=True),
    sa.Column('submitted_by', sa.Integer(), nullable=True),
    sa.Column('confirmed_by', sa.Integer(), nullable=True),
    sa.Column('confirmed_on', sa.Date(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("state IN ('draft', 'submitted', 'confirmed', 'refused', 'withdrawn')", name=op.f('ck_training_external_state')),
    sa.CheckConstraint('ends_on >= starts_on', name=op.f('ck_training_external_order')),
    sa.CheckConstraint('halves > 0', name=op.f('ck_training_external_halves')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_external_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['organiser_org_id'], ['directory_organisation.id'], name=op.f('fk_training_external_organiser_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['directory_person.id'], name=op.f('fk_training_external_person_id_directory_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_external'))
    )
    with op.batch_alter_table('training_external', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_external_org_id_starts_on_id'), ['org_id', 'starts_on', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_external_org_id_state_id'), ['org_id', 'state', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_external_person_id_starts_on'), ['person_id', 'starts_on'], unique=False)

    op.create_table('training_person_year',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('counted', sa.Integer(), nullable=False),
    sa.Column('uncounted', sa.Integer(), nullable=False),
    sa.Column('updates', sa.Integer(), nullable=False),
    sa.Column('entries', sa.Integer(), nullable=False),
    sa.Column('points', sa.Integer(), nullable=False),
    sa.Column('general', sa.Integer(), nullable=False),
    sa.Column('professional', sa.Integer(), nullable=False),
    sa.Column('update', sa.Integer(), nullable=False),
    sa.Column('department', sa.Integer(), nullable=False),
    sa.Column('off_post', sa.Integer(), nullable=False),
    sa.Column('induction', sa.Integer(), nullable=False),
    sa.Column('political', sa.Integer(), nullable=False),
    sa.Column('party', sa.Integer(), nullable=False),
    sa.Column('other', sa.Integer(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_person_year_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['directory_person.id'], name=op.f('fk_training_person_year_person_id_directory_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_person_year')),
    sa.UniqueConstraint('person_id', 'year', name=op.f('uq_training_person_year_person_id_year'))
    )
    with op.batch_alter_table('training_person_year', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_person_year_org_id_year_counted'), ['org_id', 'year', 'counted'], unique=False)

    op.create_table('training_plan_item',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('theme', sa.String(length=100), nullable=False),
    sa.Column('category', sa.String(length=16), nullable=False),
    sa.Column('halves', sa.Integer(), nullable=False),
    sa.Column('audience', sa.String(length=100), nullable=False),
    sa.Column('month', sa.Integer(), nullable=False),
    sa.Column('lecturer', sa.String(length=60), nullable=False),
    sa.Column('cost_fen', sa.Integer(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_plan_item_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['plan_id'], ['training_plan.id'], name=op.f('fk_training_plan_item_plan_id_training_plan')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_plan_item'))
    )
    with op.batch_alter_table('training_plan_item', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_plan_item_plan_id_month_id'), ['plan_id', 'month', 'id'], unique=False)

    op.create_table('training_session',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('number', sa.String(length=60), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=100), nullable=False),
    sa.Column('course', sa.String(length=40), nullable=False),
    sa.Column('series', sa.String(length=32), nullable=False),
    sa.Column('category', sa.String(length=16), nullable=False),
    sa.Column('mode', sa.String(length=8), nullable=False),
    sa.Column('delivery', sa.String(length=8), nullable=False),
    sa.Column('organiser', sa.String(length=12), nullable=False),
    sa.Column('organiser_org_id', sa.Integer(), nullable=True),
    sa.Column('organiser_name', sa.String(length=80), nullable=False),
    sa.Column('lecturer', sa.String(length=60), nullable=False),
    sa.Column('room_id', sa.Integer(), nullable=True),
    sa.Column('place', sa.String(length=120), nullable=False),
    sa.Column('starts_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('ends_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('timed', sa.Boolean(), nullable=False),
    sa.Column('held_on', sa.Date(), nullable=False),
    sa.Column('pause', sa.Integer(), nullable=False),
    sa.Column('halves', sa.Integer(), nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=True),
    sa.Column('enrol_until', sa.Date(), nullable=True),
    sa.Column('audience', sa.String(length=100), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('exam_needed', sa.Boolean(), nullable=False),
    sa.Column('self_enrol', sa.Boolean(), nullable=False),
    sa.Column('plan_item_id', sa.Integer(), nullable=True),
    sa.Column('cost_fen', sa.Integer(), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('state_reason', sa.Text(), nullable=False),
    sa.Column('state_on', sa.Date(), nullable=True),
    sa.Column('finished_by', sa.Integer(), nullable=True),
    sa.Column('certified_by', sa.Integer(), nullable=True),
    sa.Column('certified_on', sa.Date(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("category IN ('general', 'professional', 'update', 'department', 'off_post', 'induction', 'political', 'party', 'other')", name=op.f('ck_training_session_category')),
    sa.CheckConstraint("state IN ('planned', 'open', 'finished', 'certified', 'archived', 'cancelled')", name=op.f('ck_training_session_state')),
    sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_training_session_order')),
    sa.CheckConstraint('halves > 0', name=op.f('ck_training_session_halves')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_session_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['organiser_org_id'], ['directory_organisation.id'], name=op.f('fk_training_session_organiser_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['plan_item_id'], ['training_plan_item.id'], name=op.f('fk_training_session_plan_item_id_training_plan_item'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['room_id'], ['training_room.id'], name=op.f('fk_training_session_room_id_training_room')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_session')),
    sa.UniqueConstraint('org_id', 'year', 'seq', name=op.f('uq_training_session_org_id_year_seq')),
    sa.UniqueConstraint('uid', name=op.f('uq_training_session_uid'))
    )
    with op.batch_alter_table('training_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_session_org_id_series_starts_at'), ['org_id', 'series', 'starts_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_session_org_id_starts_at_id'), ['org_id', 'starts_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_session_org_id_state_starts_at_id'), ['org_id', 'state', 'starts_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_session_organiser_org_id_year_state'), ['organiser_org_id', 'year', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_session_plan_item_id'), ['plan_item_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_session_room_id_starts_at'), ['room_id', 'starts_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_session_starts_at_id'), ['starts_at', 'id'], unique=False)

    op.create_table('training_enrolment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('host_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('person_name', sa.String(length=60), nullable=False),
    sa.Column('unit', sa.String(length=100), nullable=False),
    sa.Column('source', sa.String(length=10), nullable=False),
    sa.Column('lecturing', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('asked_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('in_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('out_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('halves', sa.Integer(), nullable=True),
    sa.Column('score', sa.Integer(), nullable=True),
    sa.Column('passed', sa.Boolean(), nullable=True),
    sa.Column('refusal', sa.String(length=200), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("state IN ('enrolled', 'waiting', 'present', 'attended', 'credited', 'refused', 'absent', 'cancelled')", name=op.f('ck_training_enrolment_state')),
    sa.CheckConstraint('out_at IS NULL OR in_at IS NOT NULL', name=op.f('ck_training_enrolment_signs')),
    sa.ForeignKeyConstraint(['host_id'], ['directory_organisation.id'], name=op.f('fk_training_enrolment_host_id_directory_organisation')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_enrolment_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['directory_person.id'], name=op.f('fk_training_enrolment_person_id_directory_person')),
    sa.ForeignKeyConstraint(['session_id'], ['training_session.id'], name=op.f('fk_training_enrolment_session_id_training_session')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_enrolment')),
    sa.UniqueConstraint('session_id', 'person_id', name=op.f('uq_training_enrolment_session_id_person_id'))
    )
    with op.batch_alter_table('training_enrolment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_enrolment_host_id_session_id'), ['host_id', 'session_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_enrolment_org_id_session_id_state'), ['org_id', 'session_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_enrolment_person_id_state'), ['person_id', 'state'], unique=False)

    op.create_table('training_exam',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=100), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('way', sa.String(length=6), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=True),
    sa.Column('opens_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('closes_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('pass_mark', sa.Integer(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('parts', portal.database.JSONValue(), nullable=False),
    sa.Column('seed', sa.String(length=32), nullable=False),
    sa.Column('state', sa.String(length=6), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("kind IN ('general', 'professional', 'other')", name=op.f('ck_training_exam_kind')),
    sa.CheckConstraint("state IN ('draft', 'open', 'closed')", name=op.f('ck_training_exam_state')),
    sa.CheckConstraint("way IN ('online', 'list')", name=op.f('ck_training_exam_way')),
    sa.CheckConstraint('closes_at > opens_at', name=op.f('ck_training_exam_order')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_exam_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['session_id'], ['training_session.id'], name=op.f('fk_training_exam_session_id_training_session')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_exam'))
    )
    with op.batch_alter_table('training_exam', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_exam_org_id_opens_at_id'), ['org_id', 'opens_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_exam_session_id'), ['session_id'], unique=False)

    op.create_table('training_invitation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=False),
    sa.Column('host_id', sa.Integer(), nullable=False),
    sa.Column('quota', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('certified_by', sa.Integer(), nullable=True),
    sa.Column('certified_on', sa.Date(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("state IN ('invited', 'declined', 'certified', 'cancelled')", name=op.f('ck_training_invitation_state')),
    sa.ForeignKeyConstraint(['host_id'], ['directory_organisation.id'], name=op.f('fk_training_invitation_host_id_directory_organisation')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_invitation_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['session_id'], ['training_session.id'], name=op.f('fk_training_invitation_session_id_training_session')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_invitation')),
    sa.UniqueConstraint('session_id', 'org_id', name=op.f('uq_training_invitation_session_id_org_id'))
    )
    with op.batch_alter_table('training_invitation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_invitation_org_id_state_id'), ['org_id', 'state', 'id'], unique=False)

    op.create_table('training_attempt',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('exam_id', sa.Integer(), nullable=False),
    sa.Column('host_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('person_name', sa.String(length=60), nullable=False),
    sa.Column('unit', sa.String(length=100), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('seed', sa.String(length=32), nullable=False),
    sa.Column('paper', portal.database.JSONValue(), nullable=True),
    sa.Column('started_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('due_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('handed_in_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('score', sa.Integer(), nullable=True),
    sa.Column('passed', sa.Boolean(), nullable=True),
    sa.Column('by_list', sa.Boolean(), nullable=False),
    sa.Column('remark', sa.String(length=200), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("state IN ('registered', 'running', 'marked', 'absent', 'void')", name=op.f('ck_training_attempt_state')),
    sa.ForeignKeyConstraint(['exam_id'], ['training_exam.id'], name=op.f('fk_training_attempt_exam_id_training_exam')),
    sa.ForeignKeyConstraint(['host_id'], ['directory_organisation.id'], name=op.f('fk_training_attempt_host_id_directory_organisation')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_attempt_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['directory_person.id'], name=op.f('fk_training_attempt_person_id_directory_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_attempt')),
    sa.UniqueConstraint('exam_id', 'person_id', 'number', name=op.f('uq_training_attempt_exam_id_person_id_number'))
    )
    with op.batch_alter_table('training_attempt', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_attempt_person_id_state'), ['person_id', 'state'], unique=False)
        batch_op.create_index('uq_training_attempt_running', ['person_id'], unique=True, sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))

    op.create_table('training_credit',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('held_on', sa.Date(), nullable=False),
    sa.Column('source', sa.String(length=10), nullable=False),
    sa.Column('session_id', sa.Integer(), nullable=True),
    sa.Column('enrolment_id', sa.Integer(), nullable=True),
    sa.Column('external_id', sa.Integer(), nullable=True),
    sa.Column('title', sa.String(length=100), nullable=False),
    sa.Column('course', sa.String(length=40), nullable=False),
    sa.Column('category', sa.String(length=16), nullable=False),
    sa.Column('organiser', sa.String(length=12), nullable=False),
    sa.Column('organiser_org_id', sa.Integer(), nullable=True),
    sa.Column('organiser_name', sa.String(length=80), nullable=False),
    sa.Column('starts_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('ends_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('halves', sa.Integer(), nullable=False),
    sa.Column('counted', sa.Boolean(), nullable=False),
    sa.Column('own_update', sa.Boolean(), nullable=False),
    sa.Column('points', sa.Integer(), nullable=False),
    sa.Column('score', sa.Integer(), nullable=True),
    sa.Column('state', sa.String(length=5), nullable=False),
    sa.Column('corrects_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('certified_by', sa.String(length=60), nullable=False),
    sa.Column('certified_on', sa.Date(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("corrects_id IS NULL OR reason <> ''", name=op.f('ck_training_credit_reason')),
    sa.CheckConstraint("source IN ('session', 'external', 'carried')", name=op.f('ck_training_credit_source')),
    sa.CheckConstraint("state IN ('valid', 'void')", name=op.f('ck_training_credit_state')),
    sa.CheckConstraint('halves >= 0', name=op.f('ck_training_credit_halves')),
    sa.ForeignKeyConstraint(['corrects_id'], ['training_credit.id'], name=op.f('fk_training_credit_corrects_id_training_credit')),
    sa.ForeignKeyConstraint(['enrolment_id'], ['training_enrolment.id'], name=op.f('fk_training_credit_enrolment_id_training_enrolment')),
    sa.ForeignKeyConstraint(['external_id'], ['training_external.id'], name=op.f('fk_training_credit_external_id_training_external')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_credit_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['organiser_org_id'], ['directory_organisation.id'], name=op.f('fk_training_credit_organiser_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['directory_person.id'], name=op.f('fk_training_credit_person_id_directory_person')),
    sa.ForeignKeyConstraint(['session_id'], ['training_session.id'], name=op.f('fk_training_credit_session_id_training_session')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_credit'))
    )
    with op.batch_alter_table('training_credit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_credit_enrolment_id'), ['enrolment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_credit_external_id'), ['external_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_credit_org_id_year_person_id_state'), ['org_id', 'year', 'person_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_credit_person_id_year_held_on'), ['person_id', 'year', 'held_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_training_credit_session_id'), ['session_id'], unique=False)

    op.create_table('training_sign',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('enrolment_id', sa.Integer(), nullable=False),
    sa.Column('host_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=5), nullable=False),
    sa.Column('at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('how', sa.String(length=10), nullable=False),
    sa.Column('by', sa.String(length=60), nullable=False),
    sa.Column('noted_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("how <> 'correction' OR reason <> ''", name=op.f('ck_training_sign_reason')),
    sa.CheckConstraint("kind IN ('in', 'out', 'clear')", name=op.f('ck_training_sign_kind')),
    sa.ForeignKeyConstraint(['enrolment_id'], ['training_enrolment.id'], name=op.f('fk_training_sign_enrolment_id_training_enrolment')),
    sa.ForeignKeyConstraint(['host_id'], ['directory_organisation.id'], name=op.f('fk_training_sign_host_id_directory_organisation')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_sign_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_sign'))
    )
    with op.batch_alter_table('training_sign', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_sign_enrolment_id_id'), ['enrolment_id', 'id'], unique=False)

    op.create_table('training_answer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('attempt_id', sa.Integer(), nullable=False),
    sa.Column('host_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('choice', sa.String(length=8), nullable=False),
    sa.Column('at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['attempt_id'], ['training_attempt.id'], name=op.f('fk_training_answer_attempt_id_training_attempt')),
    sa.ForeignKeyConstraint(['host_id'], ['directory_organisation.id'], name=op.f('fk_training_answer_host_id_directory_organisation')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_answer_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_answer')),
    sa.UniqueConstraint('attempt_id', 'number', name=op.f('uq_training_answer_attempt_id_number'))
    )
    op.create_table('training_pass',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('passed_on', sa.Date(), nullable=False),
    sa.Column('score', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=100), nullable=False),
    sa.Column('attempt_id', sa.Integer(), nullable=True),
    sa.Column('void', sa.Boolean(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['attempt_id'], ['training_attempt.id'], name=op.f('fk_training_pass_attempt_id_training_attempt')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_training_pass_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['directory_person.id'], name=op.f('fk_training_pass_person_id_directory_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_training_pass'))
    )
    with op.batch_alter_table('training_pass', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_training_pass_person_id_kind_passed_on'), ['person_id', 'kind', 'passed_on'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('training_pass', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_pass_person_id_kind_passed_on'))

    op.drop_table('training_pass')
    op.drop_table('training_answer')
    with op.batch_alter_table('training_sign', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_sign_enrolment_id_id'))

    op.drop_table('training_sign')
    with op.batch_alter_table('training_credit', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_credit_session_id'))
        batch_op.drop_index(batch_op.f('ix_training_credit_person_id_year_held_on'))
        batch_op.drop_index(batch_op.f('ix_training_credit_org_id_year_person_id_state'))
        batch_op.drop_index(batch_op.f('ix_training_credit_external_id'))
        batch_op.drop_index(batch_op.f('ix_training_credit_enrolment_id'))

    op.drop_table('training_credit')
    with op.batch_alter_table('training_attempt', schema=None) as batch_op:
        batch_op.drop_index('uq_training_attempt_running', sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))
        batch_op.drop_index(batch_op.f('ix_training_attempt_person_id_state'))

    op.drop_table('training_attempt')
    with op.batch_alter_table('training_invitation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_invitation_org_id_state_id'))

    op.drop_table('training_invitation')
    with op.batch_alter_table('training_exam', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_exam_session_id'))
        batch_op.drop_index(batch_op.f('ix_training_exam_org_id_opens_at_id'))

    op.drop_table('training_exam')
    with op.batch_alter_table('training_enrolment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_enrolment_person_id_state'))
        batch_op.drop_index(batch_op.f('ix_training_enrolment_org_id_session_id_state'))
        batch_op.drop_index(batch_op.f('ix_training_enrolment_host_id_session_id'))

    op.drop_table('training_enrolment')
    with op.batch_alter_table('training_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_session_starts_at_id'))
        batch_op.drop_index(batch_op.f('ix_training_session_room_id_starts_at'))
        batch_op.drop_index(batch_op.f('ix_training_session_plan_item_id'))
        batch_op.drop_index(batch_op.f('ix_training_session_organiser_org_id_year_state'))
        batch_op.drop_index(batch_op.f('ix_training_session_org_id_state_starts_at_id'))
        batch_op.drop_index(batch_op.f('ix_training_session_org_id_starts_at_id'))
        batch_op.drop_index(batch_op.f('ix_training_session_org_id_series_starts_at'))

    op.drop_table('training_session')
    with op.batch_alter_table('training_plan_item', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_plan_item_plan_id_month_id'))

    op.drop_table('training_plan_item')
    with op.batch_alter_table('training_person_year', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_person_year_org_id_year_counted'))

    op.drop_table('training_person_year')
    with op.batch_alter_table('training_external', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_external_person_id_starts_on'))
        batch_op.drop_index(batch_op.f('ix_training_external_org_id_state_id'))
        batch_op.drop_index(batch_op.f('ix_training_external_org_id_starts_on_id'))

    op.drop_table('training_external')
    with op.batch_alter_table('training_exemption', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_exemption_person_id_year'))
        batch_op.drop_index(batch_op.f('ix_training_exemption_org_id_year_state'))

    op.drop_table('training_exemption')
    op.drop_table('training_year')
    op.drop_table('training_room')
    with op.batch_alter_table('training_question', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_question_org_id_subject_kind_active'))
        batch_op.drop_index(batch_op.f('ix_training_question_org_id_subject_id'))

    op.drop_table('training_question')
    op.drop_table('training_plan')
    op.drop_table('training_duty')
    with op.batch_alter_table('training_batch', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_training_batch_state_id'))
        batch_op.drop_index(batch_op.f('ix_training_batch_org_id_id'))

    op.drop_table('training_batch')
