"""All lexicons of one language as one table by first word, so that a text is looked up once for every rule.

A word's look-up, prefixes such as the Arabic article taken off, is remembered; most words of a set come again and again.
A spelling of several words matches word by word; `*` ends a word that may go on; the value "none" masks what it covers.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from qantara.fidelity.folding import VULGAR_FRACTIONS, fold_with_places
from qantara.fidelity.lexicon import rows

CUE_LEXICONS = {
    "negation": "negation",
    "stem_operators": "stem_operator",
    "antonyms": "antonym",
    "routes": "route",
    "frequencies": "frequency",
    "modality": "modality",
    "comparators": "comparator",
    "option_phrases": "option_phrase",
    "sexes": "sex",
    "signs": "sign",
    "labels": "label",
}
MASK = "none"
_RANGE_WORD = "range"
ANY_LANGUAGE = "*"
TOKEN = re.compile(rf"([^\W\d_\u00b2\u00b3\u00b9\u2070-\u209f{VULGAR_FRACTIONS}]+|[0-9]+)")
_LEAST_STEM = 2
_MOST_WORDS_KNOWN, _MOST_SECONDS_KNOWN = 200_000, 5_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One spelling: the kind of cue (file), its value, the words after the first, and which clitics may stand before it.

    `written` is how it must be written where folding makes two words one, "" where that does not matter.
    """

    kind: str
    value: str
    tail: tuple[str, ...]
    clitics: str = "-"
    written: str = ""


class Seconds(dict[str, tuple[Entry, ...]]):
    """Maps the word after a phrase's first word to the phrases that may go on with it; grows by what is met."""

    def __init__(self, table: "Vocabulary", entries: Sequence[Entry]) -> None:
        super().__init__()
        self._table = table
        self._open = [entry for entry in entries if entry.tail[0].endswith("*")]
        self._by_word: dict[str, list[Entry]] = {}
        for entry in entries:
            self._by_word.setdefault(entry.tail[0], []).append(entry)

    def __missing__(self, second: str) -> tuple[Entry, ...]:
        if len(self) > _MOST_SECONDS_KNOWN:
            self.clear()
        forms = sorted(self._table.later_forms(second))
        entries = [entry for form in forms for entry in self._by_word.get(form, ())]
        entries += [entry for entry in self._open if self._table.matches(second, entry.tail[0])]
        self[second] = found = tuple(entries)
        return found


@dataclass(frozen=True, slots=True)
class Word:
    """What a word can be: entries of this word alone, and the phrases that it begins by their second word (None for no phrase)."""

    single: tuple[Entry, ...] = ()
    seconds: Seconds | None = None
    is_digits: bool = False


DIGITS = Word(is_digits=True)


class Vocabulary(dict[str, Word | None]):
    """Maps a folded word to what it can be, None for a word in no lexicon."""

    def __init__(self, language: str, extra: Iterable[tuple[str, Entry]] = ()) -> None:
        super().__init__()
        self._clitics = clitics(language)[::-1]
        self._articles = frozenset(row["spelling"] for row in rows(f"{language}_clitics") if row["kind"] == "article")
        self._clitic_kinds = _clitic_kinds(language)
        self._forms: dict[str, frozenset[str]] = {}
        self._whole: dict[str, list[Entry]] = {}
        self._beginnings: dict[str, list[Entry]] = {}
        for head, entry in (*_entries(language), *extra):
            table = self._beginnings if head.endswith("*") else self._whole
            table.setdefault(head.rstrip("*"), []).append(entry)
        self._lengths = sorted({len(head) for head in self._beginnings})

    def __missing__(self, word: str) -> Word | None:
        if len(self) > _MOST_WORDS_KNOWN:
            self.clear()
        self[word] = found = self._look_up(word)
        return found

    def later_forms(self, word: str) -> frozenset[str]:
        """Return what a later word of a phrase can be: itself, or itself without its article."""
        found = self._forms.get(word)
        if found is None:
            if len(self._forms) > _MOST_WORDS_KNOWN:
                self._forms.clear()
            rests = (rest for prefix, rest in self._split(word) if not prefix or prefix in self._articles)
            found = self._forms[word] = frozenset(rests)
        return found

    def matches(self, word: str, wanted: str) -> bool:
        """Tell whether a later word of a phrase is there."""
        if wanted[-1] == "*":
            return any(form.startswith(wanted[:-1]) for form in self.later_forms(word))
        return wanted in self.later_forms(word)

    def begins(self, word: str, wanted: str) -> bool:
        """Tell whether a word is `wanted` with or without any prefix: what the first word of a phrase may look like."""
        return any(rest == wanted for _, rest in self._split(word))

    def _split(self, word: str) -> Iterator[tuple[str, str]]:
        """Yield the word, and the word without each prefix that it may begin with, as (prefix, rest), the shortest prefix first."""
        yield "", word
        for prefix in self._clitics:
            if word.startswith(prefix) and len(word) >= len(prefix) + _LEAST_STEM:
                yield prefix, word[len(prefix) :]

    def _look_up(self, word: str) -> Word | None:
        if word[0] in "0123456789":
            return DIGITS
        found: dict[Entry, None] = {}
        kinds: set[str] = set()  # found with a shorter prefix: the drug flurazepam is not "then" and lorazepam
        for prefix, rest in self._split(word):
            here = [
                entry
                for entry in self._entries_of(rest)
                if not prefix or (entry.clitics in self._clitic_kinds[prefix] and entry.kind not in kinds)
            ]
            found |= dict.fromkeys(here)
            kinds |= {entry.kind for entry in here if not entry.tail}
        if not found:
            return None
        ordered = sorted(found, key=lambda entry: -len(entry.tail))
        phrases = [entry for entry in ordered if entry.tail]
        single = tuple(entry for entry in ordered if not entry.tail)
        return Word(single, Seconds(self, phrases) if phrases else None)

    def _entries_of(self, form: str) -> Iterator[Entry]:
        """Yield the entries of a form; of one kind, a spelling with `*` gives way to the word itself."""
        whole = self._whole.get(form, ())
        yield from whole
        exact = {entry.kind for entry in whole if not entry.tail}
        for length in self._lengths:
            if length > len(form):
                break
            for entry in self._beginnings.get(form[:length], ()):
                if entry.tail or entry.kind not in exact:
                    yield entry


@cache
def vocabulary(language: str) -> Vocabulary:
    """Return the table of a language; empty for a language without lexicons."""
    return Vocabulary(language)


@cache
def clitics(language: str) -> tuple[str, ...]:
    """Return the prefixes that a language glues to a word, the longest first."""
    return tuple(sorted((row["spelling"] for row in rows(f"{language}_clitics")), key=len, reverse=True))


@cache
def range_words(language: str) -> frozenset[str]:
    """Return the folded words that join the two numbers of a range or a list ("to", "and")."""
    return frozenset(row["spelling"] for row in rows(f"{language}_number_words") if row["kind"] == _RANGE_WORD)


@cache
def coordinators(language: str) -> frozenset[str]:
    """Return the folded words that end one thing and begin the next ("and", "or")."""
    return frozenset(row["spelling"] for row in rows("coordinators") if row["language"] == language)


@cache
def conjunctions(language: str) -> tuple[str, ...]:
    """Return the conjunctions that a language glues to a word."""
    return tuple(row["spelling"] for row in rows(f"{language}_clitics") if row["kind"] == "conjunction")


def _clitic_kinds(language: str) -> dict[str, tuple[str, ...]]:
    """Return for each prefix the `clitics` values that allow it: conjunctions (`and`) are allowed wherever all are."""
    return {
        row["spelling"]: ("all", "and") if row["kind"] == "conjunction" else ("all",)
        for row in rows(f"{language}_clitics")
    }


def words_of(spelling: str) -> list[str]:
    """Return the words of a spelling as a text would be cut, a final `*` kept with its word."""
    folded = fold_with_places(spelling).text
    found: list[str] = []
    for match in re.finditer(rf"{TOKEN.pattern}(\*?)", folded):
        found.append(match[0])
    return found


def entry_of(spelling: str, kind: str, value: str, allowed: str) -> tuple[str, Entry]:
    """Return a spelling as the first word and its entry."""
    head, *tail = words_of(spelling)
    return head, Entry(kind, value, tuple(tail), allowed, spelling[1:] if spelling.startswith("=") else "")


def _entries(language: str) -> Iterator[tuple[str, Entry]]:
    for name, kind in CUE_LEXICONS.items():
        for row in rows(name):
            if row["language"] == language:
                yield entry_of(row["spelling"], kind, row["value"], row["clitics"])
    for row in rows("drugs"):
        if row["language"] in (language, ANY_LANGUAGE):
            yield entry_of(row["spelling"], "drug", row["drug"], "all")
    for row in rows("leaks"):  # a model may slip into either language
        if words_of(row["spelling"]):
            phrase = fold_with_places(row["spelling"]).text
            yield entry_of(row["spelling"], f"leak:{row['kind']}", f"{row['place']}:{phrase}", "all")
    yield from _number_entries(language)


def _number_entries(language: str) -> Iterator[tuple[str, Entry]]:
    for row in rows(f"{language}_number_words"):
        if row["kind"] != _RANGE_WORD:
            yield entry_of(row["spelling"], f"number:{row['kind']}", row["value"], "all")
    for row in rows(f"{language}_duals"):
        yield entry_of(row["spelling"], "dual", row["unit"], "all")
