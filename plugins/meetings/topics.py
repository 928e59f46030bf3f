"""议题: proposing, reviewing, returning, deferring; overdue resolutions propose themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugins.meetings import figures, rights, rules, telling
from plugins.meetings.models import AgendaItem, Circle, Review, Topic
from plugins.meetings.models_results import CoUnit, Resolution
from portal.auth.permissions import can
from portal.calendar.service import current_calendar
from portal.context import current_actor
from portal.directory.models import Organisation
from portal.documents import in_chinese
from portal.errors import NotAllowed, NotFound, Refused
from portal.work import unit_of_work

Data = Mapping[str, Any]
FIELDS = ("title", "category", "background", "request", "minutes", "reporter")
OPEN = ("proposed", "accepted", "deferred", "scheduled")


def find(session: Session, topic_id: int) -> Topic:
    """A topic that the acting role sees."""
    found = session.scalars(select(Topic).where(Topic.id == topic_id)).one_or_none()
    if found is None:
        raise NotFound(_("没有找到这条记录。"))
    return found


def may_propose(org_id: int | None, is_office: bool, today: dt.date) -> bool:
    """Whether the acting role may propose topics under the present setting."""
    if not can(rights.PROPOSE):
        return False
    return is_office or figures.figure(figures.PROPOSERS, None, today) == "members"


def save(topic_id: int | None, data: Data, today: dt.date) -> int:
    """Write a topic down, new or still with its proposer; returns its id."""
    with unit_of_work("meetings.topic_saved") as session:
        unit = telling.acting_unit(session)
        if topic_id is None:
            if not may_propose(unit.id, can(rights.CONVENE), today):
                raise NotAllowed(_("按现行设置，议题仅由召集人办公室提出。"))
            conference = telling.conference_of(session)
            assert conference is not None
            topic = Topic(
                org_id=conference.org_id, proposer_id=unit.id, proposer_name=unit.name, proposed_by=current_actor().account_id, proposed_on=today, **_values(data)
            )
            session.add(topic)
        else:
            topic = find(session, topic_id)
            if topic.proposer_id != unit.id or topic.state not in ("draft", "returned"):
                raise Refused(_("议题已提交，不能再修改；可请召集人办公室退回。"))
            for name, value in _values(data).items():
                setattr(topic, name, value)
        session.flush()
        return topic.id


def _values(data: Data) -> dict[str, Any]:
    found = {name: telling.text_of(data, name, 20000) for name in FIELDS if name != "minutes"}
    return {**found, "minutes": int(data.get("minutes") or 20)}


@in_chinese
def submitted(session: Session, topic: Topic, _data: Data, today: dt.date) -> None:
    topic.proposed_on, topic.state_reason = today, ""
    telling.tell_office(session, topic.org_id, _("%(unit)s 提出议题：%(title)s", unit=topic.proposer_name, title=topic.title),
                        f"topic:{topic.id}:{today}", url=f"/meetings/topics/{topic.id}")  # fmt: skip


def decided(session: Session, topic: Topic, data: Data, today: dt.date) -> None:
    """Accepted, returned or deferred by the office: the proposer is told."""
    topic.state_reason = telling.text_of(data, "reason")


def _tell_proposer(session: Session, topic: Topic, title: str, key: str) -> None:
    if topic.proposer_id != topic.org_id:
        telling.tell_units(session, [topic.proposer_id], title, f"topic:{topic.id}:{key}", body=topic.state_reason, url=f"/meetings/topics/{topic.id}")


@in_chinese
def accepted(session: Session, topic: Topic, data: Data, today: dt.date) -> None:
    decided(session, topic, data, today)
    _tell_proposer(session, topic, _("议题已受理：%(title)s", title=topic.title), f"accepted:{topic.version}")


@in_chinese
def returned(session: Session, topic: Topic, data: Data, today: dt.date) -> None:
    decided(session, topic, data, today)
    _tell_proposer(session, topic, _("议题被退回：%(title)s", title=topic.title), f"returned:{topic.version}")


@in_chinese
def deferred(session: Session, topic: Topic, data: Data, today: dt.date) -> None:
    """缓议 before the meeting: it leaves the agenda on which it stands and waits for the next one."""
    decided(session, topic, data, today)
    if topic.state == "scheduled":
        take_off(session, topic)
    topic.deferrals += 1
    _tell_proposer(session, topic, _("议题缓议：%(title)s", title=topic.title), f"deferred:{topic.version}")


def guard_deferred(topic: Topic, _data: Data, _today: dt.date) -> None:
    from portal.database import db

    if topic.state == "scheduled" and topic.meeting_id is not None:
        from plugins.meetings.models import Meeting

        state = db.session.scalar(select(Meeting.state).where(Meeting.id == topic.meeting_id))
        if state not in ("draft", "scheduled", "notified"):
            raise Refused(_("会议已开始，请在会议记录中标为缓议。"))


@in_chinese
def withdrawn(session: Session, topic: Topic, data: Data, today: dt.date) -> None:
    decided(session, topic, data, today)
    telling.tell_office(session, topic.org_id, _("%(unit)s 撤回议题：%(title)s", unit=topic.proposer_name, title=topic.title),
                        f"topic:{topic.id}:withdrawn", url=f"/meetings/topics/{topic.id}")  # fmt: skip


def take_off(session: Session, topic: Topic) -> None:
    """Take a topic off the agenda on which it stands. The state is the caller's."""
    item = session.scalars(select(AgendaItem).where(AgendaItem.topic_id == topic.id, AgendaItem.meeting_id == topic.meeting_id)).one_or_none()
    if item is not None:
        session.delete(item)
    topic.meeting_id = None
    session.flush()


# -- reviews ----------------------------------------------------------------------------------------------------------------


def ask_review(topic_id: int, unit_ids: list[int], due: dt.date | None, today: dt.date) -> int:
    """征求意见: ask units what they think of a topic; they see it from now on. Returns how many were asked."""
    with unit_of_work("meetings.review_asked") as session:
        topic = find(session, topic_id)
        if topic.state not in ("proposed", "accepted", "deferred", "scheduled"):
            raise Refused(_("这个议题现在不能征求意见。"))
        by = due or current_calendar().add_working_days(today, figures.figure(figures.REVIEW_DAYS, None, today)).day
        if by < today:
            raise Refused(_("截止日期不能早于今天。"), field="due_on")
        asked = set(session.scalars(select(Review.unit_id).where(Review.topic_id == topic.id)))
        known = {unit.id: unit.name for unit in session.scalars(select(Organisation).where(Organisation.id.in_(unit_ids or [0])))}
        chosen = [unit for unit in unit_ids if unit in known and unit not in asked and unit != topic.proposer_id]
        if not chosen:
            raise Refused(_("请选择尚未征求意见的单位。"), field="units")
        session.add_all(Review(org_id=topic.org_id, topic_id=topic.id, unit_id=unit, unit_name=known[unit], asked_on=today, due_on=by) for unit in chosen)
        session.flush()
        _tell_asked(session, topic, chosen, by)
        return len(chosen)


@in_chinese
def _tell_asked(session: Session, topic: Topic, units: list[int], by: dt.date) -> None:
    telling.tell_units(session, units, _("请对议题提出意见：%(title)s", title=topic.title), f"review:{topic.id}", body=_("%(day)s 前回复。", day=by),
                       url=f"/meetings/topics/{topic.id}")  # fmt: skip


def give_review(topic_id: int, opinion: str, text: str, today: dt.date) -> None:
    """The opinion of the acting unit; it may be changed until the topic is discussed."""
    with unit_of_work("meetings.review_given") as session:
        topic = find(session, topic_id)
        own = select(Review).where(Review.topic_id == topic.id, Review.unit_id == current_actor().org_id)
        review = session.scalars(own).one_or_none()
        if review is None:
            raise NotFound(_("没有征求本单位的意见。"))
        if topic.state not in OPEN:
            raise Refused(_("议题已有结果，不能再提意见。"))
        if opinion not in rules.OPINIONS:
            raise Refused(_("请选择意见。"), field="opinion")
        if opinion != "agree" and not text.strip():
            raise Refused(_("请写明修改建议或不同意的理由。"), field="text")
        review.opinion, review.text, review.given_on, review.given_by = opinion, text.strip()[:5000], today, current_actor().name
        _tell_answered(session, topic, review, today)


@in_chinese
def _tell_answered(session: Session, topic: Topic, review: Review, today: dt.date) -> None:
    telling.tell_office(session, topic.org_id, _("%(unit)s 已回复议题意见：%(title)s", unit=review.unit_name, title=topic.title),
                        f"reviewed:{topic.id}:{review.unit_id}:{today}", url=f"/meetings/topics/{topic.id}")  # fmt: skip


# -- who takes part ---------------------------------------------------------------------------------------------------------


def circle(session: Session, topic_id: int) -> list[Circle]:
    """The units to which a topic is limited, in the order of the directory; known to the office alone."""
    found = select(Circle).join(Organisation, Organisation.id == Circle.unit_id).where(Circle.topic_id == topic_id)
    return list(session.scalars(found.order_by(Organisation.weight, Organisation.id)))


def limited_of(session: Session, topic_ids: Iterable[int]) -> set[int]:
    """Which of these topics are limited to some of the invited."""
    return set(session.scalars(select(Topic.id).where(Topic.id.in_(list(topic_ids) or [0]), Topic.limited)))


def limit(topic_id: int, limited: bool, unit_ids: Sequence[int]) -> None:
    """限定参加单位: of the invited only these units (and the proposer, and who was asked for a review) meet the topic."""
    with unit_of_work("meetings.topic_limited") as session:
        topic = find(session, topic_id)
        if topic.state not in OPEN:
            raise Refused(_("议题已有结果，不能再改参加单位。"))
        wanted = dict.fromkeys(unit_ids if limited else ())
        known = {unit.id: unit.name for unit in session.scalars(select(Organisation).where(Organisation.id.in_(list(wanted) or [0]), Organisation.active))}
        if limited and not known:
            raise Refused(_("请选择参加本议题的单位。"), field="units")
        present = {row.unit_id: row for row in circle(session, topic.id)}
        for unit_id, row in present.items():
            if unit_id not in known:
                session.delete(row)
        session.add_all(Circle(org_id=topic.org_id, topic_id=topic.id, unit_id=key, unit_name=known[key]) for key in wanted if key in known and key not in present)
        topic.limited = limited
        session.flush()


def _limit_like(session: Session, topic: Topic, resolution: Resolution) -> None:
    """A topic about a resolution is open to no more units than the topic from which the resolution came, and to who carries it out."""
    item = session.get(AgendaItem, resolution.item_id) if resolution.item_id else None
    origin = session.get(Topic, item.topic_id) if item is not None and item.topic_id else None
    if origin is None or not origin.limited:
        return
    topic.limited = True
    units = {row.unit_id: row.unit_name for row in circle(session, origin.id)}
    units.update({origin.proposer_id: origin.proposer_name} if origin.proposer_id != origin.org_id else {})
    units.update({resolution.lead_id: resolution.lead_name} if resolution.lead_id else {})
    units.update({row.unit_id: row.unit_name for row in session.scalars(select(CoUnit).where(CoUnit.resolution_id == resolution.id))})
    session.add_all(Circle(org_id=topic.org_id, topic_id=topic.id, unit_id=key, unit_name=name[:60]) for key, name in units.items())


# -- overdue resolutions ------------------------------------------------------------------------------------------------------


def propose_overdue(session: Session, today: dt.date) -> list[Topic]:
    """Every overdue resolution that is on no open topic becomes one, accepted and ready for the next agenda. Returns the topics."""
    waiting = select(Topic.resolution_id).where(Topic.resolution_id.is_not(None), Topic.state.in_(OPEN))
    overdue = (
        select(Resolution)
        .where(Resolution.state.in_(rules.OWED), Resolution.sort_due < today, Resolution.id.not_in(waiting))
        .order_by(Resolution.sort_due, Resolution.id)
    )
    made: list[Topic] = []
    for resolution in session.scalars(overdue):
        title = _("超期议定事项：%(text)s", text=resolution.text)[:120]
        background = _("%(number)s，牵头单位 %(unit)s，时限 %(due)s，至 %(today)s 已超期 %(n)s 天。", number=resolution.number or _("（未编号）"),
                       unit=resolution.lead_name, due=resolution.due_on, today=today, n=rules.overdue_days(resolution.due_on, today))  # fmt: skip
        topic = Topic(
            org_id=resolution.org_id, title=title, category="其他", background=f"{background}\n{resolution.text}", request=_("听取牵头单位说明，研究督办措施。"),
            minutes=10, reporter=resolution.lead_name[:60], proposer_id=resolution.org_id, proposer_name=_("联席会议办公室"), proposed_on=today, state="accepted",
            resolution_id=resolution.id, state_reason=_("超期自动列入"),
        )  # fmt: skip
        session.add(topic)
        session.flush()
        _limit_like(session, topic, resolution)
        made.append(topic)
    session.flush()
    return made


def waiting(session: Session, org_id: int) -> list[Topic]:
    """Topics ready for an agenda: those of overdue resolutions first, then the longest deferred, then by day."""
    found = select(Topic).where(Topic.org_id == org_id, Topic.state.in_(("accepted", "deferred")))
    order = (Topic.resolution_id.is_(None), Topic.deferrals.desc(), Topic.proposed_on, Topic.id)
    return list(session.scalars(found.order_by(*order).limit(rules.MOST_ITEMS)))


def count(session: Session, *states: str) -> int:
    return session.scalar(select(func.count()).select_from(Topic).where(Topic.state.in_(states))) or 0
