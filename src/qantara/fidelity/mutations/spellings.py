"""Words of the lexicons as they are written, for putting into a text; `lexicon.rows` has them folded, for looking up.

Also finds which spelling a cue is, without the prefixes that stand glued to it, and the one of another value that fits its place.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from qantara.fidelity.folding import fold_with_places
from qantara.fidelity.lexicon import rows
from qantara.fidelity.reading import Reading
from qantara.fidelity.vocabulary import clitics, words_of
from qantara.fidelity.word_hits import Cue
from qantara.languages import script_of

_LONGEST_ENDING = 3


class Form(NamedTuple):
    """One spelling as written, and folded as a reading has it; a final `*` stands for any continuation."""

    written: str
    folded: str


class Found(NamedTuple):
    """Which spelling a cue is: its form, where it starts in the folded text behind its prefix, and where it ends."""

    form: Form
    start: int
    end: int


@cache
def forms(name: str, column: str, language: str) -> dict[str, tuple[Form, ...]]:
    """Return the spellings of a lexicon for one language (`*` is any) by the value of a column, in the order of the file."""
    found: dict[str, list[Form]] = {}
    path = files("qantara.fidelity") / "lexicons" / f"{name}.tsv"
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line[:1] not in ("", "#")]
    columns = lines[0]
    for cells, folded in zip(lines[1:], rows(name), strict=True):
        row = dict(zip(columns, cells, strict=True))
        if row["language"] in (language, "*"):
            found.setdefault(folded[column], []).append(Form(row["spelling"], fold_with_places(row["spelling"]).text))
    return {value: tuple(dict.fromkeys(spelled)) for value, spelled in found.items()}


@cache
def words_for(code: str, use: str) -> frozenset[str]:
    """Return the folded words that `mutation_words.tsv` has for a use."""
    chosen = [row for row in rows("mutation_words") if row["language"] == code and row["use"] == use]
    return frozenset(word for row in chosen for word in words_of(row["changed"]))


def without_prefix(code: str, word: str) -> Iterator[tuple[str, str]]:
    """Yield a folded word whole, and without each prefix that the language may glue to it, as (prefix, rest)."""
    yield "", word
    for prefix in reversed(clitics(code)):
        if word.startswith(prefix) and len(word) > len(prefix) + 1:
            yield prefix, word[len(prefix) :]


def find_form(reading: Reading, cue: Cue, spelled: Sequence[Form]) -> Found | None:
    """Return which of the spellings a cue is; None when none is it whole."""
    text = reading.text[cue.start : cue.end]
    head = reading.tokens[cue.first_token]
    for prefix, _ in without_prefix(reading.language, head):
        rest = text[len(prefix) :]
        for form in spelled:
            is_open = form.folded.endswith("*")
            if form.folded == rest or (is_open and rest.startswith(form.folded[:-1])):
                return Found(form, cue.start + len(prefix), cue.end)
    return None


def alike(written: str, spelled: Sequence[Form], ours: Sequence[Form]) -> str | None:
    """Return the spelling that stands best in the place of `written`: same number of words, ending, beginning."""
    fitting = [form.written for form in spelled if len(form.written.split()) == len(written.split())]
    ending = _ending(written, ours)
    whole = [text[:-1] + ending if text.endswith("*") else text for text in fitting]
    order = {text: -i for i, text in enumerate(whole)}
    return max(
        whole, key=lambda text: (_ending(text, spelled) == ending, *_fit(written, text), order[text]), default=None
    )


def _fit(written: str, text: str) -> tuple[int, bool]:
    common = 0
    while common < min(_LONGEST_ENDING, len(written), len(text)) and written[-1 - common] == text[-1 - common]:
        common += 1
    too_long = abs(len(written) - len(text)) > _LONGEST_ENDING
    return common - too_long, written[:1] == text[:1]


def _ending(written: str, spelled: Sequence[Form]) -> str:
    """Return what a word has behind the shortest spelling of its value that it begins with."""
    stems = [form.written.rstrip("*") for form in spelled if written.startswith(form.written.rstrip("*"))]
    return written[len(min(stems, key=len)) :] if stems else ""


def with_article(code: str, written: str, after: str) -> str:
    """Return `after` with the article that `written` has as part of its spelling."""
    articles = [row["spelling"] for row in rows(f"{code}_clitics") if row["kind"] == "article"]
    missing = [each for each in articles if written.startswith(each) and not after.startswith(each)]
    return missing[0] + after if missing else after


def glued(prefix: str, word: str) -> str:
    """Return a word behind a prefix, the article not written twice."""
    for length in range(len(prefix), 1, -1):
        if word.startswith(prefix[-length:]):
            return prefix + word[length:]
    return prefix + word


def same_script(one: str, other: str) -> bool:
    """Tell whether the first letters of two words are of one script."""
    scripts = [next(filter(None, map(script_of, word)), "") for word in (one, other)]
    return scripts[0] == scripts[1]
