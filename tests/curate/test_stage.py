from dataclasses import replace

import pytest

from qantara.curate.stage import CurateConfig, curate
from qantara.records import Answer, Choice, Dialogue, Example, Origin, Passage, Rejection, Turn, with_id

SOUND = with_id(
    Choice(
        id="",
        language="en",
        origin=Origin(source="t", native_id="1"),
        question="Which valve lies between them?",
        options=("Mitral", "Aortic"),
        answer_index=0,
    )
)

ANSWER = Answer(id="a", language="en", origin=Origin(source="t", native_id="2"), question="Why is it so?", answer="So.")
DIALOGUE = Dialogue(
    id="d", language="en", origin=Origin(source="t", native_id="3"), turns=(Turn(role="user", text="Hello there"),)
)

PASSAGE = Passage(id="p", language="en", origin=Origin(source="t", native_id="4"), text="The valve is open.")


def reasons(*examples: Example, benchmark: tuple[Example, ...] = (), config: CurateConfig | None = None) -> list[str]:
    found = curate(examples, benchmark, config or CurateConfig(), ("en",))
    return [record.reason if isinstance(record, Rejection) else "kept" for record in found]


@pytest.mark.parametrize(
    ("example", "reason"),
    [
        (SOUND, "kept"),
        (ANSWER, "kept"),
        (replace(SOUND, question=" \u00a0"), "empty"),
        (replace(SOUND, options=("Mitral", " ")), "empty"),
        (replace(SOUND, options=()), "empty"),
        (replace(ANSWER, answer=""), "empty"),
        (DIALOGUE, "empty"),
        (PASSAGE, "kept"),
        (replace(PASSAGE, text="\n "), "empty"),
        (replace(SOUND, answer_index=-1), "answer_out_of_range"),
        (replace(SOUND, answer_index=2), "answer_out_of_range"),
        (replace(SOUND, options=("Mitral", "mitral ")), "duplicate_options"),
        (replace(ANSWER, answer="x" * 9000), "over_length"),
        (replace(ANSWER, question="لماذا؟", answer="لأن الأمر كذلك"), "wrong_language"),
        (replace(ANSWER, language="ar"), "wrong_language"),
    ],
)
def test_each_fault_has_its_reason(example: Example, reason: str) -> None:
    assert reasons(example) == [reason]


def test_of_duplicates_the_first_is_kept_and_order_stays() -> None:
    other = replace(SOUND, id="x", origin=Origin(source="t", native_id="9"), question="which VALVE lies between them?")
    assert reasons(SOUND, ANSWER, other, ANSWER) == ["kept", "kept", "duplicate", "duplicate"]


def test_a_rejected_record_does_not_make_a_later_one_a_duplicate() -> None:
    long = CurateConfig(max_characters=10)
    assert reasons(SOUND, SOUND, config=long) == ["over_length", "over_length"]


def test_benchmark_items_are_kept_out_unless_that_is_turned_off() -> None:
    assert reasons(SOUND, ANSWER, benchmark=(SOUND,)) == ["in_benchmark", "kept"]
    assert reasons(SOUND, benchmark=(SOUND,), config=CurateConfig(benchmark_overlap=False)) == ["kept"]


def test_short_records_can_be_left_out() -> None:
    assert reasons(ANSWER, config=CurateConfig(min_characters=100)) == ["too_short"]


def test_a_rejection_names_the_record_that_came_in_and_quotes_no_text() -> None:
    dirty = replace(SOUND, question="  Which valve lies between them? ", answer_index=7)
    (rejection,) = curate([dirty], [], CurateConfig(), ("en",))
    assert isinstance(rejection, Rejection)
    assert (rejection.record_id, rejection.native_id, rejection.stage) == (dirty.id, "1", "curate")
    assert "valve" not in rejection.detail


def test_a_kept_record_is_clean_and_has_the_id_of_its_text() -> None:
    (kept,) = curate([replace(SOUND, question=f"{SOUND.question} ")], [], CurateConfig(), ("en",))
    assert kept == SOUND


def test_duplicates_may_be_kept_where_every_row_is_to_come_back() -> None:
    same = replace(PASSAGE, origin=Origin(source="t", native_id="5"))
    assert reasons(PASSAGE, same) == ["kept", "duplicate"]
    assert reasons(PASSAGE, same, config=CurateConfig(duplicates=False)) == ["kept", "kept"]
