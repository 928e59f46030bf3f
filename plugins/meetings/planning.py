"""Planning a meeting: when and where, who is invited, what else they have, what comes in which order."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugins.meetings import rules, telling
from plugins.meetings.models import AgendaItem, Invitation, Meeting, Topic
from plugins.meetings.models_results import Busy
from portal.calendar.service import current_calendar
from portal.config import current_settings
from portal.database import utcnow
from portal.directory.models import Organisation
from portal.documents import in_chinese
from portal.errors import Conflict, NotFound, Refused
from portal.records import workflow as steps
from portal.work import unit_of_work

Data = Mapping[str, Any]
EDITABLE = ("draft", "scheduled")
PLANNABLE = ("draft", "scheduled", "notified", "sitting")
LONGEST = dt.timedelta(hours=14)


def find(session: Session, meeting_id: int, *, lock: bool = False) -> Meeting:
    """A meeting that the acting role sees. ``lock``: others who change what belongs to it wait until this transaction ends."""
    wanted = select(Meeting).where(Meeting.id == meeting_id)
    found = session.scalars(wanted.with_for_update(of=Meeting).execution_options(populate_existing=True) if lock else wanted).one_or_none()
    if found is None:
        raise NotFound(_("没有找到这条记录。"))
    return found


def times(data: Data, *, confirmed: bool) -> tuple[dt.datetime, dt.datetime]:
    """Begin and end as moments; raises Refused at the field. A day off is asked about, and allowed."""
    day: dt.date = data["day"]
    start, end = telling.at(day, data["start"]), telling.at(day, data["end"])
    if end <= start:
        raise Refused(_("结束时间须晚于开始时间。"), field="end")
    if end - start > LONGEST:
        raise Refused(_("会议时间过长，请核对。"), field="end")
    if not current_calendar().is_working_day(day) and not confirmed:
        raise Refused(_("%(day)s 是休息日。确需当日召开的，请勾选确认后再保存。", day=day), field="day_off_ok")
    return start, end


def save(meeting_id: int | None, data: Data, today: dt.date) -> int:
    """Write a meeting down before its notice; members are invited at once. Returns its id."""
    start, end = times(data, confirmed=bool(data.get("day_off_ok")))
    with unit_of_work("meetings.meeting_saved") as session:
        if data["day"] < today:
            raise Refused(_("会议日期不能早于今天。"), field="day")
        if meeting_id is None:
            meeting = create(session, str(data["kind"]), start, end, telling.text_of(data, "place", 120))
            invite_members(session, meeting, today)
            put_overdue_first(session, meeting)
        else:
            meeting = find(session, meeting_id)
            if meeting.state not in EDITABLE:
                raise Conflict(_("通知已发出，时间地点请用“改期”修改。"))
            _check_version(meeting, data)
        meeting.kind, meeting.starts_at, meeting.ends_at, meeting.day = str(data["kind"]), start, end, data["day"]
        meeting.title = telling.text_of(data, "title", 120) or default_title(session, meeting)
        for name, longest in (("place", 120), ("chair", 60), ("recorder", 60), ("note", 5000)):
            setattr(meeting, name, telling.text_of(data, name, longest))
        session.flush()
        return meeting.id


def _check_version(record: Any, data: Data) -> None:
    version = data.get("version")
    if version not in (None, "") and str(record.version) != str(version):
        raise Conflict(_("这条记录刚刚被别人修改，请重新打开后再试。"))


def create(session: Session, kind: str, start: dt.datetime, end: dt.datetime, place: str) -> Meeting:
    conference = telling.conference_of(session)
    assert conference is not None
    host = current_settings().public_url.partition("://")[2].partition(":")[0] or "portal"
    meeting = Meeting(
        org_id=conference.org_id, conference_id=conference.id, kind=kind, title="", starts_at=start, ends_at=end, day=telling.local(start).date(),
        place=place or conference.place, chair=conference.convener, uid=f"{uuid.uuid4()}@{host}", changed_at=utcnow(),
    )  # fmt: skip
    session.add(meeting)
    session.flush()
    return meeting


@in_chinese
def default_title(session: Session, meeting: Meeting) -> str:
    conference = telling.conference_of(session)
    assert conference is not None
    if meeting.kind == "regular":
        year, half = rules.half_of(meeting.day)
        word = _("上半年") if half == 1 else _("下半年")
        return _("%(name)s%(year)s年%(half)s例会", name=conference.name, year=year, half=word)[:120]
    return _("%(name)s（%(day)s）", name=conference.name, day=meeting.day)[:120]


def invite_members(session: Session, meeting: Meeting, today: dt.date) -> int:
    """Invite all member units that are reached in the portal. Returns how many."""
    there = set(session.scalars(select(Invitation.unit_id).where(Invitation.meeting_id == meeting.id)))
    made = 0
    for membership in telling.members(session, meeting.conference_id, max(meeting.day, today)):
        if membership.unit_id not in there and telling.on_for(membership.unit):
            session.add(Invitation(org_id=meeting.org_id, meeting_id=meeting.id, unit_id=membership.unit_id, unit_name=membership.unit.name))
            made += 1
    session.flush()
    return made


def invite(meeting_id: int, chosen: Mapping[int, str]) -> list[Meeting]:
    """Set who is invited: ``{unit: "member" | "observer"}``. Those already told and taken off are told that, too."""
    with unit_of_work("meetings.invited") as session:
        meeting = find(session, meeting_id)
        if meeting.state not in ("draft", "scheduled", "notified"):
            raise Conflict(_("会议已开始，不能再调整邀请名单。"))
        present = {row.unit_id: row for row in invitations(session, meeting.id)}
        units = {unit.id: unit for unit in session.scalars(select(Organisation).where(Organisation.id.in_(sorted({*chosen, *present}) or [0])))}
        members = {membership.unit_id for membership in telling.members(session, meeting.conference_id, meeting.day)}
        for unit_id, capacity in chosen.items():
            unit = units.get(unit_id)
            if unit is None or unit_id == meeting.org_id or capacity not in rules.CAPACITIES or (unit_id not in present and not telling.on_for(unit)):
                continue
            kept = capacity if unit_id in members else "observer"
            if unit_id in present:
                present[unit_id].capacity = kept
            else:
                session.add(Invitation(org_id=meeting.org_id, meeting_id=meeting.id, unit_id=unit_id, unit_name=unit.name, capacity=kept))
        gone = [row for unit_id, row in present.items() if unit_id not in chosen]
        told = [row.unit_id for row in gone if row.told]
        for row in gone:
            session.delete(row)
        session.flush()
        _tell_uninvited(session, meeting, told)
        return [meeting]


@in_chinese
def _tell_uninvited(session: Session, meeting: Meeting, units: Sequence[int]) -> None:
    telling.tell_units(session, units, _("不再邀请参加：%(title)s", title=meeting.title), f"uninvited:{meeting.id}:{meeting.sequence}", urgent=True)


def invitations(session: Session, meeting_id: int) -> list[Invitation]:
    """All invitations of a meeting: members first, in the order of the directory."""
    found = (
        select(Invitation)
        .join(Organisation, Organisation.id == Invitation.unit_id)
        .where(Invitation.meeting_id == meeting_id)
        .order_by(Invitation.capacity, Organisation.weight, Organisation.id)
    )
    return list(session.scalars(found))


def missing_members(session: Session, meeting: Meeting) -> list[str]:
    """Member units that are reached but not invited."""
    there = set(session.scalars(select(Invitation.unit_id).where(Invitation.meeting_id == meeting.id, Invitation.capacity == "member")))
    found = telling.members(session, meeting.conference_id, meeting.day)
    return [membership.unit.name for membership in found if membership.unit_id not in there and telling.on_for(membership.unit)]


# -- clashes ----------------------------------------------------------------------------------------------------------------


def clashes(session: Session, unit_ids: Sequence[int], start: dt.datetime, end: dt.datetime, except_meeting: int = 0) -> list[dict[str, Any]]:
    """What else the units have at that time: other meetings of the conference, and what they entered as taken."""
    units = sorted(set(unit_ids)) or [0]
    names = {row.id: row.name for row in session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(units)))}
    meetings = (
        select(Invitation.unit_id, Meeting.title, Meeting.starts_at, Meeting.ends_at)
        .join(Meeting, Meeting.id == Invitation.meeting_id)
        .where(Invitation.unit_id.in_(units), Meeting.id != except_meeting, Meeting.state.in_(("draft", *rules.TO_COME, "sitting")))
        .where(Meeting.starts_at < end, Meeting.ends_at > start)
    )
    busy = select(Busy.org_id.label("unit_id"), Busy.title, Busy.starts_at, Busy.ends_at).where(Busy.org_id.in_(units), Busy.starts_at < end, Busy.ends_at > start)
    rows = [*session.execute(meetings), *session.execute(busy)]
    found = [{"unit": names.get(row.unit_id, ""), "title": row.title, "start": telling.local(row.starts_at), "end": telling.local(row.ends_at)} for row in rows]
    return sorted(found, key=lambda row: (row["start"], row["unit"]))


def free_days(session: Session, unit_ids: Sequence[int], after: dt.date, start: dt.time, end: dt.time, count: int = 5) -> list[tuple[dt.date, int]]:
    """The next working days with the number of units that are taken at that time, for choosing a day."""
    found: list[tuple[dt.date, int]] = []
    day = after
    while len(found) < count:
        day = current_calendar().next_working_day(day + dt.timedelta(days=1))
        taken = {row["unit"] for row in clashes(session, unit_ids, telling.at(day, start), telling.at(day, end))}
        found.append((day, len(taken)))
    return found


# -- agenda -----------------------------------------------------------------------------------------------------------------


def agenda(session: Session, meeting_id: int) -> list[AgendaItem]:
    found = select(AgendaItem).where(AgendaItem.meeting_id == meeting_id).order_by(AgendaItem.position, AgendaItem.id)
    return list(session.scalars(found))


Slot = tuple[AgendaItem | None, dt.datetime, dt.datetime]


def timed(session: Session, meeting: Meeting, items: Sequence[AgendaItem]) -> list[Slot]:
    """The agenda with the computed begin and end of each item, in the office's time zone.

    What is withheld from whoever is acting keeps its time and says nothing else: None, several in a row as one.
    """
    row: Any = AgendaItem.__table__
    every = session.execute(select(row.c.id, row.c.minutes).where(row.c.meeting_id == meeting.id).order_by(row.c.position, row.c.id)).all()
    seen, slots = {item.id: item for item in items}, list[Slot]()
    for (key, _length), (begin, end) in zip(every, rules.agenda_times(telling.local(meeting.starts_at), [length for _key, length in every]), strict=True):
        if key not in seen and slots and slots[-1][0] is None:
            slots[-1] = (None, slots[-1][1], end)
        else:
            slots.append((seen.get(key), begin, end))
    return slots


def unit_names(session: Session, meeting_id: int) -> list[str]:
    """The names of the invited units as the notice lists them, for everybody who gets it; what they answered is not told."""
    row: Any = Invitation.__table__
    unit: Any = Organisation.__table__
    found = select(row.c.unit_name).join(unit, unit.c.id == row.c.unit_id).where(row.c.meeting_id == meeting_id)
    return list(session.scalars(found.order_by(row.c.capacity, unit.c.weight, unit.c.id)))


def _open_for_agenda(session: Session, meeting_id: int) -> Meeting:
    meeting = find(session, meeting_id)
    if meeting.state not in PLANNABLE:
        raise Conflict(_("会议已结束，议程不能再改。"))
    return meeting


def add_topics(meeting_id: int, topic_ids: Sequence[int]) -> int:
    """Put accepted or deferred topics at the end of the agenda. Returns how many."""
    with unit_of_work("meetings.agenda_changed") as session:
        meeting = _open_for_agenda(session, meeting_id)
        wanted = list(dict.fromkeys(topic_ids))
        found = {topic.id: topic for topic in session.scalars(select(Topic).where(Topic.id.in_(wanted or [0]), Topic.state.in_(("accepted", "deferred"))))}
        chosen = [found[key] for key in wanted if key in found]
        if not chosen:
            raise Refused(_("请选择已受理的议题。"), field="topics")
        items = agenda(session, meeting.id)
        if len(items) + len(chosen) > rules.MOST_ITEMS:
            raise Refused(_("一次会议最多 %(n)s 项议程。", n=rules.MOST_ITEMS), field="topics")
        _enter(session, meeting, chosen, items[-1].position if items else 0)
        return len(chosen)


def _enter(session: Session, meeting: Meeting, chosen: Sequence[Topic], after: int) -> None:
    for position, topic in enumerate(chosen, after + 1):
        session.add(
            AgendaItem(
                org_id=meeting.org_id, meeting_id=meeting.id, topic_id=topic.id, position=position, title=topic.title, unit_name=topic.proposer_name,
                reporter=topic.reporter, minutes=topic.minutes,
            )
        )  # fmt: skip
        steps.move(topic, "schedule")
        topic.meeting_id = meeting.id
    session.flush()


def put_overdue_first(session: Session, meeting: Meeting, among: Sequence[Topic] | None = None) -> int:
    """Overdue resolutions stand on top of the next agenda by themselves; the office may take them off again.

    ``among``: these topics only; without it all that wait. Returns how many came on.
    """
    found = select(Topic).where(Topic.org_id == meeting.org_id, Topic.resolution_id.is_not(None), Topic.state.in_(("accepted", "deferred")))
    if among is not None:
        found = found.where(Topic.id.in_([topic.id for topic in among] or [0]))
    items = agenda(session, meeting.id)
    chosen = list(session.scalars(found.order_by(Topic.proposed_on, Topic.id).limit(rules.MOST_ITEMS - len(items))))
    for item in items if chosen else ():
        item.position += len(chosen)
    _enter(session, meeting, chosen, 0)
    return len(chosen)


def next_open(session: Session, org_id: int, today: dt.date) -> Meeting | None:
    """The next meeting of the conference when its notice has not gone out, so that its agenda may still change by itself."""
    asked = select(Invitation.meeting_id).where(Invitation.meeting_id == Meeting.id).exists()
    coming = select(Meeting).where(Meeting.org_id == org_id, Meeting.state.in_(("draft", *rules.TO_COME)), Meeting.day >= today, asked)
    found = session.scalars(coming.order_by(Meeting.starts_at, Meeting.id).limit(1)).one_or_none()
    return found if found is not None and found.state in EDITABLE else None


def add_item(meeting_id: int, title: str, minutes: int) -> None:
    """Something on the agenda that is no topic: opening, report, break."""
    with unit_of_work("meetings.agenda_changed") as session:
        meeting = _open_for_agenda(session, meeting_id)
        count = session.scalar(select(func.count()).select_from(AgendaItem).where(AgendaItem.meeting_id == meeting.id)) or 0
        if count >= rules.MOST_ITEMS:
            raise Refused(_("一次会议最多 %(n)s 项议程。", n=rules.MOST_ITEMS), field="title")
        last = session.scalar(select(func.max(AgendaItem.position)).where(AgendaItem.meeting_id == meeting.id)) or 0
        session.add(AgendaItem(org_id=meeting.org_id, meeting_id=meeting.id, position=last + 1, title=title.strip()[:120], minutes=minutes))


def item_of(session: Session, meeting_id: int, item_id: int) -> AgendaItem:
    found = session.scalars(select(AgendaItem).where(AgendaItem.id == item_id, AgendaItem.meeting_id == meeting_id)).one_or_none()
    if found is None:
        raise NotFound(_("没有找到这项议程。"))
    return found


def move_item(meeting_id: int, item_id: int, to: int) -> None:
    """Bring an item to another place, counted from 0. One and the same for dragging and for the keyboard."""
    with unit_of_work("meetings.agenda_changed") as session:
        meeting = _open_for_agenda(session, meeting_id)
        items = agenda(session, meeting.id)
        item_of(session, meeting.id, item_id)
        by_key = {item.id: item for item in items}
        for position, key in enumerate(rules.moved([item.id for item in items], item_id, to), 1):
            if by_key[key].position != position:
                by_key[key].position = position


def change_item(meeting_id: int, item_id: int, minutes: int, reporter: str) -> None:
    with unit_of_work("meetings.agenda_changed") as session:
        meeting = _open_for_agenda(session, meeting_id)
        item = item_of(session, meeting.id, item_id)
        item.minutes, item.reporter = minutes, reporter.strip()[:60]


def drop_item(meeting_id: int, item_id: int) -> None:
    """Take an item off; its topic waits again."""
    with unit_of_work("meetings.agenda_changed") as session:
        meeting = _open_for_agenda(session, meeting_id)
        if meeting.state == "sitting":
            raise Conflict(_("会议正在进行，请将该议题标为缓议。"))
        item = item_of(session, meeting.id, item_id)
        if item.topic_id is not None:
            topic = session.get(Topic, item.topic_id)
            if topic is not None and topic.state == "scheduled":
                steps.move(topic, "unschedule")
                topic.meeting_id = None
        session.delete(item)
