"""Choosing the panel: conflicts on the page and on the server, the repeatable draw, recusal and replacement."""

import datetime as dt
import json

import pytest

from plugins.consultations import rules
from plugins.consultations.models import Consultation, Draw, Expert, Paper, Seat
from tests.plugins.consultations.helpers import SECRET, account, candidate, change, events, every, fetch, seat_of
from tests.portal.test_migrations_and_cli import run


def expert(username):
    return fetch(Expert, account_id=account(username).id)


def test_candidates_stand_with_load_and_with_what_bars_them(play):
    key = play.accepted()
    change(Expert, expert("ex3").id, unit="长寿湖渔业公司")
    change(Expert, expert("ex4").id, term_to=dt.date(2026, 11, 25))
    change(Expert, expert("ex5").id, adviser_of=[account("jn_officer").grants[0].org_id])
    page = play.text("sup", f"/consultations/{key}/panel?field=违法建设")
    assert "在当事人单位任职" in page and "聘期不覆盖会商期限" in page and "选入须披露" in page
    assert "没有候选人" in play.text("sup", f"/consultations/{key}/panel?field=农业农村")
    towns = play.text("sup", f"/consultations/{key}/panel?kind=town")
    assert "邹建华" in towns and towns.count("与提请街镇同单位") == 3
    for username, why in (("ex3", "在当事人单位任职"), ("ex4", "聘期不覆盖"), ("jn_head", "与提请街镇同单位")):
        answer = play.send("sup", f"/consultations/{key}/panel/choose", {"key": candidate(username)})
        assert answer.status_code == 422 and why in answer.get_data(as_text=True), username
    for junk in ("", "E999", "A1-1", "E", "x" * 90):
        assert play.send("sup", f"/consultations/{key}/panel/choose", {"key": junk}).status_code == 422
    play.choose(key, "ex5")
    assert fetch(Seat, consultation_id=key).disclosure == "担任提请街镇法律顾问"
    assert "已在会商组" in play.text("sup", f"/consultations/{key}/panel")
    assert play["jn_officer"].get(f"/consultations/{key}/panel").status_code == 403


@pytest.mark.parametrize(
    ("usernames", "words"),
    [((), "不足 3 人"), (("ex1", "ex2"), "不足 3 人"), (("ex1", "ex2", "ex3", "ex4"), "须为单数"), (("ga_liaison", "gl_head", "gl_legal"), "至少要有一名专家")],
)
def test_a_panel_that_is_none_is_not_invited(play, usernames, words):
    key = play.accepted()
    play.choose(key, *usernames)
    answer = play.step("sup", key, "invite", opinion_due="2026-12-01")
    assert answer.status_code == 422 and words in answer.get_data(as_text=True)
    assert fetch(Consultation, id=key).state == "accepted"


def test_a_term_that_ends_before_the_day_is_found_at_the_invitation_too(play):
    key = play.accepted()
    play.choose(key, "ex1", "ex2", "ex3")
    change(Expert, expert("ex2").id, term_to=dt.date(2026, 12, 10))
    answer = play.step("sup", key, "invite", opinion_due="2026-12-11")
    assert answer.status_code == 422 and "段雪松 不能参加：聘期不覆盖会商期限" in answer.get_data(as_text=True)
    assert play.step("sup", key, "invite", opinion_due="2026-11-24").status_code == 422
    play.done("sup", key, "invite", opinion_due="2026-12-10")


def test_a_draw_keeps_all_that_repeats_it_here_and_on_another_machine(app, play, tmp_path):
    key = play.accepted()
    change(Expert, expert("ex3").id, unit="长寿湖渔业公司")
    assert play.send("sup", f"/consultations/{key}/panel/draw", {"field": "违法建设", "wanted": "2"}).status_code == 303
    found = fetch(Draw, consultation_id=key)
    assert len(found.candidates) == 4 and found.excluded == [{"name": "汪立新", "unit": "长寿湖渔业公司", "why": "在当事人单位任职"}]
    assert found.result == rules.draw(found.seed, [item["key"] for item in found.candidates], 2) and found.algorithm == "sha256-sort/1"
    drawn = every(Seat, consultation_id=key)
    assert {seat.chosen for seat in drawn} == {"draw"} and [f"E{seat.expert_id}" for seat in drawn] == found.result
    record = tmp_path / "draw.json"
    record.write_bytes(play["sup"].get(f"/consultations/{key}/draws/{found.id}.json").data)
    elsewhere = run(tmp_path / "elsewhere", "consultations", "redraw", "--file", str(record), "--json")
    assert elsewhere.returncode == 0 and json.loads(elsewhere.stdout)["again"] == found.result and json.loads(elsewhere.stdout)["same"] is True
    forged = json.loads(record.read_text(encoding="utf-8"))
    forged["result"] = [item["key"] for item in forged["candidates"] if item["key"] not in forged["result"]]
    record.write_text(json.dumps(forged), encoding="utf-8")
    caught = run(tmp_path / "elsewhere", "consultations", "redraw", "--file", str(record), "--json")
    assert caught.returncode == 1 and json.loads(caught.stdout)["same"] is False
    assert play["jn_officer"].get(f"/consultations/{key}/draws/{found.id}.json").status_code == 403


def test_redraw_from_the_command_line_of_the_instance(app_sqlite, login, post, tmp_path):
    from click.testing import CliRunner

    from plugins.consultations import commands
    from tests.plugins.consultations.helpers import Play, pool

    pool()
    play = Play(login, post)
    key = play.accepted()
    play.send("sup", f"/consultations/{key}/panel/draw", {"field": "违法建设", "wanted": "3"})
    number = fetch(Draw, consultation_id=key).id
    import portal.cli.base as base

    original = base.application
    base.application = lambda: app_sqlite
    try:
        answer = CliRunner().invoke(commands.consultations, ["redraw", "--check", str(number), "--json"])
        assert answer.exit_code == 0 and json.loads(answer.output)["same"] is True and len(json.loads(answer.output)["names"]) == 3
        assert CliRunner().invoke(commands.consultations, ["redraw", "--check", "999"]).exit_code == 2
        assert CliRunner().invoke(commands.consultations, ["redraw"]).exit_code == 2
    finally:
        base.application = original
    assert events("consultations.draw_checked")


def test_draws_that_cannot_be(play):
    key = play.accepted()
    empty = play.send("sup", f"/consultations/{key}/panel/draw", {"field": "农业农村", "wanted": "1"})
    assert empty.status_code == 422 and "可抽取的专家只有 0 人" in empty.get_data(as_text=True)
    for username in ("ex1", "ex2", "ex3", "ex4", "ex5"):
        change(Expert, expert(username).id, unit="江南街道")
    nobody = play.send("sup", f"/consultations/{key}/panel/draw", {"field": "违法建设", "wanted": "1"})
    assert nobody.status_code == 422 and "5 人因回避、聘期等不能参加" in nobody.get_data(as_text=True)
    for data in ({"field": "没有的领域", "wanted": "1"}, {"field": "违法建设", "wanted": "0"}, {"field": "违法建设", "wanted": "99999999999"}, {"wanted": "x"}):
        assert play.send("sup", f"/consultations/{key}/panel/draw", data).status_code == 422
    assert not every(Draw) and not every(Seat)


def test_a_second_draw_of_a_field_says_why_and_both_stay(play):
    key = play.accepted()
    assert play.send("sup", f"/consultations/{key}/panel/draw", {"field": "违法建设", "wanted": "1"}).status_code == 303
    again = play.send("sup", f"/consultations/{key}/panel/draw", {"field": "违法建设", "wanted": "2"})
    assert again.status_code == 422 and "请写明理由" in again.get_data(as_text=True)
    assert play.send("sup", f"/consultations/{key}/panel/draw", {"field": "违法建设", "wanted": "2", "reason": "增加人数"}).status_code == 303
    assert [draw.reason for draw in every(Draw)] == ["", "增加人数"] and len(every(Seat)) == 3


def test_a_draw_refuses_to_be_changed_by_the_database_itself(app, play):
    import sqlalchemy as sa
    from sqlalchemy.exc import DBAPIError

    from portal.database import db

    key = play.accepted()
    play.send("sup", f"/consultations/{key}/panel/draw", {"field": "违法建设", "wanted": "1"})
    number = fetch(Draw, consultation_id=key).id
    for statement in ("UPDATE consultations_draw SET seed = 'x' WHERE id = :id", "DELETE FROM consultations_draw WHERE id = :id"):
        db.session.rollback()
        with pytest.raises(DBAPIError, match="changed"), db.engine.begin() as connection:
            connection.execute(sa.text(statement), {"id": number})


def test_an_interest_declared_and_a_member_recused_are_replaced(play):
    key = play.collecting("ex1", "ex2", "ga_liaison")
    seat = seat_of(key, "ex1")
    play.done("ex1", seat, "promise", "seat", promised="y")
    assert play.step("ex1", seat, "step_back", "seat", why="interest").status_code == 422
    play.done("ex1", seat, "step_back", "seat", why="interest", statement="王大勇是我表弟")
    assert fetch(Seat, id=seat).state == "stepped" and play["ex1"].get(f"/consultations/{key}").status_code == 404
    assert "王大勇是我表弟" in play.text("sup", f"/consultations/{key}/panel") and "表弟" not in play.text("jn_officer", f"/consultations/{key}")
    full = play.text("sup", f"/consultations/{key}/panel")
    assert "请从下面补选一人" in full
    assert play.send("sup", f"/consultations/{key}/panel/choose", {"key": candidate("ex1")}).status_code == 422
    play.choose(key, "ex3")
    new = fetch(Seat, id=seat_of(key, "ex3"))
    assert (new.state, new.replaces_id) == ("invited", seat)
    more = play.send("sup", f"/consultations/{key}/panel/choose", {"key": candidate("ex4")})
    assert more.status_code == 422 and "没有空缺" in more.get_data(as_text=True)
    play.give(key, "ex2", "disagree")
    play.done("sup", seat_of(key, "ex2"), "recuse", "seat", statement="查明与当事人有代理关系")
    assert play["ex2"].get(f"/consultations/{key}").status_code == 404
    assert play.send("sup", f"/consultations/{key}/panel/draw", {"field": "违法建设", "wanted": "1"}).status_code == 303
    drawn = next(item for item in every(Seat, consultation_id=key) if item.chosen == "draw")
    assert drawn.state == "invited" and drawn.replaces_id == seat_of(key, "ex2")
    username = "ex4" if drawn.name == "石国栋" else "ex5"
    for who in ("ex3", "ga_liaison", username):
        play.give(key, who)
    play.done("sup", key, "close")
    paper = fetch(Paper, consultation_id=key)
    assert "3 份意见：同意 3。" in paper.findings[0]["majority"] and f"{SECRET}ex2" not in json.dumps(paper.findings, ensure_ascii=False)
    assert "随机抽取" in paper.course and "指定" in paper.course and "段雪松" not in paper.course


def test_whoever_does_not_answer_is_replaced_and_a_seat_not_yet_called_is_dropped(play):
    key = play.accepted()
    play.choose(key, "ex1", "ex2", "ex3", "ex4")
    assert play.send("sup", f"/consultations/{key}/panel/drop", {"seat": str(seat_of(key, "ex4"))}).status_code == 303
    play.done("sup", key, "invite", opinion_due="2026-12-01")
    called = play.send("sup", f"/consultations/{key}/panel/drop", {"seat": str(seat_of(key, "ex3"))})
    assert called.status_code == 422 and len(every(Seat, consultation_id=key)) == 3
    play.done("sup", seat_of(key, "ex3"), "remove", "seat", statement="多次联系不上")
    play.choose(key, "ex4")
    assert play.step("ex3", seat_of(key, "ex3"), "promise", "seat", promised="y").status_code == 409
    assert fetch(Seat, id=seat_of(key, "ex4")).state == "invited"
