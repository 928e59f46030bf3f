"""Without names, numbers, addresses and plates; the same original always becomes the same word."""

import string

from hypothesis import given
from hypothesis import strategies as st

from plugins.consultations.anonymise import MARK, Anonymiser, named

TEXT = (
    "当事人长寿湖渔业公司（91500115MA5U12345X）负责人王大勇，身份证号 500115199003070012，电话 138 1234 1234、023-40661234，住古佛村3组18号，"
    "驾驶渝B12345货车；王大勇与江南街道李明杰在古佛村3组18号交涉。"
)


def test_a_text_as_it_comes_from_an_office():
    clean = Anonymiser(["王大勇", "李明杰"], ["长寿湖渔业公司"], [("江南街道", "江南")]).text(TEXT)
    for part in ("王大勇", "李明杰", "渔业", "江南", "500115199003070012", "1234", "古佛村3组18号", "渝B", "91500115"):
        assert part not in clean, part
    assert clean.count("〔人1〕") == 2 and clean.count("〔地址1〕") == 2 and clean.startswith("当事人〔单位1〕（〔信用代码1〕）负责人〔人1〕，身份证号 〔身份证号1〕")
    assert "〔电话1〕、〔电话2〕" in clean and "〔车牌1〕货车" in clean and "〔机关1〕〔人2〕" in clean


def test_the_same_number_written_otherwise_is_the_same():
    without = Anonymiser()
    assert without.text("13812341234 138-1234-1234 138 1234 1234") == "〔电话1〕 〔电话1〕 〔电话1〕"
    assert without.text("渝B12345 渝B·12345 渝A12345") == "〔车牌1〕 〔车牌1〕 〔车牌2〕"


def test_people_named_beside_what_they_are_are_found_without_being_listed():
    told = ["当事人长寿湖渔业公司负责人王大勇，驾驶员：李强称未见；法定代表人为赵春花。", "业主周勇在场，村民刘伟未到。负责人对此无异议，当事人陈述属实。"]
    assert named(told) == ["王大勇", "李强", "赵春花", "周勇", "刘伟"]
    assert named(["当事人马上整改。经营者高度重视。居民金某反映油烟扰民。证人孙丽（邻居）。"]) == ["金某", "孙丽"]


def test_ordinary_words_and_figures_stay():
    text = "《城乡规划法》第六十四条：限期改正，处建设工程造价百分之五以上百分之十以下的罚款；2026年11月24日勘验，面积 1,200.50 平方米，共 3 人。"
    assert Anonymiser(["王大勇"]).text(text) == text


def test_a_longer_name_goes_before_a_shorter_one_in_it():
    assert Anonymiser([], ["渔业公司", "长寿湖渔业公司"]).text("长寿湖渔业公司和渔业公司") == "〔单位1〕和〔单位2〕"


def test_several_names_of_one_are_one_and_numbers_follow_the_text():
    without = Anonymiser(["甲某", "乙某"], [], [("凤城街道", "凤城"), "区司法局"])
    assert without.text("区司法局、凤城、凤城街道；乙某") == "〔机关1〕、〔机关2〕、〔机关2〕；〔人1〕" and without.text("甲某乙某") == "〔人2〕〔人1〕"


def test_names_of_one_letter_and_blanks_replace_nothing():
    assert Anonymiser(["王", " ", ""]).text("国王王国") == "国王王国"


HAN = st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=6)
FILLER = st.text(alphabet=string.ascii_lowercase + "，。 \n", max_size=30)
PHONES = st.from_regex(r"1[3-9]\d{9}", fullmatch=True)
PLATES = st.from_regex(r"渝[A-Z][0-9]{5}", fullmatch=True)


@given(st.lists(HAN, min_size=1, max_size=5, unique=True), st.lists(FILLER, min_size=1, max_size=6), st.lists(PHONES | PLATES, max_size=4))
def test_no_name_and_no_number_is_left(names, filler, numbers):
    parts = [*names, *numbers]
    text = "。".join(f"{filler[n % len(filler)]} {part}" for n, part in enumerate(parts)) + "。"
    clean = Anonymiser(names).text(text)
    outside = MARK.sub("", clean)
    assert not any(part in outside for part in parts)


@given(st.lists(HAN, min_size=1, max_size=4, unique=True), st.text(max_size=200))
def test_twice_is_once(names, text):
    without = Anonymiser(names)
    once = without.text(text)
    assert without.text(once) == once == Anonymiser(names).text(text)


@given(st.lists(HAN, min_size=2, max_size=5, unique=True))
def test_different_names_become_different_words_in_every_text(names):
    without = Anonymiser(names)
    words = [without.text(name) for name in names]
    distinct = [name for name in names if not any(name != other and other in name for other in names)]
    assert len({without.text(name) for name in distinct}) == len(distinct)
    assert words == [without.text(name) for name in names]


@given(st.text(max_size=400))
def test_any_text_passes_and_marks_stay_whole(text):
    clean = Anonymiser(["王大勇"]).text(text)
    assert "王大勇" not in MARK.sub("", clean)
    left = iter(MARK.findall(clean))
    assert all(mark in left for mark in MARK.findall(text))
