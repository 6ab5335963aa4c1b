from qantara.sources.benchmarks.mmlu_subjects import SUBJECTS


def test_the_subjects_are_six_in_the_order_of_the_alphabet() -> None:
    assert len(SUBJECTS) == 6
    assert list(SUBJECTS) == sorted(SUBJECTS)
