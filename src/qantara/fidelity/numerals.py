"""Reads one number written in digits at a place of a folded text: its value, a second reading where separators allow one, its form.

Separators mean what the language's readers take them for (`languages`): "1,500" is fifteen hundred in English, one and a half in
French, and in Arabic most likely fifteen hundred but not surely. Vulgar fractions, powers of ten and 1e6 are read here too.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from qantara.fidelity.folding import NARROW_SPACE, SUPERSCRIPTS, VULGAR_FRACTIONS
from qantara.languages import ARABIC_COMMA, DECIMAL_SEPARATOR, THOUSANDS_SEPARATOR, language

_SEPARATORS = f".,'{NARROW_SPACE}{ARABIC_COMMA}{DECIMAL_SEPARATOR}{THOUSANDS_SEPARATOR}"
_SEPARATOR = re.compile(f"[{_SEPARATORS}]")
_BODY = re.compile(rf"[0-9]+(?:[{_SEPARATORS}][0-9]+)*")
_PLAIN = re.compile(
    rf"[0-9]{{1,20}}(?=$|[^0-9 ^*e{_SEPARATORS}{SUPERSCRIPTS}{VULGAR_FRACTIONS}]| [^0-9{VULGAR_FRACTIONS}])"
)
_SPACED = re.compile(r"[1-9][0-9]{0,2}(?: [0-9]{3})+(?![0-9])(?:[,.][0-9]+)?")
_MIXED = re.compile(r"([0-9]{1,2}) ([1-9])/([2-9])(?![0-9/])")
_POWER = re.compile(rf"(?:[{SUPERSCRIPTS}]+|(?:\^|\*\*?) ?[-+]?[0-9]{{1,2}}(?![0-9]))")
_SCIENTIFIC = re.compile(r"e[-+]?[0-9]{1,2}(?!\w)")
_VULGAR = re.compile(rf" ?[{VULGAR_FRACTIONS}]")
_THOUSAND = 3
_LARGEST_POWER = 30
_MOST_DIGITS = 24  # fewer than the precision of decimals, so that sums and shares stay exact


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number's likely value, the other one that its separators allow (or None), where it ends, its decimal sign ("" for none)."""

    value: Decimal
    other: Decimal | None
    end: int
    decimal_sign: str = ""


def numeral_at(text: str, start: int, code: str) -> Numeral:
    """Return the number whose first digit stands at `start` of the folded `text`."""
    plain = _PLAIN.match(text, start)
    if plain:
        return Numeral(Decimal(plain[0]), None, plain.end())
    mixed = _MIXED.match(text, start) if " " in text[start + 1 : start + 3] else None
    if mixed and int(mixed[2]) < int(mixed[3]) and (start == 0 or text[start - 1] in " ("):
        return Numeral(Decimal(mixed[1]) + round(Decimal(mixed[2]) / Decimal(mixed[3]), 12), None, mixed.end())
    may_space = " " in language(code).thousands_separators and not text[start - 1 : start].isalpha()
    spaced = _SPACED.match(text, start) if may_space else None
    match = _BODY.match(text, start)
    if spaced and match and spaced.end() > match.end():
        whole, _, decimals = spaced[0].replace(" ", "").replace(",", ".").partition(".")
        found = Numeral(Decimal(f"{whole}.{decimals or 0}").normalize(), None, spaced.end())
    else:
        body = match[0] if match else text[start]
        found = _read(body[:_MOST_DIGITS], start, code)
    return _with_suffix(text, start, found)


def lone_fraction(character: str) -> Decimal:
    """Return the value of a vulgar fraction sign, exact to 12 places."""
    return Decimal(str(round(unicodedata.numeric(character), 12))).normalize()


def _read(body: str, start: int, code: str) -> Numeral:
    if body.isdecimal():
        return Numeral(Decimal(body), None, start + len(body))
    groups, signs = _SEPARATOR.split(body), _SEPARATOR.findall(body)
    grouped = _grouped(groups, signs, code)
    if grouped is not None:
        return Numeral(grouped, None, start + len(body), signs[-1] if len(set(signs)) > 1 else "")
    if len(signs) > 1:  # a date, a version, a list: the first piece alone
        return Numeral(Decimal(groups[0]), None, start + len(groups[0]))
    return _two_readings(groups, signs[0], start, code)


def _two_readings(groups: list[str], sign: str, start: int, code: str) -> Numeral:
    end = start + len(groups[0]) + 1 + len(groups[1])
    ours = language(code)
    as_decimal = Decimal(f"{groups[0]}.{groups[1]}")
    may_group = len(groups[1]) == _THOUSAND and len(groups[0]) <= _THOUSAND and groups[0][0] != "0"
    as_thousands = Decimal(groups[0] + groups[1]) if may_group else None
    if sign == DECIMAL_SEPARATOR:
        return Numeral(as_decimal, None, end, sign)
    if sign in (THOUSANDS_SEPARATOR, "'", NARROW_SPACE):
        if as_thousands is None:
            return Numeral(Decimal(groups[0]), None, start + len(groups[0]))
        return Numeral(as_thousands, None, end)
    groups_first = sign in ours.thousands_separators and ours.decimal_separators[0] != sign
    if as_thousands is not None and groups_first:
        also_decimal = sign in ours.decimal_separators or sign == "."
        return Numeral(as_thousands, as_decimal if also_decimal else None, end)
    return Numeral(as_decimal, as_thousands, end, sign)


def _grouped(groups: list[str], signs: list[str], code: str) -> Decimal | None:
    """Return the value of 1,234,567 and 1.234.567,8; None for what is not grouped in thousands with two signs or more."""
    if len(signs) < 2:
        return None
    last = signs[-1] if signs[-1] != signs[0] else ""
    inner = groups[1:-1] if last else groups[1:]
    if len(set(signs[:-1] if last else signs)) > 1 or not inner or not groups[0] or len(groups[0]) > _THOUSAND:
        return None
    if any(len(group) != _THOUSAND for group in inner) or signs[0] == DECIMAL_SEPARATOR:
        return None
    whole = groups[0] + "".join(inner)
    return Decimal(f"{whole}.{groups[-1]}") if last else Decimal(whole)


def _with_suffix(text: str, start: int, found: Numeral) -> Numeral:
    """Return the number with the vulgar fraction, power of ten or exponent that follows it."""
    end = found.end
    following = text[end : end + 1]
    if not following or following not in _SUFFIXES:
        return found
    vulgar = _VULGAR.match(text, end)
    if vulgar:
        return Numeral(found.value + lone_fraction(vulgar[0][-1]), None, vulgar.end())
    scientific = _SCIENTIFIC.match(text, end)
    if scientific:
        return Numeral(found.value * _ten_to(scientific[0][1:]), None, scientific.end(), found.decimal_sign)
    power = _POWER.match(text, end)
    if power:
        exponent = unicodedata.normalize("NFKC", power[0].lstrip("^* ")).replace("\u2212", "-")
        is_ten = found.value == 10 and text[start:end] == "10"
        return Numeral(_ten_to(exponent) if is_ten else found.value, None, power.end(), found.decimal_sign)
    return found


def _ten_to(exponent: str) -> Decimal:
    try:
        power = int(exponent)
    except ValueError:
        return Decimal(1)
    return Decimal(1).scaleb(power) if abs(power) <= _LARGEST_POWER else Decimal(power)


_SUFFIXES = frozenset(f" {VULGAR_FRACTIONS}{SUPERSCRIPTS}^*e")
