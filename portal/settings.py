"""Figures that the district or a town sets for itself, each with the day from which it holds.

Declared by the hook ``portal_settings``; a town's own value goes before the district's, that before the default.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.contract import Setting
from portal.database import Base, JSONValue, db
from portal.errors import Refused
from portal.plugins import bump, revision


class SettingValue(Base):
    """One value of a figure: of the whole district (no organisation) or of a town, from a day on. History stays."""

    __tablename__ = "core_setting"
    __record__ = "core.setting"
    __table_args__ = (Index(None, "key", "org_id", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80))
    org_id: Mapped[int | None] = mapped_column(ForeignKey("directory_organisation.id"))
    value: Mapped[Any] = mapped_column(JSONValue)
    valid_from: Mapped[dt.date]


Values = dict[tuple[str, int | None], list[tuple[dt.date, Any]]]
_cached: dict[int, tuple[int, Values]] = {}


_declared: dict[int, tuple[Any, dict[str, Setting]]] = {}


def all_settings() -> dict[str, Setting]:
    """Every declared figure by its key."""
    plugins = current_app.extensions["portal"].plugins
    declared = plugins.declared("portal_settings")
    known = _declared.get(id(plugins))
    if known is None or known[0] is not declared:
        known = _declared[id(plugins)] = (declared, {setting.key: setting for setting in declared})
    return known[1]


def _values() -> Values:
    now, app = revision("settings"), id(current_app._get_current_object())  # type: ignore[attr-defined]
    if app not in _cached or _cached[app][0] != now:
        found: Values = {}
        columns = (SettingValue.key, SettingValue.org_id, SettingValue.valid_from, SettingValue.value)
        for key, org_id, valid_from, value in db.session.execute(select(*columns).order_by(SettingValue.valid_from, SettingValue.id)):
            found.setdefault((key, org_id), []).append((valid_from, value))
        _cached[app] = (now, found)
    return _cached[app][1]


def get_setting(key: str, org_id: int | None, on: dt.date) -> Any:
    """The value that holds for an organisation on a day. Raises KeyError for a figure that nobody declared."""
    setting = all_settings()[key]
    values = _values()
    for owner in (org_id, None) if org_id is not None else (None,):
        holding = [value for valid_from, value in values.get((key, owner), ()) if valid_from <= on]
        if holding:
            return holding[-1]
    return setting.default


def history(key: str, org_id: int | None) -> list[tuple[dt.date, Any]]:
    """All values that were or will be set for this owner, oldest first."""
    return list(_values().get((key, org_id), ()))


def set_setting(session: Session, key: str, org_id: int | None, value: Any, valid_from: dt.date) -> SettingValue:
    """Set a figure from a day on; raises Refused when the value is not one that the figure may have."""
    setting = all_settings()[key]
    checked = check_value(setting, value)
    found = session.scalars(select(SettingValue).where(SettingValue.key == key, SettingValue.org_id == org_id, SettingValue.valid_from == valid_from)).first()
    if found is None:
        found = SettingValue(key=key, org_id=org_id, value=checked, valid_from=valid_from)
        session.add(found)
    else:
        found.value = checked
    bump(session, "settings")
    session.flush()
    return found


def check_value(setting: Setting, value: Any) -> Any:
    """The value in its type; raises Refused in the user's words."""
    if setting.kind == "int":
        return _number(setting, value)
    if setting.kind == "list_of_int":
        parts = re.split(r"[,，、\s]+", value.strip()) if isinstance(value, str) else list(value)
        numbers = sorted({_number(setting, part) for part in parts if part != ""}, reverse=True)
        if not numbers:
            raise Refused(_("请至少填写一个数字。"), field="value")
        return numbers
    if setting.kind == "list_of_text":
        return _lines(setting, value)
    if setting.kind == "bool":
        return value in (True, "1", "on", "true", "yes")
    text = str(value).strip()
    if setting.kind == "choice" and text not in [code for code, _title in setting.choices]:
        raise Refused(_("请从列表中选择。"), field="value")
    if not text or len(text) > (setting.maximum or 200):
        raise Refused(_("请填写 1 至 %(n)s 个字。", n=setting.maximum or 200), field="value")
    if setting.kind == "expression":
        _check_expression(text)
    if setting.pattern and not re.fullmatch(setting.pattern, text):
        raise Refused(_("格式不符。%(help)s", help=setting.help), field="value")
    return text


def _check_expression(text: str) -> None:
    """A regular expression that can be read, and whose repeated groups repeat nothing inside: no text makes it run for ever."""
    try:
        re.compile(text)
    except re.error:
        raise Refused(_("不是正确的正则表达式。"), field="value") from None
    if re.search(r"\)\s*[*+?{]", text):
        raise Refused(_("请不要重复括号中的整组。"), field="value")


def _lines(setting: Setting, value: Any) -> list[str]:
    listed = value.splitlines() if isinstance(value, str) else list(value)
    lines = list(dict.fromkeys(" ".join(str(line).split()) for line in listed if str(line).strip()))
    if not lines or len(lines) > (setting.maximum or 200) or any(len(line) > 60 for line in lines):
        raise Refused(_("请每行填写一项，至少一项，每项最多 60 个字。"), field="value")
    wrong = [line for line in lines if setting.pattern and not re.fullmatch(setting.pattern, line)]
    if wrong:
        raise Refused(_("“%(line)s”不符合要求：%(help)s", line=wrong[0], help=setting.help), field="value")
    return lines


def _number(setting: Setting, value: Any) -> int:
    if not re.fullmatch(r"-?\d{1,9}", str(value).strip()):
        raise Refused(_("请填写整数。"), field="value")
    number = int(value)
    low, high = setting.minimum, setting.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        raise Refused(_("请填写 %(low)s 至 %(high)s 之间的整数。", low=low, high=high), field="value")
    return number
