"""Tells a label from a mere letter by what stands around it.

"C. difficile", "C-reactive", "B cells", "A 45-year-old", "C'est", "Dr." and "A is wrong" are no labels; nor is the A that begins a
list of the options in one line.
"""

from qantara.evaluate.extracting.option_labels import Label
from qantara.evaluate.extracting.reading import Reading
from qantara.evaluate.extracting.reply_text import DASHES, LINE_END, QUESTION_MARKS, SENTENCE_ENDS, SEPARATORS

_UNITS = frozenset("%\u00b0")
_BEFORE_SMALL_A = frozenset(("", LINE_END, ":", "="))  # elsewhere "a" is an article
_LONGEST_INLINE_LIST = 40  # tokens from the first to the third option
_LISTED = 2  # position of the option that makes a list sure
_SHORTEST_WORD = 3  # letters behind "B." without a space: fewer make an abbreviation (C.V., e.g.)


def label_is_whole(reading: Reading, begin: int, end: int, label: Label, bracketed: bool) -> bool:
    """Tell whether what follows leaves the letter a label."""
    sign, is_closed = reading.text(end), end > begin + 1
    if sign in QUESTION_MARKS or sign in _UNITS or is_denied(reading, end) or _lists_options(reading, end, label):
        return False
    if reading.has(begin, "article") and not reading.tokens[begin].is_upper and not (is_closed or bracketed):
        return reading.text(begin - 1) in _BEFORE_SMALL_A and sign in SENTENCE_ENDS
    if not is_closed and is_glued(reading, begin + 1):
        return _its_text_follows(reading, begin + 2, label)
    if is_closed and reading.text(begin + 1) == "'" and is_glued(reading, begin + 1):
        return False  # C'est
    if sign == "." and reading.has(end + 1, "name"):
        return False
    if sign == "." and reading.has(begin, "title") and reading.texts and reading.text(end + 1) != LINE_END:
        return _its_text_follows(reading, end + 1, label)
    if bracketed or is_closed or sign == LINE_END:
        return True
    if end < len(reading.tokens) and reading.tokens[end].kind in ("word", "number"):
        named = reading.has(end, "because", "not", "link", "wrong", "right", "and") and reading.tokens[end].spaced
        return named or _its_text_follows(reading, end, label)
    return True


def _lists_options(reading: Reading, place: int, label: Label) -> bool:
    """Tell whether the first label begins a list of the options in one line: "A. Aspirin, B. Ibuprofen, C. Omeprazole"."""
    wanted = 1
    if label.index != 0 or not {reading.text(place), reading.text(place - 1)} & SEPARATORS:
        return False
    for here in range(place, min(place + _LONGEST_INLINE_LIST, len(reading.tokens))):
        if reading.text(here) == LINE_END:
            break
        found = reading.labels.at(reading.tokens[here])
        if found is not None and found.index == wanted and reading.text(here + 1) in SEPARATORS:
            if wanted == _LISTED:
                return True
            wanted += 1
    return False


def is_glued(reading: Reading, place: int) -> bool:
    """Tell whether a sign ties a letter to the word behind it: a hyphen or apostrophe without spaces, a dot in an abbreviation."""
    if place + 1 >= len(reading.tokens):
        return False
    sign, word = reading.tokens[place], reading.tokens[place + 1]
    if sign.spaced or word.spaced or word.kind not in ("word", "number"):
        return False
    if reading.tokens[place - 1].kind == word.kind == "number":
        return True  # 1:4, 2-3
    if not reading.tokens[place - 1].text.isascii() and sign.text in DASHES:
        return False
    return sign.text in DASHES or sign.text == "'" or (sign.text == "." and len(word.text) < _SHORTEST_WORD)


def is_denied(reading: Reading, place: int) -> bool:
    """Tell whether a label is said to be wrong right behind it: "A is incorrect", "A is not right"."""
    limit = place + 3
    while place < limit and reading.has(place, "link"):
        place += reading.phrases.at(place)["link"]
        if reading.has(place, "not"):
            return True
    if reading.has(place, "not"):
        return reading.has(place + reading.phrases.at(place)["not"], "right")
    return reading.has(place, "wrong")


def _its_text_follows(reading: Reading, place: int, label: Label) -> bool:
    text = reading.texts.at(place, reading.phrases)
    return text is not None and text.index == label.index
