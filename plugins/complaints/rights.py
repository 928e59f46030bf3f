"""Roles and rights of the plugin, and which role holds which."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.contract import Permission, Role

READ = "complaints.read"
REGISTER = "complaints.register"
DECIDE = "complaints.decide"
HANDLE = "complaints.handle"
REVIEW = "complaints.review"
APPROVE = "complaints.approve"
REPLY = "complaints.reply"
ACCUSATIONS = "complaints.accusations"
REVEAL = "complaints.reveal"
URGE = "complaints.urge"
OPENINGS = "complaints.openings"
STATISTICS = "complaints.statistics"
EXPORT = "complaints.export"
IMPORT = "complaints.import"
PUBLISH = "complaints.publish"
APPROVE_PUBLICATION = "complaints.approve_publication"
SETTINGS = "complaints.settings"
RECEIVE = "complaints.receive"

ROLES = (
    Role("intake_clerk", _l("投诉受理员"), "town"),
    Role("discipline_officer", _l("内部监督人员"), "town"),
)
PERMISSIONS = (
    Permission(READ, _l("查看投诉举报")),
    Permission(REGISTER, _l("登记投诉举报、凭查询码查询")),
    Permission(DECIDE, _l("受理、不予受理、转办、交办、并案")),
    Permission(HANDLE, _l("办理投诉举报")),
    Permission(REVIEW, _l("法制审核办结意见")),
    Permission(APPROVE, _l("审批延期、中止、办结与重办")),
    Permission(REPLY, _l("答复与归档")),
    Permission(ACCUSATIONS, _l("查看检举控告（被检举人及其同组、直接上级除外）")),
    Permission(REVEAL, _l("查看投诉人身份")),
    Permission(URGE, _l("督办投诉举报")),
    Permission(OPENINGS, _l("查看投诉人身份开启记录")),
    Permission(STATISTICS, _l("查看投诉举报统计")),
    Permission(EXPORT, _l("导出投诉举报登记簿")),
    Permission(IMPORT, _l("导入投诉举报登记簿与热线工单")),
    Permission(PUBLISH, _l("生成投诉举报公示材料")),
    Permission(APPROVE_PUBLICATION, _l("审定投诉举报公示内容")),
    Permission(SETTINGS, _l("设置本单位投诉举报参数")),
    Permission(RECEIVE, _l("接收转办的投诉举报")),
)
GRANTS: dict[str, set[str]] = {
    "intake_clerk": {READ, REGISTER, REPLY, IMPORT, EXPORT, PUBLISH},
    "handling_officer": {READ, REGISTER, HANDLE},
    "office_head": {READ, REGISTER, DECIDE, HANDLE, REPLY, ACCUSATIONS, REVEAL, STATISTICS, EXPORT, IMPORT, PUBLISH, APPROVE_PUBLICATION, SETTINGS},
    "leader": {READ, APPROVE, ACCUSATIONS, REVEAL, STATISTICS, EXPORT},
    "discipline_officer": {READ, HANDLE, ACCUSATIONS, REVEAL},
    "legal_reviewer": {READ, REVIEW},
    "supervisor": {READ, URGE, ACCUSATIONS, OPENINGS, STATISTICS, EXPORT, PUBLISH},
    "department_liaison": {RECEIVE},
}
