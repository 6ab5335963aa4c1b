"""Loads what compares meanings in an audit, once a process: an encoder by name, and the shipped sample to fill up small sets."""

from collections.abc import Callable
from functools import partial

from qantara.fidelity.encoders import encoder
from qantara.fidelity.meaning import MeaningRules
from qantara.sources.sample import parallel_questions


def meaning_loader(name: str, direction: tuple[str, str]) -> Callable[[], MeaningRules]:
    """Return a picklable function that loads what compares meanings; `name` is "" for the embedded encoder."""
    return partial(load_meaning, name, direction)


def load_meaning(name: str, direction: tuple[str, str]) -> MeaningRules:
    """Return what compares the meanings of a batch of pairs; raise ModelError when the encoder can't be loaded."""
    return MeaningRules(encoder(name), direction, parallel_questions(direction))
