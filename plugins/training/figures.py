"""Figures that a town may set for itself from a day on, with the defaults of domain rules §4."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from plugins.training import rules, words
from plugins.training.rights import SETTINGS as SET
from portal.contract import Setting
from portal.directory.models import EMPLOYMENT_TYPES, ESTABLISHED
from portal.settings import get_setting

NEED = "training.need_hours"
MINUTES = "training.minutes"
STEP = "training.rounding"
GUIDES = "training.guides"
WARN_DAYS = "training.warn_days"
PRORATA = "training.prorata"
OWING = "training.owing"
CLOSES = "training.closes_on"
MOST_A_DAY = "training.most_hours_a_day"
PASS_MARK = "training.pass_mark"
NUMBER = "training.number_format"
SIGN_BEFORE = "training.sign_before"
SIGN_AFTER = "training.sign_after"
COUNTS = "training.counts."
POINTS = "training.points."
EXAM_POINTS = "training.exam_points"
OPTIONAL = tuple(category for category in rules.CATEGORIES if category not in (*rules.ALWAYS, *rules.NEVER))
_PLACEHOLDERS = r"(?:[^{}]|\{org\}|\{year\}|\{seq\})*"
_RATE = r"\d{1,2}(?:\.\d{1,2})?"


def _counting() -> list[Setting]:
    default = {"department": True, "off_post": True}
    help_ = _l("政治理论、党性教育学时只登记，任何情况下不计入。")
    return [
        Setting(COUNTS + code, _l("“%(category)s”计入年度学时", category=words.CATEGORIES[code]), "bool", default.get(code, False), help_, permission=SET)
        for code in OPTIONAL
    ]


def _points() -> list[Setting]:
    help_ = _l("每 1 学时折合的学分，最多两位小数；学分与学时并行登记。")
    return [
        Setting(
            POINTS + code, _l("“%(category)s”每学时学分", category=words.CATEGORIES[code]), "text", "0.5" if code in rules.NEVER else "1", help_, maximum=5,
            pattern=_RATE, permission=SET,
        )
        for code in rules.CATEGORIES
    ]  # fmt: skip


SETTINGS = (
    Setting(NEED, _l("年度学时要求"), "int", 60, _l("综合法律知识和专业法律知识，每人每年（实施意见五（三））。"), 1, 400, permission=SET),
    Setting(MINUTES, _l("每学时分钟数"), "int", 45, _l("不含课间休息。"), 30, 60, permission=SET),
    Setting(STEP, _l("未全程参加时的取整"), "choice", "whole", _l("全程参加的按培训班核定的学时计。"), choices=(("whole", _l("取整学时")), ("half", _l("取半学时"))),
        permission=SET),
    Setting(GUIDES, _l("季度末进度参考值（学时）"), "list_of_int", [45, 30, 15], _l("一、二、三季度末应达到的学时。"), 1, 400, permission=SET),
    Setting(WARN_DAYS, _l("年终预警提前天数"), "int", 60, _l("年末前此天数起，预警将不达标的人员。"), 1, 180, permission=SET),
    Setting(PRORATA, _l("年中到岗、离岗人员按月折算"), "bool", False, _l("法规没有减免规定，默认仍按全年学时要求。"), permission=SET),
    Setting(OWING, _l("应达标人员的用工性质"), "list_of_text", [*ESTABLISHED, "试用期"], _l("每行一项：%(kinds)s。", kinds="、".join(EMPLOYMENT_TYPES)), permission=SET),
    Setting(CLOSES, _l("年度归档日期（次年）"), "text", "01-31", _l("写成“01-31”；此日之后自动归档并锁定。"), maximum=5, pattern=r"0[1-6]-(?:0[1-9]|[12]\d|30|31)",
        permission=SET),
    Setting(MOST_A_DAY, _l("一天最多学时"), "int", 12, _l("外出培训与没有起止时间的导入记录按此限制；半天一般 4 学时，全天 8 学时。"), 4, 16, permission=SET),
    Setting(PASS_MARK, _l("考试合格分数"), "int", 60, _l("百分制，作为新建考试的默认值。"), 1, 100, permission=SET),
    Setting(
        NUMBER, _l("培训班编号格式"), "text", "{org}训〔{year}〕{seq}号", _l("{org} 单位简称，{year} 年份，{seq} 序号。"), maximum=60,
        pattern=_PLACEHOLDERS + r"\{seq\}" + _PLACEHOLDERS, permission=SET,
    ),
    Setting(SIGN_BEFORE, _l("可提前签到（分钟）"), "int", 60, _l("开始前多久可以签到。"), 0, 240, permission=SET),
    Setting(SIGN_AFTER, _l("可延后签退（分钟）"), "int", 60, _l("结束后多久内可以签退。"), 0, 240, permission=SET),
    *_counting(),
    *_points(),
    Setting(EXAM_POINTS, _l("考试合格另加学分"), "text", "0", _l("每次考试合格加计的学分，最多两位小数。"), maximum=5, pattern=_RATE, permission=SET),
)  # fmt: skip


def figure(key: str, org_id: int | None, on: dt.date) -> Any:
    """The value of a figure for an organisation on a day."""
    return get_setting(key, org_id, on)


@dataclass(frozen=True)
class Measure:
    """The figures that hold for a town on a day, read once."""

    minutes: int
    step: int
    most_a_day: int
    counting: frozenset[str]
    rates: dict[str, int]
    exam_points: int


def measure(org_id: int, on: dt.date) -> Measure:
    """How hours are measured in a town on the day a training was held."""
    return Measure(
        figure(MINUTES, org_id, on), 2 if figure(STEP, org_id, on) == "whole" else 1, 2 * figure(MOST_A_DAY, org_id, on),
        frozenset(code for code in OPTIONAL if figure(COUNTS + code, org_id, on)),
        {code: rules.parse_rate(figure(POINTS + code, org_id, on)) for code in rules.CATEGORIES}, rules.parse_rate(figure(EXAM_POINTS, org_id, on)),
    )  # fmt: skip


@dataclass(frozen=True)
class YearFigures:
    """What a year asks in a town."""

    need: int
    guides: tuple[int, ...]
    warn_days: int
    prorata: bool
    owing: tuple[str, ...]


def of_year(org_id: int | None, year: int, today: dt.date) -> YearFigures:
    """The figures of a year: those of its last day, or of today while it runs."""
    on = min(today, dt.date(year, 12, 31))
    return YearFigures(
        2 * figure(NEED, org_id, on), tuple(sorted(figure(GUIDES, org_id, on))), figure(WARN_DAYS, org_id, on), figure(PRORATA, org_id, on),
        tuple(figure(OWING, org_id, on)),
    )  # fmt: skip
