from qantara.sources.benchmarks.pubmedqa import BENCHMARK
from qantara.sources.benchmarks.shapes import shape_of


def test_the_rows_of_both_hub_sets_and_ours_are_understood() -> None:
    texts = ["First.", "Second."]
    harness = {"QUESTION": "Does it?", "CONTEXTS": texts, "final_decision": "maybe"}
    hub = {"pubid": 7, "question": "Does it?", "context": {"contexts": texts}, "final_decision": "maybe"}
    ours = {"id": "7", "question": "Does it?", "contexts": texts, "choices": ["yes", "no", "maybe"], "answer_index": 2}
    for row in (harness, hub, ours):
        plain = shape_of([row], BENCHMARK.sides["en"].shapes, "f").plain(row, "en")
        assert (plain["question"], plain["context"]) == ("Does it?", "First.\nSecond.")
        assert (tuple(plain["options"]), plain["answer_index"]) == (("yes", "no", "maybe"), 2)  # type: ignore[arg-type]
