"""What the plugin's actions and fields are called where the trail is shown."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.contract import TrailWords

WORDS = TrailWords(
    actions={
        "complaints.registered": _l("登记投诉举报"), "complaints.entry_added": _l("添加办理记录"), "complaints.identity_opened": _l("开启投诉人身份"),
        "complaints.shut_out": _l("设定回避"), "complaints.kept_from": _l("回避：拒绝查看"), "complaints.draft_kept": _l("保存草稿"),
        "complaints.draft_dropped": _l("丢弃草稿"), "complaints.wrong_code": _l("查询码错误"), "complaints.reminded": _l("期限提醒"),
        "complaints.identity_forgotten": _l("删除到期身份信息"), "complaints.identities_forgotten": _l("删除到期身份信息"), "complaints.imported": _l("导入投诉登记簿"),
        "complaints.complaint.attached": _l("添加附件"), "complaints.published": _l("生成公示材料"),
    },
    fields={
        "title": _l("标题"), "handler_name": _l("承办人"), "due_on": _l("期限"), "legal_due": _l("法定期限"), "extension_state": _l("延期"),
        "extension_days": _l("延期天数"), "result": _l("结论"), "concluded_on": _l("办结日期"), "replied_on": _l("答复日期"), "archived_on": _l("归档日期"),
        "facts": _l("查明的事实"), "measures": _l("采取的措施"), "reply_how": _l("答复方式"), "receipt": _l("回执"), "suspended_on": _l("中止日期"),
    },
)  # fmt: skip
