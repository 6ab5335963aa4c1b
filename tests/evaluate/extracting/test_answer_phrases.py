"""The file of phrases is whole, and phrases are found in all languages, with a clitic or without."""

from qantara.evaluate.extracting.answer_phrases import ORDINALS, Phrases, is_and, json_keys, phrase_rows
from qantara.evaluate.extracting.reply_text import tokenize
from qantara.languages import LANGUAGES, fold


def _kinds(text: str, place: int = 0) -> dict[str, int]:
    return Phrases(tokenize(text)).at(place)


def test_every_row_has_a_known_language_and_no_row_stands_twice() -> None:
    rows = phrase_rows()
    assert {language for _, language, _ in rows} <= set(LANGUAGES)
    assert len(set(rows)) == len(rows)
    assert all(fold(spelling) for _, _, spelling in rows)
    assert set(ORDINALS) <= {kind for kind, _, _ in rows}


def test_the_answer_label_of_every_language_announces_an_answer() -> None:
    for language in LANGUAGES.values():
        assert "answer" in _kinds(language.answer_label)


def test_phrases_are_whole_words_and_may_be_longer_than_one() -> None:
    assert _kinds("answer")["answer"] == 1
    assert _kinds("answered") == {}
    assert _kinds("I would choose B")["choose"] == 3
    assert _kinds("x I'd go with B", 1)["choose"] == 5
    assert _kinds("answer", 7) == {}
    assert _kinds("answer", -1) == {}


def test_an_arabic_word_may_carry_a_clitic() -> None:
    assert "answer" in _kinds("والإجابة")
    assert "answer" in _kinds("فالجواب")
    assert "link" in _kinds("هي")
    assert "sure" in _kinds("لا شك")


def test_keys_of_json_are_in_lower_case_and_no_phrases() -> None:
    assert {"answer", "final_answer", "الإجابة"} <= json_keys()
    assert _kinds("final_answer").keys().isdisjoint({"key"})


def test_a_word_for_and_is_known_by_itself() -> None:
    assert is_and("and")
    assert is_and("و")
    assert not is_and("ف")
