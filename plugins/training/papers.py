"""What goes on paper beside the personal file: notice, sign-in sheet, results, plan, who is short, the yearly report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from plugins.training import queries, rules, words
from plugins.training.models import Enrolment, Plan, PlanItem, Training
from plugins.training.models_file import Attempt, Exam
from plugins.training.sessions import local
from portal.documents import Block, Document, Facts, Heading, Para, Table, chinese_date, in_chinese


def when(training: Training) -> str:
    """Day and times in the Chinese way."""
    start, end = local(training.starts_at), local(training.ends_at)
    if not training.timed:
        return chinese_date(training.held_on)
    last = f"{end:%H:%M}" if end.date() == start.date() else f"{chinese_date(end.date())} {end:%H:%M}"
    return f"{chinese_date(start.date())} {start:%H:%M}—{last}"


@in_chinese
def notice(training: Training, place: str, seats: Sequence[tuple[str, int]], today: dt.date) -> Document:
    """培训通知."""
    org = training.organisation
    facts = [
        (_("培训时间"), when(training)), (_("培训地点"), place), (_("培训类别"), str(words.CATEGORIES[training.category])),
        (_("培训方式"), f"{training.mode} · {training.delivery}"),
        (_("讲师"), training.lecturer), (_("培训对象"), training.audience), (_("学时"), rules.hours(training.halves)), (_("主办单位"), training.organiser_name),
    ]  # fmt: skip
    blocks: list[Block] = [
        Para(_("现将“%(title)s”培训有关事项通知如下。", title=training.title)),
        Heading(1, _("一、培训安排")),
        Facts(tuple(pair for pair in facts if pair[1])),
    ]
    if training.content:
        blocks += [Heading(1, _("二、培训内容与课前阅读")), Para(training.content)]
    number = "三" if training.content else "二"
    if seats:
        blocks += [Heading(1, _("%(n)s、名额分配", n=number)), Table((_("参训单位"), _("名额")), tuple((name, str(quota)) for name, quota in seats), (3, 1))]
        number = "四" if training.content else "三"
    until = _("请于 %(day)s 前报名。", day=chinese_date(training.enrol_until)) if training.enrol_until else ""
    exam = _("培训后进行考试，合格的认定学时。") if training.exam_needed else ""
    blocks += [Heading(1, _("%(n)s、有关要求", n=number)), Para(_("%(until)s参训人员签到、签退齐全的认定学时，请妥善安排工作。%(exam)s", until=until, exam=exam))]
    addressee = "、".join(name for name, _quota in seats)
    return Document(_("关于举办“%(title)s”培训的通知", title=training.title), issuer=org.name, number=training.number, addressee=addressee, blocks=tuple(blocks),
                    signature=org.name, date=today)  # fmt: skip


@in_chinese
def sheet(training: Training, place: str, rows: Sequence[Enrolment], spare: int = 5) -> Document:
    """签到表, with numbers for quick entry and a few empty lines."""
    lines = [(str(number), row.person_name, row.unit, "", "", "") for number, row in enumerate(rows, 1)]
    lines += [(str(len(rows) + n), "", "", "", "", "") for n in range(1, spare + 1)]
    facts = ((_("培训名称"), training.title), (_("时间"), when(training)), (_("地点"), place), (_("讲师"), training.lecturer))
    table = Table((_("序号"), _("姓名"), _("单位"), _("签到（签名、时间）"), _("签退（签名、时间）"), _("备注")), tuple(lines), (0.8, 1.6, 2.8, 2.4, 2.4, 1))
    return Document(_("培训签到表"), form="plain", header_note=training.number, blocks=(Facts(tuple(pair for pair in facts if pair[1])), table))


@in_chinese
def results(exam: Exam, rows: Sequence[Attempt], today: dt.date) -> Document:
    """考核成绩表."""
    lines = tuple(
        (str(n), row.person_name, row.unit, "" if row.score is None else str(row.score),
        str(words.ATTEMPTS[row.state][0]) if row.passed is None else _("合格") if row.passed
         else _("不合格"))
        for n, row in enumerate(rows, 1)
    )  # fmt: skip
    facts = Facts(((_("考试"), exam.title), (_("种类"), str(words.EXAM_KINDS[exam.kind])), (_("合格分数"), str(exam.pass_mark))))
    return Document(_("考核成绩表"), form="plain", blocks=(facts, Table((_("序号"), _("姓名"), _("单位"), _("成绩"), _("结果")), lines, (0.8, 1.6, 3, 1, 1.4))),
                    signature=exam.organisation.name, date=today)  # fmt: skip


@in_chinese
def plan(found: Plan, items: Sequence[PlanItem], today: dt.date) -> Document:
    """年度培训计划."""
    lines = tuple(
        (_("%(n)s月", n=item.month), item.theme, str(words.CATEGORIES[item.category]), rules.hours(item.halves), item.audience, item.lecturer, money(item.cost_fen))
        for item in items
    )
    total = sum(item.halves for item in items)
    blocks: tuple[Block, ...] = (
        Para(_("全年计划培训 %(n)s 项、%(h)s 学时，经费 %(m)s 元。", n=len(items), h=rules.hours(total), m=money(sum(item.cost_fen for item in items)))),
        Table((_("时间"), _("主题"), _("类别"), _("学时"), _("对象"), _("讲师"), _("经费（元）")), lines, (1, 3.6, 2, 1, 2, 1.4, 1.4)),
        *((Para(found.note),) if found.note else ()),
    )
    return Document(found.title, issuer=found.organisation.name, form="plain", blocks=blocks, signature=found.organisation.name, date=found.approved_on or today)


def money(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02d}" if fen % 100 else f"{fen // 100:,}"


@in_chinese
def short_list(org: str, year: int, members: Sequence[queries.Member], names: dict[int, str], today: dt.date) -> Document:
    """未达标名单."""
    lines = tuple(
        (str(n), member.name, " ".join(part for part in (names.get(member.org_id, ""), member.unit) if part), rules.hours(member.standing.counted),
        rules.hours(member.standing.short),
         _("已参加") if member.standing.updates else _("未参加"))
        for n, member in enumerate(members, 1)
    )  # fmt: skip
    blocks: tuple[Block, ...] = (
        Para(_("截至 %(day)s，未达到年度学时或未参加本单位法律知识更新培训的共 %(n)s 人。", day=chinese_date(today), n=len(members))),
        Table((_("序号"), _("姓名"), _("单位"), _("已计入"), _("差"), _("法律知识更新")), lines, (0.8, 1.5, 3, 1.1, 1, 1.6)),
    )
    return Document(_("%(year)s 年度培训未达标名单", year=year), form="plain", blocks=blocks, signature=org, date=today)


@in_chinese
def report(org: str, year: int, whole: queries.Summary, towns: Sequence[tuple[str, queries.Summary]], units: Sequence[tuple[str, queries.Summary]],
           departments: Sequence[queries.Held], figures: dict[str, Any], today: dt.date) -> Document:  # fmt: skip
    """年度培训情况报告."""
    rate = f"{whole.rate}%"
    blocks: list[Block] = [
        Heading(1, _("一、总体情况")),
        Para(_("%(year)s 年应参训 %(n)s 人，已达年度学时 %(met)s 人，达标率 %(rate)s；未达标 %(short)s 人，合计差 %(h)s 学时；免训 %(ex)s 人。"
               "另有 %(nu)s 人学时已达标而未参加本单位法律知识更新培训。", year=year, n=whole.people, met=whole.hours_met, rate=rate, short=whole.short,
               h=rules.hours(whole.short_halves), ex=whole.exempt, nu=whole.no_update)),
        Para(_("全年组织培训 %(s)s 期，参训 %(a)s 人次，认定 %(c)s 学时（不计入年度要求的 %(u)s 学时），经费 %(m)s 元。", s=figures["sessions"], a=figures["attended"],
               c=rules.hours(whole.counted), u=rules.hours(whole.uncounted), m=money(figures["cost"]))),
        Heading(1, _("二、分类学时")),
        Table((_("类别"), _("认定学时")), tuple((str(words.CATEGORIES[code]), rules.hours(halves)) for code, halves in whole.categories.items()), (2, 1)),
    ]  # fmt: skip
    for title, groups in ((_("三、分单位情况"), towns), (_("三、分中队（组）情况"), units)):
        if groups:
            lines = tuple((name, str(one.people), str(one.hours_met), f"{one.rate}%", str(one.short), rules.hours(one.short_halves)) for name, one in groups)
            blocks += [Heading(1, title), Table((_("单位"), _("应参训"), _("达标"), _("达标率"), _("未达标"), _("差学时")), lines, (3, 1, 1, 1, 1, 1))]
            break
    idle = [row.name for row in departments if not row.sessions]
    held = _("尚未组织培训的部门：%(names)s。", names="、".join(idle)) if idle else _("有培训职责的部门均已组织培训。")
    blocks += [Heading(1, _("四、区级部门组织培训情况")), Para(held if departments else _("没有设定部门培训职责。"))]
    return Document(_("%(year)s 年度执法人员培训情况报告", year=year), issuer=org, blocks=tuple(blocks), signature=org, date=today)
