"""What ``portal doctor`` finds, in the words of the administrator's page."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.diagnosis import Finding

NAMES = {
    "configuration": _l("配置"), "plugins": _l("模块"), "file permissions": _l("文件权限"), "disk": _l("磁盘"), "audit trail": _l("审计记录"), "backups": _l("备份"),
    "database": _l("数据库"), "migrations": _l("数据库版本"), "durability": _l("持久性"), "keys": _l("密钥"), "clock": _l("时钟"), "calendar": _l("日历"),
    "search index": _l("搜索索引"), "scheduler": _l("调度程序"),
}  # fmt: skip
FOUND: tuple[tuple[str, Any], ...] = (
    ("read", _l("已读取")), ("none", _l("没有")), ("private", _l("只有本账户可读")), ("up to date", _l("最新")), ("safe", _l("可靠")), ("in order", _l("正常")),
    ("running", _l("运行中")), ("not running", _l("没有运行")), ("never started here yet", _l("尚未启动过")), ("not verified yet", _l("尚未校验过")),
    ("no folder is set for nightly ones", _l("没有设置每日备份的文件夹")), ("none in the folder", _l("文件夹中没有备份")),
    (r"(?P<a>\d+) MB free", _l("可用 %(a)s MB")), (r"whole at (?P<a>\S+)", _l("%(a)s 校验完整")), (r"BROKEN at (?P<a>.+)", _l("%(a)s 校验未通过")),
    (r"(?P<a>\d+), the newest (?P<b>\d+) hours old", _l("共 %(a)s 份，最新的在 %(b)s 小时前")), (r"covers (?P<a>\d+)", _l("已有至 %(a)s 年")),
    (r"not loaded: (?P<a>.+)", _l("尚未载入：%(a)s")), (r"(?P<a>\d+) s behind the newest event", _l("比最新一条审计记录晚 %(a)s 秒")),
)  # fmt: skip
MEND = {
    "plugins": _l("修复或移除所列模块。"), "file permissions": _l("实例文件夹设为 700，所列文件设为 600。"), "disk": _l("清理磁盘空间。"),
    "audit trail": _l("查明原因，保全证据；运行 portal audit verify 查看第一条异常记录。"), "backups": _l("运行作业“每日备份”，看它的结果。"),
    "database": _l("检查数据库是否运行、database_url 是否正确。"), "migrations": _l("运行 portal db upgrade。"), "durability": _l("不要以其他设置打开数据库。"),
    "clock": _l("校准服务器时钟。"), "calendar": _l("在“工作日历”页载入国务院办公厅公布的日历。"), "search index": _l("运行 portal search rebuild。"),
    "scheduler": _l("启动 portal scheduler，或用 serve --with-scheduler。"),
}  # fmt: skip


def found_in_words(finding: Finding) -> str:
    """What was found, translated where it is one of the known sentences."""
    for pattern, words in FOUND:
        match = re.fullmatch(pattern, finding.found)
        if match is not None:
            return str(words) % match.groupdict() if match.groupdict() else str(words)
    return finding.found


def mend_in_words(finding: Finding) -> str:
    """What to do about it."""
    return str(MEND.get(finding.check, finding.mend))
