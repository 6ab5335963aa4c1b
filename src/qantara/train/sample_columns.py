"""Samples as columns: tokens and masks end to end, so that millions of them take five bytes a token and nothing else.

Read once from records, in their order; a sample is known by its place from then on. Knows nothing of steps and batches.
"""

import hashlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qantara.records import Sample
from qantara.training_order import TrainingOrder


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """Sample i holds the tokens from `offsets[i]` to `offsets[i + 1]`; `languages` and `sources` are places in the names.

    `validation` holds the places of the validation fold, by id; `num_learnt_before[j]` counts learnt tokens before token j;
    `digest` is a hash of all of it.
    """

    tokens: NDArray[np.int32]
    learnt: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    num_learnt_before: NDArray[np.int64]
    languages: NDArray[np.int64]
    sources: NDArray[np.int64]
    trained: NDArray[np.bool_]
    validation: tuple[int, ...]
    language_names: tuple[str, ...]
    source_names: tuple[str, ...]
    digest: str

    def __len__(self) -> int:
        return len(self.languages)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of every sample."""
        return np.diff(self.offsets)

    def num_learnt(self, order: TrainingOrder) -> NDArray[np.int64]:
        """Return how many tokens of every piece are learnt; its first never is."""
        begins = self.offsets[order.samples] + order.starts
        found: NDArray[np.int64] = (
            self.num_learnt_before[begins + order.num_tokens] - self.num_learnt_before[begins + 1]
        )
        return found


def columns_of(samples: Iterable[Sample]) -> SampleColumns:
    """Return samples as columns; names of languages and sources are sorted, so codes don't depend on the order."""
    tokens, masks, lengths = array("i"), bytearray(), array("q", [0])
    languages: list[str] = []
    sources: list[str] = []
    folds: list[str] = []
    held_out: list[tuple[str, int]] = []
    digest = hashlib.blake2b(digest_size=16)
    for place, sample in enumerate(samples):
        tokens.extend(sample.input_ids)
        masks.extend(sample.loss_mask)
        lengths.append(len(sample.input_ids))
        languages.append(sample.language)
        sources.append(sample.source)
        folds.append(sample.fold)
        if sample.fold == "validation":
            held_out.append((sample.example_id, place))
        digest.update(f"{sample.example_id}\n{sample.language}\n{sample.source}\n{sample.fold}\n".encode())
    for column in (tokens, masks, lengths):
        digest.update(column)
    learnt = np.frombuffer(masks, dtype=np.bool_)
    language_names, language_codes = np.unique(np.array(languages, dtype=object), return_inverse=True)
    source_names, source_codes = np.unique(np.array(sources, dtype=object), return_inverse=True)
    return SampleColumns(
        tokens=np.frombuffer(tokens, dtype=np.int32),
        learnt=learnt,
        offsets=np.cumsum(np.frombuffer(lengths, dtype=np.int64)),
        num_learnt_before=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(learnt, dtype=np.int64)]),
        languages=language_codes.astype(np.int64),
        sources=source_codes.astype(np.int64),
        trained=np.array([fold == "train" for fold in folds], dtype=np.bool_),
        validation=tuple(place for _, place in sorted(held_out)),
        language_names=tuple(language_names.tolist()),
        source_names=tuple(source_names.tolist()),
        digest=digest.hexdigest(),
    )
