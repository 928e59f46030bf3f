"""conference

Revision ID: mtg0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

import portal.database


revision = 'mtg0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('meetings_busy',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('uid', sa.String(length=200), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('starts_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('ends_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('zone', sa.String(length=60), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_meetings_busy_times')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_busy_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_busy')),
    sa.UniqueConstraint('org_id', 'uid', name=op.f('uq_meetings_busy_org_id_uid'))
    )
    with op.batch_alter_table('meetings_busy', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_busy_org_id_starts_at'), ['org_id', 'starts_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_busy_starts_at'), ['starts_at'], unique=False)

    op.create_table('meetings_conference',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('convener', sa.String(length=60), nullable=False),
    sa.Column('deputy', sa.String(length=60), nullable=False),
    sa.Column('office', sa.String(length=80), nullable=False),
    sa.Column('contact', sa.String(length=60), nullable=False),
    sa.Column('phone', sa.String(length=30), nullable=False),
    sa.Column('place', sa.String(length=120), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_conference_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_conference')),
    sa.UniqueConstraint('org_id', name=op.f('uq_meetings_conference_org_id'))
    )
    op.create_table('meetings_feed',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(length=32), nullable=False),
    sa.Column('made_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_meetings_feed_account_id_auth_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_feed')),
    sa.UniqueConstraint('account_id', name=op.f('uq_meetings_feed_account_id')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_meetings_feed_token_hash'))
    )
    op.create_table('meetings_half_year',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('half', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('meeting_id', sa.Integer(), nullable=True),
    sa.Column('warned_on', sa.Date(), nullable=True),
    sa.Column('judged_on', sa.Date(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("state IN ('warned', 'met', 'missed')", name=op.f('ck_meetings_half_year_state')),
    sa.CheckConstraint('half IN (1, 2)', name=op.f('ck_meetings_half_year_half')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_half_year_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_half_year')),
    sa.UniqueConstraint('org_id', 'year', 'half', name=op.f('uq_meetings_half_year_org_id_year_half'))
    )
    op.create_table('meetings_meeting',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conference_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('starts_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('ends_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('place', sa.String(length=120), nullable=False),
    sa.Column('chair', sa.String(length=60), nullable=False),
    sa.Column('recorder', sa.String(length=60), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('state_reason', sa.Text(), nullable=False),
    sa.Column('uid', sa.String(length=80), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('changed_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('notice_number', sa.String(length=60), nullable=False),
    sa.Column('notified_on', sa.Date(), nullable=True),
    sa.Column('urgent_reason', sa.Text(), nullable=False),
    sa.Column('held_on', sa.Date(), nullable=True),
    sa.Column('members', sa.Integer(), nullable=False),
    sa.Column('present', sa.Integer(), nullable=False),
    sa.Column('needed', sa.Integer(), nullable=False),
    sa.Column('quorate', sa.Boolean(), nullable=False),
    sa.Column('minutes_due', sa.Date(), nullable=True),
    sa.Column('current_item_id', sa.Integer(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("kind IN ('regular', 'adhoc')", name=op.f('ck_meetings_meeting_kind')),
    sa.CheckConstraint("state IN ('draft', 'scheduled', 'notified', 'sitting', 'held', 'minuted', 'issued', 'closed', 'cancelled')", name=op.f('ck_meetings_meeting_state')),
    sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_meetings_meeting_times')),
    sa.ForeignKeyConstraint(['conference_id'], ['meetings_conference.id'], name=op.f('fk_meetings_meeting_conference_id_meetings_conference')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_meeting_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_meeting')),
    sa.UniqueConstraint('uid', name=op.f('uq_meetings_meeting_uid'))
    )
    with op.batch_alter_table('meetings_meeting', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_meeting_org_id_day_id'), ['org_id', 'day', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_meeting_org_id_kind_day'), ['org_id', 'kind', 'day'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_meeting_org_id_state_day'), ['org_id', 'state', 'day'], unique=False)

    op.create_table('meetings_membership',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conference_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint('until IS NULL OR until >= since', name=op.f('ck_meetings_membership_term')),
    sa.ForeignKeyConstraint(['conference_id'], ['meetings_conference.id'], name=op.f('fk_meetings_membership_conference_id_meetings_conference')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_membership_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['unit_id'], ['directory_organisation.id'], name=op.f('fk_meetings_membership_unit_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_membership'))
    )
    with op.batch_alter_table('meetings_membership', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_membership_conference_id_unit_id_since'), ['conference_id', 'unit_id', 'since'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_membership_unit_id_until'), ['unit_id', 'until'], unique=False)

    op.create_table('meetings_archive',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('meeting_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('asked_by', sa.String(length=60), nullable=False),
    sa.Column('asked_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('error', sa.String(length=200), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('finished_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("state IN ('waiting', 'working', 'done', 'failed')", name=op.f('ck_meetings_archive_state')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meetings_meeting.id'], name=op.f('fk_meetings_archive_meeting_id_meetings_meeting')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_archive_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_archive'))
    )
    with op.batch_alter_table('meetings_archive', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_archive_meeting_id_id'), ['meeting_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_archive_state'), ['state'], unique=False)

    op.create_table('meetings_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('meeting_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('old_starts_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('old_ends_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('old_place', sa.String(length=120), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('sequence', sa.Integer(), nullable=False),
    sa.Column('across', sa.Boolean(), nullable=False),
    sa.Column('at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('author', sa.String(length=60), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['meeting_id'], ['meetings_meeting.id'], name=op.f('fk_meetings_change_meeting_id_meetings_meeting')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_change_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_change'))
    )
    with op.batch_alter_table('meetings_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_change_meeting_id_id'), ['meeting_id', 'id'], unique=False)

    op.create_table('meetings_delegate',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('membership_id', sa.Integer(), nullable=False),
    sa.Column('post', sa.String(length=8), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('position', sa.String(length=60), nullable=False),
    sa.Column('phone', sa.String(length=30), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=True),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("post IN ('liaison', 'deputy')", name=op.f('ck_meetings_delegate_post')),
    sa.CheckConstraint('until IS NULL OR until >= since', name=op.f('ck_meetings_delegate_term')),
    sa.ForeignKeyConstraint(['account_id'], ['auth_account.id'], name=op.f('fk_meetings_delegate_account_id_auth_account')),
    sa.ForeignKeyConstraint(['membership_id'], ['meetings_membership.id'], name=op.f('fk_meetings_delegate_membership_id_meetings_membership')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_delegate_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_delegate'))
    )
    with op.batch_alter_table('meetings_delegate', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_delegate_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_delegate_membership_id_post_since'), ['membership_id', 'post', 'since'], unique=False)

    op.create_table('meetings_invitation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('meeting_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('unit_name', sa.String(length=60), nullable=False),
    sa.Column('capacity', sa.String(length=8), nullable=False),
    sa.Column('told', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('position', sa.String(length=60), nullable=False),
    sa.Column('phone', sa.String(length=30), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('answered_at', portal.database.UTCDateTime(timezone=True), nullable=True),
    sa.Column('answered_by', sa.String(length=60), nullable=False),
    sa.Column('seen_sequence', sa.Integer(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("capacity IN ('member', 'observer')", name=op.f('ck_meetings_invitation_capacity')),
    sa.CheckConstraint("state IN ('invited', 'attends', 'substitute', 'excused')", name=op.f('ck_meetings_invitation_state')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meetings_meeting.id'], name=op.f('fk_meetings_invitation_meeting_id_meetings_meeting')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_invitation_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['unit_id'], ['directory_organisation.id'], name=op.f('fk_meetings_invitation_unit_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_invitation')),
    sa.UniqueConstraint('meeting_id', 'unit_id', name=op.f('uq_meetings_invitation_meeting_id_unit_id'))
    )
    with op.batch_alter_table('meetings_invitation', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_invitation_unit_id_told_meeting_id'), ['unit_id', 'told', 'meeting_id'], unique=False)

    op.create_table('meetings_minutes',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('meeting_id', sa.Integer(), nullable=False),
    sa.Column('edition', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('attendance', portal.database.JSONValue(), nullable=False),
    sa.Column('circulated_on', sa.Date(), nullable=True),
    sa.Column('comment_by', sa.Date(), nullable=True),
    sa.Column('drafted_by', sa.Integer(), nullable=True),
    sa.Column('number', sa.String(length=60), nullable=False),
    sa.Column('number_year', sa.Integer(), nullable=False),
    sa.Column('number_seq', sa.Integer(), nullable=False),
    sa.Column('signer', sa.String(length=60), nullable=False),
    sa.Column('signed_on', sa.Date(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('copy_digest', sa.String(length=64), nullable=False),
    sa.Column('copy_of', sa.String(length=64), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("state IN ('draft', 'circulating', 'settled', 'signed', 'replaced')", name=op.f('ck_meetings_minutes_state')),
    sa.ForeignKeyConstraint(['drafted_by'], ['auth_account.id'], name=op.f('fk_meetings_minutes_drafted_by_auth_account')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meetings_meeting.id'], name=op.f('fk_meetings_minutes_meeting_id_meetings_meeting')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_minutes_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_minutes')),
    sa.UniqueConstraint('meeting_id', 'edition', name=op.f('uq_meetings_minutes_meeting_id_edition'))
    )
    with op.batch_alter_table('meetings_minutes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_minutes_org_id_state_id'), ['org_id', 'state', 'id'], unique=False)

    op.create_table('meetings_topic',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('category', sa.String(length=12), nullable=False),
    sa.Column('background', sa.Text(), nullable=False),
    sa.Column('request', sa.Text(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('reporter', sa.String(length=60), nullable=False),
    sa.Column('proposer_id', sa.Integer(), nullable=False),
    sa.Column('proposer_name', sa.String(length=60), nullable=False),
    sa.Column('proposed_by', sa.Integer(), nullable=True),
    sa.Column('proposed_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('state_reason', sa.Text(), nullable=False),
    sa.Column('meeting_id', sa.Integer(), nullable=True),
    sa.Column('deferrals', sa.Integer(), nullable=False),
    sa.Column('resolution_id', sa.Integer(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("state IN ('draft', 'proposed', 'accepted', 'returned', 'deferred', 'scheduled', 'discussed', 'withdrawn')", name=op.f('ck_meetings_topic_state')),
    sa.CheckConstraint('minutes BETWEEN 1 AND 480', name=op.f('ck_meetings_topic_minutes')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meetings_meeting.id'], name=op.f('fk_meetings_topic_meeting_id_meetings_meeting')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_topic_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['proposed_by'], ['auth_account.id'], name=op.f('fk_meetings_topic_proposed_by_auth_account')),
    sa.ForeignKeyConstraint(['proposer_id'], ['directory_organisation.id'], name=op.f('fk_meetings_topic_proposer_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_topic'))
    )
    with op.batch_alter_table('meetings_topic', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_topic_meeting_id'), ['meeting_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_topic_org_id_proposed_on_id'), ['org_id', 'proposed_on', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_topic_org_id_state_id'), ['org_id', 'state', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_topic_proposer_id_state_id'), ['proposer_id', 'state', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_topic_resolution_id'), ['resolution_id'], unique=False)

    op.create_table('meetings_attendance',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('meeting_id', sa.Integer(), nullable=False),
    sa.Column('invitation_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=60), nullable=False),
    sa.Column('position', sa.String(length=60), nullable=False),
    sa.Column('phone', sa.String(length=30), nullable=False),
    sa.Column('substitute', sa.Boolean(), nullable=False),
    sa.Column('how', sa.String(length=4), nullable=False),
    sa.Column('at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("how IN ('list', 'qr', 'hand')", name=op.f('ck_meetings_attendance_how')),
    sa.ForeignKeyConstraint(['invitation_id'], ['meetings_invitation.id'], name=op.f('fk_meetings_attendance_invitation_id_meetings_invitation')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meetings_meeting.id'], name=op.f('fk_meetings_attendance_meeting_id_meetings_meeting')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_attendance_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['unit_id'], ['directory_organisation.id'], name=op.f('fk_meetings_attendance_unit_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_attendance')),
    sa.UniqueConstraint('invitation_id', 'name', name=op.f('uq_meetings_attendance_invitation_id_name'))
    )
    with op.batch_alter_table('meetings_attendance', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_attendance_meeting_id_id'), ['meeting_id', 'id'], unique=False)

    op.create_table('meetings_item',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('meeting_id', sa.Integer(), nullable=False),
    sa.Column('topic_id', sa.Integer(), nullable=True),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('unit_name', sa.String(length=60), nullable=False),
    sa.Column('reporter', sa.String(length=60), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.String(length=10), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("outcome IN ('', 'decided', 'deferred', 'noted')", name=op.f('ck_meetings_item_outcome')),
    sa.CheckConstraint('minutes BETWEEN 1 AND 480', name=op.f('ck_meetings_item_minutes')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meetings_meeting.id'], name=op.f('fk_meetings_item_meeting_id_meetings_meeting')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_item_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['topic_id'], ['meetings_topic.id'], name=op.f('fk_meetings_item_topic_id_meetings_topic')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_item')),
    sa.UniqueConstraint('meeting_id', 'topic_id', name=op.f('uq_meetings_item_meeting_id_topic_id'))
    )
    with op.batch_alter_table('meetings_item', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_item_meeting_id_position_id'), ['meeting_id', 'position', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_item_topic_id'), ['topic_id'], unique=False)

    op.create_table('meetings_paragraph',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('minutes_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('resolution_id', sa.Integer(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("kind IN ('heading', 'text', 'resolution')", name=op.f('ck_meetings_paragraph_kind')),
    sa.ForeignKeyConstraint(['minutes_id'], ['meetings_minutes.id'], name=op.f('fk_meetings_paragraph_minutes_id_meetings_minutes')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_paragraph_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_paragraph'))
    )
    with op.batch_alter_table('meetings_paragraph', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_paragraph_minutes_id_position'), ['minutes_id', 'position'], unique=False)

    op.create_table('meetings_review',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('topic_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('unit_name', sa.String(length=60), nullable=False),
    sa.Column('asked_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('opinion', sa.String(length=10), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('given_on', sa.Date(), nullable=True),
    sa.Column('given_by', sa.String(length=60), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_review_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['topic_id'], ['meetings_topic.id'], name=op.f('fk_meetings_review_topic_id_meetings_topic')),
    sa.ForeignKeyConstraint(['unit_id'], ['directory_organisation.id'], name=op.f('fk_meetings_review_unit_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_review')),
    sa.UniqueConstraint('topic_id', 'unit_id', name=op.f('uq_meetings_review_topic_id_unit_id'))
    )
    with op.batch_alter_table('meetings_review', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_review_unit_id_given_on'), ['unit_id', 'given_on'], unique=False)

    op.create_table('meetings_comment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('minutes_id', sa.Integer(), nullable=False),
    sa.Column('paragraph_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('unit_name', sa.String(length=60), nullable=False),
    sa.Column('author', sa.String(length=60), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('suggestion', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('made_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('late', sa.Boolean(), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("state IN ('open', 'accepted', 'declined')", name=op.f('ck_meetings_comment_state')),
    sa.ForeignKeyConstraint(['minutes_id'], ['meetings_minutes.id'], name=op.f('fk_meetings_comment_minutes_id_meetings_minutes')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_comment_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['paragraph_id'], ['meetings_paragraph.id'], name=op.f('fk_meetings_comment_paragraph_id_meetings_paragraph')),
    sa.ForeignKeyConstraint(['unit_id'], ['directory_organisation.id'], name=op.f('fk_meetings_comment_unit_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_comment'))
    )
    with op.batch_alter_table('meetings_comment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_comment_minutes_id_state'), ['minutes_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_comment_paragraph_id'), ['paragraph_id'], unique=False)

    op.create_table('meetings_note',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('meeting_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('saved_at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('saved_by', sa.String(length=60), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.ForeignKeyConstraint(['item_id'], ['meetings_item.id'], name=op.f('fk_meetings_note_item_id_meetings_item')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meetings_meeting.id'], name=op.f('fk_meetings_note_meeting_id_meetings_meeting')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_note_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_note')),
    sa.UniqueConstraint('item_id', name=op.f('uq_meetings_note_item_id'))
    )
    with op.batch_alter_table('meetings_note', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_note_meeting_id'), ['meeting_id'], unique=False)

    op.create_table('meetings_resolution',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('meeting_id', sa.Integer(), nullable=False),
    sa.Column('item_id', sa.Integer(), nullable=True),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('number', sa.String(length=60), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('lead_id', sa.Integer(), nullable=True),
    sa.Column('lead_name', sa.String(length=80), nullable=False),
    sa.Column('outside', sa.String(length=80), nullable=False),
    sa.Column('letter', sa.String(length=120), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('first_due', sa.Date(), nullable=False),
    sa.Column('sort_due', sa.Date(), nullable=False),
    sa.Column('agreed_on', sa.Date(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('state_reason', sa.Text(), nullable=False),
    sa.Column('extensions', sa.Integer(), nullable=False),
    sa.Column('extension_asked', sa.Date(), nullable=True),
    sa.Column('extension_reason', sa.Text(), nullable=False),
    sa.Column('report_due', sa.Date(), nullable=True),
    sa.Column('reported_on', sa.Date(), nullable=True),
    sa.Column('claimed_on', sa.Date(), nullable=True),
    sa.Column('claimed_by', sa.Integer(), nullable=True),
    sa.Column('claim_text', sa.Text(), nullable=False),
    sa.Column('done_on', sa.Date(), nullable=True),
    sa.Column('verified_on', sa.Date(), nullable=True),
    sa.Column('verify_text', sa.Text(), nullable=False),
    sa.Column('sent_back', sa.Integer(), nullable=False),
    sa.Column('replaced_by', sa.Integer(), nullable=True),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.CheckConstraint("(lead_id IS NULL) <> (outside = '')", name=op.f('ck_meetings_resolution_one_lead')),
    sa.CheckConstraint("state IN ('recorded', 'open', 'in_progress', 'review', 'done', 'replaced')", name=op.f('ck_meetings_resolution_state')),
    sa.ForeignKeyConstraint(['item_id'], ['meetings_item.id'], name=op.f('fk_meetings_resolution_item_id_meetings_item')),
    sa.ForeignKeyConstraint(['lead_id'], ['directory_organisation.id'], name=op.f('fk_meetings_resolution_lead_id_directory_organisation')),
    sa.ForeignKeyConstraint(['meeting_id'], ['meetings_meeting.id'], name=op.f('fk_meetings_resolution_meeting_id_meetings_meeting')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_resolution_org_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_resolution'))
    )
    with op.batch_alter_table('meetings_resolution', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_resolution_lead_id_state_sort_due'), ['lead_id', 'state', 'sort_due'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_resolution_meeting_id_seq'), ['meeting_id', 'seq'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_resolution_org_id_agreed_on_id'), ['org_id', 'agreed_on', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_resolution_org_id_sort_due_id'), ['org_id', 'sort_due', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_meetings_resolution_org_id_state_sort_due_id'), ['org_id', 'state', 'sort_due', 'id'], unique=False)

    op.create_table('meetings_co_unit',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('resolution_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('unit_name', sa.String(length=60), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_co_unit_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['resolution_id'], ['meetings_resolution.id'], name=op.f('fk_meetings_co_unit_resolution_id_meetings_resolution')),
    sa.ForeignKeyConstraint(['unit_id'], ['directory_organisation.id'], name=op.f('fk_meetings_co_unit_unit_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_co_unit')),
    sa.UniqueConstraint('resolution_id', 'unit_id', name=op.f('uq_meetings_co_unit_resolution_id_unit_id'))
    )
    with op.batch_alter_table('meetings_co_unit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_co_unit_unit_id'), ['unit_id'], unique=False)

    op.create_table('meetings_report',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('resolution_id', sa.Integer(), nullable=False),
    sa.Column('unit_id', sa.Integer(), nullable=False),
    sa.Column('unit_name', sa.String(length=60), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('percent', sa.Integer(), nullable=True),
    sa.Column('author', sa.String(length=60), nullable=False),
    sa.Column('on', sa.Date(), nullable=False),
    sa.Column('at', portal.database.UTCDateTime(timezone=True), nullable=False),
    sa.Column('org_id', sa.Integer(), nullable=False),
    sa.CheckConstraint("kind IN ('progress', 'claim', 'verified', 'back', 'extended', 'refused', 'asked', 'letter')", name=op.f('ck_meetings_report_kind')),
    sa.ForeignKeyConstraint(['org_id'], ['directory_organisation.id'], name=op.f('fk_meetings_report_org_id_directory_organisation')),
    sa.ForeignKeyConstraint(['resolution_id'], ['meetings_resolution.id'], name=op.f('fk_meetings_report_resolution_id_meetings_resolution')),
    sa.ForeignKeyConstraint(['unit_id'], ['directory_organisation.id'], name=op.f('fk_meetings_report_unit_id_directory_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_meetings_report'))
    )
    with op.batch_alter_table('meetings_report', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_meetings_report_resolution_id_id'), ['resolution_id', 'id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('meetings_report', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_report_resolution_id_id'))

    op.drop_table('meetings_report')
    with op.batch_alter_table('meetings_co_unit', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_co_unit_unit_id'))

    op.drop_table('meetings_co_unit')
    with op.batch_alter_table('meetings_resolution', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_resolution_org_id_state_sort_due_id'))
        batch_op.drop_index(batch_op.f('ix_meetings_resolution_org_id_sort_due_id'))
        batch_op.drop_index(batch_op.f('ix_meetings_resolution_org_id_agreed_on_id'))
        batch_op.drop_index(batch_op.f('ix_meetings_resolution_meeting_id_seq'))
        batch_op.drop_index(batch_op.f('ix_meetings_resolution_lead_id_state_sort_due'))

    op.drop_table('meetings_resolution')
    with op.batch_alter_table('meetings_note', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_note_meeting_id'))

    op.drop_table('meetings_note')
    with op.batch_alter_table('meetings_comment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_comment_paragraph_id'))
        batch_op.drop_index(batch_op.f('ix_meetings_comment_minutes_id_state'))

    op.drop_table('meetings_comment')
    with op.batch_alter_table('meetings_review', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_review_unit_id_given_on'))

    op.drop_table('meetings_review')
    with op.batch_alter_table('meetings_paragraph', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_paragraph_minutes_id_position'))

    op.drop_table('meetings_paragraph')
    with op.batch_alter_table('meetings_item', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_item_topic_id'))
        batch_op.drop_index(batch_op.f('ix_meetings_item_meeting_id_position_id'))

    op.drop_table('meetings_item')
    with op.batch_alter_table('meetings_attendance', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_attendance_meeting_id_id'))

    op.drop_table('meetings_attendance')
    with op.batch_alter_table('meetings_topic', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_topic_resolution_id'))
        batch_op.drop_index(batch_op.f('ix_meetings_topic_proposer_id_state_id'))
        batch_op.drop_index(batch_op.f('ix_meetings_topic_org_id_state_id'))
        batch_op.drop_index(batch_op.f('ix_meetings_topic_org_id_proposed_on_id'))
        batch_op.drop_index(batch_op.f('ix_meetings_topic_meeting_id'))

    op.drop_table('meetings_topic')
    with op.batch_alter_table('meetings_minutes', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_minutes_org_id_state_id'))

    op.drop_table('meetings_minutes')
    with op.batch_alter_table('meetings_invitation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_invitation_unit_id_told_meeting_id'))

    op.drop_table('meetings_invitation')
    with op.batch_alter_table('meetings_delegate', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_delegate_membership_id_post_since'))
        batch_op.drop_index(batch_op.f('ix_meetings_delegate_account_id'))

    op.drop_table('meetings_delegate')
    with op.batch_alter_table('meetings_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_change_meeting_id_id'))

    op.drop_table('meetings_change')
    with op.batch_alter_table('meetings_archive', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_archive_state'))
        batch_op.drop_index(batch_op.f('ix_meetings_archive_meeting_id_id'))

    op.drop_table('meetings_archive')
    with op.batch_alter_table('meetings_membership', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_membership_unit_id_until'))
        batch_op.drop_index(batch_op.f('ix_meetings_membership_conference_id_unit_id_since'))

    op.drop_table('meetings_membership')
    with op.batch_alter_table('meetings_meeting', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_meeting_org_id_state_day'))
        batch_op.drop_index(batch_op.f('ix_meetings_meeting_org_id_kind_day'))
        batch_op.drop_index(batch_op.f('ix_meetings_meeting_org_id_day_id'))

    op.drop_table('meetings_meeting')
    op.drop_table('meetings_half_year')
    op.drop_table('meetings_feed')
    op.drop_table('meetings_conference')
    with op.batch_alter_table('meetings_busy', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_meetings_busy_starts_at'))
        batch_op.drop_index(batch_op.f('ix_meetings_busy_org_id_starts_at'))

    op.drop_table('meetings_busy')
