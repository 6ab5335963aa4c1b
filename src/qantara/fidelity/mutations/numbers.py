"""Faults of numbers: ten times the value, a shifted decimal, another order, a number lost, made up or at the wrong drug.

Digits stay in their system and separators in their style. Names (HbA1c, COVID-19), citations and years are left alone.
"""

import re
from collections.abc import Iterator
from itertools import combinations, pairwise
from random import Random
from typing import NamedTuple

from qantara.fidelity.mutations.scene import Edit, Scene, deleted, reversed_pair
from qantara.fidelity.mutations.spellings import forms, words_for
from qantara.fidelity.quantities import Quantity, digit_scripts
from qantara.fidelity.reading import Reading
from qantara.fidelity.vocabulary import range_words, words_of
from qantara.languages import (
    ARABIC_COMMA,
    DECIMAL_SEPARATOR,
    DIGIT_SCRIPTS,
    THOUSANDS_SEPARATOR,
    WESTERN_DIGITS,
    language,
)

_DIGITS = "".join(DIGIT_SCRIPTS.values())
_SEPARATORS = f".,'{ARABIC_COMMA}{DECIMAL_SEPARATOR}{THOUSANDS_SEPARATOR}"
_BODY = re.compile(rf"[{_DIGITS}]+(?:[{_SEPARATORS}][{_DIGITS}]+)*")
_CITATION = re.compile(r"\[[^\[\]]{0,60}\]|\([^()]{0,60}\b(?:19|20)[0-9]{2}[a-z]?\)|\b(?:https?|www|doi)\S*")
_YEARS = range(1900, 2100)
_RANGE_SIGNS = frozenset({"-", "--", "~"})
_RATIO_SIGNS = frozenset({"/", ":"})
_JOINTS = frozenset("-/:~.,×x–")
_LONGEST_GAP = 24
_NEAR_CHARACTERS = 12
_PLAUSIBLE_VALUES = (15, 20, 25, 30, 40, 50, 60, 75, 80, 120, 150, 250, 300, 400)
_PLAUSIBLE_UNITS = ("mg", "mL", "mcg", "%")


class Body(NamedTuple):
    """The digits of a number as written, and the sign before its decimals ("" for none)."""

    text: str
    sign: str

    @property
    def digits(self) -> str:
        """Return the digits alone."""
        return "".join(character for character in self.text if character in _DIGITS)

    @property
    def zero(self) -> str:
        """Return the zero of the system of the last digit."""
        return next(digits[0] for digits in DIGIT_SCRIPTS.values() if self.text[-1] in digits)

    @property
    def separator(self) -> str:
        """Return the sign between thousands, "" for none."""
        signs = [character for character in self.text if character not in _DIGITS and character != self.sign]
        return signs[0] if signs else ""


def numbers(reading: Reading) -> list[Quantity]:
    """Return the numbers in digits that say something: no names, citations, or years."""
    cited = [match.span() for match in _CITATION.finditer(reading.text)]
    return [
        quantity
        for quantity in reading.quantities
        if not quantity.is_word
        and not quantity.is_name
        and not any(first <= quantity.start < last for first, last in cited)
        and (quantity.unit.name or quantity.value not in _YEARS)
    ]


def body_of(reading: Reading, quantity: Quantity) -> Body | None:
    """Return the digits of a number as written; None when it has a power, a fraction sign or something odd inside."""
    written = reading.quote(quantity.start, quantity.end)
    match = _BODY.match(written)
    if match is None or not (written[match.end() :].strip() or "a").isalpha():
        return None
    sign = quantity.decimal_sign
    if sign and match[0].count(sign) != 1:
        return None
    return Body(match[0], sign)


def value_x10(scene: Scene, _: Random) -> Iterator[Edit]:
    """Yield ten times the value of each number."""
    for quantity, body in _bodies(scene):
        yield _with_body(scene, quantity, body, times_ten(body))


def decimal_shifted(scene: Scene, random: Random) -> Iterator[Edit]:
    """Yield another place of the decimal sign for each number that has one; where none has, a sign before the last digit."""
    found = list(_bodies(scene))
    with_sign = [(quantity, body) for quantity, body in found if body.sign]
    with_unit = [(quantity, body) for quantity, body in found if quantity.unit.name]
    for quantity, body in with_sign or with_unit or found:
        usual = decimal_sign(body, scene.target.language)
        after = times_ten(body) if body.sign and random.random() < 0.5 else tenth(body, usual)
        yield _with_body(scene, quantity, body, after)


def times_ten(body: Body) -> str:
    """Return the digits of ten times a number, in its style."""
    if not body.sign:
        return _grouped(body.digits + body.zero, body.separator)
    whole, _, decimals = body.text.rpartition(body.sign)
    whole = (whole + decimals[0]).lstrip(body.zero) or body.zero
    return f"{whole}{body.sign}{decimals[1:]}" if decimals[1:] else whole


def tenth(body: Body, usual_sign: str) -> str:
    """Return the digits of a tenth of a number, in its style."""
    whole, sign, decimals = body.text.rpartition(body.sign) if body.sign else (body.digits, usual_sign, "")
    whole = "".join(character for character in whole if character in _DIGITS)
    return f"{whole[:-1] or body.zero}{sign}{whole[-1:]}{decimals}"


def decimal_sign(body: Body, code: str) -> str:
    """Return the decimal sign that the language writes between digits of the number's system."""
    signs = language(code).decimal_separators
    return "." if body.zero == WESTERN_DIGITS[0] and "." in signs else signs[0]


def range_reversed(scene: Scene, _: Random) -> Iterator[Edit]:
    """Yield each range with its ends exchanged."""
    for one, two, gap in _neighbors(scene):
        if one.value < two.value and (gap.strip() in _RANGE_SIGNS or _joined_by_word(scene.target, one, gap)):
            yield reversed_pair(scene.target, (one.start, one.end), (two.start, two.end))


def ratio_reversed(scene: Scene, _: Random) -> Iterator[Edit]:
    """Yield each ratio (120/80, 1:100) with its sides exchanged; dates and clock times are none."""
    text = scene.target.text
    for one, two, gap in _neighbors(scene):
        around = text[one.start - 1 : one.start] + text[two.end : two.end + 1]
        has_unit = one.unit_end > one.end
        is_time = gap == ":" and two.end - two.start == 2 and two.value < 60
        if (
            gap.strip() in _RATIO_SIGNS
            and one.value != two.value
            and not is_time
            and not has_unit
            and not set(around) & _RATIO_SIGNS
        ):
            yield reversed_pair(scene.target, (one.start, one.end), (two.start, two.end))


def number_dropped(scene: Scene, random: Random) -> Iterator[Edit]:
    """Yield the text without each number, sometimes without its unit too; parts of ranges, ratios and lists stay."""
    text = scene.target.text
    named = {quantity.value for quantity in scene.source.quantities if quantity.is_name}
    named -= {quantity.value for quantity in scene.source.quantities if not quantity.is_name}
    for quantity in numbers(scene.target):
        end = quantity.unit_end if quantity.unit_end > quantity.end and random.random() < 0.5 else quantity.end
        around = text[: quantity.start].rstrip()[-1:] + text[quantity.end :].lstrip()[:1]
        glued = text[quantity.start - 1 : quantity.start].isalpha() if quantity.start else False
        if not set(around) & _JOINTS and not glued and quantity.value not in named:
            yield deleted(scene.target, quantity.start, end)


def number_added(scene: Scene, random: Random) -> Iterator[Edit]:
    """Yield the text with an amount that neither side has, behind a drug or before the final mark."""
    known = {int(q.value) for side in (scene.source, scene.target) for q in side.quantities if abs(q.value) < 10**9}
    value = random.choice([value for value in _PLAUSIBLE_VALUES if value not in known] or [555])
    spelled = forms("units", "unit", scene.target.language).get(random.choice(_PLAUSIBLE_UNITS), ())
    if not spelled or not scene.target.tokens:
        return
    unit = next((form.written for form in spelled if not form.written.isascii()), spelled[0].written)
    amount = f" ({_in_digits(value, scene.text)} {unit})"
    ends = [cue.end for cue in scene.target.cues("drug")] or [scene.target.starts[-1] + len(scene.target.tokens[-1])]
    for end in ends:
        place = scene.target.span(end - 1, end).end
        yield Edit(place, place, amount)


def amounts_swapped(scene: Scene, _: Random) -> Iterator[Edit]:
    """Yield the text with two amounts of one unit exchanged, each of which stands close to another drug."""
    owned = []
    for quantity in numbers(scene.target):
        owner = _drug_at(scene.target, quantity)
        if owner and quantity.unit.family == "dose" and body_of(scene.target, quantity):
            owned.append((quantity, owner))
    for (one, drug), (two, other) in combinations(owned, 2):
        if one.value != two.value and drug != other and one.unit.name == two.unit.name:
            yield reversed_pair(scene.target, (one.start, one.end), (two.start, two.end))


def _drug_at(reading: Reading, quantity: Quantity) -> str:
    """Return the drug that stands next to a number, "" when none is near."""
    distances = {
        cue.value: max(cue.start - quantity.unit_end, quantity.start - cue.end) for cue in reading.cues("drug")
    }
    nearest = min(distances, key=lambda value: distances[value], default="")
    return nearest if nearest and distances[nearest] <= _NEAR_CHARACTERS else ""


def _bodies(scene: Scene) -> Iterator[tuple[Quantity, Body]]:
    for quantity in numbers(scene.target):
        body = body_of(scene.target, quantity)
        if body is not None and quantity.value:
            yield quantity, body


def _with_body(scene: Scene, quantity: Quantity, body: Body, after: str) -> Edit:
    start = scene.target.span(quantity.start, quantity.end).start
    return Edit(start, start + len(body.text), after)


def _grouped(digits: str, separator: str) -> str:
    if not separator:
        return digits
    first = len(digits) % 3 or 3
    return separator.join([digits[:first], *(digits[i : i + 3] for i in range(first, len(digits), 3))])


def _neighbors(scene: Scene) -> Iterator[tuple[Quantity, Quantity, str]]:
    found = numbers(scene.target)
    for one, two in pairwise(found):
        gap = scene.target.text[max(one.end, one.unit_end) : two.start]
        if 0 < len(gap) <= _LONGEST_GAP:
            yield one, two, gap


def _joined_by_word(reading: Reading, one: Quantity, gap: str) -> bool:
    """Tell whether a word makes a range of two numbers; "and" does so only behind "between"."""
    if gap.strip() not in range_words(reading.language):
        return False
    before = words_of(reading.text[: one.start])[-1:]
    is_between = bool(set(before) & words_for(reading.language, "between"))
    return is_between or gap.strip() not in words_for(reading.language, "joins")


def _in_digits(value: int, text: str) -> str:
    scripts = digit_scripts(text)
    return str(value).translate(str.maketrans(WESTERN_DIGITS, DIGIT_SCRIPTS[scripts[0]])) if scripts else str(value)
