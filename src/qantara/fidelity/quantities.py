"""The numbers of a text: those written in digits, with unit and whether they only belong to a name (HbA1c, COVID-19), and words.

Every number keeps its place in the folded text. What two texts have in common is for `matching` to find.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from qantara.fidelity.folding import NARROW_SPACE, VULGAR_FRACTIONS, Folded
from qantara.fidelity.numerals import Numeral, lone_fraction, numeral_at
from qantara.fidelity.units import NO_UNIT, Unit, is_unit, unit_after, unit_before
from qantara.fidelity.vocabulary import clitics
from qantara.fidelity.word_hits import Cue, Hits
from qantara.fidelity.word_numbers import WordNumber, word_numbers
from qantara.languages import DECIMAL_SEPARATOR, DIGIT_SCRIPTS

_VULGAR = re.compile(f"[{VULGAR_FRACTIONS}]")
_MOLAR = re.compile(r"[ -]?([mnμ])m(?!\w)")
_MOL_A_LITER = re.compile(r"[ \u00a0]m(?!\w)")
_MOLAR_UNITS = {"m": "mmol/L", "n": "nmol/L", "μ": "mcmol/L"}
_GLUED_COUNTS = frozenset({"x", "q", "ph"})
_GLUED_ENDINGS = frozenset({"st", "nd", "rd", "th", "s", "x", "e"})
_JOINED_MAGNITUDE = re.compile(r"[ +\u00a0-]*")
_LONGEST_ONE_IN, _LOOK_BACK = 8, 16
_SIGNS_THAT_END = frozenset(".,)]")


class Quantity(NamedTuple):
    """One number: its exact value, a second reading of its separators (or None), unit, and span in the folded text.

    `unit_end` is where its unit ends. `form` is "digits", or the kind of number word; `candidates` holds every value that
    words can be read as ("three quarters": 0.75, 3 and 0.25). `is_name` marks a number that is part of a name, `is_one_in` the 1 of
    "1 in 5".
    """

    value: Decimal
    start: int
    end: int
    unit: Unit = NO_UNIT
    unit_end: int = 0
    form: str = "digits"
    other: Decimal | None = None
    candidates: frozenset[Decimal] = frozenset()
    decimal_sign: str = ""
    is_name: bool = False
    is_one_in: bool = False

    @property
    def is_word(self) -> bool:
        """Tell whether the number is written in words."""
        return self.form != "digits"


def quantities_of(
    folded: Folded, code: str, tokens: Sequence[str], starts: Sequence[int], hits: Hits
) -> tuple[Quantity, ...]:
    """Return the numbers of a text in order, those in digits and those in words."""
    words = word_numbers(hits, folded.text, code)
    magnitudes = {cue.first_token: cue for cue in hits.of_kind("number:magnitude")}
    found: list[Quantity] = []
    used: set[int] = set()
    last_end = -1
    for i in hits.digits:
        if starts[i] < last_end:
            continue
        numeral, start = _numeral(folded.text, starts[i], code)
        magnitude = _magnitude(magnitudes, starts, i, numeral.end) if magnitudes else None
        if magnitude and not _JOINED_MAGNITUDE.fullmatch(folded.text, numeral.end, magnitude.start):
            magnitude = None
        if magnitude:
            used.add(magnitude.first_token)
        quantity = _digit_quantity(folded, code, (start, numeral), magnitude, tokens[i - 1] if i else "")
        last_end = quantity.end
        found.append(quantity)
    if _VULGAR.search(folded.text):
        found += _lone_fractions(folded.text, found, code)
        found.sort(key=lambda quantity: quantity.start)
    found += [_word_quantity(folded.text, code, word) for word in words if not used & set(word.tokens)]
    if words:
        found.sort(key=lambda quantity: quantity.start)
    return tuple(_ones_marked(found, folded.text, hits))


def _magnitude(magnitudes: Mapping[int, Cue], starts: Sequence[int], i: int, end: int) -> Cue | None:
    """Return the magnitude ("million") that the word after the number at token `i` is."""
    while i < len(starts) and starts[i] < end:
        i += 1
    return magnitudes.get(i)


def _ones_marked(found: list[Quantity], text: str, hits: Hits) -> list[Quantity]:
    """Return the numbers with the 1 of "1 in 5" and the number of a drug's name ("5-fluorouracil") marked."""
    drugs = {cue.start for cue in hits.of_kind("drug")}
    for i, quantity in enumerate(found):
        if quantity.is_word or quantity.unit.name:
            continue
        if text[quantity.end : quantity.end + 1] == "-" and quantity.end + 1 in drugs:
            found[i] = quantity._replace(is_name=True)
        elif quantity.value == 1 and i + 1 < len(found) and _is_one_in(text[quantity.end : found[i + 1].start]):
            found[i] = quantity._replace(is_one_in=True)
    return found


def _is_one_in(gap: str) -> bool:
    return len(gap) <= _LONGEST_ONE_IN and gap.strip().isalpha() and gap != gap.strip()


def digit_scripts(text: str) -> tuple[str, ...]:
    """Return the digit systems that occur in a piece of an original text."""
    return tuple(name for name, digits in DIGIT_SCRIPTS.items() if any(character in digits for character in text))


def _numeral(text: str, start: int, code: str) -> tuple[Numeral, int]:
    """Return the number at `start` and where it starts: one place earlier for ".5"."""
    numeral = numeral_at(text, start, code)
    if start and text[start - 1] in (".", DECIMAL_SEPARATOR) and numeral.value == int(numeral.value):
        before = text[start - 2 : start - 1] if start > 1 else ""
        glued_word = start > 3 and text[start - 2].isalpha() and text[start - 3] == " "
        if (not before.isalnum() and before not in _SIGNS_THAT_END) or glued_word:
            digits = text[start : numeral.end]
            if digits.isdecimal():
                return Numeral(Decimal(f"0.{digits}"), None, numeral.end, text[start - 1]), start - 1
    return numeral, start


def _digit_quantity(
    folded: Folded, code: str, placed: tuple[int, Numeral], magnitude: Cue | None, word_before: str
) -> Quantity:
    start, numeral = placed
    text, end = folded.text, numeral.end
    factor, unit_start = (Decimal(magnitude.value), magnitude.end) if magnitude else (Decimal(1), end)
    unit = _unit(folded, unit_start, code)
    if not unit.name and not unit.period and word_before and _stands_right_before(text, word_before, start):
        unit = unit_before(word_before, code)
    return Quantity(
        value=numeral.value * factor,
        other=None if numeral.other is None else numeral.other * factor,
        start=start,
        end=magnitude.end if magnitude else end,
        unit=unit,
        unit_end=unit_start + unit.length,
        decimal_sign=numeral.decimal_sign,
        is_name=_is_name(folded, start, end, word_before, code),
    )


def _stands_right_before(text: str, word: str, start: int) -> bool:
    end = start - 1 if text[start - 1 : start] in (" ", NARROW_SPACE) else start
    return text.endswith(word, 0, end)


def _unit(folded: Folded, place: int, code: str) -> Unit:
    text = folded.text
    following = text[place : place + 1]
    if following == "s" and not text[place + 1 : place + 2].isalnum():  # "over 65s" are no seconds
        return NO_UNIT
    if "m" not in text[place : place + 3]:
        return unit_after(text, place, code)
    if _MOL_A_LITER.match(text, place) and folded.quote(place, place + 2).endswith("M"):  # folded, M would be a metre
        return Unit("mol/L", "dose", "", 2)
    molar = _MOLAR.match(text, place)
    if molar and folded.quote(molar.end() - 1, molar.end()) == "M":  # folded, mM (millimolar) would be mm
        return Unit(_MOLAR_UNITS[molar[1]], "dose", "", molar.end() - place)
    return unit_after(text, place, code)


def _is_name(folded: Folded, start: int, end: int, word_before: str, code: str) -> bool:
    """Tell whether a number belongs to a name: letters glued before it (B12, COVID-19) or a capital after it (5-FU, 2B)."""
    text = folded.text
    hyphen = start > 0 and text[start - 1] == "-"
    letters_end = start - 1 if hyphen else start
    if letters_end > 0 and word_before and word_before[0].isalpha() and text.endswith(word_before, 0, letters_end):
        if word_before in clitics(code) or (hyphen and is_unit(word_before, code)):
            return False
        return word_before not in _GLUED_COUNTS
    after = _glued_after(text, end)
    if not after:
        return False
    letters, place = after
    is_capital = folded.quote(place, place + 1).isupper()
    return is_capital and letters not in _GLUED_ENDINGS and not is_unit(letters, code)


_AFTER = re.compile(r"[^\W\d_]+|-[a-z]{2,}")


def _glued_after(text: str, end: int) -> tuple[str, int] | None:
    match = _AFTER.match(text, end)
    if match is None:
        return None
    letters = match[0].lstrip("-")
    return letters, match.end() - len(letters)


def _lone_fractions(text: str, found: Sequence[Quantity], code: str) -> list[Quantity]:
    covered = {place for quantity in found for place in range(quantity.start, quantity.end)}
    made = []
    for match in _VULGAR.finditer(text):
        if match.start() not in covered:
            unit = unit_after(text, match.end(), code)
            value, end = lone_fraction(match[0]), match.end()
            made.append(Quantity(value=value, start=match.start(), end=end, unit=unit, unit_end=end + unit.length))
    return made


def _word_quantity(text: str, code: str, word: WordNumber) -> Quantity:
    unit = Unit(word.unit, "", "", 0) if word.unit else unit_after(text, word.end, code)
    if not unit.name and not unit.period and word.form == "cardinal" and word.value == 1:
        unit = _unit_counted_after(text[max(0, word.start - _LOOK_BACK) : word.start].split(), code)
    return Quantity(
        value=word.value,
        candidates=word.candidates,
        form=word.form,
        start=word.start,
        end=word.end,
        unit=unit,
        unit_end=word.end + unit.length,
    )


def _unit_counted_after(words: Sequence[str], code: str) -> Unit:
    """Return the unit that a "one" after it counts ("a gram, one" in Arabic), unless a number before counts it already."""
    is_counted = len(words) > 1 and words[-2][-1:].isdecimal()
    return NO_UNIT if not words or is_counted else unit_before(words[-1], code)
