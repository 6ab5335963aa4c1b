import pytest

from qantara.fidelity.reading import read


def test_a_text_is_cut_into_words_digits_and_what_stands_between():
    reading = read("Take 10mg, then 2.5.", "en")
    assert list(reading.tokens) == ["take", "10", "mg", "then", "2", "5"]
    assert [reading.text[start] for start in reading.starts] == ["t", "1", "m", "t", "2", "5"]
    assert list(reading.gaps) == [" ", "", ", ", " ", ".", "."]


@pytest.mark.parametrize(
    ("text", "language", "kind", "values"),
    [
        ("twice daily", "en", "frequency", ["2/day"]),
        ("by mouth", "en", "route", ["oral"]),
        ("left leg", "en", "antonym", ["left_right:left"]),
        ("acetaminophen", "en", "drug", ["paracetamol"]),
        ("والباراسيتامول", "ar", "drug", ["paracetamol"]),
        ("بالفم", "ar", "route", ["oral"]),
        ("less than 5", "en", "comparator", ["lt"]),
        ("all of the above", "en", "option_phrase", ["all_of_above"]),
        ("nothing here", "en", "route", []),
        ("nothing here", "en", "no such kind", []),
    ],
)
def test_cues_are_found_by_the_lexicons(text, language, kind, values):
    assert read(text, language).values(kind) == values


def test_the_longest_phrase_wins_and_a_masked_word_is_no_cue():
    assert read("twice a day", "en").values("frequency") == ["2/day"]
    assert "daily" not in read("twice a day", "en").values("frequency")


def test_a_phrase_does_not_go_over_more_than_two_signs():
    assert read("twice... a day", "en").values("frequency") != ["2/day"]


def test_places_lead_back_to_the_original():
    reading = read("\u200fTAKE ٢\u200f٥", "en")
    assert reading.quote(reading.starts[1], len(reading.text)) == "٢\u200f٥"
    span = reading.span(0, 4)
    assert (span.start, span.end) == (1, 5)


def test_an_empty_text_says_nothing():
    reading = read("", "ar")
    assert (list(reading.tokens), reading.quantities, reading.values("drug")) == ([], (), [])
