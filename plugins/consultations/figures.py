"""Figures of the district that hold from a day on, with the defaults of domain rules §7."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import lazy_gettext as _l

from plugins.consultations import rules
from portal.contract import Setting
from portal.settings import get_setting

MINIMUM = "consultations.minimum"
TAKE = "consultations.take_days"
OPINION = "consultations.opinion_days"
OPINION_URGENT = "consultations.opinion_days_urgent"
ANSWER = "consultations.answer_days"
AMBER = "consultations.amber_days"
CASE = "consultations.case_days"
FIELDS = "consultations.fields"
NUMBER = "consultations.number_format"
PAPER_NUMBER = "consultations.paper_number_format"
ISSUER = "consultations.issuer"

_PLACEHOLDERS = r"(?:[^{}]|\{org\}|\{year\}|\{seq\})*"
_PATTERN = _PLACEHOLDERS + r"\{seq\}" + _PLACEHOLDERS

SETTINGS = (
    Setting(MINIMUM, _l("会商组最少人数"), "int", rules.MINIMUM, _l("须为单数，且至少一名专家。"), 3, 15),
    Setting(TAKE, _l("区司法局受理期限（工作日）"), "int", 3, _l("自街镇提请之日的次日起计。"), 1, 30),
    Setting(OPINION, _l("会商意见期限（工作日）"), "int", 5, _l("自发出邀请之日的次日起计。"), 1, 60),
    Setting(OPINION_URGENT, _l("紧急会商意见期限（工作日）"), "int", 2, _l("自发出邀请之日的次日起计。"), 1, 30),
    Setting(ANSWER, _l("街镇答复期限（工作日）"), "int", 15, _l("自会商意见书出具之日的次日起计。"), 1, 60),
    Setting(AMBER, _l("会商临期提醒（工作日）"), "int", 2, _l("距到期不足此数时亮黄灯并提醒。"), 1, 30),
    Setting(CASE, _l("案件办理期限（日）"), "int", rules.CASE_DAYS, _l("自立案之日起计；会商不停止该期限。"), 1, 365),
    Setting(
        FIELDS, _l("会商专业领域"), "list_of_text",
        ["行政处罚", "行政强制", "违法建设", "自然资源", "生态环境", "市场监管", "安全生产", "农业农村", "城市管理", "行刑衔接", "国家赔偿", "其他"],
        _l("专家库和会商申请共用，每行一个。"),
    ),
    Setting(
        NUMBER, _l("会商申请编号格式"), "text", "{org}商〔{year}〕{seq}号", _l("{org} 单位简称，{year} 年份，{seq} 序号；每年从 1 起，不断号。"), maximum=60,
        pattern=_PATTERN,
    ),
    Setting(
        PAPER_NUMBER, _l("会商意见书编号格式"), "text", "{org}商意〔{year}〕{seq}号", _l("按提请街镇分别编号，不透露其他街镇的会商件数。"), maximum=60, pattern=_PATTERN,
    ),
    Setting(ISSUER, _l("会商意见书出具机关"), "text", "长寿区司法局", _l("写在会商意见书的落款。")),
)  # fmt: skip


def figure(key: str, org_id: int | None, on: dt.date) -> Any:
    """The value of a figure."""
    return get_setting(key, org_id, on)
