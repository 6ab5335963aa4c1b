import pytest

from qantara.fidelity.polarity import RULES


def found(findings):
    return [(finding.rule, finding.severity) for finding in findings]


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("Do not take it.", "تناوله.", [("negation.lost", "fail")]),
        ("She has no fever.", "لديها حمى.", [("negation.lost", "fail")]),
        ("Take it.", "لا تتناوله.", [("negation.added", "warn")]),
        ("You must take it.", "يجوز لك أن تتناوله.", [("advice.weaker", "warn")]),
        ("You may take it.", "يجب أن تتناوله.", [("advice.stronger", "warn")]),
    ],
)
def test_a_statement_that_turned_is_found(find, source, target, expected):
    assert found(find(RULES, source, target)) == expected


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Do not take it.", "لا تتناوله."),
        ("She has no fever.", "ليس لديها حمى."),
        ("without pain", "دون ألم"),
        ("He cannot walk.", "إنه غير قادر على المشي."),
        ("Avoid alcohol.", "تجنب الكحول."),
        ("no fever, cough or pain", "لا حمى ولا سعال ولا ألم"),
        ("You must take it.", "يجب أن تتناوله."),
        ("You may take it.", "يمكنك أن تتناوله."),
        ("Take it.", "تناوله."),
    ],
)
def test_a_statement_that_kept_its_sense_gives_no_finding(find, source, target):
    assert find(RULES, source, target) == []


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("All are signs EXCEPT:", "كل ما يلي علامات:", [("stem.inverted", "fail")]),
        ("All are signs EXCEPT:", "كل ما يلي علامات ما عدا:", []),
        ("Which is the LEAST likely cause?", "ما السبب المرجح؟", [("stem.least", "fail")]),
        ("Which is the MOST likely cause?", "ما السبب الأقل احتمالا؟", [("stem.least", "fail")]),
        ("Which is the LEAST likely cause?", "ما السبب الأقل احتمالا؟", []),
        ("Which is the most likely cause?", "ما السبب الأكثر احتمالا؟", []),
        ("Which is the most likely cause?", "ما السبب؟", [("stem.most", "info")]),
        ("What is the cause?", "السبب هو العدوى.", [("stem.question_lost", "warn")]),
        ("What is the cause?", "السبب هو:", []),
    ],
)
def test_a_stem_keeps_what_it_asks_for(find, source, target, expected):
    findings = found(find(RULES, source, target, kind="choice", field="question"))
    assert set(expected) <= set(findings)
    assert bool(expected) == bool(findings)


def test_a_lost_negation_of_a_long_text_is_a_doubt_and_not_a_failure(find):
    source = "He came in the evening with his son, who drove him from the village, and he has no fever today at all."
    target = "جاء مساء مع ابنه الذي أتى به من القرية بالسيارة، ولديه حمى اليوم."
    assert found(find(RULES, source, target)) == [("negation.lost", "warn")]


def test_a_finding_quotes_the_negation(find):
    (finding,) = find(RULES, "Do NOT take it.", "تناوله.")
    assert finding.source_text == "NOT"
    assert (finding.expected, finding.got) == ("1", "0")
