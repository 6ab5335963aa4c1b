"""Checks what the doctor advises in the last turn against the item: the right answer is there, no wrong one is recommended.

Answers are told apart by their facts (drugs, numbers, sides; how often, which way), and by words where the dialogue is in the
item's language. An answer in plain words of another language is compared by sentence vectors, which see whether the advice is
about it at all but not which of two like answers it is: that is for a judge.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from qantara.fidelity.encoders import Encoder
from qantara.fidelity.quantities import Quantity
from qantara.fidelity.script import function_words
from qantara.languages import language
from qantara.records import Choice
from qantara.synthesize.facts import Said, has_amount, joined, same_amount, sentences
from qantara.synthesize.tags import Fault

# Measured on the faultless dialogues of recipes/synthesize, each against its own and all other items: docs/synthesize.md
LEAST_WORD_SHARE = 0.6
LEAST_COSINE = 0.3
_LEAST_LETTERS, _STEM_LETTERS = 3, 5
_OPPOSITE, _SIDE = "antonym ", "antonym left_right:"
_TURNS_ROUND = frozenset({"invert", "least"})
_NEGATES = frozenset({"strong", "weak"})
Sense = Literal["plain", "inverted", "doubtful"]


@dataclass(frozen=True)
class _Facts:
    """What tells an answer from others: drugs, numbers, cues and, in the item's language, the beginnings of its words."""

    drugs: frozenset[str]
    numbers: tuple[Quantity, ...]
    cues: frozenset[str]
    words: frozenset[str]

    @property
    def any(self) -> bool:
        """Tell whether there is anything to compare by."""
        return bool(self.drugs or self.numbers or self.cues or self.words)

    def less(self, others: Sequence["_Facts"]) -> "_Facts":
        """Return what none of the others has."""
        return _Facts(
            self.drugs.difference(*(other.drugs for other in others)),
            tuple(q for q in self.numbers if not any(same_amount(q, b) for other in others for b in other.numbers)),
            self.cues.difference(*(other.cues for other in others)),
            self.words.difference(*(other.words for other in others)),
        )

    def stand_in(self, said: Said) -> bool:
        """Tell whether a text has all of them; a count in words ("one point") is not taken for a number in digits."""
        return (
            all(said.may_name(drug) for drug in self.drugs)
            and all(has_amount(number, said.quantities) for number in self.numbers)
            and self.cues <= said.cues
            and self.words <= _stems(said)
        )


@dataclass(frozen=True)
class Advice:
    """An item and the doctor's last turn, in the language `code`."""

    item: Choice
    text: str
    code: str

    @cached_property
    def said(self) -> Said:
        """Return the advice, read."""
        return Said(self.text, self.code)

    @cached_property
    def spoken(self) -> list[Said]:
        """Return its sentences, read."""
        return [Said(sentence, self.code) for sentence in sentences(self.text)]

    @cached_property
    def options(self) -> list[_Facts]:
        """Return the facts of each option."""
        return [self._facts(option) for option in self.item.options]

    @property
    def right(self) -> _Facts:
        """Return the facts of the right option."""
        return self.options[self.item.answer_index]

    @cached_property
    def case(self) -> _Facts:
        """Return the facts of the case, which anybody may mention."""
        return self._facts(joined([self.item.context, self.item.question]))

    def _facts(self, text: str) -> _Facts:
        said = Said(text, self.item.language)
        words = _content_stems(said) if self.item.language == self.code else frozenset()
        return _Facts(said.drugs, said.quantities, said.cues, words)


def advice_faults(advice: Advice, encoder: Encoder) -> Iterator[Fault]:
    """Yield what is wrong with the advice: a wrong option recommended, the right one missing, or its sense turned round."""
    sense = sense_of(advice.item)
    if sense == "plain":
        yield from _wrong_options(advice)
    if missing := _missing(advice, encoder):
        yield Fault("answer.missing", missing)
    elif sense == "inverted" and not _is_denied(advice):
        yield Fault("answer.not_denied", "the item asks what is not so, and the doctor does not say that it is not so")


def sense_of(item: Choice) -> Sense:
    """Return whether an item asks what is so, what is not so ("EXCEPT", "LEAST"), or has a "not" that may mean either."""
    asked = Said(sentences(item.question)[-1] if item.question.strip() else "", item.language).reading
    if _TURNS_ROUND.intersection(asked.values("stem_operator")):
        return "inverted"
    negations = [cue for cue in asked.cues("negation") if cue.value == "strong"]
    if not negations:
        return "plain"
    has_case = language(item.language).script == "LATIN"
    is_loud = any(asked.quote(cue.start, cue.end).isupper() for cue in negations)
    return "doubtful" if has_case and not is_loud else "inverted"


def _wrong_options(advice: Advice) -> Iterator[Fault]:
    for i, option in enumerate(advice.options):
        own = option.less([advice.right, advice.case])
        if i == advice.item.answer_index or not own.any:
            continue
        if any(own.stand_in(sentence) and not _negates(sentence) for sentence in advice.spoken):
            yield Fault("answer.wrong_option", f"option {i} (from 0) is recommended")


def _missing(advice: Advice, encoder: Encoder) -> str:
    """Return what of the right option the advice lacks, "" if nothing does."""
    right, said = advice.right, advice.said
    if any(not said.may_name(drug) for drug in right.drugs):
        return "a drug of the right answer is not named"
    if any(not has_amount(number, said.reading.quantities) for number in right.numbers):
        return "a number of the right answer is not named"
    sides = _sides(advice)
    if not sides <= said.cues or not {cue for cue in sides if cue.startswith(_SIDE)} <= _about_right(advice).cues:
        return "the side, or one of two opposites, is not named where the right answer is"
    if right.drugs or right.numbers:
        return ""
    if right.words:
        share = len(right.words & _stems(said)) / len(right.words)
        return "" if share >= LEAST_WORD_SHARE else f"{share:.0%} of the right answer's words are named"
    if advice.item.language == advice.code:
        return ""
    cosine = _cosine(advice, encoder)
    return "" if cosine >= LEAST_COSINE else f"the advice is about something else (cosine {cosine:.2f})"


def _sides(advice: Advice) -> frozenset[str]:
    """Return the sides of the body in the right option, and its opposites (primary) of which another option has the other one."""
    rest = frozenset().union(*(o.cues for i, o in enumerate(advice.options) if i != advice.item.answer_index))
    pairs = {cue.rpartition(":")[0] for cue in rest - advice.right.cues if cue.startswith(_OPPOSITE)}
    return frozenset(
        cue
        for cue in advice.right.cues
        if cue.startswith(_SIDE) or (cue.startswith(_OPPOSITE) and cue.rpartition(":")[0] in pairs)
    )


def _about_right(advice: Advice) -> Said:
    """Return the sentence that has most words of the right option, all of the advice where words can't be compared."""
    words = advice.right.words
    return max(advice.spoken, key=lambda sentence: len(words & _stems(sentence))) if words else advice.said


def _cosine(advice: Advice, encoder: Encoder) -> float:
    """Return how near in meaning the nearest sentence of the advice, or all of it, is to the right answer with its reason."""
    item = advice.item
    wanted = joined([item.explanation or item.question, item.options[item.answer_index]])
    vectors = encoder.encode([wanted, advice.text, *sentences(advice.text)])
    return float((vectors[1:] @ vectors[0]).max())


def _is_denied(advice: Advice) -> bool:
    """Tell whether a sentence that names the right option denies it; any sentence counts when none can be told to name it."""
    right = advice.right
    known = _Facts(right.drugs, (), frozenset(), frozenset() if right.drugs else right.words)
    about = [s for s in advice.spoken if _names(known, s)] if known.any else []
    return any(_negates(sentence) or _compares(sentence) for sentence in about or advice.spoken)


def _names(known: _Facts, sentence: Said) -> bool:
    if known.drugs:
        return known.stand_in(sentence)
    return len(known.words & _stems(sentence)) >= LEAST_WORD_SHARE * len(known.words)


def _negates(sentence: Said) -> bool:
    return not _NEGATES.isdisjoint(sentence.reading.values("negation"))


def _compares(sentence: Said) -> bool:
    return not _TURNS_ROUND.isdisjoint(sentence.reading.values("stem_operator"))


def _content_stems(said: Said) -> frozenset[str]:
    """Return the beginnings of the words that carry meaning; drugs and numbers are facts of their own."""
    known = {i for cue in said.reading.cues("drug") for i in range(cue.first_token, cue.last_token + 1)}
    ordinary = function_words(said.language)
    return frozenset(
        token[:_STEM_LETTERS]
        for i, token in enumerate(said.reading.tokens)
        if token.isalpha() and len(token) >= _LEAST_LETTERS and token not in ordinary and i not in known
    )


def _stems(said: Said) -> frozenset[str]:
    return frozenset(token[:_STEM_LETTERS] for token in said.reading.tokens)
