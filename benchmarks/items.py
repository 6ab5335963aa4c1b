"""Short medical texts for benchmarks and fault tests, each with its right Arabic translation, from the templates of one data file.

    python benchmarks/items.py 10000 > items.jsonl

Reads `translate_items.json` beside it; writes JSONL lines {"id", "text"}. Item i is the same on every machine and in every run, and
no two of the first two million have the same text. The translations pass the fidelity checks without a finding. Other texts are
not covered: `translate` returns None.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

_DATA: dict[str, Any] = json.loads(Path(__file__).with_name("translate_items.json").read_text(encoding="utf-8"))
_STRIDE, _STEP = 7_919, 37  # primes that divide no number of choices, so that items side by side differ in all
_HEAD = re.compile(r"\D*")
_SLOT = re.compile(r"\{(\w+)\}")
_PATTERNS = {"dose": r"[\d.]+ [a-z]+", "drug": "[a-z]+"}


class _Template(NamedTuple):
    english: str
    arabic: str
    pattern: re.Pattern[str]
    numbers: tuple[str, ...]


def _template(row: dict[str, str]) -> _Template:
    pieces = _SLOT.split(row["en"])
    pattern = "".join(
        f"(?P<{piece}>{_PATTERNS.get(piece, '[0-9]+')})" if at % 2 else re.escape(piece)
        for at, piece in enumerate(pieces)
    )
    return _Template(row["en"], row["ar"], re.compile(pattern), tuple(p for p in pieces[1::2] if p in _DATA["ranges"]))


_TEMPLATES = [_template(row) for row in _DATA["templates"]]
_BY_HEAD = {_SLOT.split(template.english)[0]: template for template in _TEMPLATES}


def text(number: int) -> str:
    """Return the English text of an item; items count from 0."""
    rest, at = divmod(number, len(_TEMPLATES))
    template = _TEMPLATES[at]
    rest, at = divmod(rest * _STRIDE + at * _STEP, len(_DATA["regimens"]))
    drug, dose, hours = _DATA["regimens"][at]
    values: dict[str, object] = {"drug": drug, "dose": dose, "hours": hours}
    for name in template.numbers:
        low, high = _DATA["ranges"][name]
        rest, at = divmod(rest, high - low + 1)
        values[name] = low + at
    return template.english.format_map(values)


def translate(english: str) -> str | None:
    """Return the right Arabic translation of an item's text, None for any other text."""
    head = _HEAD.match(english)
    template = _BY_HEAD.get(head.group()) if head else None
    found = template.pattern.fullmatch(english) if template else None
    if template is None or found is None:
        return None
    values = found.groupdict()
    amount, unit = values["dose"].split(" ")
    known = (_DATA["drugs"].get(values["drug"]), _DATA["units"].get(unit), _DATA["hours"].get(values["hours"]))
    if None in known:
        return None
    return template.arabic.format_map(values | {"drug": known[0], "dose": f"{amount} {known[1]}", "hours": known[2]})


def items(count: int) -> Iterator[dict[str, str]]:
    """Yield the first `count` items."""
    for number in range(count):
        yield {"id": f"item-{number:07}", "text": text(number)}


def main() -> None:
    """Write as many items as the first argument says."""
    for item in items(int(sys.argv[1])):
        sys.stdout.write(json.dumps(item) + "\n")


if __name__ == "__main__":
    main()
