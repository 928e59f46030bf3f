"""What goes out to the public: only what was approved, without names and numbers; the bundle; the contact page."""

import datetime as dt
import io
import zipfile

import pytest
import sqlalchemy as sa

from plugins.complaints import rules
from plugins.complaints.models import Place, Publication
from portal.audit.models import Event
from portal.context import system_actor, use_actor
from portal.database import db
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work
from tests.plugins.complaints.helpers import TODAY, WHO, change, fetch, matter, step

D = dt.date
SENTENCE = "已责令经营者入室经营并加强巡查。"


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("请拨打13812341234。", "电话"), ("请拨打 138-1234-1234。", "电话"), ("电话一三八一二三四一二三四。", "电话"), ("电话１３８１２３４１２３４", "电话"),
        ("证件11010519491231002X", "证件"),
        ("渝A12345已拖离", "车牌"), ("渝BD12345", "车牌"), ("渝A·1234学已处理", "车牌"), ("江南投〔2026〕17号已办", "文号"), ("联系a@b.cn", "邮箱"),
        ("在3栋2单元处理", "门牌"), ("已告知张三丰", "张三丰"),
        ("已 告 知 张 三 丰 本人", "张三丰"), ("责令老灶火锅店整改", "老灶火锅店"),
    ],
)  # fmt: skip
def test_sentences_that_are_refused(text, word):
    assert word in rules.publication_refusal(text, ["张三丰", "老灶火锅店"])


@pytest.mark.parametrize("text", [SENTENCE, "已依据第12条责令改正，罚款500元。", "2026年3月已完成整改，共清理3处。", "经三次核查未发现。"])
def test_sentences_that_may_stand(text):
    assert rules.publication_refusal(text, ["张三丰", "老灶火锅店"]) == ""


def settled(town, **values) -> int:
    key = matter(town, received_on=D(2026, 9, 1), **values)
    texts = {"facts": "经查，张三丰所述属实。", "measures": "已责令夜市烧烤摊入室经营。电话告知。"}
    done = {"result": "属实", "concluded_on": D(2026, 9, 10), "approved_on": D(2026, 9, 11), **texts}
    change(key, state="archived", archived_on=D(2026, 9, 20), **done)
    return key


def place(town, name) -> None:
    org_id = town.id
    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test") as session:
        session.add(Place(org_id=org_id, name=name))


def unpack(answer) -> dict[str, str]:
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    return {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}


def test_approved_by_the_head_and_nothing_else_goes_out(app, world, login, post):
    key, head = settled(world.jiangnan), login("jn_head")
    place(world.jiangnan, "桃花新城")
    settled(world.jiangnan, content="没有公示的另一件")
    page = f"/complaints/{key}/publish"
    shown = head.get(page).get_data(as_text=True)
    assert "已依法核查处理。" in shown and '<option selected value="桃花新城">' in shown, "measures that name the stall are not proposed"
    for wrong in ("已告知13812341234。", "已告知张三丰。", "已责令夜市烧烤摊整改。"):
        refused = post(head, page, {"sentence": wrong, "place": "桃花新城", "category": "市容环境"}, page=page)
        assert refused.status_code == 422 and wrong in refused.get_data(as_text=True), "what was typed stays"
    assert post(head, page, {"sentence": SENTENCE, "place": "古佛村 3 组", "category": "市容环境"}, page=page).status_code == 422
    assert post(head, page, {"sentence": SENTENCE, "place": "桃花新城", "category": "市容环境"}, page=page).status_code == 303
    bundle = unpack(post(login("jn_intake"), "/complaints/publicity/bundle", {}, page="/complaints/publicity"))
    assert set(bundle) == {"index.html", "contact.html", "results.csv"}
    assert [line.split(",") for line in bundle["results.csv"].splitlines()][1] == ["2026-09", "市容环境", "桃花新城", "属实", SENTENCE]
    assert SENTENCE in bundle["index.html"] and "12345" in bundle["contact.html"]
    everything = "".join(bundle.values())
    for secret in (WHO["name"], WHO["phone"], fetch(key).number, "占道", "夜市烧烤摊", "没有公示", "古佛村", "<script", "http://", "https://", "2026-09-1"):
        assert secret not in everything, secret
    with use_scope(EVERYTHING):
        assert db.session.scalars(sa.select(Event).where(Event.action == "complaints.published")).first() is not None
    assert fetch(key).publish and "已列入公示" in head.get(f"/complaints/{key}").get_data(as_text=True)
    assert post(head, f"/complaints/{key}/unpublish", {}, page=page).status_code == 303
    assert SENTENCE not in unpack(post(head, "/complaints/publicity/bundle", {}, page="/complaints/publicity"))["index.html"]


def test_the_district_takes_all_towns_and_a_town_its_own(app_sqlite, world, login, post):
    for town, name in ((world.jiangnan, "jn_head"), (world.gelan, "gl_head")):
        key = settled(town)
        page = f"/complaints/{key}/publish"
        assert post(login(name), page, {"sentence": f"已由{name[:2]}办结处理。", "place": "", "category": ""}, page=page).status_code == 303
    district = unpack(post(login("sup"), "/complaints/publicity/bundle", {}, page="/complaints/publicity"))
    assert "江南街道" in district["results.csv"] and "葛兰镇" in district["results.csv"] and "葛兰镇" in district["contact.html"]
    own = unpack(post(login("gl_head"), "/complaints/publicity/bundle", {}, page="/complaints/publicity"))
    assert "已由gl" in own["index.html"] and "已由jn" not in own["index.html"] and "江南" not in "".join(own.values())


def test_who_and_what_may_not(app_sqlite, world, login, post):
    open_one, hidden, key = matter(world.jiangnan), settled(world.jiangnan, confidential=True), settled(world.jiangnan)
    head = login("jn_head")
    for one in (open_one, hidden):
        page = f"/complaints/{one}/publish"
        assert post(head, page, {"sentence": SENTENCE, "place": "", "category": ""}, page=page).status_code == 422
    for name, status in (("jn_intake", 403), ("jn_officer", 403), ("gl_head", 404), ("sup", 403)):
        assert login(name).get(f"/complaints/{key}/publish").status_code == status, name
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Publication)) == 0
    listed = head.get("/complaints?unpublished=1").get_data(as_text=True)
    assert fetch(key).number in listed and fetch(open_one).number not in listed and fetch(hidden).number not in listed


def test_what_is_handled_anew_is_taken_off(app_sqlite, world, login, post):
    key = settled(world.jiangnan)
    change(key, handler_id=world.account("jn_officer").id, handler_name="李明杰")
    page = f"/complaints/{key}/publish"
    post(login("jn_head"), page, {"sentence": SENTENCE, "place": "", "category": ""}, page=page)
    assert fetch(key).publish
    assert step(post, login("jn_leader"), key, "redo", reason="有新的事实").status_code == 303
    assert not fetch(key).publish and db.session.scalar(sa.select(sa.func.count()).select_from(Publication)) == 0


def test_the_contact_page_shows_a_town_its_own_and_the_district_all(app_sqlite, world, login, post):
    head, other = login("jn_head"), login("gl_head")
    before = other.get("/complaints/contact").get_data(as_text=True)
    for key, value in (("telephone", "023-40251234"), ("address", "江南大道 1 号"), ("hours", "工作日 8:30—18:00")):
        page = f"/settings/complaints.contact_{key}"
        assert post(head, page, {"value": value, "valid_from": str(TODAY)}, page=page).status_code == 303
    for reader in (head, login("sup")):
        shown = reader.get("/complaints/contact").get_data(as_text=True)
        assert "023-40251234" in shown and "江南大道 1 号" in shown and "8:30—18:00" in shown
    after = other.get("/complaints/contact").get_data(as_text=True)
    assert "江南" not in before + after and len(before) == len(after), "what one town sets, no other town reads"
