"""Demonstration data: three half-years, one of them missed; meetings held, moved, cancelled, coming; resolutions kept, late and overdue.

Everything goes through the use cases with the day passed in, as it would have happened.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import g
from sqlalchemy import delete, select

from plugins.meetings import following, halfyears, members, minuting, planning, rights, rules, sitting, telling, topics, workflow
from plugins.meetings.models import Attendance, Delegate, Invitation, Meeting, MeetingChange, Membership, Note
from plugins.meetings.models_results import Busy, Comment, Minutes, Report, Resolution
from portal.auth.models import Account, RoleGrant
from portal.calendar.service import current_calendar
from portal.context import Actor, use_actor
from portal.directory.models import Organisation
from portal.inbox.models import Notice
from portal.tenancy import EVERYTHING, use_scope

TOPICS = (
    ("夜市占道经营联合整治", "联合执法", "入夏以来夜市占道经营反映集中，城管、市场监管与街道各管一段，摊贩转移后又回流。",
     "请明确牵头单位，建立联合巡查和信息互通机制。"),
    ("渣土运输夜间执法衔接", "职责争议", "渣土车超载、抛洒分属交通、城管、公安职责，现场发现后移交不及时。", "请明确发现、拦停、取证、处理的衔接程序。"),
    ("执法证件到期换发安排", "制度建设", "本年度到期证件较多，部分街镇换证培训与考试时间冲突。", "请统一换证批次和培训时间。"),
    ("农村违法建设巡查责任", "职责争议", "巡查责任在镇、村与规划部门之间不清，处置滞后。", "请明确巡查频次、报告时限和处置主体。"),
    ("油烟噪声投诉办理口径", "联合执法", "同类投诉在不同街镇办理口径不一，重复投诉多。", "请统一受理标准、检测安排和答复口径。"),
    ("执法记录仪配备与使用", "制度建设", "部分街镇设备不足，影像保存不规范。", "请核定配备标准，统一保存期限和调取程序。"),
    ("长江沿线非法捕捞线索移送", "个案协调", "线索移送后反馈慢，街镇难以回复举报人。", "请确定移送清单和反馈时限。"),
    ("校园周边食品摊点管理", "联合执法", "上下学时段流动摊点集中，单部门执法效果有限。", "请建立校园周边联合巡查时段表。"),
)  # fmt: skip
RESOLUTIONS = (
    "建立夜市联合巡查机制，每周至少两次联合巡查，信息当日互通", "制定渣土运输夜间执法衔接办法，明确发现、拦停、取证、处理程序", "编制本年度执法证件换发批次表并组织培训",
    "划定农村违法建设巡查责任片区，公布巡查频次和报告时限", "统一油烟噪声投诉受理标准和答复口径", "核定执法记录仪配备标准并统一保存期限",
)  # fmt: skip
NOTES = (
    "会议听取了{unit}的汇报，与会单位就职责分工和工作衔接进行了讨论。",
    "会议认为，问题的关键在于信息不互通、责任不到边，应当以机制固定下来。",
    "会议要求，各单位按时报送进展，确有困难的提前说明。",
)


def load(context: Any) -> None:
    """Load it where the demonstration's accounts are."""
    account = context.session.scalars(select(Account).where(Account.username == "meet")).one_or_none()
    if account is None:
        return
    with use_scope(EVERYTHING):
        _Story(context, account).tell()


class _Story:
    """What happened, day by day."""

    def __init__(self, context: Any, account: Account) -> None:
        self.session, self.today, self.account = context.session, context.today, account
        self.chance = random.Random(20260701)  # noqa: S311 - invented data
        self.units = {unit.name: unit for unit in self.session.scalars(select(Organisation).order_by(Organisation.weight))}
        self.half = rules.half_of(self.today)
        self.before = rules.half_before(self.half)
        self.third = rules.half_before(self.before)

    # -- who acts ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def acting(self, username: str) -> Iterator[None]:
        account = self.session.scalars(select(Account).where(Account.username == username)).one()
        grant = self.session.scalars(select(RoleGrant).where(RoleGrant.account_id == account.id).order_by(RoleGrant.id).limit(1)).one()
        kept = g.pop("rights", None)
        g.rights = {permission.code for permission in rights.PERMISSIONS}
        try:
            with use_actor(Actor(account.id, account.name, grant.role, grant.org_id)):
                yield
        finally:
            g.pop("rights", None)
            if kept is not None:
                g.rights = kept

    def username_of(self, unit: str) -> str:
        held = select(Account.username).join(RoleGrant, RoleGrant.account_id == Account.id).where(RoleGrant.org_id == self.units[unit].id)
        found: str = self.session.scalars(held.where(RoleGrant.role.in_(("office_head", "department_liaison"))).order_by(Account.id)).first() or "meet"
        return found

    def do(self, record: Any, action: str, on: dt.date, who: str = "meet", **data: Any) -> None:
        flow = next(item for item in workflow.WORKFLOWS if isinstance(record, item.model))
        with self.acting(who):
            flow.perform(record.id, action, data, today=on)

    # -- days ---------------------------------------------------------------------------------------------------------------

    def work(self, day: dt.date) -> dt.date:
        return current_calendar().next_working_day(day)

    def after(self, day: dt.date, count: int) -> dt.date:
        return current_calendar().add_working_days(day, count).day

    def early(self, day: dt.date) -> dt.date:
        return current_calendar().previous_working_day(rules.latest_notice(current_calendar(), day, 4))

    # -- the story --------------------------------------------------------------------------------------------------------

    def tell(self) -> None:
        self.found()
        self.kept_half()
        self.missed_half()
        self.recent()
        self.coming()
        self.topics_waiting()
        with self.acting("meet"):
            if any(verdict.state == "missed" for verdict in halfyears.overview(self.session, self.today)):
                halfyears.judge(self.session, self.today)
                year, half = self.before
                halfyears.explain(year, half, "例会原定在半年末召开，因汛期应急值守改期至下一半年初。今后例会安排在每半年的第四个月。")
        self.date_back()

    def found(self) -> None:
        since = rules.half_begin(self.third)
        with self.acting("meet"):
            members.save_conference(
                {
                    "name": "长寿区综合行政执法联席会议", "convener": "区政府分管副区长", "deputy": "区司法局局长", "office": "区司法局（联席会议办公室）",
                    "contact": self.account.name,
                    "phone": "023-40240001", "place": "区政府第一会议室",
                }
            )  # fmt: skip
            members.join([unit.id for unit in self.units.values() if unit.kind != "district"], since)
            for membership in self.session.scalars(select(Membership)).unique():
                self.name_delegates(membership, since)

    def name_delegates(self, membership: Membership, since: dt.date) -> None:
        known = members.accounts_of(self.session, membership.unit_id)
        people = [name for _key, name in known] or [self.chance.choice("王李张刘陈杨赵黄周吴") + self.chance.choice(("建国", "秀兰", "志远", "海燕", "晓梅", "立新"))]
        position = "综合行政执法办公室主任" if membership.unit.is_town else "法规科科长"
        phone = f"138{self.chance.randint(10000000, 99999999)}"
        row = {"org_id": membership.org_id, "membership_id": membership.id}
        if membership.unit.name == "葛兰镇":
            change = rules.half_begin(self.half)
            self.session.add(Delegate(**row, post="liaison", name="原联络员周明", position=position, phone=phone, since=since, until=change - dt.timedelta(days=1)))
            since = change
        self.session.add(Delegate(**row, post="liaison", name=people[-1], position=position, phone=phone, account_id=known[-1][0] if known else None, since=since))
        self.session.add(
            Delegate(**row, post="deputy", name=self.chance.choice(("刘芳", "赵磊", "周敏", "吴强")), position="副主任科员", phone=phone[:-1] + "0", since=since)
        )
        self.session.flush()

    def meeting(self, day: dt.date, kind: str, listed: list[int], today: dt.date, **more: Any) -> Meeting:
        with self.acting("meet"):
            key = planning.save(None,
             {"kind": kind, "day": day, "start": dt.time(9, 30), "end": dt.time(11, 30), "place": "区政府第一会议室", "chair": "区政府分管副区长",
                                       "recorder": self.account.name, "day_off_ok": True, **more}, today)  # fmt: skip
            planning.add_item(key, "通报上次会议议定事项办理情况", 10)
            if listed:
                planning.add_topics(key, listed)
        found: Meeting = self.session.get(Meeting, key)
        self.do(found, "schedule", today)
        return found

    def topic(self, number: int, unit: str, day: dt.date, accept: bool = True) -> int:
        title, category, background, request = TOPICS[number]
        with self.acting(self.username_of(unit)):
            values = {
                "title": title,
                "category": category,
                "background": background,
                "request": request,
                "minutes": self.chance.choice((15, 20, 30)),
                "reporter": f"{unit}负责人",
            }
            key = topics.save(None, values, day)
            workflow.TOPIC.perform(key, "submit", {}, today=day)
        if accept:
            self.do(self.session.get(topics.Topic, key), "accept", day)
        return key

    def answer(self, meeting: Meeting, day: dt.date, *, silent: int = 0) -> None:
        for number, row in enumerate(planning.invitations(self.session, meeting.id)):
            if silent and number % silent == 0:
                continue
            step = "excuse" if number % 9 == 4 else "substitute" if number % 7 == 3 else "attend"
            liaison = sitting.delegate_of(row.unit_id)
            who = {"name": f"{row.unit_name[:2]}代会人", "position": "副科长", "phone": f"139{row.unit_id:08d}"} if step == "substitute" else {
                "name": liaison.name if liaison else row.unit_name, "position": liaison.position if liaison else "", "phone": f"137{row.unit_id:08d}"}  # fmt: skip
            self.do(row, step, day, self.username_of(row.unit_name), **({"reason": "同日有上级检查"} if step == "excuse" else who))

    def hold(self, meeting: Meeting, *, absent: int = 9) -> None:
        day = meeting.day
        self.do(meeting, "open", day)
        with self.acting("meet"):
            for number, row in enumerate(planning.invitations(self.session, meeting.id)):
                if number % absent == 4:
                    continue
                name = row.name or f"{row.unit_name[:2]}代表"
                sitting.sign_in(meeting.id, row.id, {"name": name, "position": row.position, "phone": f"136{row.unit_id:08d}"}, ("list", "qr", "hand")[number % 3], day)
            for item in planning.agenda(self.session, meeting.id):
                text = "\n".join(NOTES).format(unit=item.unit_name or "办公室")
                sitting.save_note(meeting.id, item.id, text if item.topic_id else "办公室通报了上次会议议定事项办理情况。", 0)
                sitting.set_outcome(meeting.id, item.id, "decided" if item.topic_id else "noted")

    def resolve(self, meeting: Meeting, text: str, lead: str, due: dt.date, co: tuple[str, ...] = (), outside: str = "") -> Resolution:
        item = next((row for row in planning.agenda(self.session, meeting.id) if row.topic_id), None)
        with self.acting("meet"):
            data = {"text": text, "lead": [] if outside else [self.units[lead].id], "outside": outside, "co_units": [self.units[name].id for name in co], "due_on": due}
            return sitting.record_resolution(meeting.id, item.id if item else None, data)

    def minutes_of(self, meeting: Meeting, day: dt.date) -> Minutes:
        self.do(meeting, "draft_minutes", day)
        return minuting.editions(self.session, meeting.id)[0]

    def issue(self, meeting: Meeting, day: dt.date) -> Minutes:
        minutes = self.minutes_of(meeting, self.work(meeting.day + dt.timedelta(days=1)))
        self.do(minutes, "circulate", day, comment_by=day)
        self.do(minutes, "settle", day, early=True)
        self.do(minutes, "sign", day, "chair")
        return minutes

    def keep(self, row: Resolution, day: dt.date, *, verified: bool = True) -> None:
        """Report, claim and verify."""
        who = self.username_of(row.lead_name)
        with self.acting(who):
            following.report(row.id, "已制定实施方案并组织部署，正在推进。", 50, [], max(row.agreed_on, day - dt.timedelta(days=14)))
        self.do(row, "claim", day, who, text="已按要求完成，相关文件已印发执行。")
        if verified:
            self.do(row, "verify", self.after(day, 2), text="已核实，情况属实。")

    def kept_half(self) -> None:
        """A half-year as it should be: met, everything done."""
        day = self.work(rules.half_begin(self.third) + dt.timedelta(days=110))
        notice = self.early(day)
        listed = [self.topic(0, "江南街道", notice - dt.timedelta(days=10)), self.topic(1, "区公安局", notice - dt.timedelta(days=9))]
        meeting = self.meeting(day, "regular", listed, notice)
        self.do(meeting, "notify", notice)
        self.answer(meeting, notice)
        self.hold(meeting)
        first = self.resolve(meeting, RESOLUTIONS[0], "江南街道", self.after(day, 25), ("区公安局", "区城市管理局"))
        second = self.resolve(meeting, RESOLUTIONS[1], "区公安局", self.after(day, 30), ("区城市管理局",))
        self.do(meeting, "hold", day)
        self.issue(meeting, self.after(day, 5))
        self.keep(first, self.after(day, 20))
        self.keep(second, self.after(day, 36))
        self.do(meeting, "close", self.after(day, 40))

    def missed_half(self) -> None:
        """Planned for the last days of a half-year, moved into the next one: the first is missed."""
        planned = current_calendar().previous_working_day(rules.half_end(self.before) - dt.timedelta(days=1))
        day = self.work(rules.half_begin(self.half) + dt.timedelta(days=8))
        if day >= self.today:
            return
        notice = self.early(planned)
        listed = [self.topic(2, "凤城街道", notice - dt.timedelta(days=6)), self.topic(3, "葛兰镇", notice - dt.timedelta(days=5))]
        meeting = self.meeting(planned, "regular", listed, notice)
        self.do(meeting, "notify", notice)
        self.do(meeting, "move", self.work(planned - dt.timedelta(days=2)), day=day, start=dt.time(14, 30), end=dt.time(16, 30), place="区政府第一会议室",
         reason="汛期应急值守",
                day_off_ok=True, urgent_reason="汛期值守安排变化")  # fmt: skip
        self.answer(meeting, self.work(planned))
        self.hold(meeting)
        rows = [
            self.resolve(meeting, RESOLUTIONS[2], "凤城街道", self.after(day, 30)),
            self.resolve(meeting, RESOLUTIONS[3], "葛兰镇", self.after(day, 45), ("区规划自然资源局",)),
            self.resolve(meeting, "商请市级驻区单位规范施工围挡", "", self.after(day, 40), outside="市属驻区建设单位"),
        ]
        self.do(meeting, "hold", day)
        minutes = self.issue(meeting, self.after(day, 7))
        self.keep(rows[0], self.after(day, 26))
        self.do(rows[2], "letter", self.after(day, 12), letter="区司法函〔2026〕12号，已复函同意整改")
        self.do(minutes, "revise", self.after(day, 10), reason="参会人员职务有误")
        fresh = minuting.editions(self.session, meeting.id)[0]
        self.do(fresh, "circulate", self.after(day, 10), comment_by=self.after(day, 10))
        self.do(fresh, "settle", self.after(day, 10), early=True)
        self.do(fresh, "sign", self.after(day, 11), "chair")

    def recent(self) -> None:
        """An ad hoc meeting two months ago with everything that can happen to resolutions; one last week whose minutes go round."""
        day = self.work(self.today - dt.timedelta(days=62))
        notice = self.early(day)
        meeting = self.meeting(day, "adhoc",
         [self.topic(4, "晏家街道", notice - dt.timedelta(days=4)), self.topic(5, "区市场监管局", notice - dt.timedelta(days=4))], notice,
                               title="油烟噪声与执法装备专题联席会议")  # fmt: skip
        self.do(meeting, "notify", notice)
        self.answer(meeting, notice)
        self.hold(meeting, absent=6)
        late = self.resolve(meeting, RESOLUTIONS[4], "江南街道", current_calendar().previous_working_day(self.today - dt.timedelta(days=31)), ("区公安局",))
        done = self.resolve(meeting, RESOLUTIONS[5], "区市场监管局", self.after(day, 25))
        review = self.resolve(meeting, "建立校园周边食品摊点联合巡查时段表", "凤城街道", self.after(self.today, 6), ("区市场监管局",))
        asked = self.resolve(meeting, "开展油烟净化设施安装情况摸底", "晏家街道", self.after(self.today, 2))
        self.resolve(meeting, "完善执法影像调取审批程序", "区公安局", self.after(self.today, 25), ("区司法局",))
        self.do(meeting, "hold", day)
        self.issue(meeting, self.after(day, 4))
        with self.acting(self.username_of("江南街道")):
            following.report(late.id, "已与区公安局对接，统一口径初稿正在征求意见。", 40, [], self.after(day, 12))
        self.keep(done, self.after(day, 20))
        self.keep(review, current_calendar().previous_working_day(self.today - dt.timedelta(days=2)), verified=False)
        self.do(
            asked,
            "ask_extension",
            current_calendar().previous_working_day(self.today),
            self.username_of("晏家街道"),
            new_due=self.after(self.today, 20),
            reason="摸底商户多于预期",
        )
        self.circulating()

    def circulating(self) -> None:
        day = current_calendar().previous_working_day(self.today - dt.timedelta(days=3))
        notice = self.early(day)
        case = self.topic(6, "邻封镇", notice - dt.timedelta(days=2))
        with self.acting("meet"):
            topics.limit(case, True, [self.units[name].id for name in ("江南街道", "区公安局")])
        meeting = self.meeting(day, "adhoc", [case], notice, title="长江沿线执法协作专题会议")
        self.do(meeting, "notify", notice)
        self.answer(meeting, notice)
        self.hold(meeting)
        self.resolve(meeting, "编制线索移送清单，明确反馈时限为十个工作日", "区公安局", self.after(self.today, 15), ("邻封镇", "江南街道"))
        self.do(meeting, "hold", day)
        minutes = self.minutes_of(meeting, day)
        self.do(minutes, "circulate", day, comment_by=self.after(self.today, 1))
        lines = [row for row in minuting.paragraphs(self.session, minutes.id) if row.kind == "text"]
        with self.acting(self.username_of("江南街道")):
            minuting.comment(minutes.id, lines[2].id, "建议写明江南街道参与联合巡航的范围。", f"{lines[2].text.rstrip('。')}，江南街道负责辖区岸线。", day)
        with self.acting(self.username_of("区公安局")):
            minuting.comment(minutes.id, lines[3].id, "表述过重，建议删去“责任不到边”。", "", day)
        with self.acting("meet"):
            first = minuting.comments(self.session, minutes.id)[lines[2].id][0]
            minuting.settle_comment(minutes.id, first.id, True, "采纳。")

    def coming(self) -> None:
        """The next meeting with half of the answers; one that was cancelled; one still being planned."""
        day = self.after(self.today, 7)
        meeting = self.meeting(day, "adhoc", [self.topic(7, "江南街道", self.work(self.today - dt.timedelta(days=8)))], self.today, title="岁末联合执法专项行动部署会")
        self.do(meeting, "notify", self.today)
        self.answer(meeting, self.today, silent=2)
        off = self.meeting(self.after(self.today, 12), "adhoc", [], self.today, title="冬季道路运输执法协调会")
        self.do(off, "notify", self.today)
        self.do(off, "cancel", self.today, reason="并入岁末专项行动部署会一并研究")
        with self.acting("meet"):
            planning.save(None, {"kind": "regular", "day": self.work(rules.half_end(self.half) + dt.timedelta(days=100)), "start": dt.time(9, 30), "end": dt.time(11, 30),
                                 "place": "区政府第一会议室", "chair": "区政府分管副区长", "day_off_ok": True}, self.today)  # fmt: skip
        for name, hour in (("区公安局", 9), ("江南街道", 10)):
            start = telling.at(self.after(self.today, 9), dt.time(hour))
            self.session.add(Busy(org_id=self.units[name].id, uid=f"demo-{name}", title="本单位党委会", starts_at=start, ends_at=start + dt.timedelta(hours=2)))
        self.session.flush()

    def topics_waiting(self) -> None:
        """Topics in every state, reviews asked for and given."""
        day = self.work(self.today - dt.timedelta(days=6))
        reviewed = self.topic(0, "葛兰镇", day)
        with self.acting("meet"):
            topics.ask_review(reviewed, [self.units[name].id for name in ("区公安局", "江南街道", "区城市管理局")], self.after(self.today, 2), day)
        with self.acting(self.username_of("区公安局")):
            topics.give_review(reviewed, "amend", "建议补充夜间警力配合的条件和联系方式。", self.today)
        self.topic(1, "江南街道", day, accept=False)
        self.topic(3, "区规划自然资源局", day, accept=False)
        back = self.topic(2, "江南街道", day, accept=False)
        self.do(self.session.get(topics.Topic, back), "return", self.today, reason="请补充本单位到期证件人数和培训建议。")
        later = self.topic(5, "凤城街道", day)
        self.do(self.session.get(topics.Topic, later), "defer", self.today, reason="待市级标准印发后再议。")

    def date_back(self) -> None:
        """Moments are those of the days on which it happened; what was told then is told no more."""
        for report in self.session.scalars(select(Report)):
            report.at = telling.at(report.on, dt.time(15, 20))
        days = dict(self.session.execute(select(Meeting.id, Meeting.day)).all())
        for signed in self.session.scalars(select(Attendance)):
            signed.at = telling.at(days[signed.meeting_id], dt.time(9, 10 + signed.id % 18))
        for note in self.session.scalars(select(Note)):
            note.saved_at = telling.at(days[note.meeting_id], dt.time(11, 5))
        for change in self.session.scalars(select(MeetingChange).where(MeetingChange.kind == "moved")):
            change.at = change.old_starts_at - dt.timedelta(days=2)
        for comment in self.session.scalars(select(Comment)):
            comment.made_at = telling.at(days[self.session.get(Minutes, comment.minutes_id).meeting_id], dt.time(17, 5))
        notified = dict(self.session.execute(select(Meeting.id, Meeting.notified_on)).all())
        for invitation in self.session.scalars(select(Invitation).where(Invitation.answered_at.is_not(None))):
            invitation.answered_at = telling.at(notified[invitation.meeting_id] or self.today, dt.time(10, 30))
        self.session.flush()
        table: Any = Notice.__table__
        self.session.execute(delete(table).where(table.c.plugin == "meetings"))
