"""What the pages share: trying a thing and saying why not at the field, files of a form, choices of units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, g, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.meetings import telling
from portal.database import db
from portal.directory.models import Organisation
from portal.errors import Conflict, Refused
from portal.records import attachments
from portal.records.secrecy import refuse_marked


def attempt(form: Any, act: Callable[[], Any], *, check_texts: bool = True) -> bool:
    """Validate a form and do what it asks; a refusal stands at its field, and what was typed stays. Whether it was done."""
    if not form.validate():
        return False
    try:
        if check_texts:
            refuse_marked(value for value in form.data.values() if isinstance(value, str))
        act()
    except (Refused, Conflict) as error:
        place(form, error)
        db.session.rollback()
        return False
    return True


def place(form: Any, error: Refused | Conflict) -> None:
    """Put a refusal at the field that it concerns, or above the form."""
    if error.field and error.field in form:
        form[error.field].errors = [*form[error.field].errors, error.message]
    else:
        form.form_errors.append(error.message)


def said(form: Any) -> None:
    """The refusals of a small form that has no page of its own, as messages above the page."""
    for field in form:
        for message in field.errors:
            flash(f"{field.label.text}：{message}", "danger")
    for message in form.form_errors:
        flash(message, "danger")


def files() -> list[tuple[bytes, str, str]]:
    """The checked files of the present form. Raises Refused."""
    return attachments.prepare_all(request.files.getlist("files"))


def is_office() -> bool:
    """Whether the acting role belongs to the convener's own organisation."""
    return bool(g.get("grant") and g.grant.organisation.kind == "district")


def units(session: Session, *, whole: bool = True) -> list[tuple[int, str]]:
    """Units to choose from: members first, then the other organisations."""
    conference = telling.conference_of(session, needed=False)
    if conference is None:
        return []
    from portal.clock import today

    inside = {membership.unit_id for membership in telling.members(session, conference.id, today())}
    rows = list(session.scalars(select(Organisation).where(Organisation.active, Organisation.id != conference.org_id).order_by(Organisation.weight, Organisation.id)))
    listed = [row for row in rows if row.id in inside] + ([row for row in rows if row.id not in inside] if whole else [])
    return [(row.id, row.name if row.id in inside else _("%(name)s（非成员）", name=row.name)) for row in listed]
