"""Review of a run folder from outside the pipeline: what the `qantara review` commands call."""

from pathlib import Path

from qantara.errors import StoreError
from qantara.ledger import open_ledger
from qantara.records import Translation
from qantara.review.decisions import add_decisions, latest_decisions
from qantara.review.exchange import export_review, import_review
from qantara.store import KEPT, read_json, read_records


def export_run(run: Path, path: Path) -> int:
    """Write a run's review table; return how many records are in it."""
    translations, ledger, code = _open(run)
    return export_review(path, translations, latest_decisions(open_ledger(ledger)), code)


def import_run(run: Path, path: Path) -> tuple[int, int]:
    """Take a filled-in table into a run's ledger; return how many decisions were new and how many were read."""
    translations, ledger, _ = _open(run)
    decisions = import_review(path, translations)
    return add_decisions(open_ledger(ledger), decisions), len(decisions)


def _open(run: Path) -> tuple[list[Translation], str | Path, str]:
    kept = run / "translate" / KEPT
    if not kept.is_file():
        raise StoreError(f"{run} has no finished translate stage; run its recipe first")
    recipe = read_json(run / "recipe.json")
    return list(read_records(kept, Translation)), recipe["ledger"] or run / "ledger.sqlite", recipe["target_language"]
