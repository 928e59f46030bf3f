"""Demonstration data: a pool of experts, consultations in every state at their best and at their limits, a library."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select

from plugins.consultations import closing, library, panel, requests, rules, words
from plugins.consultations.models import Access, Consultation, Draw, Expert, Inquiry, LibraryEntry, Opinion, Paper, Seat
from portal.auth.models import Account, RoleGrant
from portal.calendar.service import current_calendar
from portal.context import Actor, use_actor
from portal.database import utcnow
from portal.directory.models import Organisation

RICH = "500115001"
UNITS = (
    ("西南政法大学行政法学院", "教授"), ("重庆大学法学院", "副教授"), ("重庆中立律师事务所", "高级合伙人"), ("区规划设计研究院", "高级工程师"),
    ("市生态环境科学研究院", "研究员"), ("重庆市律师协会行政法专业委员会", "主任"), ("区人民法院（退休）", "原行政庭庭长"), ("西部土地法律与政策研究中心", "研究员"),
    ("重庆渝都律师事务所", "律师"), ("区农业农村委员会（退休）", "原总农艺师"),
    ("重庆市长寿区城乡建设与房地产综合执法研究会暨基层治理法治化促进中心", "秘书长"), ("重庆三峡学院", "讲师"),
)  # fmt: skip
FIELDS = (
    ["行政处罚", "行政强制"], ["违法建设", "自然资源"], ["行政处罚", "行刑衔接"], ["违法建设", "城市管理"], ["生态环境"], ["行政处罚", "国家赔偿"],
    ["行政强制", "违法建设"],
    ["自然资源", "农业农村"], ["市场监管", "安全生产"], ["农业农村"], ["城市管理", "违法建设"], ["生态环境", "行政处罚"],
)  # fmt: skip
CASES: tuple[dict[str, Any], ...] = (
    {
        "title": "某水产合作社擅自建设养殖管理用房案", "field": "违法建设", "triggers": ["relations", "jurisdiction"],
        "facts": "古佛村 3 组某水产专业合作社在湖岸坑塘边建设管理用房 320 平方米，未办理规划许可和设施农业用地备案。"
        "合作社称属设施农业配套用房，负责人赵春花，电话 13812340001。"
        "\n现场勘验：砖混结构，一层，已投入使用；其中约 60 平方米用于餐饮接待。",
        "law": "《城乡规划法》第四十一条、第六十五条；《土地管理法》第七十七条；自然资规〔2019〕4 号文。",
        "questions": ["该用房是否属于设施农业用地的辅助设施？", "违法行为由镇街还是自然资源部门处罚？", "已投入使用的餐饮接待部分能否单独责令拆除？"],
        "own_view": "倾向认定超出设施农业用地范围的 60 平方米为违法建设，由本街道责令限期改正。",
        "parties": [{"name": "春花水产专业合作社", "role": "当事人", "unit": ""}, {"name": "赵春花", "role": "法定代表人", "unit": "春花水产专业合作社"}],
    },
    {
        "title": "餐饮店油烟直排屡罚屡犯案", "field": "生态环境", "triggers": ["public", "media"],
        "facts": "向阳路农贸市场旁某火锅店两年内因油烟未经净化直接排放被处罚三次，仍未安装净化设施，周边居民多次投诉，短视频平台有相关视频。",
        "law": "《大气污染防治法》第八十一条、第一百一十八条。", "questions": ["能否适用责令停业整治？", "多次处罚后是否构成“拒不改正”？"],
        "own_view": "倾向责令停业整治。", "parties": [{"name": "老灶火锅店", "role": "当事人", "unit": ""}],
    },
    {
        "title": "强制拆除共有楼顶阳光房的程序问题", "field": "行政强制", "triggers": ["hearing"],
        "facts": "3 栋 2 单元顶楼住户在公共屋面搭建阳光房约 30 平方米，拒收限期拆除决定书，公告送达后未起诉。",
        "law": "《行政强制法》第四十四条；《城乡规划法》第六十八条。", "questions": ["留置送达与公告送达的效力如何认定？", "强制拆除前是否须再次催告？"],
        "own_view": "倾向再次催告后依法强制拆除。", "parties": [{"name": "周永康", "role": "当事人", "unit": ""}],
    },
    {
        "title": "农资店销售过期农药涉嫌犯罪移送问题", "field": "行刑衔接", "triggers": ["crime", "departments"],
        "facts": "惠农农资经营部销售过期农药货值约 6.2 万元，造成三户秧苗枯黄，损失正在评估。",
        "law": "《农药管理条例》第五十六条；《行政执法机关移送涉嫌犯罪案件的规定》。", "questions": ["是否达到移送标准？", "评估期间能否先行处罚？"],
        "own_view": "倾向先行移送，罚款待司法机关处理后再定。", "parties": [{"name": "惠农农资经营部", "role": "当事人", "unit": ""}],
    },
)  # fmt: skip
REASONS = {
    "agree": "材料齐全，事实清楚，街道的认定有规范依据，处理幅度适当。", "disagree": "现有证据不足以证明用途已改变，应先补充调查，再作认定。",
    "reserve": "两种观点都有裁判支持，建议结合用地备案的补办可能性再定。", "suggest": "建议先责令限期改正并告知补办途径，逾期不改再行处罚。",
}  # fmt: skip


def load(context: Any) -> None:
    """Thirteen experts, and consultations of the first town and two others in every state."""
    district = context.session.scalars(select(Organisation).where(Organisation.kind == "district")).one()
    experts(context, district)
    first = next(town for town in context.towns if town.code == RICH)
    others = [town for town in context.towns if town.code in ("500115003", "500115132")]
    for number, state in enumerate(("draft", "approving", "submitted", "returned", "accepted", "collecting", "summing", "issued", "answered", "archived", "declined")):
        one(context, first, number, state)
    for town in others:
        for number, state in enumerate(("collecting", "archived", "submitted", "archived", "issued")):
            one(context, town, number + 1, state)
    context.session.flush()


def experts(context: Any, district: Organisation) -> None:
    """The demonstration's expert account belongs to the first of the pool; one term is over, one ends soon, one is suspended."""
    used = select(Account).join(RoleGrant, RoleGrant.account_id == Account.id).where(RoleGrant.role == "expert").order_by(Account.id)
    accounts = list(context.session.scalars(used))
    for number, ((unit, title), fields) in enumerate(zip(UNITS, FIELDS, strict=True)):
        account = accounts[number] if number < len(accounts) else None
        ends = {3: context.today - dt.timedelta(days=12), 5: context.today + dt.timedelta(days=25)}.get(number, dt.date(context.today.year + 2, 12, 31))
        context.session.add(
            Expert(
                org_id=district.id, name=account.name if account else context.name(), unit=unit, title=title, fields=fields,
                term_from=dt.date(context.today.year - 1, 1, 1), term_to=ends,
                telephone=f"13{context.random.randint(0, 9)}{context.random.randint(10000000, 99999999)}", account_id=account.id if account else None,
                interests=[["春花水产专业合作社", ""]] if number == 7 else [], suspended=number == 11,
            )
        )  # fmt: skip
    context.session.flush()


def _account(context: Any, town: Organisation, role: str) -> Account:
    held = select(Account).join(RoleGrant, RoleGrant.account_id == Account.id).where(RoleGrant.org_id == town.id, RoleGrant.role == role)
    found: Account = context.session.scalars(held.limit(1)).one()
    return found


def one(context: Any, town: Organisation, number: int, state: str) -> None:
    """A consultation brought to where it would be by now."""
    case, chance, calendar = CASES[number % len(CASES)], context.random, current_calendar()
    ago = {"draft": 0, "approving": 1, "submitted": 2, "returned": 4, "accepted": 3, "collecting": 5, "summing": 12, "issued": 20, "answered": 35, "declined": 40}
    days = ago.get(state, chance.randint(60, 300)) + (9 if town.code != RICH and state == "collecting" else 0)
    begun = calendar.previous_working_day(context.today - dt.timedelta(days=days))
    officer, leader = _account(context, town, "handling_officer"), _account(context, town, "leader")
    shown = (("现场勘验笔录", "位置、面积和用途"), ("询问笔录", "建设经过"), ("现场照片 12 张", "现状"))
    files = [{"name": name, "proves": proves, "file": None, "filename": ""} for name, proves in shown]
    consultation = Consultation(
        org_id=town.id, title=case["title"], field=case["field"], triggers=case["triggers"], facts=case["facts"], law=case["law"], questions=case["questions"],
        own_view=case["own_view"] if state != "draft" else "", parties=case["parties"], evidence=files if state != "draft" else [], created_by=officer.id,
        created_on=begun,
        case_no=f"{town.short_name}罚〔{begun.year}〕{chance.randint(3, 60)}号", filed_on=begun - dt.timedelta(days=20), needed_by=context.today + dt.timedelta(days=20),
        urgency="urgent" if number % 5 == 1 else "normal", state="draft", state_on=begun, sort_due=rules.FOREVER,
    )  # fmt: skip
    context.session.add(consultation)
    context.session.flush()
    consultation.organisation = town
    for account, part in ((officer, "handler"), (leader, "approver")):
        if part == "handler" or state != "draft":
            row = Access(org_id=town.id, consultation_id=consultation.id, account_id=account.id, member_org_id=town.id, part=part, name=account.name, since=begun)
            context.session.add(row)
    if state != "draft":
        advance(context, consultation, state, begun, officer, leader)


def advance(context: Any, c: Consultation, state: str, begun: dt.date, officer: Account, leader: Account) -> None:
    """The same effects as the pages have, on days of the past."""
    session, calendar = context.session, current_calendar()
    c.approver_id, c.submitted_by, c.state = leader.id, officer.id, state
    if state == "approving":
        return
    requests.approve(session, c, {}, max(begun, context.today - dt.timedelta(days=2)) if state == "submitted" else begun)
    if state in ("submitted", "returned", "declined"):
        c.sort_due = c.sort_due if state == "submitted" else rules.FOREVER
        return
    c.taken_on, c.form, c.sort_due = calendar.add_working_days(begun, 1).day, "meeting" if c.id % 2 else "written", rules.FOREVER
    if state == "accepted":
        return
    c.invited_on, c.opinion_due = c.taken_on, calendar.add_working_days(c.taken_on, 5).day
    c.sort_due = c.opinion_due if state == "collecting" else rules.FOREVER
    if c.form == "meeting":
        c.meeting_at = dt.datetime.combine(c.opinion_due, dt.time(1, 30), tzinfo=dt.UTC)
        c.meeting_place = "区司法局三楼会议室"
    members(context, c, state)
    if state == "collecting":
        return
    c.closed_on = c.opinion_due
    session.flush()
    paper = closing.draw_up(session, c, c.closed_on)
    if state == "summing":
        return
    paper.advice = "建议以街道意见为基础，补充用途证据后依法处理；涉及职权划分的，与自然资源部门书面确认。"
    issued = calendar.add_working_days(c.opinion_due, 2).day
    signer = session.scalars(select(Account.name).join(RoleGrant, RoleGrant.account_id == Account.id).where(RoleGrant.role == "supervisor")).first()
    with use_actor(Actor(None, signer or "", "supervisor")):
        closing.seal(session, paper, c, min(issued, context.today))
    closing.issue(session, c, min(issued, context.today))
    if state == "issued":
        return
    c.answer, c.answer_reasons, c.answer_state = context.random.choice(rules.ANSWERS[:2]), "会商意见依据充分，已据此补充调查。", "confirmed"
    c.answer_by, c.answered_on, c.sort_due = officer.id, min(calendar.add_working_days(issued, context.random.randint(4, 18)).day, context.today), rules.FOREVER
    if state == "archived":
        finish(context, c, paper)


def drawn(context: Any, c: Consultation, pool: list[rules.Candidate]) -> Draw:
    """One expert of the field, drawn as the page draws: among those against whom nothing stands."""
    known, until = panel.case_of(context.session, c), context.today
    judged = [(item, rules.bars(item, known, until, context.today)) for item in sorted(pool, key=lambda item: item.key)]
    free = [item for item, bars in judged if not bars]
    seed = f"{c.number}-{context.random.randrange(16**16):016x}"
    record = Draw(
        org_id=c.org_id, consultation_id=c.id, field=c.field, algorithm=rules.ALGORITHM, seed=seed, wanted=1, result=rules.draw(seed, [item.key for item in free], 1),
        candidates=[{"key": item.key, "name": item.name, "unit": item.unit} for item in free], drawn_at=utcnow(), drawn_by="演示",
        excluded=[{"name": item.name, "unit": item.unit, "why": "、".join(str(words.BARS[code]) for code in bars)} for item, bars in judged if bars],
    )  # fmt: skip
    context.session.add(record)
    context.session.flush()
    return record


def members(context: Any, c: Consultation, state: str) -> None:
    """A panel of three: an expert drawn, one chosen, a department; with opinions where it is that far."""
    session = context.session
    pool = panel.expert_candidates(session, context.today)
    record = drawn(context, c, [item for item in pool if c.field in item.fields])
    expert = next(item for item in pool if item.account_id is not None)
    units = [item for item in panel.unit_candidates(session, context.today) if item.org_id != c.org_id]
    departments = [item for item in units if item.kind == "department"]
    towns = [item for item in units if item.kind == "town"]
    by_draw = [item for item in pool if item.key in record.result]
    others = [(departments[c.id % len(departments)], "hand"), (towns[c.id % len(towns)], "hand")]
    chosen = [(expert, "hand"), *((item, "draw") for item in by_draw), *others] if expert not in by_draw else [(expert, "draw"), *others]
    chosen = chosen[:3]
    said = context.random.choices(("agree", "agree", "suggest", "disagree", "reserve"), k=3)
    for place, (who, how) in enumerate(chosen):
        given = state != "collecting" or place == 1
        seat = Seat(
            org_id=c.org_id, consultation_id=c.id, account_id=who.account_id, member_org_id=who.org_id, kind=who.kind, expert_id=who.expert_id, name=who.name,
            unit=who.unit, chosen=how, draw_id=record.id if how == "draw" else None, number=c.number,
            state="submitted" if given else ("declared" if place == 0 and c.id % 2 else "invited"), state_on=min(c.opinion_due, context.today) if given else c.invited_on,
            due_on=c.opinion_due, late=given and place == 2 and c.id % 3 == 0, attended=True if c.form == "meeting" and given else None,
        )  # fmt: skip
        session.add(seat)
        session.flush()
        if seat.state != "invited" and state not in ("archived",):
            session.add(
                Access(org_id=c.org_id, consultation_id=c.id, account_id=who.account_id, member_org_id=who.org_id, part="panel", name=who.name, since=c.invited_on)
            )  # fmt: skip
        if given:
            opinion(context, c, seat, said[place])
    if state == "collecting":
        text = "该用房是否缴纳过耕地占用税？能否提供用地备案表？"
        session.add(Inquiry(org_id=c.org_id, consultation_id=c.id, account_id=chosen[1][0].account_id, text=text, asked_at=utcnow()))
    session.flush()


def opinion(context: Any, c: Consultation, seat: Seat, said: str) -> None:
    """What a member says, question by question."""
    answers = [
        {"conclusion": code, "reasons": REASONS[code], "basis": c.law.split("；")[0]}
        for code in (said if place == 0 else context.random.choice(("agree", "suggest")) for place in range(len(c.questions)))
    ]  # fmt: skip
    at = dt.datetime.combine(seat.state_on, dt.time(7, 0), tzinfo=dt.UTC)
    context.session.add(Opinion(org_id=c.org_id, consultation_id=c.id, seat_id=seat.id, account_id=seat.account_id, answers=answers, remark="", given_at=at))


def finish(context: Any, c: Consultation, paper: Paper) -> None:
    """Archived, with its case in the library and what became of it."""
    assert c.answered_on is not None
    c.archived_on = min(c.answered_on + dt.timedelta(days=5), context.today)
    c.outcome = context.random.choice((*rules.OUTCOMES[:2], "none"))
    c.outcome_on = c.archived_on
    entry = library.collect(context.session, c, paper, panel.seats(context.session, c.id))
    count = len(list(context.session.scalars(select(LibraryEntry.id))))
    if count > 1:
        entry.state, entry.published_on = "published", c.archived_on
