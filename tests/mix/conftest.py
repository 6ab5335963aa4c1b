"""Samples of given lengths, one character a token."""

import random

import pytest

from qantara.records import Sample


def build_sample(name, num_tokens, language="en", source="test", kind="answer", fold="train"):
    return Sample(
        example_id=name,
        family=name,
        language=language,
        source=source,
        kind=kind,
        fold=fold,
        input_ids=tuple(range(num_tokens)),
        loss_mask=(kind == "passage",) * (num_tokens // 2) + (True,) * (num_tokens - num_tokens // 2),
    )


def build_samples(count, language="en", source="test", lengths=(5, 60), seed=0):
    dice = random.Random(f"{language}/{source}/{seed}")
    return [build_sample(f"{language}-{source}-{i}", dice.randint(*lengths), language, source) for i in range(count)]


@pytest.fixture
def make_sample():
    """One sample: name, tokens, language, source, kind, fold."""
    return build_sample


@pytest.fixture
def make_samples():
    """Many samples of random lengths: count, language, source, (shortest, longest)."""
    return build_samples
