"""Training files: the people of a year, one file as page, docx and PDF, corrections, all files as ZIP, checking a printed one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from plugins.training import batches, checks, crediting, files, forms, layouts, queries, rights, rules, steps, words, years
from plugins.training.models_file import Batch, PersonYear
from plugins.training.views_edit import place
from portal import audit
from portal.auth.models import Account, RoleGrant
from portal.auth.permissions import can, check, require
from portal.clock import today
from portal.contract import Paper
from portal.database import db, utcnow
from portal.directory.models import Organisation, Person
from portal.documents.papers import send_paper
from portal.errors import DomainError, NotFound, Refused
from portal.records.lists import Choice, Column, Flag, ListSpec, Order
from portal.records.views import show_list
from portal.text import whole
from portal.work import unit_of_work

blueprint = Blueprint("training_file", __name__, url_prefix="/training", template_folder="templates")


def asked_year() -> int:
    """The year of the address; this one where it says none."""
    year = whole(request.args.get("year", ""), 4)
    return year if year is not None and 2000 <= year <= today().year + 1 else today().year


# -- people of a year ----------------------------------------------------------------------------------------------------------------


def spec(year: int) -> ListSpec:
    """Everybody of the towns in sight with where they stand in a year."""
    session = db.session()
    towns = queries.town_names(session)
    members = {member.person_id: member for member in queries.members(session, year, today())}
    several = not g.grant.organisation.is_town
    columns: Any = (Person.id, Person.name, Person.org_id, Person.team, Person.position)
    counted = func.coalesce(PersonYear.counted, 0)
    by = {status: [key for key, one in members.items() if one.status == status] for status in words.VERDICTS}
    lights = {light: [key for key, one in members.items() if one.light == light and one.owes] for light in words.LIGHTS}

    def status(row: Any) -> Any:
        return words.VERDICTS[members[row.id].status][0]

    def look(row: Any) -> tuple[Any, str, str]:
        one = members[row.id]
        if one.status == "short" and one.light != "red":
            return (_("进度落后") if one.light == "amber" else _("进度正常")), one.light, "clock"
        title, tone, icon = words.VERDICTS[one.status]
        return title, tone, icon

    return ListSpec(
        name="training.people",
        select=lambda: select(*columns).outerjoin(PersonYear, (PersonYear.person_id == Person.id) & (PersonYear.year == year)).where(Person.id.in_(list(members))),
        key=Person.id,
        columns=(
            Column("name", _l("姓名"), lambda row: row.name, link=lambda row: url_for("training_file.detail", person_id=row.id, year=year), order="name"),
            Column("town", _l("街镇"), lambda row: towns.get(row.org_id, ""), shown=several),
            Column("team", _l("所在中队（组）"), lambda row: row.team),
            Column("counted", _l("已计入"), lambda row: rules.hours(members[row.id].standing.counted), css="num", order="hours"),
            Column("need", _l("应达"), lambda row: rules.hours(members[row.id].standing.need), css="num", shown=False),
            Column("planned", _l("已安排"), lambda row: rules.hours(members[row.id].standing.planned), css="num"),
            Column("short", _l("还差"), lambda row: rules.hours(members[row.id].standing.short) if members[row.id].owes else "", css="num"),
            Column("forecast", _l("预计年末差"), lambda row: rules.hours(members[row.id].standing.forecast) if members[row.id].owes else "", css="num"),
            Column("uncounted", _l("不计入"), lambda row: rules.hours(members[row.id].uncounted), css="num", shown=False),
            Column("update", _l("法律知识更新"), lambda row: _("已参加") if members[row.id].standing.updates else _("未参加")),
            Column("points", _l("学分"), lambda row: files.points(members[row.id].points), css="num", shown=False),
            Column("status", _l("状态"), status, badge=look),
        ),
        orders={
            "name": Order(_l("姓名"), [(Person.name, False)]), "name-": Order(_l("姓名"), [(Person.name, True)]),
            "hours": Order(_l("已计入"), [(counted, False)]), "hours-": Order(_l("已计入"), [(counted, True)]),
        },
        default_order="hours",
        filters=[
            Choice("status", _l("达标情况"), [(code, word[0]) for code, word in words.VERDICTS.items()], lambda value: Person.id.in_(by[value])),
            Choice("light", _l("进度"), list(words.LIGHTS.items()), lambda value: Person.id.in_(lights[value])),
            Flag("forecast", _l("预计年末不达标"), lambda: Person.id.in_([key for key, one in members.items() if one.owes and one.standing.forecast])),
            *([Choice("town", _l("街镇"), [(str(key), name) for key, name in towns.items()], lambda value: Person.org_id == int(value))] if several else []),
            Choice("year", _l("年度"), [(str(one), str(one)) for one in queries.years_known(session, today())], lambda _value: Person.id > 0),
        ],
        search=lambda text: Person.name.contains(text, autoescape=True) | Person.team.contains(text, autoescape=True),
        search_hint=_l("姓名或中队"),
        export_permission=rights.EXPORT,
    )  # fmt: skip


@blueprint.get("/people")
@require(rights.BOOKS)
def people() -> Any:
    """Where everybody stands."""
    return show_list(spec(asked_year()), "training/people.html", year=asked_year())


# -- one file ---------------------------------------------------------------------------------------------------------------------------


def find_person(person_id: int) -> Person:
    """Somebody of the towns in sight whose file may be read: everybody's with the right, one's own always."""
    found = db.session.scalars(select(Person).where(Person.id == person_id)).unique().one_or_none() if person_id < 2**31 else None
    if found is None or not (can(rights.BOOKS, found.org_id) or found.account_id == g.account.id):
        raise NotFound(_("没有找到这个人员。"))
    return found


@blueprint.get("/people/<int:person_id>")
@require(rights.SEE)
def detail(person_id: int) -> Any:
    """Somebody's training file, for a year or over all."""
    return _page(find_person(person_id))


def _page(person: Person, form: forms.CorrectForm | None = None, credit_id: int = 0) -> Any:
    year = 0 if request.args.get("year") == "all" else asked_year()
    session = db.session()
    file = files.of(session, person, year, today())
    correctable = can(rights.CERTIFY, person.org_id) and (not year or years.is_open(session, person.org_id, year))
    known = sorted({line.year for line in queries.credits_of(session, person.id)} | {today().year}, reverse=True)
    return render_template(
        "training/file.html", file=file, person=person, year=year, years=known, words=words, hours=rules.hours, points=files.points, verdict=files.verdict(file),
        code=checks.code(files.printed(file, today())), correctable=correctable, form=form or forms.CorrectForm(formdata=None), credit_id=credit_id,
        picture=checks.svg(checks.address(checks.code(files.printed(file, today())))), may_export=can(rights.EXPORT) or person.account_id == g.account.id,
        accounts=_accounts(person) if can(rights.RECORD, person.org_id) and person.account_id is None else [], may_record=can(rights.RECORD, person.org_id),
        closed=bool(year) and not years.is_open(session, person.org_id, year), local=_local,
    )  # fmt: skip


def _local(moment: dt.datetime | None) -> str:
    from plugins.training.sessions import local

    return f"{local(moment):%H:%M}" if moment else ""


@blueprint.get("/people/<int:person_id>/file.<kind>")
@require(rights.SEE)
def download(person_id: int, kind: str) -> Any:
    """The file as docx or PDF."""
    person = find_person(person_id)
    if not (can(rights.EXPORT) or person.account_id == g.account.id):
        check(rights.EXPORT)
    year = 0 if request.args.get("year") == "all" else asked_year()
    file = files.of(db.session(), person, year, today())
    return _paper(layouts.FILE, file, kind, _("%(name)s培训档案%(year)s", name=person.name, year=year or ""))


def _paper(paper: Paper, file: files.File, kind: str, name: str) -> Any:
    """A paper of a file, in the town's own template where it has one."""
    return send_paper(paper, files.values(file, today()), kind, name, org_id=file.org.id, record=file.person)


@blueprint.get("/people/<int:person_id>/proof.<kind>")
@require(rights.SEE)
def proof(person_id: int, kind: str) -> Any:
    """学时证明 of a year: for oneself, or by whoever may export."""
    person = find_person(person_id)
    if person.account_id != g.account.id:
        check(rights.EXPORT)
    year = asked_year()
    return _paper(layouts.PROOF, files.of(db.session(), person, year, today()), kind, _("%(name)s学时证明%(year)s", name=person.name, year=year))


@blueprint.post("/people/<int:person_id>/credits/<int:credit_id>")
@require(rights.CERTIFY)
def correct(person_id: int, credit_id: int) -> Any:
    """Correct a certified credit: a new line with a reason, the old one stays."""
    person = find_person(person_id)
    check(rights.CERTIFY, person.org_id)
    form = forms.CorrectForm()
    if form.validate():
        try:
            text = (form.hours.data or "").strip()
            halves = 0 if text in ("0", "0.0") else steps.check_halves(text)
            with unit_of_work("training.credit_corrected", reason=(form.reason.data or "").strip()) as session:
                made = crediting.correct(session, credit_id, halves, form.reason.data or "", today())
                if made.person_id != person_id:
                    raise NotFound(_("没有找到这条学时。"))
                year = made.year
            flash(_("已更正，原记录保留。"), "success")
            return redirect(url_for("training_file.detail", person_id=person_id, year=year), 303)
        except NotFound:
            raise
        except DomainError as error:
            place(form, error)
    return _page(find_person(person_id), form, credit_id), 422


def _accounts(person: Person) -> list[tuple[int, str]]:
    """Accounts of the town that stand for nobody yet."""
    linked = select(Person.account_id).where(Person.org_id == person.org_id, Person.account_id.is_not(None))
    found = (
        select(Account.id, Account.name, Account.username)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(RoleGrant.org_id == person.org_id, Account.active, Account.id.not_in(linked))
        .distinct()
        .order_by(Account.name, Account.id)
    )
    rows = db.session.execute(found).all()
    return sorted(((row.id, f"{row.name}（{row.username}）") for row in rows), key=lambda pair: not pair[1].startswith(person.name))


@blueprint.post("/people/<int:person_id>/account")
@require(rights.RECORD)
def link_account(person_id: int) -> Any:
    """Say whose account it is, so that they may enrol, sign in and sit examinations themselves."""
    chosen = whole(request.form.get("account", ""))
    with unit_of_work("training.linked") as session:
        person = session.scalars(select(Person).where(Person.id == person_id, Person.org_id == g.grant.org_id)).unique().one_or_none()
        if person is None:
            raise NotFound(_("没有找到这个人员。"))
        if chosen not in dict(_accounts(person)):
            raise Refused(_("请从列表中选择账号。"))
        person.account_id = chosen
    flash(_("已关联账号。"), "success")
    return redirect(url_for("training_file.detail", person_id=person_id), 303)


# -- all of a town ------------------------------------------------------------------------------------------------------------------------


def _towns() -> dict[int, str]:
    return queries.town_names(db.session())


@blueprint.route("/batches", methods=["GET", "POST"])
@require(rights.EXPORT)
def archives() -> Any:
    """Ask for all files of a town as one ZIP, and fetch those that are ready."""
    towns = _towns()
    if request.method == "POST":
        org_id, year = whole(request.form.get("town", "")) or 0, whole(request.form.get("year", ""), 4) or 0
        if org_id not in towns or not 2000 <= year <= today().year:
            raise Refused(_("请选择街镇和年度。"))
        with unit_of_work("training.batch_asked") as session:
            batches.ask(session, org_id, year, request.form.get("kind", ""))
        return redirect(url_for("training_file.archives"), 303)
    listed = db.session.scalars(select(Batch).where(Batch.org_id.in_(list(towns))).order_by(Batch.id.desc()).limit(30)).all()
    rows = [(row, *batches.progress(db.session(), row), batches.path_of(row.id).exists()) for row in listed]
    template = "training/_archives.html" if request.headers.get("HX-Request") else "training/archives.html"
    running = any(row.state in ("waiting", "running") for row in listed)
    return render_template(template, rows=rows, towns=towns, years=queries.years_known(db.session(), today()), running=running, kept=batches.KEPT.days)


@blueprint.get("/batches/<int:batch_id>.zip")
@require(rights.EXPORT)
def archive(batch_id: int) -> Any:
    """The ZIP, for whoever may export this town's files."""
    found = db.session.scalars(select(Batch).where(Batch.id == batch_id, Batch.state == "done")).one_or_none()
    if found is None or found.org_id not in _towns() or not batches.path_of(batch_id).exists():
        raise NotFound(_("没有找到这份档案，或已过保存期。"))
    audit.note(
        "training.batch_taken", record_type="training.batch", record_id=batch_id, chain_id=found.org_id, detail={"files": found.files, "digest": found.digest[:16]}
    )
    name = _("%(town)s%(year)s年度培训档案.zip", town=_towns()[found.org_id], year=found.year)
    return send_file(batches.path_of(batch_id), "application/zip", as_attachment=True, download_name=name)


# -- checking a paper -------------------------------------------------------------------------------------------------------------------------


@blueprint.get("/check")
@require(rights.CHECK)
def verify() -> Any:
    """Whether a printed file says what the portal said on the day of its printing; and what it says now."""
    typed = request.args.get("code", "").strip()[:400]
    found = checks.read(typed) if typed else None
    org = db.session.get(Organisation, found.org_id) if found is not None else None
    person = db.session.scalars(select(Person).where(Person.id == found.person_id)).unique().one_or_none() if found is not None else None
    now = None
    if found is not None and person is not None and can(rights.BOOKS, person.org_id):
        now = files.of(db.session(), person, found.year, today()).counted
    if typed:
        audit.note("training.file_checked", record_type="directory.person", record_id=found.person_id if found else None, chain_id=g.grant.org_id,
                   result="ok" if found else "refused")  # fmt: skip
    return render_template(
        "training/check.html", typed=typed, found=found, org=org, person=person, now=now, hours=rules.hours, at=utcnow()
    ), 422 if typed and found is None else 200
