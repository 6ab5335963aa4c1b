"""Labels of the question and of other sets; numbers only where asked for."""

import pytest

from qantara.evaluate.extracting.answer_phrases import Phrases
from qantara.evaluate.extracting.option_labels import Label, Labels
from qantara.evaluate.extracting.reply_text import tokenize

LATIN, ARABIC = list("ABCD"), ["أ", "ب", "ج", "د", "هـ"]


@pytest.mark.parametrize(
    ("labels", "written", "label"),
    [
        (LATIN, "B", Label(1, False)),
        (LATIN, "b", Label(1, False)),
        (LATIN, "E", None),
        (LATIN, "ب", Label(1, True)),
        (LATIN, "2", None),
        (ARABIC, "ا", Label(0, False)),
        (ARABIC, "هـ", Label(4, False)),
        (ARABIC, "ه", Label(4, False)),
        (ARABIC, "B", Label(1, True)),
        (ARABIC, "b", None),
        (["١", "٢"], "2", Label(1, False)),
        (["1", "2"], "٢", Label(1, False)),
        (["1", "2"], "B", Label(1, True)),
    ],
)
def test_a_token_names_an_option_by_its_letter(labels: list[str], written: str, label: Label | None) -> None:
    assert Labels(labels).at(tokenize(written)[0]) == label


@pytest.mark.parametrize(
    ("written", "label"),
    [("2", Label(1, True)), ("second", Label(1, True)), ("الثاني", Label(1, True)), ("9", None), ("fifth", None)],
)
def test_a_number_names_an_option_where_it_is_asked_for(written: str, label: Label | None) -> None:
    tokens = tokenize(written)
    assert Labels(LATIN).numbered(tokens[0], Phrases(tokens).at(0)) == label


def test_labels_that_fold_to_the_same_are_refused() -> None:
    with pytest.raises(ValueError, match="same when folded"):
        Labels(["أ", "ا"])
