"""The convener's side: taking a request, the meeting, closing, the opinion paper, archiving."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.consultations import access, figures, library, panel, queries, requests, rules, words
from plugins.consultations.models import Access, Consultation, Opinion, Paper, Seat
from portal import audit
from portal.calendar.service import current_calendar
from portal.config import current_settings
from portal.context import current_actor
from portal.contract import MeetingRequest
from portal.errors import Refused
from portal.records.links import link
from portal.records.numbers import format_number, next_number
from portal.records.workflow import move
from portal.settings import get_setting
from portal.text import whole

Data = Mapping[str, Any]
LIVE = ("collecting", "summing")


def enter(session: Session, consultation: Consultation, data: Data, today: dt.date, title: str, key: str) -> None:
    """The day of the state, nothing due, and the town is told."""
    requests.enter(session, consultation, data, today)
    access.tell(session, consultation, title, f"{key}:{today}", access.town_side(session, consultation.id), body=requests.reason_of(data))


# -- taking ------------------------------------------------------------------------------------------------------------------


def accept(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    consultation.form, consultation.taken_on = data["form"], today
    enter(session, consultation, data, today, _("%(number)s 已受理", number=consultation.number), "accepted")


def give_back(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    enter(session, consultation, data, today, _("%(number)s 退回补正", number=consultation.number), "returned")


def decline(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    enter(session, consultation, data, today, _("%(number)s 不予会商", number=consultation.number), "declined")


def join(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    """并入 a similar one whose panel was not chosen yet: one panel reads both files and answers the questions of each; each town gets its own paper."""
    main = session.scalars(select(Consultation).where(Consultation.id == (whole(str(data["main"] or "")) or 0)).with_for_update(of=Consultation)).unique().one_or_none()
    if main is None or main.id == consultation.id or main.state != "accepted":
        raise Refused(_("请选择已受理、尚未邀请会商组的会商。"), field="main")
    if panel.seats(session, main.id):
        raise Refused(_("该会商已选定会商组，并入后须重新核对回避；请先移除拟定成员。"), field="main")
    if panel.joined_with(session, consultation):
        raise Refused(_("已有会商并入本件，不能再并入其他会商。"), field="main")
    asked = sum(len(item.questions) for item in (consultation, main, *panel.joined_with(session, main)))
    if asked > rules.MOST_TOGETHER:
        raise Refused(_("并在一起的争议焦点共 %(n)s 个，超过 %(most)s 个，请单独受理。", n=asked, most=rules.MOST_TOGETHER), field="main")
    consultation.main_id, consultation.form, consultation.taken_on = main.id, main.form, today
    link(session, (access.CASE, consultation.id), (access.CASE, main.id), "joined", consultation.org_id)
    enter(session, consultation, data, today, _("%(number)s 与同类会商一并研究", number=consultation.number), "joined")


def abort(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    """终止: whatever was joined goes back to be taken on its own."""
    told = access.panel_side(session, consultation.id, ("invited", "promised", "declared", "submitted"))
    for item in panel.joined_with(session, consultation):
        if item.state in ("joined", *LIVE):
            unjoin(session, item, today)
    for seat in panel.seats(session, consultation.id, ("proposed", *rules.SEAT_OWING)):
        move(seat, "fall")
        seat.state_on = today
    shut_panel_out(session, consultation.id)
    title = _("%(number)s 已终止", number=consultation.number)
    access.tell(session, consultation, title, "aborted", told, body=requests.reason_of(data), url="/consultations/seats")
    enter(session, consultation, data, today, title, "aborted")


def unjoin(session: Session, consultation: Consultation, today: dt.date) -> None:
    """Back to be taken on its own: whatever the other's panel had begun for it falls away."""
    move(consultation, "unjoin")
    paper = paper_of(session, consultation.id)
    if paper is not None:
        session.delete(paper)
    c = consultation
    c.state_on, c.main_id, c.form, c.taken_on, c.invited_on, c.closed_on, c.missing = today, None, "", None, None, None, []
    c.opinion_due, c.opinion_provisional, c.meeting_at, c.meeting_place = None, False, None, ""
    c.take_by = c.sort_due = current_calendar().add_working_days(today, figures.figure(figures.TAKE, None, today)).day
    shut_panel_out(session, c.id)


def shut_panel_out(session: Session, consultation_id: int) -> None:
    """Members read the file only while it is open; their own opinion stays theirs to read."""
    for row in session.scalars(select(Access).where(Access.consultation_id == consultation_id, Access.part == "panel")).all():
        session.delete(row)
    session.flush()


# -- the meeting -------------------------------------------------------------------------------------------------------------


def schedule(session: Session, consultation: Consultation, data: Data, _today: dt.date) -> None:
    """会议会商: arranged by whoever keeps meetings here, else date and place are kept with the consultation."""
    zone = current_settings().zone
    at = dt.datetime.combine(data["meeting_on"], data["meeting_time"], tzinfo=zone)
    members = access.panel_side(session, consultation.id, ("invited", "promised", "declared", "submitted"))
    together = panel.together(session, consultation)
    attending = [*members, *(who for item in together for who in access.town_side(session, item.id))]
    request = MeetingRequest(
        access.CASE, consultation.id, consultation.org_id, _("案件联合会商会议"), at, data["meeting_place"], tuple(sorted({account for account, _org in attending})),
        str(data.get("meeting_note") or ""),
    )  # fmt: skip
    arranged = current_app.extensions["portal"].plugins.hooks_for(consultation.org_id, "portal_schedule_meeting")(request=request)
    consultation.meeting_at, consultation.meeting_place = at, data["meeting_place"]
    consultation.meeting_note = str(data.get("meeting_note") or "").strip()
    consultation.meeting_reference, consultation.meeting_url = (arranged.reference, arranged.url) if arranged else ("", "")
    key = f"meeting:{at:%Y%m%d%H%M}:{consultation.version}"
    for item in together:
        item.meeting_at, item.meeting_place = at, consultation.meeting_place
        access.tell(session, item, meeting_words(item, at), key, access.town_side(session, item.id))
    access.tell(session, consultation, meeting_words(consultation, at), key, members, url="/consultations/seats")


def meeting_words(consultation: Consultation, at: dt.datetime) -> str:
    return _("%(number)s 会商会议：%(at)s，%(place)s", number=consultation.number, at=f"{at:%Y-%m-%d %H:%M}", place=consultation.meeting_place)


def attend(session: Session, consultation: Consultation, present: set[int], note: str) -> None:
    """到会情况, kept here where no other module keeps meetings."""
    if consultation.meeting_at is None:
        raise Refused(_("还没有安排会商会议。"))
    for seat in panel.seats(session, consultation.id, ("declared", "submitted")):
        seat.attended = seat.id in present
    consultation.meeting_note = note.strip()
    session.flush()


# -- closing -----------------------------------------------------------------------------------------------------------------


def guard_close(consultation: Consultation, data: Data, today: dt.date) -> None:
    """All opinions, or the day has passed and there is a reason; never fewer than the minimum."""
    from portal.database import db

    session = db.session()
    given = [seat.kind for seat in panel.seats(session, consultation.id, ("submitted",))]
    owing = panel.seats(session, consultation.id, rules.SEAT_OWING)
    minimum = figures.figure(figures.MINIMUM, None, today)
    problem = rules.closing_problem(given, len(owing), minimum, consultation.opinion_due, today, requests.reason_of(data))
    if problem == "missing":
        names = "、".join(seat.name for seat in owing)
        raise Refused(_("%(names)s 尚未提交意见，期限 %(day)s 未过，不能结束征求意见。", names=names, day=consultation.opinion_due))
    if problem == "few":
        raise Refused(_("已提交的意见不足 %(n)s 份，不能结束；请延长期限或补选成员。", n=minimum))
    if problem == "no_expert":
        raise Refused(_("至少要有一份专家意见。"))
    if problem == "reason":
        raise Refused(_("还有成员未提交意见，请写明为什么不再等待。"), field="reason")
    if consultation.form == "meeting" and consultation.meeting_at is None:
        raise Refused(_("会议会商须先安排会议。"))


def close(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    """结束征求意见: from here on all opinions are shown to everybody on it, and the paper is drawn up from them."""
    missing = [seat.name for seat in panel.seats(session, consultation.id, rules.SEAT_OWING)]
    for item in panel.together(session, consultation):
        title = _("%(number)s 已结束征求意见，可以查看全部意见", number=item.number)
        if item is consultation:
            access.tell(session, item, title, "closed", access.panel_side(session, item.id, ("submitted",)))
            item.state = "summing"
        else:
            move(item, "sum_up")
        item.missing, item.closed_on = missing, today
        enter(session, item, data, today, title, "closed")
        session.flush()
        draw_up(session, item, today)


# -- the paper ---------------------------------------------------------------------------------------------------------------


def draw_up(session: Session, consultation: Consultation, today: dt.date) -> Paper:
    """会商意见书稿 from the answers: course, majority and dissent of each question. The convener edits it."""
    paper = paper_of(session, consultation.id)
    given = queries.opinions(session, consultation)
    if paper is None:
        paper = Paper(org_id=consultation.org_id, consultation_id=consultation.id, state="draft", course="", findings=[], advice="", drawn_on=today)
        session.add(paper)
    paper.course, paper.findings, paper.drawn_on = course(session, consultation), findings(consultation, given), today
    session.flush()
    return paper


def course(session: Session, consultation: Consultation) -> str:
    """会商经过: form, panel and how each was chosen, days, who is missing, disclosures."""
    members = panel.seats(session, consultation.panel_of, ("submitted", "declared"))
    named = "；".join(_member(seat) for seat in members)
    lines = [
        _("%(town)s就“%(title)s”提请案件联合会商（%(number)s），区司法局于 %(day)s 受理，采用%(form)s方式。", town=consultation.organisation.name,
          title=consultation.title, number=consultation.number, day=consultation.taken_on, form=words.FORMS[consultation.form]),
        _("会商组由 %(n)s 人组成：%(names)s。成员均已作保密承诺和无利害关系声明，独立提出意见。", n=len(members), names=named),
    ]  # fmt: skip
    if consultation.main_id or panel.joined_with(session, consultation):
        lines.append(_("本件与同类会商由同一会商组一并研究，逐件答复。"))
    if consultation.meeting_at is not None:
        zone = current_settings().zone
        lines.append(_("%(at)s 在%(place)s召开会商会议。", at=f"{consultation.meeting_at.astimezone(zone):%Y-%m-%d %H:%M}", place=consultation.meeting_place))
    if consultation.missing:
        lines.append(_("未按期提交意见的成员：%(names)s。", names="、".join(consultation.missing)))
    return "\n".join(lines)


def _member(seat: Seat) -> str:
    how = words.CHOSEN[seat.chosen]
    more = f"，{seat.disclosure}" if seat.disclosure else ""
    return _("%(name)s（%(unit)s，%(how)s%(more)s）", name=seat.name, unit=seat.unit, how=how, more=more)


def findings(consultation: Consultation, given: Sequence[tuple[Seat, Opinion]]) -> list[dict[str, str]]:
    """For each question what most of the panel said, and what others said."""
    found = []
    for index, question in enumerate(consultation.questions):
        answers = [(seat, opinion.answers[index]) for seat, opinion in given]
        counted = rules.tally([answer["conclusion"] for _seat, answer in answers])
        shares = "，".join(f"{words.CONCLUSIONS[code]} {count}" for code, count in counted.counts.most_common())
        total = _("%(n)s 份意见：%(shares)s。", n=len(answers), shares=shares)
        if counted.majority:
            majority = [total + _("多数意见：%(what)s。", what=words.CONCLUSIONS[counted.majority]), *(_line(*answers[place]) for place in counted.for_it)]
            dissent = [_line(*answers[place]) for place in counted.against]
        else:
            majority, dissent = [total + _("意见有分歧，未形成多数，不作表决，分列如下。")], [_line(*item) for item in answers]
        found.append({"question": question, "majority": "\n".join(majority), "dissent": "\n".join(dissent)})
    return found


def _line(seat: Seat, answer: Mapping[str, str]) -> str:
    late = _("，逾期提交") if seat.late else ""
    return _("%(name)s（%(unit)s%(late)s）：%(what)s。%(reasons)s（依据：%(basis)s）", name=seat.name, unit=seat.unit, late=late,
             what=words.CONCLUSIONS[answer["conclusion"]], reasons=answer["reasons"], basis=answer["basis"])  # fmt: skip


def paper_of(session: Session, consultation_id: int) -> Paper | None:
    """The paper, as far as whoever is acting may see it."""
    return session.scalars(select(Paper).where(Paper.consultation_id == consultation_id)).one_or_none()


def edit_paper(session: Session, consultation: Consultation, values: Data) -> Paper:
    paper = paper_of(session, consultation.id)
    if paper is None or paper.state != "draft" or consultation.state != "summing":
        raise Refused(_("会商意见书已签发，不能修改。"))
    paper.course, paper.advice = str(values["course"]).strip(), str(values["advice"]).strip()
    texts = values["findings"]
    paper.findings = [
        {"question": item["question"], "majority": str(text["majority"] or "").strip(), "dissent": str(text["dissent"] or "").strip()}
        for item, text in zip(paper.findings, texts, strict=True)
    ]  # fmt: skip
    session.flush()
    return paper


def digest_of(paper: Paper) -> str:
    """The fingerprint of what was signed."""
    signed = [paper.number, paper.course, paper.findings, paper.advice, paper.signed_by, paper.signed_on.isoformat() if paper.signed_on else ""]
    return hashlib.sha256(json.dumps(signed, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def guard_sign(consultation: Consultation, _data: Data, _today: dt.date) -> None:
    from portal.database import db

    paper = paper_of(db.session(), consultation.id)
    if paper is None or not paper.advice.strip() or not paper.course.strip() or not all(item["majority"].strip() for item in paper.findings):
        raise Refused(_("会商意见书稿不完整：会商经过、各争议焦点的意见和总体建议都要填写。"))


def sign(session: Session, consultation: Consultation, _data: Data, today: dt.date) -> None:
    """签发: numbered in the town's own series, and immutable from here on. A joined file has a paper of its own, signed by itself."""
    paper = paper_of(session, consultation.id)
    assert paper is not None
    seal(session, paper, consultation, today)
    issue(session, consultation, today)
    for seat in panel.seats(session, consultation.id, rules.SEAT_OWING):
        move(seat, "miss")
        seat.state_on = today
    read = access.panel_side(session, consultation.panel_of, ("submitted",))
    access.tell(session, consultation, _("%(number)s 会商意见书已出具", number=consultation.number), "issued", read)
    session.flush()


def seal(session: Session, paper: Paper, consultation: Consultation, today: dt.date) -> None:
    """Number and sign one paper; its fingerprint goes into the trail."""
    sequence = next_number(session, consultation.org_id, "consultations.paper", today.year)
    pattern = get_setting(figures.PAPER_NUMBER, consultation.org_id, today)
    paper.number = format_number(pattern, consultation.organisation.short_name, today.year, sequence)
    paper.signed_by, paper.signed_on = current_actor().name, today
    paper.digest, paper.state = digest_of(paper), "signed"
    session.flush()
    audit.note("consultations.paper_signed", record=paper, detail={"number": paper.number, "sha256": paper.digest})


def issue(session: Session, consultation: Consultation, today: dt.date) -> None:
    """The town answers within its limit, counted from here."""
    due = current_calendar().add_working_days(today, figures.figure(figures.ANSWER, None, today))
    consultation.paper_on, consultation.state_on = today, today
    consultation.answer_due, consultation.answer_provisional, consultation.sort_due = due.day, due.provisional, due.day
    title = _("%(number)s 会商意见书已出具，请于 %(day)s 前答复采纳情况", number=consultation.number, day=due.day)
    access.tell(session, consultation, title, "issued", access.town_side(session, consultation.id))


# -- archiving ---------------------------------------------------------------------------------------------------------------


def archive(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    """归档, with an anonymised case for the library, which the convener looks through before anybody else sees it."""
    consultation.archived_on = today
    enter(session, consultation, data, today, _("%(number)s 已归档", number=consultation.number), "archived")
    if consultation.secrecy != "sensitive":
        paper = paper_of(session, consultation.id)
        assert paper is not None
        library.collect(session, consultation, paper, panel.seats(session, consultation.panel_of))
    shut_panel_out(session, consultation.id)
