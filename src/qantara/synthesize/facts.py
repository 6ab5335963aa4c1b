"""What a text says that can be compared across languages: numbers, drugs, sides and other opposites, how often, which way.

Numbers and lexicons are those of `fidelity`; a drug's name that is in no lexicon is found by its sound. Nothing is judged here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from qantara.fidelity.quantities import Quantity
from qantara.fidelity.reading import Reading, read
from qantara.fidelity.transliteration import nearest_drugs
from qantara.fidelity.units import converted
from qantara.languages import language, script_of

CUES = ("antonym", "frequency", "route")
_MEASURED = frozenset({"dose", "time", "length"})
_LEAST_LETTERS = 4
_NEAR = Decimal("0.005")
_SENTENCE_ENDS = ".!?\u061f\u061b\n"
QUESTION_MARKS = "?\u061f"


@dataclass(frozen=True)
class Said:
    """A text and its language, read once."""

    text: str
    language: str

    @cached_property
    def reading(self) -> Reading:
        """Return what the text says."""
        return read(self.text, self.language)

    @cached_property
    def drugs(self) -> frozenset[str]:
        """Return the drugs named, combinations as their parts."""
        return frozenset(drug for value in self.reading.values("drug") for drug in value.split("/"))

    @cached_property
    def quantities(self) -> tuple[Quantity, ...]:
        """Return the numbers that state something: those in digits but for names, and words above one with a measured unit."""
        return tuple(
            quantity
            for quantity in self.reading.quantities
            if not quantity.is_name
            and (not quantity.is_word or (quantity.unit.family in _MEASURED and quantity.value != 1))
        )

    @cached_property
    def cues(self) -> frozenset[str]:
        """Return sides and opposites, frequencies and routes, as "kind value"."""
        return frozenset(f"{kind} {value}" for kind in CUES for value in self.reading.values(kind))

    def may_name(self, drug: str) -> bool:
        """Tell whether a drug is named, by a lexicon or, in a script other than Latin, by a word that sounds like it."""
        return drug in self.drugs or drug in self._sounding

    @cached_property
    def _sounding(self) -> frozenset[str]:
        script = language(self.language).script
        if script == "LATIN":
            return frozenset()
        words = {t for t in self.reading.tokens if len(t) >= _LEAST_LETTERS and script_of(t[0]) == script}
        return frozenset(drug for word in words for drug in nearest_drugs(word, self.language))


def sentences(text: str) -> list[str]:
    """Return the sentences of a text with their end marks; a full stop inside a number ends none."""
    found: list[str] = []
    start = 0
    for i, sign in enumerate(text):
        inside = sign == "." and text[i + 1 : i + 2].strip() != ""
        if sign in _SENTENCE_ENDS and not inside:
            found.append(text[start : i + 1].strip())
            start = i + 1
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def is_question(sentence: str) -> bool:
    """Tell whether a sentence ends in a question mark of either script."""
    return sentence.rstrip().endswith(tuple(QUESTION_MARKS))


def same_amount(a: Quantity, b: Quantity) -> bool:
    """Tell whether two numbers can be the same fact: equal values with units that don't differ, or equal amounts in other units.

    What is counted (beats, times, tablets) is no unit here: languages count in too many ways. A count in words ("two of three") is
    no amount of anything measured.
    """
    if any(x.unit.family in _MEASURED and y.is_word and not y.unit.name for x, y in ((a, b), (b, a))):
        return False
    units = {quantity.unit.name for quantity in (a, b) if quantity.unit.family not in ("", "count")}
    if len(units) < 2 and _values(a) & _values(b):
        return True
    ours, theirs = converted(a.value, a.unit.name), converted(b.value, b.unit.name)
    if ours is None or theirs is None or ours[0] != theirs[0]:
        return False
    return abs(ours[1] - theirs[1]) <= abs(ours[1]) * _NEAR


def has_amount(wanted: Quantity, among: Iterable[Quantity]) -> bool:
    """Tell whether a number is among others."""
    return any(same_amount(wanted, quantity) for quantity in among)


def _values(quantity: Quantity) -> frozenset[Decimal]:
    found = {quantity.value, *quantity.candidates}
    return frozenset(found | ({quantity.other} if quantity.other is not None else set()))


def joined(texts: Sequence[str]) -> str:
    """Return texts as one, each a paragraph."""
    return "\n".join(text for text in texts if text)
