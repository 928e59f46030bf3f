"""What the plugin offers to the pages of others: navigation, cards, to-dos, panels; and what a switch means."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import g, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select

from plugins.meetings import halfyears, members, queries, rights, rules, telling, workflow
from plugins.meetings.models import Delegate, Invitation, Meeting, Membership, Review, Topic
from plugins.meetings.models_results import Comment, Minutes, Resolution
from portal.auth.permissions import can
from portal.clock import today as clock
from portal.contract import Card, NavItem, Panel, Todo
from portal.database import db
from portal.directory.models import Organisation
from portal.documents import in_chinese
from portal.tenancy import crossing


def navigation() -> list[NavItem]:
    section = _("联席会议")
    return [
        NavItem(_("会议"), "meetings.index", rights.READ, "calendar", 120, section),
        NavItem(_("议题"), "meetings_topics.index", rights.READ, "clipboard-list", 122, section),
        NavItem(_("议定事项"), "meetings_resolutions.index", rights.READ, "checkbox", 124, section),
        NavItem(_("会议日历"), "meetings_calendar.index", rights.READ, "clock", 126, section),
        NavItem(_("成员单位"), "meetings_members.index", rights.READ, "users", 128, section),
        NavItem(_("半年与年度报告"), "meetings_papers.report", rights.STATISTICS, "chart-bar", 130, section),
    ]


def unit_id() -> int:
    return int(g.grant.org_id)


def cards(today: dt.date) -> list[Card]:
    if not can(rights.READ):
        return []
    session = db.session()
    shown: dict[str, Any] = {
        "counts": queries.resolution_counts(session, today), "next": queries.next_meetings(session, today), "workflow": workflow, "span": telling.span, "half": None,
        "mine": not can(rights.STATISTICS), "overdue": _overdue(today),
    }  # fmt: skip
    if can(rights.STATISTICS):
        found = halfyears.overview(session, today, 2)
        shown["half"] = found[0] if found else None
        shown["missed"] = [item for item in found if item.state == "missed"]
    return [Card(_("联席会议"), "meetings/_card.html", shown, 60, "calendar")]


def _overdue(today: dt.date) -> list[Any]:
    """The three resolutions that are longest overdue: on top of everyone's list."""
    late = select(Resolution.id, Resolution.text, Resolution.lead_name, Resolution.due_on).where(Resolution.state.in_(rules.OWED), Resolution.sort_due < today)
    return list(db.session.execute(late.order_by(Resolution.sort_due, Resolution.id).limit(3)))


def todos(today: dt.date) -> list[Todo]:
    found: list[Todo] = []
    if not can(rights.READ):
        return found

    def add(key: str, title: Any, number: int, url: str, tone: str = "amber", due: Any = None) -> None:
        found.append(Todo(f"meetings.{key}", title, number, url, tone, due))

    session = db.session()
    if can(rights.CONVENE):
        _office(session, today, add)
    elif can(rights.ANSWER):
        _unit(session, today, add)
    if can(rights.SIGN):
        waiting = session.scalars(select(Minutes.id).where(Minutes.state == "settled").order_by(Minutes.id)).all()
        if waiting:
            add("sign", _("份会议纪要待签发"), len(waiting), url_for("meetings_minutes.detail", minutes_id=waiting[0]), "blue")
    return found


def _count(session: Any, model: Any, *conditions: Any) -> int:
    return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def _office(session: Any, today: dt.date, add: Any) -> None:
    topics, resolutions = url_for("meetings_topics.index", state="proposed"), url_for("meetings_resolutions.index", state="review")
    add("topics", _("个议题待受理"), _count(session, Topic, Topic.state == "proposed"), topics)
    counts = queries.resolution_counts(session, today)
    add("review", _("项议定事项待核实"), counts["review"], resolutions, "blue")
    add("asked", _("项延期申请待批准"), counts["asked"], url_for("meetings_resolutions.index", asked="1"))
    add("overdue", _("项议定事项超期"), counts["overdue"], url_for("meetings_resolutions.index", due="overdue"), "red")
    gone = _count(session, Meeting, Meeting.state == "notified", Meeting.day < today)
    add("unrecorded", _("次会议日期已过、未登记召开"), gone, url_for("meetings.index", state="notified"), "red")
    late = _count(session, Meeting, Meeting.state.in_(("held", "minuted")), Meeting.minutes_due < today)
    add("minutes", _("份纪要逾期未印发"), late, url_for("meetings.index", late="1"), "red")
    comments = (
        select(Comment.minutes_id).join(Minutes, Minutes.id == Comment.minutes_id).where(Comment.state == "open", Minutes.state.in_(("draft", "circulating", "settled")))
    )
    open_ones = session.scalars(comments.order_by(Comment.minutes_id)).all()
    if open_ones:
        add("comments", _("条纪要意见待处理"), len(open_ones), url_for("meetings_minutes.detail", minutes_id=open_ones[0]))
    verdicts = halfyears.overview(session, today, 1)
    if verdicts and verdicts[0].state == "warned":
        add("half", _("个半年例会尚未安排"), 1, url_for("meetings_planning.new"), "red", rules.half_end(verdicts[0].half))


def _unit(session: Any, today: dt.date, add: Any) -> None:
    own = unit_id()
    waiting = queries.unanswered(session, own, today)
    if waiting:
        add("answer", _("个会议通知待回执"), len(waiting), url_for("meetings.detail", meeting_id=waiting[0].meeting_id), "amber", waiting[0].day)
    reviews = session.scalars(select(Review.topic_id).where(Review.unit_id == own, Review.given_on.is_(None)).order_by(Review.due_on)).all()
    if reviews:
        add("reviews", _("个议题征求本单位意见"), len(reviews), url_for("meetings_topics.detail", topic_id=reviews[0]))
    open_minutes = select(Minutes.id).where(Minutes.state == "circulating", Minutes.comment_by >= today)
    drafts = session.scalars(open_minutes.order_by(Minutes.comment_by)).all()
    if drafts:
        add("circulating", _("份纪要征求意见"), len(drafts), url_for("meetings_minutes.detail", minutes_id=drafts[0]), "blue")
    led = Resolution.lead_id == own
    late = _count(session, Resolution, led, Resolution.state.in_(rules.OWED), Resolution.sort_due < today)
    add("overdue", _("项牵头事项超期"), late, url_for("meetings_resolutions.index", due="overdue", mine="1"), "red")
    reports = _count(session, Resolution, led, Resolution.state.in_(("open", "in_progress")), Resolution.report_due <= today)
    add("reports", _("项牵头事项应报告进展"), reports, url_for("meetings_resolutions.index", report="1", mine="1"))
    add("returned", _("个议题被退回"), _count(session, Topic, Topic.proposer_id == own, Topic.state == "returned"), url_for("meetings_topics.index", state="returned"))


def person_panels(person: Any) -> list[Panel]:
    """For which unit somebody speaks, since when."""
    if not can(rights.READ) or person.account_id is None:
        return []
    rows = db.session.execute(
        select(Organisation.name, Delegate.post, Delegate.since, Delegate.until)
        .join(Membership, Membership.id == Delegate.membership_id)
        .join(Organisation, Organisation.id == Membership.unit_id)
        .where(Delegate.account_id == person.account_id)
        .order_by(Delegate.since.desc())
        .limit(10)
    ).all()
    return [Panel(_("联席会议"), "meetings/_person.html", {"rows": rows}, 220)] if rows else []


def organisation_panels(organisation: Any) -> list[Panel]:
    """How a unit kept its word, and the meetings to which it is invited."""
    if not can(rights.READ):
        return []
    today = clock()
    word = queries.word_by_unit(db.session(), today, unit_id=organisation.id).get(organisation.id, rules.Word(0, 0, 0, 0, 0))
    came = queries.next_meetings(db.session(), today)
    return [Panel(_("联席会议"), "meetings/_organisation.html", {"word": word, "next": came, "span": telling.span, "unit": organisation}, 60)]


@in_chinese
def switched(plugin: str, org_id: int, enabled: bool) -> None:
    """Off: the town is taken off the invitations to come, and keeps what took place. On: the office is told to look at its lists."""
    if plugin != "meetings":
        return
    session = db.session()
    with crossing("meetings.switched", f"organisation {org_id}", switched_off=True):
        organisation = session.get(Organisation, org_id)
        member = session.scalars(select(Membership).where(Membership.unit_id == org_id, Membership.until.is_(None))).first()
        if organisation is None or member is None:
            return
        if enabled:
            to_come = select(Meeting).where(
                Meeting.state.in_(("draft", "scheduled", "notified")), Meeting.id.not_in(select(Invitation.meeting_id).where(Invitation.unit_id == org_id))
            )
            listed = list(session.scalars(to_come))
        else:
            listed = members.uninvite(session, org_id)
        word = _("%(unit)s 启用了本模块，请核对邀请名单：%(title)s") if enabled else _("%(unit)s 停用了本模块，已从邀请名单移出：%(title)s")
        for meeting in listed:
            telling.tell_office(session, meeting.org_id, word % {"unit": organisation.name, "title": meeting.title},
                                f"switched:{org_id}:{meeting.id}:{int(enabled)}:{clock()}", url=f"/meetings/{meeting.id}")  # fmt: skip
