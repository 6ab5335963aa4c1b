"""Reads records in the languages of the mix; writes rendered samples of a train and a validation fold, and the training order.

The order says which pieces of which samples are trained on, repeats included. What does not fit the budget or the model's length
comes out as a rejection, so every record is accounted for. Batches are not made here.
"""

import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from qantara.chat import Tokenizer, render
from qantara.mix.budget import fold_of, shares_of
from qantara.mix.card import export_dataset
from qantara.mix.data_sets import DataSet, data_sets_of
from qantara.mix.drawing import Drawing, draw_pieces, stream_of
from qantara.mix.realized import SourceUse, kept_totals, ratio_rows, source_totals, source_uses
from qantara.records import Example, Rejection, Sample
from qantara.training_order import FILE, TrainingOrder, write_order

_LOG = logging.getLogger(__name__)


class MixConfig(BaseModel):
    """Settings of the stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    budget_tokens: int | None = Field(
        default=None, ge=1, description="tokens that are trained on, repeats counted; none: what max_epochs allows"
    )
    ratio: dict[str, float] = Field(description="parts of the budget by language code, for instance {ar: 1, en: 2}")
    unit: Literal["tokens", "samples"] = Field(
        default="tokens",
        description="what the ratio counts; one Arabic sample can hold the tokens of several English ones",
    )
    weights: dict[str, float] = Field(
        default_factory=dict,
        description="parts of their language's share by data set, 0 leaves one out; none: by their size",
    )
    max_epochs: float = Field(
        default=1.0,
        gt=0,
        le=100,
        description="times that a data set may be used, at most; what needs more shrinks the budget",
    )
    validation_share: float = Field(default=0.1, ge=0, le=0.5, description="share of families held out, 0..0.5")
    max_tokens: int = Field(
        default=1024, ge=16, description="longest piece, in tokens; passages are cut, other longer samples left out"
    )

    @field_validator("ratio")
    @classmethod
    def _parts_are_positive(cls, ratio: dict[str, float]) -> dict[str, float]:
        if not ratio or not all(_is_part(part) for part in ratio.values()) or not any(ratio.values()):
            raise ValueError("give each language a part of 0 or more, and at least one more than 0")
        return ratio

    @field_validator("weights")
    @classmethod
    def _weights_are_parts(cls, weights: dict[str, float]) -> dict[str, float]:
        if not all(_is_part(part) for part in weights.values()):
            raise ValueError("give each data set a part of 0 or more")
        return weights


def mix(
    examples: Sequence[Example], tokenizer: Tokenizer, config: MixConfig, seed: int, folder: Path
) -> Generator[Sample | Rejection, None, dict[str, object]]:
    """Yield a sample or a rejection for each example, in order; return what is trained on as JSON-ready values.

    Of these, `tokens`, `samples` and `by_source` count what is kept, each once, and `drawn` what is trained on, with repeats.
    Writes the training order (places among the samples that are yielded) and, in `folder`/dataset, the data set for people.
    """
    rendered = [_rendered(example, tokenizer, config, seed) for example in examples]
    if unknown := set(config.weights) - {sample.source for sample in rendered}:
        _LOG.warning("mix.weights names data sets that have no records here: %s", ", ".join(sorted(unknown)))
    data_sets, drawing = _drawing(rendered, config, seed)
    is_kept = np.array([_validates(sample, config) for sample in rendered], dtype=bool)
    is_kept[drawing.order.samples] = True
    for example, sample, keep in zip(examples, rendered, is_kept.tolist(), strict=True):
        yield sample if keep else _rejection(example, sample, config)
    write_order(folder / FILE, _renumbered(drawing.order, is_kept))
    kept = [rendered[place] for place in np.flatnonzero(is_kept).tolist()]
    uses = source_uses(data_sets, rendered, drawing.order)
    tokens = kept_totals(kept, list(config.ratio), tokens=True)
    by_id = {example.id: example for example in examples}
    export_dataset(folder / "dataset", by_id, kept, tokens, uses, _ratio_text(config))
    return {
        "tokens": tokens,
        "samples": kept_totals(kept, list(config.ratio), tokens=False),
        "by_source": source_totals(kept),
        **_drawn(uses, drawing, config),
        "ratio_on_the_way": ratio_rows(list(shares_of(config.ratio)), rendered, drawing.order),
    }


def render_samples(examples: Sequence[Example], tokenizer: Tokenizer, config: MixConfig, seed: int) -> list[Sample]:
    """Return a sample of each example that can be trained on at `max_tokens`, whatever the ratio; folds follow from the seed."""
    rendered = (_rendered(example, tokenizer, config, seed) for example in examples)
    return [sample for sample in rendered if _fault(sample, config) is None]


def draw(samples: Sequence[Sample], config: MixConfig, seed: int) -> TrainingOrder:
    """Return what is trained on, in order, as pieces of the samples of the train fold.

    A longer budget adds to the end of a shorter one's order (the last pieces of which are cut), and another ratio takes each
    language's pieces in the same order. Where data runs out the order is shorter than the budget, at the same ratio.
    """
    return _drawing(samples, config, seed)[1].order


def _drawing(samples: Sequence[Sample], config: MixConfig, seed: int) -> tuple[list[DataSet], Drawing]:
    shares = shares_of(config.ratio)
    places = [place for place, s in enumerate(samples) if s.fold == "train" and _mixes(s, config)]
    data_sets = data_sets_of(samples, places, config.max_tokens, config.unit, seed)
    by_language = {code: [d for d in data_sets if d.language == code] for code in shares}
    streams = {code: stream_of(found, config.weights, config.max_epochs) for code, found in by_language.items()}
    return data_sets, draw_pieces(streams, shares, config.budget_tokens, config.unit)


def _rendered(example: Example, tokenizer: Tokenizer, config: MixConfig, seed: int) -> Sample:
    rendered = render(example, tokenizer)
    return Sample(
        example_id=example.id,
        family=example.origin.family,
        language=example.language,
        source=example.origin.source,
        kind=example.kind,
        fold=fold_of(example.origin.family, config.validation_share, seed),
        input_ids=rendered.input_ids,
        loss_mask=rendered.loss_mask,
    )


def _fault(sample: Sample, config: MixConfig) -> tuple[str, str] | None:
    """Return why a sample can't be trained on; the first token has nothing before it and is never learnt."""
    if not any(sample.loss_mask[1:]):
        return "nothing_to_learn", "no part of it is an answer"
    if sample.kind != "passage" and len(sample.input_ids) > config.max_tokens:
        return "too_long", f"{len(sample.input_ids)} tokens, {config.max_tokens} are the most"
    return None


def _mixes(sample: Sample, config: MixConfig) -> bool:
    has_part = config.ratio.get(sample.language, 0) > 0 and config.weights.get(sample.source, 1) > 0
    return has_part and _fault(sample, config) is None


def _validates(sample: Sample, config: MixConfig) -> bool:
    return sample.fold == "validation" and _mixes(sample, config)


def _rejection(example: Example, sample: Sample, config: MixConfig) -> Rejection:
    if config.ratio.get(sample.language, 0) <= 0:
        reason, detail = "language_not_in_mix", f"the ratio gives {sample.language} no part"
    elif (fault := _fault(sample, config)) is not None:
        reason, detail = fault
    elif config.weights.get(sample.source) == 0:
        reason, detail = "source_not_in_mix", f"weights give {sample.source} no part"
    else:
        reason, detail = "over_budget", f"the order ended before its {len(sample.input_ids)} tokens were drawn"
    return Rejection(
        record_id=example.id, native_id=example.origin.native_id, stage="mix", reason=reason, detail=detail
    )


def _renumbered(order: TrainingOrder, is_kept: NDArray[np.bool_]) -> TrainingOrder:
    """Return the order with places among kept samples instead of all."""
    places = (np.cumsum(is_kept) - 1).astype(np.int32)
    return TrainingOrder(places[order.samples], order.starts, order.num_tokens)


def _drawn(uses: Sequence[SourceUse], drawing: Drawing, config: MixConfig) -> dict[str, object]:
    """Return what is trained on, repeats counted, beside what was asked for; say so where it is less."""
    drawn = {
        "tokens": _by_language(uses, config, lambda use: use.tokens),
        "learnt_tokens": _by_language(uses, config, lambda use: use.learnt_tokens),
        "pieces": _by_language(uses, config, lambda use: use.pieces),
    }
    amounts = drawn["tokens" if config.unit == "tokens" else "pieces"]
    scale = sum(config.ratio.values()) / max(1, sum(amounts.values()))
    num_tokens = sum(drawn["tokens"].values())
    if drawing.ran_out and config.budget_tokens is not None:
        told = "; ".join(f"{code} ({', '.join(names) or 'no data'})" for code, names in drawing.ran_out.items())
        _LOG.warning(
            "mix: %d of %d tokens can be drawn at this ratio and these epochs: %s ran out",
            num_tokens,
            config.budget_tokens,
            told,
        )
    return {
        "drawn": drawn,
        "sources": [asdict(use) for use in uses],
        "available_tokens": _by_language(uses, config, lambda use: use.available_tokens),
        "budget_tokens": config.budget_tokens,
        "drawn_tokens": num_tokens,
        "ran_out": drawing.ran_out,
        "unit": config.unit,
        "requested_ratio": config.ratio,
        "realized_ratio": {code: round(amount * scale, 4) for code, amount in amounts.items()},
    }


def _by_language(uses: Sequence[SourceUse], config: MixConfig, number: Callable[[SourceUse], int]) -> dict[str, int]:
    return {code: sum(number(use) for use in uses if use.language == code) for code in config.ratio}


def _ratio_text(config: MixConfig) -> str:
    return f"{' : '.join(f'{code} {part:g}' for code, part in config.ratio.items())} by {config.unit}"


def _is_part(value: float) -> bool:
    return isfinite(value) and value >= 0
