"""The bare route: Flask, one SQL statement, the same fifty rows in a table. No login, no navigation, no form."""

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
{% for row in rows %}<tr><td><a href="/complaints/{{ row[0] }}">{{ row[1] }}</a></td><td>{{ row[2] }}</td><td>{{ row[3] }}</td><td>{{ row[8] }}</td><td>{{ row[7] }}</td>
<td>{{ row[5] }}</td><td class="{{ "red" if row[6] < today else "green" }}">{{ row[6] }}</td></tr>{% endfor %}</tbody></table></body></html>"""


def application(file: Path) -> Any:
    """The application over the database of the portal."""
    app = Flask("bare")
    app.jinja_loader = DictLoader({"list.html": PAGE})
    local = threading.local()

    def connection() -> sqlite3.Connection:
        if not hasattr(local, "connection"):
            local.connection = sqlite3.connect(file)
            local.connection.execute("PRAGMA cache_size=-32768")
        found: sqlite3.Connection = local.connection
        return found

    @app.get("/list")
    def rows() -> str:
        found = connection().execute(ROWS, (request.args.get("org", type=int), request.args["state"])).fetchall()
        return render_template("list.html", rows=found, today=dt.date.today().isoformat())

    return app
