"""The model card of a merged model: base and licence, what was trained, on what data, with which figures, and how it was merged.

Takes plain values (a stage's summary as JSON) and returns Markdown with the front matter that model hubs read. Holds no text of
records.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qantara.models.adapter_config import AdapterConfig
from qantara.models.merge_check import NUM_TOKENS, Comparison

_MOST_ROWS = 60  # a series is for the run's report, not for the card
_CARD = """---
base_model: {base}
license: {licence}
library_name: transformers
pipeline_tag: text-generation
tags: [medical, research, qantara]
---

# {base} with an adapter merged in

Made by Qantara for research. **Not a medical device**: do not use it for diagnosis, treatment or advice. It can be wrong in either
language, and more often in the one it knows less.

Base model: `{base}`, licence: {licence_words}. The base's licence holds for this model too, beside those of the data.

## What was trained

{adapter}

## Data

{data}

## Figures

{figures}

## How it was merged

The adapter was merged {how}. Before the folder got its name it was loaded again and compared with base and adapter
in fp32, on {tokens} fixed tokens: logits differ by {mean:.2g} on average and {max:.2g} at most, while the adapter changes them by
{effect:.2g} on average. Of {modules} modules on equal inputs, the worst (`{worst}`) is off by {error:.2g} of its output; up to
{tolerance:.2g} is rounding.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What a card tells of a model's origin: reference and licence of the base, and what the run that trained it found.

    `data` are the details of the mix, `figures` those of the evaluation; empty: not known.
    """

    base: str = "unknown"
    licence: str = "unknown"
    data: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)


def model_card(facts: CardFacts, adapter: AdapterConfig, how: str, comparison: Comparison) -> str:
    """Return the card as Markdown; `how` says onto which weights and in which precision the adapter was merged."""
    known = facts.licence != "unknown"
    return _CARD.format(
        base=facts.base,
        licence=facts.licence if known else "other",
        licence_words=facts.licence if known else "see the base model",
        adapter="\n".join(f"- {name}: {value}" for name, value in adapter.model_dump().items()),
        data=_table(facts.data, "What the mix held is not known here: see the run that trained the adapter."),
        figures=_table(facts.figures, "Not evaluated, or evaluated elsewhere: no figure is claimed."),
        how=how,
        tokens=NUM_TOKENS,
        mean=comparison.mean_difference,
        max=comparison.max_difference,
        effect=comparison.adapter_effect,
        modules=comparison.num_modules,
        worst=comparison.worst_module,
        error=comparison.worst_module_error,
        tolerance=comparison.tolerance,
    )


def _table(values: Mapping[str, Any], if_empty: str) -> str:
    rows = [f"| {name} | {value} |" for name, value in _leaves(values)]
    if not rows:
        return if_empty
    left_out = [f"| ... | {len(rows) - _MOST_ROWS} more in the run's report |"] if len(rows) > _MOST_ROWS else []
    return "\n".join(["| | |", "|---|---|", *rows[:_MOST_ROWS], *left_out])


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON
    """Yield every value of nested JSON with the path to it."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for place, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{place}]")
    else:
        yield path, f"{value:.4g}" if isinstance(value, float) else str(value)
