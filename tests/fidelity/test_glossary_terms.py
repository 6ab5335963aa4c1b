from qantara.fidelity.glossary_terms import RULES
from qantara.fidelity.terms import Glossary

GLOSSARY = Glossary({"heart failure": ("قصور القلب", "فشل القلب"), "stroke": ("سكتة دماغية",)})


def test_a_term_with_an_accepted_rendering_gives_no_finding(find):
    for target in ("المريض مصاب بقصور القلب.", "فشل القلب"):
        assert find(RULES, "The patient has heart failure.", target, glossary=GLOSSARY) == []


def test_a_term_rendered_by_none_of_its_accepted_terms_warns(find):
    (finding,) = find(RULES, "She had a Stroke.", "أصيبت بجلطة.", glossary=GLOSSARY)
    assert (finding.rule, finding.severity) == ("terms.glossary", "warn")
    assert (finding.source_text, finding.expected) == ("Stroke", "سكتة دماغية")


def test_without_a_glossary_or_its_terms_nothing_is_asked(find):
    assert find(RULES, "She had a stroke.", "أصيبت بجلطة.") == []
    assert find(RULES, "She had a fever.", "أصيبت بحمى.", glossary=GLOSSARY) == []
