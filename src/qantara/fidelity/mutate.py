"""Makes one fault of a named kind in a translation that was right: how the rules are measured, for us and for users.

In: a pair of texts or records, a kind, a seed. Out: the target with the fault and where it is. The source is never changed.
What a word becomes is data (the lexicons), so any language that has them can be tested.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random

from qantara.fidelity.mutations import numbers, passages, polarity, units, words
from qantara.fidelity.mutations.options import option_duplicated, option_swapped
from qantara.fidelity.mutations.scene import Edit, Scene
from qantara.fidelity.reading import read
from qantara.records import Choice, Example, Span, replace_text, text_fields

TEXT_FIELD = "text"
_TEXT_FAULTS: dict[str, Callable[[Scene, Random], Iterable[Edit]]] = {
    "value_x10": numbers.value_x10,
    "decimal_shifted": numbers.decimal_shifted,
    "unit_swapped": units.unit_swapped,
    "range_reversed": numbers.range_reversed,
    "ratio_reversed": numbers.ratio_reversed,
    "number_dropped": numbers.number_dropped,
    "number_added": numbers.number_added,
    "negation_dropped": polarity.negation_dropped,
    "negation_added": polarity.negation_added,
    "except_dropped": polarity.except_dropped,
    "antonym": words.antonym,
    "laterality": words.laterality,
    "drug_swapped": words.drug_swapped,
    "amounts_swapped": numbers.amounts_swapped,
    "sentence_dropped": passages.sentence_dropped,
    "other_sentence": passages.other_sentence,
    "untranslated_span": passages.untranslated_span,
}
_OPTION_FAULTS: dict[str, Callable[[Choice], Iterable[tuple[Choice, int]]]] = {
    "option_swapped": option_swapped,
    "option_duplicated": option_duplicated,
}
KINDS: tuple[str, ...] = (*_TEXT_FAULTS, *_OPTION_FAULTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A fault: the mutated `target`, in its field the span of the fault (empty for a deletion), what stood there and stands now."""

    kind: str
    field: str
    target: str | Example
    span: Span
    before: str
    after: str


def mutate(
    source: str | Example,
    target: str | Example,
    kind: str,
    *,
    seed: int,
    languages: tuple[str, str] | None = None,
    others: Sequence[str | Example] = (),
) -> Mutation | None:
    """Return the target with one fault of a kind of `KINDS`, the same for the same seed; None where the pair has no place for it.

    `languages` are the codes of source and target, which records know; `others` are targets of other pairs, for
    `other_sentence`. A record keeps its id. Raises ValueError for texts without their languages.
    """
    codes = languages or (_language_of(source), _language_of(target))
    random = Random(f"{kind} {seed}")
    if kind in _OPTION_FAULTS:
        return _in_options(target, kind, random) if isinstance(target, Choice) else None
    before, after = _fields(source), _fields(target)
    names = [name for name in after if name in before]
    random.shuffle(names)
    for name in names:
        scene = Scene(
            field=name,
            kind="text" if isinstance(target, str) else target.kind,
            source=read(before[name], codes[0]),
            target=read(after[name], codes[1]),
            others=tuple(text for other in others if (text := _fields(other).get(name))),
        )
        edits = [edit for edit in _TEXT_FAULTS[kind](scene, random) if _is_real(edit, scene.text)]
        if edits:
            return _in_text(target, kind, name, scene.text, random.choice(edits))
    return None


def _fields(side: str | Example) -> dict[str, str]:
    return {TEXT_FIELD: side} if isinstance(side, str) else text_fields(side)


def _language_of(side: str | Example) -> str:
    if isinstance(side, str):
        raise ValueError("a text has no language of its own: give the two languages")
    return side.language


def _is_real(edit: Edit, text: str) -> bool:
    made = edit.applied(text)
    return made != text and bool(made.strip())


def _in_text(target: str | Example, kind: str, field: str, text: str, edit: Edit) -> Mutation:
    made = edit.applied(text)
    return Mutation(
        kind=kind,
        field=field,
        target=made if isinstance(target, str) else replace_text(target, {field: made}),
        span=Span(start=edit.start, end=edit.start + len(edit.after)),
        before=text[edit.start : edit.end],
        after=edit.after,
    )


def _in_options(target: Choice, kind: str, random: Random) -> Mutation | None:
    made = list(_OPTION_FAULTS[kind](target))
    if not made:
        return None
    example, i = random.choice(made)
    after = example.options[i]
    span = Span(start=0, end=len(after))
    return Mutation(kind=kind, field=f"options/{i}", target=example, span=span, before=target.options[i], after=after)
