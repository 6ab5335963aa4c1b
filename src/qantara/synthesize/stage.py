"""Reads items, writes one `Dialogue` for each form an item gets, or a rejection with its reason. Streams: any number goes through.

How BiMediX made its 200 thousand dialogues is not published beyond "the patient opens, the doctor asks back, then advises";
prompt and checks are this project's own.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from qantara.llm.streaming import in_order
from qantara.records import Choice, Dialogue, Example, Rejection
from qantara.synthesize.config import SynthesizeConfig
from qantara.synthesize.forms import Order, forms_of
from qantara.synthesize.room import Room
from qantara.synthesize.writing import Written, write


def orders(
    examples: Iterable[Example], config: SynthesizeConfig, direction: tuple[str, str], seed: int
) -> Iterator[Order]:
    """Yield what is to be made, in order: each Choice once for each of its forms, any other record once (to be rejected)."""
    for example in examples:
        forms = forms_of(example.id, config.forms, config.forms_per_item, direction, seed)
        for form in forms if isinstance(example, Choice) else forms[:1]:
            yield Order(example, form)


def synthesize(
    examples: Iterable[Example], config: SynthesizeConfig, room: Room, seed: int
) -> Generator[Dialogue | Rejection, None, dict[str, Any]]:
    """Yield the dialogue or the rejection of each order, in order; return counts for the summary."""
    forms: dict[str, Counter[str]] = {}
    found: Counter[str] = Counter()
    turns: Counter[int] = Counter()

    async def work(order: Order) -> Written:
        return await write(order, config, room)

    for written in in_order(orders(examples, config, room.direction, seed), work, room.capacity, room.close):
        found.update({fault.reason for fault in written.faults})
        if isinstance(written.order.item, Choice):
            counts = forms.setdefault(written.order.form.name, Counter(kept=0, rejected=0))
            counts["rejected" if written.dialogue is None else "kept"] += 1
        if written.dialogue is None:
            yield _rejection(written)
            continue
        turns[len(written.dialogue.turns)] += 1
        yield written.dialogue
    return {
        "forms": {name: dict(counts) for name, counts in sorted(forms.items())},
        "found_by_check": dict(found.most_common()),
        "dialogues_by_turns": {str(number): count for number, count in sorted(turns.items())},
    }


def _rejection(written: Written) -> Rejection:
    item, form = written.order.item, written.order.form
    first, *others = written.faults
    also = f"; also {', '.join(dict.fromkeys(fault.reason for fault in others))}" if others else ""
    return Rejection(
        record_id=item.id,
        native_id=item.origin.native_id,
        stage="synthesize",
        reason=first.reason,
        detail=f"{'-'.join(form.languages)}: {first.detail}{also}",
    )
