"""Reads the numbers that a text writes in words ("twenty-five", an Arabic dual), from the cues that the lexicons found.

Words that follow each other are put together (5 and 20 in Arabic, one hundred and five in English); every value that they can be
read as is kept, since too many number words are not counts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from qantara.fidelity.units import is_unit
from qantara.fidelity.vocabulary import conjunctions, range_words
from qantara.fidelity.word_hits import Cue, Hits
from qantara.languages import ARABIC_COMMA

_KINDS = ("cardinal", "ordinal", "fraction", "magnitude", "roman", "decade", "multiple", "dual")
_CUE_KINDS = (*(f"number:{kind}" for kind in _KINDS), "dual")
_HUNDRED, _THOUSAND = Decimal(100), Decimal(1000)
_LONGEST_GAP, _LOOK_BACK = 3, 16
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class WordNumber:
    """A number in words: its likely value and every other, its form (kind of word), unit (of a dual), span and tokens."""

    value: Decimal
    candidates: frozenset[Decimal]
    form: str
    unit: str
    start: int
    end: int
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    values: tuple[Decimal, ...]
    form: str
    unit: str
    cue: Cue
    is_joined: bool = False


def word_numbers(hits: Hits, text: str, code: str) -> list[WordNumber]:
    """Return the numbers in words, in order."""
    if not any(kind in hits.cues for kind in _CUE_KINDS):
        return []
    pieces = _pieces(hits, text, code)
    if not pieces:
        return []
    joints = range_words(code)
    found: list[WordNumber] = []
    run: list[_Piece] = []
    for piece in pieces:
        is_another = piece.values[0] == 10 and piece.is_joined
        if run and (is_another or not _follows(run[-1], piece, joints, text)):
            found += _numbers_of(run)
            run = []
        run.append(piece)
    found += _numbers_of(run)
    return [_and_a_half(number, before, text, code) for before, number in zip([None, *found], found, strict=False)]


def _and_a_half(number: WordNumber, before: WordNumber | None, text: str, code: str) -> WordNumber:
    """Return a fraction that a conjunction joins to what stands before it with its value plus one among its candidates.

    After a noun that no number counts ("a tablet and a half") it can't be the fraction alone.
    """
    if number.form != "fraction" or number.value >= 1:
        return number
    start = max(0, number.start - _LOOK_BACK)
    words_before = _WORD.findall(text, start, number.start)
    is_glued = text.startswith(conjunctions(code), number.start)
    if not is_glued and range_words(code).isdisjoint(words_before[-2:]):
        return number
    whole = number.value + 1
    is_counted = (before is not None and before.end > start) or any(map(str.isdecimal, text[start : number.start]))
    if is_glued and words_before and is_unit(words_before[-1], code) and not is_counted:
        return replace(number, value=whole, candidates=frozenset({whole}))
    return replace(number, candidates=number.candidates | {whole})


def _pieces(hits: Hits, text: str, code: str) -> list[_Piece]:
    """Return one piece a token, with all values that the token can have; a dual's unit goes with it."""
    units = {cue.first_token: cue.value for cue in hits.of_kind("dual") if cue.value != "-"}
    drugs = {i for cue in hits.of_kind("drug") for i in range(cue.first_token, cue.last_token + 1)}
    by_token: dict[int, list[tuple[str, Cue]]] = {}
    for kind in _KINDS:
        for cue in hits.of_kind(f"number:{kind}"):
            by_token.setdefault(cue.first_token, []).append((kind, cue))
    for cue in hits.of_kind("dual"):
        by_token.setdefault(cue.first_token, [("dual", cue._replace(value="2"))])
    made = []
    for token, ways in sorted(by_token.items()):
        if token in drugs:  # the alfa of interferon alfa is spelled like a thousand in Arabic
            continue
        ways.sort(key=lambda way: -way[1].last_token)
        longest = [way for way in ways if way[1].last_token == ways[0][1].last_token]
        values = tuple(dict.fromkeys(Decimal(cue.value) for _, cue in longest))
        kind, cue = longest[0]
        made.append(_Piece(values, kind, units.get(token, ""), cue, text.startswith(conjunctions(code), cue.start)))
    return made


def _follows(before: _Piece, piece: _Piece, joints: frozenset[str], text: str) -> bool:
    gap = text[before.cue.end : piece.cue.start]
    if piece.cue.first_token == before.cue.last_token + 1:
        return len(gap) <= _LONGEST_GAP and not any(sign in gap for sign in f".;:,(){ARABIC_COMMA}")
    large = before.values[0] >= _HUNDRED and before.values[0] > piece.values[0]
    return large and gap.strip() in joints


def _numbers_of(run: Sequence[_Piece]) -> list[WordNumber]:
    """Return the numbers that a run of words makes: as few as possible, each as long as the words go together."""
    found = []
    i = 0
    while i < len(run):
        size, value = _longest(run, i)
        pieces = run[i : i + size]
        parts = {value for piece in pieces for value in piece.values}
        found.append(
            WordNumber(
                value=value,
                candidates=frozenset(parts | {value}),
                form=pieces[-1].form if size > 1 and pieces[-1].form in ("ordinal", "fraction") else pieces[0].form,
                unit=pieces[0].unit,
                start=pieces[0].cue.start,
                end=pieces[-1].cue.end,
                tokens=tuple(piece.cue.first_token for piece in pieces),
            )
        )
        i += size
    return found


def _longest(run: Sequence[_Piece], first: int) -> tuple[int, Decimal]:
    """Return how many words from `first` on make one number, and its value."""
    total, group, size = Decimal(0), run[first].values[0], 1
    if group >= _THOUSAND:
        total, group = group, Decimal(0)
    for piece in run[first + 1 :]:
        value = piece.values[0]
        if piece.form == "fraction":
            if 1 < group < 10 and not total and not piece.is_joined:
                return size + 1, group * value
            if piece.cue.first_token == run[first + size - 1].cue.last_token + 1 and group:
                return size + 1, total + group + value
            break
        joined = _joined(total, group, value)
        if joined is None:
            break
        total, group = joined
        size += 1
    return size, total + group


def _joined(total: Decimal, group: Decimal, value: Decimal) -> tuple[Decimal, Decimal] | None:
    """Return thousands and rest after one more word, None when the word begins another number."""
    if value >= _THOUSAND:
        is_power = value in (_THOUSAND, Decimal(10**6), Decimal(10**9))
        if is_power and 0 < group < value:
            return total + group * value, Decimal(0)
        return (total + value, Decimal(0)) if not group and total > value else None
    if value >= _HUNDRED:
        if value == _HUNDRED and 0 < group < 10:
            return total, group * value
        return (total, value) if not group and total else None
    return (total, group + value) if _adds_up(group, value) and (group or total) else None


def _adds_up(group: Decimal, value: Decimal) -> bool:
    """Tell whether a word under a hundred goes on with a number: 100 5, 20 5, and units before tens as in Arabic (5 20, 3 10)."""
    if value < 1 or value != int(value) or group != int(group):
        return False
    ones, tens = group % 10, group % _HUNDRED
    if tens == 0:
        return True
    if value < 10:
        return ones == 0 and tens >= 20
    return tens < 10 and value % 10 == 0
