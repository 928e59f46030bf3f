"""Words of the plugin: for its codes, and for the trail."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.contract import TrailWords

FORMS = {"written": _l("书面会商"), "meeting": _l("会议会商")}
URGENCIES = {"normal": _l("一般"), "urgent": _l("紧急")}
SECRECIES = {"internal": _l("内部"), "sensitive": _l("敏感（不入案例库）")}
TRIGGERS = {
    "hearing": _l("拟处罚达到听证标准或已听证"), "relations": _l("涉及多个法律关系"), "public": _l("涉及重大公共利益或群体利益"),
    "departments": _l("涉及三个以上部门"), "jurisdiction": _l("管辖或职责有争议"), "crime": _l("可能涉嫌犯罪"), "media": _l("有舆情风险"),
}  # fmt: skip
CONCLUSIONS = {"agree": _l("同意"), "disagree": _l("不同意"), "reserve": _l("保留"), "suggest": _l("建议")}
ANSWERS = {"adopted": _l("采纳"), "partly": _l("部分采纳"), "rejected": _l("不采纳")}
OUTCOMES = {
    "upheld": _l("复议、诉讼维持"), "changed": _l("复议、诉讼变更"), "revoked": _l("撤销或确认违法"), "settled": _l("调解、和解结案"), "none": _l("未复议、未诉讼"),
}  # fmt: skip
SEAT_KINDS = {"expert": _l("专家"), "department": _l("区级部门"), "town": _l("其他街镇")}
CHOSEN = {"hand": _l("指定"), "draw": _l("随机抽取")}
PARTS = {"handler": _l("承办人"), "approver": _l("审批负责人"), "panel": _l("会商组成员")}
BARS = {
    "same_unit": _l("与提请街镇同单位"), "handler": _l("是本案承办人"), "named": _l("案件中有同名的人"), "party_unit": _l("在当事人单位任职"),
    "interest": _l("登记的回避单位与本案有关"), "stepped_back": _l("已谢绝或回避"), "convener": _l("属会商组织方"), "term": _l("聘期不覆盖会商期限"),
    "suspended": _l("已暂停聘任"), "no_account": _l("没有登录账号"), "seated": _l("已在会商组"),
}  # fmt: skip
PARTS_MISSING = {
    "title": _l("案件名称"), "facts": _l("查明的事实"), "law": _l("涉及的法律依据"), "own_view": _l("本单位意见"), "questions": _l("争议焦点"),
    "parties": _l("案件有关人员和单位"),
    "triggers": _l("重大疑难复杂情形"), "evidence": _l("证据清单"), "needed_by": _l("希望何时答复"),
}  # fmt: skip
ADVICE_ONLY = _l("本意见为咨询性意见，供办案机关参考；不代替重大执法决定法制审核和负责人集体讨论，不停止案件办理期限的计算。")

WORDS = TrailWords(
    actions={
        "consultations.created": _l("起草会商申请"), "consultations.edited": _l("修改会商申请"), "consultations.evidence_added": _l("添加证据"),
        "consultations.evidence_removed": _l("移除证据"), "consultations.access_given": _l("加入知悉范围"), "consultations.access_taken": _l("移出知悉范围"),
        "consultations.viewed": _l("查阅会商案卷"), "consultations.downloaded": _l("下载会商文件"), "consultations.kept_from": _l("拒绝查看他人意见"),
        "consultations.invitation_viewed": _l("查看会商邀请"), "consultations.seat_added": _l("增加会商组成员"), "consultations.seat_dropped": _l("移除拟定成员"),
        "consultations.drawn": _l("随机抽取专家"), "consultations.inquiry_asked": _l("补充询问"), "consultations.inquiry_answered": _l("答复询问"),
        "consultations.draft_kept": _l("保存意见草稿"), "consultations.paper_edited": _l("修改会商意见书稿"), "consultations.paper_redrawn": _l("重新汇总意见"),
        "consultations.attended": _l("登记会商到会"), "consultations.expert_saved": _l("登记专家"), "consultations.expert_attached": _l("添加专家附件"),
        "consultations.library_checked": _l("审核会商案例"), "consultations.reminded": _l("会商期限提醒"), "consultations.exported": _l("导出会商材料"),
        "experts.imported": _l("导入专家库"), "consultations.draw_checked": _l("核验随机抽取"),
    },
    fields={
        "opinion_due": _l("意见期限"), "answer_due": _l("答复期限"), "paper_on": _l("意见书出具"), "take_by": _l("受理期限"),
        "meeting_at": _l("会商时间"), "meeting_place": _l("会商地点"), "term_to": _l("聘期至"), "number": _l("编号"), "unit": _l("单位"),
    },
)  # fmt: skip
