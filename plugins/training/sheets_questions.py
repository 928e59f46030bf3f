"""Import of the question pool from Excel: subject, kind, text, options, the right answer."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.training import exams, rights, rules_exam
from plugins.training.models_file import Question
from portal.records.bulk import insert_rows, reserve_ids, update_rows
from portal.records.exporting import restore
from portal.records.importing import ImportColumn, ImportContext, ImportSpec, RawRow, RowResult
from portal.records.workbooks import normalise
from portal.text import seen

KINDS = {"单选": "single", "单选题": "single", "单项选择": "single", "单项选择题": "single", "多选": "multiple", "多选题": "multiple", "多项选择": "multiple",
         "多项选择题": "multiple", "判断": "judge", "判断题": "judge", "是非题": "judge", "singlechoice": "single", "single": "single", "multiplechoice": "multiple",
         "multiple": "multiple", "trueorfalse": "judge", "true/false": "judge", "truefalse": "judge"}  # fmt: skip
OPTIONS = "ABCDEFGH"
COLUMNS = (
    ImportColumn("serial", _l("序号"), ("题号",)),
    ImportColumn("subject", _l("科目"), ("考试科目", "类别", "题库"), required=True),
    ImportColumn("kind", _l("题型"), ("题目类型", "类型"), required=True),
    ImportColumn("text", _l("题干"), ("题目", "试题", "试题内容", "题目内容"), required=True),
    *(ImportColumn(f"option_{letter}", _l("选项%(letter)s", letter=letter), (letter, f"选项 {letter}", f"答案{letter}")) for letter in OPTIONS),
    ImportColumn("answer", _l("答案"), ("正确答案", "标准答案", "参考答案"), required=True),
    ImportColumn("explanation", _l("解析"), ("答案解析", "法律依据", "依据")),
)
WHY = {
    "no_answer": _l("没有正确答案"), "answer": _l("答案不在选项之中"), "several": _l("单选题只能有一个答案"), "one_only": _l("多选题至少有两个答案"),
    "options": _l("选项应为 2 至 8 个"), "same_options": _l("有相同的选项"), "no_text": _l("没有题干"), "no_subject": _l("没有科目"),
    "kind": _l("题型应为单选题、多选题或判断题"), "too_long": _l("题干超过 2000 字、选项超过 500 字或科目超过 40 字"), "gap": _l("选项之间有空缺"),
}  # fmt: skip


def check(rows: list[RawRow], context: ImportContext) -> list[RowResult]:
    """What is to be done with each question."""
    results = [_read(raw) for raw in rows]
    known = {row.digest: row for row in context.session.scalars(select(Question).where(Question.org_id == context.org_id))}
    seen: dict[str, int] = {}
    for result in results:
        if result.status == "refuse":
            continue
        values = result.values
        earlier = seen.setdefault(values["digest"], result.row)
        there = known.get(values["digest"])
        if earlier != result.row:
            result.status, result.code, result.message = "refuse", "duplicate", _("与第 %(row)s 行是同一道题", row=earlier)
        elif there is not None:
            values["id"] = there.id
            changed = {key: (str(getattr(there, key)), str(values[key])) for key in ("options", "answer", "explanation") if getattr(there, key) != values[key]}
            if changed:
                result.status, result.changes = "update", changed
            else:
                result.status, result.code, result.message = "skip", "unchanged", _("与登记的内容相同")
    return results


def _text(cell: Any) -> str:
    """A text of one line as it was written: Chinese punctuation stays what it is."""
    return " ".join(seen(restore(cell)).split()) if isinstance(cell, str) else normalise(cell)


def _read(raw: RawRow) -> RowResult:
    cells = raw.values
    text = _text(cells.get("text"))
    result = RowResult(
        raw.row, "create", cells=raw.cells, shown={"text": text[:60], "subject": normalise(cells.get("subject"))[:20], "kind": normalise(cells.get("kind"))[:10]}
    )
    try:
        result.values = _values(cells, text)
        result.shown["answer"] = result.values["answer"]
    except rules_exam.QuestionError as error:
        result.status, result.code, result.message = "refuse", error.code, str(WHY[error.code])
    return result


def _values(cells: dict[str, Any], text: str) -> dict[str, Any]:
    subject = normalise(cells.get("subject"))
    kind = KINDS.get(normalise(cells.get("kind")).replace(" ", "").lower(), "")
    if not subject:
        raise rules_exam.QuestionError("no_subject")
    if not kind:
        raise rules_exam.QuestionError("kind")
    if not text:
        raise rules_exam.QuestionError("no_text")
    given = [_text(cells.get(f"option_{letter}")) for letter in OPTIONS]
    options = [option for option in given if option]
    if options != given[: len(options)]:
        raise rules_exam.QuestionError("gap")
    if len(text) > 2000 or len(subject) > 40 or any(len(option) > 500 for option in options):
        raise rules_exam.QuestionError("too_long")
    if kind == "judge":
        options = []
    rules_exam.check_options(kind, options)
    return {
        "subject": subject, "kind": kind, "text": text, "options": options, "answer": rules_exam.read_answer(kind, normalise(cells.get("answer")), options),
        "explanation": _text(cells.get("explanation"))[:2000], "digest": exams.digest_of(subject, kind, text),
    }  # fmt: skip


def apply(session: Session, good: list[RowResult], context: ImportContext) -> None:
    created = [result.values for result in good if result.status == "create"]
    ids = reserve_ids(session, Question, len(created))
    insert_rows(session, Question, [{**values, "id": key, "org_id": context.org_id} for key, values in zip(ids, created, strict=True)])
    updated = {result.values["id"]: {key: result.values[key] for key in ("options", "answer", "explanation")} for result in good if result.status == "update"}
    update_rows(session, Question, updated)


SPEC = ImportSpec(
    name="training_questions",
    title=_l("试题库"),
    plugin="training",
    permission=rights.IMPORT,
    columns=COLUMNS,
    check=check,
    apply=apply,
    help=_l("每题一行。单选、多选题填选项 A 起依次排列，多选题答案写成 ABD；判断题不填选项，答案写“对”或“错”。"),
    done_endpoint="training_questions.index",
    of_district=True,
)
