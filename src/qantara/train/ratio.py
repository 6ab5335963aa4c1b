"""What a run is trained on, by language, as it goes along: tokens and samples so far, every thousand steps and at the end."""

from typing import Any

import numpy as np

from qantara.train.batches import TrainingData

EVERY_STEPS = 1000


def ratio_rows(data: TrainingData, every_steps: int = EVERY_STEPS) -> list[dict[str, Any]]:
    """Return cumulative tokens, learnt tokens and samples (pieces) by language, JSON-ready, a row at every so many steps."""
    steps = np.array([*range(every_steps, data.num_steps, every_steps), data.num_steps])
    ends = data.bounds[steps] - 1
    languages = data.samples.languages[data.order.samples]
    columns: dict[str, Any] = {
        "tokens": data.order.num_tokens,
        "learnt_tokens": data.samples.num_learnt(data.order),
        "samples": np.ones(len(data.order), dtype=np.int64),
    }
    rows: list[dict[str, Any]] = [{"step": int(step)} | {name: {} for name in columns} for step in steps]
    for name, values in columns.items():
        for code, language in enumerate(data.samples.language_names):
            so_far = np.cumsum(np.where(languages == code, values, 0), dtype=np.int64)[ends]
            for row, value in zip(rows, so_far.tolist(), strict=True):
                row[name][language] = value
    return rows
