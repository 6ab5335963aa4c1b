from qantara.sources.benchmarks.mmlu_medical import BENCHMARK
from qantara.sources.benchmarks.shapes import shape_of


def test_hub_rows_and_rows_with_letters_are_understood() -> None:
    hub = {"question": "Q?", "choices": ["w", "x"], "answer": 1, "subject": "anatomy"}
    letters = {"question": "Q?", "A": "w", "B": "x", "C": "y", "D": "z", "answer": "B", "subject": "anatomy"}
    for row in (hub, letters):
        plain = shape_of([row], BENCHMARK.sides["en"].shapes, "f").plain(row, "en")
        assert (plain["answer_index"], plain["subject"]) == (1, "anatomy")


def test_each_of_six_subjects_is_a_configuration_with_its_own_shots() -> None:
    parts = BENCHMARK.sides["en"].hub
    assert len(parts) == len(BENCHMARK.subjects) == 6
    assert all(part.name == part.subject and part.shot_split == "dev" for part in parts)
