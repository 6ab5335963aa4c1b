"""Which samples fit a token budget at a language ratio. Counts are tokens of the model's own tokenizer, prompts included.

Row ratios mislead across languages: one Arabic sample can cost several times the tokens of its English source.
"""

import hashlib
from collections.abc import Mapping, Sequence

from qantara.records import Sample


def rank(record_id: str, seed: int) -> int:
    """Return a record's place in a random order that adding or removing other records does not change."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{record_id}".encode(), digest_size=8).digest())


def fold_of(family: str, validation_share: float, seed: int) -> str:
    """Return "validation" for a random share of families, else "train": all members of a family fall together."""
    return "validation" if rank(family, seed) / 2**64 < validation_share else "train"


def allowances(available: Mapping[str, int], ratio: Mapping[str, float], budget: int) -> dict[str, int]:
    """Return the tokens each language may take: the budget split by the ratio, shrunk for all where one has too few.

    The ratio is held rather than the budget, since the ratio is what is being studied.
    """
    total = sum(ratio.values())
    shares = {code: part / total for code, part in ratio.items() if part > 0}
    reachable = min((available.get(code, 0) / share for code, share in shares.items()), default=0.0)
    usable = min(float(budget), reachable)
    return {code: int(usable * share) for code, share in shares.items()}


def choose(samples: Sequence[Sample], allowance: int, seed: int) -> set[str]:
    """Return the ids of samples that fill `allowance` tokens: in random order, each one that still fits."""
    chosen: set[str] = set()
    left = allowance
    for sample in sorted(samples, key=lambda sample: rank(sample.example_id, seed)):
        if len(sample.input_ids) <= left:
            chosen.add(sample.example_id)
            left -= len(sample.input_ids)
    return chosen
