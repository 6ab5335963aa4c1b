"""One order through the writing model, the checks and the judge: a dialogue, or what is wrong.

An answer that is cut off, out of form or at fault is asked for again, a bounded number of times; then the last one's faults count.
"""

from dataclasses import dataclass, replace

from qantara.errors import CallFailed
from qantara.llm.readable import Asking, ask_readable, why_of_no_use
from qantara.records import Choice, Dialogue, Turn, text_fields, with_id
from qantara.synthesize.checks import faults_of
from qantara.synthesize.config import SynthesizeConfig
from qantara.synthesize.forms import Form, Order
from qantara.synthesize.frame import model_talk
from qantara.synthesize.judging import read_verdict, schema
from qantara.synthesize.prompting import dialogue_request, judge_request
from qantara.synthesize.room import Room
from qantara.synthesize.tags import Fault, has_reserved_markup, read_turns

_JUDGE_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Written:
    """What came of an order: a dialogue, or the faults that speak against it."""

    order: Order
    dialogue: Dialogue | None
    faults: tuple[Fault, ...] = ()


async def write(order: Order, config: SynthesizeConfig, room: Room) -> Written:
    """Return the dialogue of an order, or its faults."""
    item, form = order.item, order.form
    if not isinstance(item, Choice):
        return Written(
            order, None, (Fault("not_a_choice", f"a record of kind {item.kind} has no right answer to advise"),)
        )
    if fault := _unusable(item):
        return Written(order, None, (fault,))
    try:
        turns, faults = await _turns(item, form, config, room)
        faults = faults or await _judged(item, turns, config, room)
    except CallFailed as error:
        return Written(order, None, (Fault(f"call.{error.fault}", "the call got no answer, also after retries"),))
    return Written(order, None if faults else dialogue_of(item, form, turns), faults)


def dialogue_of(item: Choice, form: Form, turns: tuple[Turn, ...]) -> Dialogue:
    """Return the record of a dialogue: a child of its item, of the same family."""
    origin = replace(item.origin, family=item.origin.family or item.id, parent=item.id)
    made = with_id(Dialogue(id="", language=form.record_language, origin=origin, turns=turns))
    if not isinstance(made, Dialogue):
        raise TypeError("an id changes no kind")
    return made


def _unusable(item: Choice) -> Fault | None:
    if len(item.options) < 2 or not 0 <= item.answer_index < len(item.options):
        return Fault("item.no_answer", "the item names no right answer among two options or more")
    if not item.question.strip() or not all(option.strip() for option in item.options):
        return Fault("item.empty", "the question or an option is empty")
    if any(has_reserved_markup(text) for text in text_fields(item).values()):
        return Fault("item.reserved_markup", "the text holds the tags that the prompt uses")
    return None


async def _turns(
    item: Choice, form: Form, config: SynthesizeConfig, room: Room
) -> tuple[tuple[Turn, ...], tuple[Fault, ...]]:
    """Return the turns of the first answer without a fault, else none and the faults of the last answer."""
    last: list[tuple[Fault, ...]] = []

    def read(text: str) -> tuple[Turn, ...] | None:
        turns = read_turns(text)
        if isinstance(turns, Fault):
            last.append((_form_fault(turns, text, form),))
            return None
        last.append(faults_of(item, form, turns, config, room.encoder))
        return None if last[-1] else turns

    request = dialogue_request(item, form, config)
    response, turns = await ask_readable(
        room.writer, request, read, Asking(purpose="synthesize", resamples=config.resamples)
    )
    if turns is not None:
        return turns, ()
    return (), (Fault(*why_of_no_use(response)),) if response.finish_reason != "stop" else last[-1]


def _form_fault(fault: Fault, text: str, form: Form) -> Fault:
    """Return the fault of an answer's form, or that the whole answer is a refusal."""
    talk = next((found for code in form.languages if (found := model_talk(text, code))), "")
    return Fault(talk, "the whole answer") if talk and fault.reason == "form.no_turns" else fault


async def _judged(item: Choice, turns: tuple[Turn, ...], config: SynthesizeConfig, room: Room) -> tuple[Fault, ...]:
    """Return what the judge holds against a dialogue; without a judge nothing."""
    if room.judge is None or config.judge is None:
        return ()
    request = judge_request(item, turns, config.judge.model, _JUDGE_TOKENS, schema())
    _, verdict = await ask_readable(
        room.judge, request, read_verdict, Asking(purpose="judge", resamples=config.resamples)
    )
    if verdict == "agrees":
        return ()
    if verdict is None:
        return (Fault("judge.unreadable", "the judge's answer can't be read, so nobody has judged this dialogue"),)
    return (Fault(f"judge.{verdict}", "the judge does not find that the advice agrees with the item"),)
