"""Translation memories as TMX 1.4b, in and out, entry by entry; the same entries make the same bytes.

Formatting tags in a segment are dropped, their text is kept; an entry with a placeholder is skipped, since what it stands for
is not in the text. A memory is not read backwards: what was accepted as a translation was not accepted as a source.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

from qantara import __version__
from qantara.store import whole_file
from qantara.translator.memory import DecidedBy, Entry
from qantara.xml_entries import escaped, is_writable, language_of, local_name, primary_subtag, xml_entries

_ROLE, _DECIDED_BY, _CONTEXT = "x-role", "x-decided-by", "x-qantara-context"
_ANY_LANGUAGE = "*all*"
_WITH_TEXT = frozenset({"hi"})
_CODES = frozenset(
    {"bpt", "ept", "it"}
)  # begin, end, or the one end of a formatting that is in this segment: native code
_DECIDERS: Mapping[str, DecidedBy] = {"person": "person", "machine": "machine"}
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<tmx version="1.4">
<header creationtool="qantara" creationtoolversion="{version}" segtype="block" o-tmf="qantara" adminlang="en" srclang="{source}" \
datatype="plaintext"/>
<body>
"""
_TAIL = "</body>\n</tmx>\n"


def read_tmx(path: Path, direction: tuple[str, str], skipped: Counter[str]) -> Iterator[Entry]:
    """Yield the entries that go from the first language to the second; `skipped` is counted up by reason for all others.

    Reasons: other_languages, other_direction, placeholder, empty. Raises DataError for a file that is not TMX.
    """
    file_source = _ANY_LANGUAGE
    for element in xml_entries(path, ("tmx",), ("header", "tu")):
        if local_name(element) == "header":
            file_source = element.get("srclang", _ANY_LANGUAGE)
            continue
        source_language = primary_subtag(element.get("srclang", file_source))
        if source_language not in (direction[0], _ANY_LANGUAGE):
            skipped["other_direction"] += 1
            continue
        yield from _entries(element, direction, skipped)


def write_tmx(path: Path, entries: Iterable[Entry], direction: tuple[str, str]) -> tuple[int, int]:
    """Write entries as one TMX file; return how many, and how many were left out: XML has no sign for a character of theirs."""
    num_written = num_left_out = 0
    with whole_file(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_HEAD.format(version=__version__, source=escaped(direction[0])))
        for entry in entries:
            if not is_writable(entry.source + entry.target):
                num_left_out += 1
                continue
            file.write(_unit(entry, direction))
            num_written += 1
        file.write(_TAIL)
    return num_written, num_left_out


def _entries(unit: Element, direction: tuple[str, str], skipped: Counter[str]) -> Iterator[Entry]:
    """Yield a unit's entries: one, unless it has several variants of a language."""
    segments: dict[str, list[Element]] = {code: [] for code in direction}
    properties: dict[str, str] = {}
    for child in unit:
        if local_name(child) == "tuv":
            segments.get(language_of(child), []).extend(seg for seg in child if local_name(seg) == "seg")
        elif local_name(child) == "prop":
            properties[child.get("type", "")] = (child.text or "").strip()
    sources, targets = (segments[code] for code in direction)
    if not sources or not targets:
        skipped["other_languages"] += 1
        return
    for source in map(_flat, sources):
        for target in map(_flat, targets):
            if source is None or target is None:
                skipped["placeholder"] += 1
            elif not source.strip() or not target.strip():
                skipped["empty"] += 1
            else:
                yield Entry(
                    id=unit.get("tuid", ""),
                    role=properties.get(_ROLE, ""),
                    source=source,
                    target=target,
                    decided_by=_DECIDERS.get(properties.get(_DECIDED_BY, ""), ""),
                    context=properties.get(_CONTEXT, ""),
                )


def _flat(element: Element) -> str | None:
    """Return a segment's text without its formatting, or None when something stands in it that is not text (`ph`, `sub`, `ut`)."""
    parts = [element.text or ""]
    for child in element:
        name = local_name(child)
        inner = _flat(child) if name in _WITH_TEXT else "" if name in _CODES and not len(child) else None
        if inner is None:
            return None
        parts += [inner, child.tail or ""]
    return "".join(parts)


def _unit(entry: Entry, direction: tuple[str, str]) -> str:
    properties = ((_ROLE, entry.role), (_DECIDED_BY, entry.decided_by), (_CONTEXT, entry.context))
    lines = [f'<tu tuid="{escaped(entry.id)}">' if entry.id else "<tu>"]
    lines += [f'<prop type="{name}">{escaped(value)}</prop>' for name, value in properties if value]
    for code, text in zip(direction, (entry.source, entry.target), strict=True):
        lines.append(f'<tuv xml:lang="{escaped(code)}"><seg>{escaped(text)}</seg></tuv>')
    return "\n".join([*lines, "</tu>\n"])
