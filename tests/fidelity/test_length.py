import pytest

from qantara.fidelity.length import RULES, bounds_of, num_sentences
from qantara.fidelity.lexicon import rows
from qantara.fidelity.text_pair import TextPair


def in_texts(source: str, target: str, codes: tuple[str, str] = ("en", "ar")) -> list[tuple[str, str]]:
    pair = TextPair(field="answer", source=source, target=target, source_language=codes[0], target_language=codes[1])
    return [(finding.rule, finding.severity) for rule in RULES for finding in rule(pair)]


def found(num_source: int, num_target: int, codes: tuple[str, str] = ("en", "ar")) -> list[tuple[str, str]]:
    return in_texts("a" * num_source, "ب" * num_target, codes)


@pytest.mark.parametrize(
    ("num_source", "num_target", "expected"),
    [
        (200, 180, []),
        (200, 120, [("length.short", "warn")]),
        (200, 60, [("length.short", "fail")]),
        (200, 300, [("length.long", "warn")]),
        (200, 500, [("length.long", "fail")]),
        (3, 12, []),
        (3, 90, [("length.long", "fail")]),
        (0, 10, []),
        (10, 0, []),
    ],
)
def test_lengths_outside_of_what_people_write_are_found(
    num_source: int, num_target: int, expected: list[tuple[str, str]]
) -> None:
    assert found(num_source, num_target) == expected


def test_a_pair_of_languages_without_bounds_is_not_checked() -> None:
    assert bounds_of(100, "en", "xx") == ()
    assert found(200, 2, ("ar", "fr")) == []


def test_bounds_are_in_order() -> None:
    for row in rows("length_bounds"):
        bounds = [float(row[name]) for name in ("fail_below", "warn_below", "warn_above", "fail_above")]
        assert bounds == sorted(bounds)


SENTENCE = "The patient should take the tablets with a glass of water every morning."
TRANSLATED = "ينبغي للمريض أن يتناول الأقراص مع كأس من الماء كل صباح."


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (SENTENCE, TRANSLATED, []),
        (f"{SENTENCE} Drink less salt.", f"{TRANSLATED} قلل الملح.", []),
        (f"{SENTENCE} Drink tea.", TRANSLATED, [("length.sentences", "warn")]),
        (SENTENCE, "ينبغي للمريض أن يتناول الأقراص مع كأس من الماء في", [("length.cut_off", "warn")]),
        (SENTENCE, "ينبغي للمريض أن يتناول الأقراص مع كأس من الماء،", [("length.cut_off", "warn")]),
        ("ECG", "تخطيط كهربية القلب", []),
    ],
)
def test_sentences_that_are_dropped_or_cut_off_warn(source: str, target: str, expected: list[tuple[str, str]]) -> None:
    assert in_texts(source, target) == expected


def test_a_model_that_repeats_itself_fails() -> None:
    assert ("length.loop", "fail") in in_texts(SENTENCE, "يتناول المريض الأقراص " * 6)
    assert "length.loop" not in {rule for rule, _ in in_texts("take one pill " * 6, "تناول حبة واحدة " * 6)}


def test_a_sentence_has_two_words_or_more() -> None:
    assert num_sentences("yes. take it. e.g. this one? no") == 2
    assert num_sentences("") == 0
