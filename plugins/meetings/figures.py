"""Figures and forms that the office sets, each from a day on, with the defaults of domain rules §6."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import lazy_gettext as _l

from plugins.meetings.rights import SETTINGS as SET
from portal.contract import Setting
from portal.settings import get_setting

QUORUM = "meetings.quorum_percent"
NOTICE_DAYS = "meetings.notice_days"
WARN_DAYS = "meetings.half_year_warn_days"
MINUTES_DAYS = "meetings.minutes_days"
COMMENT_DAYS = "meetings.comment_days"
REPORT_DAYS = "meetings.report_days"
AMBER_DAYS = "meetings.amber_days"
ESCALATE_DAYS = "meetings.escalate_days"
EXTENSIONS = "meetings.most_extensions"
REVIEW_DAYS = "meetings.review_days"
PROPOSERS = "meetings.proposers"
CODE_SECONDS = "meetings.sign_in_seconds"
NOTICE_NUMBER = "meetings.notice_number"
MINUTES_NUMBER = "meetings.minutes_number"
RESOLUTION_NUMBER = "meetings.resolution_number"
HEADING = "meetings.minutes_heading"
ORGAN = "meetings.issuing_organ"
COPIES = "meetings.copies_to"

_SEQ = r"(?:[^{}]|\{year\}|\{seq\})*\{seq\}(?:[^{}]|\{year\}|\{seq\})*"
_WITHIN = r"(?:[^{}]|\{year\}|\{seq\}|\{item\})*\{seq\}(?:[^{}]|\{item\})*\{item\}(?:[^{}]|\{item\})*"

SETTINGS = (
    Setting(QUORUM, _l("法定人数（百分比，须超过）"), "int", 50, _l("到会成员单位须超过此比例。"), 1, 99, permission=SET),
    Setting(NOTICE_DAYS, _l("会议通知提前（工作日）"), "int", 3, _l("通知日与会议日之间须有这么多个完整的工作日；不足的须注明紧急及原因。"), 0, 30, permission=SET),
    Setting(WARN_DAYS, _l("半年例会预警（提前天数）"), "int", 30, _l("半年结束前这么多天仍未安排例会的，提醒召集人。"), 1, 120, permission=SET),
    Setting(MINUTES_DAYS, _l("纪要印发期限（工作日）"), "int", 5, _l("自会议次日起计。"), 1, 60, permission=SET),
    Setting(COMMENT_DAYS, _l("纪要征求意见（工作日）"), "int", 2, _l("送各单位提意见的默认天数。"), 1, 30, permission=SET),
    Setting(REVIEW_DAYS, _l("议题征求意见（工作日）"), "int", 3, _l("会前就议题征求单位意见的默认天数。"), 1, 30, permission=SET),
    Setting(REPORT_DAYS, _l("进展报告周期（工作日）"), "int", 10, _l("议定事项办结前，牵头单位每隔这么多个工作日报告一次进展。"), 1, 60, permission=SET),
    Setting(AMBER_DAYS, _l("临期提醒（工作日）"), "int", 3, _l("距完成时限不足此数时亮黄灯并提醒。"), 1, 30, permission=SET),
    Setting(ESCALATE_DAYS, _l("超期升级（工作日）"), "int", 5, _l("超期超过此数的，报分管负责人和区司法局。"), 1, 60, permission=SET),
    Setting(EXTENSIONS, _l("最多延期次数"), "int", 1, _l("议定事项经召集人批准可延期的次数。"), 0, 5, permission=SET),
    Setting(PROPOSERS, _l("谁可以提出议题"), "choice", "members", _l("议题由谁提出；收到后由联席会议办公室决定是否上会。"),
            choices=(("members", _l("成员单位和召集人办公室")), ("office", _l("仅召集人办公室"))), permission=SET),
    Setting(CODE_SECONDS, _l("签到二维码有效（秒）"), "int", 120, _l("二维码过期后自动更换，拍照转发的不能用。"), 30, 900, permission=SET),
    Setting(NOTICE_NUMBER, _l("会议通知编号"), "text", "联席通〔{year}〕{seq}号", _l("{year} 年份，{seq} 序号；每年从 1 起，不断号。"),
            maximum=60, pattern=_SEQ, permission=SET),
    Setting(MINUTES_NUMBER, _l("会议纪要编号"), "text", "联席纪〔{year}〕{seq}号", _l("{year} 年份，{seq} 序号；每年从 1 起，不断号。"),
            maximum=60, pattern=_SEQ, permission=SET),
    Setting(RESOLUTION_NUMBER, _l("议定事项编号"), "text", "联席纪〔{year}〕{seq}-{item}", _l("{year} 年份，{seq} 纪要序号，{item} 事项序号。"),
            maximum=60, pattern=_WITHIN, permission=SET),
    Setting(HEADING, _l("纪要标志"), "text", "长寿区综合行政执法联席会议纪要", _l("纪要首页红色标志。"), maximum=40, permission=SET),
    Setting(ORGAN, _l("印发机关"), "text", "长寿区综合行政执法联席会议办公室", _l("通知落款与纪要版记。"), maximum=40, permission=SET),
    Setting(COPIES, _l("分送"), "text", "各成员单位", _l("纪要版记中的分送单位。"), maximum=120, permission=SET),
)  # fmt: skip


def figure(key: str, org_id: int | None, on: dt.date) -> Any:
    """The value that holds on a day."""
    return get_setting(key, org_id, on)
