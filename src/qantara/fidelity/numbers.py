"""Rules on the numbers of a text: missing, added, changed, ambiguous, and how they are written.

A source number may stand in the target as a word or a dual; a target number may come from a word of the source. Numbers that
belong to names are never demanded. Units, order, signs and comparators have files of their own.
"""

from collections.abc import Iterable

from qantara.fidelity.quantities import Quantity, digit_scripts
from qantara.fidelity.reading import Reading
from qantara.fidelity.rule import Match, rule
from qantara.fidelity.text_pair import TextPair
from qantara.languages import ARABIC_COMMA, DIGIT_SCRIPTS, language
from qantara.records import Severity


def shown(reading: Reading, quantity: Quantity) -> str:
    """Return a number with its unit's name, for a reviewer."""
    text = reading.quote(quantity.start, quantity.end)
    name = quantity.unit.name
    return f"{text}{'' if name[:1] in ('', '/', '%') else ' '}{name}"


def span(quantity: Quantity) -> tuple[int, int]:
    """Return the folded span of a number without its unit."""
    return quantity.start, quantity.end


def _changes(pair: TextPair) -> tuple[list[tuple[Quantity, Quantity]], list[Quantity], list[Quantity]]:
    """Pair each missing number with an added one of the same unit, else in order; return those pairs and what is left."""
    missing, added = list(pair.numbers.missing), list(pair.numbers.added)
    changed = []
    for quantity in list(missing):
        if not added:
            break
        partner = next((other for other in added if other.unit.name == quantity.unit.name), added[0])
        added.remove(partner)
        missing.remove(quantity)
        changed.append((quantity, partner))
    return changed, missing, added


@rule("digits.changed", severity="fail", why="A number became another: ten times the dose looks as fluent as the dose.")
def changed(pair: TextPair) -> Iterable[Match]:
    """Find numbers that have another value in the target."""
    source, target = pair.source_reading, pair.target_reading
    for a, b in _changes(pair)[0]:
        before, after = shown(source, a), shown(target, b)
        yield Match(f"{before} became {after}", span(a), span(b), before, after)


@rule(
    "digits.missing",
    severity="fail",
    why="A number of the source is nowhere in the target, neither in digits nor in words.",
)
def missing(pair: TextPair) -> Iterable[Match]:
    """Find numbers that the target lacks."""
    for a in _changes(pair)[1]:
        before = shown(pair.source_reading, a)
        yield Match(f"the number {before} is missing in the translation", span(a), None, before)


@rule("digits.added", severity="fail", why="A number that the source does not have was made up.")
def added(pair: TextPair) -> Iterable[Match]:
    """Find numbers that the source lacks."""
    for b in _changes(pair)[2]:
        after = shown(pair.target_reading, b)
        yield Match(f"the number {after} is not in the source", None, span(b), "", after)


@rule(
    "digits.ambiguous",
    severity="fail",
    why="1,500 for 1.5 or the reverse: a reader takes the separator for the other one.",
)
def ambiguous(pair: TextPair) -> Iterable[Match]:
    """Find numbers whose value is right only if their separator is read the unusual way."""
    for a, b in pair.numbers.ambiguous:
        before, after = shown(pair.source_reading, a), shown(pair.target_reading, b)
        source_is_odd = b.other is None and a.unit.family != "dose"
        severity: Severity = "warn" if source_is_odd else "fail"
        message = f"{before} is written {after}, which reads as another number"
        yield Match(message, span(a), span(b), before, after, severity)


@rule("digits.word_changed", severity="fail", why="A count in words became another: three times a day for two.")
def word_changed(pair: TextPair) -> Iterable[Match]:
    """Find counts in words (two or more) that became another count in words; a fail when both count the same thing."""
    source, target = pair.source_reading, pair.target_reading
    left = list(pair.numbers.words_added)
    for a in pair.numbers.words_missing:
        alike = [b for b in left if (b.form == "fraction") is (a.form == "fraction")]
        b = next((b for b in alike if b.unit.name == a.unit.name and (a.unit.name or a.form == "fraction")), None)
        surely = b is not None
        b = b or next((b for b in alike if "" in (b.unit.name, a.unit.name)), None)
        if b is None:
            continue
        left.remove(b)
        counts_times = "times" in (a.unit.name, b.unit.name) or "multiple" in (a.form, b.form)
        before, after = shown(source, a), shown(target, b)
        severity: Severity = "fail" if surely or counts_times else "warn"
        yield Match(f"{before} became {after}", span(a), span(b), before, after, severity)


@rule("digits.word_missing", severity="warn", why="A count in words with its unit is nowhere in the target.")
def word_missing(pair: TextPair) -> Iterable[Match]:
    """Find counts in words with a unit ("three days") that nothing in the target answers."""
    if pair.numbers.words_added:
        return
    for a in pair.numbers.words_missing:
        if a.unit.name and a.unit.family != "time" and a.form != "fraction":
            before = shown(pair.source_reading, a)
            yield Match(f"{before} is missing in the translation", span(a), None, before)


@rule("digits.list_comma", severity="warn", why="A list comma inside a number may be read as two numbers.")
def list_comma(pair: TextPair) -> Iterable[Match]:
    """Find numbers that the target writes with the list comma of its script inside."""
    for a, b in pair.numbers.matched:
        written = pair.target_reading.text[b.start : b.end]
        if not a.is_name and ARABIC_COMMA in written and ARABIC_COMMA not in pair.source_reading.text[a.start : a.end]:
            after = shown(pair.target_reading, b)
            message = f"{after} has a list comma as its separator"
            yield Match(message, span(a), span(b), shown(pair.source_reading, a), after)


@rule(
    "digits.decimal_comma",
    severity="warn",
    why="Where the usual decimal sign is another, 2,5 is read as 25 or as a list.",
)
def decimal_comma(pair: TextPair) -> Iterable[Match]:
    """Find decimal commas in a language whose first decimal sign is another."""
    if language(pair.target_language).decimal_separators[0] == ",":
        return
    for b in pair.target_reading.quantities:
        if b.decimal_sign == "," and pair.target_reading.text[b.start : b.end] not in pair.source_reading.text:
            after = shown(pair.target_reading, b)
            yield Match(f"a comma as decimal separator is easily misread: {after}", None, span(b), "", after)


@rule("digits.mixed", severity="fail", why="Digits of two systems in one number are misread.")
def mixed(pair: TextPair) -> Iterable[Match]:
    """Find numbers written in digits of two systems."""
    if len(_systems(pair)) < 2:
        return
    for b, scripts in _written(pair):
        if len(scripts) > 1:
            text = pair.target_reading.quote(b.start, b.end)
            yield Match(
                f"digits of two systems in one number: {text}", None, span(b), scripts[0], " and ".join(scripts)
            )


@rule(
    "digits.foreign",
    severity="info",
    why="Persian digits in Arabic text: the value is right, the model may be the wrong one.",
)
def foreign(pair: TextPair) -> Iterable[Match]:
    """Find digits of a system that the language does not use."""
    usual = language(pair.target_language).digit_scripts
    if set(_systems(pair)) <= set(usual):
        return
    for b, scripts in _written(pair):
        if len(scripts) == 1 and scripts[0] not in usual:
            text = pair.target_reading.quote(b.start, b.end)
            yield Match(f"digits that this language does not use: {text}", None, span(b), usual[0], scripts[0])


def _systems(pair: TextPair) -> list[str]:
    """Return the digit systems of which the target has digits."""
    return [name for name, digits in DIGIT_SCRIPTS.items() if not pair.target_characters.isdisjoint(digits)]


def _written(pair: TextPair) -> Iterable[tuple[Quantity, tuple[str, ...]]]:
    for b in pair.target_reading.quantities:
        if not b.is_word:
            yield b, digit_scripts(pair.target_reading.quote(b.start, b.end))


@rule("digits.two_systems", severity="info", why="One text should keep to one system of digits.")
def two_systems(pair: TextPair) -> Iterable[Match]:
    """Find texts that write some numbers in one system of digits and some in another."""
    if len(_systems(pair)) < 2:
        return
    seen = {scripts[0]: b for b, scripts in _written(pair) if len(scripts) == 1}
    if len(seen) > 1:
        names = [name for name in DIGIT_SCRIPTS if name in seen]
        message = f"numbers in {' and '.join(names)} digits in one text"
        yield Match(message, None, span(seen[names[1]]), names[0], names[1])


RULES = (
    changed,
    missing,
    added,
    ambiguous,
    word_changed,
    word_missing,
    list_comma,
    decimal_comma,
    mixed,
    foreign,
    two_systems,
)
