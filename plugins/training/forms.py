"""Forms of the training files: one for each thing that is typed, and one for each step that asks something."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField, TimeField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from plugins.training import rules, words
from portal.forms import Form as FlaskForm

NEEDED = _l("请填写此项。")


def filled(_form: Any, field: Any) -> None:
    """More than blanks."""
    if not (field.data or "").strip():
        raise ValidationError(NEEDED)


def line(label: Any, longest: int, *, required: bool = False, **more: Any) -> StringField:
    checks: list[Any] = [InputRequired(NEEDED), filled] if required else [Optional()]
    return StringField(label, [*checks, Length(max=longest, message=_l("最多 %(max)d 个字。"))], render_kw={"autocomplete": "off", **more})


def area(label: Any, longest: int, rows: int, *, required: bool = False) -> TextAreaField:
    checks: list[Any] = [InputRequired(NEEDED), filled] if required else [Optional()]
    return TextAreaField(label, [*checks, Length(max=longest, message=_l("最多 %(max)d 个字。"))], render_kw={"rows": rows})


def a_day(label: Any, *, required: bool = True) -> DateField:
    return DateField(label, [InputRequired(_l("请填写日期。"))] if required else [Optional()])


def number(label: Any, low: int, high: int, *, required: bool = False, **more: Any) -> IntegerField:
    checks: list[Any] = [InputRequired(NEEDED)] if required else [Optional()]
    return IntegerField(label, [*checks, NumberRange(low, high, _l("请填写 %(min)s 至 %(max)s 之间的整数。"))], **more)


def a_category(label: Any = None) -> SelectField:
    return SelectField(label or _l("类别"), choices=list(words.CATEGORIES.items()), default="professional")


class RemarkForm(FlaskForm):
    """Nothing but an optional remark."""

    reason = area(_l("说明"), 500, 3)


class ReopenForm(FlaskForm):
    open_until = a_day(_l("重新打开至"))

    @staticmethod
    def defaults(_record: Any, today: dt.date) -> dict[str, Any]:
        return {"open_until": today + dt.timedelta(days=14)}


class SessionForm(FlaskForm):
    """A session in the order in which it is planned."""

    title = line(_l("培训名称"), 100, required=True)
    category = a_category()
    plan_item_id = SelectField(_l("对应年度计划"), coerce=int, choices=[(0, "—")])
    organiser = SelectField(_l("主办"), choices=list(words.ORGANISERS.items()), default="own")
    organiser_org_id = SelectField(_l("主办的区级部门"), coerce=int, choices=[(0, "—")])
    organiser_name = line(_l("主办单位名称"), 80)
    mode = SelectField(_l("培训方式"), choices=list(words.MODES.items()))
    delivery = SelectField(_l("授课形式"), choices=list(words.DELIVERIES.items()))
    lecturer = line(_l("讲师"), 60)
    course = line(_l("课程代码"), 40)
    day = a_day(_l("日期"))
    starts = TimeField(_l("开始"), [InputRequired(NEEDED)])
    ends = TimeField(_l("结束"), [InputRequired(NEEDED)])
    pause = number(_l("课间休息（分钟）"), 0, 600, default=0)
    hours = line(_l("核定学时"), 6, required=True, inputmode="decimal")
    room_id = SelectField(_l("场地"), coerce=int, choices=[(0, "—")])
    place = line(_l("地点"), 120)
    capacity = number(_l("本单位人数上限"), 1, 5000)
    enrol_until = a_day(_l("报名截止"), required=False)
    audience = line(_l("培训对象"), 100)
    content = area(_l("内容与课前阅读"), 5000, 4)
    exam_needed = BooleanField(_l("考试合格后才认定学时"))
    self_enrol = BooleanField(_l("允许人员自行报名"), default=True)
    allow_clash = BooleanField(_l("场地或讲师时间冲突时仍要安排"))
    every_days = number(_l("每隔几天一期"), 1, 92, default=7)
    count = number(_l("共几期"), 1, 52, default=1)


class PeopleForm(FlaskForm):
    people = SelectMultipleField(_l("人员"), coerce=int, validate_choice=False)


class EntryForm(FlaskForm):
    """Sign-in from the paper sheet."""

    quick = area(_l("快速录入"), 4000, 3)
    reason = line(_l("更正原因"), 200)


class CorrectForm(FlaskForm):
    hours = line(_l("更正为（学时）"), 6, required=True, inputmode="decimal")
    reason = area(_l("更正理由"), 300, 3, required=True)


class ExternalForm(FlaskForm):
    person_id = SelectField(_l("人员"), coerce=int, validate_choice=False)
    title = line(_l("培训名称"), 100, required=True)
    category = a_category()
    organiser = SelectField(_l("主办"), choices=[(code, title) for code, title in words.ORGANISERS.items() if code != "own"], default="department")
    organiser_org_id = SelectField(_l("主办的区级部门"), coerce=int, choices=[(0, "—")])
    organiser_name = line(_l("主办单位名称"), 80)
    place = line(_l("地点"), 120)
    starts_on = a_day(_l("开始日期"))
    ends_on = a_day(_l("结束日期"))
    hours = line(_l("学时"), 6, required=True, inputmode="decimal")
    note = area(_l("说明"), 1000, 2)


class ExemptionForm(FlaskForm):
    person_id = SelectField(_l("人员"), coerce=int, validate_choice=False)
    year = number(_l("年度"), 2000, 2100, required=True)
    kind = SelectField(_l("情况"), choices=list(words.EXEMPTIONS.items()))
    on_day = a_day(_l("自哪一天起"))
    reason = area(_l("理由"), 500, 3, required=True)


class PlanItemForm(FlaskForm):
    theme = line(_l("主题"), 100, required=True)
    category = a_category()
    hours = line(_l("计划学时"), 6, required=True, inputmode="decimal")
    month = SelectField(_l("月份"), coerce=int, choices=[(n, str(n)) for n in range(1, 13)])
    audience = line(_l("对象"), 100)
    lecturer = line(_l("讲师"), 60)
    cost = line(_l("经费（元）"), 12, inputmode="decimal")


class RoomForm(FlaskForm):
    name = line(_l("名称"), 60, required=True)
    place = line(_l("地址"), 120)
    seats = number(_l("座位数"), 1, 5000)
    active = BooleanField(_l("在用"), default=True)


class DutyForm(FlaskForm):
    department_id = SelectField(_l("区级部门"), coerce=int)
    kind = SelectField(_l("职责"), choices=list(words.DUTIES.items()))
    first_year = number(_l("自哪一年起"), 2000, 2100, required=True)
    last_year = number(_l("至哪一年（不填为长期）"), 2000, 2100)
    note = line(_l("说明"), 200)


class ExamForm(FlaskForm):
    title = line(_l("考试名称"), 100, required=True)
    kind = SelectField(_l("考试种类"), choices=list(words.EXAM_KINDS.items()), default="other")
    way = SelectField(_l("方式"), choices=[("online", _l("网上考试")), ("list", _l("线下考试，录入成绩"))])
    session_id = SelectField(_l("对应培训班"), coerce=int, choices=[(0, "—")])
    day = a_day(_l("日期"))
    opens = TimeField(_l("开放时间"), [InputRequired(NEEDED)])
    last_day = a_day(_l("截止日期"))
    closes = TimeField(_l("截止时间"), [InputRequired(NEEDED)])
    minutes = number(_l("答题时间（分钟）"), 5, 300, required=True, default=60)
    pass_mark = number(_l("合格分数"), 1, 100, required=True, default=rules.PASS_MARK)
    attempts = number(_l("最多几次"), 1, 5, required=True, default=1)


class QuestionForm(FlaskForm):
    subject = line(_l("科目"), 40, required=True, list="subjects")
    kind = SelectField(_l("题型"), choices=list(words.QUESTION_KINDS.items()))
    text = area(_l("题干"), 2000, 3, required=True)
    options = area(_l("选项（每行一项，判断题不填）"), 4000, 5)
    answer = line(_l("答案"), 20, required=True)
    explanation = area(_l("解析"), 2000, 2)
    active = BooleanField(_l("在用"), default=True)


class ReasonForm(FlaskForm):
    reason = area(_l("理由"), 300, 2, required=True)
