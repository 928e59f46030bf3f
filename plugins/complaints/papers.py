"""The papers of a matter in the standard layout: what each says, what its placeholders mean, a sample of it.

Values are texts; where they come from is the business of :mod:`plugins.complaints.paper_values`. Sources: PET art. 22 (the written
answer within 15 days), 34 (60 days and one extension of 30), 35 (review within 30 days); CQR art. 13; domain rules §5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from plugins.complaints.rights import SETTINGS
from portal.contract import Paper
from portal.documents import Block, Document, Facts, Heading, Para, Table, chinese_number

Values = Mapping[str, Any]
BLANK = "________________"
"""Where a name is written in by hand."""
ROOM = "　\n　\n　"
"""Lines left empty for a note by hand."""

COMMON = {
    "issuer": _l("发文机关（红头）"), "signature": _l("落款单位"), "number": _l("文号"), "date": _l("成文日期"), "matter_number": _l("投诉举报编号"),
    "title": _l("标题"), "kind": _l("类别"), "channel": _l("渠道"), "received_on": _l("收到日期"), "place": _l("事发地点"), "object_name": _l("被反映对象"),
    "telephone": _l("监督电话"), "hours": _l("受理时间"), "contact_address": _l("通信地址"),
}  # fmt: skip
TO_COMPLAINANT = {"addressee": _l("投诉人姓名（未开启身份时为空白线）"), "address": _l("投诉人住址（未开启身份时为空）")}
MATTER = {"content": _l("反映的内容"), "demand": _l("诉求"), "category": _l("领域"), "urgency": _l("紧急程度"), "due_on": _l("办理期限")}
OUTCOME = {"result": _l("结论"), "facts": _l("查明的事实"), "measures": _l("采取的措施"), "concluded_on": _l("办结日期")}
PERSON = {
    "name": _l("投诉人姓名（打码，开启后为全名）"), "phone": _l("电话（打码，开启后为全号）"),
    "address": _l("住址（开启后才有）"), "id_number": _l("证件号（开启后才有）"),
}  # fmt: skip
ENTRIES = {"at": _l("时间"), "author": _l("记录人"), "text": _l("内容")}
TRANSFERS = {"to_name": _l("接收单位"), "sent_on": _l("转办日期"), "reason": _l("理由"), "receipt": _l("回执"), "outcome": _l("结果")}
FILES = {"filename": _l("文件名"), "at": _l("日期")}


def _letter(title: str, values: Values, *blocks: Block, addressee: str = "addressee") -> Document:
    where = (Para(f"（住址：{values['address']}）", indent=False),) if addressee == "addressee" and values.get("address") else ()
    return Document(
        title, "correspondence", values["issuer"], values["number"], values[addressee], (*where, *blocks), values["signature"], values["date"],
    )  # fmt: skip


def _plain(title: str, values: Values, *blocks: Block, signed: bool = True) -> Document:
    return Document(title, "plain", number=values["number"], blocks=blocks, signature=values["signature"] if signed else "", date=values["date"] if signed else None)


def _given(*pairs: tuple[str, Any]) -> Facts:
    """A table of what is known."""
    return Facts(tuple((label, value) for label, value in pairs if value))


def _about(values: Values) -> str:
    return f"您于{values['received_on']}反映的“{values['title']}”（编号：{values['matter_number']}）"


def _question(values: Values) -> Para:
    """How to ask: on every letter to a complainant."""
    return Para(f"如需了解办理情况，可凭回执上的查询码到窗口或来电查询。监督电话：{values['telephone']}；受理时间：{values['hours']}。")


def receipt(values: Values) -> Document:
    """回执, given to whoever complains; the code stands on it only at registration."""
    facts = _given(
        ("编号", values["matter_number"]), ("投诉人", values["addressee"]), ("类别", values["kind"]), ("收到日期", values["received_on"]),
        ("受理单位", values["signature"]), ("办理期限", values["due_on"]), ("查询码", values["code"] or BLANK), ("监督电话", values["telephone"]),
        ("受理时间", values["hours"]), ("通信地址", values["contact_address"]),
    )  # fmt: skip
    return _plain("投诉举报回执", {**values, "number": ""}, facts, Para("凭查询码可到窗口或来电查询办理进度，不需要提供姓名。请妥善保管，不要告诉他人。"))


def accept(values: Values) -> Document:
    """受理告知书."""
    limit = f"本机关将在{values['due_on']}前办结，并告知您结果。" if values["due_on"] else "本机关将依法办理，并告知您结果。"
    received = Para(f"{_about(values)}已收悉。经审查，该事项属于本机关职权范围，现予受理。")
    return _letter("受理告知书", values, received, Para(limit), _question(values), Para("特此告知。"))


def refuse(values: Values) -> Document:
    """不予受理告知书: the ground, and which other paths there are."""
    return _letter(
        "不予受理告知书", values, Para(f"{_about(values)}已收悉。经审查，因下列事由，本机关决定不予受理："), Para(values["reason"]),
        Para("您可以向有权处理的机关反映，或者依法通过行政复议、行政诉讼、仲裁等途径解决；属于政府信息公开申请的，可向政府信息公开工作机构提出。"),
        Para(f"对本告知有异议的，可向本机关反映。监督电话：{values['telephone']}；受理时间：{values['hours']}；通信地址：{values['contact_address']}。"),
        Para("特此告知。"),
    )  # fmt: skip


def transfer(values: Values) -> Document:
    """转办函 to the body in charge: what was reported, never by whom."""
    facts = _given(
        ("编号", values["matter_number"]), ("收到日期", values["received_on"]), ("渠道", values["channel"]), ("标题", values["title"]), ("事发地点", values["place"]),
        ("被反映对象", values["object_name"]), ("反映的内容", values["content"]), ("诉求", values["demand"]), ("原办理期限", values["due_on"]),
    )  # fmt: skip
    return _letter(
        "关于转办投诉举报事项的函", values, Para(f"本机关收到下列投诉举报事项。经研究，{values['reason']}现转请你单位依法办理。"), facts,
        Para("请自收到之日起签收并出具回执；认为不属于本单位职权的，请在5个工作日内说明理由退回；办结后请将结果反馈本机关。"),
        Para("投诉人身份依法保密，不随件转出。请勿将反映材料透露、转给被反映的单位和人员。"),
        Para(f"联系电话：{values['telephone']}；通信地址：{values['contact_address']}。"), addressee="to_name",
    )  # fmt: skip


def transfer_notice(values: Values) -> Document:
    """转办告知书 to the complainant."""
    return _letter(
        "转办告知书", values, Para(f"{_about(values)}已收悉。经审查，该事项由{values['to_name']}办理，本机关已于{values['sent_on']}转办，请关注该单位的答复。"),
        Para("转办时未提供您的身份信息。"), _question(values), Para("特此告知。"),
    )  # fmt: skip


def assign(values: Values) -> Document:
    """交办单, for the officer who handles it."""
    facts = _given(
        ("编号", values["matter_number"]), ("类别", values["kind"]), ("紧急程度", values["urgency"]), ("收到日期", values["received_on"]), ("标题", values["title"]),
        ("事发地点", values["place"]), ("被反映对象", values["object_name"]), ("反映的内容", values["content"]), ("诉求", values["demand"]),
        ("承办人", values["handler"]), ("办理期限", values["due_on"]),
    )  # fmt: skip
    lines = Facts((("交办意见", ROOM), ("签收", "承办人：            　年　月　日")))
    return _plain("投诉举报交办单", values, facts, lines, Para("办理中不得泄露投诉人身份，不得将反映材料透露给被反映的单位和人员。"))


def extension(values: Values) -> Document:
    """延期告知书."""
    return _letter(
        "延期告知书", values, Para(f"{_about(values)}正在办理。因情况复杂，经本机关负责人批准，办理期限延长{values['extension']}，至{values['due_on']}。"),
        Para(f"延期理由：{values['extension_reason']}"), _question(values), Para("特此告知。"),
    )  # fmt: skip


def reply(values: Values) -> Document:
    """答复书; the text is that of the reply that was recorded."""
    return _letter(
        "答复书", values, Para(f"{_about(values)}，本机关已办理完毕，现答复如下："), Para(values["reply_text"]),
        Para(f"对本答复有异议的，可向本机关反映。监督电话：{values['telephone']}；受理时间：{values['hours']}。"), Para("特此答复。"),
    )  # fmt: skip


def opinion(values: Values) -> Document:
    """信访处理意见书: the request, facts and reasons, the opinion with its basis, and the review that may be asked for."""
    return _letter(
        "信访事项处理意见书", values, Para(f"{_about(values)}，本机关已调查核实完毕，现提出处理意见如下："),
        Heading(1, "一、信访请求"), Para(values["demand"] or f"{values['title']}。"), Heading(1, "二、查明的事实和理由"), Para(values["facts"]),
        Heading(1, "三、处理意见及依据"), Para(f"经核实，您反映的情况{values['result']}。"), Para(values["measures"]),
        Para("以上意见依据《信访工作条例》及有关法律、法规、规章作出。"),
        Heading(1, "四、救济途径"), Para("如不服本处理意见，可以自收到本意见书之日起30日内，向本机关的上一级机关请求复查；逾期不请求复查的，不再受理。"),
    )  # fmt: skip


def registration(values: Values) -> Document:
    """投诉举报登记表."""
    facts = _given(
        ("编号", values["matter_number"]), ("收到日期", values["received_on"]), ("渠道", values["channel"]), ("类别", values["kind"]), ("领域", values["category"]),
        ("紧急程度", values["urgency"]), ("来文编号", values["external_no"]), ("实名情况", values["named"]), ("投诉人", values["name"]), ("电话", values["phone"]),
        ("住址", values["address"]), ("证件号", values["id_number"]), ("标题", values["title"]), ("事发地点", values["place"]), ("被反映对象", values["object_name"]),
        ("反映的内容", values["content"]), ("诉求", values["demand"]), ("办理期限", values["due_on"]), ("首问责任人", values["registered_by"]),
    )  # fmt: skip
    return _plain("投诉举报登记表", {**values, "number": ""}, facts, Facts((("拟办意见", ROOM), ("领导批示", ROOM))), signed=False)


def whole_file(values: Values) -> Document:
    """全卷: everything of a matter in one document, whoever complained masked."""
    sections: list[tuple[str, list[Block]]] = [
        ("登记情况", [_given(
            ("编号", values["matter_number"]), ("收到日期", values["received_on"]), ("渠道", values["channel"]), ("类别", values["kind"]), ("领域", values["category"]),
            ("紧急程度", values["urgency"]), ("实名情况", values["named"]), ("投诉人", values["name"]), ("电话", values["phone"]), ("标题", values["title"]),
            ("事发地点", values["place"]), ("被反映对象", values["object_name"]), ("现状态", values["state"]), ("承办人", values["handler"]),
            ("办理期限", values["due_on"]),
        )]),
        ("反映的内容", [Para(values["content"])]),
        ("诉求", [Para(values["demand"])] if values["demand"] else []),
        ("转办情况", _listed(values, "transfers", ("接收单位", "转办日期", "理由", "回执", "结果"), TRANSFERS, (3, 3, 4, 3, 4))),
        ("办理记录", _listed(values, "entries", ("时间", "记录人", "内容"), ENTRIES, (13, 5, 15))),
        ("办理结果", [facts] if (facts := _given(("结论", values["result"]), ("查明的事实", values["facts"]), ("采取的措施", values["measures"]),
                                              ("办结日期", values["concluded_on"]))).pairs else []),
        ("答复", [_given(("答复方式", values["reply_how"]), ("答复日期", values["replied_on"])), Para(values["reply_text"])] if values["reply_text"] else []),
        ("附件目录", _listed(values, "files", ("文件名", "日期"), FILES, (7, 3))),
    ]  # fmt: skip
    blocks: list[Block] = []
    for number, (title, content) in enumerate(((title, content) for title, content in sections if content), 1):
        blocks += [Heading(1, f"{chinese_number(number)}、{title}"), *content]
    return _plain("投诉举报案卷", values, *blocks)


def _listed(values: Values, name: str, titles: tuple[str, ...], columns: Mapping[str, Any], widths: tuple[float, ...]) -> list[Block]:
    rows = values.get(name) or ()
    return [Table(titles, tuple(tuple(row[column] for column in columns) for row in rows), widths)] if rows else []


SAMPLE: dict[str, Any] = {
    "issuer": "江南街道综合行政执法办公室", "signature": "江南街道综合行政执法办公室", "number": "江南投示〔2026〕17号", "date": "2026年9月28日",
    "matter_number": "江南投〔2026〕17号", "title": "夜市烧烤占道经营，油烟扰民", "kind": "举报", "channel": "电话", "received_on": "2026年9月7日",
    "place": "桃花新城", "object_name": "夜市烧烤摊", "telephone": "12345", "hours": "工作日 9:00—17:30", "contact_address": "长寿区江南街道某路 1 号",
    "addressee": "王芳", "address": "桃花新城某栋", "code": "ABCDE-FGHIJ-KLMNO-PQRST-UVWXY-Z", "category": "市容环境", "urgency": "一般",
    "content": "每天傍晚七点以后，十余家烧烤摊占用人行道经营，油烟直排。\n行人只能走机动车道。", "demand": "请尽快制止。", "due_on": "2026年9月28日",
    "reason": "不属于本机关职权：该事项由有关部门管理。", "to_name": "区城市管理局", "sent_on": "2026年9月8日", "handler": "李明杰",
    "extension": "10个工作日", "extension_reason": "需要委托检测。", "result": "属实", "facts": "经现场核查，占道经营情况属实。",
    "measures": "已责令当场改正，并列入每日巡查。", "concluded_on": "2026年9月25日", "reply_text": "您反映的情况属实。\n已责令经营者当场改正，并列入每日巡查。",
    "reply_how": "书面", "replied_on": "2026年9月28日", "name": "王**", "phone": "138****1234", "id_number": "", "named": "实名", "external_no": "",
    "registered_by": "何秀英", "state": "答复",
    "entries": [
        {"at": "2026年9月8日 09:10", "author": "李明杰", "text": "到现场核查，拍照取证。"}, {"at": "2026年9月25日 16:40", "author": "李明杰", "text": "复查，已改正。"},
    ],
    "transfers": [{"to_name": "区城市管理局", "sent_on": "2026年9月8日", "reason": "职权在该局。", "receipt": "城管收〔2026〕5号", "outcome": "已处理。"}],
    "files": [{"filename": "现场照片.jpg", "at": "2026年9月8日"}],
}  # fmt: skip


def _paper(key: str, title: Any, build: Callable[[Values], Document], *more: Mapping[str, Any], lists: Mapping[str, Mapping[str, Any]] | None = None) -> Paper:
    placeholders = {name: meaning for part in (COMMON, *more) for name, meaning in part.items()}
    return Paper(f"complaints.{key}", title, placeholders, build, SAMPLE, lists or {}, SETTINGS)


_TRANSFER = {"to_name": _l("接收单位"), "sent_on": _l("转办日期"), "reason": _l("转办理由")}
_LISTS = {"entries": ENTRIES, "transfers": TRANSFERS, "files": FILES}
_REPLY = {"reply_text": _l("答复内容"), "reply_how": _l("答复方式"), "replied_on": _l("答复日期")}
_MASKED = {"name": _l("投诉人姓名（打码）"), "phone": _l("电话（打码）")}
_NAMED = {"named": _l("实名、匿名或要求保密")}
PAPERS = (
    _paper("receipt", _l("回执"), receipt, TO_COMPLAINANT, {"due_on": _l("办理期限"), "code": _l("查询码（只在登记时有）")}),
    _paper("accept", _l("受理告知书"), accept, TO_COMPLAINANT, {"due_on": _l("办理期限")}),
    _paper("refuse", _l("不予受理告知书"), refuse, TO_COMPLAINANT, {"reason": _l("不予受理的事由和说明")}),
    _paper("transfer", _l("转办函"), transfer, MATTER, _TRANSFER),
    _paper("transfer_notice", _l("转办告知书"), transfer_notice, TO_COMPLAINANT, _TRANSFER),
    _paper("assign", _l("交办单"), assign, MATTER, {"handler": _l("承办人")}),
    _paper("extension", _l("延期告知书"), extension, TO_COMPLAINANT, {"due_on": _l("延期后的期限"), "extension": _l("延长多少天"), "extension_reason": _l("延期理由")}),
    _paper("reply", _l("答复书"), reply, TO_COMPLAINANT, OUTCOME, _REPLY),
    _paper("opinion", _l("信访处理意见书"), opinion, TO_COMPLAINANT, OUTCOME, {"demand": _l("信访请求")}),
    _paper("registration", _l("登记表"), registration, PERSON, MATTER, _NAMED, {"external_no": _l("来文或工单编号"), "registered_by": _l("首问责任人")}),
    _paper("file", _l("全卷"), whole_file, _MASKED, MATTER, OUTCOME, _REPLY, _NAMED, {"handler": _l("承办人"), "state": _l("现状态")}, lists=_LISTS),
)
BY_KEY = {paper.key.removeprefix("complaints."): paper for paper in PAPERS}
WORDS = {"accept": "受", "refuse": "不受", "transfer": "转", "transfer_notice": "转告", "assign": "交", "extension": "延", "reply": "复", "opinion": "信复"}
"""What a paper's number has before the year, after that of the matter: 江南投受〔2026〕17号."""


def paper_number(matter_number: str, key: str) -> str:
    """The number of a paper, made from that of its matter, so that the two are found together."""
    before, bracket, after = matter_number.partition("〔")
    return f"{before}{WORDS.get(key, '')}{bracket}{after}" if bracket else matter_number
