"""Reads the numbers that a text writes in digits: value, unit, and whether they only belong to a name (HbA1c, COVID-19).

Western, Arabic-Indic and Persian digits, decimal and thousands separators of both scripts, vulgar fractions, powers of ten written
as superscripts (read before any NFKC, which would turn 10⁹ into 109), and magnitudes ("1.8 million") give one exact decimal.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from qantara.fidelity.number_words import clitics, words_of_kind
from qantara.fidelity.units import Unit, is_unit, unit_at_start
from qantara.languages import (
    DECIMAL_SEPARATOR,
    DIGIT_SCRIPTS,
    INVISIBLE,
    PERCENT_SIGN,
    THOUSANDS_SEPARATOR,
    fold,
    western_digits,
)

_TATWEEL = "\u0640"
_TATWEEL_AS_DASH = re.compile(f"(?<=[0-9]){_TATWEEL}(?=[0-9])")
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"
_SAME_LENGTH = str.maketrans(
    {DECIMAL_SEPARATOR: ".", THOUSANDS_SEPARATOR: ",", PERCENT_SIGN: "%", "\u2044": "/", "\u2215": "/"}
    | dict.fromkeys(_DASHES, "-")
)
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_VULGAR = "¼½¾⅓⅔⅛⅜⅝⅞"
_NUMBER = re.compile(
    rf"""(?:
      [0-9]{{1,3}}(?:\.[0-9]{{3}})+,[0-9]{{1,2}}(?![0-9])                # 1.234,5
    | [0-9]{{1,3}}(?:[,'’\u00a0\u202f\u2009][0-9]{{3}}(?![0-9]))+(?:\.[0-9]+)?  # 1,234.5
    | [0-9]+[.,][0-9]+                                               # 2.5 and 2,5
    | (?:(?<![\w.,)\]])|(?<=\s\w))\.[0-9]+                           # .5, also after a glued one-letter word
    | [0-9]+\s?[{_VULGAR}] | [{_VULGAR}]
    | [0-9]+
    )(?P<power>[⁻⁺]?[{_SUPERSCRIPTS}]+|(?:\^|\*{{2}})[-+]?[0-9]+)?""",
    re.VERBOSE,
)
_EUROPEAN = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]{1,2}")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:[,'’\u00a0\u202f\u2009][0-9]{3})+(?:\.[0-9]+)?")
_LETTERS_BEFORE = re.compile(r"([^\W\d_]+)(-?)$")
_LETTERS_AFTER = re.compile(r"([^\W\d_]+)|-([A-Z]{2,})(?![a-z])")
_MOLAR = re.compile(r"(?<![^\W\d_])([mnµμ])M(?![^\W\d_])")  # folded, mM (millimolar) would be mm
_MOLAR_NAMES = {"m": " millimolar", "n": " nanomolar", "µ": " micromolar", "μ": " micromolar"}
_PLURAL = re.compile(r"s(?![^\W_])")  # "over 65s" are no seconds
_GLUED_COUNTS = frozenset({"x", "q", "ph"})
_GLUED_ENDINGS = frozenset({"st", "nd", "rd", "th", "s", "x", "e"})
_LONGEST_LOOK_BACK, _LONGEST_LOOK_AHEAD = 24, 60
_LARGEST_POWER = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One number in digits: its exact value, unit and span in `text`; `is_name` for a number that is part of a name.

    `start` and `end` count in the text of `readable`; `between` is the folded text from here (after the unit) to the next number.
    """

    value: Decimal
    unit: Unit
    text: str
    start: int
    end: int
    is_name: bool = False
    decimal_comma: bool = False
    digit_scripts: tuple[str, ...] = ("western",)
    between: str = ""


def readable(text: str) -> tuple[str, list[int]]:
    """Return `text` with western digits and signs, without invisible marks, and each character's place in the original."""
    changed = western_digits(text).translate(_SAME_LENGTH)
    if not INVISIBLE.search(changed) and _TATWEEL not in changed:
        return changed, list(range(len(text) + 1))
    changed = _TATWEEL_AS_DASH.sub("-", changed)
    kept = [i for i, character in enumerate(changed) if character != _TATWEEL and not INVISIBLE.match(character)]
    return "".join(changed[i] for i in kept), [*kept, len(text)]


def quantities(text: str, language: str) -> list[Quantity]:
    """Return the numbers written in digits in `text`, in logical order."""
    plain, places = readable(text)
    matches = list(_NUMBER.finditer(plain))
    if not matches:
        return []
    nexts = [match.start() for match in matches[1:]] + [len(plain)]
    found = []
    for match, next_start in zip(matches, nexts, strict=True):
        magnitude, unit = _magnitude_and_unit(plain, match.end(), language)
        original = text[places[match.start()] : places[match.end() - 1] + 1]
        between = plain[match.end() : next_start]
        short = len(between) <= _LONGEST_LOOK_AHEAD
        quantity = Quantity(
            value=_value(match) * magnitude,
            unit=unit,
            text=original,
            start=match.start(),
            end=match.end(),
            is_name=_is_name(plain, match, language),
            decimal_comma="," in match[0] and not _THOUSANDS.fullmatch(match[0]) and not _EUROPEAN.fullmatch(match[0]),
            digit_scripts=_digit_scripts(original),
            between=fold(between)[unit.length :].strip() if short else "...",
        )
        found.append(quantity)
    return found


def _value(match: re.Match[str]) -> Decimal:
    body = match[0].removesuffix(match["power"] or "")
    if body[-1] in _VULGAR:
        fraction = Decimal(str(unicodedata.numeric(body[-1])))
        return (Decimal(body[:-1].strip() or 0) + fraction).normalize()
    if _EUROPEAN.fullmatch(body):
        body = body.replace(".", "").replace(",", ".")
    elif _THOUSANDS.fullmatch(body):
        body = re.sub(r"[^0-9.]", "", body)
    value = Decimal(body.replace(",", "."))
    power = int(unicodedata.normalize("NFKC", (match["power"] or "1").lstrip("^*")).replace("\u2212", "-"))
    return value**power if value == 10 and abs(power) <= _LARGEST_POWER else value


def _magnitude_and_unit(plain: str, end: int, language: str) -> tuple[Decimal, Unit]:
    """Return the factor that a magnitude word right after a number stands for ("million"), and the unit after it."""
    raw = plain[end : end + _LONGEST_LOOK_AHEAD]
    if _PLURAL.match(raw):
        return Decimal(1), Unit("", "", 0)
    tail = fold(_MOLAR.sub(lambda match: _MOLAR_NAMES[match[1]], raw))
    word = re.match(r"[ +-]*([^\W\d_]+) ?", tail)
    values = words_of_kind(language, "magnitude").get(word[1]) if word else None
    if not word or not values:
        return Decimal(1), unit_at_start(tail, language)
    unit = unit_at_start(tail[word.end() :], language)
    return values[0], Unit(unit.name, unit.family, unit.length + word.end())


def _is_name(plain: str, match: re.Match[str], language: str) -> bool:
    """Tell whether a number belongs to a name: letters glued before it (B12, COVID-19) or a capital after it (5-FU, 2B)."""
    before = _LETTERS_BEFORE.search(plain, max(0, match.start() - _LONGEST_LOOK_BACK), match.start())
    if before:
        letters, hyphen = fold(before[1]), before[2]
        if letters in clitics(language) or (hyphen and is_unit(letters, language)):
            return False
        return letters not in _GLUED_COUNTS
    after = _LETTERS_AFTER.match(plain, match.end())
    if not after:
        return False
    letters = fold(after[1] or after[2])
    return letters not in _GLUED_ENDINGS and not is_unit(letters, language) and (after[1] or after[2])[0].isupper()


def _digit_scripts(text: str) -> tuple[str, ...]:
    return tuple(name for name, digits in DIGIT_SCRIPTS.items() if any(character in digits for character in text))
