"""Forms of people."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from portal.directory.models import EDUCATIONS, EMPLOYMENT_TYPES, GENDERS
from portal.directory.operations import KINDS
from portal.forms import Form as FlaskForm


def filled(_form: Any, field: Any) -> None:
    """More than blanks."""
    if not (field.data or "").strip():
        raise ValidationError(_l("请填写此项。"))


NEEDED = [InputRequired(_l("请填写此项。")), filled]


class PersonForm(FlaskForm):
    version = HiddenField()
    name = StringField(_l("姓名"), [*NEEDED, Length(max=60, message=_l("最多 %(max)d 个字。"))])
    gender = SelectField(_l("性别"), choices=[("", "—"), *((g, g) for g in GENDERS)])
    id_number = StringField(_l("公民身份号码"), [Optional(), Length(max=40)], render_kw={"autocomplete": "off", "maxlength": 18})
    position = StringField(_l("职务"), [Optional(), Length(max=60)])
    team = StringField(_l("所在中队（组）"), [Optional(), Length(max=40)])
    account_id = SelectField(_l("登录账号"), coerce=int, choices=[(0, "—")])
    superior_id = SelectField(_l("直接上级"), coerce=int, choices=[(0, "—")])
    employment_type = SelectField(_l("用工性质"), choices=[(kind, kind) for kind in EMPLOYMENT_TYPES])
    category = StringField(_l("执法类别"), [Optional(), Length(max=60)])
    education = SelectField(_l("学历"), choices=[("", _l("未填")), *((level, level) for level in EDUCATIONS)])
    has_legal_qualification = BooleanField(_l("已取得国家统一法律职业资格"))
    legal_qualification_no = StringField(_l("法律职业资格证号"), [Optional(), Length(max=40)])
    probation_until = DateField(_l("试用期至"), [Optional()])


class ChangeForm(FlaskForm):
    kind = SelectField(_l("变动"), choices=list(KINDS.items()))
    effective_on = DateField(_l("生效日期"), [InputRequired(_l("请填写日期。"))])
    new_value = SelectField(_l("新的用工性质"), choices=[("", "—"), *((kind, kind) for kind in EMPLOYMENT_TYPES)])
    to_org_id = SelectField(_l("调往"), coerce=int)
    reason = TextAreaField(_l("说明"), [Optional(), Length(max=500)], render_kw={"rows": 2})


class RevealForm(FlaskForm):
    reason = StringField(_l("查看理由"), [*NEEDED, Length(min=4, max=200, message=_l("请写明理由，4 至 200 个字。"))])
