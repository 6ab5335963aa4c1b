"""What the report is made of: everything a run left behind, read once by the pipeline and handed over as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qantara.records import Decision, LossPoint, Prediction
from qantara.report.translation_facts import TranslationFacts

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """One run. `summaries` are the stages' `summary.json` by stage name in order; other JSON is as stages left it.

    `summaries[stage]`: {"stage", "in", "kept", "rejected", "reasons": {code: count}, "seconds", "details": {...}}.
    `expert_use`: {"experts": n, "top_k": k, "languages": {code: [{"layer", "share": [n numbers of sum 1], "entropy": 0..1}]}}.
    `calls`: rows of `llm.costs.CostLine`, "usd" as decimal text or None. `troubles`: {"interrupted": n, "failed_tries":
    {fault: n}}, empty when not known. `calibration`: a `records.Calibration`, None without one.
    """

    name: str
    direction: tuple[str, str]
    recipe: Json
    summaries: Mapping[str, Json]
    translation: TranslationFacts
    decisions: Mapping[str, Decision]
    losses: Sequence[LossPoint]
    predictions: Sequence[Prediction]
    scores: Json
    expert_use: Json
    provenance: Json
    calls: Sequence[Json]
    troubles: Json
    calibration: Json | None
