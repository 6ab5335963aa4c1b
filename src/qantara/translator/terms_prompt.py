"""The glossary's terms that occur in a record, as lines for the prompt: only those, so a glossary costs tokens only where it helps.

In: a glossary and a record's source texts. Out: text to put after the texts (before them it would spoil the prefix that an
endpoint caches). Whether the translation keeps to the terms is for `terms.glossary` of fidelity to say.
"""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from string import Template
from typing import NamedTuple

from qantara.fidelity.reading import read
from qantara.fidelity.terms import Glossary
from qantara.translator.prompt_files import prompt_file

MOST_TERMS = 30


class TermLines(NamedTuple):
    """`text` is what goes into the prompt, "" when no term occurs; `num_cut` terms occur and are not in it."""

    text: str
    num_terms: int
    num_cut: int


def term_lines(
    glossary: Glossary, fields: Mapping[str, str], source_language: str, most: int = MOST_TERMS
) -> TermLines:
    """Return the terms that occur in a record's source texts, one a line: `term = accepted | accepted`.

    The most words come first, then what is in most fields, then what stands first; of more than `most` terms the last are cut.
    """
    num_fields: Counter[str] = Counter()
    for text in fields.values():
        num_fields.update(term for term, _ in glossary.terms_in(read(text, source_language)))
    if not num_fields:
        return TermLines("", 0, 0)
    ordered = sorted(num_fields, key=lambda term: (-len(term.split()), -num_fields[term]))
    lines = "\n".join(f"{term} = {' | '.join(glossary.accepted[term])}" for term in ordered[:most])
    return TermLines(_template().substitute(terms=lines).strip(), len(ordered[:most]), len(ordered[most:]))


@cache
def _template() -> Template:
    return Template(prompt_file("terms.txt"))
