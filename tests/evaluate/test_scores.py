from qantara.evaluate.scores import score_tables
from qantara.records import Prediction


def predictions(model, language, right):
    return [
        Prediction(
            model=model,
            item_id=f"{language}{i}",
            family=f"f{i}",
            subject="anatomy",
            language=language,
            scoring="letter",
            normalization="sum",
            chosen_index=i % 4 if ok else (i + 1) % 4,
            answer_index=i % 4,
            log_probabilities=(-1.0, -2.0, -3.0, -4.0),
        )
        for i, ok in enumerate(right)
    ]


def test_tables_hold_accuracy_gap_change_and_baselines():
    rows = predictions("base", "en", [True] * 6 + [False] * 2) + predictions("base", "ar", [True] * 3 + [False] * 5)
    rows += predictions("tuned", "en", [True] * 6 + [False] * 2) + predictions("tuned", "ar", [True] * 5 + [False] * 3)
    tables = score_tables(rows, ("en", "ar"), "tiny")
    assert [(s["model"], s["arm"], s["num_correct"], s["num_items"]) for s in tables["scores"]] == [
        ("base", "en", 6, 8),
        ("base", "ar", 3, 8),
        ("tuned", "en", 6, 8),
        ("tuned", "ar", 5, 8),
    ]
    assert [(g["model"], g["gap"], g["only_source_right"], g["only_target_right"]) for g in tables["gaps"]] == [
        ("base", 3 / 8, 3, 0),
        ("tuned", 1 / 8, 1, 0),
    ]
    assert [(c["arm"], c["change"]) for c in tables["changes"]] == [("en", 0.0), ("ar", 2 / 8)]
    assert tables["baselines"] == {"chance": 0.25, "majority": {"en": 0.25, "ar": 0.25}}


def test_a_gap_uses_only_items_that_both_languages_were_asked():
    rows = predictions("base", "en", [True] * 8) + predictions("base", "ar", [False] * 4)
    gap = score_tables(rows, ("en", "ar"), "tiny")["gaps"][0]
    assert (gap["num_items"], gap["gap"]) == (4, 1.0)


def test_without_a_tuned_model_there_is_no_change():
    assert score_tables(predictions("base", "en", [True]), ("en", "ar"), "tiny")["changes"] == []
