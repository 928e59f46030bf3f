"""The index of grams, which no model describes: a full-text table on SQLite, a column with an inverted index on PostgreSQL."""

from __future__ import annotations

from sqlalchemy import Connection

TABLE = "core_search_grams"
SQLITE_UP = (f"CREATE VIRTUAL TABLE {TABLE} USING fts5(grams, content='', detail=none, columnsize=0, tokenize='ascii')",)
POSTGRESQL_UP = (
    f"CREATE TABLE {TABLE} (key BIGINT NOT NULL CONSTRAINT pk_{TABLE} PRIMARY KEY, grams TSVECTOR NOT NULL)",
    f"CREATE INDEX ix_{TABLE}_grams ON {TABLE} USING gin (grams)",
)


def create_grams(connection: Connection) -> None:
    """Make the index of grams of the connection's database, empty."""
    for statement in SQLITE_UP if connection.dialect.name == "sqlite" else POSTGRESQL_UP:
        connection.exec_driver_sql(statement)


def drop_grams(connection: Connection) -> None:
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {TABLE}")
