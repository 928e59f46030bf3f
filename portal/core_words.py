"""What the core's actions and fields are called where the trail is shown."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.contract import TrailWords

WORDS = TrailWords(
    actions={
        "people.created": _l("登记"), "people.edited": _l("修改"), "people.changed": _l("登记变动"), "people.change_applied": _l("变动生效"),
        "people.revealed": _l("查看完整身份号码"),
        "people.change_cancelled": _l("取消变动"), "demo.loaded": _l("演示数据"), "auth.login": _l("登录"),
        "auth.logout": _l("退出登录"), "auth.login_failed": _l("登录失败"),
        "auth.throttled": _l("登录受限"), "auth.locked": _l("锁定账号"), "auth.unlocked": _l("解除锁定"),
        "auth.role_switched": _l("切换角色"), "auth.role_granted": _l("授予角色"),
        "auth.account_revoke": _l("收回角色"), "auth.account_created": _l("建立账号"), "auth.account_disable": _l("停用账号"),
        "auth.account_enable": _l("启用账号"),
        "auth.account_reset": _l("重置密码"), "auth.password_changed": _l("修改密码"), "auth.confirmed": _l("确认身份"),
        "auth.access_closed": _l("离开单位，权限终止"), "auth.session_ended": _l("结束登录"),
        "access.denied": _l("越权被拒"), "access.csrf": _l("过期页面被拒"), "audit.searched": _l("查阅审计记录"),
        "audit.exported": _l("导出审计记录"),
        "audit.verified": _l("校验审计记录"), "audit.broken": _l("审计记录异常"), "system.backed_up": _l("备份"),
        "system.restored": _l("从备份恢复"), "records.exported": _l("导出"), "records.guarded_file_opened": _l("打开受保护的附件"),
        "documents.sent": _l("打印、下载文书"), "documents.kept": _l("文书存入记录"), "documents.template_uploaded": _l("上传文书模板"),
        "documents.template_taken": _l("启用文书模板"), "documents.template_standard": _l("恢复标准文书"), "documents.template_refused": _l("拒绝文书模板"),
        "jobs.requested": _l("发起作业"),
        "jobs.started": _l("作业开始"), "jobs.done": _l("作业完成"),
        "jobs.failed": _l("作业失败"), "plugins.switched": _l("模块开关"), "settings.changed": _l("参数设置"),
        "keys.rotated": _l("更换加密密钥"), "keys.reencrypted": _l("重新加密"), "keys.retired": _l("停用旧密钥"), "keys.destroyed": _l("销毁旧密钥"),
        "calendar.loaded": _l("载入日历"), "scope.crossed": _l("跨街镇查看"),
    },
    fields={
        "state": _l("状态"), "state_reason": _l("状态原因"), "number": _l("编号"), "name": _l("姓名"),
        "employment_type": _l("用工性质"), "post_status": _l("在岗状态"),
        "position": _l("职务"), "category": _l("执法类别"), "id_number_enc": _l("身份号码"), "education": _l("学历"),
        "gender": _l("性别"), "team": _l("所在中队（组）"),
        "superior_id": _l("直接上级"), "valid_from": _l("自哪一天起"), "digest": _l("内容校验值"), "paper": _l("文书"),
    },
)  # fmt: skip
