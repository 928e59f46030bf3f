"""The first page, the search over everything, health, language and theme."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, current_app, flash, g, jsonify, redirect, render_template, request, session
from flask_babel import gettext as _

from portal import diagnosis
from portal import search as index
from portal.auth import throttle
from portal.auth.permissions import can, logged_in, own_referrer
from portal.clock import today
from portal.config import current_settings
from portal.contract import Hit
from portal.inbox import service as inbox
from portal.records import lists
from portal.text import seen, whole

blueprint = Blueprint("web", __name__, template_folder="templates")
log = logging.getLogger("portal.csp")
HITS = 20


@blueprint.get("/")
@logged_in
def dashboard() -> Any:
    """The first page: what waits, and the cards of the town's modules."""
    plugins = current_app.extensions["portal"].plugins
    found = plugins.collect_for(g.grant.org_id, "portal_dashboard_cards", today=today()) if g.grant else []
    return render_template("web/dashboard.html", cards=sorted(found, key=lambda card: card.weight), todos=inbox.todos())


@blueprint.get("/search")
@logged_in
def search() -> Any:
    """The search over everything that the acting role may see."""
    typed = request.args.get("q", "")
    query = lists.clean(typed, index.LONGEST_QUERY)
    if not query or not g.grant:
        return render_template("web/search.html", query="", only="", groups=[], other={}, total=0)
    throttle.pace(f"search {g.account.id}", current_settings().search_per_minute)
    if index.too_much(seen(typed).strip()):
        flash(_("只按前 %(w)s 个词、前 %(n)s 个字查找。", w=index.MOST_WORDS, n=index.LONGEST_QUERY), "warning")
    plugins = current_app.extensions["portal"].plugins
    kinds = [kind for kind in plugins.collect_for(g.grant.org_id, "portal_record_types") if kind.search and can(kind.read_permission)]
    only = next((kind.name for kind in kinds if kind.name == request.args.get("kind")), "")
    groups = index.everything(query, kinds, only=only, page=whole(request.args.get("page", ""), 4) or 1)
    other: dict[str, list[Hit]] = {}
    for hit in plugins.collect_for(g.grant.org_id, "portal_search", query=query, limit=HITS):
        other.setdefault(str(hit.kind), []).append(hit)
    total = sum(group.count for group in groups) + sum(map(len, other.values()))
    return render_template("web/search.html", query=query, only=only, groups=groups, other=other, total=total)


@blueprint.post("/language")
def language() -> Any:
    """Chinese or English."""
    session["lang"] = "en" if request.form.get("lang") == "en" else "zh"
    return redirect(own_referrer(), 303)


@blueprint.post("/theme")
def theme() -> Any:
    """Light, dark, or as the computer is set."""
    chosen = request.form.get("theme", "")
    session["theme"] = chosen if chosen in ("light", "dark", "auto") else "light"
    return redirect(own_referrer(), 303)


@blueprint.get("/healthz")
def healthz() -> Any:
    """The process answers."""
    return jsonify({"ok": True})


@blueprint.get("/readyz")
def readyz() -> Any:
    """Database, disk, plugins, scheduler and the last verification of the trail, without a secret."""
    found = diagnosis.signs_of_life(current_app._get_current_object())  # type: ignore[attr-defined]
    return jsonify(found), 200 if found["database"] else 503


@blueprint.post("/csp-report")
def csp_report() -> Any:
    """What a browser refused because of the policy: a line in the log."""
    if (request.content_length or 0) <= 8192:
        log.warning("policy violation %s", request.get_data(as_text=True)[:2000])
    return "", 204
