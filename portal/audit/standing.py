"""How the trail stood when it was last verified, kept outside the database: a trail that is broken stops exports.

``instance/audit-verified.json`` holds when it was verified, whether it was whole, and the first broken event.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from portal.audit.checkpoints import replace_file
from portal.audit.verify import Report
from portal.config import current_settings
from portal.database import utcnow
from portal.errors import Refused

FILE = "audit-verified.json"


class TrailBroken(Refused):
    """The trail did not verify: what would leave the portal stays until that is cleared up."""

    status = 503


def keep(instance: Path, report: Report) -> None:
    """Keep the outcome of a verification."""
    replace_file(instance / FILE, json.dumps({"at": utcnow().isoformat(timespec="seconds"), **report.to_dict()}, ensure_ascii=False))


def last(instance: Path) -> dict[str, Any] | None:
    """The outcome of the last verification; None when there was none. A file that cannot be read counts as broken."""
    try:
        found: dict[str, Any] = json.loads((instance / FILE).read_text(encoding="utf-8"))
        return {"at": str(found["at"]), "ok": found["ok"] is True, "events": int(found["events"]), "broken": found["broken"]}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return {"at": "", "ok": False, "events": 0, "broken": None}


def require_whole() -> None:
    """Raise TrailBroken when the last verification found the trail broken."""
    found = last(current_settings().instance)
    if found is not None and not found["ok"]:
        raise TrailBroken(_("审计记录校验未通过，导出已停用。请联系安全审计员。"))
