"""Forms of the consultations: the request, and one for each step that asks something."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import (
    BooleanField,
    DateField,
    FieldList,
    FormField,
    IntegerField,
    MultipleFileField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)  # fmt: skip
from wtforms import Form as PlainForm
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from plugins.consultations import figures, panel, requests, rights, rules, words
from plugins.consultations.models import Consultation
from portal.database import db
from portal.forms import Form as FlaskForm

LONGEST = rules.LONGEST_TEXT
TOO_LONG = _l("最多 %(max)d 个字。")
PARTY_ROLES = (
    ("当事人", _l("当事人")), ("法定代表人", _l("法定代表人")), ("利害关系人", _l("利害关系人")), ("代理人", _l("代理人")), ("证人", _l("证人")), ("其他", _l("其他")),
)  # fmt: skip


def filled(_form: Any, field: Any) -> None:
    """More than blanks."""
    if not (field.data or "").strip():
        raise ValidationError(_l("请填写此项。"))


def line(label: Any, longest: int, *, required: bool = False, **more: Any) -> StringField:
    checks: list[Any] = [InputRequired(_l("请填写此项。")), filled] if required else [Optional()]
    return StringField(label, [*checks, Length(max=longest, message=TOO_LONG)], render_kw={"autocomplete": "off", **more})


def area(label: Any, longest: int, rows: int, *, required: bool = False, **more: Any) -> TextAreaField:
    checks: list[Any] = [InputRequired(_l("请填写此项。")), filled] if required else [Optional()]
    return TextAreaField(label, [*checks, Length(max=longest, message=TOO_LONG)], render_kw={"rows": rows, **more})


def day(label: Any, *, required: bool = True) -> DateField:
    return DateField(label, [InputRequired(_l("请填写日期。"))] if required else [Optional()])


class Boxes(SelectMultipleField):
    """Several choices as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


# -- the request -------------------------------------------------------------------------------------------------------------


class PartyForm(PlainForm):
    """Somebody, or some unit, named in the case."""

    name = line(_l("姓名或名称"), 60)
    role = SelectField(_l("身份"), choices=list(PARTY_ROLES), default="当事人", validate_choice=False)
    unit = line(_l("所在单位"), 80)


class RequestForm(FlaskForm):
    """What a town asks. A draft may lack what the completeness check asks for later."""

    title = line(_l("案件名称"), 100, required=True)
    field = SelectField(_l("专业领域"))
    case_no = line(_l("案号"), 60)
    filed_on = day(_l("立案日期"), required=False)
    triggers = Boxes(_l("属于哪种重大疑难复杂情形"), choices=list(words.TRIGGERS.items()))
    facts = area(_l("查明的事实"), LONGEST, 8)
    law = area(_l("涉及的法律依据"), LONGEST, 4)
    questions = FieldList(TextAreaField(_l("争议焦点"), [Optional(), Length(max=1000, message=TOO_LONG)], render_kw={"rows": 2}), max_entries=rules.MOST_QUESTIONS)
    own_view = area(_l("本单位意见"), LONGEST, 4)
    parties = FieldList(FormField(PartyForm), max_entries=rules.MOST_PARTIES)
    needed_by = day(_l("希望何时答复"), required=False)
    urgency = SelectField(_l("紧急程度"), choices=list(words.URGENCIES.items()))
    secrecy = SelectField(_l("保密要求"), choices=list(words.SECRECIES.items()))

    def values(self) -> dict[str, Any]:
        """What was filled in, by the names of the record."""
        plain = ("title", "field", "case_no", "filed_on", "triggers", "facts", "law", "own_view", "needed_by", "urgency", "secrecy")
        found = {name: self[name].data for name in plain}
        found["questions"] = [entry.data or "" for entry in self.questions]
        parties = [{key: (entry.data.get(key) or "").strip() for key in ("name", "role", "unit")} for entry in self.parties]
        known = dict(PARTY_ROLES)
        return found | {"parties": [party | {"role": party["role"] if party["role"] in known else "其他"} for party in parties if party["name"]]}


class EvidenceForm(FlaskForm):
    name = line(_l("证据名称"), 100, required=True)
    proves = line(_l("证明内容"), 300)


class HandlerForm(FlaskForm):
    account = SelectField(_l("承办人员"), validate_choice=False)


class InquiryForm(FlaskForm):
    text = area(_l("向提请街镇询问"), 2000, 3, required=True)


class ReplyForm(FlaskForm):
    text = area(_l("答复"), 5000, 3, required=True)


# -- steps of a consultation ---------------------------------------------------------------------------------------------------


class ReasonForm(FlaskForm):
    """Nothing but an optional remark."""

    reason = area(_l("说明"), 500, 3)


class SubmitForm(FlaskForm):
    approver = SelectField(_l("审批负责人"), validate_choice=False)

    def prepare(self, record: Any, today: dt.date) -> None:
        """The leaders of the town."""
        found = requests.people(db.session(), record.org_id, today, rights.APPROVE)
        self.approver.choices = [("", _("请选择")), *((str(key), name) for key, name in found)]


class AcceptForm(FlaskForm):
    form = RadioField(_l("会商方式"), choices=list(words.FORMS.items()), default="written")


class JoinForm(FlaskForm):
    main = SelectField(_l("并入哪一件"), validate_choice=False)

    def prepare(self, record: Any, _today: dt.date) -> None:
        """What was accepted and has no panel yet; of the same field first."""
        columns = (Consultation.id, Consultation.number, Consultation.title, Consultation.field)
        found = db.session.execute(select(*columns).where(Consultation.state == "accepted", Consultation.id != record.id).order_by(Consultation.id)).all()
        listed = sorted(found, key=lambda row: row.field != record.field)
        self.main.choices = [("", _("请选择")), *((str(row.id), f"{row.number} {row.title}") for row in listed)]


class DueForm(FlaskForm):
    opinion_due = day(_l("意见期限"))

    @staticmethod
    def defaults(record: Any, today: dt.date) -> dict[str, Any]:
        return {"opinion_due": panel.opinion_due(record, today)[0]}


class MeetingForm(FlaskForm):
    meeting_on = day(_l("日期"))
    meeting_time = TimeField(_l("时间"), [InputRequired(_l("请填写时间。"))])
    meeting_place = line(_l("地点"), 120, required=True)
    meeting_note = area(_l("说明"), 2000, 3)

    @staticmethod
    def defaults(record: Any, _today: dt.date) -> dict[str, Any]:
        from portal.config import current_settings

        at = record.meeting_at.astimezone(current_settings().zone) if record.meeting_at else None
        return {
            "meeting_on": at.date() if at else record.opinion_due, "meeting_time": at.time() if at else dt.time(9, 30), "meeting_place": record.meeting_place,
        }  # fmt: skip


class AnswerForm(FlaskForm):
    answer = RadioField(_l("采纳情况"), choices=list(words.ANSWERS.items()), validators=[InputRequired(_l("请选择。"))])
    answer_reasons = area(_l("理由"), LONGEST, 5, required=True)

    @staticmethod
    def defaults(record: Any, _today: dt.date) -> dict[str, Any]:
        return {"answer": record.answer or None, "answer_reasons": record.answer_reasons}


class OutcomeForm(FlaskForm):
    outcome = SelectField(_l("案件后来的结果"), choices=list(words.OUTCOMES.items()))
    outcome_on = day(_l("日期"))
    outcome_note = area(_l("说明"), 2000, 3)

    @staticmethod
    def defaults(record: Any, today: dt.date) -> dict[str, Any]:
        return {"outcome": record.outcome or "none", "outcome_on": record.outcome_on or today, "outcome_note": record.outcome_note}


# -- steps of a seat -----------------------------------------------------------------------------------------------------------


class PromiseForm(FlaskForm):
    promised = BooleanField(_l("我承诺：不泄露会商内容和案件材料，不复制、不外传，会商结束后不留存"), [InputRequired(_l("请勾选承诺。"))])


class DeclareForm(FlaskForm):
    declared = BooleanField(_l("我声明：与提请街镇、案件当事人及有关人员、单位无利害关系，两年内未代理或服务过当事人"), [InputRequired(_l("请勾选声明。"))])


class StepBackForm(FlaskForm):
    why = RadioField(_l("原因"), choices=[("interest", _l("存在利害关系，申请回避")), ("busy", _l("不能参加"))], validators=[InputRequired(_l("请选择。"))])
    statement = area(_l("说明（只有区司法局可见）"), 1000, 3, required=True)


class TakeOffForm(FlaskForm):
    statement = area(_l("理由（只有区司法局和本人可见）"), 1000, 3, required=True)


class OpinionAnswerForm(PlainForm):
    """The answer to one question. Nothing is demanded here: a draft may be half done."""

    conclusion = RadioField(_l("结论"), choices=list(words.CONCLUSIONS.items()), validate_choice=False, validators=[Optional()])
    reasons = area(_l("理由"), LONGEST, 4)
    basis = area(_l("法律依据"), LONGEST, 2)


class OpinionForm(FlaskForm):
    """The answers to the questions of every file that the panel reads, one after the other, and a remark for each file."""

    answers = FieldList(FormField(OpinionAnswerForm), max_entries=rules.MOST_TOGETHER)
    remarks = FieldList(area(_l("其他建议"), LONGEST, 3), max_entries=rules.MOST_TOGETHER)
    files = MultipleFileField(_l("附件"))


# -- the convener's own pages ----------------------------------------------------------------------------------------------------


class DrawForm(FlaskForm):
    field = SelectField(_l("专业领域"), validate_choice=False)
    wanted = IntegerField(_l("抽取人数"), [InputRequired(_l("请填写此项。")), NumberRange(1, 15, _l("请填写 1 至 15 之间的整数。"))], default=1)
    reason = line(_l("再次抽取的理由"), 200)

    def prepare(self, today: dt.date) -> None:
        self.field.choices = [(name, name) for name in figures.figure(figures.FIELDS, None, today)]


class FindingForm(PlainForm):
    majority = area(_l("汇总与多数意见"), LONGEST, 6)
    dissent = area(_l("分歧意见"), LONGEST, 3)


class PaperForm(FlaskForm):
    course = area(_l("会商经过"), LONGEST, 6, required=True)
    findings = FieldList(FormField(FindingForm), max_entries=rules.MOST_QUESTIONS)
    advice = area(_l("总体建议"), LONGEST, 5)


class CheckedFindingForm(PlainForm):
    question = area(_l("争议焦点"), LONGEST, 2)
    majority = area(_l("汇总与多数意见"), LONGEST, 5)
    dissent = area(_l("分歧意见"), LONGEST, 3)


class LibraryForm(FlaskForm):
    title = line(_l("标题"), 120, required=True)
    facts = area(_l("基本事实"), LONGEST, 6)
    law = area(_l("法律依据"), LONGEST, 3)
    findings = FieldList(FormField(CheckedFindingForm), max_entries=rules.MOST_QUESTIONS)
    advice = area(_l("会商建议"), LONGEST, 4)
    decision = RadioField(_l("处理"), choices=[("checking", _l("先保存")), ("published", _l("核对无误，入库")), ("withheld", _l("不入库"))], default="checking")


class ExpertForm(FlaskForm):
    name = line(_l("姓名"), 60, required=True)
    unit = line(_l("工作单位"), 120, required=True)
    title = line(_l("职务职称"), 80)
    fields = Boxes(_l("专业领域"), validate_choice=False)
    term_from = day(_l("聘期自"))
    term_to = day(_l("聘期至"))
    telephone = line(_l("联系电话"), 30, inputmode="tel")
    username = line(_l("登录账号"), 40)
    interests = area(_l("回避单位"), 4000, 3)
    adviser_of = Boxes(_l("担任法律顾问的街镇"), coerce=int, validate_choice=False)
    suspended = BooleanField(_l("暂停聘任"))
    note = area(_l("备注"), 1000, 2)
