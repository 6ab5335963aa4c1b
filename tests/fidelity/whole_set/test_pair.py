import pytest

from qantara.fidelity.whole_set.pair import main_field, main_text


@pytest.mark.parametrize(
    ("fields", "name", "text"),
    [
        ({"context": "c", "question": "q", "options/0": "o"}, "question", "q"),
        ({"text": "t"}, "text", "t"),
        ({"turns/0": "a", "turns/1": "b"}, "turns/0", "a\nb"),
        ({"context": "c", "answer": "a"}, "answer", "a"),
        ({"context": "c"}, "", ""),
        ({}, "", ""),
    ],
)
def test_the_main_field_is_what_makes_a_pair_what_it_is(fields, name, text):
    assert main_field(fields) == name
    assert main_text(fields) == text
