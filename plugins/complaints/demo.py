"""Demonstration data: matters of every kind in every state, long texts, accusations, transfers, drafts."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from typing import Any

from sqlalchemy import select

from plugins.complaints import demo_cases, intake, rules, words
from plugins.complaints.models import Complaint, Entry, Incoming, Place, Transfer
from portal.auth.models import Account, RoleGrant
from portal.calendar.service import current_calendar
from portal.config import current_settings
from portal.directory.models import Organisation, Person

PLACES = ("桃花新城", "古佛村", "永丰社区", "白庙社区", "关口社区", "三峡路", "凤山公园", "向阳路农贸市场", "协信广场", "文苑大道", "黄桷湾村", "长寿北站")
STORIES = (
    ("夜市烧烤占道经营，油烟扰民", "每天傍晚七点以后，十余家烧烤摊占用人行道经营，油烟直排，行人只能走机动车道，凌晨两点还在喧哗。", "夜市烧烤摊", "市容环境"),
    ("楼顶违法搭建阳光房", "同单元顶楼住户在公共屋面搭建约三十平方米的阳光房，堵塞消防通道，下雨时楼道渗水。", "3 栋 2 单元顶楼住户", "违法建设"),
    ("工地夜间施工噪声", "晚上十一点后仍有混凝土泵车作业，已连续四天，影响学生休息。", "滨江花园二期项目部", "油烟噪声"),
    ("向河道倾倒建筑垃圾", "清晨有货车向河边倾倒建筑垃圾，车牌后三位为 718，已拍到照片。", "不明货车", "市容环境"),
    ("餐馆后厨污水直排", "餐馆污水未经隔油直接排入雨水井，巷内异味严重。", "老灶火锅店", "市容环境"),
    ("农资店销售过期农药", "所购农药已过保质期两个月，使用后秧苗枯黄。", "惠农农资经营部", "农业农村"),
    ("物业擅自改变绿地用途", "小区集中绿地被硬化为收费停车位，未征求业主意见。", "安居物业公司", "违法建设"),
    ("烟花爆竹店占用消防通道", "店铺将货架摆到疏散通道内，有安全隐患。", "喜庆烟花店", "安全生产"),
)
RICH = "500115001"
LONG_OBJECT = "重庆市长寿区某某农业综合开发有限责任公司长寿湖特色水产养殖示范基地"


def load(context: Any) -> None:
    """Some two hundred matters, most of them in the first town; one town has none."""
    first = next(town for town in context.towns if town.code == RICH)
    staff(context, first)
    for town in context.towns:
        if town.code == "500115137":
            continue
        for name in PLACES[:: 1 if town.code == RICH else 3]:
            context.session.add(Place(org_id=town.id, name=name))
        for number in range(60 if town.code == RICH else 7):
            one(context, town, number)
    context.session.flush()
    accusation(context, first)
    incoming(context, first)
    settle_forgotten(context)
    demo_cases.load(context, first)


def settle_forgotten(context: Any) -> None:
    """No office of the demonstration has left a matter lying for months."""
    calm = dataclasses.replace(context, random=random.Random(5))  # noqa: S311 - invented data
    long_ago = context.today - dt.timedelta(days=30)
    held = select(RoleGrant.org_id, Account).join(Account, Account.id == RoleGrant.account_id).where(RoleGrant.role == "office_head")
    heads: dict[int, Account] = {row[0]: row[1] for row in context.session.execute(held)}
    left = select(Complaint).where(Complaint.state.in_(rules.BEFORE_CONCLUSION), Complaint.due_on < long_ago)
    for complaint in context.session.scalars(left).unique().all():
        if complaint.handler_id is None and (head := heads.get(complaint.org_id)) is not None:
            complaint.handler_id, complaint.handler_name, complaint.assigned_on = head.id, head.name, complaint.received_on
        complaint.first_done_on = complaint.received_on
        finish(calm, complaint, complaint.received_on)


def staff(context: Any, town: Organisation) -> None:
    """Officers are people with accounts, in two teams under the office head."""
    held = select(RoleGrant.account_id, RoleGrant.role).where(RoleGrant.org_id == town.id, RoleGrant.role.in_(("handling_officer", "office_head", "leader")))
    roles = {row.role: row.account_id for row in context.session.execute(held)}
    people: dict[str, Person] = {}
    for role, position in (("leader", "副主任"), ("office_head", "办公室负责人"), ("handling_officer", "执法队员")):
        if role not in roles:
            continue
        account = context.session.get(Account, roles[role])
        team = "一中队" if role == "handling_officer" else ""
        people[role] = Person(org_id=town.id, name=account.name, position=position, employment_type="公务员", account_id=account.id, team=team)
        context.session.add(people[role])
        context.session.flush()
    if "handling_officer" in people and "office_head" in people:
        people["handling_officer"].superior_id = people["office_head"].id


def _who(context: Any) -> dict[str, str]:
    chance = context.random
    phone = f"13{chance.randint(0, 9)}{chance.randint(10000000, 99999999)}"
    return {"name": context.name(), "phone": phone, "address": f"{chance.choice(PLACES)} {chance.randint(1, 90)} 号"}


def one(context: Any, town: Organisation, number: int) -> None:
    chance, calendar = context.random, current_calendar()
    received = calendar.previous_working_day(context.today - dt.timedelta(days=chance.randint(0, 9) if number % 5 == 0 else chance.randint(3, 320)))
    title, content, target, category = STORIES[chance.randrange(len(STORIES))]
    kind = chance.choices(("report", "hotline", "question", "petition", "consumer", "other"), (50, 22, 10, 8, 6, 4))[0]
    anonymous = chance.random() < 0.2
    values = {
        "channel": "12345热线转办" if kind == "hotline" else chance.choice(rules.CHANNELS[:4]), "kind": kind, "category": category,
        "redirect_kind": "information" if kind == "other" else "", "urgency": chance.choices(rules.URGENCIES, (88, 9, 3))[0], "title": title,
        "content": content if number != 7 else (content + "补充说明：" + "该情况已持续较长时间，周边住户多次口头反映未果。" * 60),
        "demand": chance.choice(("请依法查处并告知结果。", "请尽快制止。", "")),
        "place": f"{chance.choice(PLACES)}", "object_name": LONG_OBJECT if number == 11 else target, "received_on": received, "anonymous": anonymous,
        "confidential": chance.random() < 0.25, "external_no": f"CQ{received:%y%m%d}{chance.randint(1000, 9999)}" if kind == "hotline" else "",
    }  # fmt: skip
    made = intake.register(context.session, town.id, values, {} if anonymous else _who(context), context.today)
    advance(context, town, made.complaint, received)


def advance(context: Any, town: Organisation, complaint: Complaint, received: dt.date) -> None:
    """Bring a matter to where it would be by now."""
    chance, today = context.random, context.today
    age = (today - received).days
    if complaint.kind == "other":
        complaint.state, complaint.state_reason = "redirected", str(words.REDIRECT_ADVICE[complaint.redirect_kind])
        complaint.sort_due = rules.FOREVER
        return
    if age <= 1 and chance.random() < 0.7:
        return
    officer = officer_of(context, town)
    complaint.first_done_on = received
    if age <= 12 or chance.random() < 0.06 or officer is None:
        step = chance.choice(("accepted", "assigned", "handling", "handling"))
        complaint.state = step if officer is not None else "accepted"
        if complaint.state != "accepted" and officer is not None:
            complaint.handler_id, complaint.handler_name, complaint.assigned_on = officer.id, officer.name, received
        return
    complaint.handler_id, complaint.handler_name, complaint.assigned_on = officer.id, officer.name, received
    finish(context, complaint, received)


def finish(context: Any, complaint: Complaint, received: dt.date) -> None:
    """Conclude, answer and put away what is old enough."""
    chance, today, calendar = context.random, context.today, current_calendar()
    day = min(today, calendar.add_working_days(received, chance.choices((3, 6, 9, 12, 15, 19), (2, 4, 6, 6, 5, 2))[0]).day)
    complaint.result = chance.choices(rules.RESULTS, (5, 3, 2, 2))[0]
    complaint.facts = f"经现场核查，{complaint.object_name}存在所反映的情形。" if complaint.result in ("属实", "部分属实") else "经现场核查，未发现所反映的情形。"
    complaint.measures = "已责令当场改正，并列入日常巡查。" if complaint.result in ("属实", "部分属实") else "已向反映人说明情况，并加强巡查。"
    complaint.concluded_on, complaint.state, complaint.approved_on = day, "concluded", day
    complaint.days_taken = rules.days_taken(calendar, received, day)
    complaint.late = complaint.due_on is not None and day > complaint.due_on
    complaint.sort_due = rules.FOREVER
    seen = min(day, calendar.add_working_days(received, 2).day)
    at = dt.datetime.combine(seen, dt.time(0) if complaint.anonymous else dt.time(10, 20), tzinfo=current_settings().zone).astimezone(dt.UTC)
    author = complaint.handler_name
    context.session.add(Entry(org_id=complaint.org_id, complaint_id=complaint.id, kind="note", text="到现场核查并拍照取证。", at=at, author=author))
    if (today - day).days > 5:
        complaint.state, complaint.replied_on, complaint.reply_how, complaint.reply_by = "replied", day, "电话", complaint.handler_name
        complaint.reply_text = complaint.facts + complaint.measures
    if (today - day).days > 30 or (complaint.anonymous and complaint.state == "replied"):
        if complaint.anonymous:
            complaint.replied_on, complaint.reply_how, complaint.reply_by, complaint.reply_text = None, "", "", ""
        complaint.state, complaint.archived_on = "archived", min(today, day + dt.timedelta(days=10))


def officer_of(context: Any, town: Organisation) -> Account | None:
    held = select(Account).join(RoleGrant, RoleGrant.account_id == Account.id).where(RoleGrant.org_id == town.id, RoleGrant.role == "handling_officer")
    found: Account | None = context.session.scalars(held.limit(1)).first()
    return found


def accusation(context: Any, town: Organisation) -> None:
    """An accusation against an officer, from whom it is kept."""
    named = context.session.scalars(select(Person).where(Person.org_id == town.id, Person.team == "一中队").limit(1)).unique().first()
    if named is None:
        return
    values = {
        "channel": "来访", "kind": "accusation", "urgency": "normal", "title": "反映执法人员态度粗暴", "place": "向阳路农贸市场", "object_name": "",
        "content": "执法人员检查时未出示证件，态度粗暴，当场要求搬走货物，未给任何书面材料。", "demand": "请调查并给予答复。", "received_on": context.today,
        "category": "执法人员作风", "confidential": True,
    }  # fmt: skip
    intake.register(context.session, town.id, values, _who(context), context.today, officers=[named.id])


def incoming(context: Any, town: Organisation) -> None:
    """Two matters passed on to departments: one waits for its receipt, one came back with a result."""
    departments = context.session.scalars(select(Organisation).where(Organisation.code.in_(("500115-scj", "500115-gaj"))).order_by(Organisation.code)).all()
    open_ones = select(Complaint).where(Complaint.org_id == town.id, Complaint.state == "accepted").order_by(Complaint.id).limit(len(departments))
    for number, (complaint, department) in enumerate(zip(context.session.scalars(open_ones).unique(), departments, strict=False)):
        done = number == 1
        transfer = Transfer(
            org_id=town.id, complaint_id=complaint.id, to_org_id=department.id, to_name=department.name, reason="属于贵单位职权范围。", sent_on=complaint.received_on,
            sent_by="办公室", state="done" if done else "sent", receipt="已收文" if done else "", answered_on=context.today if done else None,
            result="已依法处理并告知当事人。" if done else "", result_on=context.today if done else None,
        )  # fmt: skip
        context.session.add(transfer)
        context.session.flush()
        object_by = current_calendar().add_working_days(complaint.received_on, rules.OBJECT_DAYS).day
        context.session.add(
            Incoming(
                org_id=department.id, transfer_id=transfer.id, from_org_id=town.id, from_name=town.name, number=complaint.number, title=complaint.title,
                content=complaint.content, demand=complaint.demand, place=complaint.place, object_name=complaint.object_name, reason=transfer.reason,
                sent_on=complaint.received_on, object_by=object_by, due_on=complaint.due_on,
                state=transfer.state, receipt=transfer.receipt, answered_on=transfer.answered_on, result=transfer.result, result_on=transfer.result_on,
            )
        )  # fmt: skip
        complaint.state = "passed" if done else "passing"
        complaint.first_done_on = complaint.received_on
        if done:
            complaint.sort_due = rules.FOREVER
    context.session.flush()
