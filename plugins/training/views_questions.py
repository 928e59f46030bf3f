"""The pool of questions: list, one question, export for mending in Excel."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from plugins.training import exams, forms, rights, rules_exam, words
from plugins.training.models_file import Question
from plugins.training.sheets_questions import OPTIONS, WHY
from portal import audit
from portal.auth.permissions import can, require
from portal.clock import today
from portal.database import db
from portal.errors import NotFound
from portal.records import once
from portal.records.exporting import write_xlsx
from portal.records.lists import Choice, Column, Flag, ListSpec, Order
from portal.records.views import send_table, show_list
from portal.work import unit_of_work

blueprint = Blueprint("training_questions", __name__, url_prefix="/training", template_folder="templates")


def _mine() -> Any:
    return select(Question.subject).where(Question.org_id == g.grant.org_id).distinct().order_by(Question.subject).limit(100)


def spec() -> ListSpec:
    """The pool of the acting organisation."""
    subjects = list(db.session.scalars(_mine()))
    columns: Any = (Question.id, Question.subject, Question.kind, Question.text, Question.answer, Question.active)
    return ListSpec(
        name="training.question",
        select=lambda: select(*columns).where(Question.org_id == g.grant.org_id),
        key=Question.id,
        columns=(
            Column("text", _l("题干"), lambda row: row.text[:80], link=lambda row: url_for("training_questions.edit", question_id=row.id), css="wide"),
            Column("subject", _l("科目"), lambda row: row.subject, order="subject"),
            Column("kind", _l("题型"), lambda row: words.QUESTION_KINDS[row.kind]),
            Column("answer", _l("答案"), lambda row: {"A": _("对"), "B": _("错")}[row.answer] if row.kind == "judge" else row.answer, css="num"),
            Column("active", _l("在用"), lambda row: _("是") if row.active else _("停用")),
        ),
        orders={"subject": Order(_l("科目"), [(Question.subject, False)]), "new": Order(_l("最近"), [(Question.id, True)])},
        default_order="new",
        filters=[
            Choice("subject", _l("科目"), [(subject, subject) for subject in subjects], lambda value: Question.subject == value),
            Choice("kind", _l("题型"), list(words.QUESTION_KINDS.items()), lambda value: Question.kind == value),
            Flag("off", _l("已停用"), lambda: ~Question.active),
        ],
        search=lambda text: Question.text.contains(text, autoescape=True),
        search_hint=_l("题干"),
    )


@blueprint.get("/questions")
@require(rights.ORGANISE)
def index() -> Any:
    """The pool."""
    return show_list(spec(), "training/questions.html", may_import=can(rights.IMPORT))


@blueprint.get("/questions.xlsx")
@require(rights.ORGANISE)
def export() -> Any:
    """The whole pool as it can be imported again."""
    rows = db.session.scalars(select(Question).where(Question.org_id == g.grant.org_id).order_by(Question.subject, Question.kind, Question.id)).all()
    titles = ["序号", "科目", "题型", "题干", *(f"选项{letter}" for letter in OPTIONS), "答案", "解析"]
    kinds = {"single": "单选题", "multiple": "多选题", "judge": "判断题"}
    listed = (
        [
            n,
            row.subject,
            kinds[row.kind],
            row.text,
            *([*row.options, *[""] * 8][:8]),
            {"A": "对", "B": "错"}[row.answer] if row.kind == "judge" else row.answer,
            row.explanation,
        ]
        for n, row in enumerate(rows, 1)
    )
    audit.note("records.exported", record_type="training.question", chain_id=g.grant.org_id, detail={"rows": len(rows), "format": "xlsx"})
    return send_table(write_xlsx(titles, listed, "试题库"), f"questions-{today():%Y%m%d}.xlsx")


@blueprint.route("/questions/new", methods=["GET", "POST"])
@blueprint.route("/questions/<int:question_id>", methods=["GET", "POST"])
@require(rights.ORGANISE)
def edit(question_id: int | None = None) -> Any:
    """One question. Papers that were drawn keep the text that they had."""
    found = _find(question_id) if question_id is not None else None
    form = forms.QuestionForm() if request.method == "POST" else forms.QuestionForm(formdata=None, obj=found)
    if request.method == "GET" and found is not None:
        form.options.data = "\n".join(found.options)
        form.answer.data = {"A": "对", "B": "错"}[found.answer] if found.kind == "judge" else found.answer
    if request.method == "POST" and form.validate():
        try:
            values = _values(form)
            with unit_of_work("training.question_edited") as session:
                earlier = once.claim(session, once.sent_key()) if question_id is None else None
                if earlier is not None:
                    return redirect(earlier, 303)
                row = _find(question_id) if question_id is not None else Question(org_id=g.grant.org_id)
                for name, value in values.items():
                    setattr(row, name, value)
                session.add(row)
                session.flush()
                once.made(session, once.sent_key(), url_for("training_questions.index"))
            flash(_("已保存。"), "success")
            return redirect(url_for("training_questions.index"), 303)
        except rules_exam.QuestionError as error:
            field = "answer" if error.code in ("no_answer", "answer", "several", "one_only") else "options"
            form[field].errors = [WHY[error.code]]
        except IntegrityError:
            form.text.errors = [_("题库中已有同一道题。")]
    subjects = list(db.session.scalars(_mine()))
    return render_template("training/question.html", form=form, question=found, subjects=subjects), 422 if form.errors else 200


def _find(question_id: int) -> Question:
    found = db.session.scalars(select(Question).where(Question.id == question_id, Question.org_id == g.grant.org_id)).one_or_none() if question_id < 2**31 else None
    if found is None:
        raise NotFound(_("没有找到这道题。"))
    return found


def _values(form: forms.QuestionForm) -> dict[str, Any]:
    kind, subject, text = form.kind.data, (form.subject.data or "").strip(), (form.text.data or "").strip()
    options = [line.strip()[:500] for line in (form.options.data or "").splitlines() if line.strip()] if kind != "judge" else []
    rules_exam.check_options(kind, options)
    return {
        "subject": subject, "kind": kind, "text": text, "options": options, "answer": rules_exam.read_answer(kind, form.answer.data or "", options),
        "explanation": (form.explanation.data or "").strip(), "active": form.active.data, "digest": exams.digest_of(subject, kind, text),
    }  # fmt: skip
