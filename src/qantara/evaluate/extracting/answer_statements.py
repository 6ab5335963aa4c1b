"""Finds where a reply states its answer in words: "the correct answer is B", "B is the right option", "so C".

A statement that is denied, asked, supposed or somebody else's is none. Statements are strong ("the answer is B") or weak ("B is
correct", which a question for the exception takes back); `extraction` takes the last of the strongest kind.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from qantara.evaluate.extracting.answer_groups import Choice, read_choice
from qantara.evaluate.extracting.reading import Reading
from qantara.evaluate.extracting.reply_text import (
    BULLETS,
    COMMAS,
    JOINTS,
    LINE_END,
    OPENERS,
    QUESTION_MARKS,
    SENTENCE_ENDS,
)

_LONGEST_WALK = 18  # tokens between "answer" and the label: "the answer to this question is therefore option (B)"
_LOOK_BACK = 7  # tokens of the clause before an announcement that may deny it
_SENTENCE = 30  # tokens in which an "if" or a question mark belongs to the statement
_NEAR = frozenset(("answer", "option", "right", "instead", "both"))
_LEADING = _NEAR | {"filler", "link", "hypothetical"}


class Statement(NamedTuple):
    """What a place of a reply states; `tier` says how, `is_strong` whether it is about the answer itself."""

    choice: Choice
    tier: str
    is_strong: bool


def statements(reading: Reading, listed: frozenset[int]) -> Iterator[Statement]:
    """Yield the statements, the last one first; `listed` are the labels that begin a line of a list, which nothing announces."""
    for place in range(len(reading.tokens) - 1, -1, -1):
        choice = _announced(reading, place, listed)
        if choice is not None:
            yield Statement(choice, "answer phrase, text" if choice.is_text else "answer phrase", True)
        elif (judged := _judged(reading, place)) is not None:
            yield judged


def findings(reading: Reading) -> Iterator[Choice]:
    """Yield the options that a reply gives as its finding ("the most likely diagnosis is ..."), the last one first."""
    for place in range(len(reading.tokens) - 1, -1, -1):
        if reading.has(place, "finding"):
            choice = _walk(reading, place + reading.phrases.at(place)["finding"], is_joined=False, listed=frozenset())
            if choice is None or _is_taken_back(reading, place, choice):
                continue
            says_right = any(reading.has(i, "right") for i in range(place - 3, choice.first))
            if says_right and (choice.is_text or _ends_sentence(reading, choice.end)):
                yield choice


def _announced(reading: Reading, place: int, listed: frozenset[int]) -> Choice | None:
    """Return what is named behind an announcement that begins at a token."""
    kinds = reading.phrases.at(place)
    choice = None
    if not kinds:
        return None
    for kind in kinds:
        behind = place + kinds[kind]
        if kind == "answer" or (kind == "option" and _is_right_option(reading, place)):
            choice = choice or _walk(
                reading, behind, is_joined=False, listed=listed, heads=_begins_line(reading, place)
            )
        elif kind == "choose":
            choice = choice or _walk(reading, behind, is_joined=True, listed=listed)
        elif kind == "instead" or (kind == "mark" and _is_mark(reading, place)):
            choice = choice or _concluded(reading, behind, listed)
    corrects = "instead" in kinds  # "not B but C": what stands before is denied, not this
    if choice is None or _is_taken_back(reading, place, choice, look_back=1 if corrects else _LOOK_BACK):
        return None
    return choice


def _is_right_option(reading: Reading, place: int) -> bool:
    """Tell whether "option" is said of the answer: a word for right is next to it, or it begins a line that gives it."""
    if any(reading.has(near, "right") for near in (place - 1, place + 1, place + 2)):
        return True
    return _begins_line(reading, place) and reading.text(place + 1) in (":", "=")


def _is_mark(reading: Reading, place: int) -> bool:
    return _begins_line(reading, place) and reading.text(place + 1) in (":", "/")


def _begins_line(reading: Reading, place: int) -> bool:
    """Tell whether a token begins a line, a sign of a list or heading and words for "the final" or "correct" before it or not."""
    limit = place - 4
    while place > limit and place > 0 and reading.text(place - 1) != LINE_END:
        if reading.text(place - 1) not in BULLETS | OPENERS and not reading.has(place - 1, "filler", "right"):
            return False
        place -= 1
    return place <= 0 or reading.text(place - 1) == LINE_END


def _walk(
    reading: Reading, place: int, *, is_joined: bool, listed: frozenset[int], heads: bool = False
) -> Choice | None:
    """Return what is named behind an announcement, over words that only lead to it; None at the first other word.

    Without a link ("is", a colon) only a capital right behind the noun is taken; a line ends only behind a link or a heading.
    """
    here, limit, is_near = place, min(place + _LONGEST_WALK, len(reading.tokens)), True
    while here < limit:
        if is_joined or is_near:
            choice = _named(reading, here, strict=not is_joined)
            if choice is not None:
                return None if choice.first in listed else choice
        text, kinds = reading.text(here), reading.phrases.at(here)
        leading = kinds.keys() & _LEADING
        if "answer" in kinds:
            return None  # an announcement of its own
        if text == LINE_END:
            if not (is_joined or heads):
                return None
            is_joined = True
        elif text in JOINTS or leading & {"link", "hypothetical"}:
            is_joined = True
        elif not leading and text not in OPENERS and text not in COMMAS:
            return None
        is_near = bool(leading & _NEAR) or text in OPENERS
        here += max((kinds[kind] for kind in leading), default=1)
    return None


def _named(reading: Reading, place: int, *, strict: bool) -> Choice | None:
    numbers = reading.has(place - 1, "option") or reading.has(place + 1, "option")
    choice = read_choice(reading, place, numbers=numbers, strict=strict)
    return None if choice is not None and strict and choice.is_text else choice


def _concluded(reading: Reading, place: int, listed: frozenset[int]) -> Choice | None:
    """Return what is named behind a word like "so", if the sentence ends there."""
    for here in range(place, place + 6):
        choice = _named(reading, here, strict=False)
        if choice is not None:
            return choice if choice.first not in listed and _ends_sentence(reading, choice.end) else None
        leads = reading.has(here, "filler", "option", "link", "both") or reading.text(here) in JOINTS | COMMAS | OPENERS
        if not leads and reading.text(here) != "/":
            return None
    return None


def _ends_sentence(reading: Reading, place: int) -> bool:
    return reading.text(place) in SENTENCE_ENDS


def _judged(reading: Reading, place: int) -> Statement | None:
    """Return the statement that a label or text at a token is right: "B is the correct answer", "option C is right"."""
    choice = _subject(reading, place)
    if choice is None:
        return None
    here, linked = choice.end, not reading.tokens[choice.first].text.isascii()
    limit, says_right, says_answer = here + 10, False, False
    while here < limit:
        kinds = reading.phrases.at(here)
        known = kinds.keys() & {"link", "right", "answer", "option", "filler"}
        linked = linked or "link" in kinds or reading.text(here) in JOINTS
        says_right, says_answer = says_right or "right" in kinds, says_answer or bool(known & {"answer", "option"})
        if not known and (says_right or reading.text(here) not in JOINTS):
            break
        here += max((kinds[kind] for kind in known), default=1)
    ends = reading.clause_ends(here) or (reading.has(here, "because") and not reading.has(here, "not"))
    if not (linked and says_right and ends) or _is_taken_back(reading, place, replace(choice, end=here)):
        return None
    return Statement(choice, "verdict", says_answer)


def _subject(reading: Reading, place: int) -> Choice | None:
    """Return the label or text that may be the subject of a clause at a token."""
    token = reading.tokens[place]
    numbers = token.kind != "sign" and (reading.has(place - 1, "option") or reading.has(place + 1, "option"))
    if not numbers and reading.labels.at(token) is None and reading.texts.at(place, reading.phrases) is None:
        return None
    before = place - 1
    while before >= 0 and reading.text(before) in OPENERS:
        before -= 1
    text = reading.text(before)
    opens = text in SENTENCE_ENDS or text in COMMAS or text in BULLETS or text in ("", ":")
    if opens or reading.has(before, "option", "answer", "instead", "both", "filler", "choose"):
        return read_choice(reading, place, numbers=numbers, strict=True)
    return None


def _is_taken_back(reading: Reading, place: int, choice: Choice, look_back: int = _LOOK_BACK) -> bool:
    """Tell whether a statement that begins at a token is denied, doubted, asked, or supposed in a sentence with "if"."""
    for back in range(place - 1, max(place - 1 - look_back, -1), -1):
        if (
            reading.text(back) in SENTENCE_ENDS
            or reading.text(back) in COMMAS
            or reading.has(back, "instead", "and", "sure")
        ):
            break
        if reading.has(back, "not", "doubt"):
            return True
    for ahead in range(choice.end, choice.end + _SENTENCE):
        if reading.text(ahead) in SENTENCE_ENDS:
            if reading.text(ahead) in QUESTION_MARKS:
                return True
            break
    supposed = any(reading.has(i, "hypothetical") for i in range(place - 2, choice.first))
    return supposed and _has_if(reading, place)


def _has_if(reading: Reading, place: int) -> bool:
    for back in range(place - 1, max(place - 1 - _SENTENCE, -1), -1):
        if reading.text(back) in SENTENCE_ENDS:
            return False
        if reading.has(back, "if"):
            return True
    return False
