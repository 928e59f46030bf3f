"""村居街路: names of villages and streets of a town, edited on a page and imported from a list."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugins.complaints import rights
from plugins.complaints.models import Place
from portal.errors import NotFound, Refused
from portal.records.bulk import insert_rows, reserve_ids
from portal.records.importing import ImportColumn, ImportContext, ImportSpec, RawRow, RowResult
from portal.records.workbooks import normalise
from portal.text import close_name

LONGEST = 60
MOST = 2000
"""Places of one town; a district has some hundreds."""


def clean(text: Any) -> str:
    """A name as it is kept. Raises Refused."""
    name = close_name(normalise(text))
    if len(name) < 2 or len(name) > LONGEST:
        raise Refused(_("名称为 2 至 %(n)s 个字。", n=LONGEST), field="name")
    return name


def all_of(session: Session, org_id: int) -> list[Place]:
    """The places of a town by name."""
    return list(session.scalars(select(Place).where(Place.org_id == org_id).order_by(Place.name, Place.id)))


def names(session: Session, org_id: int) -> list[str]:
    return list(session.scalars(select(Place.name).where(Place.org_id == org_id).order_by(Place.name)))


def add(session: Session, org_id: int, text: Any) -> Place:
    """Add a place, in the open unit of work. Raises Refused."""
    name = clean(text)
    _refuse_double(session, org_id, name)
    if (session.scalar(select(func.count()).select_from(Place).where(Place.org_id == org_id)) or 0) >= MOST:
        raise Refused(_("最多 %(n)s 个村居街路。", n=MOST), field="name")
    place = Place(org_id=org_id, name=name)
    session.add(place)
    session.flush()
    return place


def rename(session: Session, org_id: int, place_id: int, text: Any) -> Place:
    """Give a place another name; matters keep what was written in them. Raises Refused, NotFound."""
    place, name = find(session, org_id, place_id), clean(text)
    if place.name != name:
        _refuse_double(session, org_id, name)
    place.name = name
    session.flush()
    return place


def remove(session: Session, org_id: int, place_id: int) -> None:
    session.delete(find(session, org_id, place_id))
    session.flush()


def find(session: Session, org_id: int, place_id: int) -> Place:
    """A place of the town; raises NotFound."""
    place = session.scalars(select(Place).where(Place.id == place_id, Place.org_id == org_id)).one_or_none()
    if place is None:
        raise NotFound(_("没有找到这个村居街路。"))
    return place


def _refuse_double(session: Session, org_id: int, name: str) -> None:
    if session.scalar(select(Place.id).where(Place.org_id == org_id, Place.name == name)) is not None:
        raise Refused(_("“%(name)s”已经有了。", name=name), field="name")


def check(rows: list[RawRow], context: ImportContext) -> list[RowResult]:
    """What is to be done with each name of a list."""
    known = set(names(context.session, context.org_id))
    results: list[RowResult] = []
    seen: dict[str, int] = {}
    for raw in rows:
        result = RowResult(raw.row, "create", cells=raw.cells, shown={"name": normalise(raw.values.get("name"))[:LONGEST]})
        results.append(result)
        try:
            name = clean(raw.values.get("name"))
        except Refused as error:
            result.status, result.code, result.message = "refuse", "name", str(error.message)
            continue
        earlier = seen.setdefault(name, raw.row)
        result.values, result.shown["name"] = {"name": name}, name
        if earlier != raw.row:
            result.status, result.code, result.message = "skip", "double", _("与第 %(row)s 行相同", row=earlier)
        elif name in known:
            result.status, result.code, result.message = "skip", "unchanged", _("已经有了")
    return results


def apply(session: Session, good: list[RowResult], context: ImportContext) -> None:
    """Add the new names."""
    ids = reserve_ids(session, Place, len(good))
    insert_rows(session, Place, [{"id": key, "org_id": context.org_id, "name": result.values["name"]} for key, result in zip(ids, good, strict=True)])


def is_data(raw: RawRow) -> bool:
    """A list of names has one column that counts."""
    return bool(normalise(raw.values.get("name")))


SPEC = ImportSpec(
    name="places",
    title=_l("村居街路"),
    plugin="complaints",
    permission=rights.SETTINGS,
    columns=(
        ImportColumn("name", _l("名称"), ("村居", "村（社区）", "村（社区）名称", "村社区", "村社区名称", "村居名称", "街路", "街路名称", "地名", "社区", "村",
                                          "行政村", "小区"), required=True),
    ),
    check=check,
    apply=apply,
    help=_l("一列名称即可；登记时用来提示地点，公示时地点只写到村居街路。"),
    done_endpoint="complaints_settings.places",
    is_data=is_data,
)  # fmt: skip
