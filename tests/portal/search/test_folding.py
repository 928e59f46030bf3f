"""How text is compared: folding, words, grams, and the pieces in which hits are shown. No database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.search.folding import LONGEST_QUERY, MOST_GRAMS, MOST_WORDS, fold, grams, grams_of_word, too_much, words
from portal.search.marks import marked, snippet, spans

TEXT = st.text(st.one_of(st.sampled_from("占道经营烧烤摊长寿区江南街道ABCabc0123０１２３％%，。 〔〕ßﬁ①Ⅷé𠮷野\u200b"), st.characters()), max_size=60)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("长寿江南诉〔2026〕１２３号", "长寿江南诉 〔 2026 〕 123号"),
        ("ＡＢＣ－Café", "abc - cafe"),
        ("Ⅷ ① ㈠ ½", "viii 1 ( 一 ) 1 ⁄ 2"),
        ("𠮷野家", "𠮷野家"),
        ("占\u200b道", "占道"),
        ("占　道\n经营\x00\ud800", "占 道 经营"),
        ("Straße ΟΔΟΣ", "strasse οδοσ"),
        ("", ""),
    ],
)
def test_folding(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("占道经营 烧烤", ["占道经营", "烧烤"]),
        ('"占道" OR 烧* AND (摊)', ["占道", "or", "烧", "and", "摊"]),
        ("占道_经营%", ["占道", "经营"]),
        ("%", ["%"]),
        ("，。！", [",", "。", "!"]),
        ("  \t　", []),
        ("\x00\ud800", []),
        ("烧烤 烧烤", ["烧烤"]),
    ],
)
def test_words(query, found):
    assert words(query) == found


def test_queries_are_bounded():
    many = " ".join(chr(0x4E00 + n) for n in range(40))
    assert len(words(many)) == MOST_WORDS and too_much(many)
    assert words("长" * 5000) == ["长" * LONGEST_QUERY] and too_much("长" * 101)
    assert not too_much("占道经营 烧烤")
    assert len(grams_of_word("".join(chr(0x4E00 + n) for n in range(100)))) == MOST_GRAMS


def test_grams():
    assert grams("占道 5 a") == {"占", "道", "占道", "5", "a"}
    assert grams("占道\n道占") == {"占", "道", "占道", "道占"}
    assert grams_of_word("占") == ["占"] and grams_of_word("占道") == ["占道"]
    assert grams_of_word("占道经") == ["占道", "道经"] and grams_of_word("占道经营") == ["占道", "经营"]


@given(TEXT, st.data())
def test_what_is_copied_out_of_a_text_is_found_in_it(text, data):
    start = data.draw(st.integers(0, len(text)))
    part = text[start : data.draw(st.integers(start, len(text)))]
    whole = fold(text)
    for word in words(part):
        assert word in whole
        assert set(grams_of_word(word)) <= grams(whole)


@given(TEXT)
def test_folding_twice_is_folding_once_and_grams_hold_no_operator(text):
    assert fold(fold(text)) == fold(text)
    assert not any(character in "\"'\\ *%_()&|!:\n" for gram in grams(fold(text)) for character in gram)


# -- marks ----------------------------------------------------------------------------------------------------------------


def plain(pieces):
    return "".join(f"[{piece.text}]" if piece.hit else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("夜市烧烤摊占道", "烧烤", "夜市[烧烤]摊占道"),
        ("ＡＢＣ烧烤", "abc", "[ＡＢＣ]烧烤"),
        ("第１２３号，第123号", "123", "第[１２３]号，第[123]号"),
        ("占\u200b道经营", "占道", "[占\u200b道]经营"),
        ("①烧烤 Straße", "strasse 1", "[①]烧烤 [Straße]"),
        ("烧烤烧烤", "烧烤 烤烧", "[烧烤烧烤]"),
        ("𠮷野家", "野", "𠮷[野]家"),
        ("<b>占道</b>", "占道", "<b>[占道]</b>"),
        ("没有", "占道", "没有"),
    ],
)
def test_hits_are_marked_where_they_stand(text, query, shown):
    assert plain(marked(text, query)) == shown


def test_a_snippet_is_the_part_around_the_first_hit():
    text = "前" * 300 + "烧烤摊" + "后" * 300
    shown = plain(snippet(text, ["烧烤"]))
    assert shown.startswith("…前") and "[烧烤]摊后" in shown and shown.endswith("后…") and len(shown) < 130
    assert plain(snippet("烧烤摊", ["烧烤"])) == "[烧烤]摊"
    assert snippet(text, ["没有"]) == []


@given(TEXT, TEXT)
def test_the_pieces_make_the_text_again(text, query):
    assert "".join(piece.text for piece in marked(text, query)) == text
    found = spans(text, words(query))
    assert all(first < last for first, last in found) and found == sorted(found)
