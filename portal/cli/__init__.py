"""The command ``portal``. Works on the instance that ``PORTAL_INSTANCE`` names; ``--json`` prints one object and nothing else.

Exit status: 0 all went as asked, 1 something was refused or found broken, 2 usage or configuration error.
"""

from __future__ import annotations

import sys

import click
from sqlalchemy.exc import SQLAlchemyError

from portal import migrate
from portal.cli import apply, backup, database, imports, jobs, keys, plugins, search, serving, setup, trail
from portal.errors import DomainError


class WithPlugins(click.Group):
    """The commands of the core, and those of the plugins, which are looked up only when they are asked for."""

    def _of_plugins(self) -> dict[str, click.Command]:
        from portal import __version__
        from portal.config import ConfigError, load_settings
        from portal.core_plugin import CorePlugin
        from portal.plugins import PluginManager

        try:
            manager = PluginManager(load_settings(), CorePlugin(), __version__)
        except ConfigError as error:
            raise click.UsageError(str(error)) from error
        return {command.name: command for command in manager.collect("portal_commands") if command.name and command.name not in self.commands}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *self._of_plugins()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self.commands.get(cmd_name) or self._of_plugins().get(cmd_name)


@click.group(cls=WithPlugins, context_settings={"help_option_names": ["-h", "--help"]})
def portal() -> None:
    """Portal for administrative law enforcement in towns."""


COMMANDS: tuple[click.Command, ...] = (
    setup.init, serving.serve, setup.accounts, setup.doctor, apply.apply, database.database, trail.trail, plugins.plugins, jobs.jobs, jobs.run_scheduler,
    imports.import_file, keys.keys, search.search, backup.backup, backup.backup_keys, backup.restore, backup.drill,
)  # fmt: skip
for command in COMMANDS:
    portal.add_command(command)


def main() -> None:
    """Run the command; what a person can mend is one line on standard error."""
    try:
        portal(prog_name="portal")
    except (DomainError, migrate.MigrationError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except SQLAlchemyError as error:
        click.echo(f"the database refused: {str(error).splitlines()[0]}", err=True)
        sys.exit(1)
