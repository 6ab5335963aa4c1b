import pytest

from qantara.mix.budget import allowances, choose, fold_of, rank
from qantara.records import Sample


def samples(count, tokens):
    return [
        Sample(
            example_id=f"e{i}",
            family=f"f{i}",
            language="en",
            kind="answer",
            fold="train",
            input_ids=(1,) * tokens,
            loss_mask=(True,) * tokens,
        )
        for i in range(count)
    ]


@pytest.mark.parametrize(
    ("available", "ratio", "budget", "expected"),
    [
        ({"ar": 900, "en": 900}, {"ar": 1, "en": 2}, 600, {"ar": 200, "en": 400}),
        ({"ar": 100, "en": 900}, {"ar": 1, "en": 2}, 600, {"ar": 100, "en": 200}),
        ({"ar": 900, "en": 0}, {"ar": 1, "en": 2}, 600, {"ar": 0, "en": 0}),
        ({"ar": 900, "en": 900}, {"ar": 1, "en": 0}, 600, {"ar": 600}),
    ],
)
def test_the_ratio_is_held_where_a_language_has_too_few_tokens(available, ratio, budget, expected):
    assert allowances(available, ratio, budget) == expected


def test_chosen_samples_never_pass_the_allowance_and_come_close():
    chosen = choose(samples(50, 30), 1000, seed=1)
    assert len(chosen) * 30 <= 1000 < (len(chosen) + 1) * 30


def test_the_choice_follows_from_the_seed_and_not_from_the_order():
    pool = samples(50, 30)
    assert choose(pool, 600, 1) == choose(pool[::-1], 600, 1)
    assert choose(pool, 600, 1) != choose(pool, 600, 2)


def test_adding_records_moves_no_family_to_another_fold():
    folds = {f"f{i}": fold_of(f"f{i}", 0.2, 3) for i in range(2000)}
    held_out = sum(fold == "validation" for fold in folds.values())
    assert 320 <= held_out <= 480
    assert fold_of("f7", 0.2, 3) == folds["f7"]
    assert fold_of("f7", 0.0, 3) == "train"
    assert rank("a", 1) != rank("a", 2)
