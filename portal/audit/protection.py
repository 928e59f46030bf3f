"""Triggers with which the database itself refuses to change or remove events."""

from __future__ import annotations

from sqlalchemy import Connection

MESSAGE = "the audit trail is append-only"

SQLITE_UP = (
    f"""CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    f"""CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
    f"""CREATE TRIGGER audit_event_no_replace BEFORE INSERT ON audit_event
    WHEN EXISTS (SELECT 1 FROM audit_event WHERE chain_id = NEW.chain_id AND seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END""",
)
SQLITE_DOWN = tuple(f"DROP TRIGGER IF EXISTS audit_event_no_{name}" for name in ("update", "delete", "replace"))
POSTGRESQL_UP = (
    f"""CREATE OR REPLACE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$""",
    """CREATE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_refuse()""",
    """CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_refuse()""",
)
POSTGRESQL_DOWN = (
    "DROP TRIGGER IF EXISTS audit_event_no_change ON audit_event",
    "DROP TRIGGER IF EXISTS audit_event_no_truncate ON audit_event",
    "DROP FUNCTION IF EXISTS audit_event_refuse()",
)


def create_protection(connection: Connection) -> None:
    """Install the triggers for the database of ``connection``."""
    for statement in SQLITE_UP if connection.dialect.name == "sqlite" else POSTGRESQL_UP:
        connection.exec_driver_sql(statement)


def drop_protection(connection: Connection) -> None:
    """Remove them, for taking the tables down."""
    for statement in SQLITE_DOWN if connection.dialect.name == "sqlite" else POSTGRESQL_DOWN:
        connection.exec_driver_sql(statement)
