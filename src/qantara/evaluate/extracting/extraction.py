"""Reads which option a generated reply chooses, in Arabic, English and French; says by which tier, where, or that none can be read.

Strong tiers, of which the last statement wins: "json", "boxed", "tag", "answer phrase", "answer phrase, text", "verdict" that says
"answer", "last line" (a bare label). Then, in order: "verdict" ("B is correct"), "labeled line", "finding", "option text". A bare
letter is never searched for. Not covered: elimination without a conclusion; an option's text in other words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, NamedTuple

from qantara.evaluate.extracting.answer_groups import Choice, read_choice
from qantara.evaluate.extracting.answer_lines import Line, lines, listed, stated_by_line, text_of_line
from qantara.evaluate.extracting.answer_markup import Marked, marked_answers
from qantara.evaluate.extracting.answer_phrases import Phrases
from qantara.evaluate.extracting.answer_statements import findings, statements
from qantara.evaluate.extracting.option_labels import Labels
from qantara.evaluate.extracting.option_texts import Texts
from qantara.evaluate.extracting.reading import Reading
from qantara.evaluate.extracting.reply_text import LINE_END, Token, answer_window, tokenize
from qantara.languages import LANGUAGES, fold


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a reply chooses: `index` of the option or None, `tier` that read it ("" if none did), `span` in the reply as given.

    `is_other_label`: the reply used another label set than the question (Latin for Arabic letters), and was taken by position.
    """

    index: int | None
    tier: str
    span: tuple[int, int] | None
    is_other_label: bool = False

    @property
    def status(self) -> Literal["extracted", "ambiguous", "none"]:
        """Return "ambiguous" for a reply that states more than one option, or a label with another option's text."""
        if self.index is not None:
            return "extracted"
        return "ambiguous" if self.tier else "none"


class _Part(NamedTuple):
    """A part of a reply: its tokens, and the characters where it begins and ends."""

    tokens: list[Token]
    start: int
    end: int


_NOTHING = Extraction(None, "", None)


def extract_choice(reply: str, labels: Sequence[str], options: Sequence[str] | None = None) -> Extraction:
    """Return the option that a reply chooses; `labels` as the question showed them, `options` their texts in the same order.

    Time is linear in the reply. Raises ValueError for labels that are the same when folded, or options of another number.
    """
    if options is not None and len(options) != len(labels):
        raise ValueError(f"{len(labels)} labels but {len(options)} options")
    known = Labels(labels)
    for part in _parts(reply):
        found = _read_part(reply, part, known, options)
        if found.tier:
            return found
    return _NOTHING


def _parts(reply: str) -> list[_Part]:
    """Return the parts of a reply to try in order: a base model runs on with further questions, which it answers itself."""
    start, end = answer_window(reply)
    tokens = tokenize(reply, start, end)
    headings = {fold(language.question_label) for language in LANGUAGES.values()}
    cuts = [0, *(i for i in range(1, len(tokens)) if _is_question(tokens, i, headings)), len(tokens)]
    bounds = [start, *(tokens[i].start for i in cuts[1:-1]), end]
    return [_Part(tokens[i:j], *where) for (i, j), where in zip(pairwise(cuts), pairwise(bounds), strict=True)]


def _is_question(tokens: Sequence[Token], place: int, headings: set[str]) -> bool:
    if tokens[place - 1].text != LINE_END or tokens[place].text not in headings:
        return False
    behind = [token.text for token in tokens[place + 1 : place + 3] if token.kind != "number"]
    return behind[:1] == [":"]


def _read_part(reply: str, part: _Part, labels: Labels, options: Sequence[str] | None) -> Extraction:
    reading = _reading(part.tokens, labels, options)
    found = lines(reading)
    members = listed(found)
    marked = list(marked_answers(reply, part.start, part.end))
    strong = [read for mark in marked if (read := _read_mark(mark, labels, options))]
    stated, weak = _stated(reading, members, _object(reply, marked))
    strong += stated
    if found and found[-1].is_bare and (choice := stated_by_line(found[-1], members)):
        strong.append(_extraction(reading, choice, "last line"))
    if strong:
        return max(strong, key=lambda one: one.span[0] if one.span else 0)
    return _agreed(weak) or _from_lines(reading, found, members)


def _reading(tokens: Sequence[Token], labels: Labels, options: Sequence[str] | None) -> Reading:
    return Reading(tokens, Phrases(tokens), labels, Texts(options, tokens))


def _extraction(reading: Reading, choice: Choice, tier: str) -> Extraction:
    span = (reading.tokens[choice.first].start, reading.tokens[choice.end - 1].end)
    return Extraction(choice.index, tier, span, choice.is_other)


def _stated(
    reading: Reading, members: frozenset[int], unread: tuple[int, int]
) -> tuple[list[Extraction], list[Extraction]]:
    """Return the last strong statement outside the characters that are not to be read, and the weak ones behind it."""
    weak: list[Extraction] = []
    for statement in statements(reading, members):
        one = _extraction(reading, statement.choice, statement.tier)
        if one.span is not None and unread[0] <= one.span[0] < unread[1]:
            continue
        if statement.is_strong:
            return [one], weak
        weak.append(one)
    return [], weak


def _read_mark(mark: Marked, labels: Labels, options: Sequence[str] | None) -> Extraction | None:
    """Return what a marked answer names; None if its text is no label and no option."""
    reading = _reading(tokenize(mark.text), labels, options)
    span = (mark.start, mark.end)
    for place in range(min(4, len(reading.tokens))):
        choice = read_choice(reading, place, numbers=reading.has(place - 1, "option"))
        if choice is not None:
            return Extraction(choice.index, mark.tier, span, choice.is_other)
        if not reading.has(place, "option", "filler", "article", "answer", "link") and reading.text(place) not in ":[":
            break
    return None


def _object(reply: str, marked: Sequence[Marked]) -> tuple[int, int]:
    """Return where the last JSON object with an answer stands: its explanation may name other options."""
    members = [mark for mark in marked if mark.tier == "json"]
    if not members:
        return 0, 0
    close = reply.find("}", members[-1].end)
    return max(reply.rfind("{", 0, members[-1].start), 0), close if close >= 0 else len(reply)


def _agreed(weak: list[Extraction]) -> Extraction | None:
    """Return the last weak statement; ambiguous if another one names another option."""
    if not weak:
        return None
    return weak[0] if len({one.index for one in weak}) == 1 else replace(weak[0], index=None)


def _from_lines(reading: Reading, found: Sequence[Line], members: frozenset[int]) -> Extraction:
    """Return what the first or last line says by its form, then what a finding or a line says by an option's text."""
    if not found:
        return _NOTHING
    ends = [found[0], found[-1]] if len(found) > 1 else [found[0]]
    labeled = [choice for line in ends if (choice := stated_by_line(line, members))]
    if labeled and (found[0].is_bare or len({choice.index for choice in labeled}) == 1):
        return _extraction(reading, labeled[0], "labeled line")
    if labeled:
        return replace(_extraction(reading, labeled[0], "labeled line"), index=None)
    named = next(findings(reading), None)
    if named is not None:
        return _extraction(reading, named, "finding")
    return _from_texts(reading, found)


def _from_texts(reading: Reading, found: Sequence[Line]) -> Extraction:
    whole = [choice for line in found if (choice := text_of_line(reading, line, opening=False))]
    if len({choice.index for choice in whole}) > 1 and len(whole) > 1:
        return _NOTHING  # the options repeated
    opening = text_of_line(reading, found[0], opening=True)
    closing = text_of_line(reading, found[-1], opening=False)
    choice = closing or opening
    return _extraction(reading, choice, "option text") if choice else _NOTHING
