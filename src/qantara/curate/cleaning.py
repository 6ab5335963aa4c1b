"""Cleans the texts of a record (NFC, line ends, spaces, control characters) without changing what they say."""

import re
import unicodedata
from dataclasses import replace

from qantara.records import Example, replace_text, text_fields, with_id

_CONTROL = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufeff]")
_LINE_END = re.compile("\r\n?|\u0085|\u2028|\u2029")
_SPACES = re.compile(r"[^\S\n]+")
_SPACES_AT_LINE_END = re.compile(r" ?\n ?")
_EMPTY_LINES = re.compile(r"\n{3,}")


def clean_text(text: str) -> str:
    """Return `text` in NFC, with single spaces, at most one empty line in a row, no control characters and no space around it.

    Superscripts, digits of other scripts and direction marks stay: they are content.
    """
    text = _CONTROL.sub("", _LINE_END.sub("\n", unicodedata.normalize("NFC", text)))
    text = _SPACES_AT_LINE_END.sub("\n", _SPACES.sub(" ", text))
    return _EMPTY_LINES.sub("\n\n", text).strip()


def clean(example: Example) -> Example:
    """Return the record with clean texts; a changed record gets a new id, and is its own family if it was before."""
    before = text_fields(example)
    after = {name: clean_text(text) for name, text in before.items()}
    if before == after:
        return example
    own_family = example.origin.family in ("", example.id)
    origin = replace(example.origin, family="") if own_family else example.origin
    return with_id(replace(replace_text(example, after), origin=origin))
