"""The trail is verified every night; a break is told at once, and stops exports until it is cleared up."""

import sqlalchemy as sa

from portal import audit
from portal.audit import standing
from portal.audit.protection import create_protection, drop_protection
from portal.config import current_settings
from portal.database import db
from portal.inbox.models import Notice
from portal.jobs.runner import run_job
from portal.work import unit_of_work


def change(reason, where):
    db.session.rollback()
    with db.engine.begin() as connection:
        drop_protection(connection)
        connection.execute(sa.text("UPDATE audit_event SET reason = :r WHERE chain_id = :c AND seq = :s"), {"r": reason, **where})
        create_protection(connection)


def test_a_row_changed_by_hand_is_named_told_and_stops_exports(app, world, login):
    with unit_of_work("test.held", reason="原来的理由"):
        audit.note("test.held", record_type="core.test", record_id=1, chain_id=world.jiangnan.id)
    where = {"c": world.jiangnan.id, "s": audit.history("core.test", 1)[0].seq}
    clerk = login("jn_clerk")
    assert run_job("core.verify").result["ok"] and clerk.get("/people?export=xlsx").status_code == 200
    change("改过的理由", where)
    outcome = run_job("core.verify")
    assert outcome.state == "done" and outcome.result["failed"] == 1
    assert (outcome.result["broken"]["chain"], outcome.result["broken"]["seq"]) == (where["c"], where["s"])
    told = {notice.account_id: notice.title for notice in db.session.scalars(sa.select(Notice))}
    assert f"江南街道 {where['s']}" in told[world.account("auditor").id]
    assert "审计记录校验" in told[world.account("sysadmin").id]
    for address in ("/people?export=xlsx", "/certificates?export=csv", "/certificates/public?format=html"):
        answer = clerk.get(address)
        assert answer.status_code == 503 and "审计记录校验未通过" in answer.get_data(as_text=True), address
    assert clerk.get("/import/certificates/template.xlsx").status_code == 200
    assert app.test_client().get("/readyz").json["trail"] is False
    change("原来的理由", where)
    assert run_job("core.verify").result["ok"]
    assert clerk.get("/people?export=xlsx").status_code == 200


def test_a_note_of_the_last_verification_that_cannot_be_read_counts_as_broken(app_sqlite):
    file = current_settings().instance / standing.FILE
    assert standing.last(file.parent) is None
    for text in ("", "[]", "{}", '{"at": "x", "ok": 1, "events": "many"}'):
        file.write_text(text, encoding="utf-8")
        assert standing.last(file.parent) == {"at": "", "ok": False, "events": 0, "broken": None}


def test_doctor_says_how_the_trail_stands(app_sqlite):
    from portal import diagnosis

    def said():
        return next(finding for finding in diagnosis.examine(app_sqlite) if finding.check == "audit trail")

    assert said() == diagnosis.Finding("audit trail", True, "not verified yet")
    audit.verify_instance(app_sqlite)
    assert said().ok and said().found.startswith("whole at 20")
    (current_settings().instance / standing.FILE).write_text("", encoding="utf-8")
    assert not said().ok and "BROKEN" in said().found
