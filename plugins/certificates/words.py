"""What the plugin's actions and fields are called where the trail is shown."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.contract import TrailWords

WORDS = TrailWords(
    actions={
        "certificates.import": _l("导入"), "certificates.certificate.warn": _l("到期提醒"), "certificates.certificate.escalate": _l("逾期未收回，转监督"),
        "certificates.destroy": _l("销毁"), "certificates.person_changes": _l("变动生效"), "certificates.application_opened": _l("登记申请"),
        "certificates.application_edited": _l("修改申请"), "certificates.imported": _l("导入完成"), "certificates.published": _l("生成公示名单"),
        "certificates.import_uploaded": _l("上传名册"),
    },
    fields={
        "clearing": _l("收回情况"), "clearing_due": _l("收回期限"), "valid_until": _l("有效期至"), "issued_on": _l("发证日期"), "holder_name": _l("持证人"),
        "handed_in_by": _l("交回人"), "received_by": _l("接收人"), "cleared_on": _l("收回日期"), "public_notice": _l("公告"), "warned_days": _l("提醒（天）"),
        "authority": _l("执法机关"), "issuer": _l("发证机关"), "area": _l("执法区域"),
    },
)  # fmt: skip
