"""The bare route: Flask, a connection that is kept, one SQL statement, the same fifty rows with their links in a template.

No login, no navigation, no form, no search.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from pathlib import Path
from typing import Any

from flask import Flask, render_template, request
from jinja2 import DictLoader

ROWS = """SELECT id, number, title, kind, channel, state, due_on, handler_name, received_on FROM complaints_complaint
 WHERE org_id = ? AND state = ? ORDER BY sort_due, id LIMIT 50"""
PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>投诉登记簿</title></head><body><table>
<thead><tr><th>编号</th><th>标题</th><th>类别</th><th>收到日期</th><th>承办人</th><th>状态</th><th>期限</th></tr></thead><tbody>
{% for row in rows %}<tr><td><a href="{{ url_for("detail", complaint_id=row["id"]) }}">{{ row["number"] }}</a></td><td>{{ row["title"] }}</td><td>{{ row["kind"] }}</td>
<td>{{ row["received_on"] }}</td><td>{{ row["handler_name"] }}</td><td>{{ row["state"] }}</td>
<td class="{{ "red" if row["due_on"] < today else "green" }}">{{ row["due_on"] }}</td></tr>{% endfor %}</tbody></table></body></html>"""


def application(file: Path) -> Any:
    """The application over the database of the portal."""
    app = Flask("bare")
    app.jinja_loader = DictLoader({"list.html": PAGE})

    local = threading.local()

    def database() -> sqlite3.Connection:
        if not hasattr(local, "connection"):
            local.connection = sqlite3.connect(file)
            local.connection.row_factory = sqlite3.Row
        found: sqlite3.Connection = local.connection
        return found

    @app.get("/complaints/<int:complaint_id>")
    def detail(complaint_id: int) -> str:
        return str(complaint_id)

    @app.get("/list")
    def rows() -> str:
        found = database().execute(ROWS, (request.args.get("org", type=int), request.args["state"])).fetchall()
        return render_template("list.html", rows=found, today=dt.date.today().isoformat())

    return app
