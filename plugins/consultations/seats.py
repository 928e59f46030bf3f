"""The member's side: promise, declaration, the opinion with its draft, questions back to the town."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.consultations import access, panel, queries, requests, rules
from plugins.consultations.models import DRAFT_PURPOSE, OPINION_FILES, Consultation, Draft, Inquiry, Opinion, Seat
from portal.context import current_actor
from portal.crypto import keyring
from portal.database import utcnow
from portal.errors import Conflict, NotFound, Refused
from portal.records import attachments
from portal.records.secrecy import refuse_marked
from portal.tenancy import crossing

Data = Mapping[str, Any]
LIVE = ("collecting", "summing")


def mine(session: Session, seat_id: int) -> Seat:
    """The seat of whoever is acting; any other is not there, and that it was asked for is an event."""
    seat = session.scalars(select(Seat).where(Seat.id == seat_id)).one_or_none() if seat_id < 2**31 else None
    if seat is None or not seat.own:
        other = queries.seat_owner(seat_id) if seat_id < 2**31 else None
        if other is not None:
            access.refused(*other, "seat")
        raise NotFound(_("没有找到这条记录。"))
    return seat


def closed_file(session: Session, seat: Seat) -> Consultation:
    """The consultation of an invited member, to whom the file is still closed, by a named crossing."""
    with crossing("consultations.invitation", seat.number, unguarded=True):
        return session.scalars(select(Consultation).where(Consultation.id == seat.consultation_id)).unique().one()


def names_to_check(session: Session, seat: Seat) -> dict[str, Any]:
    """Who asks and who is named in the case: shown once secrecy was promised, so that an interest can be declared."""
    if seat.state not in ("promised", *rules.SEAT_READING):
        raise NotFound(_("没有找到这条记录。"))
    with crossing("consultations.invitation", seat.number, unguarded=True):
        files = panel.together(session, closed_file(session, seat))
        return {"towns": [item.organisation.name for item in files], "parties": [party for item in files for party in item.parties]}


# -- steps -------------------------------------------------------------------------------------------------------------------


def _live(session: Session, seat: Seat) -> Consultation:
    consultation = closed_file(session, seat)
    if consultation.state not in LIVE:
        raise Refused(_("这次会商已经结束。"))
    return consultation


def promise(session: Session, seat: Seat, _data: Data, today: dt.date) -> None:
    """保密承诺: before it not even the names are shown."""
    _live(session, seat)
    seat.state_on = today


def declare(session: Session, seat: Seat, _data: Data, today: dt.date) -> None:
    """无利害关系声明: with it the file is opened, and not before."""
    consultation = _live(session, seat)
    actor = current_actor()
    seat.state_on = today
    with crossing("consultations.declaration", seat.number, unguarded=True):
        for item in panel.together(session, consultation):
            access.give(session, item, seat.account_id, seat.member_org_id, "panel", actor.name, today)
        session.flush()
    access.tell(session, consultation, _("%(name)s 已声明无利害关系", name=seat.name), f"declared:{seat.id}", convener=True)


def step_back(session: Session, seat: Seat, data: Data, today: dt.date) -> None:
    """谢绝 or 主动回避, with a reason that only the convener reads. What was opened is closed again."""
    consultation = _live(session, seat)
    kind = _("存在利害关系") if data["why"] == "interest" else _("不能参加")
    seat.statement, seat.state_on = f"{kind}：{str(data['statement']).strip()}", today
    with crossing("consultations.declaration", seat.number, unguarded=True):
        access.take(session, [item.id for item in panel.together(session, consultation)], seat.account_id, "panel")
        drop_draft(session, seat)
        session.flush()
    title = _("%(number)s：%(name)s 不能参加会商，请补选", number=seat.number, name=seat.name)
    access.tell(session, consultation, title, f"stepped:{seat.id}", convener=True, url=f"/consultations/{seat.consultation_id}/panel", urgent=True)


# -- the opinion -------------------------------------------------------------------------------------------------------------


def to_answer(session: Session, consultation: Consultation) -> list[Consultation]:
    """The files that a member answers: the one whose panel it is, and whatever was joined to it and has no paper yet."""
    return [item for item in panel.together(session, consultation) if item.state in LIVE]


def questions_of(files: Sequence[Consultation]) -> list[str]:
    """The questions of several files, one after the other, as they are numbered on the page of the opinion."""
    return [question for item in files for question in item.questions]


def own_opinions(session: Session, seat: Seat) -> list[tuple[Consultation, Opinion]]:
    """What a member has said, file by file, when the files themselves are closed again too."""
    given = session.scalars(select(Opinion).where(Opinion.seat_id == seat.id).order_by(Opinion.id)).all()
    with crossing("consultations.invitation", seat.number, unguarded=True):
        found = session.scalars(select(Consultation).where(Consultation.id.in_([opinion.consultation_id for opinion in given]))).unique()
        files = {item.id: item for item in found}
    return [(files[opinion.consultation_id], opinion) for opinion in given if opinion.consultation_id in files]


def check_answers(answers: Sequence[Mapping[str, str]], questions: Sequence[str]) -> list[dict[str, str]]:
    """Every question has a conclusion, and every conclusion its reasons and basis. Raises Refused naming the question."""
    if len(answers) != len(questions):
        raise Refused(_("争议焦点已变动，请重新打开后再提交。"))
    kept = []
    for number, answer in enumerate(answers, 1):
        found = {name: str(answer.get(name) or "").strip() for name in ("conclusion", "reasons", "basis")}
        if found["conclusion"] not in rules.CONCLUSIONS:
            raise Refused(_("请选择第 %(n)s 个争议焦点的结论。", n=number), field=f"answers-{number - 1}-conclusion")
        for name, title in (("reasons", _("理由")), ("basis", _("法律依据"))):
            if not found[name]:
                raise Refused(_("请填写第 %(n)s 个争议焦点的%(what)s。", n=number, what=title), field=f"answers-{number - 1}-{name}")
            if len(found[name]) > rules.LONGEST_TEXT:
                raise Refused(_("最多 %(n)s 个字。", n=rules.LONGEST_TEXT), field=f"answers-{number - 1}-{name}")
        kept.append(found)
    return kept


def submit(session: Session, seat: Seat, data: Data, today: dt.date) -> None:
    """提交意见, once: one opinion for each file that the panel reads. After the day or the closing it is marked as late.

    ``data``: ``answers`` to the questions of all files in their order, ``remarks`` and ``files`` by file.
    """
    if data.get("answers") is None:
        raise Refused(_("请在意见页面逐项填写后提交。"))
    consultation = _live(session, seat)
    files = to_answer(session, consultation)
    answers = check_answers(data["answers"], questions_of(files))
    remarks, attached = [str(text or "").strip() for text in data.get("remarks") or ()], list(data.get("files") or ())
    refuse_marked([*(text for answer in answers for text in answer.values()), *remarks])
    given = []
    for place, item in enumerate(files):
        own, answers = answers[: len(item.questions)], answers[len(item.questions) :]
        remark = remarks[place] if place < len(remarks) else ""
        given.append(
            Opinion(org_id=item.org_id, consultation_id=item.id, seat_id=seat.id, account_id=seat.account_id, answers=own, remark=remark, given_at=utcnow())
        )  # fmt: skip
    session.add_all(given)
    seat.late = consultation.state == "summing" or (seat.due_on is not None and today > seat.due_on)
    seat.state_on = today
    session.flush()
    with crossing("consultations.opinion", seat.number, unguarded=True):
        for opinion, uploads in zip(given, attached, strict=False):
            for number, file in enumerate(uploads, 1):
                attachments.attach(session, requests.nameless(file, _("附件"), number), OPINION_FILES, opinion.id, opinion.org_id, "file")
        session.flush()
    drop_draft(session, seat)
    owing = access.panel_side(session, seat.consultation_id, rules.SEAT_OWING)
    title = _("%(number)s 意见已全部提交，可以汇总", number=seat.number) if len(owing) <= 1 else _("%(number)s 收到一份会商意见", number=seat.number)
    access.tell(session, consultation, title, f"given:{seat.id}", convener=True)


# -- drafts ------------------------------------------------------------------------------------------------------------------


def keep_draft(session: Session, seat: Seat, values: Mapping[str, Any]) -> Draft:
    """Keep what is being written, sealed, for nobody but the writer."""
    if seat.state != "declared":
        raise Conflict(_("意见已提交，草稿不再保存。"))
    found = _draft(session, seat.id)
    text = json.dumps(values, ensure_ascii=False)
    if found is None:
        found = Draft(org_id=seat.org_id, seat_id=seat.id, account_id=seat.account_id, uid=_uid(), content=b"", saved_at=utcnow())
        session.add(found)
    found.content, found.saved_at = keyring().encrypt(DRAFT_PURPOSE, text, found.uid), utcnow()
    session.flush()
    return found


def _uid() -> str:
    import uuid

    return uuid.uuid4().hex


def _draft(session: Session, seat_id: int) -> Draft | None:
    return session.scalars(select(Draft).where(Draft.seat_id == seat_id)).one_or_none()


def load_draft(session: Session, seat: Seat) -> tuple[dict[str, Any], dt.datetime] | None:
    """What was being written, and when it was kept."""
    found = _draft(session, seat.id)
    if found is None:
        return None
    return json.loads(keyring().decrypt(DRAFT_PURPOSE, found.content, found.uid)), found.saved_at


def drop_draft(session: Session, seat: Seat) -> None:
    found = _draft(session, seat.id)
    if found is not None:
        session.delete(found)
        session.flush()


# -- questions back ----------------------------------------------------------------------------------------------------------


def ask(session: Session, consultation: Consultation, text: str) -> Inquiry:
    """A question to the asking town. The whole panel reads it and its answer; nobody is told who asked."""
    actor = current_actor()
    seated = select(Seat).where(Seat.consultation_id == consultation.panel_of, Seat.account_id == actor.account_id, Seat.state == "declared")
    seat = session.scalars(seated).one_or_none()
    if seat is None or not seat.own or consultation.state not in LIVE:
        raise Refused(_("提交意见之前，会商组成员可以补充询问。"))
    refuse_marked([text], "text")
    inquiry = Inquiry(org_id=consultation.org_id, consultation_id=consultation.id, account_id=seat.account_id, text=text.strip(), asked_at=utcnow())
    session.add(inquiry)
    session.flush()
    title = _("%(number)s：会商组有补充询问", number=consultation.number)
    access.tell(session, consultation, title, f"asked:{inquiry.id}", access.town_side(session, consultation.id))
    return inquiry


def answer(session: Session, consultation: Consultation, inquiry_id: int, text: str) -> None:
    """The town answers, once, to the whole panel."""
    inquiry = session.scalars(select(Inquiry).where(Inquiry.id == inquiry_id, Inquiry.consultation_id == consultation.id)).one_or_none()
    if inquiry is None:
        raise NotFound(_("没有找到这条记录。"))
    if inquiry.replied_at is not None:
        raise Conflict(_("这个问题已经答复。"))
    if consultation.state not in LIVE:
        raise Refused(_("会商已结束，不再答复询问。"))
    refuse_marked([text], "text")
    inquiry.reply, inquiry.replied_at, inquiry.replied_by = text.strip(), utcnow(), current_actor().name
    session.flush()
    title = _("%(number)s：街镇答复了补充询问", number=consultation.number)
    access.tell(session, consultation, title, f"replied:{inquiry.id}", access.panel_side(session, consultation.panel_of, ("declared", "submitted")))
