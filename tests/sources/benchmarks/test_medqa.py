from qantara.sources.benchmarks.medqa import BENCHMARK
from qantara.sources.benchmarks.shapes import shape_of

OPTIONS = ("w", "x", "y", "z")


def test_the_hub_rows_the_harness_rows_and_ours_are_understood() -> None:
    hub = {"question": "Q?", "options": dict(zip("ABCD", OPTIONS, strict=True)), "answer": "y", "answer_idx": "C"}
    harness = {"sent1": "Q?", "sent2": "", "ending0": "w", "ending1": "x", "ending2": "y", "ending3": "z", "label": 2}
    ours = {"id": "i", "question": "Q?", "choices": list(OPTIONS), "answer_index": 2}
    for row in (hub, harness, ours):
        plain = shape_of([row], BENCHMARK.sides["en"].shapes, "f").plain(row, "en")
        assert (plain["question"], plain["options"], plain["answer_index"]) == ("Q?", OPTIONS, 2)
