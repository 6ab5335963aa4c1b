from qantara.fidelity.terms import Glossary
from qantara.translator.terms_prompt import MOST_TERMS, term_lines

GLOSSARY = Glossary(
    {
        "fever": ("حمى", "سخونة"),
        "heart": ("قلب",),
        "heart failure": ("قصور القلب",),
        "stroke": ("سكتة",),
        "AIDS": ("الإيدز",),
    }
)


def lines(fields, **options):
    return term_lines(GLOSSARY, fields, "en", **options)


def test_without_a_term_of_the_glossary_there_is_nothing():
    assert lines({"question": "What is asthma?"}) == ("", 0, 0)
    assert term_lines(Glossary({}), {"question": "Fever"}, "en").text == ""


def test_only_the_terms_that_occur_are_listed_with_what_is_accepted():
    found = lines({"question": "Fever again"})
    assert found.text.splitlines()[-1] == "fever = حمى | سخونة"
    assert "stroke" not in found.text
    assert (found.num_terms, found.num_cut) == (1, 0)


def listed(fields, **options):
    return [line.partition(" = ")[0] for line in lines(fields, **options).text.splitlines() if " = " in line]


def test_the_longest_come_first_then_those_in_most_fields_then_the_first():
    fields = {"question": "A stroke, a fever and heart failure", "options/0": "fever", "options/1": "stroke or fever"}
    assert listed(fields) == ["heart failure", "fever", "stroke"]
    assert listed({"question": "stroke or fever"}) == ["stroke", "fever"]


def test_what_is_cut_is_counted():
    found = lines({"question": "heart failure, stroke, fever"}, most=1)
    assert (found.num_terms, found.num_cut) == (1, 2)
    assert "stroke" not in found.text


def test_an_acronym_is_not_its_lower_case_word():
    assert listed({"question": "It aids healing."}) == []
    assert listed({"question": "He has AIDS."}) == ["AIDS"]


def test_a_long_list_has_its_limit():
    glossary = Glossary({f"term{chr(97 + i // 26)}{chr(97 + i % 26)}": ("x",) for i in range(MOST_TERMS + 5)})
    found = term_lines(glossary, {"text": " ".join(glossary.accepted)}, "en")
    assert (found.num_terms, found.num_cut) == (MOST_TERMS, 5)


def test_a_term_with_a_dollar_sign_is_no_placeholder():
    assert "$terms = x" in term_lines(Glossary({"$terms": ("x",)}), {"text": "the terms"}, "en").text
