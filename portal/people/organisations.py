"""Pages of organisations: one's own for everybody in a town, every one for those who see all."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, g, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from portal.auth.models import Account, RoleGrant
from portal.auth.permissions import require
from portal.auth.roles import all_roles
from portal.clock import today
from portal.config import ADMINISTRATORS
from portal.contract import NavItem
from portal.database import db
from portal.directory.models import TOWN_KINDS, Organisation, Person
from portal.errors import NotFound
from portal.tenancy import Scope, current_scope, use_scope

blueprint = Blueprint("organisations", __name__, url_prefix="/organisations", template_folder="templates")
KINDS = {"district": _l("区"), "town": _l("镇"), "subdistrict": _l("街道"), "department": _l("区级部门")}


def navigation() -> list[NavItem]:
    return [NavItem(_("单位"), "organisations.index", "people.read", "building-community", 310, _("人员"))]


@blueprint.get("")
@require("people.read")
def index() -> Any:
    """All organisations that the acting role sees; whoever sees one alone is led to it."""
    if g.grant.organisation.is_town:
        return redirect(url_for("organisations.detail", org_id=g.grant.org_id))
    shown = select(Organisation).where(Organisation.active).order_by(Organisation.weight, Organisation.id)
    rows = [row for row in db.session.scalars(shown) if current_scope().allows(row.id)]
    on_post = select(Person.org_id, func.count().label("number")).where(Person.post_status == "在岗").group_by(Person.org_id)
    counts = {row.org_id: row.number for row in db.session.execute(on_post)}
    groups = [(_("街镇"), [row for row in rows if row.kind in TOWN_KINDS]), (_("区级部门"), [row for row in rows if row.kind == "department"])]
    return render_template("people/organisations.html", groups=groups, counts=counts, kinds=KINDS)


@blueprint.get("/<int:org_id>")
@require("people.read")
def detail(org_id: int) -> Any:
    """One organisation: who holds which role there, and what the modules know of it."""
    found = db.session.get(Organisation, org_id) if org_id < 2**31 and current_scope().allows(org_id) else None
    if found is None:
        raise NotFound(_("没有找到这个单位。"))
    plugins = current_app.extensions["portal"].plugins
    with use_scope(Scope("organisation", frozenset({org_id}))):
        panels = plugins.collect_for(org_id, "portal_organisation_panels", organisation=found) if found.is_town else []
        on_post = db.session.scalar(select(func.count()).select_from(Person).where(Person.org_id == org_id, Person.post_status == "在岗")) or 0
    modules = [manifest.title for manifest in plugins.manifests() if plugins.enabled(manifest.name, org_id)]
    return render_template(
        "people/organisation.html", organisation=found, kinds=KINDS, holders=_holders(org_id), on_post=on_post, modules=modules,
        panels=sorted(panels, key=lambda panel: panel.weight), parent=db.session.get(Organisation, found.parent_id) if found.parent_id else None,
    )  # fmt: skip


def _holders(org_id: int) -> list[tuple[Any, list[str]]]:
    """Roles with the names of those who hold them now; the three administrators are no business of the town."""
    day = today()
    held = (
        select(RoleGrant.role, Account.name)
        .join(Account, Account.id == RoleGrant.account_id)
        .where(RoleGrant.org_id == org_id, Account.active, RoleGrant.role.not_in(ADMINISTRATORS))
        .where(RoleGrant.valid_from.is_(None) | (RoleGrant.valid_from <= day), RoleGrant.valid_to.is_(None) | (RoleGrant.valid_to >= day))
        .order_by(Account.name)
    )
    names: dict[str, list[str]] = {}
    for row in db.session.execute(held):
        names.setdefault(row.role, []).append(row.name)
    return [(role.title, names[code]) for code, role in all_roles().items() if code in names]
