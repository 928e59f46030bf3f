"""Demonstration data: a town at its best, others as they are, one with nothing; a department's session, examinations, a year that is closed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select

from plugins.training import crediting, exams, rules, sessions, years
from plugins.training.models import Duty, Enrolment, Plan, PlanItem, Room, TownInvitation, Training
from plugins.training.models_file import Attempt, Exam, Exemption, External, Question
from plugins.training.sessions import moment
from portal.auth.models import Account, RoleGrant
from portal.auth.operations import grant_role
from portal.database import utcnow
from portal.directory.models import Organisation, Person

RICH = "500115001"
EMPTY = "500115137"
DUTIES = (("500115-gaj", "concerned"), ("500115-cgj", "entrusting"), ("500115-scj", "entrusting"), ("500115-ghj", "concerned"))
COURSES = (
    ("行政处罚法专题", "general", "区委党校教师 刘教授"), ("行政强制法与案例", "general", "区法院 陈法官"), ("执法文书制作", "professional", "办公室 负责人"),
    ("城市管理执法实务", "professional", "区城市管理局 法规科"), ("食品安全监管要点", "professional", "区市场监管局"),
    ("规划自然资源执法", "professional", "区规划自然资源局"),
    ("新修订法律法规解读", "update", "区司法局"), ("执法记录仪与证据固定", "professional", "区公安局法制支队"), ("行政复议与应诉", "general", "区司法局"),
    ("习近平法治思想学习", "political", "党工委"), ("党性教育专题", "party", "党工委"), ("大综合一体化行政执法条例解读", "update", "区司法局"),
)  # fmt: skip
LONG = "关于在全区街镇综合行政执法队伍中深入开展法律知识更新和执法规范化建设专题培训暨典型案例研讨（第二阶段集中授课）"
QUESTIONS = (
    ("行政处罚法", "single", "违法行为在几年内未被发现的，一般不再给予行政处罚？", ("一年", "二年", "三年", "五年"), "B", "行政处罚法第三十六条"),
    ("行政处罚法", "single", "行政机关应当自行政处罚案件立案之日起多少日内作出行政处罚决定？", ("三十日", "六十日", "九十日", "一百八十日"), "C", "行政处罚法第六十条"),
    ("行政处罚法", "single", "当事人要求听证的，应当在行政机关告知后几日内提出？", ("三日", "五日", "七日", "十日"), "B", "行政处罚法第六十四条"),
    ("行政处罚法", "single", "执法人员当场收缴的罚款，应当自收缴之日起几日内交至行政机关？", ("一日", "二日", "三日", "五日"), "B", "行政处罚法第七十一条"),
    ("行政处罚法", "multiple", "下列哪些属于行政处罚的种类？", ("警告、通报批评", "罚款", "行政拘留", "责令改正"), "ABC", "行政处罚法第九条"),
    ("行政处罚法", "multiple", "行政处罚应当由具有行政执法资格的执法人员实施，下列说法正确的有：",
    ("执法人员不得少于两人", "应当主动出示执法证件", "一人即可", "可由辅助人员实施"), "AB", "行政处罚法第四十二条"),
    ("行政处罚法", "judge", "对当事人的同一个违法行为，不得给予两次以上罚款的行政处罚。", (), "A", "行政处罚法第二十九条"),
    ("行政处罚法", "judge", "行政处罚决定书应当在宣告后当场交付当事人；当事人不在场的，应当在七日内送达。", (), "A", "行政处罚法第六十一条"),
    ("行政处罚法", "judge", "罚款数额可以作为对执法人员的考核指标。", (), "B", "行政处罚法第七十四条"),
    ("行政强制法", "single", "查封、扣押的期限不得超过多少日？", ("十五日", "三十日", "六十日", "九十日"), "B", "行政强制法第二十五条"),
    ("行政强制法", "judge", "行政强制措施权不得委托。", (), "A", "行政强制法第十七条"),
)  # fmt: skip


def load(context: Any) -> None:
    """Two years of training in every town but one."""
    for town in context.towns:
        staff(context, town)
        if town.code == EMPTY:
            continue
        rich = town.code == RICH
        context.session.add_all(Room(org_id=town.id, name=name, place=town.name, seats=seats) for name, seats in (("一楼会议室", 40), ("三楼多功能厅", 120)))
        context.session.flush()
        plan(context, town)
        for year in (context.today.year - 1, context.today.year) if rich else (context.today.year,):
            year_of(context, town, year, 20 if rich else 11)
        upcoming(context, town)
        if rich:
            examination(context, town)
    duties(context)
    department(context)


def staff(context: Any, town: Organisation) -> None:
    """Officers; accounts stand for people, and somebody keeps the training files."""
    held = select(RoleGrant.role, RoleGrant.account_id).where(RoleGrant.org_id == town.id).order_by(RoleGrant.id)
    accounts = {row.role: row.account_id for row in context.session.execute(held)}
    clerk = accounts.get("certificate_clerk")
    if clerk is not None and "training_manager" not in accounts:
        grant_role(context.session, context.session.get(Account, clerk), "training_manager", town)
    known = set(context.session.scalars(select(Person.account_id).where(Person.org_id == town.id, Person.account_id.is_not(None))))
    for role, position in (("office_head", "办公室负责人"), ("handling_officer", "执法队员")):
        if accounts.get(role) and accounts[role] not in known:
            account = context.session.get(Account, accounts[role])
            context.session.add(Person(org_id=town.id, name=account.name, position=position, employment_type="公务员", team="一中队", account_id=account.id))
    there = len(context.session.scalars(select(Person.id).where(Person.org_id == town.id)).all())
    for number in range(max(0, (36 if town.code == RICH else 12) - there)):
        team = ("一中队", "二中队", "三中队")[number % 3]
        name = context.name() if number else "阿依古丽·买买提江·吐尔逊"
        context.session.add(Person(org_id=town.id, name=name, gender="男", position="执法队员", employment_type=("公务员", "事业编", "参公")[number % 3], team=team))
    context.session.flush()


def people(context: Any, town: Organisation) -> list[Person]:
    found = select(Person).where(Person.org_id == town.id, Person.post_status == "在岗").order_by(Person.id).limit(60)
    return list(context.session.scalars(found).unique())


def plan(context: Any, town: Organisation) -> None:
    year = context.today.year
    found = Plan(
        org_id=town.id, year=year, title=f"{town.name} {year} 年度培训计划", state="approved", approved_on=dt.date(year, 1, 20), note="各中队合理安排值班，确保参训。"
    )
    context.session.add(found)
    context.session.flush()
    for number, (title, category, lecturer) in enumerate(COURSES):
        context.session.add(
            PlanItem(
                org_id=town.id, plan_id=found.id, theme=title, category=category, halves=8, month=number + 1, lecturer=lecturer, audience="全体执法人员", cost_fen=80_000
            )
        )
    context.session.flush()


def make(context: Any, org: Organisation, start: dt.datetime, title: str, category: str, lecturer: str, **more: Any) -> Training:
    """A session of half a day, or what ``more`` says."""
    values = {
        "title": title, "category": category, "mode": context.random.choice(rules.MODES), "delivery": "面授", "organiser": "own", "organiser_name": "",
        "lecturer": lecturer,
        "place": f"{org.name}会议室", "starts_at": start, "ends_at": start + dt.timedelta(hours=3), "halves": 8, "pause": 0, "audience": "全体执法人员",
        "content": "请课前阅读有关法律条文。", "exam_needed": False, "self_enrol": True, "allow_clash": True, **more,
    }  # fmt: skip
    return sessions.create(context.session, org, values, context.today)[0]


def attend(context: Any, training: Training, listed: list[Person], today: dt.date) -> None:
    """Who came: most of them throughout, some late, some without signing out."""
    chance = context.random
    for person in listed:
        lot = chance.random()
        came, left = training.starts_at, training.ends_at
        if lot > 0.97:
            came = came + dt.timedelta(minutes=50)
        state, gone = ("attended", left) if lot > 0.02 else ("present", None)
        context.session.add(Enrolment(
            org_id=person.org_id, session_id=training.id, host_id=training.org_id, person_id=person.id, person_name=person.name,
                unit=f"{person.organisation.name} {person.team}".strip(),
            source="manager", state=state, asked_at=utcnow(), in_at=came, out_at=gone,
        ))  # fmt: skip
    context.session.flush()
    training.state, training.state_on = "finished", today


def year_of(context: Any, town: Organisation, year: int, number: int) -> None:
    """The sessions of a year that have been held, certified up to two weeks ago."""
    chance, session = context.random, context.session
    listed = people(context, town)[: 45 if town.code == RICH else 12]
    zeal = {person.id: chance.uniform(0.55, 1.0) for person in listed}
    items = {row.theme: row.id for row in session.execute(select(PlanItem.theme, PlanItem.id).where(PlanItem.org_id == town.id))} if year == context.today.year else {}
    taken: set[dt.date] = set()
    for place in range(number):
        on = dt.date(year, 1 + place * 11 // max(number - 1, 1), chance.randint(3, 26))
        while on in taken:
            on += dt.timedelta(days=1)
        if on >= context.today:
            break
        taken.add(on)
        title, category, lecturer = COURSES[place % len(COURSES)]
        whole = category not in rules.NEVER and (place % 2 == 0 or town.code != RICH)
        long = {"starts_at": dt.datetime.combine(on, dt.time(9)), "ends_at": dt.datetime.combine(on, dt.time(17)), "pause": 120, "halves": 16} if whole else {}
        name = LONG if place == 7 and town.code == RICH else title
        training = make(context, town, dt.datetime.combine(on, dt.time(9)), name, category, lecturer, plan_item_id=items.get(title), **long)
        attend(context, training, [person for person in listed if chance.random() < zeal[person.id]], on)
        if (context.today - on).days > 14 or year < context.today.year:
            crediting.certify(session, training, town.id, on)
            training.state, training.certified_on = "certified", on
    if year == context.today.year:
        external(context, listed)


def external(context: Any, listed: list[Person]) -> None:
    """One confirmed, one waiting; one exempt."""
    day = context.today - dt.timedelta(days=40)
    for person, state in zip(listed[1:3], ("confirmed", "submitted"), strict=False):
        row = External(
            org_id=person.org_id, person_id=person.id, person_name=person.name, title="市级行政执法骨干培训班", category="professional", organiser="municipal",
            organiser_name="市司法局", place="市委党校", starts_on=day, ends_on=day + dt.timedelta(days=2), halves=48, state=state, note="",
        )  # fmt: skip
        context.session.add(row)
        context.session.flush()
        if state == "confirmed" and years.is_open(context.session, row.org_id, day.year):
            crediting.confirm_external(context.session, row, day)
    if len(listed) > 4:
        context.session.add(Exemption(org_id=listed[4].org_id, person_id=listed[4].id, person_name=listed[4].name, year=context.today.year, kind="exempt",
                                      on_day=dt.date(context.today.year, 3, 1), reason="产假", state="granted", decided_on=context.today))  # fmt: skip
    context.session.flush()


def upcoming(context: Any, town: Organisation) -> None:
    """Sessions to come: a full one with people waiting, one that has just begun to be planned."""
    listed = people(context, town)
    day = context.today + dt.timedelta(days=6)
    training = make(
        context,
        town,
        dt.datetime.combine(day, dt.time(14)),
        "年末法律知识更新培训",
        "update",
        "区司法局",
        capacity=max(2, len(listed) - 4),
        enrol_until=day - dt.timedelta(days=1),
    )
    training.state = "open"
    context.session.flush()
    sessions.enrol(context.session, training, listed[: len(listed) - 2], "manager", context.today)
    make(context, town, dt.datetime.combine(day + dt.timedelta(days=7), dt.time(9)), "年度执法案卷评查培训", "professional", "区司法局")


def examination(context: Any, town: Organisation) -> None:
    """A pool of questions, an examination that is open now, and one that is over."""
    session = context.session
    for subject, kind, text, options, answer, why in QUESTIONS:
        session.add(
            Question(
                org_id=town.id, subject=subject, kind=kind, text=text, options=list(options), answer=answer, explanation=why, digest=exams.digest_of(subject, kind, text)
            )
        )
    session.flush()
    parts = [{"subject": "行政处罚法", "kind": kind, "count": count, "marks": marks} for kind, count, marks in (("single", 3, 20), ("multiple", 1, 20), ("judge", 2, 10))]
    listed, start = people(context, town), dt.datetime.combine(context.today, dt.time(0, 5))
    for title, kind, opens, state in (
        ("综合法律知识年度测试", "general", start, "open"), ("专业法律知识上半年测试", "professional", start - dt.timedelta(days=120), "closed"),
    ):  # fmt: skip
        exam = Exam(org_id=town.id, title=title, kind=kind, way="online" if state == "open" else "list", opens_at=moment(opens),
            closes_at=moment(opens + dt.timedelta(days=10)),
                    minutes=60, pass_mark=60, attempts=2, parts=parts, seed=f"{context.random.getrandbits(64):016x}", state=state)  # fmt: skip
        session.add(exam)
        session.flush()
        for person in listed[:24]:
            row = Attempt(org_id=town.id, exam_id=exam.id, host_id=town.id, person_id=person.id, person_name=person.name, unit=town.name, state="registered")
            session.add(row)
            session.flush()
            if state == "closed":
                row.handed_in_at, row.by_list = moment(opens + dt.timedelta(hours=4)), True
                exams.settle(session, exam, row, context.random.choice((52, 66, 71, 78, 84, 88, 93, 97)))


def duties(context: Any) -> None:
    for code, kind in DUTIES:
        department_id = context.session.scalar(select(Organisation.id).where(Organisation.code == code))
        if department_id is not None:
            context.session.add(Duty(department_id=department_id, kind=kind, first_year=2022))
    context.session.flush()


def department(context: Any) -> None:
    """The police hold one session for three towns and prepare another."""
    session = context.session
    host = session.scalars(select(Organisation).where(Organisation.code == "500115-gaj")).first()
    if host is None:
        return
    towns = [town for town in context.towns if town.code != EMPTY][:3]
    for days, state, title in ((-30, "finished", "行政执法与刑事司法衔接"), (9, "open", "阻碍执行职务的取证与处置")):
        start = dt.datetime.combine(context.today + dt.timedelta(days=days), dt.time(9, 30))
        training = make(context, host, start, title, "department", "法制支队 杨警官", place="区公安局会议中心")
        for town in towns:
            session.add(TownInvitation(org_id=town.id, session_id=training.id, host_id=host.id, quota=6, state="invited"))
        session.flush()
        if state == "finished":
            for town in towns:
                attend(context, training, people(context, town)[5:10], start.date())
                crediting.certify(session, training, town.id, context.today)
                row = sessions.invitation(session, training.id, town.id)
                assert row is not None
                row.state, row.certified_on = "certified", context.today
        training.state = state
    session.flush()
