"""Topics: list, proposing, one topic with its files and reviews."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from plugins.meetings import forms, pages, planning, rights, topics, words, workflow
from plugins.meetings.models import Meeting, Review, Topic
from portal import audit
from portal.auth.permissions import can, require
from portal.clock import today
from portal.database import db
from portal.errors import NotFound, Refused
from portal.records import attachments, once
from portal.records.lists import Choice, Column, Dates, Flag, ListSpec, Order
from portal.records.views import show_list
from portal.search import matching
from portal.work import unit_of_work

blueprint = Blueprint("meetings_topics", __name__, url_prefix="/meetings/topics", template_folder="templates")


def _select() -> Any:
    columns = (Topic.id, Topic.title, Topic.category, Topic.proposer_name, Topic.proposed_on, Topic.state, Topic.deferrals, Topic.minutes, Topic.resolution_id)
    return select(*columns)


def _badge(row: Any) -> tuple[Any, str, str]:
    state = workflow.TOPIC.state(row.state)
    return state.title, state.tone, state.icon


def register() -> ListSpec:
    """The topics that the acting role sees: its own, those it reviews, those of its meetings; the office all but drafts."""
    return ListSpec(
        name="meetings.topic",
        select=_select,
        key=Topic.id,
        columns=(
            Column("title", _l("议题"), lambda row: row.title, link=lambda row: url_for("meetings_topics.detail", topic_id=row.id), css="wide"),
            Column("category", _l("类别"), lambda row: words.CATEGORIES[row.category]),
            Column("proposer", _l("提出单位"), lambda row: row.proposer_name),
            Column("proposed", _l("提出日期"), lambda row: row.proposed_on, css="num", order="proposed"),
            Column("minutes", _l("时长"), lambda row: row.minutes, css="num", shown=False),
            Column("deferrals", _l("缓议次数"), lambda row: row.deferrals or "", css="num", shown=False),
            Column("state", _l("状态"), lambda row: workflow.TOPIC.state(row.state).title, badge=_badge),
        ),
        orders={"proposed": Order(_l("提出日期"), [(Topic.proposed_on, False)]), "proposed-": Order(_l("提出日期"), [(Topic.proposed_on, True)])},
        default_order="proposed-",
        filters=(
            Choice("state", _l("状态"), [(state.code, state.title) for state in workflow.TOPIC.states], lambda value: Topic.state == value),
            Choice("category", _l("类别"), list(words.CATEGORIES.items()), lambda value: Topic.category == value),
            Flag("own", _l("本单位提出的"), lambda: Topic.proposer_id == g.grant.org_id),
            Dates("proposed", _l("提出日期"), Topic.proposed_on),
        ),
        search=lambda query: matching(Topic, query),
        search_hint=_l("议题、背景、请求或单位"),
        export_permission=rights.EXPORT,
    )


def _may_propose() -> bool:
    return topics.may_propose(g.grant.org_id, can(rights.CONVENE), today())


@blueprint.get("")
@require(rights.READ)
def index() -> Any:
    """The topics."""
    return show_list(register(), "meetings/topics.html", may_propose=_may_propose())


@blueprint.route("/new", methods=["GET", "POST"])
@require(rights.PROPOSE)
def new() -> Any:
    """Propose a topic: kept as a draft, or submitted at once."""
    form = forms.TopicForm()
    if request.method == "GET":
        form.minutes.data, form.reporter.data = 20, g.account.name
        return _form(form, None)
    made: list[str] = []

    def act() -> None:
        prepared = pages.files()
        with unit_of_work("meetings.topic_saved") as session:
            before = once.claim(session, key := once.sent_key())
            if before is None:
                topic_id = _keep(None, form, prepared)
                before = url_for("meetings_topics.detail", topic_id=topic_id)
                once.made(session, key, before)
            made.append(before)

    if not pages.attempt(form, act):
        return _form(form, None, 422)
    flash(_("议题已提交。") if "submit" in request.form else _("议题已存为草稿。"), "success")
    return redirect(made[0], 303)


def _keep(topic_id: int | None, form: forms.TopicForm, prepared: list[tuple[bytes, str, str]]) -> int:
    """Save, attach, and submit where that was asked; in one transaction."""
    with unit_of_work("meetings.topic_saved") as session:
        key = topics.save(topic_id, form.data, today())
        for item in prepared:
            attachments.attach(session, item, "meetings.topic", key, g.grant.org_id, "file")
        if "submit" in request.form:
            workflow.TOPIC.perform(key, "submit", {}, today=today())
        return key


def _form(form: forms.TopicForm, topic: Topic | None, status: int = 200) -> Any:
    if any(item.filename for item in request.files.getlist("files")):
        form.form_errors.append(_("附件需要重新选择。"))
    return render_template("meetings/topic_form.html", form=form, topic=topic, may_propose=_may_propose()), status


@blueprint.route("/<int:topic_id>/edit", methods=["GET", "POST"])
@require(rights.PROPOSE)
def edit(topic_id: int) -> Any:
    """Change a topic that is still with its proposer."""
    topic = topics.find(db.session(), topic_id)
    form = forms.TopicForm()
    if request.method == "GET":
        if topic.proposer_id != g.grant.org_id or topic.state not in ("draft", "returned"):
            raise Refused(_("议题已提交，不能再修改；可请召集人办公室退回。"))
        for name in topics.FIELDS:
            form[name].data = getattr(topic, name)
        return _form(form, topic)
    if not pages.attempt(form, lambda: _keep(topic_id, form, pages.files())):
        return _form(form, topics.find(db.session(), topic_id), 422)
    flash(_("已保存。"), "success")
    return redirect(url_for("meetings_topics.detail", topic_id=topic_id), 303)


def _page(topic_id: int, *, ask: Any = None, give: Any = None, limit: Any = None, status: int = 200) -> Any:
    session = db.session()
    topic = topics.find(session, topic_id)
    reviews = list(session.scalars(select(Review).where(Review.topic_id == topic.id).order_by(Review.id)))
    mine = next((row for row in reviews if row.unit_id == g.grant.org_id), None)
    if ask is None:
        ask = forms.ReviewAskForm(formdata=None)
    ask.units.choices = [(key, name) for key, name in pages.units(session) if key not in {row.unit_id for row in reviews} | {topic.proposer_id}]
    if give is None:
        give = forms.ReviewForm(formdata=None)
        if mine is not None:
            give.opinion.data, give.text.data = mine.opinion or None, mine.text
    meeting = session.scalars(select(Meeting).where(Meeting.id == topic.meeting_id)).one_or_none() if topic.meeting_id else None
    circle = topics.circle(session, topic.id) if can(rights.CONVENE) else []
    if limit is None:
        limit = forms.CircleForm(formdata=None)
        limit.limited.data, limit.units.data = "1" if topic.limited else "", [row.unit_id for row in circle]
    limit.units.choices = _circle_choices(topic, meeting)
    return render_template(
        "meetings/topic.html", topic=topic, workflow=workflow.TOPIC, words=words, reviews=reviews, mine=mine, ask=ask, give=give, meeting=meeting,
        may_convene=can(rights.CONVENE), may_edit=can(rights.PROPOSE) and topic.proposer_id == g.grant.org_id and topic.state in ("draft", "returned"),
        may_attach=_may_attach(topic), files=attachments.of_shared(session, "meetings.topic", [topic.id])[topic.id], may_review=mine is not None and can(rights.PROPOSE)
        and topic.state in topics.OPEN, history=audit.history("meetings.topic", topic.id, 30), open=topic.state in topics.OPEN,
        circle=circle, limit=limit,
    ), status  # fmt: skip


def _circle_choices(topic: Topic, meeting: Meeting | None) -> list[tuple[int, str]]:
    """Units to which a topic may be limited; once it stands on an agenda it is said who is not invited there."""
    if not can(rights.CONVENE):
        return []
    there = {row.unit_id for row in planning.invitations(db.session(), meeting.id)} if meeting is not None else None
    listed = [(key, name) for key, name in pages.units(db.session()) if key != topic.proposer_id]
    return listed if there is None else [(key, name if key in there else _("%(unit)s（未受邀）", unit=name)) for key, name in listed]


def _may_attach(topic: Topic) -> bool:
    """The proposer and the office add materials until the topic is discussed."""
    own = topic.proposer_id == g.grant.org_id and can(rights.PROPOSE)
    return topic.state not in ("discussed", "withdrawn") and (own or can(rights.CONVENE))


@blueprint.get("/<int:topic_id>")
@require(rights.READ)
def detail(topic_id: int) -> Any:
    """One topic."""
    return _page(topic_id)


@blueprint.post("/<int:topic_id>/files")
@require(rights.PROPOSE)
def attach(topic_id: int) -> Any:
    """Add materials."""
    topic = topics.find(db.session(), topic_id)
    if not _may_attach(topic):
        raise NotFound(_("没有找到这条记录。"))
    prepared = pages.files()
    if not prepared:
        raise Refused(_("请选择文件。"), field="files")
    with unit_of_work("meetings.topic.attached") as session:
        for item in prepared:
            attachments.attach(session, item, "meetings.topic", topic_id, g.grant.org_id, "file")
    flash(_("已添加 %(n)s 个附件。", n=len(prepared)), "success")
    return redirect(url_for("meetings_topics.detail", topic_id=topic_id), 303)


@blueprint.post("/<int:topic_id>/circle")
@require(rights.CONVENE)
def circle(topic_id: int) -> Any:
    """Limit a topic to some of the invited, or open it to all of them."""
    form = forms.CircleForm()
    form.units.choices = pages.units(db.session())
    if not pages.attempt(form, lambda: topics.limit(topic_id, form.limited.data == "1", form.units.data or [])):
        return _page(topic_id, limit=form, status=422)
    flash(_("参加范围已保存。"), "success")
    return redirect(url_for("meetings_topics.detail", topic_id=topic_id, _anchor="circle"), 303)


@blueprint.post("/<int:topic_id>/reviews")
@require(rights.CONVENE)
def ask_review(topic_id: int) -> Any:
    """Ask units what they think."""
    form = forms.ReviewAskForm()
    form.units.choices = pages.units(db.session())
    if not pages.attempt(form, lambda: topics.ask_review(topic_id, form.units.data or [], form.due_on.data, today())):
        return _page(topic_id, ask=form, status=422)
    flash(_("已征求意见。"), "success")
    return redirect(url_for("meetings_topics.detail", topic_id=topic_id, _anchor="reviews"), 303)


@blueprint.post("/<int:topic_id>/review")
@require(rights.PROPOSE)
def give_review(topic_id: int) -> Any:
    """The opinion of the acting unit."""
    form = forms.ReviewForm()
    if not pages.attempt(form, lambda: topics.give_review(topic_id, form.opinion.data or "", form.text.data or "", today())):
        return _page(topic_id, give=form, status=422)
    flash(_("意见已提交。"), "success")
    return redirect(url_for("meetings_topics.detail", topic_id=topic_id, _anchor="reviews"), 303)
