"""What leaves on paper: the opinion paper, the case file, the invitation's promise. docx for the office, PDF for everybody on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from plugins.consultations import words
from plugins.consultations.anonymise import Anonymiser
from plugins.consultations.models import Consultation, Opinion, Paper, Seat
from portal.documents import Document, Facts, Heading, Para, Table, in_chinese

LEVELS = "一二三四五六七八九十"


def numeral(number: int) -> str:
    """一 to 九十九, for headings."""
    tens, ones = divmod(number, 10)
    return (("" if tens == 1 else LEVELS[tens - 1]) + "十" if tens else "") + (LEVELS[ones - 1] if ones else "")


@in_chinese
def opinion_paper(consultation: Consultation, paper: Paper, members: Sequence[Seat], issuer: str, *, watermark: str = "") -> Document:
    """会商意见书: course, questions with majority and dissent, advice, and that it is advice."""
    blocks: list[Any] = [Heading(1, _("一、会商经过")), Para(paper.course), Heading(1, _("二、会商意见"))]
    for number, item in enumerate(paper.findings, 1):
        blocks += [Heading(2, f"（{numeral(number)}）{item['question']}"), Para(item["majority"])]
        if item["dissent"]:
            blocks += [Heading(3, _("分歧意见")), Para(item["dissent"])]
    blocks += [Heading(1, _("三、总体建议")), Para(paper.advice), Heading(1, _("四、说明")), Para(str(words.ADVICE_ONLY))]
    blocks += [Heading(1, _("附：会商组成员")), members_table(members)]
    return Document(
        title=_("案件联合会商意见书"), form="letter", issuer=issuer, number=paper.number, addressee=consultation.organisation.name, blocks=tuple(blocks),
        signature=issuer, date=paper.signed_on, watermark=watermark,
        header_note=_("咨询性意见 · 校验 %(digest)s", digest=paper.digest[:16]) if paper.digest else _("未签发的稿件"),
    )  # fmt: skip


def members_table(members: Sequence[Seat]) -> Table:
    """Who sat, and how each came to sit there: choice by hand and draw are told apart."""
    rows = tuple(
        (seat.name, seat.unit, str(words.SEAT_KINDS[seat.kind]), str(words.CHOSEN[seat.chosen]), _member_note(seat))
        for seat in members if seat.state in ("submitted", "missed", "declared")
    )  # fmt: skip
    return Table((_("姓名"), _("单位"), _("类别"), _("产生方式"), _("备注")), rows, (1.1, 2.4, 1, 1.1, 1.6))


def _member_note(seat: Seat) -> str:
    parts = [seat.disclosure, _("逾期提交") if seat.late else "", _("未提交意见") if seat.state != "submitted" else ""]
    return "；".join(part for part in parts if part)


@in_chinese
def case_file(consultation: Consultation, given: Sequence[tuple[Seat, Opinion]], inquiries: Sequence[Any], *, watermark: str = "",
              without: Anonymiser | None = None) -> Document:  # fmt: skip
    """案情材料 with what was asked and, once shown, what was said; ``without``: names and numbers replaced throughout."""

    def clean(text: Any) -> str:
        return without.text(str(text or "")) if without is not None else str(text or "")

    c = consultation
    evidence = tuple((str(n), clean(item["name"]), clean(item["proves"])) for n, item in enumerate(c.evidence, 1))
    blocks: list[Any] = [
        Facts((
            (_("编号"), clean(c.number)), (_("提请单位"), clean(c.organisation.name)), (_("专业领域"), c.field), (_("案号"), clean(c.case_no)),
            (_("立案日期"), c.filed_on or ""), (_("会商方式"), str(words.FORMS.get(c.form, ""))),
            (_("重大疑难复杂情形"), "；".join(str(words.TRIGGERS[code]) for code in c.triggers)),
        )),
        Heading(1, _("一、查明的事实")), Para(clean(c.facts)), Heading(1, _("二、涉及的法律依据")), Para(clean(c.law)), Heading(1, _("三、争议焦点")),
        *(Para(f"{number}. {clean(text)}") for number, text in enumerate(c.questions, 1)), Heading(1, _("四、本单位意见")), Para(clean(c.own_view)),
        Heading(1, _("五、证据清单")),
        Table((_("序号"), _("证据名称"), _("证明内容")), evidence, (0.5, 2, 3)),
    ]  # fmt: skip
    if inquiries:
        blocks.append(Heading(1, _("六、补充询问")))
        for item in inquiries:
            blocks += [Para(_("问：%(text)s", text=clean(item.text))), Para(_("答：%(text)s", text=clean(item.reply) or _("（未答复）")))]
    if given:
        blocks.append(Heading(1, _("七、成员意见") if inquiries else _("六、成员意见")))
        for seat, opinion in given:
            late = _("（逾期提交）") if seat.late else ""
            blocks.append(Heading(2, f"{clean(seat.name)} · {clean(seat.unit)} · {words.CHOSEN[seat.chosen]}{late}"))
            for number, said in enumerate(opinion.answers, 1):
                what, reasons, basis = words.CONCLUSIONS[said["conclusion"]], clean(said["reasons"]), clean(said["basis"])
                blocks.append(Para(_("%(n)s. %(what)s。%(reasons)s（依据：%(basis)s）", n=number, what=what, reasons=reasons, basis=basis)))
            if opinion.remark:
                blocks.append(Para(clean(opinion.remark)))
    note = _("已隐去姓名、号码、地址和车牌") if without is not None else _("内部资料，注意保密")
    return Document(title=clean(c.title), form="plain", blocks=tuple(blocks), watermark=watermark, header_note=note)
