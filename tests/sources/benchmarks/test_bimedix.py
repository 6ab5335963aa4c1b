import pytest

from qantara.sources.benchmarks.benchmark import Benchmark
from qantara.sources.benchmarks.bimedix import BENCHMARKS, MEDQA, PUBMEDQA
from qantara.sources.benchmarks.shapes import shape_of

OPTIONS = ["و", "س", "ص", "ع"]


@pytest.mark.parametrize(
    "row",
    [
        {"question": "أيها؟", "options": OPTIONS, "answer_index": 2},
        {"question": "أيها؟", "options": dict(zip("ABCD", OPTIONS, strict=True)), "answer_idx": "C"},
        {"question": "أيها؟", "opa": "و", "opb": "س", "opc": "ص", "opd": "ع", "cop": 2},
        {"question": "أيها؟", "choices": OPTIONS, "answer": 2},
        {"question": "أيها؟", "A": "و", "B": "س", "C": "ص", "D": "ع", "answer": "ج"},
        {"question": "أيها؟", "options": OPTIONS, "answer": "C"},
    ],
)
def test_rows_written_as_the_english_sets_are_understood(row: dict[str, object]) -> None:
    plain = shape_of([row], MEDQA.sides["ar"].shapes, "f").plain(row, "ar")
    assert (plain["options"], plain["answer_index"]) == (tuple(OPTIONS), 2)


def test_decisions_are_understood() -> None:
    row = {"QUESTION": "هل؟", "CONTEXTS": ["سياق"], "final_decision": "نعم"}
    assert shape_of([row], PUBMEDQA.sides["ar"].shapes, "f").plain(row, "ar")["answer_index"] == 0


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda one: one.name)
def test_all_are_arabic_alone_from_the_split_that_is_named_train(benchmark: Benchmark) -> None:
    assert benchmark.languages == ("ar",)
    assert {part.split for part in benchmark.sides["ar"].hub} == {"train"}
    assert benchmark.data_set.licence == "unknown"
