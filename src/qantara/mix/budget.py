"""The arithmetic of a token budget: folds, a random order that other records don't change, shares and exact cuts.

Counts are tokens of the model's own tokenizer, prompts included. Row ratios mislead across languages: one Arabic sample can
cost several times the tokens of its English source. Knows nothing of data sets (`data_sets`) and of their order (`drawing`).
"""

import hashlib
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

LEAST_TOKENS = 2
"""The shortest piece that teaches anything: its first token is nobody's target."""


def rank(record_id: str, seed: int) -> int:
    """Return a record's place (0..2**64 - 1) in a random order that adding or removing other records does not change."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{record_id}".encode(), digest_size=8).digest())


def fold_of(family: str, validation_share: float, seed: int) -> str:
    """Return "validation" for a random share of families, else "train": all members of a family fall together."""
    return "validation" if rank(family, seed) / 2**64 < validation_share else "train"


def shares_of(parts: Mapping[str, float]) -> dict[str, Fraction]:
    """Return the share (they sum to 1) of each name with a part above 0, by name; parts are the decimals that a recipe has."""
    exact = {name: Fraction(str(part)) for name, part in sorted(parts.items()) if part > 0}
    total = sum(exact.values())
    return {name: part / total for name, part in exact.items()}


def allowances(amount: int, shares: Mapping[str, Fraction]) -> dict[str, int]:
    """Return `amount` split by shares into whole numbers that sum to it: rounded down, the rest to the largest fractions."""
    exact = {name: amount * share for name, share in shares.items()}
    rounded = {name: int(value) for name, value in exact.items()}
    by_fraction = sorted(exact, key=lambda name: rounded[name] - exact[name])
    for name in by_fraction[: amount - sum(rounded.values())]:
        rounded[name] += 1
    return rounded


def cut(lengths: NDArray[np.int32], amount: int) -> NDArray[np.int32]:
    """Return the lengths of the first pieces that together have `amount` tokens: all whole but the last, which is shortened.

    A last piece of one token would teach nothing: the piece before it gives it one of its own; where that can't be, the piece is
    left out and a token is missing. All pieces are taken as they are when they have fewer tokens than `amount`.
    """
    ends = np.cumsum(lengths, dtype=np.int64)
    number = int(np.searchsorted(ends, amount)) + 1 if amount > 0 else 0
    if number > len(lengths):
        return lengths
    taken = lengths[:number].copy()
    if number:
        taken[-1] -= ends[number - 1] - amount
    if number and taken[-1] < LEAST_TOKENS:
        if number == 1 or taken[-2] <= LEAST_TOKENS:
            return taken[:-1]
        taken[-2:] += np.array([-1, 1], dtype=np.int32)
    return taken
