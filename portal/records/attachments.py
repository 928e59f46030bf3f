"""附件: files that belong to a record. Stored by the hash of their content, outside the static tree; served as a download.

The file comes first (temporary, flushed, renamed), its row second. The name is data and never a path. Pictures are
drawn anew, which leaves out where and when they were taken.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ForeignKey, Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.config import current_settings
from portal.context import current_actor
from portal.database import Base, OrgScoped, utcnow
from portal.errors import Refused
from portal.records.secrecy import refuse_marked_file

KINDS: dict[str, tuple[tuple[bytes, ...], str]] = {
    "pdf": ((b"%PDF-",), "application/pdf"),
    "jpg": ((b"\xff\xd8\xff",), "image/jpeg"),
    "jpeg": ((b"\xff\xd8\xff",), "image/jpeg"),
    "png": ((b"\x89PNG\r\n\x1a\n",), "image/png"),
    "docx": ((b"PK\x03\x04",), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xlsx": ((b"PK\x03\x04",), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
"""Extensions with the beginnings that their content must have, and the type under which they are served."""
PICTURES = ("jpg", "jpeg", "png")
PARTS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}
"""The part that makes an archive a document of its kind."""
MOST_PIXELS = 40_000_000
LONGEST_EDGE = 2000
MOST_FILES = 20


class Attachment(OrgScoped, Base):
    """A file of a record. ``place`` tells what it is for, e.g. ``photo``."""

    __tablename__ = "records_attachment"
    __record__ = "records.attachment"
    __table_args__ = (Index(None, "record_type", "record_id", "place"), Index(None, "org_id", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    record_type: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int]
    place: Mapped[str] = mapped_column(String(20))
    filename: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    uploaded_at: Mapped[dt.datetime]


def folder() -> Path:
    return current_settings().instance / "attachments"


def path_of(digest: str) -> Path:
    """Where the content with this hash lies."""
    return folder() / digest[:2] / digest[2:4] / digest


def prepare(data: bytes, filename: str, allowed: tuple[str, ...]) -> tuple[bytes, str, str]:
    """Check a file before the write lock is taken; returns its content, its clean name and its type. Raises Refused."""
    settings = current_settings()
    name = "".join(c for c in filename.replace("\\", "/").rpartition("/")[2] if c.isprintable())[-200:] or "file"
    extension = name.rpartition(".")[2].lower()
    if not data:
        raise Refused(_("文件是空的。"), field="file")
    if len(data) > settings.upload_max_mb * 1024 * 1024:
        raise Refused(_("文件超过 %(n)s MB。", n=settings.upload_max_mb), field="file")
    if extension not in allowed or not data.startswith(KINDS[extension][0]):
        raise Refused(_("只接受 %(kinds)s 文件，且内容须与扩展名一致。", kinds="、".join(allowed)), field="file")
    if extension in PARTS:
        check_parts(data, extension)
    refuse_marked_file(data, name)
    if shutil.disk_usage(settings.instance).free < settings.disk_reserve_mb * 1024 * 1024:
        raise Refused(_("服务器磁盘空间不足，暂时不能上传。"), field="file")
    return (redraw(data) if extension in PICTURES else data), name, KINDS[extension][1]


def check_parts(data: bytes, extension: str) -> None:
    """An archive is a document only with the parts of one, and without a program in it. Raises Refused."""
    try:
        names = {part.filename.lower() for part in zipfile.ZipFile(io.BytesIO(data)).infolist()[:5000]}
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        names = set()
    if "[content_types].xml" not in names or PARTS[extension] not in names:
        raise Refused(_("内容不是 %(kind)s 文件。", kind=extension), field="file")
    if any(name.endswith(("vbaproject.bin", ".exe", ".dll", ".js", ".vbs")) or "/activex/" in name for name in names):
        raise Refused(_("文件里带有宏或程序，请另存为不带宏的文件。"), field="file")


def redraw(data: bytes) -> bytes:
    """The picture alone, without anything that came with it, and not larger than needed. Raises Refused."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise Refused(_("图片尺寸过大。"), field="file")
            kind = picture.format or "PNG"
            clean = ImageOps.exif_transpose(picture)
            clean.thumbnail((LONGEST_EDGE, LONGEST_EDGE))
            fresh = Image.new("RGB" if kind == "JPEG" else "RGBA", clean.size)
            fresh.paste(clean.convert(fresh.mode))
            stream = io.BytesIO()
            fresh.save(stream, kind, **({"quality": 88} if kind == "JPEG" else {}))
            return stream.getvalue()
    except Refused:
        raise
    except Exception:
        raise Refused(_("图片已损坏，无法读取。"), field="file") from None


def keep(data: bytes) -> str:
    """Put content where its hash says; whole or not at all. Returns the hash."""
    digest = hashlib.sha256(data).hexdigest()
    target = path_of(digest)
    if target.exists():
        return digest
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
    return digest


def attach(session: Session, prepared: tuple[bytes, str, str], record_type: str, record_id: int, org_id: int, place: str) -> Attachment:
    """Add a prepared file to a record, in the open unit of work. Raises Refused when the town's quota is used up."""
    data, name, media_type = prepared
    at = utcnow()
    if current_actor().coarse:
        zone = current_settings().zone
        at = dt.datetime.combine(at.astimezone(zone).date(), dt.time(0), tzinfo=zone).astimezone(dt.UTC)
    used = session.scalar(select(func.coalesce(func.sum(Attachment.size), 0)).where(Attachment.org_id == org_id)) or 0
    if used + len(data) > current_settings().attachment_quota_mb * 1024 * 1024:
        raise Refused(_("本单位的附件空间已用完。"), field="file")
    attachment = Attachment(
        org_id=org_id, record_type=record_type, record_id=record_id, place=place, filename=name, media_type=media_type, size=len(data),
        digest=keep(data), uploaded_by=current_actor().account_id, uploaded_at=at,
    )  # fmt: skip
    if current_actor().coarse:
        os.utime(path_of(attachment.digest), (at.timestamp(), at.timestamp()))
    session.add(attachment)
    session.flush()
    return attachment


def drop(session: Session, files: Iterable[Attachment]) -> list[str]:
    """Take files from their records, in the open unit of work; returns the hashes for :func:`sweep` after the commit."""
    digests = []
    for attachment in files:
        digests.append(attachment.digest)
        session.delete(attachment)
    session.flush()
    return digests


def sweep(digests: Iterable[str]) -> None:
    """Delete contents that no record has any more."""
    from portal.database import db

    for digest in digests:
        used = select(func.count()).select_from(Attachment).where(Attachment.digest == digest)
        if not db.session.scalar(used, execution_options={"unscoped": True}):
            path_of(digest).unlink(missing_ok=True)
    db.session.rollback()


def all_of(session: Session, record_type: str, record_id: int) -> list[Attachment]:
    """The files of a record, oldest first. The caller has checked that the record may be read."""
    found = select(Attachment).where(Attachment.record_type == record_type, Attachment.record_id == record_id)
    return list(session.scalars(found.order_by(Attachment.id)))


def prepare_all(uploads: Iterable[Any], allowed: tuple[str, ...] = tuple(KINDS)) -> list[tuple[bytes, str, str]]:
    """Check the files of a form before the write lock is taken; raises Refused naming the file."""
    prepared = []
    for upload in uploads:
        if not upload.filename:
            continue
        limit = current_settings().upload_max_mb * 1024 * 1024
        try:
            prepared.append(prepare(upload.stream.read(limit + 1), upload.filename, allowed))
        except Refused as error:
            raise Refused(f"{upload.filename[-60:]}：{error.message}", field="files") from None
        if len(prepared) > MOST_FILES:
            raise Refused(_("一次最多上传 %(n)s 个文件。", n=MOST_FILES), field="files")
    return prepared


def find(session: Session, attachment_id: int) -> Attachment | None:
    """A file by its id, whoever added it. The caller checks that its record may be read: that decides."""
    return session.scalars(select(Attachment).where(Attachment.id == attachment_id), execution_options={"unscoped": True}).one_or_none()


def of_shared(session: Session, record_type: str, record_ids: Iterable[int]) -> dict[int, list[Attachment]]:
    """The files of records that several organisations share, by record, oldest first, whoever added them.

    The caller has read the records through the narrowed session, so that they may be seen.
    """
    wanted = sorted(set(record_ids))
    found: dict[int, list[Attachment]] = {key: [] for key in wanted}
    listed = select(Attachment).where(Attachment.record_type == record_type, Attachment.record_id.in_(wanted)).order_by(Attachment.id)
    for attachment in session.scalars(listed, execution_options={"unscoped": True}) if wanted else ():
        found[attachment.record_id].append(attachment)
    return found


def newest(session: Session, record_type: str, record_id: int, place: str) -> Attachment | None:
    """The latest file of a record for a purpose."""
    found = select(Attachment).where(Attachment.record_type == record_type, Attachment.record_id == record_id, Attachment.place == place)
    return session.scalars(found.order_by(Attachment.id.desc()).limit(1)).first()


def content(attachment: Attachment) -> bytes:
    """The content, checked against its hash. Raises Refused when it is gone or damaged."""
    try:
        data = path_of(attachment.digest).read_bytes()
    except OSError:
        raise Refused(_("附件文件不在了，请联系系统管理员。")) from None
    if hashlib.sha256(data).hexdigest() != attachment.digest:
        raise Refused(_("附件文件已损坏，请联系系统管理员。"))
    return data


__all__ = ["Attachment", "all_of", "attach", "content", "newest", "prepare", "prepare_all"]
