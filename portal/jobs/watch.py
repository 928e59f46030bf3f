"""The core's nightly verification of the trail: whoever must know of a break hears of it in the morning."""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import audit
from portal.contract import Job
from portal.inbox.service import NewNotice, notify
from portal.work import unit_of_work


def verify_trail(context: Any) -> dict[str, Any]:
    """Verify every chain. A break stops exports and is told to the security auditor at once; its event names the first broken one."""
    report = audit.verify_instance(current_app._get_current_object())  # type: ignore[attr-defined]
    found = {"events": report.events, "ok": report.ok, "broken": report.broken, "failed": 0 if report.ok else 1}
    if report.broken is None or context.dry_run:
        return found
    place = f"{report.broken.get('organisation') or _('门户')} {report.broken['seq']}"
    context.log(f"chain {report.broken['chain']}, event {report.broken['seq']}: {report.broken['problem']}")
    with unit_of_work("audit.broken") as session:
        audit.note("audit.broken", record_type="audit.chain", record_id=report.broken["chain"], detail=report.broken, result="broken")
        title = _("审计记录校验未通过：%(place)s，导出已停用", place=place)
        key = f"audit.broken:{report.broken['chain']}:{report.broken['seq']}:{context.today}"
        notify(session, NewNotice(title, key, _("请立即查明原因，并保全数据库与备份。"), "/audit", role="security_auditor", urgent=True))
    return found


JOB = Job("core.verify", _l("审计记录校验"), verify_trail, {"hour": 2, "minute": 40})
