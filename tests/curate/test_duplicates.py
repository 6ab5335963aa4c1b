from dataclasses import replace

from qantara.curate.duplicates import duplicate_key, has_duplicate_options
from qantara.records import Choice, Dialogue, Origin, Turn

CHOICE = Choice(
    id="1",
    language="en",
    origin=Origin(source="t", native_id="1"),
    question="Which dose?",
    options=("9.3 mg", "93 mg"),
    answer_index=0,
)


def test_case_spaces_and_ids_do_not_make_a_difference() -> None:
    assert duplicate_key(CHOICE) == duplicate_key(replace(CHOICE, id="2", question="which  DOSE?"))


def test_another_answer_or_order_or_language_does() -> None:
    others = [
        replace(CHOICE, answer_index=1),
        replace(CHOICE, options=CHOICE.options[::-1]),
        replace(CHOICE, language="ar"),
    ]
    assert len({duplicate_key(choice) for choice in (CHOICE, *others)}) == 4


def test_roles_make_a_difference() -> None:
    dialogue = Dialogue(id="1", language="en", origin=CHOICE.origin, turns=(Turn(role="user", text="a"),))
    assert duplicate_key(dialogue) != duplicate_key(replace(dialogue, turns=(Turn(role="assistant", text="a"),)))


def test_options_are_compared_after_folding_but_with_their_separators() -> None:
    assert not has_duplicate_options(CHOICE)
    assert has_duplicate_options(replace(CHOICE, options=("IV", "iv ")))
