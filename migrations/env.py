"""Alembic environment: runs one chain (the core or a plugin) on the connection that the runner hands over."""

from alembic import context

from portal.database import Base
from portal.search.schema import TABLE

config = context.config
chain = config.attributes["chain"]
connection = config.attributes["connection"]


def belongs(name: str | None, kind: str, _parents: object) -> bool:
    """Only the tables of this chain are compared with the models; the search's grams have none."""
    return kind != "table" or bool(name and name.startswith(chain.prefixes) and not name.startswith(TABLE))


def belongs_object(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return belongs(name, kind, None)


context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    version_table=chain.version_table,
    include_name=belongs,
    include_object=belongs_object,
    render_as_batch=True,
    transactional_ddl=True,
    transaction_per_migration=False,
    user_module_prefix="portal.database.",
)
context.run_migrations()
