"""intake

Revision ID: cmp0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

import portal.database
from plugins.complaints import tally


revision = 'cmp0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('complaints_complaint',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('number', sa.String(length=60), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('series', sa.String(length=4), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('code_hash', sa.LargeBinary(length=32), nullable=True),
    sa.Column('channel', sa.String(length=12), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('redirect_kind', sa.String(length=12), nullable=False),
    sa.Column('category', sa.String(length=40), nullable=False),
    sa.Column('urgency', sa.String(length=8), nullable=False),
    sa.Column('title', sa.String(length=100), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('demand', sa.Text(), nullable=False),
    sa.Column('place', sa.String(length=120), nullable=False),
    sa.Column('object_name', sa.String(length=120), nullable=False),
    sa.Column('happened_on', sa.Date(), nullable=True),
    sa.Column('representatives', sa.Integer(), nullable=True),
    sa.Column('external_no', sa.String(length=60), nullable=False),
    sa.Column('anonymous', sa.Boolean(), nullable=False),
    sa.Column('confidential', sa.Boolean(), nullable=False),
    sa.Column('protect', sa.Boolean(), nullable=False),
    sa.Column('received_on', sa.Date(), nullable=False),
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('registered_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('registered_by', sa.Integer(), nullable=True),
    sa.Column('state', sa.String(length=14), nullable=False),
    sa.Column('state_reason', sa.Text(), nullable=False),
    sa.Column('state_on', sa.Date(), nullable=True),
    sa.Column('refuse_code', sa.String(length=20), nullable=False),
    sa.Column('handler_id', sa.Integer(), nullable=True),
    sa.Column('handler_name', sa.String(length=60), nullable=False),
    sa.Column('assigned_by', sa.Integer(), nullable=True),
    sa.Column('assigned_on', sa.Date(), nullable=True),
    sa.Column('limit_days', sa.Integer(), nullable=True),
    sa.Column('limit_unit', sa.String(length=8), nullable=False),
    sa.Column('legal_due', sa.Date(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('sort_due', sa.Date(), nullable=False),
    sa.Column('due_provisional', sa.Boolean(), nullable=False),
    sa.Column('due_from', sa.Date(), nullable=False),
    sa.Column('suspended_on', sa.Date(), nullable=True),
    sa.Column('suspended_days', sa.Integer(), nullable=False),
    sa.Column('extension_state', sa.String(length=8), nullable=False),
    sa.Column('extension_days', sa.Integer(), nullable=False),
    sa.Column('extension_reason', sa.Text(), nullable=False),
    sa.Column('extension_by', sa.Integer(), nullable=True),
    sa.Column('first_title', sa.String(length=8), nullable=False),
    sa.Column('first_due', sa.Date(), nullable=True),
    sa.Column('first_due_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('first_done_on', sa.Date(), nullable=True),
    sa.Column('object_by', sa.Date(), nullable=True),
    sa.Column('facts', sa.Text(), nullable=False),
    sa.Column('measures', sa.Text(), nullable=False),
    sa.Column('result', sa.String(length=12), nullable=False),
    sa.Column('concluded_on', sa.Date(), nullable=True),
    sa.Column('concluded_by', sa.Integer(), nullable=True),
    sa.Column('reviewed_by', sa.Integer(), nullable=True),
    sa.Column('reviewed_on', sa.Date(), nullable=True),
    sa.Column('review', sa.String(length=8), nullable=False),
    sa.Column('approved_by', sa.Integer(), nullable=True),
    sa.Column('approved_on', sa.Date(), nullable=True),
    sa.Column('days_taken', sa.Integer(), nullable=True),
    sa.Column('late', sa.Boolean(), nullable=True),
    sa.Column('replied_on', sa.Date(), nullable=True),
    sa.Column('reply_how', sa.String(length=12), nullable=False),
    sa.Column('reply_text', sa.Text(), nullable=False),
    sa.Column('reply_by', sa.String(length=60), nullable=False),
    sa.Column('archived_on', sa.Date(), nullable=True),
    sa.Column('closed_as', sa.String(length=14), nullable=False),
    sa.Column('repeats', sa.Boolean(), nullable=False),
    sa.Column('publish', sa.Boolean(), nullable=False),
    sa.Column('main_id', sa.Integer(), nullable=True),
    sa.Column('split_from_id', sa.Integer(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("kind IN ('report', 'accusation', 'petition', 'hotline', 'consumer', 'question', 'other')", name=op.f('ck_complaints_complaint_kind')),
    sa.CheckConstraint("state IN ('registered', 'accepted', 'refused', 'passing', 'passed', 'assigned', 'handling', 'suspended', 'concluded', 'replied', 'archived', 'withdrawn', 'merged', 'redirected')", name=op.f('ck_complaints_complaint_state')),
    sa.CheckConstraint('(due_on IS NULL) = (legal_due IS NULL)', name=op.f('ck_complaints_complaint_due')),
    sa.CheckConstraint('main_id IS NULL OR main_id <> id', name=op.f('ck_complaints_complaint_not_into_itself')),
    sa.ForeignKeyConstraint(['handler_id'], ['auth_account.id'], name=op.f('fk_complaints_complaint_handler_id_auth_account')),
    sa.ForeignKeyConstraint(['main_id'], ['complaints_complaint.id'], name=op.f('fk_complaints_complaint_main_id_complaints_complaint')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_complaints_complaint_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['registered_by'], ['auth_account.id'], name=op.f('fk_complaints_complaint_registered_by_auth_account')),
    sa.ForeignKeyConstraint(['split_from_id'], ['complaints_complaint.id'], name=op.f('fk_complaints_complaint_split_from_id_complaints_complaint')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaints_complaint')),
    sa.UniqueConstraint('code_hash', name=op.f('uq_complaints_complaint_code_hash')),
    sa.UniqueConstraint('org_id', 'year', 'series', 'seq', name=op.f('uq_complaints_complaint_org_id_year_series_seq')),
    sa.UniqueConstraint('uid', name=op.f('uq_complaints_complaint_uid'))
    )
    with op.batch_alter_table('complaints_complaint', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_complaints_complaint_main_id'), ['main_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_complaints_complaint_org_id_handler_id_state'), ['org_id', 'handler_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_complaints_complaint_org_id_number_id'), ['org_id', 'number', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_complaints_complaint_org_id_received_on_id'), ['org_id', 'received_on', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_complaints_complaint_org_id_sort_due_id'), ['org_id', 'sort_due', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_complaints_complaint_org_id_state_sort_due_id'), ['org_id', 'state', 'sort_due', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_complaints_complaint_state_sort_due_id'), ['state', 'sort_due', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_complaints_complaint_org_id_concluded_on_id'), ['org_id', 'concluded_on', 'id'], unique=False)
        batch_op.create_index('ix_complaints_accusation', ['org_id', 'received_on'], unique=False, sqlite_where=sa.text("kind = 'accusation'"), postgresql_where=sa.text("kind = 'accusation'"))

    op.create_table('complaints_tally',
    sa.Column('month', sa.String(length=7), nullable=False),
    sa.Column('measure', sa.String(length=10), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('key', sa.String(length=40), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_complaints_tally_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'month', 'measure', 'kind', 'key', name=op.f('pk_complaints_tally')),
    sqlite_with_rowid=False
    )
    tally.create(op.get_bind())

    op.create_table('complaints_draft',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('saved_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_complaints_draft_account_id_auth_account')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_complaints_draft_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaints_draft')),
    sa.UniqueConstraint('org_id', 'account_id', name=op.f('uq_complaints_draft_org_id_account_id')),
    sa.UniqueConstraint('uid', name=op.f('uq_complaints_draft_uid'))
    )
    op.create_table('complaints_hotline_mapping',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('columns', portal.database.JSONValue(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_complaints_hotline_mapping_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaints_hotline_mapping')),
    sa.UniqueConstraint('org_id', name=op.f('uq_complaints_hotline_mapping_org_id'))
    )
    op.create_table('complaints_place',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_complaints_place_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaints_place')),
    sa.UniqueConstraint('org_id', 'name', name=op.f('uq_complaints_place_org_id_name'))
    )
    op.create_table('complaints_entry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('complaint_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('author', sa.String(length=60), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaints_complaint.id'], name=op.f('fk_complaints_entry_complaint_id_complaints_complaint')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_complaints_entry_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaints_entry'))
    )
    with op.batch_alter_table('complaints_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_complaints_entry_complaint_id_id'), ['complaint_id', 'id'], unique=False)

    op.create_table('complaints_identity',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('complaint_id', sa.Integer(), nullable=False),
    sa.Column('name_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('phone_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('address_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('id_number_sealed', sa.LargeBinary(), nullable=True),
    sa.Column('phone_index', sa.LargeBinary(length=32), nullable=True),
    sa.Column('name_hint', sa.String(length=20), nullable=False),
    sa.Column('phone_hint', sa.String(length=20), nullable=False),
    sa.Column('reachable', sa.Boolean(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaints_complaint.id'], name=op.f('fk_complaints_identity_complaint_id_complaints_complaint')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_complaints_identity_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaints_identity')),
    sa.UniqueConstraint('uid', name=op.f('uq_complaints_identity_uid'))
    )
    with op.batch_alter_table('complaints_identity', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_complaints_identity_complaint_id'), ['complaint_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_complaints_identity_org_id_phone_index'), ['org_id', 'phone_index'], unique=False)

    op.create_table('complaints_named_officer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('complaint_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaints_complaint.id'], name=op.f('fk_complaints_named_officer_complaint_id_complaints_complaint')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_complaints_named_officer_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['directory_person.id'], name=op.f('fk_complaints_named_officer_person_id_directory_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaints_named_officer')),
    sa.UniqueConstraint('complaint_id', 'person_id', name=op.f('uq_complaints_named_officer_complaint_id_person_id'))
    )
    op.create_table('complaints_opening',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('complaint_id', sa.Integer(), nullable=False),
    sa.Column('account_name', sa.String(length=60), nullable=False),
    sa.Column('role', sa.String(length=40), nullable=False),
    sa.Column('opened_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaints_complaint.id'], name=op.f('fk_complaints_opening_complaint_id_complaints_complaint')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_complaints_opening_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaints_opening'))
    )
    with op.batch_alter_table('complaints_opening', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_complaints_opening_complaint_id'), ['complaint_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_complaints_opening_org_id_id'), ['org_id', 'id'], unique=False)

    op.create_table('complaints_shut_out',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('complaint_id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('why', sa.String(length=12), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_complaints_shut_out_account_id_auth_account')),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaints_complaint.id'], name=op.f('fk_complaints_shut_out_complaint_id_complaints_complaint')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_complaints_shut_out_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaints_shut_out')),
    sa.UniqueConstraint('complaint_id', 'account_id', name=op.f('uq_complaints_shut_out_complaint_id_account_id'))
    )
    with op.batch_alter_table('complaints_shut_out', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_complaints_shut_out_account_id_complaint_id'), ['account_id', 'complaint_id'], unique=False)

    op.create_table('complaints_transfer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('complaint_id', sa.Integer(), nullable=False),
    sa.Column('to_org_id', sa.Integer(), nullable=True),
    sa.Column('to_name', sa.String(length=80), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('sent_on', sa.Date(), nullable=False),
    sa.Column('sent_by', sa.String(length=60), nullable=False),
    sa.Column('answered_on', sa.Date(), nullable=True),
    sa.Column('receipt', sa.String(length=120), nullable=False),
    sa.Column('result', sa.Text(), nullable=False),
    sa.Column('result_on', sa.Date(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("state IN ('sent', 'received', 'objected', 'done')", name=op.f('ck_complaints_transfer_state')),
    sa.ForeignKeyConstraint(['complaint_id'], ['complaints_complaint.id'], name=op.f('fk_complaints_transfer_complaint_id_complaints_complaint')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_complaints_transfer_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['to_org_id'], ['directory_organisation.id'], name=op.f('fk_complaints_transfer_to_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaints_transfer'))
    )
    with op.batch_alter_table('complaints_transfer', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_complaints_transfer_complaint_id_id'), ['complaint_id', 'id'], unique=False)

    op.create_table('complaints_incoming',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('transfer_id', sa.Integer(), nullable=False),
    sa.Column('from_org_id', sa.Integer(), nullable=False),
    sa.Column('from_name', sa.String(length=60), nullable=False),
    sa.Column('number', sa.String(length=60), nullable=False),
    sa.Column('title', sa.String(length=100), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('demand', sa.Text(), nullable=False),
    sa.Column('place', sa.String(length=120), nullable=False),
    sa.Column('object_name', sa.String(length=120), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('sent_on', sa.Date(), nullable=False),
    sa.Column('object_by', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('answered_on', sa.Date(), nullable=True),
    sa.Column('answered_by', sa.String(length=60), nullable=False),
    sa.Column('receipt', sa.String(length=120), nullable=False),
    sa.Column('result', sa.Text(), nullable=False),
    sa.Column('result_on', sa.Date(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("state IN ('sent', 'received', 'objected', 'done')", name=op.f('ck_complaints_incoming_state')),
    sa.ForeignKeyConstraint(['from_org_id'], ['directory_organisation.id'], name=op.f('fk_complaints_incoming_from_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_complaints_incoming_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['transfer_id'], ['complaints_transfer.id'], name=op.f('fk_complaints_incoming_transfer_id_complaints_transfer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaints_incoming')),
    sa.UniqueConstraint('transfer_id', name=op.f('uq_complaints_incoming_transfer_id'))
    )
    with op.batch_alter_table('complaints_incoming', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_complaints_incoming_org_id_state_id'), ['org_id', 'state', 'id'], unique=False)



def downgrade() -> None:
    tally.drop(op.get_bind())
    op.drop_table('complaints_tally')
    with op.batch_alter_table('complaints_incoming', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_complaints_incoming_org_id_state_id'))

    op.drop_table('complaints_incoming')
    with op.batch_alter_table('complaints_transfer', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_complaints_transfer_complaint_id_id'))

    op.drop_table('complaints_transfer')
    with op.batch_alter_table('complaints_shut_out', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_complaints_shut_out_account_id_complaint_id'))

    op.drop_table('complaints_shut_out')
    with op.batch_alter_table('complaints_opening', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_complaints_opening_org_id_id'))
        batch_op.drop_index(batch_op.f('ix_complaints_opening_complaint_id'))

    op.drop_table('complaints_opening')
    op.drop_table('complaints_named_officer')
    with op.batch_alter_table('complaints_identity', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_complaints_identity_org_id_phone_index'))
        batch_op.drop_index(batch_op.f('ix_complaints_identity_complaint_id'))

    op.drop_table('complaints_identity')
    with op.batch_alter_table('complaints_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_complaints_entry_complaint_id_id'))

    op.drop_table('complaints_entry')
    op.drop_table('complaints_place')
    op.drop_table('complaints_hotline_mapping')
    op.drop_table('complaints_draft')
    with op.batch_alter_table('complaints_complaint', schema=None) as batch_op:
        batch_op.drop_index('ix_complaints_accusation')
        batch_op.drop_index(batch_op.f('ix_complaints_complaint_org_id_concluded_on_id'))
        batch_op.drop_index(batch_op.f('ix_complaints_complaint_state_sort_due_id'))
        batch_op.drop_index(batch_op.f('ix_complaints_complaint_org_id_state_sort_due_id'))
        batch_op.drop_index(batch_op.f('ix_complaints_complaint_org_id_sort_due_id'))
        batch_op.drop_index(batch_op.f('ix_complaints_complaint_org_id_received_on_id'))
        batch_op.drop_index(batch_op.f('ix_complaints_complaint_org_id_number_id'))
        batch_op.drop_index(batch_op.f('ix_complaints_complaint_org_id_handler_id_state'))
        batch_op.drop_index(batch_op.f('ix_complaints_complaint_main_id'))

    op.drop_table('complaints_complaint')
