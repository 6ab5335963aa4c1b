"""A user's glossary: terms of the source language, each with the target terms that are accepted for it; from TSV or TBX."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from qantara.errors import DataError
from qantara.fidelity.reading import Reading
from qantara.fidelity.vocabulary import vocabulary, words_of

_XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class Glossary:
    """`accepted[term]` are the target terms, as the file writes them, of which one must stand where the source has the term."""

    accepted: Mapping[str, tuple[str, ...]]

    @cached_property
    def _heads(self) -> Mapping[str, Sequence[tuple[str, Sequence[str]]]]:
        """Return the terms with their words by their first word, the longest first."""
        found: dict[str, list[tuple[str, Sequence[str]]]] = {}
        for term in self.accepted:
            words = words_of(term)
            if words:
                found.setdefault(words[0], []).append((term, words))
        return {head: sorted(terms, key=lambda pair: -len(pair[1])) for head, terms in found.items()}

    @cached_property
    def _accepted_words(self) -> Mapping[str, Sequence[str]]:
        return {target: words_of(target) for targets in self.accepted.values() for target in targets}

    def terms_in(self, reading: Reading) -> Iterator[tuple[str, tuple[int, int]]]:
        """Yield each term of the glossary that a source text has, once, with its folded span; the longest term wins."""
        told: set[str] = set()
        last = -1
        for i, token in enumerate(reading.tokens):
            if i <= last:
                continue
            for term, words in self._heads.get(token, ()):
                if list(reading.tokens[i : i + len(words)]) == list(words):
                    last = i + len(words) - 1
                    if term not in told:
                        told.add(term)
                        yield term, (reading.starts[i], reading.starts[last] + len(reading.tokens[last]))
                    break

    def has_any(self, reading: Reading, code: str, accepted: Iterable[str]) -> bool:
        """Tell whether a target text has one of the accepted terms, with any prefix of its language."""
        table, tokens = vocabulary(code), reading.tokens
        for target in accepted:
            words = self._accepted_words[target]
            for i in range(len(tokens) - len(words) + 1):
                if table.begins(tokens[i], words[0]) and all(
                    table.matches(tokens[i + n], words[n]) for n in range(1, len(words))
                ):
                    return True
        return False


def read_glossary(path: Path, source_language: str, target_language: str) -> Glossary:
    """Read a TSV of two columns (source term, target terms separated by "|"; "#" lines are skipped) or a TBX file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: the glossary can't be read as UTF-8 text") from error
    if text.lstrip().startswith("<"):
        return Glossary(_collected(_from_tbx(text, path, source_language, target_language)))
    return Glossary(_collected(_from_tsv(text, path)))


def _from_tsv(text: str, path: Path) -> Iterable[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) < 2 or not cells[0].strip() or not cells[1].strip():
            raise DataError(f"{path}: line {number} has no two columns: source term, tab, target terms")
        for target in cells[1].split("|"):
            yield cells[0].strip(), target.strip()


def _from_tbx(text: str, path: Path, source_language: str, target_language: str) -> Iterable[tuple[str, str]]:
    """Yield the terms of TBX-Basic and TBX v3 entries (`termEntry` or `conceptEntry`), whatever their namespace."""
    if "<!ENTITY" in text:
        raise DataError(f"{path}: entities are not allowed in a TBX file")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise DataError(f"{path}: not well-formed XML ({error})") from error
    for entry in root.iter():
        if _name(entry) not in ("termEntry", "conceptEntry"):
            continue
        terms: dict[str, list[str]] = {}
        for section in entry.iter():
            if _name(section) in ("langSet", "langSec"):
                code = section.get(_XML_LANGUAGE, "").split("-")[0].lower()
                terms.setdefault(code, []).extend(
                    (term.text or "").strip() for term in section.iter() if _name(term) == "term"
                )
        for source in terms.get(source_language, ()):
            for target in terms.get(target_language, ()):
                yield source, target


def _name(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _collected(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for source, target in pairs:
        if source and target:
            found[source] = (*found.get(source, ()), target)
    return found
