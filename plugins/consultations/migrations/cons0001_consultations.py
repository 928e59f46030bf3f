"""Consultations: requests, panels, opinions, papers, experts, library. Signed papers and draws refuse to be changed.

Revision ID: cons0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

import portal.database


revision = 'cons0001'
down_revision = None
branch_labels = None
depends_on = None


KEPT = (("consultations_paper", "WHEN (OLD.state = 'signed')", "a signed opinion paper is not changed"), ("consultations_draw", "", "a draw is not changed"))


def protect() -> None:
    """The database itself refuses to change or delete signed papers and draws."""
    if op.get_bind().dialect.name == "sqlite":
        for table, when, message in KEPT:
            for event in ("UPDATE", "DELETE"):
                op.execute(f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} {when} BEGIN SELECT RAISE(ABORT, '{message}'); END")
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION consultations_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is not changed', TG_TABLE_NAME; END $$"
    )
    for table, when, _message in KEPT:
        op.execute(f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {when} EXECUTE FUNCTION consultations_refuse()")


def upgrade() -> None:
    op.create_table('consultations_case',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=60), nullable=False),
    sa.Column('title', sa.String(length=100), nullable=False),
    sa.Column('field', sa.String(length=40), nullable=False),
    sa.Column('case_no', sa.String(length=60), nullable=False),
    sa.Column('filed_on', sa.Date(), nullable=True),
    sa.Column('triggers', portal.database.JSONValue(), nullable=False),
    sa.Column('facts', sa.Text(), nullable=False),
    sa.Column('law', sa.Text(), nullable=False),
    sa.Column('own_view', sa.Text(), nullable=False),
    sa.Column('questions', portal.database.JSONValue(), nullable=False),
    sa.Column('parties', portal.database.JSONValue(), nullable=False),
    sa.Column('evidence', portal.database.JSONValue(), nullable=False),
    sa.Column('needed_by', sa.Date(), nullable=True),
    sa.Column('urgency', sa.String(length=8), nullable=False),
    sa.Column('secrecy', sa.String(length=10), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('state_on', sa.Date(), nullable=False),
    sa.Column('sort_due', sa.Date(), nullable=False),
    sa.Column('created_on', sa.Date(), nullable=False),
    sa.Column('created_by', sa.Integer(), nullable=False),
    sa.Column('approver_id', sa.Integer(), nullable=True),
    sa.Column('submitted_by', sa.Integer(), nullable=True),
    sa.Column('approved_on', sa.Date(), nullable=True),
    sa.Column('take_by', sa.Date(), nullable=True),
    sa.Column('taken_on', sa.Date(), nullable=True),
    sa.Column('form', sa.String(length=8), nullable=False),
    sa.Column('main_id', sa.Integer(), nullable=True),
    sa.Column('invited_on', sa.Date(), nullable=True),
    sa.Column('opinion_due', sa.Date(), nullable=True),
    sa.Column('opinion_provisional', sa.Boolean(), nullable=False),
    sa.Column('closed_on', sa.Date(), nullable=True),
    sa.Column('missing', portal.database.JSONValue(), nullable=False),
    sa.Column('meeting_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('meeting_place', sa.String(length=120), nullable=False),
    sa.Column('meeting_note', sa.Text(), nullable=False),
    sa.Column('meeting_reference', sa.String(length=80), nullable=False),
    sa.Column('meeting_url', sa.String(length=200), nullable=False),
    sa.Column('paper_on', sa.Date(), nullable=True),
    sa.Column('answer_due', sa.Date(), nullable=True),
    sa.Column('answer_provisional', sa.Boolean(), nullable=False),
    sa.Column('answer_state', sa.String(length=10), nullable=False),
    sa.Column('answer', sa.String(length=10), nullable=False),
    sa.Column('answer_reasons', sa.Text(), nullable=False),
    sa.Column('answer_by', sa.Integer(), nullable=True),
    sa.Column('answered_on', sa.Date(), nullable=True),
    sa.Column('archived_on', sa.Date(), nullable=True),
    sa.Column('outcome', sa.String(length=12), nullable=False),
    sa.Column('outcome_on', sa.Date(), nullable=True),
    sa.Column('outcome_note', sa.Text(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("answer IN ('', 'adopted', 'partly', 'rejected')", name=op.f('ck_consultations_case_answer')),
    sa.CheckConstraint("form IN ('', 'written', 'meeting')", name=op.f('ck_consultations_case_form')),
    sa.CheckConstraint("state IN ('draft', 'approving', 'submitted', 'returned', 'declined', 'joined', 'accepted', 'collecting', 'summing', 'issued', 'answered', 'archived', 'aborted')", name=op.f('ck_consultations_case_state')),
    sa.CheckConstraint('main_id IS NULL OR main_id <> id', name=op.f('ck_consultations_case_not_into_itself')),
    sa.ForeignKeyConstraint(['answer_by'], ['auth_account.id'], name=op.f('fk_consultations_case_answer_by_auth_account')),
    sa.ForeignKeyConstraint(['approver_id'], ['auth_account.id'], name=op.f('fk_consultations_case_approver_id_auth_account')),
    sa.ForeignKeyConstraint(['created_by'], ['auth_account.id'], name=op.f('fk_consultations_case_created_by_auth_account')),
    sa.ForeignKeyConstraint(['main_id'], ['consultations_case.id'], name=op.f('fk_consultations_case_main_id_consultations_case')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_consultations_case_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['submitted_by'], ['auth_account.id'], name=op.f('fk_consultations_case_submitted_by_auth_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consultations_case'))
    )
    with op.batch_alter_table('consultations_case', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_consultations_case_created_on_id'), ['created_on', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_consultations_case_main_id'), ['main_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_consultations_case_org_id_sort_due_id'), ['org_id', 'sort_due', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_consultations_case_org_id_state'), ['org_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_consultations_case_sort_due_id'), ['sort_due', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_consultations_case_state_sort_due'), ['state', 'sort_due'], unique=False)

    op.create_table('consultations_expert',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('unit', sa.String(length=120), nullable=False),
    sa.Column('title', sa.String(length=80), nullable=False),
    sa.Column('fields', portal.database.JSONValue(), nullable=False),
    sa.Column('term_from', sa.Date(), nullable=False),
    sa.Column('term_to', sa.Date(), nullable=False),
    sa.Column('telephone', sa.String(length=30), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('interests', portal.database.JSONValue(), nullable=False),
    sa.Column('adviser_of', portal.database.JSONValue(), nullable=False),
    sa.Column('suspended', sa.Boolean(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint('term_to >= term_from', name=op.f('ck_consultations_expert_term')),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_consultations_expert_account_id_auth_account')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_consultations_expert_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consultations_expert')),
    sa.UniqueConstraint('account_id', name=op.f('uq_consultations_expert_account_id')),
    sa.UniqueConstraint('org_id', 'name', 'unit', name=op.f('uq_consultations_expert_org_id_name_unit'))
    )
    with op.batch_alter_table('consultations_expert', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_consultations_expert_org_id_name_id'), ['org_id', 'name', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_consultations_expert_org_id_term_to_id'), ['org_id', 'term_to', 'id'], unique=False)

    op.create_table('consultations_access',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('consultation_id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('member_org_id', sa.Integer(), nullable=False),
    sa.Column('part', sa.String(length=8), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("part IN ('handler', 'approver', 'panel')", name=op.f('ck_consultations_access_part')),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_consultations_access_account_id_auth_account')),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultations_case.id'], name=op.f('fk_consultations_access_consultation_id_consultations_case')),
    sa.ForeignKeyConstraint(['member_org_id'], ['directory_organisation.id'], name=op.f('fk_consultations_access_member_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_consultations_access_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consultations_access')),
    sa.UniqueConstraint('consultation_id', 'account_id', 'member_org_id', 'part', name='uq_consultations_access_once')
    )
    with op.batch_alter_table('consultations_access', schema=None) as batch_op:
        batch_op.create_index('ix_consultations_access_account', ['account_id', 'member_org_id', 'consultation_id'], unique=False)

    op.create_table('consultations_draw',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('consultation_id', sa.Integer(), nullable=False),
    sa.Column('field', sa.String(length=40), nullable=False),
    sa.Column('algorithm', sa.String(length=40), nullable=False),
    sa.Column('seed', sa.String(length=80), nullable=False),
    sa.Column('wanted', sa.Integer(), nullable=False),
    sa.Column('candidates', portal.database.JSONValue(), nullable=False),
    sa.Column('excluded', portal.database.JSONValue(), nullable=False),
    sa.Column('result', portal.database.JSONValue(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('drawn_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('drawn_by', sa.String(length=60), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.CheckConstraint('wanted > 0', name=op.f('ck_consultations_draw_wanted')),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultations_case.id'], name=op.f('fk_consultations_draw_consultation_id_consultations_case')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_consultations_draw_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consultations_draw'))
    )
    with op.batch_alter_table('consultations_draw', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_consultations_draw_consultation_id_id'), ['consultation_id', 'id'], unique=False)

    op.create_table('consultations_inquiry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('consultation_id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('asked_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('reply', sa.Text(), nullable=False),
    sa.Column('replied_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('replied_by', sa.String(length=60), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_consultations_inquiry_account_id_auth_account')),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultations_case.id'], name=op.f('fk_consultations_inquiry_consultation_id_consultations_case')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_consultations_inquiry_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consultations_inquiry'))
    )
    with op.batch_alter_table('consultations_inquiry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_consultations_inquiry_consultation_id_id'), ['consultation_id', 'id'], unique=False)

    op.create_table('consultations_library',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('consultation_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('field', sa.String(length=40), nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('facts', sa.Text(), nullable=False),
    sa.Column('law', sa.Text(), nullable=False),
    sa.Column('findings', portal.database.JSONValue(), nullable=False),
    sa.Column('advice', sa.Text(), nullable=False),
    sa.Column('answer', sa.String(length=10), nullable=False),
    sa.Column('outcome', sa.String(length=12), nullable=False),
    sa.Column('haystack', sa.Text(), nullable=False),
    sa.Column('published_on', sa.Date(), nullable=True),
    sa.CheckConstraint("state IN ('checking', 'published', 'withheld')", name=op.f('ck_consultations_library_state')),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultations_case.id'], name=op.f('fk_consultations_library_consultation_id_consultations_case')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consultations_library')),
    sa.UniqueConstraint('consultation_id', name=op.f('uq_consultations_library_consultation_id'))
    )
    with op.batch_alter_table('consultations_library', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_consultations_library_state_field_month_id'), ['state', 'field', 'month', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_consultations_library_state_month_id'), ['state', 'month', 'id'], unique=False)

    op.create_table('consultations_paper',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('consultation_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('number', sa.String(length=60), nullable=False),
    sa.Column('course', sa.Text(), nullable=False),
    sa.Column('findings', portal.database.JSONValue(), nullable=False),
    sa.Column('advice', sa.Text(), nullable=False),
    sa.Column('drawn_on', sa.Date(), nullable=False),
    sa.Column('signed_on', sa.Date(), nullable=True),
    sa.Column('signed_by', sa.String(length=60), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("state IN ('draft', 'signed')", name=op.f('ck_consultations_paper_state')),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultations_case.id'], name=op.f('fk_consultations_paper_consultation_id_consultations_case')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_consultations_paper_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consultations_paper')),
    sa.UniqueConstraint('consultation_id', name=op.f('uq_consultations_paper_consultation_id'))
    )
    op.create_table('consultations_seat',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('consultation_id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('member_org_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('expert_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('unit', sa.String(length=120), nullable=False),
    sa.Column('chosen', sa.String(length=6), nullable=False),
    sa.Column('draw_id', sa.Integer(), nullable=True),
    sa.Column('disclosure', sa.String(length=200), nullable=False),
    sa.Column('number', sa.String(length=60), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('state_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('statement', sa.Text(), nullable=False),
    sa.Column('late', sa.Boolean(), nullable=False),
    sa.Column('attended', sa.Boolean(), nullable=True),
    sa.Column('replaces_id', sa.Integer(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("kind IN ('expert', 'department', 'town')", name=op.f('ck_consultations_seat_kind')),
    sa.CheckConstraint("state IN ('proposed', 'invited', 'promised', 'declared', 'submitted', 'stepped', 'recused', 'removed', 'missed')", name=op.f('ck_consultations_seat_state')),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_consultations_seat_account_id_auth_account')),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultations_case.id'], name=op.f('fk_consultations_seat_consultation_id_consultations_case')),
    sa.ForeignKeyConstraint(['draw_id'], ['consultations_draw.id'], name=op.f('fk_consultations_seat_draw_id_consultations_draw')),
    sa.ForeignKeyConstraint(['expert_id'], ['consultations_expert.id'], name=op.f('fk_consultations_seat_expert_id_consultations_expert')),
    sa.ForeignKeyConstraint(['member_org_id'], ['directory_organisation.id'], name=op.f('fk_consultations_seat_member_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_consultations_seat_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['replaces_id'], ['consultations_seat.id'], name=op.f('fk_consultations_seat_replaces_id_consultations_seat')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consultations_seat')),
    sa.UniqueConstraint('consultation_id', 'account_id', name=op.f('uq_consultations_seat_consultation_id_account_id'))
    )
    with op.batch_alter_table('consultations_seat', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_consultations_seat_account_id_state'), ['account_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_consultations_seat_expert_id_state'), ['expert_id', 'state'], unique=False)

    op.create_table('consultations_draft',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('seat_id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('saved_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_consultations_draft_account_id_auth_account')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_consultations_draft_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['seat_id'], ['consultations_seat.id'], name=op.f('fk_consultations_draft_seat_id_consultations_seat')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consultations_draft')),
    sa.UniqueConstraint('seat_id', name=op.f('uq_consultations_draft_seat_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_consultations_draft_uid'))
    )
    op.create_table('consultations_opinion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('consultation_id', sa.Integer(), nullable=False),
    sa.Column('seat_id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('answers', portal.database.JSONValue(), nullable=False),
    sa.Column('remark', sa.Text(), nullable=False),
    sa.Column('given_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_consultations_opinion_account_id_auth_account')),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultations_case.id'], name=op.f('fk_consultations_opinion_consultation_id_consultations_case')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_consultations_opinion_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['seat_id'], ['consultations_seat.id'], name=op.f('fk_consultations_opinion_seat_id_consultations_seat')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consultations_opinion')),
    sa.UniqueConstraint('seat_id', name=op.f('uq_consultations_opinion_seat_id'))
    )
    with op.batch_alter_table('consultations_opinion', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_consultations_opinion_consultation_id'), ['consultation_id'], unique=False)

    protect()


def downgrade() -> None:
    with op.batch_alter_table('consultations_opinion', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_consultations_opinion_consultation_id'))

    op.drop_table('consultations_opinion')
    op.drop_table('consultations_draft')
    with op.batch_alter_table('consultations_seat', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_consultations_seat_expert_id_state'))
        batch_op.drop_index(batch_op.f('ix_consultations_seat_account_id_state'))

    op.drop_table('consultations_seat')
    op.drop_table('consultations_paper')
    with op.batch_alter_table('consultations_library', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_consultations_library_state_month_id'))
        batch_op.drop_index(batch_op.f('ix_consultations_library_state_field_month_id'))

    op.drop_table('consultations_library')
    with op.batch_alter_table('consultations_inquiry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_consultations_inquiry_consultation_id_id'))

    op.drop_table('consultations_inquiry')
    with op.batch_alter_table('consultations_draw', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_consultations_draw_consultation_id_id'))

    op.drop_table('consultations_draw')
    with op.batch_alter_table('consultations_access', schema=None) as batch_op:
        batch_op.drop_index('ix_consultations_access_account')

    op.drop_table('consultations_access')
    with op.batch_alter_table('consultations_expert', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_consultations_expert_org_id_term_to_id'))
        batch_op.drop_index(batch_op.f('ix_consultations_expert_org_id_name_id'))

    op.drop_table('consultations_expert')
    with op.batch_alter_table('consultations_case', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_consultations_case_state_sort_due'))
        batch_op.drop_index(batch_op.f('ix_consultations_case_sort_due_id'))
        batch_op.drop_index(batch_op.f('ix_consultations_case_org_id_state'))
        batch_op.drop_index(batch_op.f('ix_consultations_case_org_id_sort_due_id'))
        batch_op.drop_index(batch_op.f('ix_consultations_case_main_id'))
        batch_op.drop_index(batch_op.f('ix_consultations_case_created_on_id'))

    op.drop_table('consultations_case')

    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION IF EXISTS consultations_refuse()")
