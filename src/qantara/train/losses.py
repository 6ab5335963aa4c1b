"""Losses of tokens, summed by language and by source over batches and processes, and given out as means."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qantara.records import LossPoint
from qantara.train.batches import Batch
from qantara.train.processes import Processes
from qantara.train.sample_columns import SampleColumns

ALL = "all"


class LossSums:
    """Sums of token losses over any number of batches; `totals` (2, languages + sources + 1) are sums and counts in fp64.

    The last column is the routers' loss, weighted by the tokens of its batches.
    """

    def __init__(self, samples: SampleColumns) -> None:
        self._languages, self._sources = samples.language_names, samples.source_names
        self.totals: NDArray[np.float64] = np.zeros((2, len(self._languages) + len(self._sources) + 1))

    def add(self, losses: Tensor, batch: Batch) -> None:
        """Add the losses of a batch's learnt tokens."""
        values = losses.detach().double().cpu().numpy()
        numbers = len(self._languages), len(self._sources)
        for i, weights in enumerate((values, np.ones_like(values))):
            parts = [
                np.bincount(codes, weights=weights, minlength=number)
                for codes, number in zip((batch.languages, batch.sources), numbers, strict=True)
            ]
            self.totals[i, :-1] += np.concatenate(parts)

    def add_balance(self, loss: Tensor, num_tokens: int) -> None:
        """Add the routers' load-balancing loss of a batch."""
        self.totals[:, -1] += np.array([float(loss.detach()) * num_tokens, num_tokens])

    def add_up(self, processes: Processes) -> None:
        """Add what the other processes summed up: from here on all have the same."""
        self.totals = processes.total(torch.from_numpy(self.totals)).numpy()

    def points(self, step: int, fold: str) -> list[LossPoint]:
        """Return the mean loss of every language, of all, and of every source if there are several; then the routers'."""
        keys = [(language, ALL) for language in self._languages]
        if len(self._sources) > 1:
            keys += [(ALL, source) for source in self._sources]
        number = len(self._languages)
        sums = {key: self.totals[:, i] for i, key in enumerate(keys)}
        sums[ALL, ALL] = self.totals[:, :number].sum(axis=1)
        found = [_point(step, fold, key, *sums[key]) for key in sorted(sums) if sums[key][1]]
        if self.totals[1, -1]:
            found.append(_point(step, "balance", (ALL, ALL), *self.totals[:, -1]))
        return found


def _point(step: int, fold: str, key: tuple[str, str], total: float, count: float) -> LossPoint:
    language, source = key
    return LossPoint(
        step=step, fold=fold, language=language, source=source, loss=float(total / count), num_tokens=int(count)
    )
