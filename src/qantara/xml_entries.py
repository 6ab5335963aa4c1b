"""Reads the entries of an XML file one after another, and escapes what is written into one.

Memory does not grow with the file. A file that declares an entity is refused and nothing outside it is ever fetched, so a
hostile file can neither blow up nor look around. Line ends come as the parser gives them; schemas are not checked.
"""

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree
from xml.parsers import expat
from xml.sax.saxutils import escape

from qantara.errors import DataError

_XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_CHUNK_BYTES = 1 << 16
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_entries(path: Path, roots: Collection[str], names: Collection[str]) -> Iterator[ElementTree.Element]:
    """Yield each element of one of the `names`, whatever its namespace; it is emptied when the next one is asked for.

    Raises DataError when the file can't be read, is not well-formed (with its line) or has another root than `roots`.
    """
    try:
        with path.open("rb") as file:
            _check_prolog(file, path)
            file.seek(0)
            yield from _elements(file, path, roots, names)
    except expat.ExpatError as error:
        raise _not_well_formed(path, error.lineno, expat.ErrorString(error.code)) from error
    except ElementTree.ParseError as error:
        raise _not_well_formed(path, error.position[0], expat.ErrorString(error.code)) from error
    except OSError as error:
        raise DataError(f"{path}: the file can't be read ({error.strerror})") from error


def local_name(element: ElementTree.Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def language_of(element: ElementTree.Element) -> str:
    """Return the primary subtag of an element's language, lower case ("ar" of ar-SA, AR and ar_EG), or "" for none."""
    return primary_subtag(element.get(_XML_LANGUAGE) or element.get("lang") or "")  # `lang`: TMX before 1.4


def primary_subtag(tag: str) -> str:
    """Return the language alone of a language tag, lower case."""
    return tag.strip().replace("_", "-").partition("-")[0].lower()


def is_writable(text: str) -> bool:
    """Tell whether XML 1.0 can hold a text: it has no sign for most control characters, escaped or not."""
    return _NOT_XML.search(text) is None


def escaped(text: str) -> str:
    """Return a text as XML holds it, in an element or between double quotes; a carriage return survives reading."""
    return escape(text, {'"': "&quot;", "\r": "&#13;"})


def _check_prolog(file: BinaryIO, path: Path) -> None:
    """Read up to the first element and refuse entities, which can be declared nowhere else."""
    parser = expat.ParserCreate()
    started: list[str] = []

    def refuse(*_: object) -> None:
        raise DataError(f"{path}: line {parser.CurrentLineNumber} declares an entity, which is not allowed here")

    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = lambda name, _: started.append(name)
    try:
        while not started and (chunk := file.read(_CHUNK_BYTES)):
            parser.Parse(chunk, False)
    except (LookupError, ValueError) as error:
        raise DataError(f"{path}: the encoding that its first line names is not known; save it as UTF-8") from error


def _elements(
    file: BinaryIO, path: Path, roots: Collection[str], names: Collection[str]
) -> Iterator[ElementTree.Element]:
    above: list[ElementTree.Element] = []
    for event, element in ElementTree.iterparse(file, events=("start", "end")):
        if event == "start":
            if not above and local_name(element) not in roots:
                raise DataError(f"{path}: the outermost element is not <{'> or <'.join(roots)}>")
            above.append(element)
            continue
        above.pop()
        if local_name(element) in names:
            yield element
            if above:
                del above[-1][:]


def _not_well_formed(path: Path, line: int, reason: str | None) -> DataError:
    return DataError(f"{path}: line {line} is not well-formed XML ({reason})")
