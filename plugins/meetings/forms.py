"""Forms: one for each thing that asks something."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, HiddenField, IntegerField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField, TimeField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget, Select

from plugins.meetings import words
from portal.forms import Form as FlaskForm


class Units(SelectMultipleField):
    """Several units as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class OneUnit(SelectMultipleField):
    """One unit from a list; whoever sends two is told that there can be only one."""

    widget = Select(multiple=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.type = "SelectField"


PHONE = Regexp(r"^[0-9+()（） -]{5,30}$", message=_l("请填写电话号码，只含数字、空格和 + - ( )。"))


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


def phone(label: Any) -> StringField:
    return StringField(label, [Optional(), Length(max=30, message=_l("最多 %(max)d 个字。")), PHONE], render_kw={"inputmode": "tel", "autocomplete": "off"})


def day(label: Any, *, required: bool = True) -> DateField:
    return DateField(label, [sensible, InputRequired(_l("请填写日期。"))] if required else [Optional(), sensible])


def sensible(_form: Any, field: Any) -> None:
    """A day that a database and a person take seriously."""
    if field.data is not None and not 2000 <= field.data.year <= 2100:
        raise ValidationError(_l("请核对年份。"))


def minutes(label: Any) -> IntegerField:
    return IntegerField(label, [InputRequired(_l("请填写分钟数。")), NumberRange(1, 480, _l("请填写 1 至 480 之间的整数。"))], render_kw={"inputmode": "numeric"})


class ConferenceForm(FlaskForm):
    name = line(_l("名称"), 80, required=True)
    convener = line(_l("召集人"), 60, required=True)
    deputy = line(_l("副召集人"), 60)
    office = line(_l("办公室"), 80, required=True)
    contact = line(_l("联系人"), 60)
    phone = phone(_l("联系电话"))
    place = line(_l("常用会场"), 120)


class JoinForm(FlaskForm):
    units = Units(_l("单位"), coerce=int)
    since = day(_l("加入日期"))


class LeaveForm(FlaskForm):
    until = day(_l("退出日期"))
    reason = line(_l("原因"), 200, required=True)


class DelegateForm(FlaskForm):
    post = SelectField(_l("身份"), choices=list(words.POSTS.items()))
    name = line(_l("姓名"), 60, required=True)
    position = line(_l("职务"), 60)
    phone = phone(_l("电话"))
    account_id = SelectField(_l("门户账号（接收通知）"), coerce=int)
    since = day(_l("任期起"))


class TopicForm(FlaskForm):
    title = line(_l("议题名称"), 120, required=True)
    category = SelectField(_l("类别"), choices=list(words.CATEGORIES.items()))
    background = area(_l("背景情况"), 20000, 8, required=True)
    request = area(_l("拟请决定事项"), 5000, 4, required=True)
    minutes = minutes(_l("预计时长（分钟）"))
    reporter = line(_l("汇报人"), 60)


class ReviewAskForm(FlaskForm):
    units = Units(_l("单位"), coerce=int)
    due_on = day(_l("回复截止"), required=False)


class CircleForm(FlaskForm):
    """Who takes part in a topic."""

    limited = RadioField(_l("参加范围"), choices=[("", _l("全部受邀单位")), ("1", _l("仅限所选单位"))], default="", validate_choice=False)
    units = Units(_l("参加单位"), coerce=int)


class ReviewForm(FlaskForm):
    opinion = RadioField(_l("意见"), choices=list(words.OPINIONS.items()), validate_choice=False)
    text = area(_l("说明"), 5000, 3)


class WhenForm(FlaskForm):
    day = day(_l("日期"))
    start = TimeField(_l("开始"), [InputRequired(_l("请填写时间。"))])
    end = TimeField(_l("结束"), [InputRequired(_l("请填写时间。"))])
    place = line(_l("地点"), 120, required=True)
    day_off_ok = BooleanField(_l("确认在休息日召开"))


class MeetingForm(WhenForm):
    kind = RadioField(_l("类型"), choices=list(words.KINDS.items()), default="regular")
    title = line(_l("会议名称（不填自动生成）"), 120)
    chair = line(_l("主持人"), 60)
    recorder = line(_l("记录人"), 60)
    note = area(_l("通知中的其他事项"), 5000, 3)
    version = HiddenField()


class MoveForm(WhenForm):
    urgent_reason = line(_l("紧急原因（通知时间不足时填写）"), 500)

    @staticmethod
    def defaults(meeting: Any, _today: dt.date) -> dict[str, Any]:
        from plugins.meetings.telling import local

        begin, end = local(meeting.starts_at), local(meeting.ends_at)
        return {"day": begin.date(), "start": begin.time(), "end": end.time(), "place": meeting.place}


class NotifyForm(FlaskForm):
    urgent_reason = line(_l("紧急原因（通知时间不足时填写）"), 500)


class ReasonForm(FlaskForm):
    reason = area(_l("说明"), 500, 3)


class ItemForm(FlaskForm):
    title = line(_l("议程内容"), 120, required=True)
    minutes = minutes(_l("时长（分钟）"))


class AttendForm(FlaskForm):
    name = line(_l("参会人姓名"), 60, required=True)
    position = line(_l("职务"), 60)
    phone = phone(_l("电话"))

    @staticmethod
    def defaults(invitation: Any, _today: dt.date) -> dict[str, Any]:
        from plugins.meetings.sitting import delegate_of

        if invitation.name:
            return {"name": invitation.name, "position": invitation.position, "phone": invitation.phone}
        found = delegate_of(invitation.unit_id)
        return {"name": found.name, "position": found.position, "phone": found.phone} if found else {}


class SubstituteForm(FlaskForm):
    name = line(_l("代会人姓名"), 60, required=True)
    position = line(_l("职务"), 60)
    phone = phone(_l("电话"))


class SignInForm(FlaskForm):
    invitation = SelectField(_l("单位"), coerce=int)
    name = line(_l("姓名"), 60, required=True)
    position = line(_l("职务"), 60)
    phone = phone(_l("电话"))


class ResolutionForm(FlaskForm):
    text = area(_l("议定内容"), 5000, 4, required=True)
    lead = OneUnit(_l("牵头单位"), coerce=int)
    outside = line(_l("系统外牵头单位（须发函）"), 80)
    co_units = Units(_l("配合单位"), coerce=int)
    due_on = DateField(_l("完成时限"), [Optional(), sensible])


class ReportForm(FlaskForm):
    text = area(_l("进展情况"), 5000, 4, required=True)
    percent = IntegerField(_l("完成比例（%）"), [Optional(), NumberRange(0, 100, _l("请填写 0 至 100 之间的整数。"))], render_kw={"inputmode": "numeric"})


class ClaimForm(FlaskForm):
    text = area(_l("完成情况"), 5000, 4, required=True)


class VerifyForm(FlaskForm):
    text = area(_l("核实意见"), 2000, 3, required=True)


class AskExtensionForm(FlaskForm):
    new_due = day(_l("拟延至"))


class ExtendForm(FlaskForm):
    new_due = day(_l("延至"))

    @staticmethod
    def defaults(resolution: Any, _today: dt.date) -> dict[str, Any]:
        return {"new_due": resolution.extension_asked}


class LetterForm(FlaskForm):
    letter = line(_l("函件文号、日期与回函情况"), 120, required=True)


class CirculateForm(FlaskForm):
    comment_by = day(_l("意见截止日期"))

    @staticmethod
    def defaults(minutes: Any, today: dt.date) -> dict[str, Any]:
        from plugins.meetings.minuting import default_comment_day

        return {"comment_by": default_comment_day(today)}


class SettleForm(FlaskForm):
    early = BooleanField(_l("意见截止日期未到，各单位已无意见，提前定稿"))


class ParagraphForm(FlaskForm):
    text = area(_l("段落"), 20000, 5, required=True)
    version = HiddenField()


class CommentForm(FlaskForm):
    text = area(_l("意见"), 2000, 2, required=True)
    suggestion = area(_l("建议改为（可不填）"), 20000, 3)


class AnswerForm(FlaskForm):
    answer = area(_l("处理说明"), 1000, 2)


class BusyForm(FlaskForm):
    title = line(_l("会议或事项"), 120, required=True)
    day = day(_l("日期"))
    start = TimeField(_l("开始"), [InputRequired(_l("请填写时间。"))])
    end = TimeField(_l("结束"), [InputRequired(_l("请填写时间。"))])


class ExplainForm(FlaskForm):
    reason = area(_l("未召开的原因与补救"), 1000, 3, required=True)
