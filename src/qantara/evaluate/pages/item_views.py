"""Lays out the items of a task for the viewer: texts, options, probabilities, who chose what, in every arm.

In: items as they were asked, with predictions, prompts and findings; out: values that the template sets, and one short row an item
for the filters. All texts are safe HTML (see `shown_text`). Computes no score: that is `gaps`.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from qantara.evaluate.pages.shown_text import Line, Prompt, prompt_lines, shown, visible_spaces
from qantara.evaluate.pages.words import way_code
from qantara.evaluate.prompting.arms import Arm
from qantara.languages import LANGUAGES, language, looks_like
from qantara.records import Choice, Finding, Prediction

_PAGE_LANGUAGE = "en"
_NO_TEXT = Markup()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmAnswer:
    """One item as an arm asked it, with what was predicted; `labels` are the options' labels in the prompt.

    `others` are the predictions of a second run that is compared. `doubts` say why a translation is doubted, "" nowhere.
    """

    arm: str
    item: Choice
    labels: tuple[str, ...]
    predictions: Sequence[Prediction]
    prompt: Prompt | None = None
    others: Sequence[Prediction] = ()
    doubts: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedItem:
    """One item of a task in all arms that asked it; `findings` are what an audit found in the pair."""

    id: str
    subject: str
    answers: Sequence[ArmAnswer]
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsFacts:
    """What the viewer of one task shows. `primary` is scoring and normalization; `prefixes` by the ids that prompts name.

    `other_model` names the second run where two are compared, "" for none.
    """

    model: str
    task: str
    direction: tuple[str, str]
    arms: Sequence[Arm]
    primary: tuple[str, str]
    items: Sequence[AskedItem]
    prefixes: Mapping[str, Prompt] = field(default_factory=dict)
    other_model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionView:
    """One option in one arm; `probability` is 0..1 among the options, None where nothing was scored."""

    label: str
    text: Markup
    probability: float | None
    is_answer: bool
    is_chosen: bool
    is_others: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmView:
    """One item in one arm; `outcome` is "right", "wrong", "unread" or "absent"; `margin` in nats."""

    code: str
    direction: str
    outcome: str
    context: Markup = _NO_TEXT
    question: Markup = _NO_TEXT
    options: Sequence[OptionView] = ()
    margin: float | None = None
    tier: str = ""
    reply: Markup = _NO_TEXT
    reply_direction: str = "ltr"
    others: str = ""
    ways: Sequence[str] = ()
    doubts: Sequence[Markup] = ()
    lines: Sequence[Line] = ()
    scored: Sequence[str] = ()
    prefix_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One item on the page; `anchor` is its address there, `num_options` the most that any arm has."""

    id: str
    anchor: str
    subject: str
    findings: Sequence[tuple[str, str, Markup]]
    arms: Sequence[ArmView]
    num_options: int


def item_view(item: AskedItem, facts: ItemsFacts) -> ItemView:
    """Return an item laid out, with one view for each arm of the run, in their order."""
    by_arm = {answer.arm: answer for answer in item.answers}
    arms = [_arm_view(by_arm.get(arm.name), arm, facts.primary) for arm in facts.arms]
    return ItemView(
        id=item.id,
        anchor=anchor(item.id),
        subject=item.subject,
        findings=[(f.severity, f.rule, shown(f.message, _PAGE_LANGUAGE)) for f in item.findings],
        arms=arms,
        num_options=max((len(arm.options) for arm in arms), default=0),
    )


def anchor(item_id: str) -> str:
    """Return where an item stands on its page: its id without spaces."""
    return re.sub(r"\s", "_", item_id)


def chosen_prediction(predictions: Sequence[Prediction], primary: tuple[str, str]) -> Prediction | None:
    """Return the prediction by the primary way of scoring, else the first; an arm may have one way only."""
    first = next(iter(predictions), None)
    return next((p for p in predictions if (p.scoring, p.normalization) == primary), first)


def outcome(prediction: Prediction | None) -> str:
    """Return "right", "wrong", "unread" (no answer could be read) or "absent" (not asked)."""
    if prediction is None:
        return "absent"
    if prediction.chosen_index < 0:
        return "unread"
    return "right" if prediction.chosen_index == prediction.answer_index else "wrong"


def probabilities(log_probabilities: Sequence[float]) -> list[float]:
    """Return the softmax of natural logs; empty for none."""
    if not log_probabilities:
        return []
    highest = max(log_probabilities)
    weights = [math.exp(value - highest) for value in log_probabilities]
    return [weight / sum(weights) for weight in weights]


def margin(log_probabilities: Sequence[float]) -> float | None:
    """Return by how many nats the likeliest option leads the next; None for fewer than two."""
    if len(log_probabilities) < 2:
        return None
    first, second = sorted(log_probabilities, reverse=True)[:2]
    return first - second


def _arm_view(answer: ArmAnswer | None, arm: Arm, primary: tuple[str, str]) -> ArmView:
    side = language(arm.language)
    if answer is None:
        return ArmView(code=side.code, direction=side.direction, outcome="absent")
    item = answer.item
    mine, other = (chosen_prediction(found, primary) for found in (answer.predictions, answer.others))
    reply = mine.reply if mine else ""
    reply_code = _spoken(reply, arm)
    prompt = answer.prompt
    return ArmView(
        code=side.code,
        direction=side.direction,
        outcome=outcome(mine),
        context=shown(item.context, side.code),
        question=shown(item.question, side.code),
        options=_options(answer, side.code, (mine, other)),
        margin=margin(mine.log_probabilities) if mine else None,
        tier=mine.tier if mine else "",
        reply=shown(reply, reply_code),
        reply_direction=language(reply_code).direction,
        others=outcome(other) if other else "",
        ways=[_way(p, answer.labels) for p in answer.predictions if p is not mine],
        doubts=[shown(doubt, _PAGE_LANGUAGE) for doubt in answer.doubts],
        lines=prompt_lines(prompt, arm.prompt_language) if prompt else (),
        scored=visible_spaces(prompt.answers) if prompt else (),
        prefix_id=prompt.prefix_id if prompt else "",
    )


def _options(answer: ArmAnswer, code: str, found: tuple[Prediction | None, Prediction | None]) -> list[OptionView]:
    mine, other = found
    shares = probabilities(mine.log_probabilities) if mine else []
    return [
        OptionView(
            label=label,
            text=shown(text, code),
            probability=shares[i] if shares else None,
            is_answer=i == answer.item.answer_index,
            is_chosen=mine is not None and i == mine.chosen_index,
            is_others=other is not None and i == other.chosen_index,
        )
        for i, (label, text) in enumerate(zip(answer.labels, answer.item.options, strict=True))
    ]


def _spoken(reply: str, arm: Arm) -> str:
    """Return the language whose script most of a reply is in: the arm's, or another that it fell into."""
    codes = dict.fromkeys((arm.prompt_language, arm.language, *LANGUAGES))
    return next((code for code in codes if looks_like(reply, code)), arm.prompt_language)


def _way(prediction: Prediction, labels: Sequence[str]) -> Markup:
    name = way_code(prediction.scoring, prediction.normalization)
    label = labels[prediction.chosen_index] if prediction.chosen_index >= 0 else "nothing"
    sign = {"right": "\u2713", "wrong": "\u2717", "unread": "?"}[outcome(prediction)]
    return Markup('{} <bdi dir="auto">{}</bdi> {}').format(name, label, sign)
