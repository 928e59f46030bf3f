"""register

Revision ID: cert0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

import portal.database


revision = "cert0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('certificates_destruction',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('destroyed_on', sa.Date(), nullable=False),
    sa.Column('first_witness', sa.String(length=60), nullable=False),
    sa.Column('second_witness', sa.String(length=60), nullable=False),
    sa.Column('supervised_by', sa.String(length=60), nullable=False),
    sa.Column('place', sa.String(length=80), nullable=False),
    sa.Column('method', sa.String(length=40), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint('first_witness <> second_witness', name=op.f('ck_certificates_destruction_two_witnesses')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_certificates_destruction_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificates_destruction')),
    sa.UniqueConstraint('org_id', 'number', name=op.f('uq_certificates_destruction_org_id_number'))
    )
    op.create_table('certificates_certificate',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=20), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('holder_name', sa.String(length=60), nullable=False),
    sa.Column('authority', sa.String(length=80), nullable=False),
    sa.Column('category', sa.String(length=60), nullable=False),
    sa.Column('area', sa.String(length=80), nullable=False),
    sa.Column('issuer', sa.String(length=80), nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=True),
    sa.Column('valid_until', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('state_reason', sa.Text(), nullable=False),
    sa.Column('state_on', sa.Date(), nullable=True),
    sa.Column('warned_days', sa.Integer(), nullable=True),
    sa.Column('clearing', sa.String(length=14), nullable=False),
    sa.Column('clearing_due', sa.Date(), nullable=True),
    sa.Column('clearing_provisional', sa.Boolean(), nullable=False),
    sa.Column('clearing_from', sa.Date(), nullable=True),
    sa.Column('escalated_on', sa.Date(), nullable=True),
    sa.Column('handed_in_by', sa.String(length=60), nullable=False),
    sa.Column('received_by', sa.String(length=60), nullable=False),
    sa.Column('cleared_on', sa.Date(), nullable=True),
    sa.Column('public_notice', sa.Text(), nullable=False),
    sa.Column('predecessor_id', sa.Integer(), nullable=True),
    sa.Column('destruction_id', sa.Integer(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("(state IN ('active', 'suspended')) = (clearing = 'none')", name=op.f('ck_certificates_certificate_cleared_when_invalid')),
    sa.CheckConstraint("clearing IN ('none', 'due', 'recovered', 'unrecoverable', 'destroyed')", name=op.f('ck_certificates_certificate_clearing')),
    sa.CheckConstraint("state IN ('active', 'suspended', 'expired', 'lost', 'cancelled')", name=op.f('ck_certificates_certificate_state')),
    sa.ForeignKeyConstraint(['destruction_id'], ['certificates_destruction.id'], name=op.f('fk_certificates_certificate_destruction_id_certificates_destruction')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_certificates_certificate_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['directory_person.id'], name=op.f('fk_certificates_certificate_person_id_directory_person')),
    sa.ForeignKeyConstraint(['predecessor_id'], ['certificates_certificate.id'], name=op.f('fk_certificates_certificate_predecessor_id_certificates_certificate')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificates_certificate')),
    sa.UniqueConstraint('number', name=op.f('uq_certificates_certificate_number'))
    )
    with op.batch_alter_table('certificates_certificate', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_certificates_certificate_destruction_id'), ['destruction_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificates_certificate_org_id_clearing_clearing_due'), ['org_id', 'clearing', 'clearing_due'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificates_certificate_org_id_holder_name_id'), ['org_id', 'holder_name', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificates_certificate_org_id_state_valid_until_id'), ['org_id', 'state', 'valid_until', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificates_certificate_org_id_valid_until_id'), ['org_id', 'valid_until', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificates_certificate_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificates_certificate_state_valid_until'), ['state', 'valid_until'], unique=False)

    op.create_table('certificates_application',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('category', sa.String(length=60), nullable=False),
    sa.Column('area', sa.String(length=80), nullable=False),
    sa.Column('general_passed_on', sa.Date(), nullable=True),
    sa.Column('professional_passed_on', sa.Date(), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('state_reason', sa.Text(), nullable=False),
    sa.Column('created_on', sa.Date(), nullable=False),
    sa.Column('submitted_by', sa.Integer(), nullable=True),
    sa.Column('reviewed_by', sa.Integer(), nullable=True),
    sa.Column('verified_by', sa.Integer(), nullable=True),
    sa.Column('submitted_on', sa.Date(), nullable=True),
    sa.Column('reviewed_on', sa.Date(), nullable=True),
    sa.Column('decided_on', sa.Date(), nullable=True),
    sa.Column('predecessor_id', sa.Integer(), nullable=True),
    sa.Column('certificate_id', sa.Integer(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("kind IN ('new', 'renew', 'replace', 'change')", name=op.f('ck_certificates_application_kind')),
    sa.CheckConstraint("state IN ('draft', 'unit_review', 'district_review', 'issued', 'refused', 'withdrawn')", name=op.f('ck_certificates_application_state')),
    sa.ForeignKeyConstraint(['certificate_id'], ['certificates_certificate.id'], name=op.f('fk_certificates_application_certificate_id_certificates_certificate')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_certificates_application_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['directory_person.id'], name=op.f('fk_certificates_application_person_id_directory_person')),
    sa.ForeignKeyConstraint(['predecessor_id'], ['certificates_certificate.id'], name=op.f('fk_certificates_application_predecessor_id_certificates_certificate')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificates_application')),
    sa.UniqueConstraint('org_id', 'number', name=op.f('uq_certificates_application_org_id_number'))
    )
    with op.batch_alter_table('certificates_application', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_certificates_application_org_id_state_id'), ['org_id', 'state', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificates_application_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_certificates_application_state_id'), ['state', 'id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('certificates_application', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_certificates_application_state_id'))
        batch_op.drop_index(batch_op.f('ix_certificates_application_person_id'))
        batch_op.drop_index(batch_op.f('ix_certificates_application_org_id_state_id'))

    op.drop_table('certificates_application')
    with op.batch_alter_table('certificates_certificate', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_certificates_certificate_state_valid_until'))
        batch_op.drop_index(batch_op.f('ix_certificates_certificate_person_id'))
        batch_op.drop_index(batch_op.f('ix_certificates_certificate_org_id_valid_until_id'))
        batch_op.drop_index(batch_op.f('ix_certificates_certificate_org_id_state_valid_until_id'))
        batch_op.drop_index(batch_op.f('ix_certificates_certificate_org_id_holder_name_id'))
        batch_op.drop_index(batch_op.f('ix_certificates_certificate_org_id_clearing_clearing_due'))
        batch_op.drop_index(batch_op.f('ix_certificates_certificate_destruction_id'))

    op.drop_table('certificates_certificate')
    op.drop_table('certificates_destruction')
