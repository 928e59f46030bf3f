"""12345 热线工单 by file: orders come in once, with the limit that the platform gave them; what changed there is followed.

An order that is known is never registered again: a new limit or text is written to the matter, with an entry that says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.complaints import figures, intake, ledger_read, limits, operations, rights, rules, words
from plugins.complaints import ledger_words as lw
from plugins.complaints.ledger_read import Refusal, content_key
from plugins.complaints.models import Complaint
from portal.calendar.service import current_calendar
from portal.errors import Refused
from portal.records.importing import ImportColumn, ImportContext, ImportSpec, RawRow, RowResult
from portal.records.workbooks import normalise
from portal.settings import get_setting


def categories(context: ImportContext) -> Sequence[tuple[str, Any]]:
    """The town's own fields of matters, to which the platform's are mapped."""
    return [(item, item) for item in get_setting(figures.CATEGORIES, context.org_id, context.today)]


def urgencies(_context: ImportContext) -> Sequence[tuple[str, Any]]:
    return list(words.URGENCIES.items())


COLUMNS = (
    ImportColumn("external_no", _l("工单编号"), ("工单号", "编号", "受理单号", "工单流水号", "业务编号", "服务单号", "派单编号"), required=True),
    ImportColumn("content", _l("诉求内容"), ("反映内容", "工单内容", "内容描述", "详细诉求", "诉求详情", "诉求描述", "来电内容", "问题描述", "内容", "事项内容",
                  "主要内容"), required=True),
    ImportColumn("received_on", _l("派单时间"), ("转派时间", "下派时间", "派发时间", "交办时间", "收到日期", "转办时间", "分派时间",
                  "受理时间", "派单日期"), required=True),
    ImportColumn("title", _l("标题"), ("工单标题", "主题", "诉求标题")),
    ImportColumn("category", _l("领域"), ("诉求类别", "诉求分类", "工单类型", "问题分类", "归口分类", "一级分类", "事项类别"), choices=categories),
    ImportColumn("urgency", _l("紧急程度"), ("缓急程度", "工单等级", "紧急级别"), choices=urgencies),
    ImportColumn("days", _l("办理时限（工作日）"), ("办理时限", "时限", "办理天数", "处理时限", "限办天数")),
    ImportColumn("due", _l("办结期限"), ("截止时间", "要求办结时间", "到期时间", "办结时限", "应办结时间", "反馈期限", "处理截止时间", "截止日期")),
    ImportColumn("place", _l("事发地点"), ("问题地址", "事发地址", "诉求地址", "发生地址", "地址", "事件地址")),
    ImportColumn("object_name", _l("被反映对象"), ("被诉对象", "涉及单位", "投诉对象", "被投诉单位", "涉事主体")),
    ImportColumn("demand", _l("诉求"), ("诉求目的", "市民诉求", "期望结果")),
    ImportColumn("name", _l("来电人"), ("诉求人", "市民姓名", "联系人", "姓名", "来话人", "反映人")),
    ImportColumn("phone", _l("联系电话"), ("来电号码", "联系方式", "电话", "手机号码", "主叫号码", "回复电话")),
    ImportColumn("confidential", _l("要求保密"), ("是否保密", "保密")),
)  # fmt: skip
LENGTHS = {"content": 20_000, "title": 100, "category": 40, "place": 120, "object_name": 120, "demand": 5000, "external_no": 60}


def check(rows: list[RawRow], context: ImportContext) -> list[RowResult]:
    """What is to be done with each order."""
    seen: dict[str, int] = {}
    read = [_read(raw, context, seen) for raw in rows]
    known = orders(context.session, context.org_id, [result.values["external_no"] for result in read if result.status != "refuse"])
    return [_decide(result, known) for result in read]


def orders(session: Session, org_id: int, numbers: Sequence[str]) -> dict[str, Any]:
    """Matters of a town by the number of their order; of one that was split, the first."""
    columns = (Complaint.id, Complaint.number, Complaint.external_no, Complaint.state, Complaint.due_on, Complaint.content, Complaint.urgency,
               Complaint.due_given, Complaint.limit_days, Complaint.limit_given)  # fmt: skip
    found: dict[str, Any] = {}
    for start in range(0, len(numbers), 900):
        part = numbers[start : start + 900]
        rows = select(*columns).where(Complaint.org_id == org_id, Complaint.external_no.in_(part)).order_by(Complaint.id.desc())
        found.update({row.external_no: row for row in session.execute(rows)})
    return found


def _read(raw: RawRow, context: ImportContext, seen: dict[str, int]) -> RowResult:
    result = RowResult(raw.row, "create", cells=raw.cells)
    try:
        result.values = _values(raw, context, seen, result.shown)
    except Refusal as refusal:
        result.status, result.code, result.message = "refuse", refusal.code, refusal.message
    return result


def _values(raw: RawRow, context: ImportContext, seen: dict[str, int], shown: dict[str, str]) -> dict[str, Any]:
    cells = raw.values
    text = {key: _text(cells, key, longest) for key, longest in LENGTHS.items()}
    shown.update(external_no=text["external_no"], content=(text["title"] or text["content"])[:40])
    if not text["external_no"]:
        raise Refusal("no_number", _("没有工单编号"))
    if isinstance(cells.get("external_no"), float) and cells["external_no"] >= 10**15:
        raise Refusal("number_as_number", _("工单编号以数字存放，末几位已丢失，请将该列设为文本后重新导出"))
    earlier = seen.setdefault(text["external_no"], raw.row)
    if earlier != raw.row:
        raise Refusal("duplicate_number", _("工单编号与第 %(row)s 行重复", row=earlier))
    if not text["content"]:
        raise Refusal("no_content", _("没有诉求内容"))
    received = ledger_read.date_of(cells, "received_on")
    if received is None or not context.today - dt.timedelta(days=366) <= received <= context.today:
        raise Refusal("bad_date", _("派单时间应在一年之内，且不晚于今天"))
    values: dict[str, Any] = {**text, "received_on": received, **_limit(cells, received)}
    urgency = normalise(cells.get("urgency"))
    values["urgency"] = urgency if urgency in words.URGENCIES else lw.URGENCIES.get(lw.word(urgency), "normal")
    name = normalise(cells.get("name"))[:60]
    values["who"] = {"name": "" if name in lw.NOBODY or "*" in name else name, "phone": ledger_read.phone_of(cells), "address": "", "id_number": ""}
    if "*" in values["who"]["phone"]:
        values["who"]["phone"] = ""
    values["anonymous"] = not any(values["who"].values())
    values["confidential"] = lw.word(normalise(cells.get("confidential"))) in lw.YES
    shown.update(received_on=received.isoformat(), due=str(values["due"] or ""), category=text["category"])
    shown["name"] = _("匿名") if values["anonymous"] else rules.mask_name(values["who"]["name"])
    return values


def _text(cells: dict[str, Any], key: str, longest: int) -> str:
    try:
        return ledger_read.text_of(cells.get(key), longest, lines=key in ("content", "demand"))
    except Refused:
        title = next(column.title for column in COLUMNS if column.key == key)
        raise Refusal("too_long", _("“%(title)s”超过 %(n)s 个字", title=title, n=longest)) from None


def _limit(cells: dict[str, Any], received: dt.date) -> dict[str, Any]:
    """The limit that comes with the order: a day, or so many working days with the day on which they end; ``due`` None: the town's own figure."""
    due = ledger_read.date_of(cells, "due")
    if due is not None:
        if not received <= due <= received + dt.timedelta(days=rules.MOST_ORDER_DAYS):
            raise Refusal("bad_due", _("办结期限 %(day)s 早于派单时间，或过远", day=due))
        return {"days": None, "due": due}
    said = normalise(cells.get("days"))
    digits = "".join(sign for sign in said if sign.isascii() and sign.isdigit())
    if not said:
        return {"days": None, "due": None}
    if not digits or len(digits) > 3 or not 1 <= int(digits) <= rules.MOST_ORDER_DAYS:
        raise Refusal("bad_days", _("办理时限“%(text)s”不是天数", text=said[:20]))
    return {"days": int(digits), "due": current_calendar().add_working_days(received, int(digits)).day}


def _decide(result: RowResult, known: dict[str, Any]) -> RowResult:
    row = known.get(result.values.get("external_no", "")) if result.status != "refuse" else None
    if row is None:
        return result
    values = result.values
    result.shown["number"] = row.number
    if row.state not in rules.OPEN:
        result.status, result.code, result.message = "skip", "closed", _("已登记为 %(number)s，且已不在办；热线重派的请在该件上重办", number=row.number)
        return result
    if _another_limit(values, row):
        result.changes["due"] = (str(row.due_on or ""), str(values["due"]))
    if content_key(row.content) != content_key(values["content"]):
        result.changes["content"] = ("", _("补充：%(text)s", text=values["content"][:60]))
    if rules.URGENCIES.index(values["urgency"]) > rules.URGENCIES.index(row.urgency):
        result.changes["urgency"] = (str(words.URGENCIES[row.urgency]), str(words.URGENCIES[values["urgency"]]))
    values["id"] = row.id
    if result.changes:
        result.status, result.message = "update", _("已登记为 %(number)s", number=row.number)
    else:
        result.status, result.code, result.message = "skip", "unchanged", _("已登记为 %(number)s，没有变化", number=row.number)
    return result


def _another_limit(values: dict[str, Any], row: Any) -> bool:
    """Whether the platform gives another limit than before; what was extended or suspended here meanwhile is no difference."""
    if values["days"] is not None:
        same = (row.limit_days, row.limit_given, row.due_given) == (values["days"], True, None)
        return not same and values["due"] != row.due_on
    return values["due"] is not None and values["due"] != (row.due_given or row.due_on)


def apply(session: Session, good: list[RowResult], context: ImportContext) -> None:
    """Register the new orders, follow what changed on the others. No code of a receipt: the platform answers whoever called."""
    for result in good:
        if result.status == "update":
            _follow(session, result, context)
            continue
        values = result.values
        given = {"channel": "12345热线转办", "kind": "hotline", **_given(values), **values}
        made = intake.register(session, context.org_id, given, values["who"], context.today).complaint
        made.code_hash, made.imported = None, True
        title = _("新工单：%(number)s %(title)s", number=made.number, title=made.title)
        operations.tell(session, made, title, "registered", role="office_head", urgent=made.urgency != "normal")


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """The limit of an order as registering takes it: working days, which the calendar counts, or a day, which stands."""
    return {"order_days": values["days"], "order_due": None if values["days"] is not None else values["due"]}


def _follow(session: Session, result: RowResult, context: ImportContext) -> None:
    complaint = session.scalars(select(Complaint).where(Complaint.id == result.values["id"])).unique().one()
    if "due" in result.changes:
        before, given = complaint.due_on, _given(result.values)
        limits.give(complaint, day=given["order_due"], days=given["order_days"])
        limits.moved(session, complaint, before, _("热线平台调整了工单期限"))
    if "content" in result.changes:
        limits.note(session, complaint, "note", _("热线平台补充：%(text)s", text=result.values["content"]))
    if "urgency" in result.changes:
        complaint.urgency = result.values["urgency"]
        limits.note(session, complaint, "note", _("热线平台提高了紧急程度"))


SPEC = ImportSpec(
    name="hotline",
    title=_l("热线工单"),
    plugin="complaints",
    permission=rights.IMPORT,
    columns=COLUMNS,
    check=check,
    apply=apply,
    help=_l("热线平台导出的 Excel 或 CSV（UTF-8、GB18030）。第一次对应列，以后同样的表头自动识别；同一工单编号不会重复登记。"),
    done_endpoint="complaints.index",
    mapped=True,
)
