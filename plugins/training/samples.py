"""Samples of the papers of training, for the preview of a template. The people and figures in them are invented."""

from __future__ import annotations

from typing import Any

OFFICE = {"issuer": "江南街道", "date": "2026年11月24日"}
SESSION = {
    "title": "行政处罚法专题", "number": "江南训〔2026〕17号", "when": "2026年12月1日 14:00—17:00", "place": "江南街道 三楼会议室", "lecturer": "刘教授", "hours": "4",
}  # fmt: skip
PERSON = {
    "name": "李明杰", "unit": "江南街道 一中队", "position": "四级主任科员", "id_number": "500***********0012", "year": "2026", "counted": "64", "need": "60",
    "uncounted": "6", "points": "67", "code": "T2-128-2026-128-20261124-ABCDEFGHIJKLMNOP",
}  # fmt: skip
CREDITS = [
    {"day": "2026-03-12", "title": "行政处罚法专题", "category": "专业法律知识", "organiser": "江南街道", "hours": "4", "counts": "计入", "year": "2026"},
    {"day": "2026-04-08", "title": "新修订法律法规解读", "category": "法律知识更新", "organiser": "江南街道", "hours": "8", "counts": "计入", "year": "2026"},
    {"day": "2026-06-26", "title": "党性教育专题", "category": "党性教育", "organiser": "江南街道", "hours": "4", "counts": "不计入", "year": "2026"},
]  # fmt: skip
SAMPLES: dict[str, dict[str, Any]] = {
    "notice": {
        **OFFICE, **SESSION, "category": "专业法律知识", "mode": "情景化 · 面授", "audience": "全体执法人员", "organiser": "江南街道", "addressee": "凤城街道、葛兰镇",
        "content": "行政处罚程序、证据与文书。\n请课前阅读学习材料。", "requirements": "请于2026年11月30日前报名。参训人员签到、签退齐全的认定学时，请妥善安排工作。",
        "seats": [{"name": "凤城街道", "quota": "6"}, {"name": "葛兰镇", "quota": "4"}],
    },
    "sheet": {**OFFICE, **SESSION, "people": [{"number": "1", "name": "李明杰", "unit": "江南街道 一中队"}, {"number": "2", "name": "王芳", "unit": "江南街道"}]},
    "results": {
        **OFFICE, "title": "综合法律知识年度测试", "kind": "综合法律知识考试", "pass_mark": "60", "summary": "参考 2 人，合格 1 人",
        "people": [
            {"number": "1", "name": "李明杰", "unit": "江南街道 一中队", "score": "86", "result": "合格"},
            {"number": "2", "name": "王芳", "unit": "江南街道", "score": "52", "result": "不合格"},
        ],
    },
    "plan": {
        **OFFICE, "title": "江南街道 2026 年度培训计划", "year": "2026", "count": "2", "hours": "12", "cost": "3,000", "note": "视工作情况调整。",
        "items": [
            {"month": "3月", "theme": "行政处罚法专题", "category": "专业法律知识", "hours": "4", "audience": "全体", "lecturer": "刘教授", "cost": "1,000"},
            {"month": "4月", "theme": "新修订法律法规解读", "category": "法律知识更新", "hours": "8", "audience": "全体", "lecturer": "", "cost": "2,000"},
        ],
    },
    "file": {
        **OFFICE, **PERSON, "update": "已参加", "verdict": "已达标", "notes": "", "credits": CREDITS, "years": [{"year": "2026", "counted": "64"}],
        "passes": [{"day": "2026-07-28", "title": "专业法律知识上半年测试", "kind": "专业法律知识考试", "score": "86"}],
    },
    "proof": {**OFFICE, **PERSON},
    "short": {
        **OFFICE, "year": "2026", "count": "1",
        "people": [{"number": "1", "name": "王芳", "unit": "江南街道", "counted": "44", "short": "16", "update": "未参加"}],
    },
    "report": {
        **OFFICE, "year": "2026", "people": "32", "met": "28", "rate": "87%", "short": "4", "short_hours": "44", "exempt": "1", "no_update": "0", "sessions": "21",
        "attended": "540", "counted": "2,160", "uncounted": "204", "cost": "12,000", "grouping": "分中队（组）情况", "idle": "尚未组织培训的部门：区城市管理局。",
        "categories": [{"category": "综合法律知识", "hours": "928"}, {"category": "专业法律知识", "hours": "1402"}],
        "units": [{"name": "一中队", "people": "12", "met": "11", "rate": "91%", "short": "1", "hours": "8"}],
        "departments": [{"name": "区公安局", "kind": "有关区级部门", "sessions": "1", "last": "2026-10-26", "state": "已组织"}],
    },
}  # fmt: skip
