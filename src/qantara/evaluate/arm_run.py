"""One task in one arm: its items translated if need be, scored by likelihood, answered in writing. In: items; out: predictions.

Everything that is asked is kept in the ledger first; predictions, counts and costs are read from there, so an arm that is repeated
is the same. What becomes of them is `results`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from qantara.errors import RecipeError
from qantara.evaluate.answers.answering import Answers, Found
from qantara.evaluate.answers.local_answers import LocalAnswers
from qantara.evaluate.answers.server_answers import ServerAnswers
from qantara.evaluate.arm_replies import replied
from qantara.evaluate.calling.costs import ArmCost, Meter, cost_of, scoring_cost
from qantara.evaluate.calling.translations import Outcome, as_json, summary_of, translated_items
from qantara.evaluate.prompting.arms import Arm
from qantara.evaluate.prompting.asking import ItemAsks, item_asks, option_values, predictions_of
from qantara.evaluate.prompting.prompts import shots_for
from qantara.evaluate.room import Room
from qantara.evaluate.settings import EvaluationConfig
from qantara.evaluate.sitting import Sitting
from qantara.records import Choice, Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmResult:
    """What an arm gave, items in order: as they were asked (`asked`), predictions, counts of translations and replies, costs.

    `found` holds for each item the likelihoods of its questions, None where one got no answer; empty where nothing was scored.
    `translations` has a row an item that went through a translator, with the texts of each leg; `doubts` says by family why one is
    doubted. `num_unanswered` questions got no answer and have no prediction by likelihood: the same command asks again.
    """

    arm: Arm
    task: str
    asked: tuple[ItemAsks, ...]
    predictions: tuple[Prediction, ...]
    cost: ArmCost
    found: tuple[Sequence[Found] | None, ...] = ()
    translation: Mapping[str, object] | None = None
    translations: Sequence[Mapping[str, object]] = ()
    doubts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    replies: Sequence[Mapping[str, object]] = ()
    num_unanswered: int = 0


def run_arm(
    task: str, arm: Arm, items: Sequence[Choice], shots: Sequence[Choice], config: EvaluationConfig, room: Room
) -> ArmResult:
    """Return the result of an arm over a task's items, which are of both languages; those that the arm starts from are taken."""
    meter = Meter(arm.name)
    given = [item for item in items if item.language == _start(arm, config.direction)]
    asked, outcomes = (_translated(given, arm, config, room, meter)) if arm.is_translated else (given, ())
    spec = config.spec(arm)
    entries = tuple(item_asks(item, shots_for(item, shots, spec), spec, config, room.tokenizer) for item in asked)
    predictions: list[Prediction] = []
    cost = ArmCost()
    found: list[Sequence[Found] | None] = []
    if room.answers is not None and not arm.back:
        found, cost = _scored(entries, _noted(room.answers, meter))
        for entry, answers in zip(entries, found, strict=True):
            if answers is not None:
                predictions += predictions_of(entry, option_values(entry, answers), Sitting(room.model, task, arm.name))
    counts: Sequence[Mapping[str, object]] = ()
    if room.replying is not None and "generate" in config.scoring:
        sitting = Sitting(room.model, task, arm.name)
        written, counts = replied(arm, (given, asked), shots, config, (room, meter, sitting))
        predictions += written
    return ArmResult(
        arm=arm,
        task=task,
        asked=entries,
        predictions=tuple(predictions),
        cost=cost + replace(cost_of(meter, room.engine, room.prices), wall_seconds=0.0),
        translation=summary_of(outcomes) if outcomes else None,
        translations=[
            {"id": item.origin.native_id} | as_json(outcome) for item, outcome in zip(given, outcomes, strict=False)
        ],
        doubts=_doubts(given, outcomes),
        replies=counts,
        found=tuple(found),
        num_unanswered=found.count(None),
    )


def _start(arm: Arm, direction: tuple[str, str]) -> str:
    return direction[0] if arm.items in ("source", "round-trip") else direction[1]


def _translated(
    items: Sequence[Choice], arm: Arm, config: EvaluationConfig, room: Room, meter: Meter
) -> tuple[Sequence[Choice], Sequence[Outcome]]:
    if room.open_route is None:
        raise RecipeError("qantara evaluate", [f"the arm {arm.name} translates: give a translator"])
    source, target = config.direction
    languages = (source, target, source) if arm.items == "round-trip" else (target, source)
    found = translated_items(items, room.open_route(languages, meter), room.advance)
    return found.items, found.outcomes


def _scored(entries: Sequence[ItemAsks], answers: Answers) -> tuple[list[Sequence[Found] | None], ArmCost]:
    """Return the answers to each item's questions, None where one of them got none, and what they took."""
    before = _use(answers)
    came = iter(answers.likelihoods([ask.question for entry in entries for ask in entry.asks]))
    found: list[Sequence[Found] | None] = []
    for entry in entries:
        given = [next(came) for _ in entry.asks]
        known = [answer for answer in given if answer is not None]
        found.append(known if len(known) == len(given) else None)
    tokens, seconds = (now - then for now, then in zip(_use(answers), before, strict=True))
    return found, scoring_cost(int(tokens), seconds)


def _noted(answers: Answers, meter: Meter) -> Answers:
    return answers.metered(meter) if isinstance(answers, ServerAnswers) else answers


def _use(answers: Answers) -> tuple[float, float]:
    return (answers.num_tokens, answers.seconds) if isinstance(answers, LocalAnswers) else (0, 0.0)


def _doubts(items: Sequence[Choice], outcomes: Sequence[Outcome]) -> dict[str, tuple[str, ...]]:
    """Return by family why a translation is doubted: the failed checks, or why there is none."""
    doubts: dict[str, tuple[str, ...]] = {}
    for item, outcome in zip(items if outcomes else (), outcomes, strict=True):
        if outcome.is_fallback:
            doubts[item.origin.family] = (f"asked untranslated: {outcome.reason}",)
        elif outcome.is_doubted:
            doubts[item.origin.family] = tuple(f.message for f in outcome.findings if f.severity == "fail")
    return doubts
