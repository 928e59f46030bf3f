"""Files of records: checked by extension and content, drawn anew, served to those who may read the record."""

import io

import pytest
import sqlalchemy as sa
from PIL import Image

from portal.database import db
from portal.errors import Refused
from portal.records import attachments
from portal.records.attachments import Attachment
from tests.conftest import csrf_of
from tests.plugins.certificates.helpers import certificate


def picture(kind="JPEG", size=(300, 400), **more):
    stream = io.BytesIO()
    Image.new("RGB", size, "navy").save(stream, kind, **more)
    return stream.getvalue()


def upload(client, key, data, name):
    token = csrf_of(client.get(f"/certificates/{key}").get_data(as_text=True))
    form = {"csrf_token": token, "file": (io.BytesIO(data), name)}
    return client.post(f"/certificates/{key}/photo", data=form, content_type="multipart/form-data")


def test_a_photograph_is_kept_without_its_place_and_served_in_the_town_only(app, world, login, today):
    key = certificate(world.jiangnan, "PHOTO0001", today.replace(year=2030))
    exif = Image.Exif()
    exif[0x010E] = "at the river, 29.83 N"
    clerk = login("jn_clerk")
    assert upload(clerk, key, picture(exif=exif), "../../证件'照.jpg").status_code == 303
    db.session.rollback()
    kept = db.session.scalars(sa.select(Attachment)).one()
    assert b"river" not in attachments.content(kept) and "/" not in kept.filename
    address = f"/attachments/{kept.id}"
    answer = clerk.get(address, buffered=True)
    assert answer.status_code == 200 and answer.headers["Content-Disposition"].startswith("attachment") and "UTF-8''" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert address in clerk.get(f"/certificates/{key}").get_data(as_text=True)
    foreign = login("gl_clerk").get(address)
    assert foreign.status_code == 404 == login("gl_clerk").get("/attachments/987654").status_code
    assert login("auditor").get(address).status_code == 404
    attachments.path_of(kept.digest).write_bytes(b"damaged")
    assert clerk.get(address).status_code == 422


@pytest.mark.parametrize(
    ("data", "name"),
    [(b"", "a.jpg"), (b"<script>", "a.jpg"), (picture(), "a.pdf"), (picture()[:200], "a.jpg"), (b"\xff\xd8\xff" + b"x" * 99, "a.jpg"), (b"MZ", "a.exe")],
)
def test_what_is_not_what_it_says_is_refused(app_sqlite, world, login, today, data, name):
    key = certificate(world.jiangnan, "PHOTO0001", today.replace(year=2030))
    answer = upload(login("jn_clerk"), key, data, name)
    assert answer.status_code == 422
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Attachment)) == 0


def test_pictures_get_smaller_and_quota_and_disk_are_watched(app_sqlite, monkeypatch):
    data, _name, _type = attachments.prepare(picture("PNG", (3000, 100)), "a.png", ("png",))
    assert Image.open(io.BytesIO(data)).size[0] == 2000
    import shutil

    monkeypatch.setattr(shutil, "disk_usage", lambda _path: type("U", (), {"free": 1})())
    with pytest.raises(Refused):
        attachments.prepare(picture(), "a.jpg", ("jpg",))
