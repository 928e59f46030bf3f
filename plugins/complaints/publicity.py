"""公示: the anonymised list of results and the contact page for the public website, as a bundle of static files.

Nothing goes out but what the office head approved: field, month, village or street, result, and one sentence of what was
done. A sentence with a telephone, a number, a plate or a name of the matter's own people is refused.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from typing import IO, Any

from flask import current_app, render_template
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from plugins.complaints import figures, identity, places, rules
from plugins.complaints.models import Complaint, NamedOfficer, Publication
from portal.context import current_actor
from portal.directory.models import Organisation
from portal.errors import NotFound, Refused
from portal.records.exporting import write_csv

LONGEST = 120
MOST = 50_000


def eligible() -> ColumnElement[bool]:
    """Matters that may be published: settled with a result, and neither an accusation nor one in which somebody is protected."""
    settled = and_(Complaint.state.in_(("concluded", "replied", "archived")), Complaint.approved_on.is_not(None), Complaint.result != "")
    return and_(settled, Complaint.kind != "accusation", Complaint.confidential.is_(False), Complaint.protect.is_(False))


def refusal(complaint: Complaint) -> str:
    """Why a matter cannot be published; empty: it can."""
    if complaint.kind == "accusation":
        return _("检举控告不公示。")
    if complaint.confidential or complaint.protect:
        return _("要求保密或需特别保护的事项不公示。")
    if complaint.state not in ("concluded", "replied", "archived") or complaint.approved_on is None or not complaint.result:
        return _("办结并审核后才能公示。")
    return ""


def proposal(session: Session, complaint: Complaint) -> dict[str, str]:
    """What could be published, for the head to edit: the sentence comes from the measures, where it may."""
    first = complaint.measures.replace("\n", "").split("。", 1)[0][: LONGEST - 1]
    sentence = f"{first}。" if first else ""
    if rules.publication_refusal(sentence, own_names(session, complaint)):
        sentence = ""
    fitting = [name for name in places.names(session, complaint.org_id) if name in complaint.place]
    return {"sentence": sentence or _("已依法核查处理。"), "place": max(fitting, key=len, default=""), "category": complaint.category}


def own_names(session: Session, complaint: Complaint) -> list[str]:
    """Names that must not stand in the sentence: whoever complained and where they live, who was complained about, who handled it."""
    kept = identity.of(session, complaint.id)
    opened = identity.opened(kept) if kept is not None else {}
    officers = session.scalars(select(NamedOfficer.name).where(NamedOfficer.complaint_id == complaint.id))
    return [name for name in (opened.get("name", ""), opened.get("address", ""), complaint.object_name, complaint.handler_name, complaint.reply_by, *officers) if name]


def publish(session: Session, complaint: Complaint, values: Mapping[str, str], today: dt.date) -> Publication:
    """Approve what is published of a matter, in the open unit of work. Raises Refused."""
    why = refusal(complaint)
    if why:
        raise Refused(why)
    sentence = "".join(str(values["sentence"]).split())
    if not 4 <= len(sentence) <= LONGEST:
        raise Refused(_("请用一句话写明办理情况，4 至 %(n)s 个字。", n=LONGEST), field="sentence")
    why = rules.publication_refusal(sentence, own_names(session, complaint))
    if why:
        raise Refused(why, field="sentence")
    place, category = str(values.get("place") or ""), str(values.get("category") or "")
    if place and place not in places.names(session, complaint.org_id):
        raise Refused(_("地点请从村居街路中选择。"), field="place")
    if category not in ("", complaint.category, *figures.figure(figures.CATEGORIES, complaint.org_id, today)):
        raise Refused(_("请从列表中选择。"), field="category")
    row = of(session, complaint.id) or Publication(org_id=complaint.org_id, complaint_id=complaint.id)
    row.category, row.month, row.place, row.result, row.sentence = category, f"{complaint.concluded_on or complaint.received_on:%Y-%m}", place, complaint.result, sentence
    row.approved_by, row.approved_on = current_actor().account_id, today
    session.add(row)
    complaint.publish = True
    session.flush()
    return row


def withdraw(session: Session, complaint: Complaint) -> None:
    """Take a matter off the list; the next bundle does without it. Raises NotFound."""
    if of(session, complaint.id) is None:
        raise NotFound(_("这一件没有公示。"))
    take_off(session, complaint)


def take_off(session: Session, complaint: Complaint) -> None:
    """What is handled anew is not published any more."""
    row = of(session, complaint.id)
    if row is not None:
        session.delete(row)
    complaint.publish = False
    session.flush()


def of(session: Session, complaint_id: int) -> Publication | None:
    return session.scalars(select(Publication).where(Publication.complaint_id == complaint_id)).one_or_none()


# -- what goes out -----------------------------------------------------------------------------------------------------------


def contacts(towns: Sequence[Organisation], today: dt.date) -> list[dict[str, Any]]:
    """监督电话、通信地址、受理时间 of each town."""
    keys = (("telephone", figures.TELEPHONE), ("address", figures.ADDRESS), ("hours", figures.HOURS))
    return [{"name": town.name, **{name: figures.figure(key, town.id, today) for name, key in keys}} for town in towns]


def towns(session: Session, org_id: int | None) -> list[Organisation]:
    """The town itself, or for the district every town where the plugin is on."""
    enabled = current_app.extensions["portal"].plugins.enabled_orgs("complaints")
    wanted = [org_id] if org_id in enabled else sorted(enabled) if org_id is None else []
    found = select(Organisation).where(Organisation.id.in_(wanted)).order_by(Organisation.weight, Organisation.id)
    return list(session.scalars(found).unique())


def rows(session: Session, org_ids: Sequence[int]) -> list[Any]:
    """What is published, the newest month first; within it by place, so that no order tells which came when."""
    columns = (Organisation.name.label("town"), Publication.month, Publication.category, Publication.place, Publication.result, Publication.sentence)
    found = select(*columns).join(Organisation, Organisation.id == Publication.org_id).where(Publication.org_id.in_(org_ids))
    order = (Publication.month.desc(), Organisation.weight, Publication.category, Publication.place, Publication.sentence)
    return list(session.execute(found.order_by(*order).limit(MOST)).all())


def _page(name: str, shown: Mapping[str, Any]) -> bytes:
    """A page that needs nothing beside it: its style stands in it."""
    style = current_app.jinja_env.get_template("complaints/public/style.css").render()
    page = render_template(f"complaints/public/{name}", **shown)
    return page.replace('<link rel="stylesheet" href="style.css">', f"<style>{style}</style>", 1).encode()


def bundle(session: Session, org_id: int | None, title: str, today: dt.date) -> tuple[IO[bytes], int]:
    """The bundle for the public website as a ZIP: two pages without scripts, a table; returns it and how many results it has."""
    listed = towns(session, org_id)
    published = rows(session, [town.id for town in listed])
    several = len(listed) > 1
    heads = [*([_("街镇")] if several else []), _("月份"), _("领域"), _("地点"), _("结论"), _("办理情况")]
    lines = [[*([row.town] if several else []), row.month, row.category, row.place, row.result, row.sentence] for row in published]
    shown = {"title": title, "today": today, "heads": heads, "lines": lines, "contacts": contacts(listed, today)}
    with write_csv(heads, lines) as table:
        parts = {
            "index.html": _page("index.html", shown),
            "contact.html": _page("contact.html", shown),
            "results.csv": table.read(),
        }
    stream = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 - the caller sends and closes it
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (today.year, today.month, today.day, 0, 0, 0)), content)
    stream.seek(0)
    return stream, len(published)
