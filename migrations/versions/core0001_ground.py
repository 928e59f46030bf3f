"""ground

Revision ID: core0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

import portal.database
from portal.audit.protection import create_protection, drop_protection


revision = "core0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('audit_event',
    sa.Column('chain_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('actor_id', sa.Integer(), nullable=True),
    sa.Column('actor', sa.String(length=80), nullable=False),
    sa.Column('role', sa.String(length=40), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=True),
    sa.Column('session', sa.String(length=16), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('request_id', sa.String(length=40), nullable=False),
    sa.Column('action', sa.String(length=80), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('op', sa.String(length=8), nullable=False),
    sa.Column('record_type', sa.String(length=60), nullable=False),
    sa.Column('record_id', sa.BigInteger(), nullable=True),
    sa.Column('record_key', sa.BigInteger(), nullable=False),
    sa.Column('before', sa.Text(), nullable=True),
    sa.Column('after', sa.Text(), nullable=True),
    sa.Column('result', sa.String(length=20), nullable=False),
    sa.Column('alg', sa.String(length=10), nullable=False),
    sa.Column('hash', sa.LargeBinary(length=32), nullable=False),
    sa.PrimaryKeyConstraint('chain_id', 'seq', name=op.f('pk_audit_event'))
    )
    with op.batch_alter_table('audit_event', schema=None) as batch_op:
        batch_op.create_index('ix_audit_event_actor', ['actor_id', 'at'], unique=False)
        batch_op.create_index('ix_audit_event_at', ['at', 'chain_id', 'seq'], unique=False)
        batch_op.create_index('ix_audit_event_record', ['record_key', 'at'], unique=False)

    op.create_table('audit_head',
    sa.Column('chain_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('alg', sa.String(length=10), nullable=False),
    sa.PrimaryKeyConstraint('chain_id', name=op.f('pk_audit_head'))
    )
    op.create_table('auth_account',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('username', sa.String(length=40), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('duty', sa.String(length=20), server_default='business', nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('password_set_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('must_change', sa.Boolean(), nullable=False),
    sa.Column('one_time_until', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('locked_until', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('last_login_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('last_login_from', sa.String(length=64), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("duty IN ('business', 'system_admin', 'security_admin', 'security_auditor')", name=op.f('ck_auth_account_duty')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_auth_account')),
    sa.UniqueConstraint('id', 'duty', name=op.f('uq_auth_account_id_duty')),
    sa.UniqueConstraint('username', name=op.f('uq_auth_account_username'))
    )
    with op.batch_alter_table('auth_account', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_auth_account_person_id'), ['person_id'], unique=False)

    op.create_table('auth_login_attempt',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name_key', sa.String(length=64), nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_auth_login_attempt'))
    )
    with op.batch_alter_table('auth_login_attempt', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_auth_login_attempt_address_at'), ['address', 'at'], unique=False)
        batch_op.create_index(batch_op.f('ix_auth_login_attempt_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_auth_login_attempt_name_key_at'), ['name_key', 'at'], unique=False)

    op.create_table('calendar_day',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('working', sa.Boolean(), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_calendar_day'))
    )
    op.create_table('calendar_year',
    sa.Column('year', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.Column('loaded_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('year', name=op.f('pk_calendar_year'))
    )
    op.create_table('core_revision',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('value', sa.Integer(), nullable=False),
    sa.CheckConstraint('value >= 0', name=op.f('ck_core_revision_value')),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_core_revision'))
    )
    op.create_table('directory_organisation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('short_name', sa.String(length=20), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('parent_id', sa.Integer(), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('weight', sa.Integer(), nullable=False),
    sa.CheckConstraint("kind IN ('district','town','subdistrict','department')", name=op.f('ck_directory_organisation_kind')),
    sa.ForeignKeyConstraint(['parent_id'], ['directory_organisation.id'], name=op.f('fk_directory_organisation_parent_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_directory_organisation')),
    sa.UniqueConstraint('code', name=op.f('uq_directory_organisation_code')),
    sa.UniqueConstraint('name', name=op.f('uq_directory_organisation_name'))
    )
    op.create_table('jobs_lease',
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('token', sa.String(length=40), nullable=False),
    sa.Column('host', sa.String(length=80), nullable=False),
    sa.Column('pid', sa.Integer(), nullable=False),
    sa.Column('process_start', sa.String(length=40), nullable=False),
    sa.Column('until', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_jobs_lease'))
    )
    op.create_table('auth_old_password',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_auth_old_password_account_id_auth_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_auth_old_password'))
    )
    with op.batch_alter_table('auth_old_password', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_auth_old_password_account_id_id'), ['account_id', 'id'], unique=False)

    op.create_table('auth_recovery_code',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('code_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('used_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_auth_recovery_code_account_id_auth_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_auth_recovery_code'))
    )
    with op.batch_alter_table('auth_recovery_code', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_auth_recovery_code_account_id'), ['account_id'], unique=False)

    op.create_table('auth_role_grant',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('duty', sa.String(length=20), nullable=False),
    sa.Column('role', sa.String(length=40), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=True),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.CheckConstraint("(duty = 'business' AND role NOT IN ('system_admin', 'security_admin', 'security_auditor')) OR duty = role", name=op.f('ck_auth_role_grant_duty')),
    sa.ForeignKeyConstraint(['account_id', 'duty'], ['auth_account.id', 'auth_account.duty'], name=op.f('fk_auth_role_grant_account_id_duty_auth_account')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_auth_role_grant_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_auth_role_grant')),
    sa.UniqueConstraint('account_id', 'role', 'org_id', name=op.f('uq_auth_role_grant_account_id_role_org_id'))
    )
    with op.batch_alter_table('auth_role_grant', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_auth_role_grant_org_id_role'), ['org_id', 'role'], unique=False)

    op.create_table('auth_second_factor',
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('secret_enc', sa.LargeBinary(), nullable=False),
    sa.Column('last_counter', sa.Integer(), nullable=False),
    sa.Column('confirmed_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_auth_second_factor_account_id_auth_account')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_auth_second_factor'))
    )
    op.create_table('core_plugin_state',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('plugin', sa.String(length=40), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_core_plugin_state_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_core_plugin_state')),
    sa.UniqueConstraint('plugin', 'org_id', name=op.f('uq_core_plugin_state_plugin_org_id'))
    )
    op.create_table('core_setting',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=80), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=True),
    sa.Column('value', portal.database.JSONValue(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_core_setting_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_core_setting'))
    )
    with op.batch_alter_table('core_setting', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_core_setting_key_org_id_valid_from'), ['key', 'org_id', 'valid_from'], unique=False)

    op.create_table('directory_person',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('gender', sa.String(length=4), nullable=False),
    sa.Column('id_number_enc', sa.LargeBinary(), nullable=True),
    sa.Column('id_number_index', sa.LargeBinary(length=32), nullable=True),
    sa.Column('id_number_hint', sa.String(length=20), nullable=False),
    sa.Column('position', sa.String(length=60), nullable=False),
    sa.Column('employment_type', sa.String(length=12), nullable=False),
    sa.Column('post_status', sa.String(length=8), nullable=False),
    sa.Column('post_status_on', sa.Date(), nullable=True),
    sa.Column('category', sa.String(length=60), nullable=False),
    sa.Column('has_legal_qualification', sa.Boolean(), nullable=False),
    sa.Column('legal_qualification_no', sa.String(length=40), nullable=False),
    sa.Column('education', sa.String(length=12), nullable=False),
    sa.Column('probation_until', sa.Date(), nullable=True),
    sa.Column('retired_on', sa.Date(), nullable=True),
    sa.Column('left_on', sa.Date(), nullable=True),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_directory_person_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_directory_person')),
    sa.UniqueConstraint('org_id', 'id_number_index', name=op.f('uq_directory_person_org_id_id_number_index')),
    sa.UniqueConstraint('uid', name=op.f('uq_directory_person_uid'))
    )
    with op.batch_alter_table('directory_person', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_directory_person_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_directory_person_org_id_name_id'), ['org_id', 'name', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_directory_person_post_status'), ['post_status'], unique=False)

    op.create_table('inbox_notice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=True),
    sa.Column('plugin', sa.String(length=40), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('url', sa.String(length=200), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('created_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('deliver_after', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('read_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_inbox_notice_account_id_auth_account')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_inbox_notice_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbox_notice')),
    sa.UniqueConstraint('account_id', 'key', name=op.f('uq_inbox_notice_account_id_key'))
    )
    with op.batch_alter_table('inbox_notice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_inbox_notice_account_id_id'), ['account_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_inbox_notice_account_id_read_at_deliver_after'), ['account_id', 'read_at', 'deliver_after'], unique=False)

    op.create_table('jobs_run',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('job', sa.String(length=60), nullable=False),
    sa.Column('slot', sa.String(length=60), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('requested_by', sa.String(length=80), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('dry_run', sa.Boolean(), nullable=False),
    sa.Column('day', sa.Date(), nullable=True),
    sa.Column('queued_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('started_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('finished_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('progress_text', sa.String(length=200), nullable=False),
    sa.Column('result', portal.database.JSONValue(), nullable=True),
    sa.Column('error', sa.Text(), nullable=False),
    sa.Column('log', sa.Text(), nullable=False),
    sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'abandoned')", name=op.f('ck_jobs_run_state')),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_jobs_run_account_id_auth_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_jobs_run')),
    sa.UniqueConstraint('job', 'slot', name=op.f('uq_jobs_run_job_slot'))
    )
    with op.batch_alter_table('jobs_run', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_jobs_run_job_id'), ['job', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_jobs_run_state_id'), ['state', 'id'], unique=False)

    op.create_table('records_attachment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('record_type', sa.String(length=60), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.String(length=20), nullable=False),
    sa.Column('filename', sa.String(length=200), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('uploaded_by', sa.Integer(), nullable=True),
    sa.Column('uploaded_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_records_attachment_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['uploaded_by'], ['auth_account.id'], name=op.f('fk_records_attachment_uploaded_by_auth_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_records_attachment'))
    )
    with op.batch_alter_table('records_attachment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_records_attachment_org_id_id'), ['org_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_records_attachment_record_type_record_id_place'), ['record_type', 'record_id', 'place'], unique=False)

    op.create_table('records_counter',
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('series', sa.String(length=40), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_records_counter_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('org_id', 'series', 'year', name=op.f('pk_records_counter'))
    )
    op.create_table('records_import_run',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('filename', sa.String(length=200), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('created_by', sa.Integer(), nullable=True),
    sa.Column('created_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('done_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('result', portal.database.JSONValue(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['created_by'], ['auth_account.id'], name=op.f('fk_records_import_run_created_by_auth_account')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_records_import_run_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_records_import_run'))
    )
    with op.batch_alter_table('records_import_run', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_records_import_run_org_id_created_at'), ['org_id', 'created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_records_import_run_org_id_digest'), ['org_id', 'digest'], unique=False)

    op.create_table('records_link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('from_type', sa.String(length=60), nullable=False),
    sa.Column('from_id', sa.Integer(), nullable=False),
    sa.Column('to_type', sa.String(length=60), nullable=False),
    sa.Column('to_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_records_link_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_records_link')),
    sa.UniqueConstraint('from_type', 'from_id', 'to_type', 'to_id', 'kind', name=op.f('uq_records_link_from_type_from_id_to_type_to_id_kind'))
    )
    with op.batch_alter_table('records_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_records_link_from_type_from_id'), ['from_type', 'from_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_records_link_to_type_to_id'), ['to_type', 'to_id'], unique=False)

    op.create_table('auth_session',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('grant_id', sa.Integer(), nullable=True),
    sa.Column('created_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('seen_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('fresh_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('awaits_code', sa.Boolean(), server_default='0', nullable=False),
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('agent', sa.String(length=200), nullable=False),
    sa.Column('ended_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_auth_session_account_id_auth_account')),
    sa.ForeignKeyConstraint(['grant_id'], ['auth_role_grant.id'], name=op.f('fk_auth_session_grant_id_auth_role_grant'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_auth_session'))
    )
    with op.batch_alter_table('auth_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_auth_session_account_id_ended_at'), ['account_id', 'ended_at'], unique=False)

    op.create_table('directory_person_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('new_value', sa.String(length=60), nullable=False),
    sa.Column('to_org_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('recorded_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('applied_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("kind IN ('retire','leave','transfer','move','employment','off_post','on_post')", name=op.f('ck_directory_person_change_kind')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_directory_person_change_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['directory_person.id'], name=op.f('fk_directory_person_change_person_id_directory_person')),
    sa.ForeignKeyConstraint(['to_org_id'], ['directory_organisation.id'], name=op.f('fk_directory_person_change_to_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_directory_person_change'))
    )
    with op.batch_alter_table('directory_person_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_directory_person_change_applied_at_effective_on'), ['applied_at', 'effective_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_directory_person_change_person_id_effective_on'), ['person_id', 'effective_on'], unique=False)

    create_protection(op.get_bind())


def downgrade() -> None:
    drop_protection(op.get_bind())
    with op.batch_alter_table('directory_person_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_directory_person_change_person_id_effective_on'))
        batch_op.drop_index(batch_op.f('ix_directory_person_change_applied_at_effective_on'))

    op.drop_table('directory_person_change')
    with op.batch_alter_table('auth_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_auth_session_account_id_ended_at'))

    op.drop_table('auth_session')
    with op.batch_alter_table('records_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_records_link_to_type_to_id'))
        batch_op.drop_index(batch_op.f('ix_records_link_from_type_from_id'))

    op.drop_table('records_link')
    with op.batch_alter_table('records_import_run', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_records_import_run_org_id_digest'))
        batch_op.drop_index(batch_op.f('ix_records_import_run_org_id_created_at'))

    op.drop_table('records_import_run')
    op.drop_table('records_counter')
    with op.batch_alter_table('records_attachment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_records_attachment_record_type_record_id_place'))
        batch_op.drop_index(batch_op.f('ix_records_attachment_org_id_id'))

    op.drop_table('records_attachment')
    with op.batch_alter_table('jobs_run', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_jobs_run_state_id'))
        batch_op.drop_index(batch_op.f('ix_jobs_run_job_id'))

    op.drop_table('jobs_run')
    with op.batch_alter_table('inbox_notice', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_inbox_notice_account_id_read_at_deliver_after'))
        batch_op.drop_index(batch_op.f('ix_inbox_notice_account_id_id'))

    op.drop_table('inbox_notice')
    with op.batch_alter_table('directory_person', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_directory_person_post_status'))
        batch_op.drop_index(batch_op.f('ix_directory_person_org_id_name_id'))
        batch_op.drop_index(batch_op.f('ix_directory_person_account_id'))

    op.drop_table('directory_person')
    with op.batch_alter_table('core_setting', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_core_setting_key_org_id_valid_from'))

    op.drop_table('core_setting')
    op.drop_table('core_plugin_state')
    op.drop_table('auth_second_factor')
    with op.batch_alter_table('auth_role_grant', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_auth_role_grant_org_id_role'))

    op.drop_table('auth_role_grant')
    with op.batch_alter_table('auth_recovery_code', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_auth_recovery_code_account_id'))

    op.drop_table('auth_recovery_code')
    with op.batch_alter_table('auth_old_password', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_auth_old_password_account_id_id'))

    op.drop_table('auth_old_password')
    op.drop_table('jobs_lease')
    op.drop_table('directory_organisation')
    op.drop_table('core_revision')
    op.drop_table('calendar_year')
    op.drop_table('calendar_day')
    with op.batch_alter_table('auth_login_attempt', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_auth_login_attempt_name_key_at'))
        batch_op.drop_index(batch_op.f('ix_auth_login_attempt_at'))
        batch_op.drop_index(batch_op.f('ix_auth_login_attempt_address_at'))

    op.drop_table('auth_login_attempt')
    with op.batch_alter_table('auth_account', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_auth_account_person_id'))

    op.drop_table('auth_account')
    op.drop_table('audit_head')
    with op.batch_alter_table('audit_event', schema=None) as batch_op:
        batch_op.drop_index('ix_audit_event_record')
        batch_op.drop_index('ix_audit_event_at')
        batch_op.drop_index('ix_audit_event_actor')

    op.drop_table('audit_event')
