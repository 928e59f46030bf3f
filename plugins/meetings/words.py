"""What the plugin's kinds, states and actions are called."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from plugins.meetings.rules import Half
from portal.contract import TrailWords

KINDS = {"regular": _l("例会"), "adhoc": _l("临时会议")}
CAPACITIES = {"member": _l("出席"), "observer": _l("列席")}
POSTS = {"liaison": _l("联络员"), "deputy": _l("副联络员")}
OUTCOMES = {"": _l("未议"), "decided": _l("已议定"), "deferred": _l("缓议"), "noted": _l("已通报")}
HOW = {"list": _l("名单"), "qr": _l("扫码"), "hand": _l("代签")}
OPINIONS = {"agree": _l("同意上会"), "amend": _l("建议修改"), "disagree": _l("不同意")}
CATEGORIES = {"职责争议": _l("职责争议"), "联合执法": _l("联合执法"), "制度建设": _l("制度建设"), "个案协调": _l("个案协调"), "其他": _l("其他")}
REPORTS = {
    "progress": _l("进展报告"), "claim": _l("申请办结"), "verified": _l("核实办结"), "back": _l("退回"), "extended": _l("延期"), "refused": _l("不同意延期"),
    "asked": _l("申请延期"), "letter": _l("函件"),
}  # fmt: skip
COMMENTS = {"open": (_l("待处理"), "amber", "clock"), "accepted": (_l("已采纳"), "green", "check"), "declined": (_l("未采纳"), "grey", "x")}
HALF_STATES = {
    "met": (_l("已召开"), "green", "circle-check"), "planned": (_l("已安排"), "blue", "calendar"), "warned": (_l("未安排"), "amber", "alert-triangle"),
    "open": (_l("尚未安排"), "grey", "clock"), "missed": (_l("未召开"), "red", "circle-x"),
}  # fmt: skip


def half(value: Half) -> str:
    """2026 上半年."""
    return _("%(year)s 上半年", year=value[0]) if value[1] == 1 else _("%(year)s 下半年", year=value[0])


def half_state(code: str) -> Any:
    return HALF_STATES[code]


WORDS = TrailWords(
    actions={
        "meetings.conference_saved": _l("修改联席会议信息"), "meetings.member_joined": _l("增加成员单位"), "meetings.member_left": _l("成员单位退出"),
        "meetings.delegate_named": _l("更换联络员"), "meetings.topic_saved": _l("填写议题"), "meetings.review_asked": _l("就议题征求意见"),
        "meetings.review_given": _l("回复议题意见"), "meetings.meeting_saved": _l("填写会议"), "meetings.agenda_changed": _l("调整议程"),
        "meetings.invited": _l("调整邀请名单"), "meetings.signed_in": _l("签到"), "meetings.sign_in_undone": _l("撤销签到"), "meetings.note_saved": _l("保存会议记录"),
        "meetings.item_opened": _l("切换议题"), "meetings.resolution_recorded": _l("记录议定事项"), "meetings.resolution_changed": _l("修改议定事项"),
        "meetings.resolution_dropped": _l("删除未印发的议定事项"), "meetings.paragraph_saved": _l("修改纪要段落"), "meetings.commented": _l("对纪要提出意见"),
        "meetings.comment_settled": _l("处理纪要意见"), "meetings.copy_bound": _l("绑定签字件"), "meetings.half_year_judged": _l("判定半年例会"),
        "meetings.half_year_warned": _l("半年例会预警"), "meetings.half_year_explained": _l("说明半年未召开原因"), "meetings.reminded": _l("联席会议提醒"),
        "meetings.topic_proposed_itself": _l("超期事项自动列为议题"), "meetings.archive_asked": _l("申请会议归档包"), "meetings.archived": _l("生成会议归档包"),
        "meetings.archive_fetched": _l("下载会议归档包"), "meetings.feed_made": _l("更换日历订阅地址"), "meetings.busy_saved": _l("登记其他会议"),
        "meetings.reported": _l("报告进展"), "meetings.letter_noted": _l("登记函件"), "meetings.switched": _l("模块开关：调整邀请"),
        "meetings.papers_fetched": _l("下载会议文件"), "meetings.topic.attached": _l("添加议题材料"), "meetings.topic_limited": _l("限定议题参加单位"),
    },
    fields={
        "starts_at": _l("开始时间"), "ends_at": _l("结束时间"), "place": _l("地点"), "day": _l("日期"), "chair": _l("主持人"), "recorder": _l("记录人"),
        "sequence": _l("通知版本"), "notice_number": _l("通知编号"), "urgent_reason": _l("紧急原因"), "present": _l("到会成员单位"), "quorate": _l("达到法定人数"),
        "title": _l("标题"), "category": _l("类别"), "background": _l("背景"), "request": _l("拟请决定事项"), "minutes": _l("时长（分钟）"), "reporter": _l("汇报人"),
        "due_on": _l("完成时限"), "lead_name": _l("牵头单位"), "text": _l("内容"), "number": _l("编号"), "signer": _l("签发人"), "signed_on": _l("签发日期"),
        "comment_by": _l("意见截止"), "until": _l("止"), "since": _l("起"), "told": _l("已通知"), "unit_name": _l("单位"), "edition": _l("版次"),
        "digest": _l("文本校验值"),
        "position": _l("位置"), "name": _l("姓名"), "capacity": _l("身份"), "state_reason": _l("说明"), "verified_on": _l("核实日期"), "report_due": _l("下次报告"),
        "limited": _l("限定参加单位"),
    },
)  # fmt: skip
