"""Import of an office's own register of complaints: comparing its rows with ours, and writing the good ones."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from plugins.complaints import accusations, figures, identity, limits, operations, rights, rules
from plugins.complaints import ledger_words as lw
from plugins.complaints.ledger_read import CLOSED, IN_HAND, Reader, content_key, normal_number
from plugins.complaints.models import Complaint, Entry, Transfer
from plugins.complaints.models_identity import Identity
from portal.auth.models import Account, RoleGrant
from portal.calendar.service import current_calendar
from portal.config import current_settings
from portal.context import current_actor
from portal.database import utcnow
from portal.directory.models import Organisation, Person
from portal.errors import Refused
from portal.records.bulk import insert_rows, reserve_ids, update_rows, values_of
from portal.records.importing import ImportContext, ImportSpec, RawRow, RowResult
from portal.records.numbers import continue_behind, format_number, next_numbers
from portal.settings import get_setting

FILLED = ("category", "place", "object_name", "demand", "external_no", "happened_on", "facts", "measures", "result", "reply_how", "reply_text", "replied_on")
"""What a later sheet may add where nothing was written; what was written stays."""
PART = 900


def check(rows: list[RawRow], context: ImportContext) -> list[RowResult]:
    """What is to be done with each row of a register."""
    reader = Reader(context)
    read = [reader.read(raw) for raw in rows]
    register = Register(context, read)
    return [register.decide(result) for result in read]


class Register:
    """Compares rows with what is registered already."""

    def __init__(self, context: ImportContext, read: list[RowResult]) -> None:
        good = [result.values for result in read if result.status != "refuse"]
        self.context = context
        self.by_number = self._by_number(sorted({values[key] for values in good if values["number"] for key in ("number", "written")}))
        self.sequences = self._sequences({(values["series"], values["year"]) for values in good if values["seq"] is not None})
        self.by_content = self._by_content({values["received_on"] for values in good})
        self.with_identity = self._with_identity([row.id for row in self.by_number.values() if row.imported])
        self.handlers = handlers(context.session, context.org_id, context.today)

    def _by_number(self, numbers: Sequence[str]) -> dict[str, Any]:
        """Also what is kept from whoever imports: a number is given once. Nothing of it is shown."""
        known = ("id", "number", "received_on", "content", "imported", "anonymous", *FILLED)
        columns = [getattr(Complaint, key) for key in known]
        found: dict[str, Any] = {}
        for part in _parts(numbers):
            rows = select(*columns).where(Complaint.org_id == self.context.org_id, Complaint.number.in_(part))
            found.update({row.number: row for row in self.context.session.execute(rows, execution_options={"unscoped": True})})
        return found

    def _sequences(self, wanted: set[tuple[str, int]]) -> set[tuple[str, int, int]]:
        if not wanted:
            return set()
        years = {year for _series, year in wanted}
        rows = select(Complaint.series, Complaint.year, Complaint.seq).where(Complaint.org_id == self.context.org_id, Complaint.year.in_(years))
        return {tuple(row) for row in self.context.session.execute(rows, execution_options={"unscoped": True})}  # type: ignore[misc]

    def _by_content(self, days: Iterable[dt.date]) -> dict[tuple[dt.date, bytes], str]:
        found: dict[tuple[dt.date, bytes], str] = {}
        for part in _parts(sorted(days)):
            rows = select(Complaint.number, Complaint.received_on, Complaint.content).where(Complaint.org_id == self.context.org_id, Complaint.received_on.in_(part))
            found.update({(row.received_on, content_key(row.content)): row.number for row in self.context.session.execute(rows)})
        return found

    def _with_identity(self, ids: Sequence[int]) -> set[int]:
        found: set[int] = set()
        for part in _parts(ids):
            found.update(self.context.session.scalars(select(Identity.complaint_id).where(Identity.complaint_id.in_(part))))
        return found

    def decide(self, result: RowResult) -> RowResult:
        if result.status == "refuse":
            return result
        values = result.values
        known = self.by_number.get(values["written"]) or self.by_number.get(values["number"]) if values["number"] else None
        if known is not None:
            return self._known(result, known)
        same = self.by_content.get((values["received_on"], values["key"]))
        if same is not None and not values["number"]:
            return _become(result, "skip", "known_content", _("日期、内容与 %(number)s 相同", number=same))
        if values["seq"] is not None:
            place = (values["series"], values["year"], values["seq"])
            if place in self.sequences:
                values["series"], values["seq"] = "旧", None
            self.sequences.add(place)
        self._hand(result)
        notes = [result.message] if result.message else []
        if same is not None:
            notes.append(_("日期、内容与 %(number)s 相同，编号不同", number=same))
        if values["masked"]:
            notes.append(_("带 * 的姓名、电话不是完整信息，不导入"))
        result.message = "；".join(notes)
        if values["kind"] == "accusation":
            self._officers(result)
        return result

    def _known(self, result: RowResult, known: Any) -> RowResult:
        values = result.values
        if known.received_on != values["received_on"] or content_key(known.content) != values["key"]:
            return _become(result, "refuse", "number_taken", _("编号已用于另一件（收到日期或内容不同）；原文不能用导入修改"))
        if not known.imported:
            return _become(result, "skip", "unchanged", _("已登记，办理情况以系统内为准"))
        values["id"] = known.id
        result.changes = {key: ("", str(values[key])) for key in FILLED if values.get(key) not in ("", None) and getattr(known, key) in ("", None)}
        values["fill"] = {key: values[key] for key in result.changes}
        values["fill_who"] = any(values["who"].values()) and known.id not in self.with_identity and not known.anonymous
        if values["fill_who"]:
            result.changes["name"] = ("", result.shown.get("name", ""))
        if not result.changes:
            return _become(result, "skip", "unchanged", _("与登记的内容相同"))
        result.status = "update"
        return result

    def _hand(self, result: RowResult) -> None:
        """Whoever handled it, where it is an account of the town; what is open and in nobody's hand waits to be assigned."""
        values = result.values
        values["handler_id"] = self.handlers.get(values["handler"])
        if values["state"] in IN_HAND and values["handler_id"] is None:
            values["state"] = "accepted"
            result.message = _("承办人“%(name)s”不是本单位在岗账号，按待交办导入", name=values["handler"] or "—")

    def _officers(self, result: RowResult) -> None:
        """Of an accusation the officer is known, or it is not taken in: else it could not be kept from them."""
        values = result.values
        names = [name for name in values["officers"].replace("，", "、").replace(",", "、").split("、") if name] or [values["object_name"]]
        people = select(Person.id, Person.name).where(Person.org_id == self.context.org_id, Person.name.in_(names))
        found = {row.name: row.id for row in self.context.session.execute(people)}
        if set(found) != set(names):
            _become(result, "refuse", "no_officer", _("检举控告须写明本单位人员的姓名（被检举控告人），才能设定回避"))
        values["officer_ids"] = list(found.values())


def _become(result: RowResult, status: str, code: str, message: str) -> RowResult:
    result.status, result.code, result.message = status, code, message
    return result


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + PART] for start in range(0, len(values), PART))


def handlers(session: Session, org_id: int, today: dt.date) -> dict[str, int]:
    """Accounts of a town that may have a matter in hand, by name; names that two bear are left out."""
    roles = ("handling_officer", "office_head", "discipline_officer")
    held = select(Account.id, Account.name).join(RoleGrant, RoleGrant.account_id == Account.id).where(
        RoleGrant.org_id == org_id, RoleGrant.role.in_(roles), Account.active, or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= today)
    )  # fmt: skip
    away = operations.off_post(session, org_id)
    found: dict[str, set[int]] = {}
    for row in session.execute(held.distinct()):
        if row.id not in away:
            found.setdefault(row.name, set()).add(row.id)
    return {name: next(iter(ids)) for name, ids in found.items() if len(ids) == 1}


# -- writing ----------------------------------------------------------------------------------------------------------------


def apply(session: Session, good: list[RowResult], context: ImportContext) -> None:
    """Write the good rows: numbers, matters, who complained, the record of handling, transfers, who is shut out."""
    created = [result for result in good if result.status == "create"]
    _give_numbers(session, created, context)
    ids = list(reserve_ids(session, Complaint, len(created)))
    matters = [_matter(key, result.values, context) for key, result in zip(ids, created, strict=True)]
    insert_rows(session, Complaint, [values_of(matter) for matter in matters])
    _seal(session, [(matter, result.values["who"]) for matter, result in zip(matters, created, strict=True)], context.today)
    _enter(session, list(zip(matters, created, strict=True)))
    _transfers(session, matters)
    _accuse(session, list(zip(matters, created, strict=True)))
    _join(session, list(zip(matters, created, strict=True)), context)
    updated = [result.values for result in good if result.status == "update"]
    update_rows(session, Complaint, {values["id"]: values["fill"] for values in updated if values["fill"]})
    for values in updated:
        if values["fill_who"]:
            complaint = session.scalars(select(Complaint).where(Complaint.id == values["id"])).unique().one()
            identity.seal(session, complaint, values["who"])
            identity.keep_from_archive(session, complaint)


def _give_numbers(session: Session, created: list[RowResult], context: ImportContext) -> None:
    """Own numbers stay, our counters go on behind them; whatever has none gets the next ones, in the order of receipt."""
    organisation = session.get(Organisation, context.org_id)
    assert organisation is not None
    highest: dict[tuple[str, int], int] = {}
    waiting: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for result in sorted(created, key=lambda result: (result.values["received_on"], result.row)):
        values = result.values
        place = (values["series"], values["year"])
        if values["seq"] is not None:
            highest[place] = max(highest.get(place, 0), values["seq"])
        else:
            waiting.setdefault(place, []).append(values)
    for (series, year), last in sorted(highest.items()):
        continue_behind(session, context.org_id, f"complaints.complaint{series}", year, last)
    for (series, year), listed in sorted(waiting.items()):
        pattern = get_setting(figures.ACCUSATION_NUMBER if series == "控" else figures.NUMBER, context.org_id, context.today)
        for values, seq in zip(listed, next_numbers(session, context.org_id, f"complaints.complaint{series}", year, len(listed)), strict=True):
            values["seq"] = seq
            values["number"] = values["number"] or format_number(pattern, organisation.short_name, year, seq)


def _matter(key: int, values: dict[str, Any], context: ImportContext) -> Complaint:
    """The matter of a row, with its limit; not in the session."""
    state, received = values["state"], values["received_on"]
    zone = current_settings().zone
    closed = state in CLOSED
    matter = Complaint(
        id=key, org_id=context.org_id, uid=secrets.token_hex(16), imported=True, version=1,
        **{name: values[name] for name in ("number", "year", "series", "seq", "channel", "kind", "category", "urgency", "content", "demand", "place", "object_name",
                                           "external_no", "anonymous", "confidential", "received_on", "state", "state_reason", "facts", "measures", "happened_on")},
        title=values["title"] or rules.short_title(values["content"], values["object_name"]), month=f"{received:%Y-%m}", redirect_kind="", protect=False, publish=False,
        registered_at=dt.datetime.combine(received, dt.time(0), tzinfo=zone).astimezone(dt.UTC), registered_by=None, handler_id=values["handler_id"],
        handler_name=values["handler"], suspended_days=0, extension_days=0, extension_state="", extension_reason="", refuse_code="", limit_given=False, due_given=None,
        concluded_on=values["concluded_on"] if closed else None, result=values["result"] if closed else "", replied_on=values["replied_on"] if closed else None,
        reply_how=values["reply_how"] if closed else "", reply_text=values["reply_text"], reply_by=values["handler"] if values["replied_on"] else "",
        archived_on=values["archived_on"] if state == "archived" else None, suspended_on=context.today if state == "suspended" else None,
    )  # fmt: skip
    limits.set_deadlines(matter, order_due=values["due"])
    matter.state_on = matter.archived_on or matter.replied_on or matter.concluded_on or context.today
    if state != "registered":
        matter.first_done_on = min(received + dt.timedelta(days=1), context.today)
    if matter.concluded_on is not None:
        matter.days_taken = rules.days_taken(current_calendar(), received, matter.concluded_on)
        matter.late = matter.due_on is not None and matter.concluded_on > matter.due_on
        matter.approved_on = matter.concluded_on if state in ("replied", "archived") else None
    return matter


def _seal(session: Session, pairs: Sequence[tuple[Complaint, dict[str, str]]], today: dt.date) -> None:
    """Whoever complained, sealed; of what is archived long ago nothing is taken in."""
    kept = []
    for matter, who in pairs:
        until = identity.keep_until(matter)
        if matter.anonymous or not any(who.values()) or (until is not None and until < today):
            continue
        kept.append(identity.sealed_row(matter, who, until))
    for key, row in zip(reserve_ids(session, Identity, len(kept)), kept, strict=True):
        row["id"] = key
    insert_rows(session, Identity, kept)


def _enter(session: Session, pairs: Sequence[tuple[Complaint, RowResult]]) -> None:
    author, rows = current_actor().name, []
    for matter, result in pairs:
        at = matter.registered_at if matter.anonymous else utcnow()
        texts = [("note", _("由登记簿导入（表中第 %(row)s 行）", row=result.row))]
        if result.values["handler"] and matter.handler_id is None and matter.state not in CLOSED:
            texts.append(("note", _("登记簿上的承办人：%(name)s", name=result.values["handler"])))
        if result.values["remark"]:
            texts.append(("note", _("备注：%(text)s", text=result.values["remark"])))
        rows += [{"org_id": matter.org_id, "complaint_id": matter.id, "kind": kind, "text": text, "at": at, "author": author[:60]} for kind, text in texts]
    for key, row in zip(reserve_ids(session, Entry, len(rows)), rows, strict=True):
        row["id"] = key
    insert_rows(session, Entry, rows)


def _transfers(session: Session, matters: Sequence[Complaint]) -> None:
    """What was passed on outside the portal waits for its receipt or its result, as on paper."""
    for matter in matters:
        if matter.state in ("passing", "passed"):
            done = matter.state == "passed"
            to = matter.state_reason[:80] or _("见原登记簿")
            session.add(Transfer(org_id=matter.org_id, complaint_id=matter.id, to_name=to, reason=_("由登记簿导入"), state="received" if done else "sent",
                                 sent_on=matter.received_on, sent_by=current_actor().name, answered_on=matter.received_on if done else None,
                                 receipt=_("见原登记簿") if done else ""))  # fmt: skip
    session.flush()


def _accuse(session: Session, pairs: Sequence[tuple[Complaint, RowResult]]) -> None:
    for matter, result in pairs:
        if matter.kind == "accusation":
            accusations.name_officers(session, matter, result.values["officer_ids"])


def _join(session: Session, pairs: Sequence[tuple[Complaint, RowResult]], context: ImportContext) -> None:
    """Merged matters point to their main one, where that is known."""
    wanted = {matter.id: normal_number(result.values["main"]) for matter, result in pairs if matter.state == "merged" and result.values["main"]}
    if not wanted:
        return
    mains: dict[str, int] = {}
    for part in _parts(sorted(set(wanted.values()))):
        rows = select(Complaint.id, Complaint.number).where(Complaint.org_id == context.org_id, Complaint.number.in_(part))
        mains.update({row.number: row.id for row in session.execute(rows)})
    pointing = {key: mains[number] for key, number in wanted.items() if number in mains and mains[number] != key}
    for key, main in pointing.items():
        if rules.merges_in_circle(key, main, {other: to for other, to in pointing.items() if other != key}):
            raise Refused(_("登记簿里的并案指向成了圈，请核对“并入编号”。"))
    update_rows(session, Complaint, {key: {"main_id": main} for key, main in pointing.items()})


SPEC = ImportSpec(
    name="complaints",
    title=_l("投诉举报登记簿"),
    plugin="complaints",
    permission=rights.IMPORT,
    columns=lw.COLUMNS,
    check=check,
    apply=apply,
    help=_l("表头可在前 30 行，列的顺序不限；日期可写成 2025.3.7、2025年3月7日、2025/3/7。原编号保留；已办结的按归档登记；姓名、电话等加密保存。"),
    done_endpoint="complaints.index",
)
