"""Results of all arms -> what the viewer of a task shows: every item in every arm, with predictions, prompts and findings."""

from collections.abc import Mapping, Sequence
from typing import Any

from qantara.chat import question_text
from qantara.evaluate.arm_run import ArmResult
from qantara.evaluate.pages.item_views import ArmAnswer, AskedItem, ItemsFacts
from qantara.evaluate.pages.shown_text import Prompt
from qantara.evaluate.prompting.asking import ItemAsks
from qantara.evaluate.prompting.prompt_views import prompt_view
from qantara.evaluate.prompting.prompts import reply_turns
from qantara.evaluate.results import by_family
from qantara.evaluate.settings import EvaluationConfig
from qantara.records import Finding, Prediction

Findings = Mapping[str, Sequence[Finding]]  # by native id


def items_facts(
    results: Sequence[ArmResult],
    config: EvaluationConfig,
    tokenizer: Any,  # noqa: ANN401 - a tokenizer of transformers, or None
    findings: Findings,
    others: Sequence[Prediction],
) -> ItemsFacts:
    """Return the viewer's facts of one task, whose arms `results` are; `others` are predictions of a run to compare with."""
    mine = by_family([p for result in results for p in result.predictions])
    theirs = by_family(others)
    prefixes: dict[str, Prompt] = {}
    answers: dict[str, list[ArmAnswer]] = {}
    shown: dict[str, ItemAsks] = {}
    for result in results:
        for entry in result.asked:
            family, key = entry.item.origin.family, (result.task, result.arm.name, entry.item.origin.family)
            shown.setdefault(family, entry)
            answers.setdefault(family, []).append(
                ArmAnswer(
                    arm=result.arm.name,
                    item=entry.item,
                    labels=config.spec(result.arm).labels(len(entry.item.options)),
                    predictions=mine.get(key, []),
                    prompt=_prompt(entry, result, config, tokenizer, prefixes),
                    others=theirs.get(key, []),
                    doubts=result.doubts.get(family, ()),
                )
            )
    models = {p.model for result in results for p in result.predictions}
    return ItemsFacts(
        model=min(models, default=""),
        task=results[0].task,
        direction=config.direction,
        arms=[result.arm for result in results],
        primary=config.primary_way,
        items=[
            AskedItem(
                id=entry.item.origin.native_id,
                subject=entry.item.origin.subject,
                answers=answers[family],
                findings=findings.get(entry.item.origin.native_id, ()),
            )
            for family, entry in shown.items()
        ],
        prefixes=prefixes,
        other_model=next((p.model for p in others), ""),
    )


def _prompt(
    entry: ItemAsks,
    result: ArmResult,
    config: EvaluationConfig,
    tokenizer: Any,  # noqa: ANN401
    prefixes: dict[str, Prompt],
) -> Prompt:
    """Return the prompt of the item's first question, and note what came before it; of one that was only written about, all."""
    spec = config.spec(result.arm)
    if not entry.asks:
        turns = reply_turns(entry.item, entry.shots, spec)
        return Prompt(text="\n\n".join(f"[{turn.role}]\n{turn.text}" for turn in turns))
    question = entry.asks[0].question
    labels = spec.labels(len(entry.item.options))
    text = question_text(entry.item, spec.prompt_language, labels, show_options=spec.options_shown)
    own, before = prompt_view(question, text, question.answer_sets[0], tokenizer)
    if own.prefix_id:
        prefixes.setdefault(own.prefix_id, before)
    return own
