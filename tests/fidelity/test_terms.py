from qantara.fidelity.reading import read
from qantara.fidelity.terms import Glossary


def found(glossary, text):
    reading = read(text, "en")
    return [(term, reading.quote(*place)) for term, place in Glossary(glossary).terms_in(reading)]


def test_the_longest_term_of_a_text_is_given_once_with_its_place():
    glossary = {"heart": ("قلب",), "heart failure": ("قصور القلب",)}
    assert found(glossary, "Heart failure, and heart failure again") == [("heart failure", "Heart failure")]


def test_a_term_at_the_end_is_found_when_a_longer_one_could_have_gone_on():
    glossary = {"heart failure": ("قصور القلب",), "heart failure with fever": ("س",), "heart": ("قلب",)}
    assert [term for term, _ in found(glossary, "a heart, then heart failure")] == ["heart", "heart failure"]
    assert found(glossary, "the heart") == [("heart", "heart")]


def test_an_acronym_is_found_only_where_it_is_written_as_one():
    glossary = {"aids": ("يساعد",), "AIDS": ("الإيدز",)}
    assert found(glossary, "This aids people with AIDS") == [("aids", "aids"), ("AIDS", "AIDS")]
    assert found({"AIDS": ("الإيدز",)}, "This aids people") == []


def test_a_rendering_may_have_the_prefixes_of_its_language():
    glossary = Glossary({"heart failure": ("قصور القلب",)})
    accepted = glossary.accepted["heart failure"]
    assert glossary.has_any(read("وبقصور القلب", "ar"), "ar", accepted)
    assert not glossary.has_any(read("القلب", "ar"), "ar", accepted)
