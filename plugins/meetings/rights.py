"""Roles and rights of the plugin, and which role holds which."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.contract import Permission, Role

READ = "meetings.read"
PROPOSE = "meetings.propose"
ANSWER = "meetings.answer"
REPORT = "meetings.report"
CONVENE = "meetings.convene"
SIGN = "meetings.sign"
STATISTICS = "meetings.statistics"
EXPORT = "meetings.export"
ARCHIVE = "meetings.archive"
SETTINGS = "meetings.settings"

ROLES = (
    Role("conference_officer", _l("联席会议联络官（区司法局）"), "district"),
    Role("conference_chair", _l("联席会议召集人"), "district"),
)
PERMISSIONS = (
    Permission(READ, _l("查看受邀的联席会议、议题与议定事项")),
    Permission(PROPOSE, _l("提出议题、回复征求意见")),
    Permission(ANSWER, _l("回执、签到、对纪要提出意见")),
    Permission(REPORT, _l("报告议定事项进展、申请办结与延期")),
    Permission(CONVENE, _l("召集联席会议：成员、议题、通知、记录、纪要、督办")),
    Permission(SIGN, _l("签发会议纪要")),
    Permission(STATISTICS, _l("查看联席会议统计与报告")),
    Permission(EXPORT, _l("导出会议、议题与议定事项")),
    Permission(ARCHIVE, _l("生成和下载会议归档包")),
    Permission(SETTINGS, _l("设置联席会议参数")),
)
MEMBER = {READ, PROPOSE, ANSWER, REPORT, EXPORT}
OFFICE = {READ, PROPOSE, ANSWER, REPORT, CONVENE, STATISTICS, EXPORT, ARCHIVE, SETTINGS}
GRANTS: dict[str, set[str]] = {
    "office_head": MEMBER,
    "leader": MEMBER,
    "handling_officer": {READ},
    "legal_reviewer": {READ},
    "department_liaison": MEMBER,
    "conference_officer": OFFICE,
    "conference_chair": {READ, SIGN, STATISTICS, EXPORT, ARCHIVE},
    "supervisor": {READ, STATISTICS, EXPORT},
}
TOLD = ("office_head", "leader", "department_liaison")
"""Roles of a unit to which notices of meetings go, beside its delegates."""
