"""Roles and rights of the plugin, and which role holds which."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.contract import Permission, Role

SEE = "training.see"
LEARN = "training.learn"
READ = "training.read"
BOOKS = "training.books"
ORGANISE = "training.organise"
NOMINATE = "training.nominate"
CERTIFY = "training.certify"
MARKS = "training.marks"
RECORD = "training.record"
CONFIRM = "training.confirm"
EXPORT = "training.export"
IMPORT = "training.import"
CLOSE = "training.close"
REOPEN = "training.reopen"
DUTIES = "training.duties"
CHECK = "training.check"
SETTINGS = "training.settings"

ROLES = (Role("training_manager", _l("培训管理员"), "town"),)
PERMISSIONS = (
    Permission(SEE, _l("查看与自己有关的培训")),
    Permission(LEARN, _l("参加培训与考试、查看本人培训档案")),
    Permission(READ, _l("查看培训班、培训计划与考试")),
    Permission(BOOKS, _l("查看培训档案与达标情况")),
    Permission(ORGANISE, _l("编制培训计划，组织培训、签到与考试")),
    Permission(NOMINATE, _l("推荐本单位人员参加外单位组织的培训")),
    Permission(CERTIFY, _l("认定学时、更正已认定学时")),
    Permission(MARKS, _l("查看考试成绩")),
    Permission(RECORD, _l("登记外出培训与年度情况说明")),
    Permission(CONFIRM, _l("审核培训计划，确认外出培训与年度情况说明")),
    Permission(EXPORT, _l("导出培训档案")),
    Permission(IMPORT, _l("导入培训签到表与试题")),
    Permission(CLOSE, _l("归档年度培训档案")),
    Permission(REOPEN, _l("重新打开已归档的年度")),
    Permission(DUTIES, _l("设定区级部门的培训职责")),
    Permission(CHECK, _l("核对打印的培训档案")),
    Permission(SETTINGS, _l("设置本单位培训参数")),
)
GRANTS: dict[str, set[str]] = {
    "training_manager": {SEE, LEARN, READ, BOOKS, ORGANISE, NOMINATE, MARKS, RECORD, EXPORT, IMPORT, CHECK},
    "office_head": {SEE, LEARN, READ, BOOKS, ORGANISE, NOMINATE, CERTIFY, MARKS, RECORD, CONFIRM, EXPORT, IMPORT, CLOSE, CHECK, SETTINGS},
    "leader": {SEE, LEARN, READ, BOOKS, CONFIRM, EXPORT, CHECK},
    "handling_officer": {SEE, LEARN},
    "legal_reviewer": {SEE, LEARN},
    "certificate_clerk": {SEE, LEARN, CHECK},
    "intake_clerk": {SEE, LEARN, CHECK},
    "discipline_officer": {SEE, LEARN},
    "supervisor": {SEE, READ, BOOKS, ORGANISE, EXPORT, IMPORT, REOPEN, DUTIES, CHECK},
    "department_liaison": {SEE, READ, ORGANISE, MARKS, IMPORT},
}
