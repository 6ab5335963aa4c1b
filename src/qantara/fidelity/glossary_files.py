"""Glossaries in and out: TSV of two columns (source term, target terms separated by "|"), and TBX.

Read are TBX-Basic of ISO 30042:2008 (`martif`) and of 2019 (`tbx`), data categories as attributes (DCA) or as tags (DCT);
written is either edition: OmegaT and the translate-toolkit, so Weblate, read the old one alone. Of TBX only terms are kept,
and the status that forbids one: a target term that is deprecated or superseded is no accepted term, while such a source term
still stands in texts and has to be translated.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple
from xml.etree.ElementTree import Element

from qantara.errors import DataError
from qantara.fidelity.terms import Glossary
from qantara.store import whole_file
from qantara.xml_entries import escaped, is_writable, language_of, local_name, xml_entries

_COMMENT, _BETWEEN_TARGETS = "#", "|"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_HEAD_BYTES = 256
_ENTRIES, _SECTIONS = ("termEntry", "conceptEntry"), ("langSet", "langSec")
_ONE_TERM = ("tig", "ntig", "termSec")
_STATUS = "administrativeStatus"
_FORBIDDEN = ("deprecatedTerm", "supersededTerm")
Edition = Literal["2008", "2019"]


class _Tags(NamedTuple):
    """What an edition of TBX calls its parts, from the outermost to the one that holds a term; `root` has its attributes."""

    root: str
    header: str
    entry: str
    section: str
    group: str


_EDITIONS: Mapping[Edition, _Tags] = {
    "2008": _Tags('martif type="TBX-Basic"', "martifHeader", "termEntry", "langSet", "tig"),
    "2019": _Tags(
        'tbx style="dca" type="TBX-Basic" xmlns="urn:iso:std:iso:30042:ed-2"',
        "tbxHeader",
        "conceptEntry",
        "langSec",
        "termSec",
    ),
}


def read_glossary(path: Path, source_language: str, target_language: str) -> Glossary:
    """Read a TSV ("#" lines are skipped) or a TBX file, told apart by what is in it; DataError says what is wrong with it."""
    if _is_xml(path):
        return Glossary(_collected(_from_tbx(path, source_language, target_language)))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: the glossary can't be read as UTF-8 text") from error
    return Glossary(_collected(_from_tsv(text, path)))


def write_glossary(path: Path, glossary: Glossary, direction: tuple[str, str], edition: Edition = "2019") -> None:
    """Write a glossary as TSV or TBX, as the file's name ends; DataError when the format can't hold one of its entries.

    `edition` is that of ISO 30042, of no meaning for TSV.
    """
    if path.suffix not in (".tsv", ".tbx"):
        raise DataError(f"{path}: a glossary is written as .tsv or .tbx; give a name that ends so")
    lines = _tsv(path, glossary) if path.suffix == ".tsv" else _tbx(path, glossary, direction, _EDITIONS[edition])
    with whole_file(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)


def _is_xml(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise DataError(f"{path}: the glossary can't be read ({error.strerror})") from error
    encoding = "utf-16" if head.startswith(_UTF16_MARKS) else "utf-8-sig"
    return head.decode(encoding, errors="ignore").lstrip().startswith("<")


def _from_tsv(text: str, path: Path) -> Iterable[tuple[str, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith(_COMMENT):
            continue
        cells = line.split("\t")
        if len(cells) < 2 or not cells[0].strip() or not cells[1].strip():
            raise DataError(f"{path}: line {number} has no two columns: source term, tab, target terms")
        for target in cells[1].split(_BETWEEN_TARGETS):
            yield cells[0], target


def _from_tbx(path: Path, source_language: str, target_language: str) -> Iterable[tuple[str, str]]:
    for entry in xml_entries(path, ("tbx", "martif"), _ENTRIES):
        sections = [section for section in entry.iter() if local_name(section) in _SECTIONS]
        sources = [
            term for section in sections if language_of(section) == source_language for term, _ in _terms(section)
        ]
        for section in sections:
            if language_of(section) == target_language:
                for target, is_forbidden in _terms(section):
                    if not is_forbidden:
                        yield from ((source, target) for source in sources)


def _terms(section: Element) -> Iterator[tuple[str, bool]]:
    """Yield the terms of one language's section, and whether their use is advised against."""
    for group in section.iter():
        if local_name(group) not in _ONE_TERM:
            continue
        statuses = [
            (element.text or "").strip()
            for element in group.iter()
            if _STATUS in (element.get("type"), local_name(element))
        ]
        for element in group.iter():
            if local_name(element) == "term":
                yield "".join(element.itertext()), any(status.startswith(_FORBIDDEN) for status in statuses)


def _collected(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return the target terms of each source term, white space made one space, each once, in order."""
    found: dict[str, dict[str, None]] = {}
    for source, target in pairs:
        source, target = " ".join(source.split()), " ".join(target.split())
        if source and target:
            found.setdefault(source, {})[target] = None
    return {source: tuple(targets) for source, targets in found.items()}


def _tsv(path: Path, glossary: Glossary) -> Iterator[str]:
    for number, (source, targets) in enumerate(glossary.accepted.items(), start=1):
        if source.startswith(_COMMENT) or any(_BETWEEN_TARGETS in target for target in targets):
            raise DataError(f'{path}: entry {number} has a "#" or "|" where TSV gives it a meaning; write .tbx instead')
        yield f"{source}\t{f' {_BETWEEN_TARGETS} '.join(targets)}\n"


def _tbx(path: Path, glossary: Glossary, direction: tuple[str, str], tags: _Tags) -> Iterator[str]:
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<{tags.root} xml:lang="{escaped(direction[0])}">\n'
    origin = "<fileDesc><sourceDesc><p>glossary written by qantara</p></sourceDesc></fileDesc>"
    yield f"<{tags.header}>{origin}</{tags.header}>\n<text><body>\n"
    for number, (source, targets) in enumerate(glossary.accepted.items(), start=1):
        if not is_writable("".join((source, *targets))):
            raise DataError(f"{path}: entry {number} has a control character, which XML can't hold")
        sections = (_section(code, terms, tags) for code, terms in zip(direction, ((source,), targets), strict=True))
        yield "\n".join((f'<{tags.entry} id="c{number}">', *sections, f"</{tags.entry}>\n"))
    yield f"</body></text>\n</{tags.root.partition(' ')[0]}>\n"


def _section(code: str, terms: Sequence[str], tags: _Tags) -> str:
    inner = "".join(f"<{tags.group}><term>{escaped(term)}</term></{tags.group}>" for term in terms)
    return f'<{tags.section} xml:lang="{escaped(code)}">{inner}</{tags.section}>'
