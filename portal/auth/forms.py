"""Forms of the accounts."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, Optional, Regexp

from portal.forms import Form as FlaskForm


class LoginForm(FlaskForm):
    username = StringField(_l("用户名"), [InputRequired(), Length(max=40)], render_kw={"autocomplete": "username", "autofocus": True})
    password = PasswordField(_l("密码"), [InputRequired(), Length(max=256)], render_kw={"autocomplete": "current-password"})
    next = HiddenField()


class PasswordForm(FlaskForm):
    current = PasswordField(_l("当前密码"), [InputRequired(), Length(max=256)], render_kw={"autocomplete": "current-password"})
    password = PasswordField(_l("新密码"), [InputRequired(), Length(max=128)], render_kw={"autocomplete": "new-password"})
    again = PasswordField(
        _l("再输一次新密码"), [InputRequired(), EqualTo("password", _l("两次输入的密码不一致。"))], render_kw={"autocomplete": "new-password"}
    )


class AccountForm(FlaskForm):
    username = StringField(
        _l("用户名"), [InputRequired(), Length(min=3, max=40), Regexp(r"[a-z][a-z0-9_.-]+\Z", message=_l("请用小写字母开头，只含小写字母、数字和 _ . -。"))]
    )
    name = StringField(_l("姓名"), [InputRequired(), Length(max=60)])


class GrantForm(FlaskForm):
    role = SelectField(_l("角色"), [InputRequired()])
    org_id = SelectField(_l("机构"), [InputRequired()], coerce=int)
    valid_to = DateField(_l("截止日期"), [Optional()])


class ConfirmForm(FlaskForm):
    password = PasswordField(_l("密码"), [InputRequired(), Length(max=256)], render_kw={"autocomplete": "current-password", "autofocus": True})
    next = HiddenField()


class CodeForm(FlaskForm):
    code = StringField(
        _l("验证码"), [InputRequired(), Length(max=40)], render_kw={"autocomplete": "one-time-code", "inputmode": "text", "autofocus": True}
    )
