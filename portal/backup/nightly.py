"""The nightly backup: made, proved by a restore, and the oldest ones beyond those to be kept removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l

from portal import audit
from portal.backup import making, restoring
from portal.contract import Job


def nightly(context: Any) -> dict[str, Any]:
    """Make a backup in the folder of the setting ``backup_folder``; nothing where none is set."""
    house = current_app.extensions["portal"]
    if context.dry_run or not house.settings.backup_folder:
        return {"failed": 0, "made": 0}
    folder = Path(house.settings.backup_folder)
    file = making.make(house.settings, house.plugins, folder)
    context.check()
    found = restoring.drill(house.build, file, house.settings) if house.settings.is_sqlite else {}
    note_made(file, bool(found))
    for old in sorted(folder.glob(f"portal-*{making.SUFFIX}"))[: -house.settings.backup_keep]:
        old.unlink()
    return {"failed": 0, "made": 1, "file": file.name, "bytes": file.stat().st_size, **found}


def note_made(file: Path, restored: bool) -> None:
    """The trail tells of every backup."""
    audit.note("system.backed_up", record_type="core.backup", detail={"file": file.name, "bytes": file.stat().st_size, "restored": restored})


JOB = Job("core.backup", _l("每日备份"), nightly, {"hour": 3, "minute": 30})
