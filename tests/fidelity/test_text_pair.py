import pytest

from qantara.fidelity.text_pair import TextPair


def pair(source, target, **details):
    named = {"field": "answer", "source_language": "en", "target_language": "ar"} | details
    return TextPair(source=source, target=target, **named)


def test_each_side_is_read_once_in_its_language():
    texts = pair("two tablets", "قرصين")
    assert texts.source_reading is texts.source_reading
    assert (texts.source_reading.language, texts.target_reading.language) == ("en", "ar")
    assert [(a.value, b.value) for a, b in texts.numbers.matched] == [(2, 2)]


@pytest.mark.parametrize(
    ("source", "target", "is_copy"),
    [
        ("Take 10 mg.", "Take 10 mg.", True),
        ("Take 10 mg.", "take  10\u200f mg", True),
        ("Take 10 mg.", "Take ١٠ mg", True),
        ("Take 10 mg.", "تناول 10 ملغ.", False),
    ],
)
def test_a_copy_is_told_by_its_words(source, target, is_copy):
    assert pair(source, target).is_copy is is_copy


def test_runs_of_the_source_language_are_found_in_the_target():
    texts = pair("Drink cold water.", "اشرب cold water الآن")
    (run,) = texts.source_runs
    assert list(texts.target_reading.tokens[run[0] : run[1] + 1]) == ["cold", "water"]
    assert pair("Drink.", "اشرب").source_runs == []


def test_only_the_stem_of_an_item_is_a_question():
    assert pair("a", "b", kind="choice", field="question").is_question
    assert not pair("a", "b", kind="choice", field="options/0").is_question
    assert not pair("a", "b", kind="answer", field="question").is_question


def test_the_different_characters_of_the_target_are_known():
    assert pair("a", "ببت").target_characters == {"ب", "ت"}
