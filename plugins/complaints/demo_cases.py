"""Demonstration matters with a history: each shows one thing that a register of plain rows would not."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import random
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw
from sqlalchemy import select

from plugins.complaints import intake, limits, publicity, rules
from plugins.complaints.models import Complaint, Entry, Transfer
from plugins.complaints.models_identity import Identity, Opening
from portal.auth.models import Account, RoleGrant
from portal.calendar.service import current_calendar
from portal.config import current_settings
from portal.directory.models import Organisation, Person
from portal.records import attachments
from portal.records.links import link

Steps = Sequence[tuple[int, str, str]]
"""Working days after the receipt, who, and what was said."""


class Office:
    """The people of a town by their roles, and the days of its matters."""

    def __init__(self, context: Any, town: Organisation) -> None:
        self.context = dataclasses.replace(context, random=random.Random(town.id))  # noqa: S311 - invented data
        self.session, self.town, self.today = context.session, town, context.today
        held = select(RoleGrant.role, Account).join(Account, Account.id == RoleGrant.account_id).where(RoleGrant.org_id == town.id)
        self.people: dict[str, Account] = {row[0]: row[1] for row in self.session.execute(held)}

    @property
    def complete(self) -> bool:
        return {"intake_clerk", "office_head", "handling_officer", "leader", "legal_reviewer", "discipline_officer"} <= self.people.keys()

    def ago(self, working_days: int) -> dt.date:
        """The working day so many working days ago."""
        day, calendar = current_calendar().previous_working_day(self.today), current_calendar()
        for _step in range(working_days):
            day = calendar.previous_working_day(day - dt.timedelta(days=1))
        return day

    def matter(self, received: dt.date, content: str, place: str, about: str, steps: Steps = (), **values: Any) -> Complaint:
        """Register a matter as it was then, with its record of handling."""
        files, origin, officers = values.pop("files", ()), values.pop("origin", None), values.pop("officers", ())
        whole = {"channel": "电话", "kind": "report", "urgency": "normal", "category": "市容环境", **values, "content": content, "place": place, "object_name": about}
        who = {} if whole.get("anonymous") else self.somebody()
        made = intake.register(
            self.session, self.town.id, {**whole, "received_on": received}, who, self.today, files=files, split_from=origin, officers=officers,
        ).complaint  # fmt: skip
        made.registered_by = None if made.anonymous else self.people["intake_clerk"].id
        if received < self.today:
            made.registered_at = self.moment(received, 0)
        for after, role, text in steps:
            self.said(made, after, role, text)
        return made

    def somebody(self) -> dict[str, str]:
        chance = self.context.random
        return {"name": self.context.name(), "phone": f"139{chance.randint(10000000, 99999999)}", "address": f"古佛村 {chance.randint(1, 9)} 组"}

    def moment(self, day: dt.date, hour: int) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(9 + hour, 12), tzinfo=current_settings().zone).astimezone(dt.UTC)

    def said(self, complaint: Complaint, after: int, role: str, text: str, kind: str = "step") -> None:
        day = min(self.today, current_calendar().add_working_days(complaint.received_on, after).day if after else complaint.received_on)
        author = self.people[role].name
        self.session.add(Entry(org_id=self.town.id, complaint_id=complaint.id, kind=kind, text=text, at=self.moment(day, after % 8), author=author))

    def in_hand(self, complaint: Complaint, role: str = "handling_officer") -> Complaint:
        """Accepted, assigned and begun on the day after the receipt."""
        day = current_calendar().next_working_day(complaint.received_on + dt.timedelta(days=1))
        account = self.people[role]
        complaint.handler_id, complaint.handler_name, complaint.assigned_on, complaint.first_done_on = account.id, account.name, day, day
        complaint.assigned_by, complaint.state, complaint.state_on = self.people["office_head"].id, "handling", day
        limits.recompute(complaint)
        return complaint


def load(context: Any, town: Organisation) -> None:
    """The matters with a history, in a town where every role is held."""
    office = Office(context, town)
    if not office.complete:
        return
    danger(office)
    suspended(office)
    extended(office)
    merged(office)
    split(office)
    accused(office)
    concluded(office)
    passed_outside(office)
    opened(office)
    published(office)
    context.session.flush()


def danger(office: Office) -> None:
    """In danger: the first action within 24 hours, with a photograph of the crack."""
    office.matter(
        office.today, "山坡昨夜滑动，我家后墙裂开一条能伸进手的缝，墙体向外倾斜，屋里还住着两位老人。", "白庙社区", "后山挡土墙", channel="来访", urgency="danger",
        title="山坡滑动致房屋墙体开裂，有垮塌危险", category="安全生产", demand="请马上派人来看，帮忙转移老人。", files=[photograph("墙体裂缝.png", crack=True)],
    )  # fmt: skip


def suspended(office: Office) -> None:
    """Suspended while a noise measurement runs: the days do not count."""
    made = office.in_hand(office.matter(
        office.ago(11), "板材加工厂每天从早上六点开机，锯木声整个院坝都听得到，粉尘落满菜地。", "黄桷湾村", "顺发板材加工厂",
        [(1, "office_head", "受理，交执法队核查。"), (2, "handling_officer", "到现场核查，厂区未见隔声设施，已拍照取证。"),
         (4, "handling_officer", "已委托检测机构对厂界噪声进行检测。"), (5, "leader", "噪声检测期间中止办理。")],
        title="板材加工厂噪声粉尘扰民", category="油烟噪声", files=[photograph("厂区现场.png")],
    ))  # fmt: skip
    made.state, made.suspended_on, made.state_on = "suspended", office.ago(6), office.ago(6)
    made.state_reason, made.sort_due = "噪声检测期间中止办理。", rules.FOREVER


def extended(office: Office) -> None:
    """One extension granted, with the deadline's move in the record; one that waits for the leader."""
    made = office.in_hand(office.matter(
        office.ago(13), "安置房三栋一至六楼住户把公共楼梯间封成储物间，消防通道堵死，物业多次劝说无效。", "桃花新城", "安置房三栋部分住户",
        [(1, "office_head", "受理，交执法队核查。"), (3, "handling_officer", "逐户核查，共六户封闭楼梯间，已制作现场检查记录。"),
         (10, "handling_officer", "申请延期 10 天：涉及六户，需逐户调查取证并听取意见。"), (11, "leader", "同意延期。")],
        title="多户封闭公共楼梯间堵塞消防通道", category="违法建设",
    ))  # fmt: skip
    before = made.due_on
    made.extension_state, made.extension_days, made.extension_reason = "granted", 10, "涉及六户，需逐户调查取证并听取意见。"
    made.extension_by = office.people["handling_officer"].id
    limits.recompute(made)
    office.said(made, 11, "leader", f"期限由 {before} 调整为 {made.due_on}：批准延期 10 天。", "deadline")
    waits = office.in_hand(office.matter(
        office.ago(12), "养殖场把粪水排进山塘，塘水发黑发臭，下游几户不敢用水。", "古佛村", "某养殖场",
        [(1, "office_head", "受理，交执法队核查。"), (2, "handling_officer", "现场取水样两份送检。"), (11, "handling_officer", "申请延期 8 天：水样检测报告尚未出具。")],
        title="养殖场粪水排入山塘", category="农业农村", channel="信函",
    ))  # fmt: skip
    waits.extension_state, waits.extension_days, waits.extension_reason = "asked", 8, "水样检测报告尚未出具。"
    waits.extension_by = office.people["handling_officer"].id


def merged(office: Office) -> None:
    """Two calls about one thing: the later is merged, the deadline of the earlier rules."""
    main = office.in_hand(office.matter(
        office.ago(6), "文苑大道夜市收摊后垃圾遍地，污水流到人行道上，早上学生都踩着走。", "文苑大道", "文苑夜市",
        [(1, "office_head", "受理，交执法队核查。"), (3, "handling_officer", "凌晨到现场核查，收摊后未清扫，已通知夜市管理方到场。")], title="文苑夜市收摊后垃圾污水遍地",
    ))  # fmt: skip
    later = office.matter(office.ago(3), "夜市的垃圾没人扫，文苑大道一股馊味。", "文苑大道", "文苑夜市", title="文苑夜市垃圾无人清扫")
    later.main_id, later.repeats, later.state, later.state_on, later.sort_due = main.id, True, "merged", office.ago(2), rules.FOREVER
    later.state_reason = f"并入 {main.number}。同一地点同一事项。"
    office.said(later, 1, "office_head", later.state_reason)
    office.said(main, 4, "office_head", f"{later.number} 并入本件")
    link(office.session, ("complaints.complaint", later.id), ("complaints.complaint", main.id), "merged", office.town.id)


def split(office: Office) -> None:
    """One letter, three matters, each with its own path and limit."""
    text = "我在向阳路农贸市场买的腊肉吃坏了肚子，摊主拒绝退款；市场卫生很差，活禽宰杀的污水直接流到过道；另外想问一下摊位办证要哪些手续。"
    letter: dict[str, Any] = {"channel": "信函"}
    first = office.matter(office.ago(2), text, "向阳路农贸市场", "向阳路农贸市场管理方", title="农贸市场活禽宰杀污水横流", **letter)
    parts = (("consumer", "摊主拒绝退款", "腊肉摊主", "市场监管"), ("question", "咨询摊位办证手续", "", "其他"))
    for kind, title, about, category in parts:
        content = f"（由 {first.number} 拆分）\n{text}"
        office.matter(office.ago(2), content, "向阳路农贸市场", about, kind=kind, title=title, category=category, origin=first, **letter)


def accused(office: Office) -> None:
    """An accusation that internal supervision handles; whoever it names has no account, so that their superior is the head."""
    person = Person(org_id=office.town.id, name=office.context.name(), position="执法辅助人员", employment_type="合同工", team="市容巡查组")
    office.session.add(person)
    office.session.flush()
    made = office.matter(
        office.ago(8), "来人查店时收了我两条烟，说以后不查我，隔壁店不给就天天来。", "协信广场", "",
        [(2, "discipline_officer", "已约谈反映人所说的店铺三家，制作笔录。")],
        kind="accusation", channel="来访", title="反映执法人员收受财物、选择性检查", category="", confidential=True, officers=[person.id],
    )  # fmt: skip
    office.in_hand(made, "discipline_officer")


def concluded(office: Office) -> None:
    """Concluded, one before and one after legal review: both wait for the leader."""
    for reviewed, (content, place, about, title) in enumerate((
        ("洗车场占用人行道洗车，污水结青苔，老人滑倒过。", "三峡路", "快洁洗车场", "洗车场占道作业污水横流"),
        ("门店把招牌灯箱架到二楼窗外，晚上强光直射卧室。", "协信广场", "星光网吧", "灯箱强光扰民"),
    )):  # fmt: skip
        steps = [(1, "office_head", "受理，交执法队核查。"), (2, "handling_officer", "到现场核查并拍照取证。")]
        made = office.in_hand(office.matter(office.ago(9), content, place, about, steps, title=title))
        made.state, made.concluded_on, made.concluded_by, made.result = "concluded", office.ago(1), made.handler_id, "属实"
        made.facts, made.measures = f"经现场核查，{about}存在所反映的情形。", "已责令限期改正，并约定复查日期。"
        made.days_taken, made.late, made.sort_due = rules.days_taken(current_calendar(), made.received_on, office.ago(1)), False, rules.FOREVER
        office.said(made, 8, "handling_officer", "办结：属实")
        if reviewed:
            made.review, made.reviewed_by, made.reviewed_on = "agree", office.people["legal_reviewer"].id, office.today
            office.said(made, 9, "legal_reviewer", "法制审核：同意。事实清楚，措施适当。")


def passed_outside(office: Office) -> None:
    """Passed on to a body outside the portal; its receipt and its result were entered by hand."""
    made = office.matter(
        office.ago(10), "小区高层二次供水水压不够，七楼以上晚上没有水。", "滨江花园", "二次供水泵房",
        [(1, "office_head", "转办 区自来水公司：属供水企业职责。"),
         (2, "office_head", "区自来水公司 已签收：供水收〔2026〕88号"), (6, "office_head", "区自来水公司 反馈：已更换加压泵。")],
        title="高层住户晚间无水", category="其他",
    )  # fmt: skip
    made.state, made.first_done_on, made.state_on, made.sort_due = "passed", office.ago(9), office.ago(8), rules.FOREVER
    office.session.add(Transfer(
        org_id=office.town.id, complaint_id=made.id, to_name="区自来水公司", reason="属供水企业职责。", state="done", sent_on=office.ago(9),
        sent_by=office.people["office_head"].name, answered_on=office.ago(8), receipt="供水收〔2026〕88号",
        result="已更换加压泵，晚间水压恢复。", result_on=office.ago(4),
    ))  # fmt: skip


def opened(office: Office) -> None:
    """An identity that was opened, with its reason: what the supervisor reads."""
    known = select(Identity).where(Identity.org_id == office.town.id).order_by(Identity.id.desc()).limit(1)
    row, head = office.session.scalars(known).first(), office.people["office_head"]
    if row is not None:
        name, at, why = head.name, office.moment(office.ago(1), 1), "回访投诉人，核对现场位置"
        office.session.add(Opening(org_id=office.town.id, complaint_id=row.complaint_id, account_name=name, role="office_head", opened_at=at, reason=why))


def published(office: Office) -> None:
    """Results on the public list."""
    true = select(Complaint).where(Complaint.org_id == office.town.id, Complaint.result == "属实", publicity.eligible())
    for complaint in office.session.scalars(true.order_by(Complaint.concluded_on.desc()).limit(4)).unique().all():
        publicity.publish(office.session, complaint, publicity.proposal(office.session, complaint), office.today)


def photograph(name: str, *, crack: bool = False) -> tuple[bytes, str, str]:
    """A drawn picture in place of a photograph."""
    image = Image.new("RGB", (960, 640), "#b9c7d3")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 420, 960, 640), fill="#8d8a80")
    draw.rectangle((180, 150, 780, 470), fill="#d8cfc0", outline="#7c7468", width=4)
    for left in (250, 430, 610):
        draw.rectangle((left, 220, left + 100, 320), fill="#5f7486", outline="#4a4a4a", width=3)
    if crack:
        draw.line([(520, 150), (498, 210), (528, 260), (500, 330), (522, 390), (505, 470)], fill="#3b332c", width=9)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return attachments.prepare(stream.getvalue(), name, ("png",))
