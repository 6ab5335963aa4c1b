from qantara.sources.benchmarks.medmcqa import BENCHMARK, counts_from_one
from qantara.sources.benchmarks.shapes import shape_of

ROW = {"id": "u", "question": "Q?", "opa": "w", "opb": "x", "opc": "y", "opd": "z", "subject_name": "Anatomy"}


def keys(*cops: object) -> list[object]:
    rows = [ROW | {"cop": cop} for cop in cops]
    shape = shape_of(rows, BENCHMARK.sides["en"].shapes, "f")
    return [shape.plain(row, "en")["answer_index"] for row in rows]


def test_the_hub_rows_count_from_zero() -> None:
    row = ROW | {"cop": 3}
    plain = shape_of([row], BENCHMARK.sides["en"].shapes, "f").plain(row, "en")
    assert (plain["id"], plain["subject"], plain["options"]) == ("u", "Anatomy", ("w", "x", "y", "z"))
    assert keys(0, 3, 1) == [0, 3, 1]
    assert keys(-1, 0) == [-1, 0]


def test_rows_with_a_four_and_no_zero_count_from_one() -> None:
    assert keys(1, 4, "2") == [0, 3, 1]
    assert counts_from_one([{"cop": 4}])
    assert not counts_from_one([{"cop": 4}, {"cop": 0}])


def test_the_validation_split_is_scored() -> None:
    assert BENCHMARK.split == "validation"
    assert BENCHMARK.sides["en"].hub[0].split == "validation"
