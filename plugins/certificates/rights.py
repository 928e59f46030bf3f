"""Roles and rights of the plugin, and which role holds which."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.contract import Permission, Role

READ = "certificates.read"
APPLY = "certificates.apply"
REVIEW = "certificates.review"
VERIFY = "certificates.verify"
SUSPEND = "certificates.suspend"
CANCEL = "certificates.cancel"
CLEAR = "certificates.clear"
IMPORT = "certificates.import"
EXPORT = "certificates.export"
PUBLISH = "certificates.publish"

ROLES = (Role("certificate_clerk", _l("证件管理员"), "town"),)
PERMISSIONS = (
    Permission(READ, _l("查看执法证件")),
    Permission(APPLY, _l("申请执法证件、登记遗失")),
    Permission(REVIEW, _l("单位审核证件申请")),
    Permission(VERIFY, _l("核验证件申请并发证")),
    Permission(SUSPEND, _l("暂扣与恢复证件")),
    Permission(CANCEL, _l("注销证件")),
    Permission(CLEAR, _l("收回与销毁证件")),
    Permission(IMPORT, _l("导入持证人员名册")),
    Permission(EXPORT, _l("导出证件名册")),
    Permission(PUBLISH, _l("生成持证人员公示名单")),
)
GRANTS: dict[str, set[str]] = {
    "certificate_clerk": {READ, APPLY, CLEAR, IMPORT, EXPORT, PUBLISH, "people.read", "people.edit"},
    "handling_officer": {READ},
    "legal_reviewer": {READ},
    "office_head": {READ, REVIEW, SUSPEND, CANCEL, EXPORT, PUBLISH},
    "leader": {READ, REVIEW, SUSPEND, CANCEL, EXPORT},
    "supervisor": {READ, VERIFY, CANCEL, EXPORT, PUBLISH},
}
