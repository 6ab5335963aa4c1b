"""Reads what is named at one place of a reply: a label, several labels, or an option's text.

A label whose option text is another option's is ambiguous, as are two labels or texts joined by "or", "and", a slash or a comma.
Whether a letter is a label at all is decided in `label_boundaries`, whether a place states an answer in `answer_statements` and
`answer_lines`.
"""

from dataclasses import dataclass, replace

from qantara.evaluate.extracting.answer_phrases import is_and
from qantara.evaluate.extracting.label_boundaries import is_denied, is_glued, label_is_whole
from qantara.evaluate.extracting.option_labels import Label
from qantara.evaluate.extracting.reading import Reading
from qantara.evaluate.extracting.reply_text import CLOSERS, COMMAS, OPENERS, QUESTION_MARKS, SENTENCE_ENDS, SEPARATORS

_LIST_SIGNS = COMMAS | frozenset("/&+|")
_LONGEST_LIST = 10  # labels


@dataclass(frozen=True, slots=True)
class Choice:
    """What is named from token `first` to before token `end`: `index` is None if it is more than one option."""

    index: int | None
    first: int
    end: int
    is_text: bool = False
    is_other: bool = False


def read_choice(reading: Reading, place: int, *, numbers: bool = False, strict: bool = False) -> Choice | None:
    """Return the option or options named at a token, a text before a label; `numbers` takes digits and ordinals too.

    `strict` takes no Latin letter in lower case.
    """
    begin = _behind_openers(reading, place)
    label = read_label(reading, begin, numbers=numbers, strict=strict)
    text = reading.texts.at(begin, reading.phrases)
    if text is None or not _text_is_whole(reading, text.end):
        return label
    if label is None or text.end > label.end:
        return _with_more_texts(reading, Choice(text.index, begin, text.end, is_text=True))
    is_only_text = text.end == begin + 1 and text.index != label.index  # the options are letters or numbers themselves
    return replace(label, index=None) if is_only_text else label


def read_label(reading: Reading, place: int, *, numbers: bool = False, strict: bool = False) -> Choice | None:
    """Return the label or labels named at a token, if they are whole and no question."""
    begin = _behind_openers(reading, place)
    label = _label_at(reading, begin, numbers=numbers, strict=strict)
    if label is None:
        return None
    end = reading.behind(begin + 1, CLOSERS)
    if numbers and end == begin + 1 and reading.has(end, "option"):
        end += 1  # the third option
    others, list_end, denied = _more_labels(reading, end, label.index)
    if denied and strict:
        return None
    if others and not denied:
        asked = reading.text(list_end) in QUESTION_MARKS
        return None if asked else Choice(None, begin, list_end, is_other=label.is_other)
    bracketed = begin > 0 and reading.tokens[begin - 1].text in OPENERS and end > begin + 1
    if not label_is_whole(reading, begin, end, label, bracketed):
        return None
    return _with_its_text(reading, Choice(label.index, begin, end, is_other=label.is_other))


def _behind_openers(reading: Reading, place: int) -> int:
    return reading.behind(place, OPENERS)


def _label_at(reading: Reading, place: int, *, numbers: bool, strict: bool) -> Label | None:
    if place >= len(reading.tokens):
        return None
    token = reading.tokens[place]
    label = reading.labels.at(token)
    if label is None and numbers:
        label = reading.labels.numbered(token, reading.phrases.at(place))
    touches = place > 0 and not token.spaced and reading.tokens[place - 1].kind in ("word", "number")
    is_lower_latin = token.kind == "word" and token.text.isascii() and not token.is_upper and len(token.text) == 1
    return None if touches or (strict and is_lower_latin) else label


def _with_its_text(reading: Reading, choice: Choice) -> Choice:
    """Return a label with the option text behind it; if the text is another option's, up to its end, the two contradict."""
    place = choice.end
    while (
        place < len(reading.tokens) and place < choice.end + 4 and reading.text(place) in SEPARATORS | OPENERS | COMMAS
    ):
        place += 1
    text = reading.texts.at(place, reading.phrases)
    if text is None:
        return choice
    if text.index == choice.index or text.index is None:
        return replace(choice, end=reading.behind(text.end, CLOSERS))
    ends = reading.text(text.end) in SENTENCE_ENDS | COMMAS | CLOSERS
    return replace(choice, index=None, end=text.end) if ends else choice


def _more_labels(reading: Reading, place: int, first: int) -> tuple[set[int], int, bool]:
    """Return the other labels that are joined to a label behind which `place` stands, where the list ends, and if it denies."""
    found: set[int] = set()
    for _ in range(_LONGEST_LIST):
        is_or, step = _joint(reading, place)
        begin = place + step
        while step and begin < place + step + 3 and reading.has(begin, "option", "filler"):
            begin += 1
        begin = _behind_openers(reading, begin)
        label = _label_at(reading, begin, numbers=False, strict=True) if step else _joined_label(reading, place)
        end = reading.behind(begin + 1, CLOSERS)
        if label is None or (is_glued(reading, begin + 1) and reading.text(begin + 1) != "/"):
            return found, place, False
        if is_denied(reading, end):
            return found, place, True
        if not is_or and not _list_goes_on(reading, end):
            return found, place, False
        if label.index != first:
            found.add(label.index)
        place = end
    return found, place, False


def _joined_label(reading: Reading, place: int) -> Label | None:
    """Return the label that is written together with an "and" before it, as Arabic does."""
    if place >= len(reading.tokens) or len(reading.tokens[place].text) < 2 or not is_and(reading.tokens[place].text[0]):
        return None
    token = reading.tokens[place]
    return reading.labels.at(token._replace(text=token.text[1:], is_upper=False))


def _joint(reading: Reading, place: int) -> tuple[bool, int]:
    """Return whether an "or" stands at a token, and the tokens of the joint; 0 if there is none."""
    begin = reading.behind(place, COMMAS)
    for kind in ("or", "and"):
        if kind in reading.phrases.at(begin):
            return kind == "or", begin - place + reading.phrases.at(begin)[kind]
    if reading.text(place) in _LIST_SIGNS:
        return False, 1
    return False, 0


def _list_goes_on(reading: Reading, place: int) -> bool:
    """Tell whether a label behind "and" or a comma ends a list, and doesn't begin the next clause."""
    if reading.text(place) in SENTENCE_ENDS or _joint(reading, place)[1]:
        return True
    if reading.has(place, "link"):
        place += reading.phrases.at(place)["link"]
    return reading.has(place, "right", "both") or reading.text(place) in CLOSERS


def _text_is_whole(reading: Reading, end: int) -> bool:
    """Tell whether an option's text ends where it seems to: a further word would make another thing of it."""
    if end >= len(reading.tokens):
        return True
    token = reading.tokens[end]
    if token.text in QUESTION_MARKS:
        return False
    return token.kind in ("sign", "line") or reading.has(end, "because", "or", "and", "link", "not", "right")


def _with_more_texts(reading: Reading, choice: Choice) -> Choice:
    """Return a text; as ambiguous if another one is joined to it."""
    _, step = _joint(reading, choice.end)
    more = reading.texts.at(choice.end + step, reading.phrases) if step else None
    if more is not None and more.index != choice.index and _text_is_whole(reading, more.end):
        return replace(choice, index=None, end=more.end)
    return choice
