"""The provenance part of the page: versions, seed, hashes, models and data with their licences. Whatever is there is shown."""

from collections.abc import Iterator, Mapping

from qantara.pages.formatting import count
from qantara.pages.sections import Cell, Section, Table, code
from qantara.report.facts import RunFacts

_HIDDEN = ("versions", "models")


def provenance_section(facts: RunFacts) -> Section:
    """Return the section with a table each for the run, models, data and versions; an empty one is left out."""
    given = facts.provenance
    run = [[name, code(value)] for name, value in flat({k: v for k, v in given.items() if k not in _HIDDEN})]
    models = [[name, code(value)] for name, value in flat(given.get("models", {}))]
    versions = [[name, code(value)] for name, value in flat(given.get("versions", {}))]
    sources = facts.translation.sources.items()
    data: list[list[Cell]] = [[source, licence, count(number)] for (source, licence), number in sources]
    tables = [
        Table(caption="Run", headers=("What", "Value"), rows=run),
        Table(caption="Models, with their licences and notices", headers=("What", "Value"), rows=models),
        Table(
            caption="Data sets among the translated items",
            headers=("Data set", "Licence", "Items"),
            rows=data,
            numeric=frozenset({2}),
        ),
        Table(caption="Versions", headers=("Package", "Version"), rows=versions),
    ]
    shown = [table for table in tables if table.rows]
    text = (
        "The same recipe, seed, code and data give the same records."
        if shown
        else "Nothing is known of this run's making."
    )
    return Section(anchor="provenance", title="Provenance", paragraphs=[text], tables=shown)


def flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the leaves of nested values as (dotted name, text)."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            yield from flat(inner, f"{name}.{i}")
    elif value is not None and value != "":
        yield name or "value", str(value)
