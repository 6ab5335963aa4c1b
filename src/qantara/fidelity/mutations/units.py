"""Faults of units: another unit of the same dimension or a look-alike, spelled in the style of the one it replaces."""

from collections.abc import Iterator
from random import Random

from rapidfuzz.fuzz import ratio

from qantara.fidelity.mutations.numbers import numbers
from qantara.fidelity.mutations.scene import Edit, Scene, replaced
from qantara.fidelity.mutations.spellings import Form, forms, same_script
from qantara.fidelity.quantities import Quantity
from qantara.fidelity.reading import Reading

_SWAPS = {
    "mcg": ("mg",),
    "mg": ("mcg", "g", "mL"),
    "g": ("mg", "kg"),
    "kg": ("g", "lb"),
    "ng": ("mcg",),
    "mL": ("mm", "L", "mg"),
    "L": ("mL",),
    "mm": ("mL", "cm"),
    "cm": ("mm", "m"),
    "m": ("cm",),
    "mmHg": ("cmH2O",),
    "mmol": ("mcmol", "mol"),
    "mcmol": ("mmol",),
    "mEq": ("mg",),
    "IU": ("mg", "mL"),
    "U": ("mg", "mL"),
    "°C": ("°F",),
    "°F": ("°C",),
    "s": ("min",),
    "min": ("h", "s"),
    "h": ("d", "min"),
    "d": ("wk", "h"),
    "wk": ("d", "mo"),
    "mo": ("wk", "y"),
    "y": ("mo",),
}
_NUMBER_FORMS = 2  # the lexicon gives the singular first, then the plural


def unit_swapped(scene: Scene, random: Random) -> Iterator[Edit]:
    """Yield another unit for each number that has one; of a compound unit (mg/kg) the first part."""
    for quantity in numbers(scene.target):
        name = quantity.unit.name.split("/")[0] or quantity.unit.period
        written = written_unit(scene.target, quantity, name)
        if written is None or name not in _SWAPS:
            continue
        start, form = written
        after = _in_style(scene.target.language, form, name, random.choice(_SWAPS[name]))
        if after:
            yield replaced(scene.target, start, start + len(form.folded), after)


def written_unit(reading: Reading, quantity: Quantity, name: str) -> tuple[int, Form] | None:
    """Return where the unit behind a number starts in the folded text and its spelling; None when it stands elsewhere."""
    behind = reading.text[quantity.end : quantity.unit_end]
    rest = behind.lstrip(" -\u00a0")
    start = quantity.end + len(behind) - len(rest)
    spelled = [form for form in _spelled(reading.language, name) if rest.startswith(form.folded)]
    whole = [form for form in spelled if not rest[len(form.folded) : len(form.folded) + 1].isalnum()]
    longest = max(whole, key=lambda form: len(form.folded), default=None)
    return (start, longest) if longest else None


def _spelled(code: str, name: str) -> tuple[Form, ...]:
    return forms("units", "unit", code).get(name, ()) + forms("unit_signs", "unit", code).get(name, ())


def _in_style(code: str, form: Form, name: str, other: str) -> str | None:
    spelled = [each for each in _spelled(code, other) if same_script(each.written, form.written)]
    units = forms("units", "unit", code).get(name, ())
    number = [each.written for each in units if same_script(each.written, form.written)]
    is_word = form.written in number[:_NUMBER_FORMS] and form.written[-1:].isalpha() and len(form.written) > 2
    in_time = name in ("s", "min", "h", "d", "wk", "mo", "y") and is_word and len(spelled) >= _NUMBER_FORMS
    if in_time:
        return spelled[number.index(form.written)].written
    return max((each.written for each in spelled), key=lambda text: ratio(form.written, text), default=None)
