"""Events of the trail in the words of a record's page."""

from __future__ import annotations

import json
from typing import Any

from flask import current_app, g
from flask_babel import gettext as _

from portal.audit.models import Event

STATES = ("state", "clearing")


def title(event: Event) -> Any:
    """What was done, as its workflow names it, else in general words."""
    kind, _dot, action = event.action.rpartition(".")
    for workflow in current_app.extensions["portal"].plugins.hooks.portal_workflows():
        for item in workflow:
            if item.record_type == kind:
                step = next((step for step in item.transitions if step.action == action), None)
                if step is not None:
                    return step.title
    words = {
        "people.created": _("登记"), "people.edited": _("修改"), "people.changed": _("登记变动"), "people.revealed": _("查看完整身份号码"),
        "people.change_cancelled": _("取消变动"), "certificates.import": _("导入"), "certificates.certificate.warn": _("到期提醒"),
        "certificates.certificate.escalate": _("逾期未收回，转监督"), "certificates.destroy": _("销毁"), "certificates.person_changes": _("变动生效"),
        "certificates.application_opened": _("登记申请"), "certificates.application_edited": _("修改申请"), "demo.loaded": _("演示数据"),
        "auth.login": _("登录"), "auth.logout": _("退出登录"), "auth.login_failed": _("登录失败"), "auth.throttled": _("登录受限"), "auth.locked": _("锁定账号"),
        "auth.unlocked": _("解除锁定"), "auth.role_switched": _("切换角色"), "auth.role_granted": _("授予角色"), "auth.account_revoke": _("收回角色"),
        "auth.account_created": _("建立账号"), "auth.account_disable": _("停用账号"), "auth.account_enable": _("启用账号"), "auth.account_reset": _("重置密码"),
        "auth.password_changed": _("修改密码"), "auth.confirmed": _("确认身份"), "auth.session_ended": _("结束登录"), "access.denied": _("越权被拒"),
        "access.csrf": _("过期页面被拒"), "audit.searched": _("查阅审计记录"), "audit.exported": _("导出审计记录"), "audit.verified": _("校验审计记录"),
        "records.exported": _("导出"), "jobs.requested": _("发起作业"), "jobs.started": _("作业开始"), "jobs.done": _("作业完成"), "jobs.failed": _("作业失败"),
        "plugins.switched": _("模块开关"), "settings.changed": _("参数设置"), "calendar.loaded": _("载入日历"), "scope.crossed": _("跨街镇查看"),
        "certificates.imported": _("导入完成"), "certificates.published": _("生成公示名单"), "certificates.import_uploaded": _("上传名册"),
    }  # fmt: skip
    return words.get(event.action) or event.action


def changes(event: Event) -> list[tuple[str, Any, Any]]:
    """Changed fields with their old and new values; protected ones only as changed; states in words."""
    if event.op != "update":
        return []
    before, after = json.loads(event.before or "{}"), json.loads(event.after or "{}")
    words = _state_words()
    shown = []
    for key in sorted(after):
        old, new = before.get(key), after[key]
        if isinstance(new, dict) or isinstance(old, dict):
            old, new = "•••", "•••"
        if key in STATES:
            old, new = words.get((key, old), old), words.get((key, new), new)
        shown.append((key, old, new))
    return shown


def _state_words() -> dict[tuple[str, Any], Any]:
    found: dict[tuple[str, Any], Any] = g.get("state_words", {})
    if not found:
        for listed in current_app.extensions["portal"].plugins.hooks.portal_workflows():
            for workflow in listed:
                for state in workflow.states:
                    found[("state", state.code)] = state.title
                for state in workflow.more_states:
                    found[("clearing", state.code)] = state.title
        g.state_words = found
    return found
