"""The papers of training in the standard layout: what each says, what its placeholders mean, a sample of it.

Values are texts; where they come from is the business of :mod:`plugins.training.papers` and :mod:`plugins.training.files`.
Sources: domain rules §4; implementing opinion V.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from plugins.training import checks, samples
from plugins.training.rights import SETTINGS
from portal.contract import Paper
from portal.documents import Block, Document, Facts, Heading, Para, Picture, Table, chinese_number

Values = Mapping[str, Any]
Columns = Mapping[str, Any]

OFFICE = {"issuer": _l("单位名称"), "date": _l("成文日期")}
SESSION = {
    "title": _l("培训名称"), "number": _l("培训班编号"), "when": _l("培训时间"), "place": _l("培训地点"), "lecturer": _l("讲师"), "hours": _l("学时"),
}  # fmt: skip
SEATS = {"name": _l("参训单位"), "quota": _l("名额")}
SIGNERS = {"number": _l("序号"), "name": _l("姓名"), "unit": _l("单位")}
RESULTS = {"number": _l("序号"), "name": _l("姓名"), "unit": _l("单位"), "score": _l("成绩"), "result": _l("结果")}
ITEMS = {
    "month": _l("时间"), "theme": _l("主题"), "category": _l("类别"), "hours": _l("学时"), "audience": _l("对象"), "lecturer": _l("讲师"), "cost": _l("经费（元）"),
}  # fmt: skip
CREDITS = {
    "day": _l("日期"), "title": _l("培训内容"), "category": _l("类别"), "organiser": _l("主办"), "hours": _l("学时"), "counts": _l("是否计入"), "year": _l("年度"),
}  # fmt: skip
PASSES = {"day": _l("日期"), "title": _l("考试"), "kind": _l("种类"), "score": _l("成绩")}
YEARS = {"year": _l("年度"), "counted": _l("计入学时")}
SHORT = {"number": _l("序号"), "name": _l("姓名"), "unit": _l("单位"), "counted": _l("已计入"), "short": _l("差"), "update": _l("法律知识更新")}
KINDS = {"category": _l("类别"), "hours": _l("认定学时")}
UNITS = {"name": _l("单位"), "people": _l("应参训"), "met": _l("达标"), "rate": _l("达标率"), "short": _l("未达标"), "hours": _l("差学时")}
DUTIES = {"name": _l("部门"), "kind": _l("职责"), "sessions": _l("期数"), "last": _l("最近一次"), "state": _l("情况")}
PERSON = {
    "name": _l("姓名"), "unit": _l("所在单位"), "position": _l("职务"), "id_number": _l("身份号码（打码）"), "year": _l("年度；多年档案为空"),
    "counted": _l("计入学时"), "need": _l("应达学时"), "uncounted": _l("不计入学时"), "points": _l("学分"),
    "code": _l("核对码（文字；二维码只在标准版式中）"),
}  # fmt: skip


def _rows(values: Values, name: str, columns: Columns | tuple[str, ...]) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(row.get(column, "") for column in columns) for row in values.get(name) or ())


def _given(*pairs: tuple[str, Any]) -> Facts:
    """A table of what is known."""
    return Facts(tuple(pair for pair in pairs if pair[1]))


def _numbered(*sections: tuple[str, list[Block]]) -> list[Block]:
    """Sections with something in them, numbered in the Chinese way."""
    blocks: list[Block] = []
    for number, (title, content) in enumerate((section for section in sections if section[1]), 1):
        blocks += [Heading(1, f"{chinese_number(number)}、{title}"), *content]
    return blocks


def _signed(values: Values) -> list[Block]:
    """The code that a clerk can check, as a picture and in letters."""
    code = values["code"]
    picture: list[Block] = [Picture(checks.png(checks.address(code)), 28)] if checks.SHAPE.fullmatch(code) else []
    return [*picture, Para(f"核对码 {code}", indent=False, align="center")]


def notice(values: Values) -> Document:
    """培训通知."""
    facts = _given(
        ("培训时间", values["when"]), ("培训地点", values["place"]), ("培训类别", values["category"]), ("培训方式", values["mode"]), ("讲师", values["lecturer"]),
        ("培训对象", values["audience"]), ("学时", values["hours"]), ("主办单位", values["organiser"]),
    )  # fmt: skip
    seats = _rows(values, "seats", SEATS)
    sections = _numbered(
        ("培训安排", [facts]), ("培训内容与课前阅读", [Para(values["content"])] if values["content"] else []),
        ("名额分配", [Table(("参训单位", "名额"), seats, (3, 1))] if seats else []), ("有关要求", [Para(values["requirements"])]),
    )  # fmt: skip
    return Document(
        f"关于举办“{values['title']}”培训的通知", issuer=values["issuer"], number=values["number"], addressee=values["addressee"],
        blocks=(Para(f"现将“{values['title']}”培训有关事项通知如下。"), *sections), signature=values["issuer"], date=values["date"],
    )  # fmt: skip


def sheet(values: Values) -> Document:
    """签到表, with numbers for quick entry and a few empty lines."""
    lines = tuple((*row, "", "", "") for row in _rows(values, "people", SIGNERS))
    facts = _given(("培训名称", values["title"]), ("时间", values["when"]), ("地点", values["place"]), ("讲师", values["lecturer"]))
    table = Table(("序号", "姓名", "单位", "签到（签名、时间）", "签退（签名、时间）", "备注"), lines, (0.8, 1.6, 2.8, 2.4, 2.4, 1))
    return Document("培训签到表", form="plain", header_note=values["number"], blocks=(facts, table))


def results(values: Values) -> Document:
    """考核成绩表."""
    facts = _given(("考试", values["title"]), ("种类", values["kind"]), ("合格分数", values["pass_mark"]), ("参考与合格", values["summary"]))
    table = Table(("序号", "姓名", "单位", "成绩", "结果"), _rows(values, "people", RESULTS), (0.8, 1.6, 3, 1, 1.4))
    return Document("考核成绩表", form="plain", blocks=(facts, table), signature=values["issuer"], date=values["date"])


def plan(values: Values) -> Document:
    """年度培训计划."""
    table = Table(("时间", "主题", "类别", "学时", "对象", "讲师", "经费（元）"), _rows(values, "items", ITEMS), (1, 3.6, 2, 1, 2, 1.4, 1.4))
    blocks: list[Block] = [Para(f"全年计划培训 {values['count']} 项、{values['hours']} 学时，经费 {values['cost']} 元。"), table]
    if values["note"]:
        blocks.append(Para(values["note"]))
    return Document(values["title"], form="plain", blocks=tuple(blocks), signature=values["issuer"], date=values["date"])


def file(values: Values) -> Document:
    """个人培训档案 of a year, or over all years: one page or a few, with a code that a clerk can check."""
    who = Table(("姓名", "所在单位", "职务", "身份号码"), ((values["name"], values["unit"], values["position"], values["id_number"]),), (1.4, 3, 2.2, 3))
    stand = [
        ("计入学时", values["counted"]), ("应达学时", values["need"]), ("不计入学时", values["uncounted"]), ("学分", values["points"]),
        ("法律知识更新", values["update"]), ("年度结论", values["verdict"]),
    ]  # fmt: skip
    stand = stand if values["year"] else [pair for pair in stand if pair[1]]
    sums = Table(tuple(title for title, _value in stand), (tuple(value for _title, value in stand),), (1.6, 1.6, 1.9, 1, 2.2, 2.2)[: len(stand)])
    blocks: list[Block] = [who, sums, *([_given(("情况说明", values["notes"]))] if values["notes"] else []), *_lines(values)]
    passes = _rows(values, "passes", PASSES)
    if passes:
        blocks += [Heading(2, "考试合格记录"), Table(("日期", "考试", "种类", "成绩"), passes, (2, 4, 3, 1))]
    title = f"个人培训档案（{values['year']} 年度）" if values["year"] else "个人培训档案"
    return Document(title, form="plain", blocks=(*blocks, *_signed(values)), signature=values["issuer"], date=values["date"])


def _lines(values: Values) -> list[Block]:
    """What was credited: one table, or one a year where the file is over all years."""
    shown = ("day", "title", "category", "organiser", "hours", "counts")

    def table(rows: tuple[tuple[Any, ...], ...]) -> Table:
        return Table(("日期", "培训内容", "类别", "主办", "学时", "是否计入"), rows, (2.4, 4, 2.8, 2.2, 1, 1.6))

    rows = values.get("credits") or ()
    if not rows:
        return [Para("没有培训记录。")]
    if values["year"]:
        return [table(_rows(values, "credits", shown))]
    blocks: list[Block] = []
    for year in values["years"]:
        blocks.append(Heading(2, f"{year['year']} 年（计入 {year['counted']} 学时）"))
        blocks.append(table(tuple(tuple(row[column] for column in shown) for row in rows if row["year"] == year["year"])))
    return blocks


def proof(values: Values) -> Document:
    """学时证明: what somebody has earned in a year, in a sentence, for whoever asks."""
    who = f"兹证明：{values['name']}，身份号码{values['id_number']}，系{values['unit'].replace(' ', '')}工作人员。"
    text = f"{values['year']} 年度，该同志参加综合法律知识、专业法律知识等培训，经认定，计入年度要求 {values['counted']} 学时（年度要求 {values['need']} 学时）。"
    more = f"另参加政治理论、党性教育等不计入年度要求的培训 {values['uncounted']} 学时。" if values["uncounted"] not in ("", "0") else ""
    blocks = (Para(who), Para(text), *((Para(more),) if more else ()), Para("特此证明。"), *_signed(values))
    return Document("培训学时证明", form="plain", blocks=blocks, signature=values["issuer"], date=values["date"])


def short_list(values: Values) -> Document:
    """未达标名单."""
    table = Table(("序号", "姓名", "单位", "已计入", "差", "法律知识更新"), _rows(values, "people", SHORT), (0.8, 1.5, 3, 1.1, 1, 1.6))
    opening = Para(f"截至{values['date']}，未达到年度学时或未参加本单位法律知识更新培训的共 {values['count']} 人。")
    return Document(f"{values['year']} 年度培训未达标名单", form="plain", blocks=(opening, table), signature=values["issuer"], date=values["date"])


def report(values: Values) -> Document:
    """年度培训情况报告."""
    stands = Para(
        f"{values['year']} 年应参训 {values['people']} 人，已达年度学时 {values['met']} 人，达标率 {values['rate']}；未达标 {values['short']} 人，"
        f"合计差 {values['short_hours']} 学时；免训 {values['exempt']} 人。另有 {values['no_update']} 人学时已达标而未参加本单位法律知识更新培训。"
    )
    held = Para(
        f"全年组织培训 {values['sessions']} 期，参训 {values['attended']} 人次，认定 {values['counted']} 学时（不计入年度要求的 {values['uncounted']} 学时），"
        f"经费 {values['cost']} 元。"
    )
    kinds, units, duties = _rows(values, "categories", KINDS), _rows(values, "units", UNITS), _rows(values, "departments", DUTIES)
    asked = [Table(("部门", "职责", "期数", "最近一次", "情况"), duties, (3, 2, 1, 2, 2))] if duties else []
    sections = _numbered(
        ("总体情况", [stands, held]), ("分类学时", [Table(("类别", "认定学时"), kinds, (2, 1))] if kinds else []),
        (values["grouping"] or "分单位情况", [Table(("单位", "应参训", "达标", "达标率", "未达标", "差学时"), units, (3, 1, 1, 1, 1, 1))] if units else []),
        ("区级部门组织培训情况", [Para(values["idle"]), *asked]),
    )  # fmt: skip
    return Document(f"{values['year']} 年度执法人员培训情况报告", issuer=values["issuer"], blocks=tuple(sections), signature=values["issuer"], date=values["date"])


def _paper(key: str, title: Any, build: Callable[[Values], Document], *parts: Columns, **lists: Columns) -> Paper:
    placeholders = {name: meaning for part in (OFFICE, *parts) for name, meaning in part.items()}
    return Paper(f"training.{key}", title, placeholders, build, samples.SAMPLES[key], lists, SETTINGS)


NOTICE = _paper(
    "notice", _l("培训通知"), notice, SESSION,
    {"category": _l("培训类别"), "mode": _l("培训方式"), "audience": _l("培训对象"), "organiser": _l("主办单位"), "addressee": _l("主送单位"),
     "content": _l("培训内容与课前阅读"), "requirements": _l("有关要求")}, seats=SEATS,
)  # fmt: skip
SHEET = _paper("sheet", _l("培训签到表"), sheet, SESSION, people=SIGNERS)
RESULT_LIST = _paper(
    "results", _l("考核成绩表"), results, {"title": _l("考试名称"), "kind": _l("考试种类"), "pass_mark": _l("合格分数"), "summary": _l("参考与合格人数")}, people=RESULTS
)
PLAN = _paper(
    "plan", _l("年度培训计划"), plan,
    {"title": _l("计划名称"), "year": _l("年度"), "count": _l("项数"), "hours": _l("学时合计"), "cost": _l("经费合计"), "note": _l("说明")}, items=ITEMS,
)  # fmt: skip
FILE = _paper(
    "file", _l("个人培训档案"), file, PERSON, {"update": _l("法律知识更新培训"), "verdict": _l("年度结论"), "notes": _l("年度情况说明")},
    credits=CREDITS, passes=PASSES, years=YEARS,
)  # fmt: skip
PROOF = _paper("proof", _l("培训学时证明"), proof, PERSON)
SHORT_LIST = _paper("short", _l("未达标名单"), short_list, {"year": _l("年度"), "count": _l("人数")}, people=SHORT)
REPORT = _paper(
    "report", _l("年度培训情况报告"), report,
    {"year": _l("年度"), "people": _l("应参训人数"), "met": _l("学时达标人数"), "rate": _l("达标率"), "short": _l("未达标人数"), "short_hours": _l("合计差学时"),
     "exempt": _l("免训人数"), "no_update": _l("缺法律知识更新人数"), "sessions": _l("培训期数"), "attended": _l("参训人次"), "counted": _l("计入学时"),
     "uncounted": _l("不计入学时"), "cost": _l("经费（元）"), "grouping": _l("分组方式"), "idle": _l("区级部门组织情况")},
    categories=KINDS, units=UNITS, departments=DUTIES,
)  # fmt: skip
PAPERS = (NOTICE, SHEET, RESULT_LIST, PLAN, FILE, PROOF, SHORT_LIST, REPORT)
