"""The shipped probes: both languages, and prompts with the labels that are asked for."""

import pytest

from qantara.evaluate.answers.probes import probe_for, probes
from qantara.languages import LANGUAGES


def test_there_is_a_probe_for_both_languages_of_a_run_and_each_is_whole():
    assert [probe.language for probe in probes()] == ["en", "ar"]
    for probe in probes():
        assert probe.right.startswith(" ")
        assert probe.right.strip() == probe.options[0]
        assert len(set(probe.options)) == len(probe.options) == 8


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("ABCD", "en"),
        ("1234", "en"),
        (LANGUAGES["ar"].option_letters[:4], "ar"),
        (LANGUAGES["ar"].option_letters, "ar"),
    ],
)
def test_labels_are_tried_in_their_own_language(labels, expected):
    assert probe_for(tuple(labels)).language == expected


def test_a_letter_prompt_ends_where_the_label_stands():
    lines = probes()[0].letter_prompt("ABC").splitlines()
    assert lines[:4] == ["What is the capital of France?", "A. Paris", "B. Rome", "C. Madrid"]
    assert (len(lines), lines[-1]) == (6, "Answer:")
