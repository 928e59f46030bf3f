"""What kinds, states, actions and fields are called."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from plugins.training.rules import RuleError
from portal.contract import TrailWords
from portal.errors import Refused

CATEGORIES = {
    "general": _l("综合法律知识"), "professional": _l("专业法律知识"), "update": _l("法律知识更新"), "department": _l("部门业务"), "off_post": _l("离岗培训"),
    "induction": _l("岗前培训"), "political": _l("政治理论"), "party": _l("党性教育"), "other": _l("其他"),
}  # fmt: skip
ORGANISERS = {"own": _l("本单位"), "department": _l("区级部门"), "entrusting": _l("委托部门"), "municipal": _l("市级"), "other": _l("其他")}
MODES = {"定制式": _l("定制式"), "学分制": _l("学分制"), "情景化": _l("情景化"), "巡回式": _l("巡回式"), "参与式": _l("参与式"), "沉浸式": _l("沉浸式")}
DELIVERIES = {"面授": _l("面授"), "在线": _l("在线"), "实操": _l("实操")}
HOWS = {"paper": _l("纸质签到"), "qr": _l("扫码"), "import": _l("导入"), "correction": _l("更正")}
ENROLMENTS = {
    "enrolled": (_l("已报名"), "blue", "check"), "waiting": (_l("候补"), "amber", "clock"), "present": (_l("已签到"), "amber", "player-play"),
    "attended": (_l("已签退"), "blue", "circle-check"), "credited": (_l("已认定"), "green", "circle-check"), "refused": (_l("未认定"), "red", "circle-x"),
    "absent": (_l("缺席"), "red", "circle-x"), "cancelled": (_l("已取消"), "grey", "x"),
}  # fmt: skip
VERDICTS = {
    "met": (_l("已达标"), "green", "circle-check"), "no_update": (_l("学时达标，法律知识更新未满足"), "amber", "alert-triangle"),
    "short": (_l("未达标"), "red", "alert-triangle"), "exempt": (_l("免训"), "grey", "circle-dot"), "gone": (_l("已离开"), "grey", "logout"),
    "none": (_l("不作要求"), "grey", "circle-dot"),
}  # fmt: skip
LIGHTS = {"green": _l("进度正常"), "amber": _l("进度落后"), "red": _l("将不达标"), "grey": _l("免训")}
EXAM_KINDS = {"general": _l("综合法律知识考试"), "professional": _l("专业法律知识考试"), "other": _l("其他考试")}
QUESTION_KINDS = {"single": _l("单选题"), "multiple": _l("多选题"), "judge": _l("判断题")}
ATTEMPTS = {
    "registered": (_l("待考"), "blue", "clock"), "running": (_l("考试中"), "amber", "player-play"), "marked": (_l("已评分"), "green", "circle-check"),
    "absent": (_l("缺考"), "grey", "circle-x"), "void": (_l("作废"), "grey", "trash"),
}  # fmt: skip
SOURCES = {"session": _l("培训班"), "external": _l("外出培训"), "carried": _l("原单位转入")}
EXEMPTIONS = {"exempt": _l("免训（产假、长期病假等）"), "joined": _l("年中到岗"), "left": _l("年中离岗")}
DUTIES = {"concerned": _l("有关区级部门"), "entrusting": _l("委托部门")}


def refused(error: RuleError, field: str | None = None) -> Refused:
    """A rule's refusal in the reader's words."""
    detail: dict[str, Any] = error.detail
    messages = {
        "hours": lambda: _("“%(text)s”不是学时：请填写整数或半数，如 4 或 3.5。", text=detail.get("text", "")),
        "order": lambda: _("结束不能早于开始。"),
        "no_time": lambda: _("结束须晚于开始。"),
        "too_long": lambda: _("一期培训不能超过 24 小时；多天的培训请按系列逐日安排。"),
        "pause": lambda: _("课间休息不能长于培训时间。"),
        "length": lambda: _("扣除课间休息后 %(net)s 分钟，最多核定 %(most)s 学时。", **detail),
        "day": lambda: _("%(days)s 天的培训最多 %(most)s 学时。", **detail),
        "series": lambda: _("系列最多 52 期，间隔 1 至 92 天。"),
    }
    return Refused(messages[error.code](), field=field)


WORDS = TrailWords(
    actions={
        "training.session_created": _l("新建培训班"), "training.session_edited": _l("修改培训班"), "training.enrolled": _l("报名"), "training.unenrolled": _l("取消报名"),
        "training.nominated": _l("推荐人员"), "training.invited": _l("邀请参训单位"), "training.signed": _l("签到签退"), "training.corrected": _l("更正签到"),
        "training.entered": _l("录入纸质签到"), "training.credit_corrected": _l("更正已认定学时"), "training.external_created": _l("登记外出培训"),
        "training.exemption_created": _l("登记年度情况说明"), "training.exam_created": _l("新建考试"), "training.exam_edited": _l("修改考试"),
        "training.exam_candidates": _l("确定考生"), "training.exam_started": _l("开始考试"), "training.exam_saved": _l("保存答案"), "training.exam_handed_in": _l("交卷"),
        "training.exam_results": _l("登记成绩"), "training.exam_voided": _l("成绩作废"), "training.question_edited": _l("编辑试题"),
        "training.plan_edited": _l("编制计划"),
        "training.room_edited": _l("维护场地"), "training.duty_edited": _l("设定部门培训职责"), "training.batch_asked": _l("申请批量档案"),
        "training.batch_built": _l("生成批量档案"),
        "training.carried": _l("学时转入"), "training.year_closed": _l("年度归档"), "training.file_printed": _l("生成培训档案"),
        "training.file_checked": _l("核对培训档案"),
        "training.linked": _l("关联账号"), "training_attendance.imported": _l("导入签到记录"), "training_matrix.imported": _l("导入签到表"),
        "training_questions.imported": _l("导入试题"),
    },
    fields={
        "title": _l("名称"), "category": _l("类别"), "halves": _l("学时（半学时数）"), "starts_at": _l("开始"), "ends_at": _l("结束"), "in_at": _l("签到"),
        "out_at": _l("签退"),
        "score": _l("成绩"), "passed": _l("合格"), "refusal": _l("未认定原因"), "capacity": _l("人数上限"), "quota": _l("名额"), "lecturer": _l("讲师"),
        "place": _l("地点"),
        "person_name": _l("姓名"), "choice": _l("答案"), "held_on": _l("日期"), "counted": _l("计入"), "year": _l("年度"), "points": _l("学分（百分之一）"),
    },
)  # fmt: skip
