"""Sign-in: the printed sheet and its quick entry, the screen with the changing code, the telephone."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import io
from collections.abc import Sequence
from typing import Any

import segno
from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from plugins.training import forms, layouts, papers, queries, rights, rules_sheet, sessions, signing, words
from plugins.training.models import Enrolment, Sign, Training
from plugins.training.views_edit import place
from plugins.training.views_seats import people_of
from portal.auth.permissions import check, require
from portal.clock import today
from portal.config import current_settings
from portal.database import db, utcnow
from portal.documents.papers import send_paper
from portal.errors import Conflict, Refused
from portal.tenancy import EVERYTHING, use_scope
from portal.text import whole
from portal.work import unit_of_work

blueprint = Blueprint("training_sign", __name__, url_prefix="/training", template_folder="templates")
ON_SHEET = ("enrolled", "present", "attended", "absent", "refused")
CREDITED = "credited"


def on_sheet(training_id: int) -> Sequence[Enrolment]:
    """Everybody with a seat, in the order of the printed sheet: whoever comes later stands at its end, so that no number on paper changes."""
    found = select(Enrolment).where(Enrolment.session_id == training_id, Enrolment.state.in_((*ON_SHEET, CREDITED)))
    return db.session.scalars(found.order_by(Enrolment.id)).all()


def hosted(training_id: int) -> Training:
    training = sessions.get(db.session(), training_id)
    sessions.check_host(training)
    return training


# -- paper -----------------------------------------------------------------------------------------------------------------------


@blueprint.get("/<int:training_id>/sheet")
@require(rights.ORGANISE)
def sheet(training_id: int) -> Any:
    """签到表 for printing."""
    training = hosted(training_id)
    return render_template(
        "training/sheet.html", training=training, rows=on_sheet(training_id), place=sessions.place_of(db.session(), training), when=papers.when(training)
    )


@blueprint.get("/<int:training_id>/sheet.<kind>")
@require(rights.ORGANISE)
def sheet_file(training_id: int, kind: str) -> Any:
    """签到表 as a file."""
    training = hosted(training_id)
    values = papers.sheet(training, sessions.place_of(db.session(), training), on_sheet(training_id), today())
    return send_paper(layouts.SHEET, values, kind, _("签到表 %(title)s", title=training.title), org_id=training.org_id, record=training)


@blueprint.route("/<int:training_id>/entry", methods=["GET", "POST"])
@require(rights.ORGANISE)
def entry(training_id: int) -> Any:
    """Enter what stands on the sheet: by numbers, or line by line; what was there is corrected with a reason."""
    training = hosted(training_id)
    rows = on_sheet(training_id)
    form = forms.EntryForm()
    typed = _typed(rows) if request.method == "POST" else {}
    if request.method == "POST" and form.validate():
        try:
            times = _read(training, rows, form, typed)
            with unit_of_work("training.corrected" if form.reason.data else "training.entered", reason=(form.reason.data or "").strip()) as session:
                changed = signing.enter(session, sessions.get(session, training_id, lock=True), times, form.reason.data or "")
            flash(_("已录入，变动 %(n)s 人。", n=changed), "success")
            return redirect(url_for("training_sign.entry", training_id=training_id), 303)
        except Refused as error:
            place(form, error)
        training, rows = hosted(training_id), on_sheet(training_id)
    signs = db.session.scalars(select(Sign).where(Sign.enrolment_id.in_([row.id for row in rows])).order_by(Sign.enrolment_id, Sign.id)).all() if rows else []
    corrected = [sign for sign in signs if sign.how == "correction"]
    by_row: dict[int, list[Sign]] = {}
    for sign in signs:
        by_row.setdefault(sign.enrolment_id, []).append(sign)
    return render_template(
        "training/entry.html", training=training, rows=rows, form=form, typed=typed, words=words, local=sessions.local, when=papers.when(training), signs=by_row,
        corrected=corrected, names={row.id: row.person_name for row in rows}, enterable=training.state in ("open", "finished", "certified"),
    ), 422 if form.errors or form.form_errors else 200  # fmt: skip


def _shown(row: Enrolment) -> tuple[str, str]:
    """The times of somebody as the page shows them."""
    came, left = (f"{sessions.local(at):%H:%M}" if at else "" for at in (row.in_at, row.out_at))
    return came, left


def _typed(rows: Sequence[Enrolment]) -> dict[int, tuple[str, str]]:
    """What was changed on the page, by enrolment. Whoever signed in by telephone meanwhile is not undone by a field that was left as it was."""
    found = {}
    for row in rows:
        fields = request.form.get(f"in-{row.id}"), request.form.get(f"out-{row.id}")
        if fields[0] is None or fields[1] is None:
            continue
        times = fields[0].strip(), fields[1].strip()
        if times != tuple(request.form.get(f"was-{row.id}", ",").split(",", 1)):
            found[row.id] = times
    return found


def _read(training: Training, rows: Sequence[Enrolment], form: forms.EntryForm, typed: dict[int, tuple[str, str]]) -> dict[int, signing.Times]:
    """The times that were typed; the quick line goes before the fields. Raises Refused for what cannot be read."""
    times: dict[int, signing.Times] = {}
    for row in rows:
        if row.id not in typed:
            continue
        (came, left), shown, was = typed[row.id], _shown(row), request.form.get(f"was-{row.id}", ",")
        if ",".join(shown) != was:
            raise Refused(_("%(name)s 的签到刚刚有变动（现为 %(now)s），请核对后再录入。", name=row.person_name, now="—".join(shown)))
        if (came, left) != shown:
            times[row.id] = (_moment(training, row, came, row.in_at), _moment(training, row, left, row.out_at))
    if (form.quick.data or "").strip():
        quick = rules_sheet.read_quick(form.quick.data or "", len(rows))
        if quick.unread:
            raise Refused(
                _("看不懂：%(words)s。请写序号（1 至 %(n)s）和时间，如“1-20 23”“21 9:40-11:00”。", words="、".join(quick.unread[:8]), n=len(rows)), field="quick"
            )
        times.update(signing.from_quick(training, rows, quick.times))
    return times


def _moment(training: Training, row: Enrolment, text: str, before: dt.datetime | None) -> dt.datetime | None:
    if not text:
        return None
    if before is not None and text == f"{sessions.local(before):%H:%M}":
        return before
    try:
        return signing.at_time(training, dt.time.fromisoformat(text.replace("：", ":").zfill(5)))
    except ValueError:
        raise Refused(_("%(name)s 的“%(text)s”不是时间，请写成 09:00。", name=row.person_name, text=text[:20])) from None


# -- the screen in the room ---------------------------------------------------------------------------------------------------------


@blueprint.get("/<int:training_id>/screen")
@require(rights.ORGANISE)
def screen_link(training_id: int) -> Any:
    """To the screen: its address carries a key, so that nobody stays logged in at the lectern."""
    training = hosted(training_id)
    return redirect(url_for("training_sign.screen", training_id=training_id, key=signing.screen_key(training)))


def _of_screen(training_id: int, key: str) -> Training:
    """The session of a screen's address; 404 for a wrong key and for another day."""
    with use_scope(EVERYTHING):
        training = db.session.scalars(select(Training).where(Training.id == training_id, Training.state == "open")).unique().one_or_none()
    if training is None or not hmac.compare_digest(signing.screen_key(training).encode(), key.encode("utf-8", "replace")):
        abort(404)
    if not training.starts_at - dt.timedelta(hours=4) <= utcnow() <= training.ends_at + dt.timedelta(hours=4):
        abort(404)
    return training


def _picture(training: Training) -> str:
    base = current_settings().public_url.rstrip("/") or request.host_url.rstrip("/")
    address = f"{base}{url_for('training_sign.scan', training_id=training.id, code=signing.code(training, utcnow()))}"
    stream = io.BytesIO()
    segno.make(address, error="m", micro=False).save(stream, kind="svg", scale=8, border=2, dark="#000", light="#fff")
    return base64.b64encode(stream.getvalue()).decode()


@blueprint.get("/screen/<int:training_id>/<key>")
def screen(training_id: int, key: str) -> Any:
    """The code for the wall. Shows title and code, knows nothing else; without htmx the page loads itself anew."""
    training = _of_screen(training_id, key)
    template = "training/_code.html" if request.headers.get("HX-Request") else "training/screen.html"
    left = signing.SECONDS - int(utcnow().timestamp()) % signing.SECONDS
    return render_template(template, training=training, key=key, picture=_picture(training), left=left, when=papers.when(training))


# -- the telephone ----------------------------------------------------------------------------------------------------------------------


@blueprint.route("/sign/<int:training_id>", methods=["GET", "POST"])
@require(rights.LEARN)
def scan(training_id: int) -> Any:
    """What the code leads to: sign in, or out; whoever has no seat is asked first."""
    session = db.session()
    training = sessions.get(session, training_id)
    person = queries.person_of(g.account.id, g.grant.org_id)
    if person is None:
        raise Refused(_("您的账号没有关联人员，不能签到；请联系培训管理员。"))
    row = signing.own_row(session, training, person.id)
    if request.method == "POST":
        return _sign(training_id, person.id)
    good = signing.code_fits(training, request.args.get("code", ""), utcnow())
    ticket = signing.ticket(training, g.account.id, utcnow()) if good else ""
    return render_template("training/scan.html", training=training, row=row, good=good, ticket=ticket, when=papers.when(training), local=sessions.local,
                           place=sessions.place_of(session, training)), 200 if good else 422  # fmt: skip


def _sign(training_id: int, person_id: int) -> Any:
    now = utcnow()
    with unit_of_work("training.signed") as session:
        training = sessions.get(session, training_id, lock=True)
        if not signing.ticket_fits(training, g.account.id, request.form.get("ticket", ""), now):
            raise Refused(_("二维码已过期，请重新扫描。"))
        row = signing.own_row(session, training, person_id)
        if row is None or row.state == "cancelled":
            if request.form.get("join") != "1":
                raise Conflict(_("您没有报名这期培训，请先确认现场补报。"))
            person = queries.person_of(g.account.id, g.grant.org_id)
            assert person is not None
            row = sessions.enrol(session, training, [person], "walkin", today(), late=True)[0]
            if row.state == "waiting":
                raise Refused(_("人数已满，请联系培训管理员调整人数上限后再扫码。"))
        what = signing.scan(session, training, row, now)
        title = training.title
    flash(_("“%(title)s”签到成功。", title=title) if what == "in" else _("“%(title)s”签退成功。", title=title), "success")
    return redirect(url_for("training_mine.index"), 303)


# -- at the door, by hand -------------------------------------------------------------------------------------------------------------------


@blueprint.post("/<int:training_id>/walk-in")
@require(rights.ORGANISE)
def walk_in(training_id: int) -> Any:
    """Somebody of one's own who stands on the sheet and had not enrolled: added after asking."""
    training = hosted(training_id)
    check(rights.ORGANISE, training.org_id)
    ids = [key for text in request.form.getlist("people")[:200] if (key := whole(text)) is not None and key < 2**31]
    if not ids:
        raise Refused(_("请选择人员。"))

    with unit_of_work("training.enrolled", reason=_("现场补报")) as session:
        made = sessions.enrol(session, sessions.get(session, training_id, lock=True), people_of(ids), "walkin", today(), late=True)
        if any(row.state == "waiting" for row in made):
            raise Refused(_("人数已满，请先调整人数上限。"))
    flash(_("已补报 %(n)s 人，请录入签到。", n=len(ids)), "success")
    return redirect(url_for("training_sign.entry", training_id=training_id), 303)
