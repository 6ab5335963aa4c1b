"""Rules on what turns a statement round: negation lost or added, operators of question stems, strength of advice.

Words are counted, not parsed: a count that differs is a doubt for the judge or a person, and a failure only where one statement
is left without its "not". Words that can express a negation ("unable") explain one and are never demanded.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from qantara.fidelity.comparators import num_limits, num_turned
from qantara.fidelity.reading import Reading
from qantara.fidelity.rule import Match, rule
from qantara.fidelity.text_pair import TextPair
from qantara.fidelity.vocabulary import conjunctions
from qantara.fidelity.word_hits import Cue
from qantara.records import Severity

_MOST_WORDS_OF_ONE_STATEMENT = 14
_NEAR = 30
_SURE = ("strong", "affix")
_DEMANDED = (*_SURE, "weak")
_STEM_ENDS = (":", "?")
_QUESTION_MARKS = ("?", "\u061f", ":")


def _of_value(reading: Reading, kind: str, *values: str) -> list[Cue]:
    return [cue for cue in reading.cues(kind) if cue.value in values]


def _sure_negations(reading: Reading, num_exceptions: int) -> list[Cue]:
    """Return the sure negations that are no restriction ("nothing but"), no comparator ("under 12 %") and continue no list.

    An "except" of the source has its own counterpart, which takes no negation back. "No fever, cough or pain" repeats its
    negation in Arabic; a conjunction glued to a negation soon after another marks that.
    """
    compared = {i for cue in reading.cues("comparator") for i in range(cue.first_token, cue.last_token + 1)}
    sure = [
        cue
        for cue in _of_value(reading, "negation", "strong")
        if cue.first_token not in compared or _stands_alone(reading, cue)
    ]
    glued = conjunctions(reading.language)
    first = sure[:1]
    first += [
        cue
        for before, cue in pairwise(sure)
        if not (cue.start - before.end <= _NEAR and reading.tokens[cue.first_token].startswith(glued))
    ]
    num_taken_back = len(_of_value(reading, "negation", "restrictive")) - num_exceptions
    return first[max(0, num_taken_back) :]


def _stands_alone(reading: Reading, cue: Cue) -> bool:
    """Tell whether a word that is both a negation and a comparator has no number after it, and is no part of a phrase."""
    is_whole = any(limit.first_token == limit.last_token == cue.first_token for limit in reading.cues("comparator"))
    return is_whole and not reading.text[cue.end : cue.end + 2].strip().isdecimal()


def _place(cues: Sequence[Cue]) -> tuple[int, int] | None:
    return (cues[0].start, cues[0].end) if cues else None


@rule("negation.lost", severity="fail", why="A lost negation turns advice into its opposite and reads as fluently.")
def negation_lost(pair: TextPair) -> Iterable[Match]:
    """Find texts with more negations than their target has words that could express them, sentence by sentence where they agree.

    Two counts: sure negations and prefixes ("unassociated") need a sure one, or a weak one beyond those of the source; and all
    that negates in some way ("avoid", "lack") needs some word of negation.
    """
    if not _of_value(pair.source_reading, "negation", *_SURE, "weak"):
        return
    for source, target, num_words in pair.parts:
        told_apart = {cue.first_token for cue in _of_value(source, "stem_operator", "invert")}  # by stem.inverted
        ours = [cue for cue in source.cues("negation") if cue.value in _DEMANDED and cue.first_token not in told_apart]
        wanted = [cue for cue in ours if cue.value in _SURE]
        theirs = [cue for cue in target.cues("negation") if cue.value != "restrictive"]
        explained = num_turned(source, target) + len(_uncovered(target))  # "not under 5": "at least 5"
        sure = sum(cue.value in _SURE for cue in theirs)
        weak = sum(cue.value == "weak" for cue in theirs)
        count = sure + max(0, weak - len(ours) + len(wanted)) + explained
        if count >= len(wanted):
            wanted, count = ours, len(theirs) + explained
        if count < len(wanted):
            yield _lost(pair, (wanted, theirs), count, is_short=num_words <= _MOST_WORDS_OF_ONE_STATEMENT)
            return


def _lost(pair: TextPair, cues: tuple[Sequence[Cue], Sequence[Cue]], count: int, *, is_short: bool) -> Match:
    wanted, theirs = cues
    surely = not count and any(cue.value == "strong" for cue in wanted) and (is_short or pair.is_question)
    severity: Severity = "fail" if surely and not _is_turned_too(pair) else "warn"
    words = ", ".join(pair.source_reading.quote(cue.start, cue.end) for cue in wanted)
    message = f"the source negates {len(wanted)} time(s) ({words}), the translation {count}"
    return Match(message, _place(wanted), _place(theirs), str(len(wanted)), str(count), severity)


def _uncovered(reading: Reading) -> list[Cue]:
    """Return the words of exception and falsehood ("except", "wrong") that are not counted as negations anyway."""
    covered = {cue.first_token for cue in reading.cues("negation") if cue.value != "optional"}
    return [cue for cue in _of_value(reading, "stem_operator", "invert") if cue.first_token not in covered]


def _is_turned_too(pair: TextPair) -> bool:
    """Tell whether the target has an opposite where the source has a word: "not rare" may well be "common"."""
    theirs = set(pair.target_reading.values("antonym"))
    for value in set(pair.source_reading.values("antonym")) - theirs:
        name = value.partition(":")[0]
        if any(other.startswith(f"{name}:") for other in theirs):
            return True
    return False


@rule("negation.added", severity="warn", why="A negation that the source has not.")
def negation_added(pair: TextPair) -> Iterable[Match]:
    """Find targets with more sure negations than the source has words that could call for them.

    A weak word of the source ("avoid") calls for one only beyond those of the target, which answer it.
    """
    if not _of_value(pair.target_reading, "negation", "strong"):
        return
    for source, target, _ in pair.parts:
        theirs = _sure_negations(target, len(_of_value(source, "stem_operator", "invert")))
        ours = [cue for cue in source.cues("negation") if cue.value != "restrictive"]
        sure = sum(cue.value in _SURE for cue in ours)
        answered = len(_of_value(target, "negation", "weak", "optional"))
        limits = num_limits(target, source)  # "at most 6" may be "not more than 6"
        count = sure + max(0, len(ours) - sure - answered) + len(_uncovered(source)) + limits
        if count < len(theirs):
            words = ", ".join(target.quote(cue.start, cue.end) for cue in theirs)
            message = f"the translation negates {len(theirs)} time(s) ({words}), the source {count}"
            yield Match(message, _place(ours), _place(theirs), str(count), str(len(theirs)))
            return


def _is_stem(pair: TextPair) -> bool:
    """Tell whether a text asks: the stem of an item, or a plain text that ends like one."""
    return pair.is_question or (pair.kind == "text" and pair.source_reading.text.rstrip().endswith(_STEM_ENDS))


@rule(
    "stem.inverted",
    severity="fail",
    why="A stem that lost its EXCEPT, NOT or FALSE asks the opposite: the key is wrong.",
)
def inverted(pair: TextPair) -> Iterable[Match]:
    """Find stems that ask for the exception in the source and not in the target; a warning outside of stems."""
    ours = _of_value(pair.source_reading, "stem_operator", "invert")
    target = pair.target_reading
    if not ours or _of_value(target, "stem_operator", "invert"):
        return
    negations = len(_of_value(target, "negation", "strong"))
    if negations > len(_of_value(pair.source_reading, "negation", "strong")):
        return
    cue = ours[0]
    written = pair.source_reading.quote(cue.start, cue.end)
    severity: Severity = "fail" if _is_stem(pair) or written.isupper() else "warn"
    message = f'the source asks for the exception ("{written}"), the translation does not'
    yield Match(message, (cue.start, cue.end), None, written, severity=severity)


@rule("stem.question_lost", severity="warn", why="A question that asks nothing any more was cut off, or answered.")
def question_lost(pair: TextPair) -> Iterable[Match]:
    """Find stems that end with a question mark in the source, and in the target have neither one nor a colon."""
    if not pair.is_question or not pair.source_reading.text.rstrip().endswith("?"):
        return
    if not any(mark in pair.target_reading.text for mark in _QUESTION_MARKS):
        yield Match("the source asks, the translation has no question mark")


@rule("stem.least", severity="fail", why="LEAST likely became likely, or MOST likely became least.")
def least(pair: TextPair) -> Iterable[Match]:
    """Find stems that ask for the least on one side only."""
    if not _is_stem(pair):
        return
    ours = _of_value(pair.source_reading, "stem_operator", "least")
    theirs = _of_value(pair.target_reading, "stem_operator", "least")
    negated = pair.target_reading.cues("negation") or pair.source_reading.cues("negation")
    if ours and not theirs and not negated:
        word = pair.source_reading.quote(ours[0].start, ours[0].end)
        yield Match(f'"{word}" of the source is not in the translation', _place(ours), None, word)
    elif theirs and not ours and _of_value(pair.source_reading, "stem_operator", "most"):
        most = _of_value(pair.source_reading, "stem_operator", "most")
        if not _of_value(pair.target_reading, "stem_operator", "most"):
            word = pair.target_reading.quote(theirs[0].start, theirs[0].end)
            yield Match(
                "the source asks for the most, the translation for the least", _place(most), _place(theirs), got=word
            )


@rule("stem.most", severity="info", why="BEST, MOST and FIRST choose among answers that are all right.")
def most(pair: TextPair) -> Iterable[Match]:
    """Find stems whose "most", "best" or "first" is not in the target."""
    if not pair.is_question:
        return
    wanted = ("most", "first", "next")
    theirs = {cue.value for cue in pair.target_reading.cues("stem_operator")}
    ours = _of_value(pair.source_reading, "stem_operator", *wanted)
    if ours and not theirs:
        word = pair.source_reading.quote(ours[0].start, ours[0].end)
        yield Match(f'"{word}" of the source is not in the translation', _place(ours), None, word)


@rule("advice.weaker", severity="warn", why="Must became may: an order became a choice.")
def weaker(pair: TextPair) -> Iterable[Match]:
    """Find texts with fewer "must" and more "may" than the source."""
    yield from _advice(pair, ("must", "should", "never"), ("may",), "weaker")


@rule("advice.stronger", severity="warn", why="May became must: a choice became an order.")
def stronger(pair: TextPair) -> Iterable[Match]:
    """Find texts with fewer "may" and more "must" than the source."""
    yield from _advice(pair, ("may",), ("must", "never"), "stronger")


def _advice(pair: TextPair, lost: tuple[str, ...], gained: tuple[str, ...], word: str) -> Iterable[Match]:
    source, target = pair.source_reading, pair.target_reading
    if not source.cues("modality") or not target.cues("modality"):
        return
    ours, theirs = _of_value(source, "modality", *lost), _of_value(target, "modality", *lost)
    ours_gained, theirs_gained = _of_value(source, "modality", *gained), _of_value(target, "modality", *gained)
    if ours and not theirs and theirs_gained and not ours_gained:
        before = source.quote(ours[0].start, ours[0].end)
        after = target.quote(theirs_gained[0].start, theirs_gained[0].end)
        message = f'the advice is {word}: "{before}" became "{after}"'
        yield Match(message, _place(ours), _place(theirs_gained), before, after)


RULES = (negation_lost, negation_added, inverted, question_lost, least, most, weaker, stronger)
