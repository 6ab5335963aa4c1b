"""Checks that the facts of a dialogue are its item's: every number and every drug that somebody states.

What a doctor asks states nothing, so questions in a doctor's turn are left out. Whether a fact is about the right thing (the weight
and not the dose) is not checked here.
"""

from collections.abc import Iterator, Sequence

from qantara.records import Choice, Turn, text_fields
from qantara.synthesize.facts import Said, has_amount, is_question, joined, sentences
from qantara.synthesize.tags import Fault


def grounding_faults(item: Choice, turns: Sequence[Turn], languages: Sequence[str]) -> Iterator[Fault]:
    """Yield a fault for each turn with a number or a drug that the item does not have; `languages` is that of each turn."""
    source = Said(joined(list(text_fields(item).values())), item.language)
    for number, (turn, code) in enumerate(zip(turns, languages, strict=True), start=1):
        stated = Said(_stated(turn), code)
        invented = [q for q in stated.quantities if not has_amount(q, source.reading.quantities)]
        if invented:
            yield Fault("facts.number", f"turn {number}: {len(invented)} number(s) that the item does not have")
        drugs = [drug for drug in sorted(stated.drugs) if not source.may_name(drug)]
        if drugs:
            yield Fault("facts.drug", f"turn {number}: {len(drugs)} drug(s) that the item does not name")


def _stated(turn: Turn) -> str:
    kept = [s for s in sentences(turn.text) if turn.role != "assistant" or not is_question(s)]
    return joined(kept)
