from qantara.sources.mapping import Constants
from qantara.sources.mmlu_pairs import COLUMNS
from qantara.sources.pairs import column_pairs


def test_a_row_becomes_a_pair() -> None:
    row = {
        "id": "mmlu-1",
        "subject": "anatomy",
        "question_en": "Which bone?",
        "choices_en": ["a", "b", "c", "d"],
        "question_ar": "أي عظم؟",
        "choices_ar": ["أ", "ب", "ج", "د"],
        "answer_index": 3,
    }
    source, target = column_pairs([row], COLUMNS, Constants(language="en", source="mmlu"), ("en", "ar"), "f")
    assert (source.question, target.question, target.answer_index) == ("Which bone?", "أي عظم؟", 3)
