"""Import of a town's roster of certificate holders 持证人员名册.

A roster of existing certificates is taken as it stands: employment, identity number, number and dates are checked, past
examinations are not asked for, and a certificate that is past its date comes in for the next sweep to expire.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.certificates import figures, rights, rules
from plugins.certificates.models import Certificate
from portal.crypto import keyring
from portal.directory.idnumber import IdNumberError, check_id_number, mask_id_number
from portal.directory.models import GENDERS, ID_PURPOSE, Person, id_number_indexes
from portal.records.bulk import insert_rows, reserve_ids, update_rows
from portal.records.importing import ImportColumn, ImportContext, ImportSpec, RawRow, RowResult
from portal.records.workbooks import CellError, normalise, parse_date
from portal.settings import get_setting
from portal.tenancy import crossing
from portal.text import close_name

COLUMNS = (
    ImportColumn("serial", _l("序号"), ("编号",)),
    ImportColumn("name", _l("姓名"), ("持证人", "持证人姓名", "执法人员姓名", "人员姓名"), required=True),
    ImportColumn("gender", _l("性别")),
    ImportColumn("id_number", _l("身份证号"), ("身份证号码", "公民身份号码", "身份证", "证件号码", "居民身份证号"), required=True),
    ImportColumn("employment", _l("用工性质"), ("人员性质", "编制类型", "编制性质", "人员类别", "身份性质", "编制"), required=True),
    ImportColumn("position", _l("职务"), ("职务职级", "岗位")),
    ImportColumn("number", _l("执法证号"), ("证号", "证件编号", "执法证编号", "执法证件号", "执法证号码", "行政执法证号"), required=True),
    ImportColumn("category", _l("执法类别"), ("执法种类", "执法领域", "类别")),
    ImportColumn("area", _l("执法区域"), ("执法范围", "执法地域")),
    ImportColumn("authority", _l("执法机关"), ("所在单位", "单位", "执法主体", "工作单位")),
    ImportColumn("issuer", _l("发证机关"), ("发证单位", "颁证机关")),
    ImportColumn("issued_on", _l("发证日期"), ("发证时间", "领证日期", "颁证日期")),
    ImportColumn("valid_until", _l("有效期至"), ("有效期", "到期日期", "有效截止日期", "有效期截止", "截止日期", "有效日期至"), required=True),
)
EMPLOYMENT = {
    "公务员": "公务员", "行政": "公务员", "行政编制": "公务员", "参公": "参公", "参公管理": "参公", "参照公务员": "参公", "参公人员": "参公",
    "事业编": "事业编", "事业": "事业编", "事业编制": "事业编", "事业人员": "事业编", "合同工": "合同工", "合同制": "合同工", "劳动合同": "合同工",
    "临时工": "临时工", "临时": "临时工", "临聘": "临时工", "临聘人员": "临时工", "工勤": "工勤", "工勤人员": "工勤", "借用": "借用", "借调": "借用",
    "借用人员": "借用", "试用期": "试用期", "试用": "试用期", "试用期人员": "试用期",
}  # fmt: skip
TEXTS = {"category": 60, "area": 80, "authority": 80, "issuer": 80, "position": 60}
COMPARED = ("category", "area", "authority", "issuer", "issued_on", "valid_until")
PERSON_COMPARED = ("gender", "position", "employment_type")


class Refusal(Exception):
    """Why a row is refused."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def check(rows: list[RawRow], context: ImportContext) -> list[RowResult]:
    """What is to be done with each row of a roster."""
    reader = Reader(context)
    read = [reader.read(raw) for raw in rows]
    known = Register(context, read)
    return [known.decide(result) for result in read]


class Reader:
    """Reads rows on their own: the cells, and what repeats within the file."""

    def __init__(self, context: ImportContext) -> None:
        self.context = context
        self.pattern = get_setting(figures.NUMBER_PATTERN, context.org_id, context.today)
        self.numbers: dict[str, int] = {}
        self.names: dict[bytes, tuple[str, int]] = {}
        self.ring = keyring()

    def read(self, raw: RawRow) -> RowResult:
        cells = raw.values
        shown = {"name": close_name(normalise(cells.get("name"))), "number": rules.normal_number(normalise(cells.get("number")))[:30]}
        result = RowResult(raw.row, "create", shown=shown, cells=raw.cells)
        try:
            result.values = self._values(raw, shown)
        except Refusal as refusal:
            result.status, result.code, result.message = "refuse", refusal.code, refusal.message
        return result

    def _values(self, raw: RawRow, shown: dict[str, str]) -> dict[str, Any]:
        cells = raw.values
        earlier = self.numbers.setdefault(shown["number"], raw.row) if shown["number"] else raw.row
        if not shown["name"]:
            raise Refusal("no_name", _("没有姓名"))
        if len(shown["name"]) > 60:
            raise Refusal("too_long", _("“%(title)s”超过 %(n)s 个字", title=_("姓名"), n=60))
        id_number = self._id_number(cells.get("id_number"))
        employment = normalise(cells.get("employment")).replace(" ", "")
        employment = EMPLOYMENT.get(employment, employment)
        refusal = rules.employment_refusal(employment[:20])
        if refusal is not None:
            raise Refusal(refusal.code, refusal.message if employment else _("没有用工性质"))
        if not shown["number"]:
            raise Refusal("no_number", _("没有执法证号"))
        refusal = rules.number_refusal(shown["number"], self.pattern)
        if refusal is not None:
            raise Refusal(refusal.code, refusal.message)
        if earlier != raw.row:
            raise Refusal("duplicate_number", _("执法证号与第 %(row)s 行重复", row=earlier))
        issued_on = self._date(cells, "issued_on")
        valid_until = self._date(cells, "valid_until")
        refusal = rules.dates_refusal(issued_on, valid_until, self.context.today)
        if refusal is not None:
            raise Refusal(refusal.code, refusal.message)
        values: dict[str, Any] = {"name": shown["name"], "number": shown["number"], "issued_on": issued_on, "valid_until": valid_until}
        for key, longest in TEXTS.items():
            values[key] = normalise(cells[key]) if key in cells else ""
            if len(values[key]) > longest:
                raise Refusal("too_long", _("“%(title)s”超过 %(n)s 个字", title=next(c.title for c in COLUMNS if c.key == key), n=longest))
        gender = normalise(cells.get("gender"))
        index = self.ring.blind_index(ID_PURPOSE, id_number)
        other = self.names.setdefault(index, (shown["name"], raw.row))
        if other[0] != shown["name"]:
            raise Refusal("id_other_name", _("身份号码与第 %(row)s 行相同，姓名不同", row=other[1]))
        values["authority"] = values["authority"] or self.context.org_name
        values.update(gender=gender if gender in GENDERS else "", employment_type=employment, id_number=id_number, index=index)
        shown.update(id_number=mask_id_number(id_number), employment=employment, valid_until=str(valid_until), category=values["category"])
        return values

    def _id_number(self, cell: Any) -> str:
        if isinstance(cell, (int, float)) and not isinstance(cell, bool):
            raise Refusal("id_as_number", _("身份号码以数字存放，末几位已丢失，请将该列设为文本后重新填写"))
        text = normalise(cell)
        if not text:
            raise Refusal("no_id_number", _("没有身份号码"))
        try:
            return check_id_number(text[:40])
        except IdNumberError as error:
            raise Refusal(error.code, error.message) from None

    @staticmethod
    def _date(cells: dict[str, Any], key: str) -> dt.date | None:
        try:
            return parse_date(cells.get(key))
        except CellError as error:
            title = next(column.title for column in COLUMNS if column.key == key)
            raise Refusal("bad_date", f"{title}{error}") from None


class Register:
    """Compares rows with what is in the register already."""

    def __init__(self, context: ImportContext, read: list[RowResult]) -> None:
        good = [result for result in read if result.status != "refuse"]
        self.org_id = context.org_id
        self.people = self._people(context, {index: result.values["index"] for result in good for index in id_number_indexes(result.values["id_number"])})
        self.certificates = self._certificates(context.session, [result.values["number"] for result in good])

    @staticmethod
    def _people(context: ImportContext, wanted: dict[bytes, bytes]) -> dict[bytes, Any]:
        """People by the current index of their number; in the register it may still be under an older key."""
        columns = (Person.id, Person.name, Person.gender, Person.position, Person.employment_type, Person.post_status, Person.id_number_index)
        rows = context.session.execute(select(*columns).where(Person.org_id == context.org_id, Person.id_number_index.is_not(None)))
        return {wanted[bytes(row.id_number_index)]: row for row in rows if bytes(row.id_number_index) in wanted}

    @staticmethod
    def _certificates(session: Session, numbers: list[str]) -> dict[str, Any]:
        columns = (Certificate.id, Certificate.org_id, Certificate.number, Certificate.person_id, Certificate.state)
        found: dict[str, Any] = {}
        with crossing("certificates.number", "a number is unique in the whole register", switched_off=True):
            for part in _parts(numbers, 900):
                rows = session.execute(select(*columns, *(getattr(Certificate, key) for key in COMPARED)).where(Certificate.number.in_(part)))
                found.update({row.number: row for row in rows})
        return found

    def decide(self, result: RowResult) -> RowResult:
        if result.status == "refuse":
            return result
        try:
            self._decide(result, result.values)
        except Refusal as refusal:
            result.status, result.code, result.message = "refuse", refusal.code, refusal.message
        return result

    def _decide(self, result: RowResult, values: dict[str, Any]) -> None:
        person = self.people.get(values["index"])
        certificate = self.certificates.get(values["number"])
        if certificate is not None and certificate.org_id != self.org_id:
            raise Refusal("number_taken", _("执法证号已被其他单位登记，证号在全区唯一"))
        if person is not None and person.name != values["name"]:
            raise Refusal("id_other_name", _("身份号码已登记在“%(name)s”名下，请先在人员页核对姓名", name=person.name))
        if person is not None and person.post_status in rules.GONE:
            raise Refusal("person_gone", _("%(name)s 已%(status)s，不得持有有效证件", name=person.name, status=person.post_status))
        if certificate is None:
            values["person_id"] = person.id if person is not None else None
            self._person_changes(result, person, values)
            return
        if person is None or certificate.person_id != person.id:
            raise Refusal("number_other_person", _("执法证号已登记在他人名下"))
        result.changes.update({key: (_text(getattr(certificate, key)), _text(values[key])) for key in COMPARED if _differs(getattr(certificate, key), values[key])})
        values["certificate_id"], values["person_id"] = certificate.id, person.id
        self._person_changes(result, person, values)
        if not result.changes:
            result.status, result.code, result.message = "skip", "unchanged", _("与登记的内容相同")
        elif certificate.state not in rules.VALID_STATES:
            raise Refusal("ended", _("该证件已失效，不能用导入修改，请办理换证"))
        else:
            result.status = "update"

    @staticmethod
    def _person_changes(result: RowResult, person: Any, values: dict[str, Any]) -> None:
        if person is None:
            return
        changed = {key: values[key] for key in PERSON_COMPARED if _differs(getattr(person, key), values[key])}
        values["person_changes"] = changed
        result.changes.update({key: (_text(getattr(person, key)), _text(value)) for key, value in changed.items()})


def _differs(old: Any, new: Any) -> bool:
    """An empty cell says nothing and so changes nothing."""
    return new not in ("", None) and old != new


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _parts(values: list[str], size: int) -> Iterable[list[str]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def apply(session: Session, good: list[RowResult], context: ImportContext) -> None:
    """Write the good rows: people first, then their certificates, each with its event."""
    created = [result.values for result in good if result.status == "create"]
    _insert_people(session, created, context)
    _insert_certificates(session, created, context)
    updated = [result.values for result in good if result.status == "update"]
    changes = {values["certificate_id"]: {key: values[key] for key in COMPARED if values[key] not in ("", None)} for values in updated}
    update_rows(session, Certificate, changes)
    people = {values["person_id"]: values["person_changes"] for values in [*created, *updated] if values.get("person_changes")}
    update_rows(session, Person, people)


def _insert_people(session: Session, created: list[dict[str, Any]], context: ImportContext) -> None:
    fresh: dict[bytes, dict[str, Any]] = {}
    for values in created:
        if values["person_id"] is None:
            fresh.setdefault(values["index"], values)
    ids = dict(zip(fresh, reserve_ids(session, Person, len(fresh)), strict=True))
    ring = keyring()
    rows = []
    for index, values in fresh.items():
        uid = uuid.uuid4().hex
        rows.append(
            {
                "id": ids[index], "org_id": context.org_id, "uid": uid, "name": values["name"], "gender": values["gender"],
                "id_number_enc": ring.encrypt(ID_PURPOSE, values["id_number"], uid), "id_number_index": index, "id_number_hint": mask_id_number(values["id_number"]),
                "position": values["position"], "employment_type": values["employment_type"], "category": values["category"],
            }
        )  # fmt: skip
    insert_rows(session, Person, rows)
    for values in created:
        if values["person_id"] is None:
            values["person_id"] = ids[values["index"]]


def _insert_certificates(session: Session, created: list[dict[str, Any]], context: ImportContext) -> None:
    ids = reserve_ids(session, Certificate, len(created))
    columns = ("number", "person_id", "authority", "category", "area", "issuer", "issued_on", "valid_until")
    rows = [
        {"id": key, "org_id": context.org_id, "holder_name": values["name"], "state_on": context.today, **{column: values[column] for column in columns}}
        for key, values in zip(ids, created, strict=True)
    ]
    insert_rows(session, Certificate, rows)


SPEC = ImportSpec(
    name="certificates",
    title=_l("持证人员名册"),
    plugin="certificates",
    permission=rights.IMPORT,
    columns=COLUMNS,
    check=check,
    apply=apply,
    help=_l("表头可在任一工作表的前 30 行，列的顺序不限；日期可写成 2026.11.3、2026年11月3日、2026/11/3。名册照实登记，不核对以往考试。"),
    done_endpoint="certificates.index",
)
