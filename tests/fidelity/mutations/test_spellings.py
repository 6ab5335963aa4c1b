import pytest

from qantara.fidelity.mutations.spellings import (
    alike,
    find_form,
    forms,
    glued,
    same_script,
    with_article,
    without_prefix,
    words_for,
)
from qantara.fidelity.reading import read


def test_spellings_are_as_written():
    written = [form.written for form in forms("antonyms", "value", "ar")["acute_chronic:acute"]]
    assert "حادة" in written


def test_a_cue_is_found_behind_its_prefix():
    reading = read("والحادة", "ar")
    found = find_form(reading, reading.cues("antonym")[0], forms("antonyms", "value", "ar")["acute_chronic:acute"])
    assert (found.form.written, found.start, found.end) == ("حادة", 3, 7)


@pytest.mark.parametrize(("written", "other"), [("حاد", "مزمن"), ("حادة", "مزمنة")])
def test_the_opposite_has_the_same_ending(written, other):
    spelled = forms("antonyms", "value", "ar")
    assert alike(written, spelled["acute_chronic:chronic"], spelled["acute_chronic:acute"]) == other


def test_the_article_is_written_once():
    assert glued("وال", "اليسرى") == "واليسرى"
    assert glued("ال", "يمنى") == "اليمنى"
    assert glued("", "يمنى") == "يمنى"
    assert with_article("ar", "اليسرى", "يمنى") == "اليمنى"
    assert with_article("fr", "gauche", "droit") == "droit"


def test_the_rest():
    assert same_script("°C", "mg")
    assert not same_script("°م", "mg")
    assert ("ال", "حاد") in list(without_prefix("ar", "الحاد"))
    assert "ne" in words_for("fr", "companion")
