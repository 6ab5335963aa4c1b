"""The arms of an evaluation: in which language an item stands, which language asks, which labels its options have.

A name says it all, with the run's two language codes in it: for English and Arabic `en`, `ar`, `ar-latin`, `ar-digits`, `ar-en`,
`translated`, `translated-back`, `round-trip`. Makes no text: that is `prompts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from qantara.errors import RecipeError

Items = Literal["source", "target", "translated", "round-trip"]
LabelSet = Literal["native", "latin", "digits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One condition. `items` tells what is asked: a side of the pair as it is, or what a translator made of one.

    `language` is that of the items as they are asked, `prompt_language` that of the words around them. With `back` the reply is
    written in `language`, translated into the target language and read there.
    """

    name: str
    items: Items
    language: str
    prompt_language: str
    label_set: LabelSet
    meaning: str
    back: bool = False

    @property
    def is_translated(self) -> bool:
        """Tell whether a translator has to work before the model is asked."""
        return self.items in ("translated", "round-trip")


def known_arms(direction: tuple[str, str]) -> dict[str, Arm]:
    """Return every arm of a direction (source, target) by name, in the order in which tables show them."""
    source, target = direction

    def arm(name: str, items: Items, sides: tuple[str, str], label_set: LabelSet, meaning: str) -> Arm:
        back = name == "translated-back"
        return Arm(
            name=name,
            items=items,
            language=sides[0],
            prompt_language=sides[1],
            label_set=label_set,
            meaning=meaning,
            back=back,
        )

    arms = [
        arm(source, "source", (source, source), "native", "source language throughout"),
        arm(target, "target", (target, target), "native", "target language throughout, with its own labels"),
        arm(f"{target}-latin", "target", (target, target), "latin", "target language with Latin labels"),
        arm(f"{target}-digits", "target", (target, target), "digits", "target language with digits as labels"),
        arm(f"{target}-{source}", "target", (target, source), "latin", "target question, source-language instructions"),
        arm("translated", "translated", (source, source), "native", "target item translated, then answered"),
        arm("translated-back", "translated", (source, source), "native", "as translated; the reply translated back"),
        arm("round-trip", "round-trip", (source, source), "native", "source item translated there and back"),
    ]
    return {arm.name: arm for arm in arms}


def chosen_arms(names: Sequence[str], direction: tuple[str, str]) -> list[Arm]:
    """Return the named arms in the order given, each once; RecipeError that lists the known ones for a name that is none."""
    known = known_arms(direction)
    if unknown := [name for name in names if name not in known]:
        fault = f"no such arm: {', '.join(unknown)}; for {' and '.join(direction)} there are: {', '.join(known)}"
        raise RecipeError("qantara evaluate", [fault])
    return [known[name] for name in dict.fromkeys(names)]
