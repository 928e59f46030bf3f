"""Forms of the certificates."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import DateField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from plugins.certificates import figures, rules
from plugins.certificates.models import Certificate
from portal.database import db
from portal.forms import Form as FlaskForm
from portal.settings import get_setting

KINDS = (("new", _l("新领")), ("renew", _l("换证")), ("replace", _l("补证")), ("change", _l("变更")))
GROUNDS = ("退休", "离职", "调离", "不符合条件", "换证", "其他")


def filled(_form: Any, field: Any) -> None:
    """More than blanks."""
    if not (field.data or "").strip():
        raise ValidationError(_l("请填写此项。"))


def text(label: Any, longest: int, *, required: bool = True, **more: Any) -> StringField:
    checks: list[Any] = [InputRequired(_l("请填写此项。")), filled] if required else [Optional()]
    return StringField(label, [*checks, Length(max=longest, message=_l("最多 %(max)d 个字。"))], **more)


def day(label: Any, *, required: bool = True, **more: Any) -> DateField:
    return DateField(label, [InputRequired(_l("请填写日期。"))] if required else [Optional()], **more)


def _issuer(record: Any) -> str:
    """Who issued the town's latest certificate issues the next, too."""
    latest = select(Certificate.issuer).where(Certificate.org_id == record.org_id, Certificate.issuer != "").order_by(Certificate.id.desc()).limit(1)
    return db.session.scalar(latest) or ""


class LostForm(FlaskForm):
    public_notice = text(_l("作废公告（媒体、日期或文号）"), 200)


class CancelForm(FlaskForm):
    ground = SelectField(_l("注销事由"), choices=[(ground, ground) for ground in GROUNDS])


class RecoverForm(FlaskForm):
    @staticmethod
    def defaults(record: Any, today: dt.date) -> dict[str, Any]:
        return {"handed_in_by": record.holder_name, "cleared_on": today}

    handed_in_by = text(_l("交回人"), 60)
    received_by = text(_l("接收人"), 60)
    cleared_on = day(_l("收回日期"))


class RecoverManyForm(FlaskForm):
    received_by = text(_l("接收人"), 60)
    cleared_on = day(_l("收回日期"))


class UnrecoverableForm(FlaskForm):
    public_notice = text(_l("作废公告（媒体、日期或文号）"), 200)


class IssueForm(FlaskForm):
    @staticmethod
    def defaults(record: Any, today: dt.date) -> dict[str, Any]:
        years = get_setting(figures.VALIDITY_YEARS, record.org_id, today)
        return {"issuer": _issuer(record), "issued_on": today, "valid_until": rules.add_years(today, years)}

    number = text(_l("执法证号"), 30)
    issuer = text(_l("发证机关"), 80)
    issued_on = day(_l("发证日期"))
    valid_until = day(_l("有效期至"))


class ApplicationForm(FlaskForm):
    person_id = HiddenField()
    version = HiddenField()
    kind = SelectField(_l("申请类型"), choices=KINDS)
    predecessor_id = SelectField(_l("原证件"), coerce=int, validate_choice=True)
    category = text(_l("执法类别"), 60)
    area = text(_l("执法区域"), 80, required=False)
    general_passed_on = day(_l("综合法律知识考试合格日期"), required=False)
    professional_passed_on = day(_l("专业法律知识考试合格日期"), required=False)
    note = TextAreaField(_l("说明"), [Optional(), Length(max=1000)])


class DestroyForm(FlaskForm):
    destroyed_on = day(_l("销毁日期"))
    first_witness = text(_l("见证人一"), 60)
    second_witness = text(_l("见证人二"), 60)
    supervised_by = text(_l("监销人"), 60, required=False)
    place = text(_l("销毁地点"), 80, required=False)
    method = text(_l("销毁方式"), 40, required=False)
