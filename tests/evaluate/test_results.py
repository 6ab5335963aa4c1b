import json

import pytest

from qantara.evaluate.arm_run import ArmResult
from qantara.evaluate.calling.costs import ArmCost
from qantara.evaluate.prompting.arms import known_arms
from qantara.evaluate.prompting.asking import ItemAsks
from qantara.evaluate.results import arm_notes, by_family, tables
from qantara.evaluate.settings import EvaluationConfig

ARMS = known_arms(("en", "ar"))


@pytest.fixture
def result(answers, make_item):
    """Return `result(arm, letters, **fields)`: an arm's result with one prediction a letter (R right, W wrong, U unread)."""

    def make(arm, letters, num_options=4, **fields):
        changes = {
            name: fields.pop(name) for name in ("found", "replies", "translation", "num_unanswered") if name in fields
        }
        asked = tuple(
            ItemAsks(make_item(number, ARMS[arm].language, num_options), ()) for number in range(len(letters))
        )
        predictions = tuple(p for p in answers(arm, letters.replace("-", "W"), **fields))
        kept = tuple(p for p, letter in zip(predictions, letters, strict=True) if letter != "-")
        return ArmResult(arm=ARMS[arm], task="t", asked=asked, predictions=kept, cost=ArmCost(), **changes)

    return make


def test_tables_hold_accuracies_and_gaps_of_all_items(result):
    config = EvaluationConfig(arms=("en", "ar", "ar-latin"), equivalence_margin=0.05)
    found = tables([result("en", "RRRW"), result("ar", "RWWW"), result("ar-latin", "RRWW")], config)
    assert [(row["arm"], row["num_items"], row["num_correct"]) for row in found["scores"]] == [
        *(("en", 4, 3), ("ar", 4, 1), ("ar-latin", 4, 2))
    ]
    assert [(row["source_arm"], row["arm"], row["gap"]) for row in found["gaps"]] == [
        *(("en", "ar", 0.5), ("en", "ar-latin", 0.25))
    ]
    assert {row["subject"] for row in found["gaps_by_subject"]} == {"anatomy"}
    assert json.loads(json.dumps(found)) == found
    assert set(found) == {"scores", "gaps", "gaps_by_subject", "split", "translate_first", "extraction"}


def test_a_clean_subset_is_counted_alone_in_every_arm(result):
    config = EvaluationConfig(arms=("en", "ar"))
    results = [result("en", "RRRW"), result("ar", "RWWW")]
    found = tables(results, config, frozenset({"f0", "f3", "unknown"}))
    assert [(row["arm"], row["num_items"], row["num_correct"]) for row in found["scores"]] == [
        ("en", 2, 1),
        ("ar", 2, 1),
    ]
    assert [row["gap"] for row in found["gaps"]] == [0.0]
    assert tables(results, config, frozenset())["scores"] == []
    assert tables(results, config, frozenset({"f0", "f1", "f2", "f3"})) == tables(results, config)


def test_an_item_without_a_prediction_is_in_no_pair(result):
    found = tables([result("en", "RRRW"), result("ar", "R-WW")], EvaluationConfig())
    assert [(row["arm"], row["num_items"]) for row in found["scores"]] == [("en", 4), ("ar", 3)]
    (gap,) = found["gaps"]
    assert (gap["num_items"], gap["gap"]) == (3, pytest.approx(1 / 3))


def test_without_the_source_arm_there_is_no_gap(result):
    found = tables([result("ar", "RW"), result("ar-latin", "RR")], EvaluationConfig(arms=("ar", "ar-latin")))
    assert (len(found["scores"]), found["gaps"], found["gaps_by_subject"]) == (2, [], [])


def test_chance_of_replies_comes_from_the_options_that_were_asked(result):
    replies = {"scoring": "generate", "normalization": ""}
    found = tables([result("en", "RRU", 5, **replies)], EvaluationConfig(arms=("en",), scoring=("generate",)))
    (row,) = found["scores"]
    assert (row["num_items"], row["num_unread"], row["chance"]) == (3, 1, pytest.approx(0.2))
    (row,) = found["extraction"]
    assert (row["arm"], row["num_items"], row["num_extracted"]) == ("en", 3, 2)


def test_translate_first_and_the_split_come_with_their_arms(result):
    names = ("en", "ar", "ar-en", "translated", "round-trip")
    found = tables([result(name, "RWRW") for name in names], EvaluationConfig(arms=names))
    assert found["translate_first"]
    assert found["split"]


def test_notes_tell_what_is_beside_an_arm_s_accuracy(result):
    counts = ({"language": "ar", "num_items": 2},)
    notes = arm_notes([result("ar", "RW", num_unanswered=1, replies=counts, translation={"num_doubted": 3})])
    assert notes == [
        {
            "task": "t",
            "arm": "ar",
            "num_items": 2,
            "num_unanswered": 1,
            "translation": {"num_doubted": 3},
            "replies": list(counts),
        }
    ]


def test_predictions_are_found_by_task_arm_and_item_in_their_order(answers):
    letters, texts = (answers("ar", "RW", scoring=scoring) for scoring in ("letter", "text"))
    found = by_family([*letters, *texts, *answers("ar", "W", task="other")])
    assert found["t", "ar", "f1"] == [letters[1], texts[1]]
    assert len(found["other", "ar", "f0"]) == 1
    assert set(found) == {("t", "ar", "f0"), ("t", "ar", "f1"), ("other", "ar", "f0")}
