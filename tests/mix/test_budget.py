import random
from fractions import Fraction

import numpy as np
import pytest

from qantara.mix.budget import allowances, cut, fold_of, rank, shares_of


def test_shares_are_exact_and_leave_out_what_has_no_part():
    assert shares_of({"en": 2, "ar": 1, "fr": 0}) == {"ar": Fraction(1, 3), "en": Fraction(2, 3)}
    assert shares_of({"ar": 0.1, "en": 0.3}) == {"ar": Fraction(1, 4), "en": Fraction(3, 4)}


def test_allowances_sum_to_the_budget_to_the_token_and_are_off_by_less_than_one():
    dice = random.Random(1)
    for _ in range(200):
        shares = shares_of({code: dice.random() + 1e-9 for code in ("ar", "en", "fr", "zh")})
        amount = dice.randint(0, 10**9)
        allowed = allowances(amount, shares)
        assert sum(allowed.values()) == amount
        assert all(abs(allowed[code] - amount * share) < 1 for code, share in shares.items())


def test_the_token_that_is_left_goes_to_the_largest_fraction():
    assert allowances(10, shares_of({"ar": 1, "en": 2})) == {"ar": 3, "en": 7}
    assert allowances(11, shares_of({"ar": 1, "en": 2})) == {"ar": 4, "en": 7}


@pytest.mark.parametrize(
    ("lengths", "amount", "expected"),
    [
        ([5, 5, 5], 12, [5, 5, 2]),
        ([5, 5, 5], 10, [5, 5]),
        ([5, 5, 5], 15, [5, 5, 5]),
        ([5, 5, 5], 99, [5, 5, 5]),
        ([5, 5, 5], 11, [5, 4, 2]),  # one token teaches nothing: the piece before gives one
        ([2, 5], 3, [2]),  # ... unless it would teach nothing then
        ([5, 5], 1, []),
        ([5, 5], 0, []),
        ([], 7, []),
    ],
)
def test_pieces_are_cut_to_the_token(lengths, amount, expected):
    given = np.array(lengths, dtype=np.int32)
    assert cut(given, amount).tolist() == expected
    assert given.tolist() == lengths


def test_adding_records_moves_no_family_to_another_fold():
    folds = {f"f{i}": fold_of(f"f{i}", 0.2, 3) for i in range(2000)}
    held_out = sum(fold == "validation" for fold in folds.values())
    assert 320 <= held_out <= 480
    assert fold_of("f7", 0.2, 3) == folds["f7"]
    assert fold_of("f7", 0.0, 3) == "train"
    assert rank("a", 1) != rank("a", 2)
