"""One field of a record on both sides: what every text rule takes; each text is read once, when a rule first asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_letters

from qantara.fidelity.letters import script_of_letter, source_runs
from qantara.fidelity.matching import Comparison, compare
from qantara.fidelity.parts import Part, aligned_parts
from qantara.fidelity.reading import Reading, read
from qantara.fidelity.terms import Glossary
from qantara.languages import language


@dataclass(frozen=True, kw_only=True)
class TextPair:
    """A field's name (see `records.text_fields`), its two texts, their language codes and the user's terms.

    `kind` is that of the record: "text", "choice", "answer" or "dialogue".
    """

    field: str
    source: str
    target: str
    source_language: str
    target_language: str
    kind: str = "text"
    glossary: Glossary | None = None

    @cached_property
    def source_reading(self) -> Reading:
        """Return what the source says."""
        return read(self.source, self.source_language)

    @cached_property
    def target_reading(self) -> Reading:
        """Return what the target says."""
        return read(self.target, self.target_language)

    @cached_property
    def numbers(self) -> Comparison:
        """Return which numbers of the two texts belong together, and which have no partner."""
        return compare(self.source_reading, self.target_reading)

    @cached_property
    def target_characters(self) -> frozenset[str]:
        """Return the different characters of the target."""
        return frozenset(self.target)

    @cached_property
    def is_copy(self) -> bool:
        """Tell whether the target is the source, but for spaces and what folding takes away."""
        if self.source[:1] != self.target[:1] and abs(len(self.source) - len(self.target)) > len(self.source) // 2:
            return False
        return self.source_reading.tokens == self.target_reading.tokens

    @cached_property
    def source_runs(self) -> list[tuple[int, int]]:
        """Return (first, last token) of the runs of words in the target that are of the source language's script."""
        script = language(self.source_language).script
        is_written = script == "LATIN" and not self.target_characters.isdisjoint(ascii_letters)
        if not is_written and not any(script_of_letter(character) == script for character in self.target_characters):
            return []
        return source_runs(self.target_reading, self.source_language)

    @cached_property
    def parts(self) -> Sequence[Part]:
        """Return the sentences of the two texts side by side, or the whole texts when they have not the same number."""
        return aligned_parts(self.source_reading, self.target_reading)

    @property
    def is_question(self) -> bool:
        """Tell whether the field is the stem of a multiple-choice item."""
        return self.kind == "choice" and self.field == "question"
