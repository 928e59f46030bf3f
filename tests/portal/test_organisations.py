"""Pages of organisations: one's own, or every one; their panels tell of that town alone (portal_organisation_panels)."""

from __future__ import annotations

import re

from tests.plugins.complaints.helpers import matter


def figure(page: str, label: str) -> str:
    found = re.search(rf'class="value">(\d+)</span><span class="label">{label}<', page)
    assert found, label
    return found[1]


def test_a_town_sees_its_own_page_and_no_other(app, world, login):
    matter(world.jiangnan)
    head = login("jn_head")
    own = head.get("/organisations", follow_redirects=True)
    page = own.get_data(as_text=True)
    assert own.status_code == 200 and "江南街道" in page and "周平" in page and figure(page, "新登记") == "1"
    assert head.get(f"/organisations/{world.gelan.id}").status_code == 404
    assert head.get("/organisations/99999").status_code == head.get(f"/organisations/{2**40}").status_code == 404


def test_the_supervisor_sees_each_with_its_own_figures(app, world, login):
    matter(world.jiangnan)
    supervisor = login("sup")
    assert "葛兰镇" in supervisor.get("/organisations").get_data(as_text=True)
    jiangnan = supervisor.get(f"/organisations/{world.jiangnan.id}").get_data(as_text=True)
    gelan = supervisor.get(f"/organisations/{world.gelan.id}").get_data(as_text=True)
    assert figure(jiangnan, "新登记") == "1" and figure(gelan, "新登记") == "0"
    assert f"town={world.jiangnan.id}" in jiangnan
    assert "系统管理员" not in supervisor.get(f"/organisations/{world.district.id}").get_data(as_text=True)


def test_administrators_have_no_business_there(app, world, login):
    assert login("sysadmin").get(f"/organisations/{world.jiangnan.id}").status_code == 403


def test_a_module_that_is_off_has_no_panel(app, world, login, post):
    post(login("sysadmin"), f"/admin/plugins/complaints/{world.jiangnan.id}", {"on": "0"}, page="/admin/plugins")
    page = login("sup").get(f"/organisations/{world.jiangnan.id}").get_data(as_text=True)
    assert "新登记" not in page and "30 天内到期" in page
