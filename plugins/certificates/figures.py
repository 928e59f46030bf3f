"""Figures that a town may set for itself from a date on, with the defaults of office practice."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.contract import Setting

VALIDITY_YEARS = "certificates.validity_years"
WARN_DAYS = "certificates.warn_days"
RECOVERY_DAYS = "certificates.recovery_days"
NUMBER_PATTERN = "certificates.number_pattern"
MINIMUM_EDUCATION = "certificates.minimum_education"

SETTINGS = (
    Setting(VALIDITY_YEARS, _l("证件有效期（年）"), "int", 5, _l("发证时按此推算有效期至，可在发证时修改。"), 1, 20),
    Setting(WARN_DAYS, _l("到期提醒（提前天数）"), "list_of_int", [180, 90, 60, 30, 7], _l("每档只提醒一次；漏发的合并为一次。"), 1, 365),
    Setting(RECOVERY_DAYS, _l("收回时限（工作日）"), "int", 5, _l("证件失效后应在此期限内收回。"), 1, 60),
    Setting(NUMBER_PATTERN, _l("证号格式（正则表达式）"), "expression", "[A-Za-z0-9]{6,20}", _l("默认 6 至 20 位字母和数字。"), 1, 80),
    Setting(
        MINIMUM_EDUCATION, _l("最低学历"), "choice", "大专", _l("填写了学历的人员低于此学历不得申领。"),
        choices=tuple((level, level) for level in ("高中及以下", "中专", "大专", "本科")),
    ),
)
