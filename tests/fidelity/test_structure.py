from dataclasses import replace

from qantara.fidelity.structure import RULES, collapsed_options, kind
from qantara.records import Answer, Choice, Dialogue, Example, Origin, Turn, replace_text

ORIGIN = Origin(source="test", native_id="1")
CHOICE = Choice(
    id="a", language="en", origin=ORIGIN, question="Which?", options=("Abruption", "Previa", "Rupture"), answer_index=1
)
CHOICE_AR = replace(
    CHOICE, language="ar", question="أيها؟", options=("انفصال المشيمة", "المشيمة المنزاحة", "تمزق الرحم")
)
DIALOGUE = Dialogue(
    id="d", language="en", origin=ORIGIN, turns=(Turn(role="user", text="Hi"), Turn(role="assistant", text="Hello"))
)
ANSWER = Answer(id="q", language="en", origin=ORIGIN, question="Why?", answer="So.")


def rules(source: Example, target: Example) -> list[str]:
    found = [finding for rule in (kind, *RULES) for finding in rule(source, target)]
    assert all(finding.severity == "fail" for finding in found)
    return [finding.rule for finding in found]


def test_a_faithful_structure_gives_no_finding() -> None:
    assert rules(CHOICE, CHOICE_AR) == []
    assert rules(DIALOGUE, DIALOGUE) == []
    assert rules(ANSWER, ANSWER) == []


def test_options_that_become_one_fail() -> None:
    target = replace(CHOICE_AR, options=("انفصال", "المشيمة المنزاحة", "المشيمه المنزاحة."))
    assert rules(CHOICE, target) == ["structure.options_collapsed"]
    assert collapsed_options(CHOICE, target) == [(1, 2)]


def test_options_that_are_the_same_in_the_source_may_be_in_the_target() -> None:
    source = replace(CHOICE, options=("Same", "same", "Other"))
    assert rules(source, replace(CHOICE_AR, options=("نفسه", "نفسه", "آخر"))) == []


def test_lost_options_and_a_moved_answer_fail() -> None:
    target = replace(CHOICE_AR, options=CHOICE_AR.options[:2], answer_index=0)
    assert rules(CHOICE, target) == ["structure.missing_field", "structure.option_count", "structure.answer_index"]


def test_another_kind_fails_at_once() -> None:
    assert rules(CHOICE, ANSWER)[0] == "structure.kind"


def test_empty_and_added_fields_fail() -> None:
    assert rules(ANSWER, replace(ANSWER, answer=" ")) == ["structure.missing_field"]
    assert rules(ANSWER, replace(ANSWER, context="new")) == ["structure.added_field"]


def test_roles_and_turn_count_must_stay() -> None:
    swapped = replace(DIALOGUE, turns=(Turn(role="assistant", text="Hi"), DIALOGUE.turns[1]))
    assert rules(DIALOGUE, swapped) == ["structure.role"]
    longer = replace(DIALOGUE, turns=(*DIALOGUE.turns, DIALOGUE.turns[0]))
    assert "structure.turn_count" in rules(DIALOGUE, longer)
    assert "structure.missing_field" in rules(DIALOGUE, replace_text(DIALOGUE, {"turns/1": ""}))


def test_an_unknown_answer_index_is_not_compared() -> None:
    assert rules(replace(CHOICE, answer_index=-1), CHOICE_AR) == []


def test_a_finding_spans_the_whole_field() -> None:
    target = replace(CHOICE_AR, options=("انفصال", "المشيمة المنزاحة", "المشيمة المنزاحة"))
    (finding,) = [found for rule in RULES for found in rule(CHOICE, target)]
    assert (finding.field, finding.source_text, finding.target_text) == ("options/2", "Rupture", "المشيمة المنزاحة")
    assert (finding.target_span.start, finding.target_span.end) == (0, len("المشيمة المنزاحة"))
