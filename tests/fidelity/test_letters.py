import pytest

from qantara.fidelity.letters import (
    is_running_word,
    num_running,
    place_of_run,
    script_of_letter,
    share_of_script,
    source_runs,
)
from qantara.fidelity.reading import read


def runs(text, code="en"):
    reading = read(text, "ar")
    return [reading.quote(*place_of_run(reading, run)) for run in source_runs(reading, code)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("من the old man في and sea", ["the old man", "and sea"]),
        ("HIV DNA", []),
        ("5 mg/kg", []),
        ("cold water. hot tea", ["cold water", "hot tea"]),
        ("cold, fresh water", ["cold, fresh water"]),
        ("كل العربية", []),
        ("", []),
    ],
)
def test_a_run_ends_at_other_scripts_and_sentences_and_leaves_capitals_out(text, expected):
    assert runs(text) == expected


def test_abbreviations_units_and_single_letters_are_no_running_words():
    reading = read("DNA mg a water Water", "ar")
    assert [is_running_word(reading, i, "en") for i in range(5)] == [False, False, False, True, True]
    assert num_running(reading, (0, 4), "en") == 2


def test_the_share_of_a_script_is_of_letters():
    assert share_of_script(read("abcd دواء 12345", "ar"), "ARABIC") == 0.5
    assert share_of_script(read("12 345", "ar"), "ARABIC") == 1.0


def test_the_script_of_a_letter_is_known():
    assert [script_of_letter(letter) for letter in "aد5 "] == ["LATIN", "ARABIC", "", ""]
