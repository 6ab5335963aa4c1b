"""What a finished run accepted, as a translation memory: reads the run folder and its decisions, writes TMX.

Both sides stream, joined by the source record's id in the order that the stages keep, so a million records need no memory.
"""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from qantara.errors import DataError, StoreError
from qantara.ledger import open_ledger
from qantara.records import Example
from qantara.review.decisions import latest_decisions
from qantara.store import KEPT, SUMMARY, read_json, read_records
from qantara.translator.memory import Entry, memory_entries
from qantara.translator.tmx import write_tmx


def export_memory(run: Path, path: Path) -> tuple[int, int]:
    """Write a run's accepted fields as TMX; return how many, and how many were left out (see `write_tmx`)."""
    if not (run / "review" / SUMMARY).is_file():
        raise StoreError(f"{run} has no finished review stage; run its recipe first")
    recipe = read_json(run / "recipe.json")
    decided = latest_decisions(open_ledger(recipe["ledger"] or run / "ledger.sqlite"))
    sources, targets = (read_records(run / stage / KEPT, Example) for stage in ("curate", "review"))
    direction = (recipe["source_language"], recipe["target_language"])
    return write_tmx(path, accepted_entries(sources, targets, decided), direction)


def accepted_entries(
    sources: Iterable[Example], targets: Iterable[Example], decided: Collection[str]
) -> Iterator[Entry]:
    """Yield the fields of accepted translations; `decided` holds the ids of source records that a person decided on.

    The targets' sources must come among `sources` in the same order, as the stages write them; DataError when they don't.
    """
    rest = iter(sources)
    for target in targets:
        parent = target.origin.parent
        source = next((record for record in rest if record.id == parent), None)
        if source is None:
            raise DataError(
                f"record {target.id}: its source {parent} is not where curate left it; run the recipe again"
            )
        yield from memory_entries(source, target, "person" if parent in decided else "machine")
