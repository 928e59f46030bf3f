"""Figures that a town may set for itself from a date on, with the defaults of domain rules §5."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from plugins.complaints import rules, words
from plugins.complaints.rights import SETTINGS as SET
from portal.clock import today
from portal.contract import Setting
from portal.database import db
from portal.directory.models import Organisation
from portal.records.numbers import format_number, peek
from portal.settings import get_setting

PREFIX = "complaints.limit."
FIRST = "complaints.first."
EXTENSION = "complaints.extension."
CATEGORIES = "complaints.categories"
REFUSALS = "complaints.refusals"
NUMBER = "complaints.number_format"
ACCUSATION_NUMBER = "complaints.accusation_number_format"
LEGAL_REVIEW = "complaints.legal_review"
RETENTION = "complaints.identity_years"
AMBER = "complaints.amber_days"
TELEPHONE = "complaints.contact_telephone"
ADDRESS = "complaints.contact_address"
HOURS = "complaints.contact_hours"
ISSUER = "complaints.issuer"

_UNITS = {"working": _l("工作日"), "calendar": _l("日历日")}
_NUMBER = r"(?=.*\{year\})(?=.*\{seq\})(?!.*\{year\}.*\{year\})(?!.*\{seq\}.*\{seq\})(?:[^{}\x00-\x1f]|\{org\}|\{year\}|\{seq\})*"


def next_number_in(series: str) -> Any:
    """What shows the next number of a town in another form."""

    def preview(pattern: Any, org_id: int) -> Any:
        organisation = db.session.get(Organisation, org_id)
        year = today().year
        assert organisation is not None
        number = format_number(str(pattern), organisation.short_name, year, peek(db.session(), org_id, f"complaints.complaint{series}", year))
        return _("下一个编号是 %(number)s", number=number) if len(number) <= 60 else _("编号太长，最多 60 个字。")

    return preview


def _limits() -> list[Setting]:
    found = []
    for kind, path in rules.PATHS.items():
        title = words.KINDS[kind]
        if path.limit is not None:
            help_ = _l("自收到次日起计，单位：%(unit)s。已登记事项的期限不会不留记录地变动。", unit=_UNITS[path.limit.unit])
            found.append(Setting(PREFIX + kind, _l("%(kind)s办理期限", kind=title), "int", path.limit.days, help_, 1, 365, permission=SET, moves_open=True))
            longest = _l("经批准可延期一次，不超过此数；单位同办理期限。")
            found.append(Setting(EXTENSION + kind, _l("%(kind)s最长延期", kind=title), "int", path.longest_extension, longest, 1, 365, permission=SET))
        if path.first is not None:
            help_ = _l("自收到次日起计，单位：%(unit)s。", unit=_UNITS[path.first.unit])
            name = _l("%(kind)s%(what)s期限", kind=title, what=words.FIRST[path.first_title])
            found.append(Setting(FIRST + kind, name, "int", path.first.days, help_, 1, 365, permission=SET))
    return found


SETTINGS = (
    *_limits(),
    Setting(AMBER, _l("临期提醒（工作日）"), "int", 3, _l("距到期不足此数时亮黄灯并提醒。"), 1, 30, permission=SET),
    Setting(
        CATEGORIES, _l("投诉举报领域"), "list_of_text",
        ["市容环境", "违法建设", "油烟噪声", "占道经营", "农业农村", "安全生产", "消防", "文化旅游", "执法人员作风", "其他"],
        _l("登记时选择的领域，每项最多 40 个字。"), pattern=".{1,40}", permission=SET,
    ),
    Setting(
        REFUSALS, _l("不予受理事由"), "list_of_text",
        ["不属于本机关职权", "法院、仲裁或其他机关已受理或处理", "同一事实和理由，信访已终结", "无明确对象或线索且无法联系", "非执法事项，已引导其他途径"],
        _l("不予受理须从中选择并说明；匿名本身不是理由，不能列入。"), pattern="(?!.*匿名).+", permission=SET,
    ),
    Setting(
        NUMBER, _l("编号格式"), "text", "{org}投〔{year}〕{seq}号", _l("{org} 单位简称，{year} 年份，{seq} 序号，年份和序号必须有且各一处；每年从 1 起，不断号。"),
        maximum=50, pattern=_NUMBER, permission=SET, preview=next_number_in(""),
    ),
    Setting(
        ACCUSATION_NUMBER, _l("检举控告编号格式"), "text", "{org}控〔{year}〕{seq}号", _l("检举控告单独编号，其他编号不因它而断号。"),
        maximum=50, pattern=_NUMBER, permission=SET, preview=next_number_in("控"),
    ),
    Setting(
        RETENTION, _l("投诉人身份保存年限"), "int", 3, _l("自归档之日起，到期由作业删除身份信息。"), 1, 30, permission=SET, moves_open=True,
        moves_words=(_l("按新年限，%(n)s 件已归档事项的身份信息删除日期会变动。"), _l("只用于今后归档的事项"), _l("已归档的事项一并调整")),
    ),
    Setting(LEGAL_REVIEW, _l("办结意见须经法制审核"), "bool", False, _l("开启后，分管负责人审核前须有法制审核意见；检举控告除外。"), permission=SET),
    Setting(TELEPHONE, _l("监督电话"), "text", "12345", _l("公示在联系方式页和回执上。"), permission=SET),
    Setting(ADDRESS, _l("通信地址"), "text", "（请填写）", _l("公示在联系方式页。"), permission=SET),
    Setting(HOURS, _l("受理时间"), "text", "工作日 9:00—17:30", _l("公示在联系方式页。"), permission=SET),
    Setting(
        ISSUER, _l("文书落款单位"), "text", "{org}综合行政执法办公室", _l("{org} 为单位名称；用于各种文书的红头和落款。"), maximum=60,
        pattern=r"(?:[^{}]|\{org\})+", permission=SET,
    ),
)  # fmt: skip


def path_of(kind: str, org_id: int, on: dt.date) -> rules.Path:
    """The path of a kind with the figures that hold for a town on a day."""
    path = rules.PATHS[kind]
    limit = rules.Limit(get_setting(PREFIX + kind, org_id, on), path.limit.unit) if path.limit else None
    first = rules.Limit(get_setting(FIRST + kind, org_id, on), path.first.unit) if path.first else None
    longest = get_setting(EXTENSION + kind, org_id, on) if path.limit else 0
    return rules.Path(limit, first, path.first_title, longest)


def figure(key: str, org_id: int | None, on: dt.date) -> Any:
    """The value of a figure."""
    return get_setting(key, org_id, on)
