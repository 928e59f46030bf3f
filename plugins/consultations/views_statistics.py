"""The convener's figures."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from plugins.consultations import rights, statistics
from portal.auth.permissions import require
from portal.clock import today
from portal.database import db

blueprint = Blueprint("consultations_statistics", __name__, url_prefix="/consultations", template_folder="templates")


@blueprint.get("/statistics")
@require(rights.STATISTICS)
def index() -> Any:
    """By town, field, time taken and adopted share."""
    year = request.args.get("year", "")
    known = statistics.years(db.session(), today())
    chosen = int(year) if year in {str(item) for item in known} else known[0]
    return render_template("consultations/statistics.html", years=known, year=chosen, found=statistics.of_year(db.session(), chosen))
