"""Reads curated source records and reviewed target records; writes rendered samples of a train and a validation fold.

What does not fit the budget or the model's length comes out as a rejection, so every record is accounted for.
"""

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from qantara.chat import Tokenizer, render
from qantara.mix.budget import allowances, choose, fold_of
from qantara.mix.card import export_dataset
from qantara.records import Example, Rejection, Sample


class MixConfig(BaseModel):
    """Settings of the stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    budget_tokens: int = Field(ge=1, description="tokens of the train fold over all languages, at most")
    ratio: dict[str, float] = Field(description="parts of the budget by language code, for instance {ar: 1, en: 2}")
    validation_share: float = Field(default=0.1, ge=0, le=0.5, description="share of families held out, 0..0.5")
    max_tokens: int = Field(default=1024, ge=16, description="longest sample, in tokens; longer ones are left out")

    @field_validator("ratio")
    @classmethod
    def _parts_are_positive(cls, ratio: dict[str, float]) -> dict[str, float]:
        if not ratio or min(ratio.values()) < 0 or sum(ratio.values()) <= 0:
            raise ValueError("give each language a part of 0 or more, and at least one more than 0")
        return ratio


def mix(
    examples: Sequence[Example], tokenizer: Tokenizer, config: MixConfig, seed: int, folder: Path
) -> Generator[Sample | Rejection, None, dict[str, object]]:
    """Yield a sample or a rejection for each example, in order; write the data set for people into `folder`."""
    rendered = [_sample(example, tokenizer, config, seed) for example in examples]
    fitting = [s for s in rendered if len(s.input_ids) <= config.max_tokens and any(s.loss_mask)]
    by_language = {code: [s for s in fitting if s.language == code and s.fold == "train"] for code in config.ratio}
    available = {code: sum(len(s.input_ids) for s in found) for code, found in by_language.items()}
    allowance = allowances(available, config.ratio, config.budget_tokens)
    chosen = {i for code, tokens in allowance.items() for i in choose(by_language[code], tokens, seed)}
    chosen |= {s.example_id for s in fitting if s.fold == "validation" and config.ratio.get(s.language, 0) > 0}
    kept = []
    for example, sample in zip(examples, rendered, strict=True):
        if sample.example_id in chosen:
            kept.append(sample)
            yield sample
        else:
            yield _rejection(example, sample, config)
    totals = _totals(kept, config.ratio, tokens=True)
    export_dataset(folder, {example.id: example for example in examples}, kept, totals, config.ratio)
    return {
        "tokens": totals,
        "samples": _totals(kept, config.ratio, tokens=False),
        "available_tokens": available,
        "budget_tokens": config.budget_tokens,
        "requested_ratio": config.ratio,
    }


def _sample(example: Example, tokenizer: Tokenizer, config: MixConfig, seed: int) -> Sample:
    rendered = render(example, tokenizer)
    return Sample(
        example_id=example.id,
        family=example.origin.family,
        language=example.language,
        kind=example.kind,
        fold=fold_of(example.origin.family, config.validation_share, seed),
        input_ids=rendered.input_ids,
        loss_mask=rendered.loss_mask,
    )


def _rejection(example: Example, sample: Sample, config: MixConfig) -> Rejection:
    if config.ratio.get(sample.language, 0) <= 0:
        reason, detail = "language_not_in_mix", f"the ratio gives {sample.language} no part"
    elif not any(sample.loss_mask):
        reason, detail = "nothing_to_learn", "no part of it is an answer"
    elif len(sample.input_ids) > config.max_tokens:
        reason, detail = "too_long", f"{len(sample.input_ids)} tokens, {config.max_tokens} are the most"
    else:
        reason, detail = "over_budget", f"{len(sample.input_ids)} tokens did not fit what was left"
    return Rejection(
        record_id=example.id, native_id=example.origin.native_id, stage="mix", reason=reason, detail=detail
    )


def _totals(samples: Sequence[Sample], ratio: Mapping[str, float], *, tokens: bool) -> dict[str, dict[str, int]]:
    totals = {fold: dict.fromkeys(ratio, 0) for fold in ("train", "validation")}
    for sample in samples:
        totals[sample.fold][sample.language] += len(sample.input_ids) if tokens else 1
    return totals
