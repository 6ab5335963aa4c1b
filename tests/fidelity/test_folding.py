import pytest
from hypothesis import given
from hypothesis import strategies as st

from qantara.fidelity.folding import NARROW_SPACE, fold_with_places


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ABC", "abc"),
        ("إِنْسُولِين", "انسولين"),
        ("قـــرص", "قرص"),
        ("جرعةٌ", "جرعه"),
        ("٢٫٥", "2٫5"),
        ("۲۵", "25"),
        ("5\u201310", "5-10"),
        ("5\u202f000", f"5{NARROW_SPACE}000"),
        ("10⁹", "10⁹"),
        ("1½", "1½"),
        ("\u200f10\u200e", "10"),
        ("ﬁne", "fine"),
        ("e\u0301", "é"),
        ("\u2264", "≤"),
        ("⩽5", "≤5"),
        ("a\tb\u3000c", "a b c"),
        ("", ""),
    ],
)
def test_a_text_is_folded_character_by_character(text, folded):
    assert fold_with_places(text).text == folded


def test_a_span_leads_back_to_the_original_with_what_vanished_inside():
    folded = fold_with_places("\u200fقـرص ٢\u200f٥ مل")
    start = folded.text.index("25")
    assert folded.quote(start, start + 2) == "٢\u200f٥"
    assert folded.quote(0, 3) == "قـرص"


def test_a_character_that_folds_to_two_leads_back_to_itself():
    folded = fold_with_places("aﬁb")
    assert [folded.quote(i, i + 1) for i in range(4)] == ["a", "ﬁ", "ﬁ", "b"]


def test_an_empty_span_is_a_place():
    assert fold_with_places("\u200fab").span(1, 1) == (2, 2)
    assert fold_with_places("\u200fab").span(2, 2) == (3, 3)


def test_a_place_of_the_original_has_its_folded_place():
    folded = fold_with_places("\u200fa\u200fb")
    assert [folded.place_of(place) for place in range(5)] == [0, 0, 1, 1, 2]


@given(st.text())
def test_any_text_folds_and_every_folded_character_came_from_somewhere(text):
    folded = fold_with_places(text)
    for i in range(len(folded.text)):
        start, end = folded.span(i, i + 1)
        assert 0 <= start < end <= len(text)
    assert folded.span(0, len(folded.text))[1] <= len(text)


@given(st.text())
def test_folding_again_changes_nothing_that_is_compared(text):
    once = fold_with_places(text).text
    assert len(fold_with_places(once).text) <= len(once)
