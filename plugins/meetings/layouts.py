"""Papers whose Word template the office may replace: notice and minutes in the standard layout, from named values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from plugins.meetings.rights import SETTINGS
from portal.contract import Paper
from portal.documents import Block, Document, Heading, Para, Table, chinese_number, in_chinese

Values = Mapping[str, Any]
HEADING = re.compile(r"[一二三四五六七八九十百]{1,5}、")
AGENDA = {"clock": _l("时间"), "title": _l("内容"), "unit": _l("提出单位"), "reporter": _l("汇报人")}
LISTS = (("present", "出席"), ("observers", "列席"), ("excused", "请假"), ("absent", "缺席"))


@in_chinese
def notice(values: Values) -> Document:
    """会议通知; of a cancelled meeting the reason alone."""
    blocks: list[Block] = [Para(values["opening"])]
    if values["when"]:
        rows = tuple(tuple(row[column] for column in AGENDA) for row in values["agenda"])
        parts: list[tuple[str, Block]] = [
            ("会议时间", Para(f"{values['when']}。")), ("会议地点", Para(f"{values['place']}。")),
            ("会议议程", Table(tuple(map(str, AGENDA.values())), rows, (2.5, 5, 2, 1.4)) if rows else Para("（无）")), ("参会单位", Para(f"{values['units']}。")),
            ("有关要求", Para(values["requirements"])),
        ]  # fmt: skip
        for number, (title, block) in enumerate(parts, 1):
            blocks += [Heading(1, f"{chinese_number(number)}、{title}"), block]
    return Document(values["title"], "letter", values["issuer"], values["number"], values["addressee"], tuple(blocks), values["issuer"], values["date"])


def minutes(values: Values) -> Document:
    """会议纪要 in the form of GB/T 9704-2012: red mark, number, attendance, no seal."""
    blocks = [Heading(1, line) if HEADING.match(line) else Para(line) for line in values["body"].split("\n") if line.strip()]
    return Document(
        values["title"], "minutes", values["heading"], values["number"], blocks=tuple(blocks), signature=values["issuer"], date=values["date"], copies=values["copies"],
        watermark=values["mark"], header_note=values["note"], attendance=tuple((label, (values[name],)) for name, label in LISTS if values[name]),
    )  # fmt: skip


_NOTICE = {
    "issuer": _l("印发机关（红头、落款）"), "number": _l("通知编号"), "title": _l("标题"), "addressee": _l("主送单位"), "date": _l("成文日期"), "opening": _l("首段"),
    "when": _l("会议时间（取消的为空）"), "place": _l("会议地点"), "chair": _l("主持人"), "units": _l("参会单位"), "requirements": _l("有关要求"),
}  # fmt: skip
_MINUTES = {
    "heading": _l("纪要标志（红头）"), "number": _l("纪要编号"), "title": _l("标题"), "issuer": _l("印发机关"), "date": _l("签发日期"), "copies": _l("分送"),
    "body": _l("正文（一行一段，“一、”开头的为标题）"), "present": _l("出席"), "observers": _l("列席"), "excused": _l("请假"), "absent": _l("缺席"),
    "signer": _l("签发人"),
    "mark": _l("稿次（已签发的为空）"), "note": _l("更正说明"),
}  # fmt: skip
_SAMPLE = {
    "issuer": "长寿区综合行政执法联席会议办公室", "number": "联席通〔2026〕3号", "title": "关于召开综合行政执法联席会议的通知", "addressee": "各成员单位",
    "date": "2026年9月16日",
    "opening": "经研究，定于近期召开综合行政执法联席会议。现将有关事项通知如下：", "when": "2026年9月29日（星期二）14:30—16:00", "place": "区政府第一会议室",
    "chair": "区政府分管副区长",
    "units": "江南街道、葛兰镇、区公安局", "requirements": "请各单位确定参会人员并在系统内回执。\n联系人：林海燕。",
    "agenda": [{"clock": "14:30—14:50", "title": "夜市占道经营联合整治", "unit": "江南街道", "reporter": "周平"}],
}  # fmt: skip
_SAMPLE_MINUTES = {
    "heading": "长寿区综合行政执法联席会议纪要", "number": "联席纪〔2026〕1号", "title": "2026年下半年例会", "issuer": "长寿区综合行政执法联席会议办公室",
    "date": "2026年10月12日",
    "copies": "各成员单位", "body": "2026年9月29日，召开联席会议。\n一、关于夜市占道经营联合整治\n建立联合巡查机制（江南街道牵头，2026年10月20日前完成）。",
    "signer": "钟国栋",
    "present": "江南街道 周平、区公安局 韩军刚", "observers": "", "excused": "葛兰镇（防汛）", "absent": "", "mark": "", "note": "",
}  # fmt: skip
NOTICE = Paper("meetings.notice", _l("联席会议通知"), _NOTICE, notice, _SAMPLE, {"agenda": AGENDA}, SETTINGS)
MINUTES = Paper("meetings.minutes", _l("联席会议纪要"), _MINUTES, minutes, _SAMPLE_MINUTES, {}, SETTINGS)
PAPERS = (NOTICE, MINUTES)
