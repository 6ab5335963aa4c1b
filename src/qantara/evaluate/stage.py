"""Reads paired benchmark items; writes one prediction an item, model, language and way of scoring.

The answer is the option with the highest likelihood, as a letter and as full text: nothing is generated, so nothing has to be
extracted. Base and tuned model are the same weights with the adapter off and on, so that training is the only difference.
"""

import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from qantara.chat import benchmark_prompt
from qantara.evaluate.prompting.asking import Ask, ItemAsks, option_values, predictions_of
from qantara.evaluate.scores import score_tables
from qantara.evaluate.sitting import Sitting
from qantara.models.questions import Question
from qantara.records import Choice, Prediction

if TYPE_CHECKING:
    from torch import Tensor

    from qantara.models.expert_use import ExpertUse
    from qantara.models.likelihood import Observer

_LOG = logging.getLogger(__name__)
_WAYS = (("letter", "sum"), ("text", "sum"), ("text", "token"))


class EvaluateConfig(BaseModel):
    """Settings of the stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_size: int = Field(default=8, ge=1, le=1024, description="questions a forward")
    limit: int | None = Field(
        default=None, ge=1, description="item pairs at most, always the same random ones; none: all"
    )
    quantization: Literal["none", "nf4"] = Field(default="nf4", description="how the model's weights are loaded")


def evaluate(
    items: Sequence[Choice],
    model_folder: Path,
    adapter: Path | None,
    config: EvaluateConfig,
    direction: tuple[str, str],
    names: Sequence[str] = ("base", "tuned"),
) -> Generator[Prediction, None, dict[str, object]]:
    """Yield predictions of the models that `names` says; return score tables and expert use.

    "base" is the model as it came, "tuned" the one with the adapter, which is left out where there is none.
    """
    from qantara.models.adapters import adapters_disabled, load_adapter
    from qantara.models.expert_use import count_expert_use
    from qantara.models.layouts import has_experts
    from qantara.models.loading import load_model, load_tokenizer

    items = limited(items, config.limit)
    tokenizer = load_tokenizer(model_folder)
    model: Any = load_model(model_folder, quantization=config.quantization)
    if adapter is not None:
        model = load_adapter(model, adapter)
    predictions = []
    use: dict[str, dict[str, object]] = {}
    for name in [name for name in names if name == "base" or adapter is not None]:
        with ExitStack() as stack:
            if adapter is not None and name == "base":
                stack.enter_context(adapters_disabled(model))
            counter = stack.enter_context(count_expert_use(model, direction)) if has_experts(model) else None
            for code in direction:
                asked = [item for item in items if item.language == code]
                observe = _observer(counter, direction.index(code)) if counter else None
                for prediction in _predict(asked, name, model, tokenizer, (config.batch_size, observe)):
                    predictions.append(prediction)
                    yield prediction
        if counter and counter.num_tokens:
            use[name] = _expert_table(counter, name)
    source = items[0].origin.source if items else ""
    return {"scores": score_tables(predictions, direction, source), "expert_use": use}


def _observer(counter: "ExpertUse", group: int) -> "Observer":
    def observe(real: "Tensor") -> None:
        counter.observe(real.long() * (group + 1) - 1)  # padding is of group -1: it doesn't count

    return observe


def _expert_table(counter: "ExpertUse", name: str) -> dict[str, object]:
    """Return who uses which experts, JSON-ready: by language and layer, how far the languages differ, and who is idle in both."""
    from qantara.models.expert_use import dead_experts, specialization

    languages = {code: counter.layers(code) for code in counter.groups_seen()}
    dead = dead_experts(counter.layers())
    if dead:
        told = ", ".join(f"{expert} of layer {layer}" for layer, expert in dead[:5]) + ", ..." * (len(dead) > 5)
        _LOG.warning("the %s model hardly uses %d experts in any language: %s", name, len(dead), told)
    return {
        "experts": counter.num_experts,
        "top_k": counter.top_k,
        "languages": {code: [asdict(layer) for layer in layers] for code, layers in languages.items()},
        "specialization": specialization(*languages.values()) if len(languages) == 2 else [],
        "dead_experts": [list(pair) for pair in dead],
    }


def limited(items: Sequence[Choice], limit: int | None) -> list[Choice]:
    """Return so many families' items at most, always the same random ones, in the order given."""
    # benchmarks stand in order of subject: the first ones would be one subject; ids are hashes, so their order is random
    families = sorted({item.origin.family for item in items})
    wanted = set(families[:limit])
    return [item for item in items if item.origin.family in wanted]


def _predict(
    items: Sequence[Choice],
    name: str,
    model: Any,  # noqa: ANN401 - a causal model of transformers
    tokenizer: Any,  # noqa: ANN401 - its tokenizer
    forward: "tuple[int, Observer | None]",
) -> Iterator[Prediction]:
    from qantara.models.likelihood import likelihoods

    prompts = [benchmark_prompt(item, tokenizer) for item in items]
    questions = [Question(prompt.text, (prompt.letters, prompt.options)) for prompt in prompts]
    batch_size, observe = forward
    for number, found in likelihoods(model, tokenizer, questions, batch_size, observe):
        asked = ItemAsks(items[number], (Ask(questions[number], ("letter", "text")),))
        values = option_values(asked, [found])
        yield from predictions_of(asked, {way: values[way] for way in _WAYS}, Sitting(name, "", ""))
