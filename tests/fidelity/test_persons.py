import pytest

from qantara.fidelity.persons import RULES


@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        ("A 30-year-old woman has a fever.", "رجل عمره 30 عاما لديه حمى.", True),
        ("A man has a fever.", "امرأة لديها حمى.", True),
        ("A 30-year-old woman has a fever.", "امرأة عمرها 30 عاما لديها حمى.", False),
        ("A woman has a fever.", "مريض لديه حمى.", False),
        ("A patient has a fever.", "امرأة لديها حمى.", False),
        ("A man and a woman", "امرأة", False),
    ],
)
def test_a_person_whose_sex_changed_fails(find, source, target, found):
    assert [(finding.rule, finding.severity) for finding in find(RULES, source, target)] == (
        [("person.sex", "fail")] if found else []
    )


def test_a_finding_names_both_sexes(find):
    (finding,) = find(RULES, "A Woman", "رجل")
    assert (finding.source_text, finding.target_text) == ("Woman", "رجل")
    assert (finding.expected, finding.got) == ("female", "male")
