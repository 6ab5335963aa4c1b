"""Takes the options out of a question whose text holds them, each after its letter, in any language's: "Which? A. one B. two".

Letters are compared folded, so that a letter written with or without tatweel or hamza is the same one.
"""

import re

from qantara.languages import fold, language

_LATIN = tuple("ABCDEFGH")
_AT_LINE_START = re.compile(r"(?:^|\n)[ \t]*(\S{1,2})[ \t]*[.)\-][ \t]*(?=\S)")
_AFTER_SPACE = re.compile(r"(?:^|\s)(\S{1,2})[ \t]*\.[ \t]*(?=\S)")


def question_and_options(text: str, answer: str, code: str) -> tuple[str, tuple[str, ...], int]:
    """Return the question, its options without their letters, and the number of the right one: that of the answer's letter.

    An answer without a letter is sought among the options. No options and -1 for a text without at least two letters in order;
    -1 for an answer that is no option.
    """
    for pattern in (_AT_LINE_START, _AFTER_SPACE):
        marks = _marks(text, pattern, code)
        if len(marks) > 1:
            break
    else:
        return text.strip(), (), -1
    ends = [start for _, start, _ in marks[1:]] + [len(text)]
    options = tuple(" ".join(text[begin:end].split()) for (_, _, begin), end in zip(marks, ends, strict=True))
    return text[: marks[0][1]].strip(), options, _answer_index(answer, [rank for rank, _, _ in marks], options, code)


def _marks(text: str, pattern: re.Pattern[str], code: str) -> list[tuple[int, int, int]]:
    """Return (rank of the letter, where the mark starts, where the option starts), from the first letter on, ranks rising."""
    found: list[tuple[int, int, int]] = []
    for match in pattern.finditer(text):
        rank = _rank(match[1], code)
        if rank == 0 if not found else rank > found[-1][0]:
            found.append((rank, match.start(), match.end()))
    return found


def _rank(letter: str, code: str) -> int:
    for letters in (language(code).option_letters, _LATIN):
        folded = [fold(one) for one in letters]
        if fold(letter) in folded:
            return folded.index(fold(letter))
    return -1


def _answer_index(answer: str, ranks: list[int], options: tuple[str, ...], code: str) -> int:
    match = re.match(r"\s*(\S{1,2})[ \t]*(?:[.)\-]|$)", answer.strip())
    if match and _rank(match[1], code) in ranks:
        return ranks.index(_rank(match[1], code))
    folded = [fold(option) for option in options]
    return folded.index(fold(answer)) if fold(answer) in folded else -1
