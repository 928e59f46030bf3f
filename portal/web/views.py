"""The first page, the search over everything, health, language and theme."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, current_app, flash, g, jsonify, redirect, render_template, request, session
from flask_babel import gettext as _

from portal import diagnosis
from portal.auth.permissions import logged_in, own_referrer
from portal.clock import today
from portal.inbox import service as inbox

blueprint = Blueprint("web", __name__, template_folder="templates")
log = logging.getLogger("portal.csp")
LONGEST_QUERY = 100
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
    query = " ".join(request.args.get("q", "").replace("\0", "").split())
    if len(query) > LONGEST_QUERY:
        flash(_("搜索词最多 %(n)s 个字。", n=LONGEST_QUERY), "warning")
        query = query[:LONGEST_QUERY]
    hits = []
    if query and g.grant:
        clean = query.encode("utf-8", "ignore").decode()
        hits = current_app.extensions["portal"].plugins.collect_for(g.grant.org_id, "portal_search", query=clean, limit=HITS)
    return render_template("web/search.html", query=query, hits=hits, limit=HITS)


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
