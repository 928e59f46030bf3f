"""达标情况: how towns, units and people stand in a year, who is short, which departments have not held theirs; closing the year."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select

from plugins.training import figures, layouts, papers, queries, rights, rules, tables, words, workflow, years
from plugins.training.models import Enrolment, Training
from plugins.training.models_file import YearBook
from plugins.training.views_file import asked_year
from portal import audit
from portal.auth.permissions import can, check, require
from portal.clock import today
from portal.database import db
from portal.documents.papers import send_paper
from portal.errors import NotFound, Refused
from portal.records.views import send_table
from portal.web import charts
from portal.work import unit_of_work

blueprint = Blueprint("training_year", __name__, url_prefix="/training", template_folder="templates")
SHOWN = 100


def asked_town(names: dict[int, str]) -> int | None:
    """The town that was asked for, of those in sight; one's own in a town."""
    if g.grant.organisation.is_town:
        return int(g.grant.org_id)
    key = request.args.get("town", type=int)
    return key if key in names else None


def _charts(whole: queries.Summary, groups: list[tuple[str, queries.Summary]], year: int, links: list[str]) -> list[Any]:
    status = [(_("已达标"), whole.met, "green", "met"), (_("缺法律知识更新"), whole.no_update, "amber", "no_update"), (_("未达标"), whole.short, "red", "short"),
              (_("免训"), whole.exempt, "grey", "exempt")]  # fmt: skip
    ring = charts.shares(
        _("达标情况"), [word for word, _n, _t, _c in status], [n for _w, n, _t, _c in status], tones=[tone for _w, _n, tone, _c in status], unit=_("人"),
            heading=_("情况"),
        links=[url_for("training_file.people", year=year, status=code) for _w, _n, _t, code in status],
    )  # fmt: skip
    used = [(code, halves) for code, halves in whole.categories.items() if halves]
    kinds = charts.rows(_("各类别学时"), [str(words.CATEGORIES[code]) for code, _h in used], [charts.Series(_("学时"), [halves / 2 for _c, halves in used])],
        unit=_("学时"),
                        heading=_("类别"))  # fmt: skip
    rate = charts.rows(
        _("各单位达标率"), [name for name, _s in groups], [charts.Series(_("达标率"), [one.rate for _n, one in groups], links=links)], unit="%", heading=_("单位")
    )
    return [ring, kinds, rate]


@blueprint.get("/year")
@require(rights.BOOKS)
def index() -> Any:
    """How everything stands: a fixed number of statements however many people and attendances there are."""
    session, year, day = db.session(), asked_year(), today()
    names = queries.town_names(session)
    town = asked_town(names)
    members = queries.members(session, year, day, org_id=town)
    whole = queries.total(members)
    if town is None:
        by_town = queries.grouped(members, lambda one: one.org_id)
        groups = [(names[key], by_town[key], url_for("training_year.index", year=year, town=key)) for key in names if key in by_town]
    else:
        units = queries.grouped(members, lambda one: one.unit or _("未分组"))
        groups = [(name, one, url_for("training_file.people", year=year, q=name) if name != str(_("未分组")) else "") for name, one in units.items() if one.people]
    behind = sorted((one for one in members if one.owes and one.status != "met"), key=lambda one: (-one.standing.forecast, -one.standing.short, one.name))
    record = years.book(session, town, year) if town is not None else None
    asked = figures.of_year(town, year, day)
    return render_template(
        "training/year.html", year=year, years=queries.years_known(session, day), town=town, towns=names, whole=whole, groups=groups, behind=behind[:SHOWN],
        more=len(behind) - SHOWN,
        drawn=_charts(whole, [(name, one) for name, one, _link in groups], year, [link for _n, _o, link in groups]), departments=queries.departments(session, year),
        record=record, workflow=workflow.YEAR, words=words, hours=rules.hours, day=day, over=day.year > year,
        may_close=town is not None and can(rights.CLOSE, town) and day.year > year, closes=rules.closes_on(year, figures.figure(figures.CLOSES, town, day)),
        may_export=can(rights.EXPORT), warned=day >= rules.warn_from(year, asked.warn_days), guide=rules.guide(day, year, asked.guides),
    )  # fmt: skip


@blueprint.get("/departments")
@require(rights.BOOKS)
def departments() -> Any:
    """Which departments have held their yearly training."""
    year = asked_year()
    rows = queries.departments(db.session(), year)
    return render_template("training/departments.html", year=year, years=queries.years_known(db.session(), today()), rows=rows, words=words, over=today().year > year)


@blueprint.get("/year/compliance.xlsx")
@require(rights.EXPORT)
def workbook() -> Any:
    """The same as a workbook: towns or units, everybody, categories, departments."""
    session, year = db.session(), asked_year()
    names = queries.town_names(session)
    town = asked_town(names)
    members = queries.members(session, year, today(), org_id=town)
    stream = tables.compliance(members, names, year, queries.departments(session, year))
    audit.note("records.exported", record_type="training.year", chain_id=g.grant.org_id, detail={"rows": len(members), "format": "xlsx", "year": year})
    return send_table(stream, f"training-{year}-{today():%Y%m%d}.xlsx")


@blueprint.get("/year/attendance.xlsx")
@require(rights.EXPORT)
def attendance() -> Any:
    """What a town's sessions came to, in the two shapes that can be imported again."""
    if not g.grant.organisation.is_town:
        raise Refused(_("请切换到街镇的角色。"))
    year = asked_year()
    matrix = request.args.get("shape") == "matrix"
    rows = tables.attendances(db.session(), g.grant.org_id, year)
    stream = tables.matrix(rows, year, g.grant.organisation.name) if matrix else tables.lines(rows)
    audit.note("records.exported", record_type="training.session", chain_id=g.grant.org_id, detail={"rows": len(rows), "format": "xlsx", "year": year})
    return send_table(stream, f"attendance-{'matrix-' if matrix else ''}{year}.xlsx")


@blueprint.get("/year/short.<kind>")
@require(rights.EXPORT)
def short_list(kind: str) -> Any:
    """未达标名单."""
    session, year = db.session(), asked_year()
    names = queries.town_names(session)
    town = asked_town(names)
    behind = [one for one in queries.members(session, year, today(), org_id=town) if one.owes and one.status != "met"]
    owner = names[town] if town is not None else g.grant.organisation.name
    values = papers.short_list(owner, year, behind, {} if town is not None else names, today())
    return send_paper(layouts.SHORT_LIST, values, kind, _("%(year)s年度未达标名单", year=year), org_id=town or g.grant.org_id)


@blueprint.get("/year/report.<kind>")
@require(rights.EXPORT)
def report(kind: str) -> Any:
    """年度培训情况报告."""
    session, year = db.session(), asked_year()
    names = queries.town_names(session)
    town = asked_town(names)
    members = queries.members(session, year, today(), org_id=town)
    by_town = queries.grouped(members, lambda one: one.org_id) if town is None else {}
    units = queries.grouped(members, lambda one: one.unit or _("未分组")) if town is not None else {}
    owner = names[town] if town is not None else g.grant.organisation.name
    groups = [(names[key], by_town[key]) for key in names if key in by_town] or list(units.items())
    values = papers.report(owner, year, queries.total(members), groups, queries.departments(session, year), _held(town, year), today(), towns=town is None)
    return send_paper(layouts.REPORT, values, kind, _("%(year)s年度培训情况报告", year=year), org_id=town or g.grant.org_id)


def _held(town: int | None, year: int) -> dict[str, int]:
    """How many sessions were held, how many attendances, at what cost."""
    held = [Training.year == year, Training.state.in_(("finished", "certified", "archived")), *([Training.org_id == town] if town is not None else [])]
    sessions, cost = db.session.execute(select(func.count(), func.coalesce(func.sum(Training.cost_fen), 0)).where(*held)).one()
    came = select(func.count()).select_from(Enrolment).join(Training, Training.id == Enrolment.session_id).where(Training.year == year, Enrolment.in_at.is_not(None))
    attended = db.session.scalar(came.where(Enrolment.org_id == town) if town is not None else came) or 0
    return {"sessions": sessions, "cost": int(cost), "attended": attended}


# -- the book of a year -----------------------------------------------------------------------------------------------------------------


@blueprint.post("/year/<int:year>/begin-closing")
@require(rights.CLOSE)
def begin_closing(year: int) -> Any:
    """To the step that closes a year, after what still waits was shown."""
    check(rights.CLOSE, g.grant.org_id)
    if not g.grant.organisation.is_town or not 2000 <= year < today().year:
        raise Refused(_("%(year)s 年尚未结束，不能归档。", year=year))
    with unit_of_work("training.year_closed") as session:
        key = years.begin(session, g.grant.org_id, year).id
    waits = years.unfinished(db.session(), g.grant.org_id, year)
    if any(waits.values()):
        flash(_("还有 %(s)s 期培训、%(p)s 人次和 %(e)s 件外出培训未办结，归档后不能再认定。", s=waits["sessions"], p=waits["people"], e=waits["external"]), "warning")
    return redirect(url_for("records.step", record_type="training.year", record_id=key, action="close"), 303)


@blueprint.get("/books/<int:book_id>")
@require(rights.BOOKS)
def by_id(book_id: int) -> Any:
    """The book of a year: what it came to when it was closed, and who reopened it."""
    found: YearBook = workflow.YEAR.find(db.session(), book_id)
    if found.org_id not in queries.town_names(db.session()):
        raise NotFound(_("没有找到这条记录。"))
    now = queries.summary(db.session(), found.org_id, found.year, today())
    return render_template(
        "training/book.html", record=found, workflow=workflow.YEAR, now=now, hours=rules.hours, words=words, history=audit.history("training.year", book_id, 30)
    )


@blueprint.get("/books")
@require(rights.BOOKS)
def books() -> Any:
    """Closed and reopened years of the towns in sight."""
    names = queries.town_names(db.session())
    rows = db.session.scalars(select(YearBook).where(YearBook.org_id.in_(list(names))).order_by(YearBook.year.desc(), YearBook.org_id).limit(300)).unique().all()
    return render_template("training/books.html", rows=rows, towns=names, workflow=workflow.YEAR)
