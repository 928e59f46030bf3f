"""Rights of the plugin, and which role holds which. A right opens pages; the access list opens files (:mod:`models`)."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.contract import Permission

READ = "consultations.read"
ASK = "consultations.ask"
APPROVE = "consultations.approve"
CONVENE = "consultations.convene"
SIT = "consultations.sit"
POOL = "consultations.pool"
LIBRARY = "consultations.library"
STATISTICS = "consultations.statistics"

PERMISSIONS = (
    Permission(READ, _l("查看自己参与的案件会商")),
    Permission(ASK, _l("提请案件会商、答复会商意见")),
    Permission(APPROVE, _l("审批提请会商与采纳情况")),
    Permission(CONVENE, _l("受理和组织案件会商")),
    Permission(SIT, _l("作为会商组成员提出意见")),
    Permission(POOL, _l("管理会商专家库")),
    Permission(LIBRARY, _l("查阅会商案例库")),
    Permission(STATISTICS, _l("查看案件会商统计")),
)
GRANTS: dict[str, set[str]] = {
    "handling_officer": {READ, ASK, LIBRARY},
    "office_head": {READ, ASK, SIT, LIBRARY},
    "legal_reviewer": {READ, ASK, SIT, LIBRARY},
    "leader": {READ, APPROVE, SIT, LIBRARY},
    "supervisor": {READ, CONVENE, POOL, LIBRARY, STATISTICS},
    "department_liaison": {READ, SIT, LIBRARY},
    "expert": {READ, SIT},
}
SITTING = ("department_liaison", "legal_reviewer", "office_head", "leader")
"""Roles from which departments and other towns send somebody to a panel; experts come from the pool."""
