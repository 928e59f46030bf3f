"""Forms of the complaints: registering, and one for each step that asks something."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, HiddenField, IntegerField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput

from plugins.complaints import figures, operations, passing, words
from portal.database import db
from portal.forms import Form as FlaskForm
from portal.text import whole

REPLIES = tuple((how, how) for how in ("电话", "书面", "当面", "短信", "网络"))


def filled(_form: Any, field: Any) -> None:
    """More than blanks."""
    if not (field.data or "").strip():
        raise ValidationError(_l("请填写此项。"))


def line(label: Any, longest: int, *, required: bool = False, **more: Any) -> StringField:
    checks: list[Any] = [InputRequired(_l("请填写此项。")), filled] if required else [Optional()]
    return StringField(label, [*checks, Length(max=longest, message=_l("最多 %(max)d 个字。"))], render_kw={"autocomplete": "off", **more})


def area(label: Any, longest: int, rows: int, *, required: bool = False) -> TextAreaField:
    checks: list[Any] = [InputRequired(_l("请填写此项。")), filled] if required else [Optional()]
    return TextAreaField(label, [*checks, Length(max=longest, message=_l("最多 %(max)d 个字。"))], render_kw={"rows": rows})


def day(label: Any, *, required: bool = True) -> DateField:
    return DateField(label, [InputRequired(_l("请填写日期。"))] if required else [Optional()])


class RegisterForm(FlaskForm):
    """The fields in the order in which people talk."""

    channel = RadioField(_l("渠道"), choices=list(words.CHANNELS.items()), default="电话")
    kind = RadioField(_l("类别"), choices=list(words.KINDS.items()), default="report")
    redirect_kind = SelectField(_l("属于哪一种"), choices=[("", _l("请选择")), *words.REDIRECTS.items()])
    officers = SelectMultipleField(_l("被检举控告人（本单位）"), coerce=lambda value: whole(str(value)) or 0, validate_choice=False,
                                   option_widget=CheckboxInput())  # fmt: skip
    content = area(_l("反映内容"), 20000, 7, required=True)
    place = line(_l("事发地点"), 120, list="places")
    object_name = line(_l("被反映对象"), 120)
    demand = area(_l("诉求"), 5000, 2)
    happened_on = day(_l("发生日期"), required=False)
    representatives = IntegerField(_l("来访代表人数"), [Optional(), NumberRange(1, 9999, _l("请填写整数。"))])
    category = SelectField(_l("领域"))
    title = line(_l("标题（不填取内容首句）"), 100)
    received_on = day(_l("收到日期"))
    urgency = SelectField(_l("紧急程度"), choices=list(words.URGENCIES.items()), default="normal")
    external_no = line(_l("来文或工单编号"), 60)
    order_days = IntegerField(_l("工单办理时限（工作日）"), [Optional(), NumberRange(1, 90, _l("请填写 1 至 90 之间的整数。"))])
    order_due = day(_l("或工单要求的办结日期"), required=False)
    anonymous = BooleanField(_l("匿名"))
    name = line(_l("姓名"), 60)
    phone = line(_l("电话"), 30, inputmode="tel")
    address = line(_l("住址"), 120)
    id_number = line(_l("证件号"), 18)
    confidential = BooleanField(_l("要求对被反映人保密"))
    protect = BooleanField(_l("可能受到威胁，需特别保护（只口头报告负责人）"))
    show_identity = BooleanField(_l("附件能看出投诉人是谁（如身份证、署名来信），随身份信息保护和删除"))
    join = HiddenField()


class ReasonForm(FlaskForm):
    """Nothing but an optional remark."""

    reason = area(_l("说明"), 500, 3)


class RefuseForm(FlaskForm):
    ground = SelectField(_l("不予受理事由"))

    def prepare(self, record: Any, today: dt.date) -> None:
        """The grounds that the town has."""
        self.ground.choices = [(ground, ground) for ground in figures.figure(figures.REFUSALS, record.org_id, today)]


class AssignForm(FlaskForm):
    handler = SelectField(_l("承办人（在办件数）"), validate_choice=False)
    reason = area(_l("交办意见"), 500, 3)

    def prepare(self, record: Any, today: dt.date) -> None:
        """Who may handle it, with what they have in hand; the least burdened first."""
        found = operations.candidates(db.session(), record, today)
        self.handler.choices = [("", _("请选择")), *((str(account), _("%(name)s（%(n)s 件）", name=name, n=load)) for account, name, load in found)]


class PassForm(FlaskForm):
    to_org = SelectField(_l("接收部门"), validate_choice=False)
    to_name = line(_l("系统外的接收单位"), 80)

    def prepare(self, _record: Any, _today: dt.date) -> None:
        """The departments that receive in the portal."""
        self.to_org.choices = [("", "—"), *((str(key), name) for key, name in passing.receivers(db.session()))]


class ReceiptForm(FlaskForm):
    receipt = line(_l("回执（文号或签收人）"), 120, required=True)
    answered_on = day(_l("签收日期"))

    @staticmethod
    def defaults(_record: Any, today: dt.date) -> dict[str, Any]:
        return {"answered_on": today}


class AcknowledgeForm(FlaskForm):
    receipt = line(_l("签收人及收文号"), 120, required=True)


class ExtensionForm(FlaskForm):
    days = IntegerField(_l("延期天数"), [InputRequired(_l("请填写此项。")), NumberRange(1, 365, _l("请填写整数。"))])


class ConcludeForm(FlaskForm):
    facts = area(_l("查明的事实"), 10000, 5, required=True)
    measures = area(_l("采取的措施"), 5000, 3, required=True)
    result = RadioField(_l("结论"), choices=list(words.RESULTS.items()), validators=[InputRequired(_l("请选择结论。"))])
    concluded_on = day(_l("办结日期"))

    @staticmethod
    def defaults(record: Any, today: dt.date) -> dict[str, Any]:
        return {"concluded_on": today, "facts": record.facts, "measures": record.measures}


class ReviewForm(FlaskForm):
    """法制审核."""

    review = RadioField(_l("审核意见"), choices=list(words.REVIEWS.items()), validators=[InputRequired(_l("请选择审核意见。"))])


class ReplyForm(FlaskForm):
    reply_how = SelectField(_l("答复方式"), choices=REPLIES)
    replied_on = day(_l("答复日期"))
    reply_text = area(_l("答复内容"), 10000, 6, required=True)

    @staticmethod
    def defaults(record: Any, today: dt.date) -> dict[str, Any]:
        text = _("您反映的事项已办结，结论：%(result)s。%(facts)s%(measures)s", result=record.result, facts=record.facts, measures=record.measures)
        return {"replied_on": today, "reply_text": text}


class MergeForm(FlaskForm):
    main_number = line(_l("并入哪一件（编号）"), 60, required=True)


class EntryForm(FlaskForm):
    text = area(_l("办理记录"), 5000, 3, required=True)


class RevealForm(FlaskForm):
    reason = StringField(_l("查看理由"), [InputRequired(_l("请填写此项。")), filled, Length(min=4, max=200, message=_l("请写明理由，4 至 200 个字。"))])


class CodeForm(FlaskForm):
    code = line(_l("查询码"), 60, required=True)
