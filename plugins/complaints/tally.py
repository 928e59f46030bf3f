"""The roll-up behind the statistics: counted by the database itself, in the transaction of every change, so that it is exact at every moment.

A cell counts the matters of a town, a month, a kind and one property (``measure`` and ``key``). Measures of the receipt
stand in the month in which a matter was received, those of the conclusion in the month in which it was concluded.
Accusations are not in it: they are kept from some accounts and counted one by one (:mod:`plugins.complaints.counting`).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

TABLE = "complaints_tally"
SOURCE = "complaints_complaint"
ADVISORY = 7302
"""PostgreSQL: the lock under which the writers of a town take turns at its cells."""
APART = "accusation"


@dataclass(frozen=True)
class Measure:
    """A property that is counted: its SQL on a row ``{row}``, and which rows have it. ``concluded``: by the month of conclusion."""

    name: str
    key: str
    where: str = ""
    concluded: bool = False


OUTCOME = "CASE WHEN {row}.state <> 'archived' THEN {row}.state WHEN {row}.closed_as <> '' THEN {row}.closed_as ELSE 'replied' END"
"""What became of a matter: its state, or that in which it was archived."""
MEASURES = (
    Measure("channel", "{row}.channel"),
    Measure("category", "{row}.category"),
    Measure("outcome", OUTCOME),
    Measure("repeat", "'1'", "{row}.repeats"),
    Measure("result", "{row}.result", concluded=True),
    Measure("late", "CASE WHEN {row}.late THEN '1' ELSE '0' END", "{row}.late IS NOT NULL", concluded=True),
    Measure("days", "CAST({row}.days_taken AS TEXT)", "{row}.days_taken IS NOT NULL", concluded=True),
)
WATCHED = ("org_id", "month", "kind", "channel", "category", "state", "closed_as", "repeats", "concluded_on", "result", "late", "days_taken")
"""Columns whose change moves a matter from cell to cell."""


def _cells(sqlite: bool, row: str, number: int, source: str = "") -> str:
    """The cells of a row (or of every row of ``source``), each with ``number``."""
    parts = []
    for measure in MEASURES:
        month = f"{row}.month"
        conditions = [f"{row}.kind <> '{APART}'", measure.where.format(row=row)]
        if measure.concluded:
            month = f"substr({row}.concluded_on, 1, 7)" if sqlite else f"to_char({row}.concluded_on, 'YYYY-MM')"
            conditions.append(f"{row}.concluded_on IS NOT NULL")
        where = " AND ".join(filter(None, conditions))
        taken = f" FROM {source} {row}" if source else ""
        columns = f"{row}.org_id AS org_id, {month} AS month, '{measure.name}' AS measure, {row}.kind AS kind, {measure.key.format(row=row)} AS key, {number} AS n"
        parts.append(f"SELECT {columns}{taken} WHERE {where}")
    return " UNION ALL ".join(parts)


def _upsert(cells: str) -> str:
    """Add cells to the table, in one order for all writers."""
    return (
        f"INSERT INTO {TABLE} (org_id, month, measure, kind, key, n) SELECT org_id, month, measure, kind, key, sum(n) FROM ({cells}) AS moved WHERE true"
        " GROUP BY org_id, month, measure, kind, key HAVING sum(n) <> 0 ORDER BY org_id, month, measure, kind, key"
        f" ON CONFLICT (org_id, month, measure, kind, key) DO UPDATE SET n = {TABLE}.n + excluded.n"
    )


def _moves(sqlite: bool) -> dict[str, str]:
    """For each kind of change the statement that counts it."""
    old, new = _cells(sqlite, "OLD", -1), _cells(sqlite, "NEW", 1)
    return {"INSERT": _upsert(new), f"UPDATE OF {', '.join(WATCHED)}": _upsert(f"{old} UNION ALL {new}"), "DELETE": _upsert(old)}


def create(connection: Connection) -> None:
    """Install the triggers that keep the cells, for the database of ``connection``."""
    if connection.dialect.name == "sqlite":
        for event, statement in _moves(True).items():
            connection.exec_driver_sql(f"CREATE TRIGGER {TABLE}_{event.split()[0].lower()} AFTER {event} ON {SOURCE} BEGIN {statement}; END")
        return
    for event, statement in _moves(False).items():
        name = f"{TABLE}_{event.split()[0].lower()}"
        row = "OLD" if event == "DELETE" else "NEW"
        connection.exec_driver_sql(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" PERFORM pg_advisory_xact_lock({ADVISORY}, {row}.org_id); {statement}; RETURN NULL; END $$"
        )
        connection.exec_driver_sql(f"CREATE TRIGGER {name} AFTER {event} ON {SOURCE} FOR EACH ROW EXECUTE FUNCTION {name}()")


def drop(connection: Connection) -> None:
    """Remove them, for taking the tables down or filling them in bulk."""
    for event in ("insert", "update", "delete"):
        on = "" if connection.dialect.name == "sqlite" else f" ON {SOURCE}"
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {TABLE}_{event}{on}")
        if on:
            connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {TABLE}_{event}()")


def rebuild(connection: Connection) -> None:
    """Count everything anew, e.g. after filling the table in bulk without the triggers."""
    connection.exec_driver_sql(f"DELETE FROM {TABLE}")
    connection.exec_driver_sql(_upsert(_cells(connection.dialect.name == "sqlite", "c", 1, SOURCE)))


def differences(connection: Connection) -> list[tuple[object, ...]]:
    """Cells that are not what counting anew gives: town, month, measure, kind, key, and by how much. Empty: all is exact."""
    counted = _cells(connection.dialect.name == "sqlite", "c", 1, SOURCE)
    kept = f"SELECT org_id, month, measure, kind, key, -n AS n FROM {TABLE}"
    columns = "org_id, month, measure, kind, key"
    found = connection.exec_driver_sql(f"SELECT {columns}, sum(n) FROM ({counted} UNION ALL {kept}) AS compared GROUP BY {columns} HAVING sum(n) <> 0")
    return [tuple(row) for row in found]
