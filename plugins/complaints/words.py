"""What the plugin's actions and fields are called where the trail is shown."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.contract import TrailWords

KINDS = {
    "report": _l("举报"), "accusation": _l("检举控告"), "petition": _l("信访"), "hotline": _l("12345工单"), "consumer": _l("消费投诉"),
    "question": _l("咨询建议"), "other": _l("其他途径"),
}  # fmt: skip
CHANNELS = {
    "电话": _l("电话"), "信函": _l("信函"), "来访": _l("来访"), "网络": _l("网络"), "12345热线转办": _l("12345热线转办"), "上级交办": _l("上级交办"),
    "其他": _l("其他"),
}  # fmt: skip
RESULTS = {"属实": _l("属实"), "部分属实": _l("部分属实"), "不属实": _l("不属实"), "无法核实": _l("无法核实")}
REVIEWS = {"agree": _l("同意"), "amend": _l("建议修改")}
OUTCOMES = {
    "open": _l("在办"), "concluded": _l("已办结"), "passed": _l("已转办"), "refused": _l("不予受理"), "redirected": _l("已引导其他途径"), "merged": _l("并案"),
    "withdrawn": _l("撤回"),
}  # fmt: skip
REDIRECTS = {"information": _l("政府信息公开申请"), "review": _l("行政复议或诉讼材料"), "danger": _l("危及生命安全")}
REDIRECT_ADVICE = {
    "information": _l("政府信息公开申请不按投诉办理：即转政府信息公开工作机构，20 个工作日内答复。"),
    "review": _l("行政复议、诉讼材料：即转复议机关或法院；经本机关递交的当场处罚复议申请，拟维持的 5 个工作日内转送。"),
    "danger": _l("危及生命安全：先拨 110、119、120，再登记。"),
}
FIRST = {"告知": _l("告知"), "签收": _l("签收"), "受理决定": _l("受理决定"), "": _l("先行处置")}
URGENCIES = {"normal": _l("一般"), "urgent": _l("紧急"), "danger": _l("危险紧急（24 小时内先行处置）")}

WORDS = TrailWords(
    actions={
        "complaints.registered": _l("登记投诉举报"), "complaints.entry_added": _l("添加办理记录"), "complaints.identity_opened": _l("开启投诉人身份"),
        "complaints.shut_out": _l("设定回避"), "complaints.kept_from": _l("回避：拒绝查看"), "complaints.draft_kept": _l("保存草稿"),
        "complaints.draft_dropped": _l("丢弃草稿"), "complaints.wrong_code": _l("查询码错误"), "complaints.reminded": _l("期限提醒"),
        "complaints.identity_forgotten": _l("删除到期身份信息"), "complaints.identity_corrected": _l("更正投诉人信息"),
        "complaints.person_exported": _l("导出个人信息"), "complaints.retention_moved": _l("调整身份保存期限"),
        "complaints.drafts_forgotten": _l("删除过期草稿"), "hotline.imported": _l("导入热线工单"), "places.imported": _l("导入村居街路"),
        "complaints.identities_forgotten": _l("删除到期身份信息"), "complaints.imported": _l("导入投诉登记簿"),
        "complaints.complaint.attached": _l("添加附件"), "complaints.published": _l("生成公示材料"),
        "complaints.publication_approved": _l("审定公示内容"), "complaints.publication_withdrawn": _l("取消公示"), "complaints.place_added": _l("添加村居街路"),
        "complaints.place_renamed": _l("村居街路改名"), "complaints.place_removed": _l("删除村居街路"),
    },
    fields={
        "title": _l("标题"), "handler_name": _l("承办人"), "due_on": _l("期限"), "legal_due": _l("法定期限"), "extension_state": _l("延期"),
        "extension_days": _l("延期天数"), "result": _l("结论"), "concluded_on": _l("办结日期"), "replied_on": _l("答复日期"), "archived_on": _l("归档日期"),
        "facts": _l("查明的事实"), "measures": _l("采取的措施"),
        "review": _l("法制审核"), "representatives": _l("来访代表人数"), "reply_how": _l("答复方式"), "receipt": _l("回执"), "suspended_on": _l("中止日期"),
    },
    values={
        "complaints.complaint.extension_state": {"asked": _l("待批准"), "granted": _l("已批准"), "refused": _l("未批准")},
        "complaints.complaint.review": REVIEWS,
    },
)  # fmt: skip
