"""专家库: appointing experts, their accounts, and the import of a roster."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.consultations import figures, rights
from plugins.consultations.models import Expert
from portal.auth.models import Account
from portal.directory.models import Organisation
from portal.errors import Refused
from portal.records.importing import ImportColumn, ImportContext, ImportSpec, RawRow, RowResult
from portal.records.workbooks import CellError, normalise, parse_date
from portal.settings import get_setting
from portal.text import close_name

SPLIT = re.compile(r"[,，、;；/\s]+")


def read_interests(text: str) -> list[list[str]]:
    """Units to stay away from, one a line, with the last day of working for them where it is over: ``某某律师事务所 2026-03-01``."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = re.fullmatch(r"\s*(.+?)(?:[\s,，]+(\d{4}-\d{1,2}-\d{1,2}))?\s*", line)
        if match is None or not match[1].strip():
            continue
        last = ""
        if match[2]:
            try:
                last = dt.date(*map(int, match[2].split("-"))).isoformat()
            except ValueError:
                raise Refused(_("第 %(n)s 行的日期不对，请写成 2026-03-01。", n=number), field="interests") from None
        found.append([match[1].strip()[:120], last])
    return found[:50]


def write_interests(interests: list[list[str]]) -> str:
    return "\n".join(" ".join(filter(None, item)) for item in interests)


def account_of(session: Session, username: str, expert_id: int | None) -> int | None:
    """The account of a name: it is there, in use, holds the role of an expert, and is nobody else's. Raises Refused."""
    if not username.strip():
        return None
    account = session.scalars(select(Account).where(Account.username == username.strip().lower())).one_or_none()
    if account is None or not account.active or "expert" not in {grant.role for grant in account.grants}:
        raise Refused(_("没有这个账号，或它没有“专家学者”角色；请安全管理员先建立。"), field="username")
    other = session.scalars(select(Expert).where(Expert.account_id == account.id)).one_or_none()
    if other is not None and other.id != expert_id:
        raise Refused(_("这个账号已登记给专家 %(name)s。", name=other.name), field="username")
    return account.id


def save(session: Session, expert: Expert | None, org_id: int, values: Mapping[str, Any], today: dt.date) -> Expert:
    """Appoint an expert, or change what is known of one. Raises Refused at the field."""
    if values["term_to"] < values["term_from"]:
        raise Refused(_("聘期止日早于起日。"), field="term_to")
    known = get_setting(figures.FIELDS, None, today)
    fields = [name for name in dict.fromkeys(values.get("fields") or ()) if name in known]
    if not fields:
        raise Refused(_("请至少选择一个专业领域。"), field="fields")
    name, unit = close_name(values["name"]), values["unit"].strip()
    same = session.scalars(select(Expert).where(Expert.org_id == org_id, Expert.name == name, Expert.unit == unit)).one_or_none()
    if same is not None and same is not expert:
        raise Refused(_("专家库里已有这个单位的同名专家。"), field="name")
    account_id = account_of(session, values.get("username") or "", expert.id if expert is not None else None)
    interests = read_interests(values.get("interests") or "")
    if expert is None:
        expert = Expert(org_id=org_id, name=name, unit=unit, term_from=values["term_from"], term_to=values["term_to"])
        session.add(expert)
    towns = set(session.scalars(select(Organisation.id).where(Organisation.kind.in_(("town", "subdistrict")))))
    expert.name, expert.unit, expert.title, expert.fields = name, unit, str(values.get("title") or "").strip(), fields
    expert.term_from, expert.term_to, expert.telephone = values["term_from"], values["term_to"], str(values.get("telephone") or "").strip()
    expert.account_id, expert.interests = account_id, interests
    expert.adviser_of = sorted(towns & set(values.get("adviser_of") or ()))
    expert.suspended, expert.note = bool(values.get("suspended")), str(values.get("note") or "").strip()
    session.flush()
    return expert


# -- import --------------------------------------------------------------------------------------------------------------------

COLUMNS = (
    ImportColumn("serial", _l("序号")),
    ImportColumn("name", _l("姓名"), ("专家姓名",), required=True),
    ImportColumn("unit", _l("工作单位"), ("单位", "所在单位"), required=True),
    ImportColumn("title", _l("职务职称"), ("职务", "职称", "职务（职称）")),
    ImportColumn("fields", _l("专业领域"), ("领域", "专业", "擅长领域"), required=True),
    ImportColumn("term_from", _l("聘期自"), ("聘期起", "聘任日期", "起聘日期")),
    ImportColumn("term_to", _l("聘期至"), ("聘期止", "聘期", "聘期截止", "到期日期"), required=True),
    ImportColumn("telephone", _l("联系电话"), ("电话", "手机", "联系方式")),
)
LONGEST = {"name": 60, "unit": 120, "title": 80, "telephone": 30}
COMPARED = ("title", "fields", "term_from", "term_to", "telephone")


class _Refusal(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def check(rows: list[RawRow], context: ImportContext) -> list[RowResult]:
    """What is to be done with each row of a roster of experts."""
    known = get_setting(figures.FIELDS, None, context.today)
    present = {(expert.name, expert.unit): expert for expert in context.session.scalars(select(Expert).where(Expert.org_id == context.org_id))}
    seen: dict[tuple[str, str], int] = {}
    return [_row(raw, known, present, seen, context) for raw in rows]


def _row(raw: RawRow, known: list[str], present: Mapping[tuple[str, str], Expert], seen: dict[tuple[str, str], int], context: ImportContext) -> RowResult:
    result = RowResult(raw.row, "create", cells=raw.cells)
    try:
        values = _read(raw, known, context.today)
        result.shown = {
            "name": values["name"], "unit": values["unit"], "fields": "、".join(values["fields"]), "term_from": str(values["term_from"]),
            "term_to": str(values["term_to"]),
        }  # fmt: skip
        key = (values["name"], values["unit"])
        if key in seen:
            raise _Refusal("duplicate", _("与第 %(row)s 行重复", row=seen[key]))
        seen[key] = raw.row
        result.values = values
        expert = present.get(key)
        if expert is None:
            return result
        changes = {name: (_text(getattr(expert, name)), _text(values[name])) for name in COMPARED if values[name] and getattr(expert, name) != values[name]}
        result.changes, result.values["id"] = changes, expert.id
        result.status = "update" if changes else "skip"
        if not changes:
            result.code, result.message = "unchanged", _("与登记的内容相同")
    except _Refusal as refusal:
        result.status, result.code, result.message = "refuse", refusal.code, refusal.message
    return result


def _read(raw: RawRow, known: list[str], today: dt.date) -> dict[str, Any]:
    values: dict[str, Any] = {name: normalise(raw.values.get(name)) for name in LONGEST}
    values["name"] = close_name(values["name"])
    for name, title in (("name", _("姓名")), ("unit", _("工作单位"))):
        if not values[name]:
            raise _Refusal("missing", _("没有%(title)s", title=title))
    for name, longest in LONGEST.items():
        if len(values[name]) > longest:
            raise _Refusal("too_long", _("“%(text)s…”超过 %(n)s 个字", text=values[name][:10], n=longest))
    words = [word for word in SPLIT.split(normalise(raw.values.get("fields"))) if word]
    unknown = [word for word in words if word not in known]
    if not words or unknown:
        raise _Refusal("field", _("专业领域“%(name)s”不在列表中", name="、".join(unknown)[:60]) if unknown else _("没有专业领域"))
    values["fields"] = list(dict.fromkeys(words))
    values["term_from"], values["term_to"] = _date(raw, "term_from") or today, _date(raw, "term_to")
    if values["term_to"] is None:
        raise _Refusal("no_term", _("没有聘期止日"))
    if values["term_to"] < values["term_from"]:
        raise _Refusal("term_order", _("聘期止日早于起日"))
    return values


def _date(raw: RawRow, key: str) -> dt.date | None:
    try:
        return parse_date(raw.values.get(key))
    except CellError as error:
        raise _Refusal("bad_date", f"{next(column.title for column in COLUMNS if column.key == key)}{error}") from None


def _text(value: Any) -> str:
    return "、".join(value) if isinstance(value, list) else str(value or "")


def apply(session: Session, results: list[RowResult], context: ImportContext) -> None:
    """Write the good rows."""
    for result in results:
        values = result.values
        expert = session.get(Expert, values["id"]) if "id" in values else None
        if expert is None:
            expert = Expert(org_id=context.org_id, name=values["name"], unit=values["unit"], term_from=values["term_from"], term_to=values["term_to"])
            session.add(expert)
        for name in COMPARED:
            if values[name]:
                setattr(expert, name, values[name])
    session.flush()


SPEC = ImportSpec(
    name="experts", title=_l("会商专家库"), plugin="consultations", permission=rights.POOL, columns=COLUMNS, check=check, apply=apply,
    help=_l("表头可在前 30 行；同单位同姓名的专家按新内容更新。专业领域用顿号分开，须在参数“会商专业领域”中。账号在专家页面另行登记。"),
    done_endpoint="consultations_pool.index", of_district=True,
)  # fmt: skip
